//! What of a chunk goes to the device, and what the host passes on.
//!
//! An emitting stage gives back many columns as they came: a filter of a wide table reads one and emits hundreds. Those are
//! no business of the device. The step returns which rows remain, and the host takes them from the chunk.

use super::context::{Lowering, element_within};
use super::program::chunk_lanes;
use crate::physical::{Driver, Op, Stage};
use dj_runtime::expr::ColumnId;
use std::collections::{BTreeMap, BTreeSet};

/// How a driver's chunk is split between host and device.
pub(super) struct Passing {
    /// The columns of the chunk that are arguments of the step, in order.
    pub(super) arguments: Vec<usize>,
    /// For every column of an emitting stage's result, the column of the chunk that it is, if the host passes it on.
    pub(super) passed: Vec<Option<usize>>,
}

impl Passing {
    /// The split of a driver of a stage.
    pub(super) fn new(lowering: &Lowering<'_>, stage: &Stage, index: usize) -> Self {
        let driver = &stage.drivers[index];
        let all = driver.columns.len() + driver.host_ids().count();
        // A step that expands gives rows that the chunk does not have.
        if !stage.sink.strategy().emits() || driver.expands() {
            return Self { arguments: (0..all).collect(), passed: vec![None; stage.result.len()] };
        }
        let positions = positions(driver);
        let lanes = chunk_lanes(lowering, stage, index);
        let mut arguments = read_by_device(driver, &positions);
        let origins: Vec<Option<usize>> =
            stage.result.iter().map(|column| positions.get(&column.id).copied()).collect();
        for (column, origin) in stage.result.iter().zip(&origins) {
            let element = element_within(lowering.target, column.ty, lowering.variant.facts.interval(column.id));
            arguments.extend(origin.filter(|origin| lanes[*origin].0 != element));
        }
        let passed = origins.into_iter().map(|origin| origin.filter(|origin| !arguments.contains(origin))).collect();
        Self { arguments: arguments.into_iter().collect(), passed }
    }
}

/// Where columns are in the chunk, by every name that they get on the way.
fn positions(driver: &Driver) -> BTreeMap<ColumnId, usize> {
    let read = driver.columns.iter().map(|column| column.column.id);
    let mut positions: BTreeMap<_, _> = read.chain(driver.host_ids()).zip(0..).collect();
    for op in &driver.ops {
        if let Op::Project(items) = op {
            for item in items {
                if let Some(position) = item.expr.as_column().and_then(|source| positions.get(&source).copied()) {
                    positions.insert(item.id, position);
                }
            }
        }
    }
    positions
}

/// The columns of the chunk that something on the device depends on.
fn read_by_device(driver: &Driver, positions: &BTreeMap<ColumnId, usize>) -> BTreeSet<usize> {
    let checked = driver.columns.iter().enumerate().filter(|(_, column)| !column.checks.is_empty());
    let mut read: BTreeSet<usize> = checked.map(|(position, _)| position).collect();
    let exprs = driver.ops.iter().flat_map(Op::computed).flat_map(|expr| expr.columns());
    read.extend(exprs.filter_map(|column| positions.get(&column)));
    read
}
