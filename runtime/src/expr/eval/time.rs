//! Functions of dates and timestamps.

use super::arithmetic::checked;
use super::function::Arguments;
use super::{EvalError, Value};
use crate::expr::Scalar;
use crate::expr::calendar::{self, Civil, MICROS_PER_DAY, MICROS_PER_SECOND, TimeUnit};
use crate::types::Type;

/// The date of a day since 1970.
pub(super) fn civil(days: i64) -> Civil {
    Civil::from_days(days)
}

/// A part of a date or a timestamp, computed from its day and the second of the day.
pub(super) fn part(value: &Value, compute: fn(i64, i64) -> i64) -> Result<Scalar, EvalError> {
    let (days, micros) = split(value)?;
    Ok(Scalar::Int(compute(days, micros / MICROS_PER_SECOND).into()))
}

/// The first day or microsecond of a unit.
pub(super) fn truncate(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (unit, value) = (unit(arguments)?, arguments.get(1)?);
    let (days, micros) = split(value)?;
    let truncated = if value.ty == Type::Date {
        Some(calendar::truncate_days(unit, days))
    } else {
        days.checked_mul(MICROS_PER_DAY)
            .and_then(|at| at.checked_add(micros))
            .and_then(|at| calendar::truncate(unit, at))
    };
    at_type(truncated.ok_or(EvalError::Overflow { ty })?.into(), value.ty, ty)
}

/// How many of a unit lie between two times.
pub(super) fn difference(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (from, to) = (micros(arguments.get(1)?)?, micros(arguments.get(2)?)?);
    checked(calendar::difference(unit(arguments)?, from, to), ty)
}

/// The same time of the day, months later.
pub(super) fn add_months(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let value = arguments.get(0)?;
    let overflow = || EvalError::Overflow { ty };
    let (days, micros) = split(value)?;
    let months = i64::try_from(arguments.int(1)?).map_err(|_| overflow())?;
    let moved = civil(days).add_months(months).ok_or_else(overflow)?;
    // Beyond these years no type holds the date, and at some point the days overflow.
    if moved.year.abs() > 10_000_000 {
        return Err(overflow());
    }
    let days = i128::from(moved.to_days());
    let count = if value.ty == Type::Date { days } else { days * i128::from(MICROS_PER_DAY) + i128::from(micros) };
    at_type(count, value.ty, ty)
}

/// Seconds since 1970.
pub(super) fn epoch(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    Ok(Scalar::Float(micros(arguments.get(0)?)? as f64 / MICROS_PER_SECOND as f64))
}

/// The timestamp of seconds since 1970, to the nearest microsecond.
pub(super) fn from_epoch(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let value = arguments.get(0)?;
    if value.ty.is_integer() {
        return checked(value.to_int()? * i128::from(MICROS_PER_SECOND), ty);
    }
    let micros = (value.to_float(Type::F64)? * MICROS_PER_SECOND as f64).round_ties_even();
    if micros.abs() < 1e30 { checked(micros as i128, ty) } else { Err(EvalError::Overflow { ty }) }
}

/// Days since 1970 and the microseconds of the day.
fn split(value: &Value) -> Result<(i64, i64), EvalError> {
    let count = i64::try_from(value.to_int()?).map_err(|_| EvalError::Overflow { ty: value.ty })?;
    let in_days = value.ty == Type::Date;
    Ok(if in_days { (count, 0) } else { (count.div_euclid(MICROS_PER_DAY), count.rem_euclid(MICROS_PER_DAY)) })
}

fn unit(arguments: &Arguments<'_>) -> Result<TimeUnit, EvalError> {
    let name = arguments.text(0)?;
    TimeUnit::from_name(name).ok_or_else(|| arguments.problem(format!("no unit of time is named `{name}`")))
}

/// Microseconds since 1970.
fn micros(value: &Value) -> Result<i128, EvalError> {
    let factor = if value.ty == Type::Date { i128::from(MICROS_PER_DAY) } else { 1 };
    Ok(value.to_int()? * factor)
}

/// A count of type `from`, a date or a timestamp, as a `to`.
fn at_type(count: i128, from: Type, to: Type) -> Result<Scalar, EvalError> {
    let factor = if from == Type::Date && to == Type::Timestamp { i128::from(MICROS_PER_DAY) } else { 1 };
    checked(count * factor, to)
}
