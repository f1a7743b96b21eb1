//! Arithmetic with dates, timestamps, durations and calendar intervals.

use super::builder::Builder;
use super::codes;
use super::literals::misplaced_interval;
use super::values::{Open, Value, cast_to};
use dj_grammar::{Diagnostic, Span};
use dj_runtime::expr::calendar::MICROS_PER_DAY;
use dj_runtime::expr::{ArithmeticOp, Expr, ExprKind, Function, Scalar};
use dj_runtime::types::Type;

/// Microseconds of a day.
pub(super) const DAY: i128 = MICROS_PER_DAY as i128;

impl Builder<'_> {
    /// `left op right`, of which at least one is a time or a length of time.
    pub(super) fn temporal_arithmetic(
        &mut self,
        op: ArithmeticOp,
        left: Value,
        right: Value,
        span: Span,
    ) -> Option<Value> {
        let result = match op {
            ArithmeticOp::Add if is_length(&left) && !is_length(&right) => shift(op, right.clone(), left.clone(), span),
            ArithmeticOp::Add => shift(op, left.clone(), right.clone(), span),
            ArithmeticOp::Subtract => {
                difference(&left, &right, span).or_else(|| shift(op, left.clone(), right.clone(), span))
            }
            ArithmeticOp::Multiply
            | ArithmeticOp::Divide
            | ArithmeticOp::FloorDivide
            | ArithmeticOp::Modulo
            | ArithmeticOp::Power => None,
        };
        if result.is_none() {
            self.report(no_temporal(op, &left, &right));
        }
        result.map(Value::typed)
    }
}

impl Builder<'_> {
    /// `date_add(time, by)`: `time + by`; an integer is a number of days after a date.
    pub(super) fn date_add(&mut self, values: Vec<Value>, span: Span) -> Option<Value> {
        let [time, by] = <[Value; 2]>::try_from(values).ok()?;
        let is_integer = matches!(by.open, Open::No | Open::Integer(_)) && by.expr.ty.is_integer();
        if time.known_type() == Some(Type::Date) && is_integer {
            let days = by.convert(Type::I32);
            return Some(Value::typed(arithmetic(ArithmeticOp::Add, time.expr, days, Type::Date, span)));
        }
        self.temporal_arithmetic(ArithmeticOp::Add, time, by, span)
    }
}

impl Builder<'_> {
    /// `time_bucket(width, time)`, of a width that is a literal: the bucket of a date is a date, whatever its width.
    pub(super) fn time_bucket(&mut self, values: Vec<Value>, span: Span) -> Option<Value> {
        let [width, time] = <[Value; 2]>::try_from(values).ok()?;
        let literal = match (width.open, width.expr.as_literal()) {
            (Open::Months(months), _) => Some((months.into(), Type::I64)),
            (Open::No, Some(Scalar::Int(micros))) if width.expr.ty == Type::Duration => Some((*micros, Type::Duration)),
            _ => None,
        };
        let Some((count, ty)) = literal.filter(|(count, _)| *count > 0) else {
            let message = "`time_bucket` takes a width that is a literal and not zero";
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, message).label(width.span(), "such as `15min`, `7d` or `3mo`"),
            );
            return None;
        };
        let from = time.known_type().filter(|ty| matches!(ty, Type::Date | Type::Timestamp));
        let Some(from) = from else {
            let found = time.type_text();
            let message = format!("`time_bucket` takes a date or a timestamp here, not {found}");
            self.report(
                Diagnostic::error(codes::ARGUMENT_TYPE, message).label(time.span(), format!("this is {found}")),
            );
            return None;
        };
        let (nullable, width) = (time.expr.nullable, Expr::literal(Scalar::Int(count), ty, width.span()));
        let in_days = ty == Type::I64;
        let time = if in_days { time.expr } else { cast_to(time.expr, Type::Timestamp) };
        let ty = time.ty;
        let bucket = build(ExprKind::Call(Function::TimeBucket, vec![width, time]), ty, nullable, span);
        Some(Value::typed(cast_to(bucket, from)))
    }
}

