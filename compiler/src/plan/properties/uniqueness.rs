//! Which columns tell the rows of a plan apart.

use super::rows::RowBounds;
use crate::plan::{Join, JoinKind, Plan, SharedPlan};
use dj_runtime::expr::{ColumnId, Form};
use std::cell::RefCell;
use std::collections::BTreeMap;

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
    Looker::new(shared, &|_, _| false).uniqueness(plan, columns, true).is_some()
}

/// The same where rows that have a null in one of `columns` agree with no other, and `recorded` is believed.
pub(super) fn is_recorded_unique<F: Form>(
    plan: &Plan<F>,
    columns: &[ColumnId],
    shared: &[SharedPlan<F>],
    recorded: UniqueColumns<'_>,
) -> bool {
    Looker::new(shared, recorded).uniqueness(plan, columns, false).is_some()
}

/// Why a row of a join's left side has at most one match, if it is known to.
pub fn one_match<F: Form>(join: &Join<F>, shared: &[SharedPlan<F>], recorded: UniqueColumns<'_>) -> Option<Uniqueness> {
    Looker::new(shared, recorded).one_match(join)
}

/// Of a shared plan which columns are looked at, and whether nulls are equal.
type Asked = (usize, Vec<ColumnId>, bool);

/// Looks at the plans of one program: at shared ones once for the same columns, however many read them.
struct Looker<'a, F: Form> {
    shared: &'a [SharedPlan<F>],
    /// Which columns of tables hold no value twice in the bound files.
    recorded: UniqueColumns<'a>,
    rows: RowBounds<'a, F>,
    known: RefCell<BTreeMap<Asked, Option<Uniqueness>>>,
}

impl<'a, F: Form> Looker<'a, F> {
    fn new(shared: &'a [SharedPlan<F>], recorded: UniqueColumns<'a>) -> Self {
        Self { shared, recorded, rows: RowBounds::new(shared), known: RefCell::default() }
    }

    /// Why no two rows of the plan agree on `columns`, if they are known not to.
    ///
    /// One column that holds no value twice is enough. Where `nulls_equal`, it must be one that is never null, because a record
    /// does not count nulls; else rows that have a null in one of `columns` agree with no other.
    fn uniqueness(&self, plan: &Plan<F>, columns: &[ColumnId], nulls_equal: bool) -> Option<Uniqueness> {
        let below = |input: &Plan<F>| self.uniqueness(input, columns, nulls_equal);
        let proven = |holds: bool| holds.then_some(Uniqueness::Proven);
        if self.rows.of(plan).is_some_and(|rows| rows <= 1) {
            return Some(Uniqueness::Proven);
        }
        match plan {
            Plan::Scan(scan) => columns.iter().find_map(|id| {
                let (index, column) = scan.columns.iter().find(|(_, column)| column.id == *id)?;
                let holds_with_nulls = !nulls_equal || !column.nullable;
                let is_unique = holds_with_nulls && (self.recorded)(scan.table, *index);
                is_unique.then_some(Uniqueness::Recorded(scan.table, *index))
            }),
            Plan::Filter(_)
            | Plan::Sort(_)
            | Plan::Shard(_)
            | Plan::Take(_)
            | Plan::TopK(_)
            | Plan::Window(_)
            | Plan::Evaluate(_) => below(plan.inputs()[0]),
            Plan::Project(project) => {
                let items = project.items.iter().filter(|item| columns.contains(&item.id));
                let passed: Vec<_> = items.filter_map(|item| item.expr.as_column()).collect();
                self.uniqueness(&project.input, &passed, nulls_equal)
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
                let once = self.one_match(join)?;
                Some(if rows == Uniqueness::Proven { once } else { rows })
            }
            Plan::Shared(reader) if reader.row.is_some_and(|row| columns.contains(&row.id)) => Some(Uniqueness::Proven),
            Plan::Shared(reader) => {
                let of_source = reader.columns.iter().filter(|(_, column)| columns.contains(&column.id));
                self.of_shared((reader.plan, of_source.map(|(from, _)| *from).collect(), nulls_equal))
            }
            Plan::Union(_) => None,
        }
    }

    fn of_shared(&self, asked: Asked) -> Option<Uniqueness> {
        let known = self.known.borrow().get(&asked).cloned();
        known.unwrap_or_else(|| {
            let source = self.shared.get(asked.0)?;
            let found = self.uniqueness(&source.plan, &asked.1, asked.2);
            self.known.borrow_mut().insert(asked, found.clone());
            found
        })
    }

    fn one_match(&self, join: &Join<F>) -> Option<Uniqueness> {
        if join.nearest.is_some() {
            return Some(Uniqueness::Proven);
        }
        // Rows that some of the keys tell apart are told apart by all.
        let keys: Vec<_> = join.on.iter().filter_map(|(_, right)| right.as_column()).collect();
        self.uniqueness(&join.right, &keys, join.nulls_equal)
    }
}
