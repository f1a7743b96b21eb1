//! Conversions of single values between all types.

use super::parse::parse;
use super::{EvalError, float_of, round_float, rounded_quotient};
use crate::expr::Scalar;
use crate::expr::calendar::MICROS_PER_DAY;
use crate::expr::format::value_text;
use crate::types::Type;

/// The value of type `from` as a `to`.
///
/// Null stays null. Floats become integers by truncation; decimals, and floats that become decimals, are rounded half away
/// from zero; timestamps become dates by flooring. What does not fit, or does not parse, is [`EvalError::Cast`].
pub fn cast(value: &Scalar, from: Type, to: Type) -> Result<Scalar, EvalError> {
    if from == to || value.is_null() {
        return Ok(value.clone());
    }
    convert(value, from, to).ok_or_else(|| EvalError::Cast { value: value_text(value, from), from, to })
}

fn convert(value: &Scalar, from: Type, to: Type) -> Option<Scalar> {
    match value {
        Scalar::Null => Some(Scalar::Null),
        Scalar::Str(text) => parse(text, to),
        Scalar::Bool(flag) => convert_bool(*flag, to),
        Scalar::Int(number) => convert_int(*number, from, to),
        Scalar::Float(number) => convert_float(*number, from, to),
    }
}

fn convert_bool(flag: bool, to: Type) -> Option<Scalar> {
    match to {
        Type::Bool => Some(Scalar::Bool(flag)),
        Type::Str => Some(Scalar::str(if flag { "true" } else { "false" })),
        Type::F32 | Type::F64 => Some(Scalar::Float(if flag { 1.0 } else { 0.0 })),
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
        | Type::Decimal { .. } => in_range(i128::from(flag) * int_power_of_ten(to.scale()), to),
    }
}

fn convert_int(number: i128, from: Type, to: Type) -> Option<Scalar> {
    match to {
        Type::Bool => Some(Scalar::Bool(number != 0)),
        Type::Str => Some(Scalar::str(&value_text(&Scalar::Int(number), from))),
        Type::F32 | Type::F64 => Some(Scalar::Float(float_of(number, from, to))),
        Type::Timestamp if from == Type::Date => in_range(number * i128::from(MICROS_PER_DAY), to),
        Type::Date if from == Type::Timestamp => in_range(number.div_euclid(i128::from(MICROS_PER_DAY)), to),
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
        | Type::Decimal { .. } => in_range(rescale(number, from.scale(), to.scale())?, to),
    }
}

fn convert_float(number: f64, from: Type, to: Type) -> Option<Scalar> {
    match to {
        Type::Bool => Some(Scalar::Bool(number != 0.0)),
        Type::Str => Some(Scalar::str(&value_text(&Scalar::Float(number), from))),
        Type::F32 | Type::F64 => {
            let rounded = round_float(number, to);
            (rounded.is_finite() || !number.is_finite()).then_some(Scalar::Float(rounded))
        }
        Type::Decimal { scale, .. } => whole((number * 10_f64.powi(scale.into())).round(), to),
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
        | Type::Duration => whole(number.trunc(), to),
    }
}

/// A float without a fraction as an integer of the type.
fn whole(number: f64, to: Type) -> Option<Scalar> {
    // Beyond 2^100 no type holds it; below, the conversion is exact.
    (number.abs() < 2_f64.powi(100)).then_some(number as i128).and_then(|number| in_range(number, to))
}

fn in_range(number: i128, to: Type) -> Option<Scalar> {
    let (lo, hi) = to.integer_range()?;
    (lo..=hi).contains(&number).then_some(Scalar::Int(number))
}

pub(super) fn int_power_of_ten(scale: u8) -> i128 {
    10_i128.pow(scale.into())
}

/// A scaled integer at another scale, rounded half away from zero.
pub(in crate::expr) fn rescale(number: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        number.checked_mul(int_power_of_ten(to - from))
    } else {
        Some(rounded_quotient(number, int_power_of_ten(from - to)))
    }
}