/// Whether it is a duration or a calendar interval.
fn is_length(value: &Value) -> bool {
    value.known_type() == Some(Type::Duration) || matches!(value.open, Open::Months(_))
}

fn build(kind: ExprKind, ty: Type, nullable: bool, span: Span) -> Expr {
    Expr { kind, ty, nullable, span }
}

fn arithmetic(op: ArithmeticOp, left: Expr, right: Expr, ty: Type, span: Span) -> Expr {
    let nullable = left.nullable || right.nullable;
    build(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, nullable, span)
}

/// A time, or a duration, moved by a length of time.
fn shift(op: ArithmeticOp, time: Value, by: Value, span: Span) -> Option<Expr> {
    let ty = time.known_type()?;
    if let Open::Months(months) = by.open {
        let months = if op == ArithmeticOp::Subtract { -months } else { months };
        let literal = Expr::literal(Scalar::Int(i128::from(months)), Type::I64, by.span());
        return matches!(ty, Type::Date | Type::Timestamp).then(|| add_months(time.expr, literal, span));
    }
    let by = if by.is_null() { by.convert(Type::Duration) } else { by.expr };
    if by.ty != Type::Duration {
        return None;
    }
    match (ty, by.as_literal()) {
        (Type::Date, Some(Scalar::Int(micros))) if micros % DAY == 0 => {
            let days = Expr::literal(Scalar::Int(micros / DAY), Type::I32, by.span);
            Some(arithmetic(op, time.expr, days, Type::Date, span))
        }
        (Type::Date | Type::Timestamp, _) => {
            Some(arithmetic(op, cast_to(time.expr, Type::Timestamp), by, Type::Timestamp, span))
        }
        (Type::Duration, _) => Some(arithmetic(op, time.expr, by, Type::Duration, span)),
        _ => None,
    }
}

/// `date_add(time, months)`
pub(super) fn add_months(time: Expr, months: Expr, span: Span) -> Expr {
    let (ty, nullable) = (time.ty, time.nullable || months.nullable);
    build(ExprKind::Call(Function::AddMonths, vec![time, months]), ty, nullable, span)
}

/// The time between two: days between dates, a duration between timestamps.
fn difference(left: &Value, right: &Value, span: Span) -> Option<Expr> {
    let op = ArithmeticOp::Subtract;
    let (left, right) = (left.known_type().map(|_| &left.expr)?, right.known_type().map(|_| &right.expr)?);
    match (left.ty, right.ty) {
        (Type::Date, Type::Date) => Some(arithmetic(op, left.clone(), right.clone(), Type::I64, span)),
        (Type::Date | Type::Timestamp, Type::Date | Type::Timestamp) => {
            let moment = |expr: &Expr| cast_to(expr.clone(), Type::Timestamp);
            Some(arithmetic(op, moment(left), moment(right), Type::Duration, span))
        }
        _ => None,
    }
}

fn no_temporal(op: ArithmeticOp, left: &Value, right: &Value) -> Diagnostic {
    for side in [left, right] {
        if let Open::Months(_) = side.open {
            return misplaced_interval(side.span());
        }
    }
    let symbol = op.symbol();
    let (a, b) = (left.type_text(), right.type_text());
    let diagnostic = Diagnostic::error(codes::NO_SUCH_OPERATOR, format!("`{symbol}` is not defined for {a} and {b}"))
        .label(left.span(), format!("this is {a}"))
        .label(right.span(), format!("this is {b}"));
    match right.open {
        Open::Integer(count) if matches!(op, ArithmeticOp::Add | ArithmeticOp::Subtract) => {
            diagnostic.help(format!("say which unit: `{count}d`, `{count}h`, `{count}min`, `{count}s`"))
        }
        Open::Integer(_) | Open::No | Open::Fraction(_) | Open::Null | Open::Months(_) => {
            diagnostic.help("a time can be moved by a duration (`t + 90d`), and two times can be subtracted")
        }
    }
}
