//! How many rows a plan may have and how many values a column may take, for the files bound at compile time.
//!
//! Everything here is a guess: it picks among plans that are all right. Where something is not known, what is usual is
//! taken: keys of one side are among those of the other, conditions are independent, and a condition of which nothing is
//! known keeps the share of rows that textbooks give it (Selinger et al., 1979).

use super::uniqueness::{UniqueColumns, is_recorded_unique};
use crate::plan::{Aggregate, Join, JoinKind, Plan, Program, Scan, Union};
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::{Bounds, Type};
use std::collections::BTreeMap;

/// The share of rows on which an equality with something unknown is true.
const EQUAL: f64 = 0.1;

/// The share of rows on which another comparison with something unknown is true.
const RANGE: f64 = 1.0 / 3.0;

/// The share of rows on which a condition of another kind is true.
const CONDITION: f64 = 0.25;

/// The share of rows that have a null, where there may be some.
const NULL: f64 = 0.1;

/// A group has so many rows where nothing is known of its keys.
const ROWS_OF_GROUP: f64 = 10.0;

/// Guesses for the plans of one program.
pub struct Estimates<'a> {
    program: &'a Program,
    unique: UniqueColumns<'a>,
    columns: BTreeMap<ColumnId, Values>,
    /// The rows of each shared plan.
    shared: Vec<Option<f64>>,
}

/// What is guessed of a column's values, wherever it occurs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Values {
    /// How many there are, nulls aside, before any row is left out.
    distinct: Option<f64>,
    /// The least and the greatest.
    bounds: Option<(f64, f64)>,
}

impl<'a> Estimates<'a> {
    /// Guesses for the plans of `program`; `unique` tells which columns of tables hold no value twice.
    pub fn new(program: &'a Program, unique: UniqueColumns<'a>) -> Self {
        let mut estimates = Self { program, unique, columns: BTreeMap::new(), shared: Vec::new() };
        for source in &program.shared {
            estimates.learn(&source.plan);
            let rows = estimates.rows(&source.plan);
            estimates.shared.push(rows);
        }
        program.exports.iter().for_each(|export| estimates.learn(&export.plan));
        estimates
    }

    /// Learns what is known of the columns that a plan makes.
    fn learn(&mut self, plan: &Plan) {
        plan.inputs().into_iter().for_each(|input| self.learn(input));
        match plan {
            Plan::Scan(scan) => self.learn_scan(scan),
            Plan::Project(project) => {
                for item in &project.items {
                    let values = self.of(&item.expr);
                    self.columns.insert(item.id, values);
                }
            }
            Plan::Union(union) => {
                for (at, column) in union.columns.iter().enumerate() {
                    let inputs = union.inputs.iter().map(|(_, ids)| self.column(ids[at]));
                    let values = inputs.reduce(Values::either).unwrap_or_default();
                    self.columns.insert(column.id, values);
                }
            }
            Plan::Shared(reader) => {
                for (from, column) in &reader.columns {
                    let values = self.column(*from);
                    self.columns.insert(column.id, values);
                }
            }
            Plan::Filter(_)
            | Plan::Aggregate(_)
            | Plan::Join(_)
            | Plan::Sort(_)
            | Plan::Shard(_)
            | Plan::Take(_)
            | Plan::TopK(_)
            | Plan::Distinct(_)
            | Plan::Window(_)
            | Plan::Evaluate(_) => {}
        }
    }

    fn learn_scan(&mut self, scan: &Scan) {
        let table = &self.program.tables[scan.table];
        let rows = self.table_rows(scan.table);
        for (index, column) in &scan.columns {
            let info = &table.columns[*index];
            let bounds = info.recorded.bounds.or(info.declared).map(|bounds| match bounds {
                Bounds::Int { lo, hi } => (lo as f64, hi as f64),
                Bounds::Float { lo, hi } => (lo, hi),
            });
            let width = bounds.filter(|_| column.ty.is_integral()).map(|(lo, hi)| hi - lo + 1.0);
            let width = if column.ty == Type::Bool { Some(2.0) } else { width };
            let recorded = info.recorded.distinct.map(|count| count as f64);
            let distinct = [width, recorded].into_iter().flatten().reduce(f64::min);
            let distinct = distinct.map(|count| rows.map_or(count, |rows| rows.min(count)));
            self.columns.insert(column.id, Values { distinct, bounds });
        }
    }

    fn column(&self, id: ColumnId) -> Values {
        self.columns.get(&id).copied().unwrap_or_default()
    }

