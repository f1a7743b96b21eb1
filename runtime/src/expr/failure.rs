//! Whether computing an expression can fail: overflow, a cast, a function's own rule.

use super::eval::regex_problem;
use super::interval::{Interval, Known, Origin, unchecked};
use super::{ColumnId, Expr, ExprKind, Form, Function, MAX_TEXT_BYTES};
use crate::types::Type;

/// Characters that no text has too many bytes with.
const MAX_PADDED: i128 = (MAX_TEXT_BYTES / 4) as i128;

/// Whether a node can raise a status by itself, its operands aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It cannot, if the bounds of this origin hold.
    Impossible(Origin),
    /// It may.
    Possible,
}

/// Whether computing the node can overflow or fail otherwise, with operands computed.
pub fn failure<F: Form>(expr: &Expr<F>, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Failure {
    failure_within(expr, &Known::new(column))
}

/// [`failure`] of a part of the expression that `known` is about.
pub(super) fn failure_within<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Failure {
    match &expr.kind {
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. }
        | ExprKind::InList { .. }
        | ExprKind::Like { .. }
        | ExprKind::Cast { or_null: true, .. } => Failure::Impossible(Origin::Proven),
        ExprKind::Cell { .. } | ExprKind::Table { .. } => Failure::Possible,
        ExprKind::Negate(_) | ExprKind::Arithmetic(..) => overflow(expr, known),
        ExprKind::Cast { operand, .. } => cast_failure(expr, F::written(operand.ty), known),
        ExprKind::Call(function, arguments) => call_failure(expr, *function, arguments, known),
    }
}

/// Floats never overflow into an error, casts aside; integral results do unless their bounds fit the type.
fn overflow<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Failure {
    let Some(range) = Interval::of_type(F::written(expr.ty)) else { return Failure::Impossible(Origin::Proven) };
    match unchecked(expr, known) {
        Some(bounds) if bounds.within(range) => Failure::Impossible(bounds.origin),
        Some(_) | None => Failure::Possible,
    }
}

fn cast_failure<F: Form>(expr: &Expr<F>, from: Type, known: &Known<'_>) -> Failure {
    let (never, always) = (Failure::Impossible(Origin::Proven), Failure::Possible);
    match (from, F::written(expr.ty)) {
        (_, Type::Str) => never,
        (Type::Str, _) => always,
        (_, Type::Bool | Type::F64) => never,
        // A number beyond the largest f32 would become infinite.
        (Type::F64, Type::F32) => always,
        (_, Type::F32) => never,
        (
            _,
            Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::Date
            | Type::Timestamp
            | Type::Duration
            | Type::Decimal { .. },
        ) => overflow(expr, known),
    }
}

fn call_failure<F: Form>(expr: &Expr<F>, function: Function, arguments: &[Expr<F>], known: &Known<'_>) -> Failure {
    let literal = |at: usize| arguments.get(at).and_then(Expr::as_literal);
    let literal_text = |at: usize| literal(at).and_then(F::text);
    let safe = match function {
        Function::Abs
        | Function::Sign
        | Function::Round
        | Function::Floor
        | Function::Ceil
        | Function::Trunc
        | Function::Clip
        | Function::DateTrunc
        | Function::DateDiff
        | Function::AddMonths
        | Function::FromEpoch => return overflow(expr, known),
        Function::Matches | Function::Extract => literal_text(1).is_some_and(|regex| regex_problem(regex).is_none()),
        Function::Lpad | Function::Rpad => {
            let is_short = literal(1).and_then(F::integer).is_some_and(|length| length <= MAX_PADDED);
            is_short && literal_text(2).is_some_and(|fill| !fill.is_empty())
        }
        Function::Sqrt | Function::Cbrt | Function::Exp | Function::Ln | Function::Log2 | Function::Log10 => true,
        Function::Sin | Function::Cos | Function::Tan | Function::Asin | Function::Acos | Function::Atan => true,
        Function::Atan2 | Function::Sinh | Function::Cosh | Function::Tanh | Function::Pow => true,
        Function::Least | Function::Greatest | Function::IsNan | Function::IsFinite | Function::Length => true,
        Function::Lower | Function::Upper | Function::Trim | Function::Ltrim | Function::Rtrim => true,
        Function::Substr | Function::StartsWith | Function::EndsWith | Function::Contains | Function::Replace => true,
        Function::SplitPart | Function::Concat | Function::Reverse => true,
        Function::Year | Function::Quarter | Function::Month | Function::Day | Function::Hour => true,
        Function::Minute | Function::Second | Function::Weekday | Function::DayOfYear | Function::Week => true,
        Function::BitAnd | Function::BitOr | Function::BitXor | Function::BitNot => true,
        Function::Epoch => true,
    };
    if safe { Failure::Impossible(Origin::Proven) } else { Failure::Possible }
}
