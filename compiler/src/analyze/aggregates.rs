//! Aggregates: `sum(x filter p)` in the items of `group` and `aggregate`.

use super::builder::Builder;
use super::calls::argument_count;
use super::codes;
use super::quantiles::MEDIAN;
use super::relation::Scope;
use super::values::Value;
use super::windows::of_frame;
use crate::plan::{AggregateFunction, Frame, NamedAggregate};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

/// The aggregates by name.
pub(super) const NAMES: [(&str, AggregateFunction); 21] = [
    ("count", AggregateFunction::Count),
    ("sum", AggregateFunction::Sum),
    ("mean", AggregateFunction::Mean),
    ("min", AggregateFunction::Min),
    ("max", AggregateFunction::Max),
    ("var", AggregateFunction::Variance),
    ("std", AggregateFunction::StandardDeviation),
    ("first", AggregateFunction::First),
    ("last", AggregateFunction::Last),
    ("any", AggregateFunction::Any),
    ("all", AggregateFunction::All),
    ("product", AggregateFunction::Product),
    ("arg_min", AggregateFunction::ArgMin),
    ("arg_max", AggregateFunction::ArgMax),
    ("cov", AggregateFunction::Covariance),
    ("corr", AggregateFunction::Correlation),
    ("string_agg", AggregateFunction::StringAgg),
    (MEDIAN, AggregateFunction::Quantile),
    ("quantile", AggregateFunction::Quantile),
    ("count_distinct", AggregateFunction::CountDistinct),
    ("mode", AggregateFunction::Mode),
];

/// The aggregate of a name.
pub(super) fn from_name(name: &str) -> Option<AggregateFunction> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

impl<'a> Builder<'a> {
    /// A call of an aggregate: the column that will hold it.
    pub(super) fn aggregate(
        &mut self,
        scope: &Scope<'_, 'a>,
        function: AggregateFunction,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        filter: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Value> {
        let (rows, item_name) = match (scope.grouping, scope.windowing) {
            (Some(grouping), _) => (&grouping.rows, &grouping.name),
            (None, Some(windowing)) => (&windowing.rows, &windowing.name),
            (None, None) => {
                self.report(misplaced(&name.node, span));
                return None;
            }
        };
        let column_name = item_name.take().unwrap_or_else(|| self.text(span).to_owned());
        let rows = Scope { columns: rows, grouping: None, windowing: None, ..*scope };
        let share =
            (function == AggregateFunction::Quantile && name.node != MEDIAN).then(|| arguments.get(1)).flatten();
        let wanted = if name.node == MEDIAN { 1 } else { argument_number(function) };
        let rows_alone = function == AggregateFunction::Count && arguments.is_empty();
        let texts_alone = function == AggregateFunction::StringAgg && arguments.len() == 1;
        let values = if arguments.len() == wanted || rows_alone || texts_alone {
            let settled = arguments.iter().take(if share.is_some() { 1 } else { wanted });
            let values: Vec<_> = settled.map(|argument| self.settled(&rows, argument)).collect();
            values.into_iter().collect::<Option<Vec<_>>>()
        } else {
            self.report(argument_count(&name.node, arguments.len(), wanted, span));
            None
        };
        let filter = self.filter_of(&rows, filter);
        let (mut arguments, filter) = (values?, filter?);
        if texts_alone {
            arguments.push(Expr::literal(Scalar::str(","), Type::Str, span));
        }
        if function == AggregateFunction::StringAgg && !self.joins_texts(scope, &arguments, span) {
            return None;
        }
        if function == AggregateFunction::Quantile {
            arguments = self.quantile_arguments(arguments.remove(0), share, span)?;
        }
        if function == AggregateFunction::Mode && !self.looks_at_partitions(scope, span) {
            return None;
        }
        let only = scope.grouping.and_then(|grouping| grouping.only.clone());
        let filter = both(filter, only);
        let ty = self.aggregate_type(function, &name.node, &arguments)?;
        // Some group, or some frame, may have no row.
        let has_row = match (scope.grouping, scope.windowing) {
            (Some(grouping), _) => grouping.keyed,
            (None, windowing) => windowing.is_some_and(|windowing| windowing.frame.has_own_row()),
        };
        let nullable = may_be_null(function, has_row, &arguments, filter.as_ref());
        let id = self.columns.add(column_name, ty, span);
        let call = NamedAggregate { id, function, arguments, filter, ty, nullable, span };
        match (scope.grouping, scope.windowing) {
            (Some(grouping), _) => grouping.aggregates.borrow_mut().push(call),
            (None, Some(windowing)) => windowing.calls.borrow_mut().push(of_frame(call, windowing.frame)),
            (None, None) => unreachable!("an aggregate without a group was told"),
        }
        Some(Value::typed(Expr::column(id, ty, nullable, span)))
    }

    /// The `filter` of a call, if it has one; nothing where it is wrong.
    pub(super) fn filter_of(&mut self, rows: &Scope<'_, 'a>, filter: Option<&'a ast::Expr>) -> Option<Option<Expr>> {
        filter.map_or(Some(None), |filter| self.condition(rows, filter).map(Some))
    }

    /// Whether `string_agg` has a literal between its texts, and a group to take them of.
    fn joins_texts(&mut self, scope: &Scope<'_, 'a>, arguments: &[Expr], span: Span) -> bool {
        if scope.grouping.is_none() {
            let problem = Diagnostic::error(codes::MISPLACED_AGGREGATE, "`string_agg` is of groups, not of frames");
            self.report(
                problem.label(span, "stands in a window").help("group, and join the groups' texts to the rows"),
            );
            return false;
        }
        let separator = &arguments[1];
        let is_literal = matches!(separator.as_literal(), Some(Scalar::Str(_)));
        if !is_literal {
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, "what stands between the texts must be a literal text")
                    .label(separator.span, format!("this is {}", separator.ty))
                    .help("such as `string_agg(name, \", \")`"),
            );
        }
        is_literal
    }

    /// Whether `mode` stands where it has all rows of a group or a partition.
    fn looks_at_partitions(&mut self, scope: &Scope<'_, 'a>, span: Span) -> bool {
        let in_frame = scope.grouping.is_none() && scope.windowing.is_some_and(|it| it.frame != Frame::PARTITION);
        if in_frame {
            self.report(
                Diagnostic::error(codes::BAD_FRAME, "`mode` looks at all rows of a partition")
                    .label(span, "this window has a frame, or an order")
                    .help("compute it in a window without `sort` and `rows`"),
            );
        }
        !in_frame
    }

    fn aggregate_type(&mut self, function: AggregateFunction, name: &str, arguments: &[Expr]) -> Option<Type> {
        let Some(first) = arguments.first() else { return Some(Type::I64) };
        let ty = first.ty;
        // The argument that is of no type that the function takes.
        let mut wrong = first;
        let (result, wanted) = match function {
            AggregateFunction::Count | AggregateFunction::CountDistinct => (Some(Type::I64), ""),
            AggregateFunction::Min
            | AggregateFunction::Max
            | AggregateFunction::First
            | AggregateFunction::Last
            | AggregateFunction::ArgMin
            | AggregateFunction::ArgMax
            | AggregateFunction::Mode => (Some(ty), ""),
            AggregateFunction::Sum if ty.is_integer() => (Some(Type::I64), ""),
            AggregateFunction::Sum if ty.is_decimal() => (Some(Type::wide_decimal(ty.scale())), ""),
            AggregateFunction::Sum
            | AggregateFunction::Mean
            | AggregateFunction::Product
            | AggregateFunction::Variance
            | AggregateFunction::StandardDeviation
            | AggregateFunction::Covariance
            | AggregateFunction::Correlation
            | AggregateFunction::Quantile => {
                let other = arguments.iter().find(|argument| !argument.ty.is_numeric());
                wrong = other.unwrap_or(first);
                (other.is_none().then_some(Type::F64), "a number")
            }
            AggregateFunction::Any | AggregateFunction::All => ((ty == Type::Bool).then_some(Type::Bool), "bool"),
            AggregateFunction::StringAgg => ((ty == Type::Str).then_some(Type::Str), "text"),
        };
        if result.is_none() {
            let ty = wrong.ty;
            let mut diagnostic = Diagnostic::error(codes::ARGUMENT_TYPE, format!("`{name}` takes {wanted}, not {ty}"))
                .label(wrong.span, format!("this is {ty}"));
            if ty == Type::Bool {
                let text = self.text(wrong.span);
                diagnostic = diagnostic.help(format!("to count where it is true: `count(filter {text})`"));
            }
            self.report(diagnostic);
        }
        result
    }
}

