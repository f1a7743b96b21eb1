//! What is known of a program's columns and rows: intervals, uniqueness, row bounds.

use crate::plan::{AggregateFunction, JoinKind, Plan, Program};
use dj_runtime::expr::{ColumnId, Expr, Interval, Origin, interval};
use dj_runtime::types::Type;
use std::collections::BTreeMap;

/// More rows than any machine holds.
const MAX_ROWS: i128 = 1 << 48;

/// What is known of every column. A column means the same wherever it occurs, so one map serves the whole program.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    intervals: BTreeMap<ColumnId, Interval>,
    use_recorded: bool,
}

/// Why rows are known to be unique on some columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uniqueness {
    /// By the plan: they are group keys, say.
    Proven,
    /// By the files bound at compile time: the table's index and the column's.
    Recorded(usize, usize),
}

/// Looks whether a column of a table holds no value twice in the files bound at compile time.
pub(super) type UniqueColumns<'a> = &'a dyn Fn(usize, usize) -> bool;

impl Facts {
    /// Derives the facts of a whole program.
    pub fn derive(program: &Program, use_recorded: bool) -> Self {
        let mut facts = Self { intervals: BTreeMap::new(), use_recorded };
        let plans = program.shared.iter().map(|shared| &shared.plan).chain(program.exports.iter().map(|e| &e.plan));
        for plan in plans {
            facts.visit(plan, program);
        }
        facts
    }

    /// Where the values of a column lie, if more than its type is known.
    pub fn interval(&self, id: ColumnId) -> Option<Interval> {
        self.intervals.get(&id).copied()
    }

    /// Where the values of an expression lie.
    pub fn interval_of(&self, expr: &Expr) -> Option<Interval> {
        interval(expr, &|id| self.interval(id))
    }

    fn know(&mut self, id: ColumnId, interval: Option<Interval>) {
        if let Some(interval) = interval {
            self.intervals.insert(id, interval);
        }
    }

    fn visit(&mut self, plan: &Plan, program: &Program) {
        for input in plan.inputs() {
            self.visit(input, program);
        }
        match plan {
            Plan::Scan(scan) => {
                for (index, column) in &scan.columns {
                    let info = &program.tables[scan.table].columns[*index];
                    // Only what the scan checks may be relied on.
                    let recorded = info.recorded.bounds.filter(|_| self.use_recorded && column.ty.is_integral());
                    let known = [(info.declared, Origin::Declared), (recorded, Origin::Recorded)].into_iter();
                    let known = known.filter_map(|(bounds, origin)| Interval::of_bounds(&bounds?, origin));
                    let known = known.reduce(Interval::intersect);
                    self.know(column.id, known);
                }
            }
            Plan::Project(project) => {
                for item in &project.items {
                    let interval = self.interval_of(&item.expr);
                    self.know(item.id, interval);
                }
            }
            Plan::Aggregate(aggregate) => {
                for item in &aggregate.aggregates {
                    let interval = match item.function {
                        AggregateFunction::Count => Some(Interval::proven(0, i64::MAX.into())),
                        AggregateFunction::Min
                        | AggregateFunction::Max
                        | AggregateFunction::First
                        | AggregateFunction::Last => item.argument.as_ref().and_then(|x| self.interval_of(x)),
                        AggregateFunction::Sum
                        | AggregateFunction::Mean
                        | AggregateFunction::Variance
                        | AggregateFunction::StandardDeviation
                        | AggregateFunction::Any
                        | AggregateFunction::All => None,
                    };
                    self.know(item.id, interval);
                }
            }
            Plan::Union(union) => {
                for (position, column) in union.columns.iter().enumerate() {
                    let of = |(_, ids): &(Plan, Vec<ColumnId>)| {
                        self.interval(ids[position]).or_else(|| Interval::of_type(column.ty))
                    };
                    let interval = union.inputs.iter().map(of).reduce(|a, b| Some(a?.union(b?))).flatten();
                    self.know(column.id, interval);
                }
            }
            Plan::Shared(shared) => {
                for (source, column) in &shared.columns {
                    self.know(column.id, self.interval(*source));
                }
                if let Some(row) = shared.row {
                    self.know(row.id, Some(Interval::proven(0, MAX_ROWS)));
                }
            }
            Plan::Evaluate(evaluate) => {
                for item in &evaluate.items {
                    let interval = self.interval_of(&item.expr);
                    self.know(item.id, interval);
                }
            }
            Plan::Filter(_) | Plan::Join(_) | Plan::Sort(_) | Plan::Take(_) | Plan::TopK(_) | Plan::Distinct(_) => {}
        }
    }
}

