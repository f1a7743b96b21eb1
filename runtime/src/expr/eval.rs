//! The host evaluator: one expression on one row.
//!
//! Constant folding, functions over dictionary values and host stages use it, so that each semantics is written once. It
//! follows the language's rules and, where they are silent, DuckDB's.

mod append;
mod arithmetic;
mod bytes;
mod cast;
mod function;
mod integers;
mod math;
mod parse;
mod regex;
mod text;
mod time;
mod time_format;
mod time_text;

pub use append::{Row, append_text};
pub use cast::cast;
pub(super) use cast::rescale;
pub use math::power_of_ten;
pub(crate) use parse::{BLANKS, trimmed};
pub use regex::{regex_problem, replacement_problem};
pub use time_format::{FormatProblem, format_problem};

use super::{ColumnId, CompareOp, Expr, ExprKind, Function, Scalar};
use crate::types::Type;
use arithmetic::{arithmetic, negate};
use std::cmp::Ordering;

/// Why a value cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The result does not fit its type.
    #[error("overflow of {ty}")]
    Overflow {
        /// The type of the result.
        ty: Type,
    },
    /// The value is none of the target type.
    #[error("cannot cast `{value}` from {from} to {to}")]
    Cast {
        /// The value as text.
        value: String,
        /// Its type.
        from: Type,
        /// The target.
        to: Type,
    },
    /// A regular expression does not parse.
    #[error("invalid regular expression `{pattern}`")]
    Regex {
        /// The expression.
        pattern: String,
    },
    /// An argument that the function does not take, such as an unknown unit of time.
    #[error("{function}: {problem}", function = function.name())]
    Argument {
        /// The function.
        function: Function,
        /// What is wrong.
        problem: String,
    },
    /// A function would make a text of more than [`MAX_TEXT_BYTES`].
    #[error("the text would be longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// It is known only while the program runs: a parameter, a cell of a shared plan or a host table.
    #[error("not known on the host")]
    NotConstant,
    /// The expression breaks the typing rules: a bug in DJ.
    #[error("not evaluable: {what}")]
    Unsupported {
        /// What was met.
        what: String,
    },
}

/// The most bytes of a text that a function makes longer than its arguments: a slip in a length or a text that doubles in
/// every step must not take all memory. Texts that are read may be longer.
pub const MAX_TEXT_BYTES: usize = 1 << 26;

/// A value and its type.
struct Value {
    scalar: Scalar,
    ty: Type,
}