/// How many arguments an aggregate takes.
fn argument_number(function: AggregateFunction) -> usize {
    match function {
        AggregateFunction::ArgMin
        | AggregateFunction::ArgMax
        | AggregateFunction::Covariance
        | AggregateFunction::Correlation
        | AggregateFunction::Quantile
        | AggregateFunction::StringAgg => 2,
        AggregateFunction::Count
        | AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::Variance
        | AggregateFunction::StandardDeviation
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::Any
        | AggregateFunction::All
        | AggregateFunction::Product
        | AggregateFunction::CountDistinct
        | AggregateFunction::Mode => 1,
    }
}

/// The conjunction of two conditions.
pub(super) fn both(first: Option<Expr>, second: Option<Expr>) -> Option<Expr> {
    match (first, second) {
        (Some(first), Some(second)) => {
            let (nullable, span) = (first.nullable || second.nullable, first.span);
            Some(Expr { kind: ExprKind::And(vec![first, second]), ty: Type::Bool, nullable, span })
        }
        (first, second) => first.or(second),
    }
}

/// Whether some group, or the only row, may have no value.
fn may_be_null(function: AggregateFunction, has_row: bool, arguments: &[Expr], filter: Option<&Expr>) -> bool {
    match function {
        AggregateFunction::Count | AggregateFunction::CountDistinct => false,
        AggregateFunction::Variance | AggregateFunction::StandardDeviation | AggregateFunction::Covariance => true,
        AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::Any
        | AggregateFunction::All
        | AggregateFunction::Product
        | AggregateFunction::ArgMin
        | AggregateFunction::ArgMax
        | AggregateFunction::Correlation
        | AggregateFunction::Quantile
        | AggregateFunction::Mode
        | AggregateFunction::StringAgg => {
            !has_row || filter.is_some() || arguments.iter().any(|argument| argument.nullable)
        }
    }
}

pub(super) fn misplaced(name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::MISPLACED_AGGREGATE, format!("the aggregate `{name}` has no group here"))
        .label(span, "aggregates belong in the items of `group` and `aggregate`");
    match name {
        "min" => diagnostic.help("the least of several values of a row is `least(a, b)`"),
        "max" => diagnostic.help("the greatest of several values of a row is `greatest(a, b)`"),
        _ => diagnostic
            .help(format!("for one value of all rows: `let all = table | aggregate v = {name}(...)`, read as `all.v`")),
    }
}
