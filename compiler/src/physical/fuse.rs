//! `let s = f x; g s; h s` = `g (f x); h (f x)`, in one pass
//!
//! A shared plan that only filters and derives is not kept: who reads it does the same again to rows that are read once
//! (docs/decisions/0014). Not where some reader needs the result of another, because then the source would be read twice; and
//! not where the host computes a column, or a join looks something up: doing that again costs more than keeping the rows.

use super::planner::{chunk_rows_of, row_bytes};
use super::{Driver, DriverColumn, Op, Stage, Variant, passes};
use crate::encode::{Expr, NamedExpr};
use crate::strategy::Sink;
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::ColumnId;
use std::collections::BTreeSet;

/// More parts of expressions than this are not computed again for every reader.
const MAX_REPEATED: usize = 64;

/// Repeats the cheap shared plans of a variant in their readers.
pub(super) fn repeat_shared(variant: &mut Variant) {
    for plan in 0..variant.shared.len() {
        if let Some(fused) = variant.shared[plan].and_then(|stage| repeated(variant, stage)) {
            *variant = fused;
        }
    }
}

/// The variant with a stage repeated by its readers, unless that would cost more.
fn repeated(variant: &Variant, from: usize) -> Option<Variant> {
    let source = cheap_driver(&variant.stages[from])?;
    let is_cell = |plan: usize| variant.shared[plan] == Some(from);
    if variant.stages.iter().any(|stage| stage.plans_of_cells().into_iter().any(is_cell)) {
        return None;
    }
    let reads = |stage: &Stage| stage.drivers.iter().any(|driver| driver.source == DriverSource::Stage(from));
    let readers: Vec<usize> = (0..variant.stages.len()).filter(|stage| reads(&variant.stages[*stage])).collect();
    let mut fused = variant.clone();
    for reader in &readers {
        let stage = &mut fused.stages[*reader];
        let [driver] = &mut stage.drivers[..] else { return None };
        if driver.row.is_some() || !driver.host.is_empty() {
            return None;
        }
        *driver = through(source, &variant.stages[from], driver);
        stage.chunk_rows = variant.stages[from].chunk_rows.min(chunk_rows_of(row_bytes(driver)));
        drop_unread(stage);
    }
    // Alone it would read the source once more for its exports.
    let is_exported = variant.exports.contains(&from);
    let together: Vec<usize> = readers.iter().copied().chain(is_exported.then_some(from)).collect();
    let passes = passes::plan(&mut fused.stages, &fused.shared);
    let read_once = passes.iter().any(|pass| together.iter().all(|stage| pass.contains(stage)));
    if readers.is_empty() || !read_once {
        return None;
    }
    if !is_exported {
        remove(&mut fused, from);
    }
    Some(fused)
}

/// The driver of a stage whose rows are as easily made again as read.
fn cheap_driver(stage: &Stage) -> Option<&Driver> {
    let [driver] = &stage.drivers[..] else { return None };
    let plain =
        matches!(stage.sink, Sink::Emit(_)) && stage.slice.is_none() && driver.row.is_none() && driver.host.is_empty();
    let joins = driver.ops.iter().any(|op| matches!(op, Op::Probe(_)));
    let mut parts = 0;
    for expr in driver.ops.iter().flat_map(Op::computed) {
        expr.walk(&mut |_| parts += 1);
    }
    (plain && !joins && parts <= MAX_REPEATED).then_some(driver)
}

/// What `reader` does to the rows of a stage, done to the rows of that stage's driver.
fn through(source: &Driver, stage: &Stage, reader: &Driver) -> Driver {
    let renamed = |column: &DriverColumn| NamedExpr {
        id: column.column.id,
        expr: Expr::column(stage.result[column.index].id, column.column.ty, column.column.nullable, stage.span),
    };
    let renamed = Op::Project(reader.columns.iter().map(renamed).collect());
    let ops = source.ops.iter().cloned().chain([renamed]).chain(reader.ops.iter().cloned());
    Driver { ops: ops.collect(), ..source.clone() }
}

/// Drops the columns of a stage's only driver that nothing reads.
fn drop_unread(stage: &mut Stage) {
    let mut read: BTreeSet<ColumnId> = stage.result.iter().map(|column| column.id).collect();
    read.extend(stage.sink.strategy().expressions().into_iter().flat_map(Expr::columns));
    let driver = stage.drivers.first_mut().unwrap_or_else(|| panic!("(P13) no driver gives rows to a stage"));
    for op in driver.ops.iter_mut().rev() {
        if let Op::Project(items) = op {
            items.retain(|item| read.contains(&item.id));
            read.extend(items.iter().flat_map(|item| item.expr.columns()));
        }
        read.extend(op.computed().into_iter().flat_map(Expr::columns));
    }
    driver.ops.retain(|op| !matches!(op, Op::Project(items) if items.is_empty()));
    driver.columns.retain(|column| read.contains(&column.column.id));
}

/// Removes a stage that nothing reads.
fn remove(variant: &mut Variant, gone: usize) {
    variant.stages.remove(gone);
    variant.reasons.remove(gone);
    let renumber = |stage: &mut usize| *stage -= usize::from(*stage > gone);
    for driver in variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers) {
        if let DriverSource::Stage(stage) = &mut driver.source {
            renumber(stage);
        }
        for op in &mut driver.ops {
            if let Op::Probe(probe) = op {
                renumber(&mut probe.build);
            }
        }
    }
    variant.exports.iter_mut().for_each(renumber);
    for shared in &mut variant.shared {
        if *shared == Some(gone) {
            *shared = None;
        }
        shared.iter_mut().for_each(renumber);
    }
}
