//! What is believed of columns, derived again from what is checked of scanned values: (P14).
//!
//! A column that one stage reads of a file may first be computed with in another, so bounds are followed through results,
//! build sides and new names. They start at the checks that the steps make, never at what the planner believes.

use super::{Verified, Verifier, require};
use crate::encode::{Encoded, Expr};
use crate::physical::{Check, Driver, Op, Stage};
use crate::plan::{MAX_ROWS, NamedWindow, VerifyError, aggregate_interval, window_interval};
use crate::strategy::{AggregateItem, Part, Window};
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::{ColumnId, Form, Interval, Origin, interval};
use std::collections::BTreeMap;

/// The bounds of columns of which more is known than their types.
type Bounds = BTreeMap<ColumnId, Interval>;

impl Verifier<'_> {
    /// What the stages compute with lies where it is believed to.
    pub(super) fn beliefs(&self) -> Verified {
        let mut results: Vec<Bounds> = Vec::new();
        for (index, stage) in self.variant.stages.iter().enumerate() {
            let bounds = self.result_bounds(stage, &results);
            results.push(bounds.map_err(|error| VerifyError(format!("stage {index}: {}", error.0)))?);
        }
        Ok(())
    }

    /// The bounds of a stage's result, of which those of the earlier ones are known.
    fn result_bounds(&self, stage: &Stage, results: &[Bounds]) -> Result<Bounds, VerifyError> {
        let strategy = stage.sink.strategy();
        let mut all: Option<Bounds> = None;
        for driver in &stage.drivers {
            let row = self.row_bounds(driver, results)?;
            if strategy.window().is_none() {
                self.computed_with(strategy.expressions(), &row)?;
            }
            strategy.keys().iter().try_for_each(|key| self.believed(key.id, &row))?;
            let made: Bounds = match strategy.group() {
                None => match strategy.window() {
                    Some(window) => self.window_bounds(window, row)?,
                    None => row,
                },
                Some(group) => {
                    let keys = group.keys.iter().map(|key| key.id);
                    let keys = keys.filter_map(|key| Some((key, *row.get(&key)?)));
                    let aggregates = group.aggregates.iter();
                    keys.chain(aggregates.filter_map(|item| Some((item.column.id, of_aggregate(item, &row)?))))
                        .collect()
                }
            };
            all = Some(all.map_or_else(|| made.clone(), |all| union(&all, &made)));
        }
        let mut all = all.ok_or_else(|| VerifyError("(P13) no driver gives its rows".to_owned()))?;
        all.retain(|id, _| stage.result.iter().any(|column| column.id == *id));
        Ok(all)
    }

    /// The bounds of rows and of what a window adds to them, part by part.
    fn window_bounds(&self, window: &Window, mut row: Bounds) -> Result<Bounds, VerifyError> {
        self.computed_with(window.order.iter().map(|key| &key.expr).collect(), &row)?;
        for part in &window.parts {
            self.computed_with(part.expressions(), &row)?;
            let of_item = |item: &NamedWindow<Encoded>| {
                let bounds = window_interval(item.function, &item.arguments, &|argument| of_expr(argument, &row))?;
                Some((item.id, bounds))
            };
            let made: Bounds = match part {
                Part::Items(items) => items.iter().filter_map(of_item).collect(),
                Part::Derive(items) => {
                    items.iter().filter_map(|item| Some((item.id, of_expr(&item.expr, &row)?))).collect()
                }
                Part::Filter(_) => Bounds::new(),
            };
            row.extend(made);
        }
        Ok(row)
    }

    /// The bounds of a driver's columns when they reach the sink.
    fn row_bounds(&self, driver: &Driver, results: &[Bounds]) -> Result<Bounds, VerifyError> {
        let mut row = Bounds::new();
        for column in &driver.columns {
            let bounds = match driver.source {
                DriverSource::Table(_) => column.checks.iter().filter_map(checked).reduce(Interval::intersect),
                DriverSource::Stage(from) => {
                    results[from].get(&self.variant.stages[from].result[column.index].id).copied()
                }
            };
            row.extend(bounds.map(|bounds| (column.column.id, bounds)));
        }
        row.extend(driver.row.map(|id| (id, Interval::proven(0, MAX_ROWS))));
        for item in &driver.host {
            let made = of_expr(&item.expr, &row);
            row.extend(made.map(|bounds| (item.column.id, bounds)));
        }
        for op in &driver.ops {
            let made: Bounds = match op {
                Op::Filter(_) => Bounds::new(),
                Op::Project(items) => {
                    items.iter().filter_map(|item| Some((item.id, of_expr(&item.expr, &row)?))).collect()
                }
                Op::Probe(probe) => {
                    let built = &self.variant.stages[probe.build].result;
                    let of = |index: usize| results[probe.build].get(&built[index].id).copied();
                    probe.payload.iter().filter_map(|(index, column)| Some((column.id, of(*index)?))).collect()
                }
            };
            row.extend(made);
            // A join's condition reads what it finds.
            self.computed_with(op.computed(), &row)?;
        }
        Ok(row)
    }

    fn computed_with(&self, exprs: Vec<&Expr>, row: &Bounds) -> Verified {
        exprs.into_iter().flat_map(Expr::columns).try_for_each(|id| self.believed(id, row))
    }

    /// A column that is computed with.
    fn believed(&self, id: ColumnId, row: &Bounds) -> Verified {
        let Some(believed) = self.interval(id) else { return Ok(()) };
        let all = || Interval::of_type(self.encoded.program.columns.get(id).ty);
        let known = row.get(&id).copied().or_else(all);
        let holds = known.is_some_and(|known| known.within(believed));
        require(holds, || format!("(P14) {} is believed in {believed:?}, and is in {known:?}", self.name(id)))
    }
}

fn checked(check: &Check) -> Option<Interval> {
    Interval::of_bounds(&check.bounds, if check.declared { Origin::Declared } else { Origin::Recorded })
}

fn of_expr<F: Form>(expr: &dj_runtime::expr::Expr<F>, row: &Bounds) -> Option<Interval> {
    interval(expr, &|id| row.get(&id).copied())
}

/// The bounds of an aggregate: a value of its argument's, or a number of rows.
fn of_aggregate(item: &AggregateItem, row: &Bounds) -> Option<Interval> {
    aggregate_interval(item.function, &item.arguments, &|argument| of_expr(argument, row))
}

/// The bounds of rows of both: a column of which one side knows nothing may be anything.
fn union(left: &Bounds, right: &Bounds) -> Bounds {
    let both = left.iter().filter_map(|(id, bounds)| Some((*id, bounds.union(*right.get(id)?))));
    both.collect()
}