    /// What is guessed of an expression's values: those of a column, of a column in a wider type, or of no more than the
    /// columns that it reads have together.
    fn of(&self, expr: &Expr) -> Values {
        let constant = Values { distinct: Some(1.0), bounds: None };
        match &expr.kind {
            ExprKind::Column(id) => self.column(*id),
            ExprKind::Literal(_) | ExprKind::Param(_) | ExprKind::Cell { .. } => constant,
            ExprKind::Cast { operand, .. } if operand.ty.is_integer() && expr.ty.is_integer() => self.of(operand),
            ExprKind::Table { .. }
            | ExprKind::Negate(_)
            | ExprKind::Not(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::Compare(..)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::IsNull(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Case { .. }
            | ExprKind::InList { .. }
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Call(..) => {
                let read = expr.columns().into_iter().map(|id| self.column(id).distinct);
                let combined = read.reduce(|a, b| Some(a? * b?)).flatten();
                let distinct = if expr.ty == Type::Bool { Some(2.0) } else { combined };
                Values { distinct, bounds: None }
            }
        }
    }

    /// How many values an expression takes, before any row is left out.
    pub fn distinct(&self, expr: &Expr) -> Option<f64> {
        self.of(expr).distinct
    }

    /// Whether no two rows of the plan agree on `columns`, as far as the bound files tell.
    pub fn is_unique(&self, plan: &Plan, columns: &[ColumnId]) -> bool {
        is_recorded_unique(plan, columns, &self.program.shared, self.unique)
    }

    /// How many rows a table has.
    pub fn table_rows(&self, table: usize) -> Option<f64> {
        Some(self.program.tables[table].rows?.rows as f64)
    }

    /// How many rows the plan has.
    pub fn rows(&self, plan: &Plan) -> Option<f64> {
        match plan {
            Plan::Scan(scan) => Some(self.table_rows(scan.table)? * self.share_of_all(&scan.predicates)),
            Plan::Filter(filter) => Some(self.rows(&filter.input)? * self.share(&filter.predicate)),
            Plan::Project(_) | Plan::Sort(_) | Plan::Shard(_) | Plan::Window(_) | Plan::Evaluate(_) => {
                self.rows(plan.inputs()[0])
            }
            Plan::Aggregate(aggregate) => self.groups(aggregate),
            Plan::Distinct(distinct) => {
                let rows = self.rows(&distinct.input)?;
                Some(combinations(distinct.keys.iter().map(|key| self.column(*key).distinct), rows))
            }
            Plan::Take(take) => Some(taken(self.rows(&take.input), take.skip, take.count)),
            Plan::TopK(top) => Some(taken(self.rows(&top.input), top.skip, top.count)),
            Plan::Join(join) => self.pairs(join),
            Plan::Union(Union { inputs, .. }) => inputs.iter().map(|(input, _)| self.rows(input)).sum(),
            Plan::Shared(reader) => self.shared[reader.plan],
        }
    }

    /// How many combinations of the expressions' values there are in so many rows, if the files say how many values.
    pub fn groups_by(&self, keys: &[&Expr], rows: f64) -> Option<f64> {
        let values: Option<Vec<_>> = keys.iter().map(|key| self.distinct(key)).collect();
        Some(combinations(values?.into_iter().map(Some), rows))
    }

    fn groups(&self, aggregate: &Aggregate) -> Option<f64> {
        if aggregate.keys.is_empty() {
            return Some(1.0);
        }
        let rows = self.rows(&aggregate.input)?;
        Some(combinations(aggregate.keys.iter().map(|key| self.column(key.id).distinct), rows))
    }

    /// How many rows the join has.
    pub fn pairs(&self, join: &Join) -> Option<f64> {
        let (left, right) = (self.rows(&join.left)?, self.rows(&join.right)?);
        let equal = join.nearest.map_or(&join.on[..], |_| &join.on[..join.on.len() - 1]);
        let keys = equal.iter().map(|(l, r)| self.share_of_equal(l, left, r, right));
        let share = in_order_of_weight(keys.collect()) * join.residual.as_ref().map_or(1.0, |p| self.share(p));
        let of_build: Vec<_> = join.on.iter().filter_map(|(_, key)| key.as_column()).collect();
        let once = join.nearest.is_some() || self.is_unique(&join.right, &of_build);
        let pairs = left * right * share;
        let pairs = if once { pairs.min(left) } else { pairs };
        Some(match join.kind {
            JoinKind::Inner => pairs,
            JoinKind::Left => pairs.max(left),
            JoinKind::Semi => pairs.min(left),
            JoinKind::Anti => (left - pairs).max(left * EQUAL),
        })
    }

    /// The share of pairs whose keys are equal: the fewer of the two sides' values are among the other's.
    fn share_of_equal(&self, left: &Expr, left_rows: f64, right: &Expr, right_rows: f64) -> f64 {
        let values = [self.distinct(left), self.distinct(right)].into_iter().flatten().reduce(f64::max);
        1.0 / values.unwrap_or_else(|| left_rows.max(right_rows)).max(1.0)
    }

    /// The share of rows on which all are true.
    pub fn share_of_all(&self, predicates: &[Expr]) -> f64 {
        predicates.iter().map(|predicate| self.share(predicate)).product()
    }

    /// The share of rows on which the predicate is true.
    pub fn share(&self, predicate: &Expr) -> f64 {
        match &predicate.kind {
            ExprKind::Literal(value) => f64::from(u8::from(*value == Scalar::Bool(true))),
            ExprKind::And(operands) => self.share_of_all(operands),
            ExprKind::Or(operands) => 1.0 - operands.iter().map(|operand| 1.0 - self.share(operand)).product::<f64>(),
            ExprKind::Not(operand) => 1.0 - self.share(operand),
            ExprKind::IsNull(operand) if operand.nullable => NULL,
            ExprKind::IsNull(_) => 0.0,
            ExprKind::Compare(op, left, right) => self.share_of_comparison(*op, left, right),
            ExprKind::InList { operand, list } => {
                let of_one = self.distinct(operand).map_or(EQUAL, |values| 1.0 / values.max(1.0));
                (of_one * list.len() as f64).min(0.5)
            }
            ExprKind::Column(_)
            | ExprKind::Param(_)
            | ExprKind::Cell { .. }
            | ExprKind::Table { .. }
            | ExprKind::Negate(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::Coalesce(_)
            | ExprKind::Case { .. }
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Call(..) => CONDITION,
        }
    }

    fn share_of_comparison(&self, op: CompareOp, left: &Expr, right: &Expr) -> f64 {
        let values = [left, right].into_iter().filter_map(|side| self.distinct(side)).reduce(f64::max);
        let equal = values.map_or(EQUAL, |values| 1.0 / values.max(1.0));
        let below = || Some(self.share_below(self.of(left).bounds?, right.as_literal()?));
        match op {
            CompareOp::Equal => equal,
            CompareOp::NotEqual => 1.0 - equal,
            CompareOp::Less | CompareOp::LessEqual => below().flatten().unwrap_or(RANGE),
            CompareOp::Greater | CompareOp::GreaterEqual => below().flatten().map_or(RANGE, |share| 1.0 - share),
        }
    }

    /// The share of values within bounds that are less than a constant, if they lie evenly.
    fn share_below(&self, (lo, hi): (f64, f64), constant: &Scalar) -> Option<f64> {
        let value = match constant {
            Scalar::Int(value) => *value as f64,
            Scalar::Float(value) => *value,
            Scalar::Null | Scalar::Bool(_) | Scalar::Str(_) => return None,
        };
        (hi > lo).then(|| ((value - lo) / (hi - lo)).clamp(0.0, 1.0))
    }
}

impl Values {
    /// Those of two inputs together.
    fn either(self, other: Self) -> Self {
        let sum = |a: f64, b: f64| a + b;
        let hull = |(a, b): (f64, f64), (c, d): (f64, f64)| (a.min(c), b.max(d));
        Self {
            distinct: self.distinct.zip(other.distinct).map(|(a, b)| sum(a, b)),
            bounds: self.bounds.zip(other.bounds).map(|(a, b)| hull(a, b)),
        }
    }
}

/// The share of pairs that agree on several keys: the one that tells most apart counts in full, each further one less,
/// because keys that are compared together mostly belong together.
pub(crate) fn in_order_of_weight(mut shares: Vec<f64>) -> f64 {
    shares.sort_by(f64::total_cmp);
    let mut weight = 1.0;
    shares.into_iter().fold(1.0, |product, share| {
        let weighed = share.powf(weight);
        weight /= 2.0;
        product * weighed
    })
}

/// How many combinations of keys occur in so many rows.
fn combinations(keys: impl Iterator<Item = Option<f64>>, rows: f64) -> f64 {
    let all = keys.map(|values| values.unwrap_or(rows / ROWS_OF_GROUP).max(1.0)).product::<f64>();
    all.min(rows)
}

/// The rows that are left of a range of positions.
fn taken(rows: Option<f64>, skip: u64, count: u64) -> f64 {
    let count = count as f64;
    rows.map_or(count, |rows| (rows - skip as f64).clamp(0.0, count))
}
