//! Aggregates: `sum(x filter p)` in the items of `group` and `aggregate`.

use super::builder::Builder;
use super::calls::argument_count;
use super::codes;
use super::relation::{Grouping, Scope};
use super::values::Value;
use crate::plan::{AggregateFunction, NamedAggregate};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, ExprKind};
use dj_runtime::types::Type;

/// The aggregates by name.
pub(super) const NAMES: [(&str, AggregateFunction); 11] = [
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
        let Some(grouping) = scope.grouping else {
            self.report(misplaced(&name.node, span));
            return None;
        };
        let column_name = grouping.name.take().unwrap_or_else(|| self.text(span).to_owned());
        let rows = Scope { columns: &grouping.rows, grouping: None, ..*scope };
        let argument = match (arguments, function) {
            ([], AggregateFunction::Count) => Some(None),
            ([argument], _) => {
                let argument = self.settled(&rows, argument);
                argument.map(Some)
            }
            _ => {
                self.report(argument_count(&name.node, arguments.len(), 1, span));
                None
            }
        };
        let filter = match filter {
            Some(filter) => self.condition(&rows, filter).map(Some),
            None => Some(None),
        };
        let (argument, filter) = (argument?, filter?);
        let filter = both(filter, grouping.only.clone());
        let ty = self.aggregate_type(function, &name.node, argument.as_ref(), span)?;
        let nullable = may_be_null(function, grouping, argument.as_ref(), filter.as_ref());
        let id = self.columns.add(column_name, ty, span);
        grouping.aggregates.borrow_mut().push(NamedAggregate { id, function, argument, filter, ty, nullable, span });
        Some(Value::typed(Expr::column(id, ty, nullable, span)))
    }

    fn aggregate_type(
        &mut self,
        function: AggregateFunction,
        name: &str,
        argument: Option<&Expr>,
        span: Span,
    ) -> Option<Type> {
        let Some(argument) = argument else { return Some(Type::I64) };
        let ty = argument.ty;
        let (result, wanted) = match function {
            AggregateFunction::Count => (Some(Type::I64), ""),
            AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::First | AggregateFunction::Last => {
                (Some(ty), "")
            }
            AggregateFunction::Sum if ty.is_integer() => (Some(Type::I64), ""),
            AggregateFunction::Sum if ty.is_decimal() => (Some(Type::wide_decimal(ty.scale())), ""),
            AggregateFunction::Sum
            | AggregateFunction::Mean
            | AggregateFunction::Variance
            | AggregateFunction::StandardDeviation => (ty.is_numeric().then_some(Type::F64), "a number"),
            AggregateFunction::Any | AggregateFunction::All => ((ty == Type::Bool).then_some(Type::Bool), "bool"),
        };
        if result.is_none() {
            let mut diagnostic = Diagnostic::error(codes::ARGUMENT_TYPE, format!("`{name}` takes {wanted}, not {ty}"))
                .label(argument.span, format!("this is {ty}"));
            if ty == Type::Bool {
                let text = self.text(argument.span);
                diagnostic = diagnostic.help(format!("to count where it is true: `count(filter {text})`"));
            }
            let _ = span;
            self.report(diagnostic);
        }
        result
    }
}

/// The conjunction of two conditions.
fn both(first: Option<Expr>, second: Option<Expr>) -> Option<Expr> {
    match (first, second) {
        (Some(first), Some(second)) => {
            let (nullable, span) = (first.nullable || second.nullable, first.span);
            Some(Expr { kind: ExprKind::And(vec![first, second]), ty: Type::Bool, nullable, span })
        }
        (first, second) => first.or(second),
    }
}

/// Whether some group, or the only row, may have no value.
fn may_be_null(
    function: AggregateFunction,
    grouping: &Grouping,
    argument: Option<&Expr>,
    filter: Option<&Expr>,
) -> bool {
    match function {
        AggregateFunction::Count => false,
        AggregateFunction::Variance | AggregateFunction::StandardDeviation => true,
        AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::Any
        | AggregateFunction::All => {
            !grouping.keyed || filter.is_some() || argument.is_some_and(|argument| argument.nullable)
        }
    }
}

fn misplaced(name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::MISPLACED_AGGREGATE, format!("the aggregate `{name}` has no group here"))
        .label(span, "aggregates belong in the items of `group` and `aggregate`");
    match name {
        "min" => diagnostic.help("the least of several values of a row is `least(a, b)`"),
        "max" => diagnostic.help("the greatest of several values of a row is `greatest(a, b)`"),
        _ => diagnostic
            .help(format!("for one value of all rows: `let all = table | aggregate v = {name}(...)`, read as `all.v`")),
    }
}
