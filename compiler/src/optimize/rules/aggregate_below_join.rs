//! `group k { f(x) } (join l r)` = `group k { g(y) } (join l (group j { y = f(x) } r))`, where the aggregates read only `r`
//!
//! `j` are the columns of `r` that the join and the groups look at, and `g` puts together what `f` gave for parts of a group:
//! counts are added, the least of the least is the least. The same with the sides exchanged. It is done where the bound files
//! say that most pairs of rows are never made then (Yan and Larson, 1995).
//!
//! What is added up early must not fail for rows that match nothing, so only sums of 32 bits are; and floats are added in the
//! order of rows, because their rounding should not change with the estimates.

mod build;

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::optimize::expressions::{
    can_inline, column_expr, inline, is_null_with, reads_any, reads_only, rejects_nulls,
};
use crate::plan::{
    Aggregate, AggregateFunction, Columns, Estimates, Join, JoinKind, NamedAggregate, NamedExpr, Plan, Program,
    SchemaColumn,
};
use build::build;
use dj_runtime::expr::{Expr, can_fail};
use dj_runtime::types::Type;

pub(in crate::optimize) struct AggregateBelowJoin;

/// Of so many pairs of rows one is left at most.
const LEAST_REDUCTION: f64 = 2.0;

impl Pass for AggregateBelowJoin {
    fn name(&self) -> &'static str {
        "aggregate_below_join"
    }

    fn rewrite(&self, mut program: Program, options: &Options<'_>) -> Program {
        if !program.has_rows() {
            return program;
        }
        let before = program.clone();
        let estimates = Estimates::new(&before, options.unique);
        let mut columns = std::mem::take(&mut program.columns);
        program.plans_mut().for_each(|plan| visit(plan, &estimates, &mut columns));
        program.columns = columns;
        program
    }
}

/// From the inputs up: of what is made here nothing is estimated.
fn visit(plan: &mut Plan, estimates: &Estimates<'_>, columns: &mut Columns) {
    plan.inputs_mut().into_iter().for_each(|input| visit(input, estimates, columns));
    if let Plan::Aggregate(aggregate) = plan
        && let Some(groups) = JoinedGroups::of(aggregate)
        && let Some(split) =
            [Side::Right, Side::Left].into_iter().find_map(|side| groups.split_where_worth(side, estimates))
    {
        *plan = build(split, columns);
    }
}

/// A side of a join.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Groups of a join's rows.
struct JoinedGroups<'a> {
    aggregate: &'a Aggregate,
    join: &'a Join,
    /// The keys, as expressions of the joined rows.
    keys: Vec<NamedExpr>,
    /// The aggregates, of expressions of the joined rows.
    items: Vec<NamedAggregate>,
}

/// Groups of a join's rows, of which each part is computed where it can be.
struct Split<'a> {
    aggregate: &'a Aggregate,
    join: &'a Join,
    /// The side whose rows are grouped first.
    side: Side,
    /// The keys that are computed of that side's rows.
    of_side: Vec<NamedExpr>,
    /// The keys that are computed of the joined rows.
    of_joined: Vec<NamedExpr>,
    items: Vec<Item>,
}

/// An aggregate in two steps.
struct Item {
    /// The aggregate, of one side's rows.
    aggregate: NamedAggregate,
    /// What puts together parts of a group.
    merge: AggregateFunction,
    /// Of a count: how many a row counts for that matches nothing, where there are such rows.
    unmatched: Option<i64>,
}

impl<'a> JoinedGroups<'a> {
    fn of(aggregate: &'a Aggregate) -> Option<Self> {
        let key = |key: &SchemaColumn| NamedExpr { id: key.id, expr: column_expr(*key, aggregate.span) };
        let mut keys: Vec<_> = aggregate.keys.iter().map(key).collect();
        let mut items = aggregate.aggregates.clone();
        let mut input = &*aggregate.input;
        while let Plan::Project(project) = input {
            let exprs = keys.iter().map(|key| &key.expr).chain(items.iter().flat_map(NamedAggregate::expressions));
            if !can_inline(&exprs.collect::<Vec<_>>(), &project.items) {
                return None;
            }
            let of_items = items.iter_mut().flat_map(|item| item.arguments.iter_mut().chain(&mut item.filter));
            for expr in keys.iter_mut().map(|key| &mut key.expr).chain(of_items) {
                *expr = inline(expr.take(), &project.items);
            }
            input = &project.input;
        }
        let Plan::Join(join) = input else { return None };
        let makes_pairs = matches!(join.kind, JoinKind::Inner | JoinKind::Left);
        let is_by_keys = join.nearest.is_none() && join.residual.is_none() && !join.on.is_empty();
        (makes_pairs && is_by_keys).then_some(Self { aggregate, join, keys, items })
    }

