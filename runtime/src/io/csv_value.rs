//! Values as text: exact, of ISO 8601 where time is concerned (and as DuckDB has it where that has no form), and the same in
//! both directions.

use crate::expr::calendar::{Civil, MICROS_PER_DAY as DAY};
use crate::expr::{BLANKS, Scalar, append_value, trimmed};
use crate::types::Type;
use std::fmt::Write;

const SECOND: i64 = 1_000_000;

/// Behind a date whose year is counted backwards from the year 1.
const BEFORE_CHRIST: &str = " (BC)";

/// The text that says a value of a type: blanks may stand around all but a bool, and a field of blanks is empty.
pub(crate) fn bare(field: &str, ty: Type) -> &str {
    let text = trimmed(field);
    if ty == Type::Bool && !text.is_empty() { field } else { text }
}

/// `true`, `false`, `t`, `f`, `1`, `0`, in any case.
pub(crate) fn bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// Digits only, which `parse` alone does not ask for.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `2024-01-31`, `2024/1/31` or `0044-03-15 (BC)` as days since 1970; a year may have a sign and more digits.
pub(crate) fn date(text: &str) -> Option<i32> {
    let (text, is_before_christ) = text.strip_suffix(BEFORE_CHRIST).map_or((text, false), |text| (text, true));
    let separator = if text.contains('/') { '/' } else { '-' };
    let (rest, day) = text.rsplit_once(separator)?;
    let (year, month) = rest.rsplit_once(separator)?;
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let (negative, year) = year.strip_prefix('-').map_or((false, year), |year| (true, year));
    if year.len() < 4 {
        return None;
    }
    let year: i64 = digits::<u32>(year)?.into();
    let year = match (negative, is_before_christ) {
        (false, false) => year,
        (true, false) => -year,
        (false, true) if year > 0 => 1 - year,
        (_, true) => return None,
    };
    i32::try_from(Civil::checked(year, digits(month)?, digits(day)?)?.to_days()).ok()
}

/// `2024-01-31`, `2024/01/31 08:30`, `2024-01-31T08:30`, `2024-01-31 08:30:00.5Z`, `...+01:00` as microseconds since 1970 UTC.
///
/// Digits below a microsecond must be zero.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let era = text.find(BEFORE_CHRIST).map(|at| at + BEFORE_CHRIST.len());
    let (day, time) = match era {
        Some(end) if end == text.len() => (text, None),
        Some(end) => (&text[..end], Some(&text[end..])),
        None => text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time))),
    };
    let Some(time) = time else { return i64::from(date(day)?).checked_mul(DAY) };
    let time = time.trim_start_matches(BLANKS);
    let (time, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => (time[..at].trim_end_matches(BLANKS), zone(&time[at..])?),
        None => (time, 0),
    };
    let parts = clock(time)?;
    if parts >= DAY {
        return None;
    }
    i64::from(date(day)?).checked_mul(DAY)?.checked_add(parts)?.checked_sub(offset)
}

/// `Z`, `+01`, `+0100`, `+01:00` as microseconds.
fn zone(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = text.split_at(1);
    let (hours, minutes) = match rest.len() {
        2 => (rest, "00"),
        4 => rest.split_at_checked(2)?,
        _ => rest.split_once(':')?,
    };
    let (hours, minutes): (i64, i64) = (digits(hours)?, digits(minutes)?);
    let offset = (hours * 60 + minutes) * 60 * SECOND;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -offset } else { offset })
}

/// `08:30`, `08:30:00`, `74:30:00.25` as microseconds.
fn clock(text: &str) -> Option<i64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (hours, minutes, whole): (i64, i64, i64) = (digits(hours)?, digits(minutes)?, digits(whole)?);
    if minutes > 59 || whole > 59 || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (micros, below) = fraction.split_at(fraction.len().min(6));
    if below.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let micros: i64 = format!("{micros:0<6}").parse().ok()?;
    hours.checked_mul(3_600)?.checked_add(minutes * 60 + whole)?.checked_mul(SECOND)?.checked_add(micros)
}

/// `08:30:00`, `-74:30:00.25`: hours, minutes, seconds, as microseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(text) => clock(text).map(|value| -value),
        None => clock(text),
    }
}

/// `-12.50` as an integer of `scale` more digits. Nothing is rounded: digits beyond the scale must be zero.
pub(crate) fn decimal(text: &str, precision: u8, scale: u8) -> Option<i64> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (kept, beyond) = fraction.split_at_checked(fraction.len().min(scale.into()))?;
    if beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let mut value = 0_i64;
    let zeros = usize::from(scale) - kept.len();
    for byte in whole.bytes().chain(kept.bytes()).chain(std::iter::repeat_n(b'0', zeros)) {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    let limit = 10_i64.checked_pow(precision.into())?;
    (value < limit).then_some(if negative { -value } else { value })
}

