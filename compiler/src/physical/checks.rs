//! `check c in lo..hi, recorded; emit c` = `emit c`
//!
//! What the metadata of a file says of a column is checked of every value, because strategies and proofs rely on it. Nothing
//! relies on the bounds of a column that is only passed on: such checks go, and with them the assumption. Declared bounds
//! are a contract and stay.

use super::{Driver, Op, Stage};
use crate::encode::{Expr, ExprKind};
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::ColumnId;
use std::collections::BTreeSet;

/// Drops the checks of recorded bounds on which nothing relies.
pub(super) fn drop_unused(stages: &mut [Stage]) {
    let relied = relied_upon(stages);
    for column in stages.iter_mut().flat_map(|stage| &mut stage.drivers).flat_map(|driver| &mut driver.columns) {
        if !relied.contains(&column.column.id) {
            column.checks.retain(|check| check.declared);
        }
    }
}

/// The columns that some expression or key reads, and those that become such a column under another name.
fn relied_upon(stages: &[Stage]) -> BTreeSet<ColumnId> {
    let mut relied = BTreeSet::new();
    let mut renamed = Vec::new();
    for stage in stages {
        // What the host computes relies on no bounds, but the columns of its results may.
        for item in stage.drivers.iter().flat_map(|driver| &driver.host) {
            relied.extend(item.expr.columns());
        }
        for expr in expressions(stage) {
            relied.extend(expr.columns());
            expr.walk(&mut |part| {
                if let ExprKind::Cell { column, .. } = &part.kind {
                    relied.insert(*column);
                }
            });
        }
        relied.extend(stage.sink.strategy().keys().iter().map(|key| key.id));
        renamed.extend(stage.drivers.iter().flat_map(|driver| renames(driver, stages)));
    }
    // A name is given before it is read, so backwards one pass is enough.
    for (source, name) in renamed.into_iter().rev() {
        if relied.contains(&name) {
            relied.insert(source);
        }
    }
    relied
}

/// What a stage computes; columns under another name aside.
pub(super) fn expressions(stage: &Stage) -> Vec<&Expr> {
    let on_the_way = stage.drivers.iter().flat_map(|driver| driver.ops.iter().flat_map(Op::computed));
    on_the_way.chain(stage.sink.strategy().expressions()).collect()
}

/// Columns and their new names, in the order in which they get them.
fn renames(driver: &Driver, stages: &[Stage]) -> Vec<(ColumnId, ColumnId)> {
    let mut renamed = Vec::new();
    if let DriverSource::Stage(from) = driver.source {
        let result = &stages[from].result;
        renamed.extend(driver.columns.iter().map(|column| (result[column.index].id, column.column.id)));
    }
    for op in &driver.ops {
        match op {
            Op::Filter(_) => {}
            Op::Project(items) => {
                renamed.extend(items.iter().filter_map(|item| Some((item.expr.as_column()?, item.id))));
            }
            Op::Probe(probe) => {
                let result = &stages[probe.build].result;
                renamed.extend(probe.payload.iter().map(|(index, column)| (result[*index].id, column.id)));
            }
        }
    }
    renamed
}
