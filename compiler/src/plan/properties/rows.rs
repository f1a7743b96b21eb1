//! How many rows a plan has: a bound that holds whatever the data, and an estimate for the bound files.

use crate::plan::{JoinKind, Plan, Program, SharedPlan};
use dj_runtime::expr::Form;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// An upper bound of the plan's rows, where it proves one.
pub fn row_bound<F: Form>(plan: &Plan<F>, shared: &[SharedPlan<F>]) -> Option<u64> {
    RowBounds::new(shared).of(plan)
}

/// Bounds of the plans of one program: shared plans are looked at once, however many read them.
pub(super) struct RowBounds<'a, F: Form> {
    shared: &'a [SharedPlan<F>],
    known: RefCell<BTreeMap<usize, Option<u64>>>,
}

impl<'a, F: Form> RowBounds<'a, F> {
    pub(super) fn new(shared: &'a [SharedPlan<F>]) -> Self {
        Self { shared, known: RefCell::default() }
    }

    pub(super) fn of(&self, plan: &Plan<F>) -> Option<u64> {
        match plan {
            Plan::Scan(_) => None,
            Plan::Filter(_)
            | Plan::Project(_)
            | Plan::Sort(_)
            | Plan::Shard(_)
            | Plan::Distinct(_)
            | Plan::Window(_)
            | Plan::Evaluate(_) => plan.inputs().first().and_then(|input| self.of(input)),
            Plan::Aggregate(aggregate) if aggregate.keys.is_empty() => Some(1),
            Plan::Aggregate(aggregate) => self.of(&aggregate.input),
            Plan::Take(take) => Some(taken(self.of(&take.input), take.skip, take.count)),
            Plan::TopK(top) => Some(taken(self.of(&top.input), top.skip, top.count)),
            Plan::Join(join) => {
                let left = self.of(&join.left)?;
                match join.kind {
                    JoinKind::Semi | JoinKind::Anti => Some(left),
                    JoinKind::Inner => left.checked_mul(self.of(&join.right)?),
                    JoinKind::Left => left.checked_mul(self.of(&join.right)?.max(1)),
                }
            }
            Plan::Union(union) => {
                union.inputs.iter().try_fold(0_u64, |sum, (input, _)| sum.checked_add(self.of(input)?))
            }
            Plan::Shared(reader) => self.of_shared(reader.plan),
        }
    }

    fn of_shared(&self, index: usize) -> Option<u64> {
        let known = self.known.borrow().get(&index).copied();
        known.unwrap_or_else(|| {
            let bound = self.shared.get(index).and_then(|source| self.of(&source.plan));
            self.known.borrow_mut().insert(index, bound);
            bound
        })
    }
}

fn taken(input: Option<u64>, skip: u64, count: u64) -> u64 {
    input.map_or(count, |rows| rows.saturating_sub(skip).min(count))
}

/// How many rows a plan may have with the files bound at compile time, if that can be told: it picks sizes and strategies,
/// and nothing may rely on it.
pub fn row_estimate<F: Form>(plan: &Plan<F>, program: &Program<F>) -> Option<u64> {
    match plan {
        Plan::Scan(scan) => program.tables[scan.table].rows.map(|count| count.rows),
        Plan::Filter(_)
        | Plan::Project(_)
        | Plan::Sort(_)
        | Plan::Shard(_)
        | Plan::Distinct(_)
        | Plan::Window(_)
        | Plan::Evaluate(_) => row_estimate(plan.inputs()[0], program),
        Plan::Aggregate(aggregate) if aggregate.keys.is_empty() => Some(1),
        Plan::Aggregate(aggregate) => row_estimate(&aggregate.input, program),
        Plan::Take(take) => Some(row_estimate(&take.input, program).map_or(take.count, |rows| rows.min(take.count))),
        Plan::TopK(top) => Some(row_estimate(&top.input, program).map_or(top.count, |rows| rows.min(top.count))),
        // Many-to-many joins are rare, and a join to one match gives at most one row for each of the left side's.
        Plan::Join(join) => row_estimate(&join.left, program),
        Plan::Union(union) => union
            .inputs
            .iter()
            .try_fold(0_u64, |rows, (input, _)| Some(rows.saturating_add(row_estimate(input, program)?))),
        Plan::Shared(reader) => row_estimate(&program.shared[reader.plan].plan, program),
    }
}