/// Writes an integer value of a type as text; bools, floats and text are written elsewhere.
pub(crate) fn write_integer(out: &mut String, value: i128, ty: Type) {
    let written = match ty {
        Type::Date | Type::Timestamp => {
            append_value(out, &Scalar::Int(value), ty);
            Ok(())
        }
        Type::Duration => write_duration(out, value),
        Type::Decimal { scale, .. } => write_decimal(out, value, scale),
        Type::Bool
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::F32
        | Type::F64
        | Type::Str => write!(out, "{value}"),
    };
    debug_assert!(written.is_ok(), "strings take all text");
}

fn write_duration(out: &mut String, micros: i128) -> std::fmt::Result {
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, micros) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    write!(out, "{sign}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
    write_fraction(out, micros)
}

fn write_fraction(out: &mut String, micros: u128) -> std::fmt::Result {
    if micros == 0 {
        return Ok(());
    }
    let digits = format!("{micros:06}");
    write!(out, ".{}", digits.trim_end_matches('0'))
}

fn write_decimal(out: &mut String, value: i128, scale: u8) -> std::fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 {
        return write!(out, "{value}");
    }
    let unit = 10_u128.pow(scale.into());
    let value = value.unsigned_abs();
    write!(out, "{sign}{}.{:0width$}", value / unit, value % unit, width = usize::from(scale))
}

/// Writes a float so that it reads back as itself.
pub(crate) fn write_float(out: &mut String, value: f64, ty: Type) {
    let written = if value.is_nan() {
        write!(out, "NaN")
    } else if value.is_infinite() {
        write!(out, "{}", if value > 0.0 { "inf" } else { "-inf" })
    } else if ty == Type::F32 {
        write!(out, "{:?}", value as f32)
    } else {
        write!(out, "{value:?}")
    };
    debug_assert!(written.is_ok(), "strings take all text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: i128, ty: Type) -> String {
        let mut text = String::new();
        write_integer(&mut text, value, ty);
        text
    }

    #[test]
    fn times_of_many_spellings() {
        let morning = timestamp("2024-01-31T08:30:00Z");
        assert_eq!(morning, Some(1_706_689_800_000_000));
        for same in [
            "2024-01-31 08:30",
            "2024-01-31 08:30:00.000000000",
            "2024-01-31T09:30:00+01:00",
            "2024-01-31 03:30:00 -0500",
            "2024/01/31 08:30:00",
            "2024/1/31T08:30",
            "2024-1-31 08:30",
        ] {
            assert_eq!(timestamp(same), morning, "{same}");
        }
        assert_eq!(timestamp("2024-01-31"), Some(1_706_659_200_000_000));
        assert_eq!(timestamp("1969-12-31 23:59:59.5"), Some(-500_000));
        for wrong in [
            "2024-1/31",
            "2024-02-30",
            "24-01-31",
            "2024-001-31",
            "2024--31",
            "31/01/2024",
            "2024-01-31T",
            "2024-01-31 25:00",
            "2024-01-31 08:30+25",
            "",
        ] {
            assert_eq!(timestamp(wrong), None, "{wrong}");
        }
        assert_eq!(duration("-00:00:01.25"), Some(-1_250_000));
        assert_eq!(duration("1:00"), Some(3_600_000_000));
        assert_eq!(duration("1h"), None);
    }

    #[test]
    fn decimals_are_never_rounded() {
        assert_eq!(decimal("12.5", 4, 2), Some(1250));
        assert_eq!(decimal("-0.05", 4, 2), Some(-5));
        assert_eq!(decimal("+7", 4, 2), Some(700));
        assert_eq!(decimal(".5", 4, 2), Some(50));
        assert_eq!(decimal("1.2300", 4, 2), Some(123));
        for wrong in ["1.235", "100", "1e2", ".", "", "-", "1,5", "1.2é"] {
            assert_eq!(decimal(wrong, 4, 2), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn dates_read_back(days in i32::MIN..i32::MAX) {
            prop_assert_eq!(date(&written(days.into(), Type::Date)), Some(days));
        }

        #[test]
        fn timestamps_read_back(micros in -i64::MAX..i64::MAX) {
            prop_assert_eq!(timestamp(&written(micros.into(), Type::Timestamp)), Some(micros));
        }

        #[test]
        fn durations_read_back(micros in -i64::MAX..i64::MAX) {
            prop_assert_eq!(duration(&written(micros.into(), Type::Duration)), Some(micros));
        }

        #[test]
        fn decimals_read_back(value in -999_999_999_999_999_999..=999_999_999_999_999_999_i64, scale in 0..=18_u8) {
            let ty = Type::Decimal { precision: 18, scale };
            prop_assert_eq!(decimal(&written(value.into(), ty), 18, scale), Some(value));
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            date(&text);
            timestamp(&text);
            duration(&text);
            decimal(&text, 9, 2);
        }
    }
}
