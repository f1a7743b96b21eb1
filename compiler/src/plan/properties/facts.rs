//! Where the values of a program's columns lie.

use crate::plan::{AggregateFunction, Plan, Program, WindowFunction};
use dj_runtime::expr::{ColumnId, Expr, Form, Interval, Origin, interval};
use std::collections::BTreeMap;

/// More rows than any machine holds.
pub(crate) const MAX_ROWS: i128 = 1 << 48;

/// What is known of every column. A column means the same wherever it occurs, so one map serves the whole program.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    intervals: BTreeMap<ColumnId, Interval>,
    use_recorded: bool,
}

impl Facts {
    /// Derives the facts of a whole program.
    pub fn derive<F: Form>(program: &Program<F>, use_recorded: bool) -> Self {
        let mut facts = Self { intervals: BTreeMap::new(), use_recorded };
        let plans = program.plans();
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
    pub fn interval_of<F: Form>(&self, expr: &Expr<F>) -> Option<Interval> {
        interval(expr, &|id| self.interval(id))
    }

    fn know(&mut self, id: ColumnId, interval: Option<Interval>) {
        if let Some(interval) = interval {
            self.intervals.insert(id, interval);
        }
    }

    fn visit<F: Form>(&mut self, plan: &Plan<F>, program: &Program<F>) {
        for input in plan.inputs() {
            self.visit(input, program);
        }
        match plan {
            Plan::Scan(scan) => {
                for (index, column) in &scan.columns {
                    let info = &program.tables[scan.table].columns[*index];
                    // Only what the scan checks may be relied on.
                    let recorded =
                        info.recorded.bounds.filter(|_| self.use_recorded && F::written(column.ty).is_integral());
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
                    let interval = aggregate_interval(item.function, &item.arguments, &|x| self.interval_of(x));
                    self.know(item.id, interval);
                }
            }
            Plan::Window(window) => {
                for item in &window.items {
                    let interval = window_interval(item.function, &item.arguments, &|x| self.interval_of(x));
                    self.know(item.id, interval);
                }
            }
            Plan::Union(union) => {
                for (position, column) in union.columns.iter().enumerate() {
                    let of = |(_, ids): &(Plan<F>, Vec<ColumnId>)| {
                        self.interval(ids[position]).or_else(|| Interval::of_type(F::written(column.ty)))
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
                    self.know(item.column.id, interval);
                }
            }
            Plan::Filter(_)
            | Plan::Join(_)
            | Plan::Sort(_)
            | Plan::Take(_)
            | Plan::TopK(_)
            | Plan::Distinct(_)
            | Plan::Shard(_) => {}
        }
    }
}

/// Where an expression's values lie.
type IntervalOf<'a, F> = &'a dyn Fn(&Expr<F>) -> Option<Interval>;

/// Where an aggregate's values lie: it is one of its argument's, or a number of rows.
pub(crate) fn aggregate_interval<F: Form>(
    function: AggregateFunction,
    arguments: &[Expr<F>],
    of: IntervalOf<'_, F>,
) -> Option<Interval> {
    match function {
        // Of the pairs of two tables there may be more than rows of one.
        AggregateFunction::Count => Some(Interval::proven(0, i64::MAX.into())),
        AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::ArgMin
        | AggregateFunction::ArgMax
        | AggregateFunction::Mode => arguments.first().and_then(of),
        AggregateFunction::CountDistinct => Some(Interval::proven(0, MAX_ROWS)),
        AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Variance
        | AggregateFunction::StandardDeviation
        | AggregateFunction::Any
        | AggregateFunction::All
        | AggregateFunction::Product
        | AggregateFunction::StringAgg
        | AggregateFunction::Quantile
        | AggregateFunction::Covariance
        | AggregateFunction::Correlation => None,
    }
}

/// Where a window function's values lie.
pub(crate) fn window_interval<F: Form>(
    function: WindowFunction,
    arguments: &[Expr<F>],
    of: IntervalOf<'_, F>,
) -> Option<Interval> {
    match function {
        WindowFunction::Aggregate(function) => aggregate_interval(function, arguments, of),
        WindowFunction::RowNumber | WindowFunction::Rank | WindowFunction::DenseRank => {
            Some(Interval::proven(1, MAX_ROWS))
        }
        WindowFunction::Tile(parts) => Some(Interval::proven(1, parts.into())),
        WindowFunction::Shift(_) | WindowFunction::Fill => {
            arguments.iter().map(of).reduce(|a, b| Some(a?.union(b?))).flatten()
        }
        WindowFunction::PercentRank | WindowFunction::CumulativeShare => None,
    }
}
