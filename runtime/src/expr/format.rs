//! Values as text, as DuckDB prints them: what a cast to `str` gives.

use super::Scalar;
use super::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::Type;
use std::fmt;

/// The value of a type as text; `null` for a null.
pub fn value_text(value: &Scalar, ty: Type) -> String {
    match (value, ty) {
        (Scalar::Null, _) => "null".to_owned(),
        (Scalar::Bool(value), _) => value.to_string(),
        (Scalar::Str(text), _) => text.to_string(),
        (Scalar::Float(value), Type::F32) => float_text(*value, &format!("{:e}", *value as f32)),
        (Scalar::Float(value), _) => float_text(*value, &format!("{value:e}")),
        (Scalar::Int(value), Type::Decimal { precision, scale }) => decimal_text(*value, precision, scale),
        (Scalar::Int(days), Type::Date) => date_text(clamp(*days)),
        (Scalar::Int(micros), Type::Timestamp) => timestamp_text(clamp(*micros)),
        (Scalar::Int(micros), Type::Duration) => duration_text(*micros),
        (Scalar::Int(value), _) => value.to_string(),
    }
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// The shortest digits that read back as the float, with an exponent below 1e-4 and from 1e16.
fn float_text(value: f64, scientific: &str) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", zeros(-exponent - 1));
    }
    let padded = format!("{digits}{}", zeros(exponent + 2 - i32::try_from(digits.len()).unwrap_or_default()));
    let (whole, fraction) = padded.split_at(usize::try_from(exponent).unwrap_or_default() + 1);
    format!("{sign}{whole}.{fraction}")
}

/// All digits of the scale; no digit before the point where the type has none.
fn decimal_text(value: i128, precision: u8, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    let scale_digits = usize::from(scale);
    if scale_digits == 0 {
        return format!("{sign}{digits}");
    }
    let least = scale_digits + usize::from(precision > scale);
    let padded = format!("{digits:0>least$}");
    let (whole, fraction) = padded.split_at(padded.len() - scale_digits);
    format!("{sign}{whole}.{fraction}")
}

/// `YYYY-MM-DD`, with ` (BC)` for years before 1.
fn date_text(days: i64) -> String {
    let Civil { year, month, day } = Civil::from_days(days);
    if year > 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{:04}-{month:02}-{day:02} (BC)", 1 - year)
    }
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]`, without trailing zeros in the fraction.
fn timestamp_text(micros: i64) -> String {
    let date = date_text(micros.div_euclid(MICROS_PER_DAY));
    let time = ClockText(micros.rem_euclid(MICROS_PER_DAY).unsigned_abs().into());
    format!("{date} {time}")
}

/// `[-]HH:MM:SS[.ffffff]`; hours may pass 24.
fn duration_text(micros: i128) -> String {
    format!("{}{}", if micros < 0 { "-" } else { "" }, ClockText(micros.unsigned_abs()))
}

struct ClockText(u128);

impl fmt::Display for ClockText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = u128::from(MICROS_PER_SECOND.unsigned_abs());
        let (seconds, fraction) = (self.0 / per_second, self.0 % per_second);
        write!(f, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_shortest() {
        let f64_text = |value: f64| value_text(&Scalar::Float(value), Type::F64);
        for (value, text) in [
            (1.5, "1.5"),
            (100.0, "100.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (123_456_789.123, "123456789.123"),
            (1e100, "1e+100"),
            (-0.0, "-0.0"),
            (0.0, "0.0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(f64_text(value), text);
        }
        let f32_text = |value: f32| value_text(&Scalar::Float(value.into()), Type::F32);
        for (value, text) in
            [(0.1, "0.1"), (16_777_216.0, "16777216.0"), (123_456_789.0, "123456790.0"), (3.4e38, "3.4e+38")]
        {
            assert_eq!(f32_text(value), text);
        }
    }

    #[test]
    fn decimals_print_their_scale() {
        let text = |value, precision, scale| value_text(&Scalar::Int(value), Type::Decimal { precision, scale });
        assert_eq!(text(150, 5, 2), "1.50");
        assert_eq!(text(-5, 5, 2), "-0.05");
        assert_eq!(text(5, 5, 0), "5");
        assert_eq!(text(5, 2, 2), ".05");
        assert_eq!(text(-5, 2, 2), "-.05");
        assert_eq!(text(0, 2, 2), ".00");
    }

    #[test]
    fn times_print_without_trailing_zeros() {
        let text = |value, ty| value_text(&Scalar::Int(value), ty);
        assert_eq!(text(19_724, Type::Date), "2024-01-02");
        assert_eq!(text(-719_562, Type::Date), "0002-11-28 (BC)");
        assert_eq!(text(1_704_164_645_500_000, Type::Timestamp), "2024-01-02 03:04:05.5");
        assert_eq!(text(-1, Type::Timestamp), "1969-12-31 23:59:59.999999");
        assert_eq!(text(90_061_000_001, Type::Duration), "25:01:01.000001");
        assert_eq!(text(-90_061_000_001, Type::Duration), "-25:01:01.000001");
    }
}
