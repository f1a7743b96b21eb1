//! Functions of dates and timestamps.

use super::arithmetic::checked;
use super::function::Arguments;
use super::{EvalError, Value, rounded_quotient};
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

/// The year and the week of ISO 8601 as one number.
pub(super) fn year_week(days: i64) -> i64 {
    let year = calendar::iso_year(days);
    let week = calendar::iso_week(days);
    year * 100 + if year > 0 { week } else { -week }
}

/// Which century or millennium a year is in: there is none of number 0.
pub(super) fn ordinal(year: i64, years: i64) -> i64 {
    if year > 0 { (year - 1) / years + 1 } else { year / years - 1 }
}

/// What has passed of the minute, in units of so many microseconds.
pub(super) fn of_minute(arguments: &Arguments<'_>, unit: i64) -> Result<Scalar, EvalError> {
    let (_, micros) = split(arguments.get(0)?)?;
    Ok(Scalar::Int((micros % (60 * MICROS_PER_SECOND) / unit).into()))
}

/// The Julian day, and the fraction of it from midnight.
pub(super) fn julian(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (days, micros) = split(arguments.get(0)?)?;
    let fraction = micros as f64 / MICROS_PER_DAY as f64;
    Ok(Scalar::Float(fraction + (days + calendar::JULIAN_EPOCH) as f64))
}

/// The last date of the month.
pub(super) fn last_day(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let Civil { year, month, .. } = civil(split(arguments.get(0)?)?.0);
    let last = Civil { year, month, day: calendar::days_in_month(year, month) };
    checked(last.to_days().into(), ty)
}

/// The date of a year, a month and a day.
pub(super) fn make_date(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    checked(date_of(arguments)?, ty)
}

/// The days since 1970 of the first three arguments.
fn date_of(arguments: &Arguments<'_>) -> Result<i128, EvalError> {
    let part = |at| arguments.int(at).map(|value| i64::try_from(value).ok());
    let (year, month, day) = (part(0)?, part(1)?, part(2)?);
    let year = year.filter(|year| year.abs() < calendar::MOST_YEARS);
    let civil = year.zip(month).zip(day).and_then(|((year, month), day)| Civil::checked(year, month, day));
    civil.map(|civil| civil.to_days().into()).ok_or_else(|| arguments.problem("the calendar has no such date"))
}

/// The timestamp of a date and a time of the day: up to 24:00:00, and of a minute's seconds up to 60.5, as in DuckDB.
pub(super) fn make_timestamp(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let days = date_of(arguments)?;
    let (hour, minute, seconds) = (arguments.int(3)?, arguments.int(4)?, arguments.get(5)?.to_float(Type::F64)?);
    let whole = seconds.round_ties_even();
    let micros = ((seconds - whole) * MICROS_PER_SECOND as f64).round();
    let counted = (0.0..=60.0).contains(&whole) && (whole > 0.0 || micros >= 0.0);
    let in_day = (0..24).contains(&hour) && (0..60).contains(&minute) && counted;
    let at_its_end = hour == 24 && minute == 0 && whole == 0.0 && micros == 0.0;
    if !in_day && !at_its_end {
        return Err(arguments.problem("a day has no such time"));
    }
    let seconds = (hour * 60 + minute) * 60 + whole as i128;
    checked(days * i128::from(MICROS_PER_DAY) + seconds * i128::from(MICROS_PER_SECOND) + micros as i128, ty)
}

/// The beginning of the bucket that a time is in. The width is a duration, or a number of months.
pub(super) fn bucket(arguments: &Arguments<'_>, ty: Type) -> Result<Scalar, EvalError> {
    let (width, value) = (arguments.get(0)?, arguments.get(1)?);
    let size = width.to_int()?;
    if width.ty == Type::Duration {
        let origin = i128::from(calendar::BUCKET_ORIGIN);
        let at = value.to_int()?;
        return checked(at - (at - origin).rem_euclid(size), ty);
    }
    let civil = civil(split(value)?.0);
    let months = i128::from((civil.year - 2000) * 12 + civil.month - 1);
    let overflow = || EvalError::Overflow { ty };
    let later = i64::try_from(-months.rem_euclid(size)).map_err(|_| overflow())?;
    let days = Civil { day: 1, ..civil }.add_months(later).ok_or_else(overflow)?.to_days();
    let factor = if value.ty == Type::Date { 1 } else { i128::from(MICROS_PER_DAY) };
    checked(i128::from(days) * factor, ty)
}

/// Units of so many microseconds since 1970, the nearest, and half of one away from zero.
pub(super) fn epoch_in(arguments: &Arguments<'_>, unit: i128) -> Result<Scalar, EvalError> {
    Ok(Scalar::Int(rounded_quotient(micros(arguments.get(0)?)?, unit)))
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
pub(super) fn split(value: &Value) -> Result<(i64, i64), EvalError> {
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
