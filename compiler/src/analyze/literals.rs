//! Expressions: the dispatch over their forms, and literals.

use super::builder::Builder;
use super::codes;
use super::relation::Scope;
use super::types::literal_type;
use super::values::{Fraction, Open, Value};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// The value of an expression; `None` if something in it is wrong, which has been reported.
    pub(super) fn expr(&mut self, scope: &Scope<'_, 'a>, expr: &'a ast::Expr) -> Option<Value> {
        let span = expr.span;
        self.check_expansion(scope.env, span)?;
        match &expr.kind {
            ast::ExprKind::Literal(literal) => self.literal(literal, span),
            ast::ExprKind::Name(name) => self.name(scope, name, span),
            ast::ExprKind::Qualified { qualifier, name } => self.qualified(scope, qualifier, name),
            ast::ExprKind::Call { name, arguments, filter } => {
                self.call(scope, name, arguments, filter.as_deref(), span)
            }
            ast::ExprKind::Unary(op, operand) => self.unary(scope, *op, operand, span),
            ast::ExprKind::Binary(op, left, right) => self.binary(scope, op, left, right, span),
            ast::ExprKind::IsNull { operand, negated } => {
                let operand = self.expr(scope, operand)?;
                let operand = if operand.is_null() { operand.expr } else { self.settle(operand)? };
                let kind = ExprKind::IsNull(Box::new(operand));
                let test = Expr { kind, ty: Type::Bool, nullable: false, span };
                Some(Value::typed(negate_if(*negated, test)))
            }
            ast::ExprKind::InList { operand, list, negated } => {
                let test = self.in_list(scope, operand, list, span)?;
                Some(Value::typed(negate_if(*negated, test)))
            }
            ast::ExprKind::InRange { operand, lo, hi, negated } => {
                let test = self.in_range(scope, operand, lo, hi, span)?;
                Some(Value::typed(negate_if(*negated, test)))
            }
            ast::ExprKind::Like { operand, pattern, negated } => {
                let test = self.like(scope, operand, pattern, span)?;
                Some(Value::typed(negate_if(*negated, test)))
            }
            ast::ExprKind::Case { arms, otherwise } => self.case(scope, arms, otherwise.as_deref(), span),
            ast::ExprKind::Cast { operand, ty, fallible } => self.cast(scope, operand, ty, *fallible, span),
        }
    }

    fn literal(&mut self, literal: &ast::Literal, span: Span) -> Option<Value> {
        let typed = |scalar, ty| Some(Value::typed(Expr::literal(scalar, ty, span)));
        match literal {
            ast::Literal::Null => Some(Value::open(Open::Null, span)),
            ast::Literal::Bool(value) => typed(Scalar::Bool(*value), Type::Bool),
            ast::Literal::Text(text) => typed(Scalar::str(text), Type::Str),
            ast::Literal::Date(days) => typed(Scalar::Int(i128::from(*days)), Type::Date),
            ast::Literal::Timestamp(micros) => typed(Scalar::Int(i128::from(*micros)), Type::Timestamp),
            ast::Literal::Duration(micros) => typed(Scalar::Int(i128::from(*micros)), Type::Duration),
            ast::Literal::Months(months) => Some(Value::open(Open::Months(*months), span)),
            ast::Literal::Integer(digits) => {
                // A minus sign may follow, so the magnitude of the least i64 passes here.
                let value = digits.parse::<i128>().ok().filter(|value| u64::try_from(*value).is_ok());
                if value.is_none() {
                    self.report(
                        Diagnostic::error(codes::LITERAL_RANGE, "the literal is larger than any integer type holds")
                            .label(span, "the largest integer is 18446744073709551615")
                            .help("write it with a fraction, `1.0`, to make it f64"),
                    );
                }
                value.map(|value| Value::open(Open::Integer(value), span))
            }
            ast::Literal::Fraction(text) => Some(Value::open(Open::Fraction(fraction(text)), span)),
            ast::Literal::Float(text) => Some(Value::open(Open::Fraction(float(text)), span)),
        }
    }

    /// The expression of a value whose type nothing else decides.
    pub(super) fn settle(&mut self, value: Value) -> Option<Expr> {
        let span = value.span();
        match value.open {
            Open::No => Some(value.expr),
            Open::Null => {
                self.report(untyped_null(span));
                None
            }
            Open::Months(_) => {
                self.report(misplaced_interval(span));
                None
            }
            Open::Integer(_) | Open::Fraction(_) => {
                if let Some(ty) = literal_type(value.open) {
                    return Some(value.convert(ty));
                }
                self.report(
                    Diagnostic::error(codes::LITERAL_RANGE, "the literal does not fit i64").label(span, "out of range"),
                );
                None
            }
        }
    }

    /// An expression whose type nothing else decides.
    pub(super) fn settled(&mut self, scope: &Scope<'_, 'a>, expr: &'a ast::Expr) -> Option<Expr> {
        let value = self.expr(scope, expr)?;
        self.settle(value)
    }

    /// An expression that must be bool.
    pub(super) fn condition(&mut self, scope: &Scope<'_, 'a>, expr: &'a ast::Expr) -> Option<Expr> {
        let value = self.expr(scope, expr)?;
        self.as_condition(value)
    }

    /// A value that must be bool.
    pub(super) fn as_condition(&mut self, value: Value) -> Option<Expr> {
        if value.is_null() || value.known_type() == Some(Type::Bool) {
            return Some(value.convert(Type::Bool));
        }
        let mut diagnostic = Diagnostic::error(codes::NOT_A_CONDITION, "a condition must be bool")
            .label(value.span(), format!("this is {}", value.type_text()));
        if value.expr.ty.is_numeric() {
            diagnostic = diagnostic.help(format!("compare it: `{} != 0`", self.text(value.span())));
        }
        self.report(diagnostic);
        None
    }
}

/// `not test`, if negated.
fn negate_if(negated: bool, test: Expr) -> Expr {
    if !negated {
        return test;
    }
    let (nullable, span) = (test.nullable, test.span);
    Expr { kind: ExprKind::Not(Box::new(test)), ty: Type::Bool, nullable, span }
}

fn fraction(text: &str) -> Fraction {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let unscaled = format!("{whole}{part}").parse::<i128>().ok();
    let scale = u8::try_from(part.len()).ok().filter(|scale| *scale <= dj_runtime::types::MAX_PRECISION);
    Fraction { decimal: unscaled.zip(scale), ..float(text) }
}

/// A literal that is no decimal, whatever it meets.
fn float(text: &str) -> Fraction {
    let (double, single) = (text.parse().unwrap_or(f64::NAN), text.parse().unwrap_or(f32::NAN));
    Fraction { decimal: None, is_float: text.contains(['e', 'E']), double, single }
}

/// A null whose type nothing says.
pub(super) fn untyped_null(span: Span) -> Diagnostic {
    Diagnostic::error(codes::UNTYPED_NULL, "the type of this null is not known")
        .label(span, "nothing says its type")
        .help("say it: `null as i64`")
}

/// A calendar interval that is not added to a date.
pub(super) fn misplaced_interval(span: Span) -> Diagnostic {
    Diagnostic::error(codes::MISPLACED_INTERVAL, "months and years have no fixed length")
        .label(span, "can only be added to a date or a timestamp, or taken from one")
        .help("write it next to the date: `day + 3mo`")
        .help("for a fixed length, write days: `90d`")
}
