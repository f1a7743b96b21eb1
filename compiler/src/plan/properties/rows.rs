//! How many rows a plan has: a bound that holds whatever the data, and an estimate for the bound files.

use crate::plan::{JoinKind, Plan, Program, SharedPlan};
use dj_runtime::expr::Form;

/// An upper bound of the plan's rows, where it proves one.
pub fn row_bound<F: Form>(plan: &Plan<F>, shared: &[SharedPlan<F>]) -> Option<u64> {
    match plan {
        Plan::Scan(_) => None,
        Plan::Filter(_)
        | Plan::Project(_)
        | Plan::Sort(_)
        | Plan::Shard(_)
        | Plan::Distinct(_)
        | Plan::Window(_)
        | Plan::Evaluate(_) => plan.inputs().first().and_then(|input| row_bound(input, shared)),
        Plan::Aggregate(aggregate) if aggregate.keys.is_empty() => Some(1),
        Plan::Aggregate(aggregate) => row_bound(&aggregate.input, shared),
        Plan::Take(take) => Some(taken(row_bound(&take.input, shared), take.skip, take.count)),
        Plan::TopK(top) => Some(taken(row_bound(&top.input, shared), top.skip, top.count)),
        Plan::Join(join) => {
            let left = row_bound(&join.left, shared)?;
            match join.kind {
                JoinKind::Semi | JoinKind::Anti => Some(left),
                JoinKind::Inner => left.checked_mul(row_bound(&join.right, shared)?),
                JoinKind::Left => left.checked_mul(row_bound(&join.right, shared)?.max(1)),
            }
        }
        Plan::Union(union) => {
            union.inputs.iter().try_fold(0_u64, |sum, (input, _)| sum.checked_add(row_bound(input, shared)?))
        }
        Plan::Shared(reader) => shared.get(reader.plan).and_then(|source| row_bound(&source.plan, shared)),
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
        Plan::Union(union) => union.inputs.iter().map(|(input, _)| row_estimate(input, program)).sum(),
        Plan::Shared(reader) => row_estimate(&program.shared[reader.plan].plan, program),
    }
}
