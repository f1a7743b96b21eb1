//! Functions of integers alone: bits, divisors, products.

use super::arithmetic::checked;
use super::function::Arguments;
use super::{EvalError, cast};
use crate::expr::{Scalar, hash};
use crate::types::Type;

/// `bit_and` and the like, of integers of one type.
pub(super) fn bits(arguments: &Arguments<'_>, ty: Type, compute: fn(i128, i128) -> i128) -> Result<Scalar, EvalError> {
    cast(&Scalar::Int(compute(arguments.int(0)?, arguments.int(1)?)), ty, ty)
}

/// `bit_not`: of an unsigned integer the bits of its type alone.
pub(super) fn bit_not(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let value = arguments.int(0)?;
    let most = ty.integer_range().filter(|(least, _)| *least == 0).map(|(_, most)| most);
    cast(&Scalar::Int(most.map_or(!value, |most| most - value)), ty, ty)
}

/// How many bits are set.
pub(super) fn bit_count(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (value, width) = (arguments.int(0)?, width(arguments.get(0)?.ty));
    Ok(Scalar::Int((value & ((1 << width) - 1)).count_ones().into()))
}

/// `a * 2^n`, of numbers that are not negative.
pub(super) fn shift_left(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (value, count) = (arguments.int(0)?, arguments.int(1)?);
    if value < 0 || count < 0 {
        return Err(EvalError::Overflow { ty });
    }
    if value == 0 {
        return Ok(Scalar::Int(0));
    }
    let count = u32::try_from(count).ok().filter(|count| *count < width(ty)).ok_or(EvalError::Overflow { ty })?;
    checked(value << count, ty)
}

/// `floor(a / 2^n)`; 0 where `n` is not a place within the type.
pub(super) fn shift_right(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (value, count) = (arguments.int(0)?, arguments.int(1)?);
    let within = (0..i128::from(width(ty))).contains(&count);
    Ok(Scalar::Int(if within { value >> count } else { 0 }))
}

/// `hash(x)`
pub(super) fn hash(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let value = arguments.get(0)?;
    Ok(Scalar::Int(hash::hash(&value.scalar, value.ty).into()))
}

/// `hash_combine(a, b)`
pub(super) fn hash_combine(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    Ok(Scalar::Int(hash::combine(arguments.int(0)? as u64, arguments.int(1)? as u64).into()))
}

fn width(ty: Type) -> u32 {
    8 * ty.element().bytes() as u32
}

/// The greatest common divisor; 0 of two zeros.
pub(super) fn gcd(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    checked(divisor(arguments.int(0)?, arguments.int(1)?), ty)
}

/// The least common multiple; 0 where one is zero.
pub(super) fn lcm(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (a, b) = (arguments.int(0)?, arguments.int(1)?);
    checked(if a == 0 { 0 } else { (a / divisor(a, b) * b).abs() }, ty)
}

fn divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { divisor(b, a % b) }
}

/// `1 * 2 * ... * n`
pub(super) fn factorial(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    // No type holds the product for more than 20.
    let last = arguments.int(0)?;
    if (0..=20).contains(&last) { checked((1..=last).product(), ty) } else { Err(EvalError::Overflow { ty }) }
}
