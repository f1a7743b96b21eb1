//! Which columns tell the rows of a plan apart.

use super::rows::row_bound;
use crate::plan::{Join, JoinKind, Plan, SharedPlan};
use dj_runtime::expr::{ColumnId, Form};

/// Why rows are known to be unique on some columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uniqueness {
    /// By the plan: they are group keys, say.
    Proven,
    /// By the files bound at compile time: the table's index and the column's.
    Recorded(usize, usize),
}

/// Looks whether a column of a table holds no value twice in the files bound at compile time, nulls aside.
pub type UniqueColumns<'a> = &'a dyn Fn(usize, usize) -> bool;

/// Whether no two rows of the plan can agree on `columns`, nulls taken as equal, whatever the data.
///
/// `shared` are the program's shared plans.
pub fn is_unique<F: Form>(plan: &Plan<F>, columns: &[ColumnId], shared: &[SharedPlan<F>]) -> bool {
    uniqueness(plan, columns, shared, &|_, _| false, true).is_some()
}

/// Why no two rows of the plan agree on `columns`, if they are known not to.
///
/// `recorded` tells which columns of tables hold no value twice in the bound files; one of them is enough. Where
/// `nulls_equal`, it must be one that is never null, because a record does not count nulls; else rows that have a null in one
/// of `columns` agree with no other.
pub(super) fn uniqueness<F: Form>(
    plan: &Plan<F>,
    columns: &[ColumnId],
    shared: &[SharedPlan<F>],
    recorded: UniqueColumns<'_>,
    nulls_equal: bool,
) -> Option<Uniqueness> {
    let below = |input: &Plan<F>| uniqueness(input, columns, shared, recorded, nulls_equal);
    let proven = |holds: bool| holds.then_some(Uniqueness::Proven);
    if row_bound(plan, shared).is_some_and(|rows| rows <= 1) {
        return Some(Uniqueness::Proven);
    }
    match plan {
        Plan::Scan(scan) => columns.iter().find_map(|id| {
            let (index, column) = scan.columns.iter().find(|(_, column)| column.id == *id)?;
            let holds_with_nulls = !nulls_equal || !column.nullable;
            (holds_with_nulls && recorded(scan.table, *index)).then_some(Uniqueness::Recorded(scan.table, *index))
        }),
        Plan::Filter(filter) => below(&filter.input),
        Plan::Sort(sort) => below(&sort.input),
        Plan::Take(take) => below(&take.input),
        Plan::TopK(top) => below(&top.input),
        Plan::Window(window) => below(&window.input),
        Plan::Evaluate(evaluate) => below(&evaluate.input),
        Plan::Project(project) => {
            let items = project.items.iter().filter(|item| columns.contains(&item.id));
            let passed: Vec<_> = items.filter_map(|item| item.expr.as_column()).collect();
            uniqueness(&project.input, &passed, shared, recorded, nulls_equal)
        }
        Plan::Aggregate(aggregate) => proven(aggregate.keys.iter().all(|key| columns.contains(&key.id))),
        Plan::Distinct(distinct) => {
            let by_keys = proven(distinct.keys.iter().all(|key| columns.contains(key)));
            by_keys.or_else(|| below(&distinct.input))
        }
        Plan::Join(join) => {
            let rows = below(&join.left)?;
            if matches!(join.kind, JoinKind::Semi | JoinKind::Anti) {
                return Some(rows);
            }
            // What rests on a record of either side is not proved, and the join may look for many matches all the same.
            let once = one_match(join, shared, recorded)?;
            Some(if rows == Uniqueness::Proven { once } else { rows })
        }
        Plan::Shared(reader) if reader.row.is_some_and(|row| columns.contains(&row.id)) => Some(Uniqueness::Proven),
        Plan::Shared(reader) => {
            let of_source = reader.columns.iter().filter(|(_, column)| columns.contains(&column.id));
            let below: Vec<_> = of_source.map(|(from, _)| *from).collect();
            let source = shared.get(reader.plan)?;
            uniqueness(&source.plan, &below, shared, recorded, nulls_equal)
        }
        Plan::Union(_) => None,
    }
}

/// Why a row of a join's left side has at most one match, if it is known to.
pub fn one_match<F: Form>(join: &Join<F>, shared: &[SharedPlan<F>], recorded: UniqueColumns<'_>) -> Option<Uniqueness> {
    if join.nearest.is_some() {
        return Some(Uniqueness::Proven);
    }
    // Rows that some of the keys tell apart are told apart by all.
    let keys: Vec<_> = join.on.iter().filter_map(|(_, right)| right.as_column()).collect();
    uniqueness(&join.right, &keys, shared, recorded, join.nulls_equal)
}