    /// The groups with this side's rows grouped first, if that can be and spares most pairs.
    fn split_where_worth(&self, side: Side, estimates: &Estimates<'_>) -> Option<Split<'a>> {
        let split = self.split(side)?;
        split.spares_pairs(estimates)?.then_some(split)
    }

    fn split(&self, side: Side) -> Option<Split<'a>> {
        let Self { aggregate, join, .. } = *self;
        let schema = side_of(join, side).schema();
        let has_unmatched = side == Side::Right && join.kind == JoinKind::Left;
        let items = self.items.iter().map(|item| Item::of(item, &schema, has_unmatched)).collect::<Option<_>>()?;
        let (mut of_side, mut of_joined) = (Vec::new(), Vec::new());
        for key in &self.keys {
            if !reads_any(&key.expr, &schema) {
                of_joined.push(key.clone());
            } else if key.expr.as_column() == Some(key.id)
                || (reads_only(&key.expr, &schema) && !can_fail(&key.expr) && !has_unmatched)
            {
                of_side.push(key.clone());
            } else {
                return None;
            }
        }
        Some(Split { aggregate, join, side, of_side, of_joined, items })
    }
}

impl Split<'_> {
    /// Whether most pairs of rows are never made. Nothing is said where rows, or values of keys, are not known.
    fn spares_pairs(&self, estimates: &Estimates<'_>) -> Option<bool> {
        let input = side_of(self.join, self.side);
        let by: Vec<_> = self.on().chain(self.of_side.iter().map(|key| &key.expr)).collect();
        let columns: Vec<_> = by.iter().filter_map(|key| key.as_column()).collect();
        if estimates.is_unique(input, &columns) {
            return Some(false);
        }
        let (rows, pairs) = (estimates.rows(input)?, estimates.pairs(self.join)?);
        let left = pairs * estimates.groups_by(&by, rows)? / rows.max(1.0);
        // The rows of a right side with many matches are put in order by their keys anyway.
        let grouped = if self.side == Side::Right { 0.0 } else { rows };
        Some((left + grouped) * LEAST_REDUCTION < pairs)
    }

    /// What the join compares of the side that is grouped.
    fn on(&self) -> impl Iterator<Item = &Expr> {
        self.join.on.iter().map(|(left, right)| match self.side {
            Side::Left => left,
            Side::Right => right,
        })
    }
}

impl Item {
    /// The aggregate in two steps, if it can be computed of the columns of one side.
    fn of(item: &NamedAggregate, side: &[SchemaColumn], has_unmatched: bool) -> Option<Self> {
        let merge = merged_by(item)?;
        let is_of_side = item.expressions().all(|expr| reads_only(expr, side) && !can_fail(expr));
        if !is_of_side {
            return None;
        }
        let is_count = item.function == AggregateFunction::Count;
        let unmatched = if !has_unmatched {
            None
        } else if item.arguments.iter().any(|argument| is_null_with(argument, side))
            || item.filter.as_ref().is_some_and(|filter| rejects_nulls(filter, side))
        {
            is_count.then_some(0)
        } else if is_count && item.expressions().next().is_none() {
            Some(1)
        } else {
            return None;
        };
        Some(Self { aggregate: item.clone(), merge, unmatched })
    }
}

fn side_of(join: &Join, side: Side) -> &Plan {
    match side {
        Side::Left => &join.left,
        Side::Right => &join.right,
    }
}

/// The aggregate that puts parts of a group together, where any division of the group gives the same.
fn merged_by(item: &NamedAggregate) -> Option<AggregateFunction> {
    match item.function {
        AggregateFunction::Count => Some(AggregateFunction::Sum),
        // No fewer than 2^31 rows of the greatest value overflow.
        AggregateFunction::Sum => {
            let is_narrow = |ty| matches!(ty, Type::I8 | Type::I16 | Type::I32 | Type::U8 | Type::U16 | Type::U32);
            item.arguments.iter().all(|argument| is_narrow(argument.ty)).then_some(AggregateFunction::Sum)
        }
        AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::Any | AggregateFunction::All => {
            Some(item.function)
        }
        AggregateFunction::Mean
        | AggregateFunction::Variance
        | AggregateFunction::StandardDeviation
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::Product
        | AggregateFunction::ArgMin
        | AggregateFunction::ArgMax
        | AggregateFunction::Covariance
        | AggregateFunction::Correlation
        | AggregateFunction::Quantile
        | AggregateFunction::CountDistinct
        | AggregateFunction::Mode
        | AggregateFunction::StringAgg => None,
    }
}
