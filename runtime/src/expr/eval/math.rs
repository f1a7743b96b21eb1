//! Functions of numbers.

use super::arithmetic::checked;
use super::cast::{int_power_of_ten, rescale};
use super::function::Arguments;
use super::{EvalError, Value, cast, compare, float_of, round_float, rounded_quotient};
use crate::expr::Scalar;
use crate::types::Type;
use std::cmp::Ordering;

/// The least or the greatest of the arguments that are not null.
pub(super) fn extreme(arguments: &Arguments<'_>, ty: Type, wanted: Ordering) -> Result<Scalar, EvalError> {
    let mut best: Option<&Value> = None;
    for argument in arguments.values.iter().filter(|argument| !argument.scalar.is_null()) {
        if best.is_none_or(|best| order(argument, best) == Some(wanted)) {
            best = Some(argument);
        }
    }
    best.map_or(Ok(Scalar::Null), |best| cast(&best.scalar, best.ty, ty))
}

/// `least(greatest(x, lo), hi)`
pub(super) fn clip(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (value, lo, hi) = (arguments.get(0)?, arguments.get(1)?, arguments.get(2)?);
    let raised = if order(value, lo) == Some(Ordering::Less) { lo } else { value };
    let clipped = if order(raised, hi) == Some(Ordering::Greater) { hi } else { raised };
    cast(&clipped.scalar, clipped.ty, ty)
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    compare(&a.scalar, a.ty, &b.scalar, b.ty)
}

/// A float result.
pub(super) fn float(value: f64, ty: Type) -> Scalar {
    Scalar::Float(round_float(value, ty))
}

/// The next even number away from zero, or the number itself.
pub(super) fn even(value: f64) -> f64 {
    ((value.abs().ceil() / 2.0).ceil() * 2.0).copysign(value)
}

/// A test of a float; other numbers answer as floats would.
pub(super) fn test(arguments: &Arguments<'_>, test: fn(f64) -> bool) -> Result<Scalar, EvalError> {
    Ok(Scalar::Bool(test(arguments.get(0)?.to_float(Type::F64)?)))
}

/// `|x|`
pub(super) fn abs(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let value = arguments.get(0)?;
    match &value.scalar {
        Scalar::Float(number) => Ok(float(number.abs(), ty)),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Str(_) => {
            int_result(value.to_int()?.abs(), value.ty, ty)
        }
    }
}

/// −1, 0 or 1; 0 for NaN.
pub(super) fn sign(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let value = arguments.get(0)?;
    let order = compare(&value.scalar, value.ty, &Scalar::Int(0), Type::I64);
    let nan = matches!(value.scalar, Scalar::Float(number) if number.is_nan());
    let sign = match order {
        Some(Ordering::Less) => -1,
        Some(Ordering::Greater) if !nan => 1,
        Some(Ordering::Equal | Ordering::Greater) | None => 0,
    };
    cast(&Scalar::Int(sign), Type::I8, ty)
}

/// `floor`, `ceil` and `trunc`.
pub(super) fn whole(
    value: &Value,
    ty: Type,
    of_float: fn(f64) -> f64,
    of_int: fn(i128, i128) -> i128,
) -> Result<Scalar, EvalError> {
    match &value.scalar {
        Scalar::Float(number) => Ok(float(of_float(*number), ty)),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Str(_) => {
            let unit = int_power_of_ten(value.ty.scale());
            int_result(of_int(value.to_int()?, unit) * unit, value.ty, ty)
        }
    }
}

/// Half away from zero, at the second argument's digits after the point.
pub(super) fn round(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (value, digits) = (arguments.get(0)?, arguments.optional_int(1)?.unwrap_or(0));
    match &value.scalar {
        Scalar::Float(number) => Ok(float(round_to(*number, digits), ty)),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Str(_) => {
            let places = i128::from(value.ty.scale()) - digits;
            int_result(round_digits(value.to_int()?, places), value.ty, ty)
        }
    }
}

/// Towards zero, at the second argument's digits after the point.
pub(super) fn truncate(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (value, digits) = (arguments.get(0)?, arguments.optional_int(1)?.unwrap_or(0));
    match &value.scalar {
        Scalar::Float(number) => Ok(float(truncate_to(*number, digits), ty)),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Str(_) => {
            let (number, places) = (value.to_int()?, i128::from(value.ty.scale()) - digits);
            let kept = match u32::try_from(places) {
                Ok(places) if places <= 37 => number - number % 10_i128.pow(places),
                Err(_) if places < 0 => number,
                Ok(_) | Err(_) => 0,
            };
            int_result(kept, value.ty, ty)
        }
    }
}

/// By scaling, as DuckDB does; what is not finite on the way stays as it was.
fn truncate_to(value: f64, digits: i128) -> f64 {
    let power = power_of_ten(digits.unsigned_abs());
    let truncated = if digits > 0 { (value * power).trunc() / power } else { (value / power).trunc() * power };
    if truncated.is_finite() { truncated } else { value }
}

/// A result counted in the units of type `from`, as a `ty`.
fn int_result(value: i128, from: Type, ty: Type) -> Result<Scalar, EvalError> {
    if ty.is_float() {
        return Ok(Scalar::Float(float_of(value, from, ty)));
    }
    rescale(value, from.scale(), ty.scale()).ok_or(EvalError::Overflow { ty }).and_then(|value| checked(value, ty))
}

/// By scaling, as DuckDB does; what is not finite on the way stays as it was.
fn round_to(value: f64, digits: i128) -> f64 {
    if digits == 0 {
        return value.round();
    }
    let power = power_of_ten(digits.unsigned_abs());
    let rounded = if digits > 0 {
        (value * power).round() / power
    } else {
        // Nothing is left of a number below the digits, also where their power is infinite.
        let whole = (value / power).round();
        if whole == 0.0 { whole } else { whole * power }
    };
    if rounded.is_finite() { rounded } else { value }
}

/// The float next to ten to the power `exponent`; infinite beyond the largest.
pub fn power_of_ten(exponent: u128) -> f64 {
    const MOST: u128 = f64::MAX_10_EXP.unsigned_abs() as u128;
    if exponent > MOST {
        return f64::INFINITY;
    }
    // Repeated products would not give the nearest float beyond 10^22.
    format!("1e{exponent}").parse().unwrap_or_else(|_| unreachable!("digits with an exponent are a float"))
}

/// To a multiple of ten to the power `places`.
fn round_digits(value: i128, places: i128) -> i128 {
    match u32::try_from(places) {
        Ok(places) if places <= 37 => {
            let unit = 10_i128.pow(places);
            rounded_quotient(value, unit) * unit
        }
        Err(_) if places < 0 => value,
        Ok(_) | Err(_) => 0,
    }
}
