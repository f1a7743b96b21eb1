//! Which earlier results a stage reads.

use super::{Op, Stage, checks};
use crate::encode::ExprKind;
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::ExprKind as HostKind;
use std::collections::BTreeSet;

impl Stage {
    /// The stages whose results it reads: as rows, as build sides, and as cells of shared plans, of which `shared` has the
    /// stages.
    pub(crate) fn results_read(&self, shared: &[Option<usize>]) -> BTreeSet<usize> {
        let mut read = BTreeSet::new();
        for driver in &self.drivers {
            if let DriverSource::Stage(stage) = driver.source {
                read.insert(stage);
            }
            for op in &driver.ops {
                if let Op::Probe(probe) = op {
                    read.insert(probe.build);
                }
            }
        }
        // That a cell is of a plan that has a stage is (P1).
        read.extend(self.plans_of_cells().into_iter().filter_map(|plan| shared.get(plan).copied().flatten()));
        read
    }

    /// The shared plans of which it reads a cell.
    pub(super) fn plans_of_cells(&self) -> BTreeSet<usize> {
        let mut plans = BTreeSet::new();
        for expr in checks::expressions(self) {
            expr.walk(&mut |part| {
                if let ExprKind::Cell { plan, .. } = &part.kind {
                    plans.insert(*plan);
                }
            });
        }
        for item in self.drivers.iter().flat_map(|driver| &driver.host) {
            item.expr.walk(&mut |part| {
                if let HostKind::Cell { plan, .. } = &part.kind {
                    plans.insert(*plan);
                }
            });
        }
        plans
    }
}
