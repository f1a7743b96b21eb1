//! `??`, `case` and casts.

use super::builder::Builder;
use super::codes;
use super::literals::untyped_null;
use super::operators::mismatch;
use super::relation::Scope;
use super::types::{NoCommonType, common_type};
use super::values::{Open, Value};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, ExprKind};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// The type that all values have in common; `what` wants it.
    pub(super) fn unify(&mut self, what: &str, values: &[&Value], span: Span) -> Option<Type> {
        match common_type(values) {
            Ok(ty) => Some(ty),
            Err(NoCommonType::AllNull) => {
                self.report(untyped_null(span));
                None
            }
            Err(NoCommonType::Mismatch(first, second)) => {
                self.report(mismatch(what, values[first], values[second]));
                None
            }
        }
    }

    /// `a ?? b ?? c`: all operands of a chain meet at once, so that a literal takes the type of whichever of them has one.
    pub(super) fn alternatives(
        &mut self,
        scope: &Scope<'_, 'a>,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        span: Span,
    ) -> Option<Value> {
        let (mut operands, mut rest) = (vec![], vec![right, left]);
        while let Some(operand) = rest.pop() {
            if let ast::ExprKind::Binary(op, left, right) = &operand.kind
                && op.node == ast::BinaryOp::Coalesce
            {
                rest.extend([right.as_ref(), left.as_ref()]);
            } else {
                operands.push(operand);
            }
        }
        let values: Vec<Option<Value>> = operands.into_iter().map(|operand| self.expr(scope, operand)).collect();
        self.coalesce(values.into_iter().collect::<Option<_>>()?, span)
    }

    pub(super) fn coalesce(&mut self, values: Vec<Value>, span: Span) -> Option<Value> {
        let ty = self.unify("`??`", &values.iter().collect::<Vec<_>>(), span)?;
        let mut operands = Vec::new();
        for value in values {
            let operand = value.convert(ty);
            if let ExprKind::Coalesce(inner) = operand.kind {
                operands.extend(inner);
            } else {
                operands.push(operand);
            }
        }
        let nullable = operands.iter().all(|operand| operand.nullable);
        Some(Value::typed(Expr { kind: ExprKind::Coalesce(operands), ty, nullable, span }))
    }

    pub(super) fn case(
        &mut self,
        scope: &Scope<'_, 'a>,
        arms: &'a [(ast::Expr, ast::Expr)],
        otherwise: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Value> {
        let arms: Vec<_> = arms.iter().map(|(c, v)| (self.condition(scope, c), self.expr(scope, v))).collect();
        let otherwise = match otherwise {
            Some(value) => Some(self.expr(scope, value)?),
            None => None,
        };
        let arms: Vec<(Expr, Value)> = arms.into_iter().map(|(c, v)| Some((c?, v?))).collect::<Option<_>>()?;
        let values: Vec<&Value> = arms.iter().map(|(_, value)| value).chain(&otherwise).collect();
        let ty = self.unify("`case`", &values, span)?;
        let arms: Vec<(Expr, Expr)> = arms.into_iter().map(|(c, v)| (c, v.convert(ty))).collect();
        let otherwise = otherwise.map(|value| Box::new(value.convert(ty)));
        let nullable = otherwise.as_ref().is_none_or(|value| value.nullable) || arms.iter().any(|(_, v)| v.nullable);
        Some(Value::typed(Expr { kind: ExprKind::Case { arms, otherwise }, ty, nullable, span }))
    }

    pub(super) fn cast(
        &mut self,
        scope: &Scope<'_, 'a>,
        operand: &'a ast::Expr,
        ty: &'a ast::TypeExpr,
        fallible: bool,
        span: Span,
    ) -> Option<Value> {
        let (value, to) = (self.expr(scope, operand), self.type_named(ty));
        let (value, to) = (value?, to?);
        if ty.nullable {
            self.report(
                Diagnostic::error(codes::UNKNOWN_TYPE, "a cast keeps nulls as they are")
                    .label(ty.span, "no `?` belongs here")
                    .help(format!("write `as {to}`, or `as? {to}` for null where the cast fails")),
            );
            return None;
        }
        if let Some(scalar) = value.open.scalar_of(to) {
            return Some(Value::typed(Expr::literal(scalar, to, span)));
        }
        let exact = matches!(value.open, Open::Integer(_)) && to.is_numeric();
        if exact && !fallible {
            self.report(super::builder::literal_range(&value, to));
            return None;
        }
        let value = self.settle(value)?;
        if value.ty == to {
            return Some(Value::typed(Expr { span, ..value }));
        }
        if !castable(value.ty, to) {
            self.report(no_such_cast(&value, to));
            return None;
        }
        let nullable = value.nullable || fallible;
        let kind = ExprKind::Cast { operand: Box::new(value), or_null: fallible };
        Some(Value::typed(Expr { kind, ty: to, nullable, span }))
    }
}

/// Whether `as` converts between two different types.
fn castable(from: Type, to: Type) -> bool {
    if from == Type::Str || to == Type::Str {
        return true;
    }
    let times = [Type::Date, Type::Timestamp];
    (from.is_numeric() && to.is_numeric())
        || (from == Type::Bool && (to.is_integer() || to.is_float()))
        || (times.contains(&from) && times.contains(&to))
}

fn no_such_cast(value: &Expr, to: Type) -> Diagnostic {
    let from = value.ty;
    let diagnostic = Diagnostic::error(codes::NO_SUCH_CAST, format!("there is no cast from {from} to {to}"))
        .label(value.span, format!("this is {from}"));
    if to == Type::Bool {
        return diagnostic.help("compare it: `x != 0`");
    }
    let help = match (from, to) {
        (Type::Date, _) => "for days since 1970, write `x - @1970-01-01`",
        (Type::Timestamp, _) => "for seconds since 1970, write `epoch(x)`",
        (_, Type::Timestamp) => "a timestamp from seconds since 1970 is `from_epoch(x)`",
        (_, Type::Date) => "a date from seconds since 1970 is `from_epoch(x) as date`",
        _ => return diagnostic,
    };
    diagnostic.help(help)
}