/// Whether the rows of a plan are unique on a set of columns, and why.
pub(super) fn uniqueness(
    plan: &Plan,
    on: &[ColumnId],
    program: &Program,
    unique: UniqueColumns<'_>,
) -> Option<Uniqueness> {
    let below = |input: &Plan| uniqueness(input, on, program, unique);
    match plan {
        Plan::Scan(scan) => on.iter().find_map(|id| {
            let (index, _) = scan.columns.iter().find(|(_, column)| column.id == *id)?;
            unique(scan.table, *index).then_some(Uniqueness::Recorded(scan.table, *index))
        }),
        Plan::Filter(filter) => below(&filter.input),
        Plan::Sort(sort) => below(&sort.input),
        Plan::Take(take) => below(&take.input),
        Plan::TopK(top) => below(&top.input),
        Plan::Project(project) => {
            let passed: Vec<_> = project.items.iter().filter_map(|item| item.expr.as_column()).collect();
            let kept: Vec<_> = on.iter().copied().filter(|id| passed.contains(id)).collect();
            uniqueness(&project.input, &kept, program, unique)
        }
        Plan::Aggregate(aggregate) => {
            aggregate.keys.iter().all(|key| on.contains(&key.id)).then_some(Uniqueness::Proven)
        }
        Plan::Distinct(distinct) => {
            let by_keys = distinct.keys.iter().all(|key| on.contains(key)).then_some(Uniqueness::Proven);
            by_keys.or_else(|| below(&distinct.input))
        }
        Plan::Join(join) => {
            let keys: Option<Vec<_>> = join.on.iter().map(|(_, right)| right.as_column()).collect();
            let one_match = match join.kind {
                JoinKind::Semi | JoinKind::Anti => true,
                JoinKind::Inner | JoinKind::Left => {
                    keys.is_some_and(|keys| uniqueness(&join.right, &keys, program, unique).is_some())
                }
            };
            if one_match { below(&join.left) } else { None }
        }
        Plan::Shared(shared) if shared.row.is_some_and(|row| on.contains(&row.id)) => Some(Uniqueness::Proven),
        Plan::Shared(shared) => {
            let source =
                |id: &ColumnId| shared.columns.iter().find(|(_, column)| column.id == *id).map(|(from, _)| *from);
            let on: Vec<_> = on.iter().filter_map(source).collect();
            uniqueness(&program.shared[shared.plan].plan, &on, program, unique)
        }
        Plan::Evaluate(evaluate) => below(&evaluate.input),
        Plan::Union(_) => None,
    }
}

/// An upper bound of a plan's rows for the files bound at compile time.
pub(super) fn row_bound(plan: &Plan, program: &Program) -> Option<u64> {
    match plan {
        Plan::Scan(scan) => program.tables[scan.table].rows,
        Plan::Filter(_) | Plan::Project(_) | Plan::Sort(_) | Plan::Distinct(_) | Plan::Evaluate(_) => {
            row_bound(plan.inputs()[0], program)
        }
        Plan::Aggregate(aggregate) if aggregate.keys.is_empty() => Some(1),
        Plan::Aggregate(aggregate) => row_bound(&aggregate.input, program),
        Plan::Take(take) => Some(row_bound(&take.input, program).map_or(take.count, |rows| rows.min(take.count))),
        Plan::TopK(top) => Some(row_bound(&top.input, program).map_or(top.count, |rows| rows.min(top.count))),
        // Many-to-many joins are rare: this is an estimate where the right side is not unique.
        Plan::Join(join) => row_bound(&join.left, program),
        Plan::Union(union) => union.inputs.iter().map(|(input, _)| row_bound(input, program)).sum(),
        Plan::Shared(shared) => row_bound(&program.shared[shared.plan].plan, program),
    }
}

/// The type whose values a column's elements are, for messages.
pub(super) fn is_integral_key(ty: Type) -> bool {
    ty == Type::Bool || ty.is_integral()
}
