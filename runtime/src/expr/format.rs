//! Values as text, as DuckDB prints them: what a cast to `str` gives.

use super::Scalar;
use super::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::Type;

/// The value of a type as text; `null` for a null.
pub fn value_text(value: &Scalar, ty: Type) -> String {
    let mut text = String::new();
    append_value(&mut text, value, ty);
    text
}

/// Appends [`value_text`].
pub(crate) fn append_value(out: &mut String, value: &Scalar, ty: Type) {
    match (value, ty) {
        (Scalar::Null, _) => out.push_str("null"),
        (Scalar::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Scalar::Str(text), _) => out.push_str(text),
        (Scalar::Float(value), Type::F32) => append_float(out, *value, &format!("{:e}", *value as f32)),
        (Scalar::Float(value), _) => append_float(out, *value, &shortest(*value)),
        (Scalar::Int(value), Type::Decimal { precision, scale }) => append_decimal(out, *value, precision, scale),
        (Scalar::Int(days), Type::Date) => append_date(out, clamp(*days)),
        (Scalar::Int(micros), Type::Timestamp) => append_timestamp(out, clamp(*micros)),
        (Scalar::Int(micros), Type::Duration) => append_duration(out, *micros),
        (Scalar::Int(value), _) => append_integer(out, *value),
    }
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

fn append_integer(out: &mut String, value: i128) {
    if value < 0 {
        out.push('-');
    }
    append_digits(out, value.unsigned_abs(), 1);
}

/// The digits of a number, with zeros in front up to `least` digits. The standard library's formatting is several times
/// slower, and a cast to text runs for every row.
fn append_digits(out: &mut String, number: u128, least: usize) {
    const MOST: usize = 39;
    let mut digits = [b'0'; MOST];
    let mut at = MOST;
    // Division of 128 bits is slow, and hardly ever needed.
    let mut high = number;
    while high > u128::from(u64::MAX) {
        at -= 1;
        digits[at] = b'0' + (high % 10) as u8;
        high /= 10;
    }
    let mut low = high as u64;
    while low > 0 {
        at -= 1;
        digits[at] = b'0' + (low % 10) as u8;
        low /= 10;
    }
    let start = at.min(MOST.saturating_sub(least));
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
}

/// The shortest digits that read back as the float, of several the nearest, of two as near the even one: `1.5e-7`. The
/// standard library takes the upper one.
fn shortest(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let exponent = exponent + whole.len() as i64 - 1 - zeros as i64;
    match digits.trim_end_matches('0').split_at_checked(1) {
        None => format!("{sign}0e0"),
        Some((first, rest)) => format!("{sign}{first}.{rest}e{exponent}"),
    }
}

/// The shortest digits that read back as the float, with an exponent below 1e-4 and from 1e16.
fn append_float(out: &mut String, value: f64, scientific: &str) {
    if value.is_nan() {
        return out.push_str("nan");
    }
    if value.is_infinite() {
        return out.push_str(if value < 0.0 { "-inf" } else { "inf" });
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        out.push_str(mantissa.trim_end_matches('.'));
        out.push_str(if exponent < 0 { "e-" } else { "e+" });
        return append_digits(out, exponent.unsigned_abs().into(), 2);
    }
    let mantissa = mantissa.strip_prefix('-').inspect(|_| out.push('-')).unwrap_or(mantissa);
    let digits = mantissa.chars().filter(char::is_ascii_digit);
    let zeros = |count: i32| std::iter::repeat_n('0', usize::try_from(count).unwrap_or_default());
    if exponent < 0 {
        out.push_str("0.");
        out.extend(zeros(-exponent - 1).chain(digits));
        return;
    }
    let whole = usize::try_from(exponent).unwrap_or_default() + 1;
    let count = digits.clone().count();
    let mut padded = digits.chain(std::iter::repeat_n('0', (whole + 1).saturating_sub(count)));
    out.extend(padded.by_ref().take(whole));
    out.push('.');
    out.extend(padded);
}

/// All digits of the scale; no digit before the point where the type has none.
fn append_decimal(out: &mut String, value: i128, precision: u8, scale: u8) {
    let scale_digits = usize::from(scale);
    let start = out.len();
    if value < 0 {
        out.push('-');
    }
    append_digits(out, value.unsigned_abs(), (scale_digits + usize::from(precision > scale)).max(1));
    if scale_digits > 0 {
        let point = out.len() - scale_digits;
        debug_assert!(point >= start, "there are at least as many digits as the scale");
        out.insert(point, '.');
    }
}

/// `YYYY-MM-DD`, with ` (BC)` for years before 1.
fn append_date(out: &mut String, days: i64) {
    let Civil { year, month, day } = Civil::from_days(days);
    let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " (BC)") };
    append_digits(out, shown.unsigned_abs().into(), 4);
    out.push('-');
    append_digits(out, month.unsigned_abs().into(), 2);
    out.push('-');
    append_digits(out, day.unsigned_abs().into(), 2);
    out.push_str(era);
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]`, without trailing zeros in the fraction.
fn append_timestamp(out: &mut String, micros: i64) {
    append_date(out, micros.div_euclid(MICROS_PER_DAY));
    out.push(' ');
    append_clock(out, micros.rem_euclid(MICROS_PER_DAY).unsigned_abs().into());
}

/// `[-]HH:MM:SS[.ffffff]`; hours may pass 24.
fn append_duration(out: &mut String, micros: i128) {
    if micros < 0 {
        out.push('-');
    }
    append_clock(out, micros.unsigned_abs());
}

/// A duration is an `i64`, whose magnitude 64 bits hold.
fn append_clock(out: &mut String, micros: u128) {
    let per_second = MICROS_PER_SECOND.unsigned_abs();
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    let (seconds, fraction) = (micros / per_second, micros % per_second);
    append_digits(out, (seconds / 3_600).into(), 2);
    for part in [seconds / 60 % 60, seconds % 60] {
        out.push(':');
        append_digits(out, part.into(), 2);
    }
    if fraction > 0 {
        out.push('.');
        append_digits(out, fraction.into(), 6);
        out.truncate(out.trim_end_matches('0').len());
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
            (619.285_217_285_156_3, "619.2852172851562"),
            (-139.538_726_806_640_63, "-139.53872680664062"),
            (5e-324, "5e-324"),
            (-1_343_597_981_000_000.2, "-1343597981000000.2"),
            (0.001_5, "0.0015"),
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