/// The value of the expression where `column` gives the columns' values.
///
/// Operands are evaluated only where their value can matter: `case`, `and`, `or` and `??` stop early, and so raise no error
/// of a later operand.
pub fn eval(expr: &Expr, column: &mut dyn FnMut(ColumnId) -> Scalar) -> Result<Scalar, EvalError> {
    match &expr.kind {
        ExprKind::Column(id) => Ok(column(*id)),
        ExprKind::Literal(value) => Ok(value.clone()),
        ExprKind::Param(_) | ExprKind::Cell { .. } => Err(EvalError::NotConstant),
        ExprKind::Table { table, .. } => match *table {},
        ExprKind::Negate(operand) => strict(eval_value(operand, column)?, |value| negate(&value, expr.ty)),
        ExprKind::Not(operand) => Ok(match eval(operand, column)? {
            Scalar::Bool(value) => Scalar::Bool(!value),
            Scalar::Null | Scalar::Int(_) | Scalar::Float(_) | Scalar::Str(_) => Scalar::Null,
        }),
        ExprKind::Arithmetic(op, left, right) => {
            let (left, right) = (eval_value(left, column)?, eval_value(right, column)?);
            if left.scalar.is_null() || right.scalar.is_null() {
                return Ok(Scalar::Null);
            }
            arithmetic(*op, &left, &right, expr.ty)
        }
        ExprKind::Compare(op, left, right) => {
            let (left, right) = (eval_value(left, column)?, eval_value(right, column)?);
            Ok(compared(*op, &left, &right))
        }
        ExprKind::And(operands) => eval_junction(operands, false, column),
        ExprKind::Or(operands) => eval_junction(operands, true, column),
        ExprKind::IsNull(operand) => Ok(Scalar::Bool(eval(operand, column)?.is_null())),
        ExprKind::Coalesce(operands) => {
            for operand in operands {
                let value = eval(operand, column)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Ok(Scalar::Null)
        }
        ExprKind::Case { arms, otherwise } => eval_case(arms, otherwise.as_deref(), column),
        ExprKind::InList { operand, list } => Ok(in_list(&eval_value(operand, column)?, list)),
        ExprKind::Like { operand, pattern } => {
            strict(eval_value(operand, column)?, |value| Ok(Scalar::Bool(text::like(value.to_text()?, pattern))))
        }
        ExprKind::Cast { operand, or_null } => {
            let value = eval_value(operand, column)?;
            match cast(&value.scalar, value.ty, expr.ty) {
                Err(EvalError::Cast { .. }) if *or_null => Ok(Scalar::Null),
                result => result,
            }
        }
        ExprKind::Call(function, arguments) => {
            let values =
                arguments.iter().map(|argument| eval_value(argument, column)).collect::<Result<Vec<_>, _>>()?;
            call(*function, &values, expr.ty)
        }
    }
}

/// The value of an expression without columns; an error where it has one.
pub fn eval_constant(expr: &Expr) -> Result<Scalar, EvalError> {
    if !expr.columns().is_empty() {
        return Err(EvalError::NotConstant);
    }
    eval(expr, &mut |_| Scalar::Null)
}

/// The order of two values: numbers by value across widths and scales, NaN equal to itself and above all others, −0.0
/// equal to 0.0, text bytewise, false before true. None if one is null or they have no order.
pub fn compare(left: &Scalar, left_type: Type, right: &Scalar, right_type: Type) -> Option<Ordering> {
    match (left, right) {
        (Scalar::Bool(a), Scalar::Bool(b)) => Some(a.cmp(b)),
        (Scalar::Str(a), Scalar::Str(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Scalar::Float(a), Scalar::Float(b)) => Some(float_order(*a, *b)),
        (Scalar::Int(a), Scalar::Int(b)) => {
            let scale = left_type.scale().max(right_type.scale());
            Some(cast::rescale(*a, left_type.scale(), scale)?.cmp(&cast::rescale(*b, right_type.scale(), scale)?))
        }
        (Scalar::Int(a), Scalar::Float(b)) => Some(float_order(float_of(*a, left_type, Type::F64), *b)),
        (Scalar::Float(a), Scalar::Int(b)) => Some(float_order(*a, float_of(*b, right_type, Type::F64))),
        (Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::Str(_), _) => None,
    }
}

fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn eval_value(expr: &Expr, column: &mut dyn FnMut(ColumnId) -> Scalar) -> Result<Value, EvalError> {
    Ok(Value { scalar: eval(expr, column)?, ty: expr.ty })
}

fn strict(value: Value, compute: impl FnOnce(Value) -> Result<Scalar, EvalError>) -> Result<Scalar, EvalError> {
    if value.scalar.is_null() { Ok(Scalar::Null) } else { compute(value) }
}

fn compared(op: CompareOp, left: &Value, right: &Value) -> Scalar {
    compare(&left.scalar, left.ty, &right.scalar, right.ty).map_or(Scalar::Null, |order| Scalar::Bool(op.holds(order)))
}

/// `and` with `decisive` false, `or` with `decisive` true.
fn eval_junction(
    operands: &[Expr],
    decisive: bool,
    column: &mut dyn FnMut(ColumnId) -> Scalar,
) -> Result<Scalar, EvalError> {
    let mut result = Scalar::Bool(!decisive);
    for operand in operands {
        match eval(operand, column)? {
            Scalar::Bool(value) if value == decisive => return Ok(Scalar::Bool(decisive)),
            Scalar::Null => result = Scalar::Null,
            Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::Str(_) => {}
        }
    }
    Ok(result)
}

fn eval_case(
    arms: &[(Expr, Expr)],
    otherwise: Option<&Expr>,
    column: &mut dyn FnMut(ColumnId) -> Scalar,
) -> Result<Scalar, EvalError> {
    for (condition, value) in arms {
        if eval(condition, column)? == Scalar::Bool(true) {
            return eval(value, column);
        }
    }
    otherwise.map_or(Ok(Scalar::Null), |value| eval(value, column))
}

fn in_list(value: &Value, list: &[Scalar]) -> Scalar {
    if value.scalar.is_null() {
        return Scalar::Null;
    }
    let mut result = Scalar::Bool(false);
    for item in list {
        match compare(&value.scalar, value.ty, item, value.ty) {
            Some(Ordering::Equal) => return Scalar::Bool(true),
            None => result = Scalar::Null,
            Some(Ordering::Less | Ordering::Greater) => {}
        }
    }
    result
}

fn call(function: Function, arguments: &[Value], ty: Type) -> Result<Scalar, EvalError> {
    if !function.skips_nulls() && arguments.iter().any(|argument| argument.scalar.is_null()) {
        return Ok(Scalar::Null);
    }
    function::call(function, arguments, ty)
}

/// A scaled integer of type `from` as a float of type `to`.
fn float_of(number: i128, from: Type, to: Type) -> f64 {
    match (from.scale(), to) {
        (0, Type::F32) => f64::from(number as f32),
        (0, _) => number as f64,
        (scale, _) => round_float(decimal_to_f64(number, scale), to),
    }
}

/// The float that is nearest to an integer over a power of ten.
pub fn decimal_to_f64(number: i128, scale: u8) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if number.unsigned_abs() <= EXACT && scale <= 22 {
        return number as f64 / 10_f64.powi(scale.into());
    }
    // Divided as floats it would be rounded twice; reading rounds once.
    let text = format!("{number}e-{scale}");
    text.parse().unwrap_or_else(|_| unreachable!("`{text}` is a number"))
}

/// The nearest float of the type.
fn round_float(number: f64, ty: Type) -> f64 {
    if ty == Type::F32 { f64::from(number as f32) } else { number }
}

/// The quotient rounded half away from zero, of a positive divisor.
pub(super) fn rounded_quotient(number: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (number / divisor, number % divisor);
    quotient + if remainder.abs() * 2 >= divisor { number.signum() } else { 0 }
}

#[cfg(test)]
mod tests;
