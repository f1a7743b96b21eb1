//! What a plan proves of its rows, whatever the data.

use super::{JoinKind, Plan, Scan, SharedPlan};
use dj_runtime::expr::ColumnId;

/// Whether no two rows of the plan can agree on `columns`, nulls taken as equal.
///
/// `shared` are the program's shared plans. Says nothing of what the bound files happen to hold.
pub fn is_unique(plan: &Plan, columns: &[ColumnId], shared: &[SharedPlan]) -> bool {
    let all = |keys: &[ColumnId]| keys.iter().all(|key| columns.contains(key));
    match plan {
        _ if row_bound(plan, shared).is_some_and(|rows| rows <= 1) => true,
        Plan::Scan(Scan { .. }) | Plan::Union(_) => false,
        Plan::Filter(filter) => is_unique(&filter.input, columns, shared),
        Plan::Sort(sort) => is_unique(&sort.input, columns, shared),
        Plan::Take(take) => is_unique(&take.input, columns, shared),
        Plan::TopK(top) => is_unique(&top.input, columns, shared),
        Plan::Project(project) => {
            let items = project.items.iter().filter(|item| columns.contains(&item.id));
            let below: Vec<_> = items.filter_map(|item| item.expr.as_column()).collect();
            is_unique(&project.input, &below, shared)
        }
        Plan::Aggregate(aggregate) => aggregate.keys.iter().all(|key| columns.contains(&key.id)),
        Plan::Distinct(distinct) => all(&distinct.keys) || is_unique(&distinct.input, columns, shared),
        Plan::Join(join) => {
            let keys: Vec<_> = join.on.iter().filter_map(|(_, right)| right.as_column()).collect();
            let once = matches!(join.kind, JoinKind::Semi | JoinKind::Anti) || is_unique(&join.right, &keys, shared);
            once && is_unique(&join.left, columns, shared)
        }
        Plan::Shared(reader) if reader.row.is_some_and(|row| columns.contains(&row.id)) => true,
        Plan::Shared(reader) => {
            let of_source = reader.columns.iter().filter(|(_, column)| columns.contains(&column.id));
            let below: Vec<_> = of_source.map(|(from, _)| *from).collect();
            shared.get(reader.plan).is_some_and(|source| is_unique(&source.plan, &below, shared))
        }
        Plan::Evaluate(evaluate) => is_unique(&evaluate.input, columns, shared),
    }
}

/// An upper bound of the plan's rows, where it proves one.
pub fn row_bound(plan: &Plan, shared: &[SharedPlan]) -> Option<u64> {
    match plan {
        Plan::Scan(_) => None,
        Plan::Filter(_) | Plan::Project(_) | Plan::Sort(_) | Plan::Distinct(_) | Plan::Evaluate(_) => {
            plan.inputs().first().and_then(|input| row_bound(input, shared))
        }
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
