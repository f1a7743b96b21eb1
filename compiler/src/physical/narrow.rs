//! Stages read of earlier results only what they look at, also as build sides, and what of a window's rows nothing reads does not come out of it:
//! it is kept for as long as something is computed of it.

use super::{Op, Stage, Variant};
use crate::encode::Expr;
use crate::strategy::Sink;
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::ColumnId;
use std::collections::BTreeSet;

/// Narrows what stages read of results, then the results of windows to what their readers read.
pub(super) fn narrow(variant: &mut Variant) {
    variant.stages.iter_mut().for_each(drop_unread);
    for stage in 0..variant.stages.len() {
        let is_whole = variant.exports.contains(&stage) || variant.shared.contains(&Some(stage));
        if let Sink::Window(window) = &variant.stages[stage].sink
            && !is_whole
        {
            // What is computed on the way to something else comes out only where somebody reads it.
            let on_the_way: BTreeSet<_> = window.read_again().collect();
            let made = window.made().map(|column| column.id).filter(|id| !on_the_way.contains(id)).collect::<Vec<_>>();
            narrow_result(variant, stage, &made);
        }
    }
}

/// Drops columns of earlier results of which a stage says nothing.
fn drop_unread(stage: &mut Stage) {
    let strategy = stage.sink.strategy();
    let mut read: BTreeSet<ColumnId> = stage.result.iter().chain(strategy.keys()).map(|column| column.id).collect();
    read.extend(strategy.expressions().into_iter().flat_map(Expr::columns));
    for driver in &mut stage.drivers {
        let mut read = read.clone();
        read.extend(driver.host.iter().flat_map(|item| item.columns()));
        for op in &driver.ops {
            match op {
                Op::Project(items) => read.extend(items.iter().flat_map(|item| item.expr.columns())),
                Op::Filter(_) | Op::Probe(_) => read.extend(op.computed().into_iter().flat_map(Expr::columns)),
            }
        }
        for op in &mut driver.ops {
            if let Op::Probe(probe) = op {
                probe.payload.retain(|(_, column)| read.contains(&column.id));
            }
        }
        if matches!(driver.source, DriverSource::Stage(_)) {
            driver.columns.retain(|column| read.contains(&column.column.id));
        }
    }
}

fn narrow_result(variant: &mut Variant, from: usize, made: &[ColumnId]) {
    let drivers = variant.stages.iter().flat_map(|stage| &stage.drivers);
    let readers = drivers.filter(|driver| driver.source == DriverSource::Stage(from));
    let read: BTreeSet<usize> = readers.flat_map(|driver| driver.columns.iter().map(|column| column.index)).collect();
    let result = std::mem::take(&mut variant.stages[from].result);
    let kept: Vec<usize> =
        (0..result.len()).filter(|index| read.contains(index) || made.contains(&result[*index].id)).collect();
    variant.stages[from].result = kept.iter().map(|index| result[*index]).collect();
    for driver in variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers) {
        if driver.source == DriverSource::Stage(from) {
            for column in &mut driver.columns {
                let index = kept.binary_search(&column.index);
                column.index =
                    index.unwrap_or_else(|index| panic!("column {index} of stage {from} is read, and not kept"));
            }
        }
    }
}
