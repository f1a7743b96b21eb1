//! Text to values: what a cast from `str` reads, by DuckDB's rules.

use crate::expr::Scalar;
use crate::expr::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::Type;

/// The value that the text stands for; none if it is none of the type's.
pub(super) fn parse(text: &str, ty: Type) -> Option<Scalar> {
    match ty {
        Type::Str => Some(Scalar::str(text)),
        Type::Bool => parse_bool(text).map(Scalar::Bool),
        Type::F32 => parse_float(text, |digits| digits.parse::<f32>().ok().map(f64::from)),
        Type::F64 => parse_float(text, |digits| digits.parse().ok()),
        Type::Date => Some(Scalar::Int(parse_date(text)?.into())),
        Type::Timestamp => parse_timestamp(text).map(Scalar::Int),
        Type::Duration => parse_duration(text).map(Scalar::Int),
        Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::Decimal { .. } => parse_exact(text, ty).map(Scalar::Int),
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// What may stand around a number, a date or a time, but not around a bool.
pub(crate) const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// The text without the blanks around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(BLANKS)
}

/// A number as it is written: `digits` times ten to the power `exponent`.
struct Written {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Written {
    /// Reads `[+-]1_000[.5][e-3]`; a digit must stand on one side of the point.
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = read_digits(whole)?;
        let fraction = read_digits(fraction)?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        digits.extend(fraction);
        (!digits.is_empty()).then_some(Self { negative, digits, exponent })
    }

    /// The number times ten to the power `scale`, rounded half away from zero; none if it has over 38 digits.
    fn at_scale(&self, scale: u8) -> Option<i128> {
        let shift = self.exponent.checked_add(scale.into())?;
        let dropped = usize::try_from(-shift.min(0)).ok()?;
        let kept = self.digits.len().saturating_sub(dropped);
        let mut value = 0_i128;
        for digit in &self.digits[..kept] {
            value = value.checked_mul(10)?.checked_add((*digit).into())?;
        }
        if value != 0 && shift > 0 {
            value = value.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
        }
        let up = dropped <= self.digits.len() && self.digits.get(kept).is_some_and(|digit| *digit >= 5);
        value = value.checked_add(up.into())?;
        Some(if self.negative { -value } else { value })
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|digit| *digit == 0)
    }
}

/// Digits with single underscores between them; may be empty.
fn read_digits(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    if misplaced || !bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_') {
        return None;
    }
    Some(bytes.iter().filter(|byte| **byte != b'_').map(|byte| byte - b'0').collect())
}

fn parse_exact(text: &str, ty: Type) -> Option<i128> {
    let value = if let Some(digits) = radix_digits(text.trim_start_matches(BLANKS), ty) {
        // No blank may follow these digits.
        i128::from_str_radix(digits.1, digits.0).ok().filter(|value| *value >= 0)?
    } else {
        let written = Written::read(trimmed(text))?;
        if written.negative && ty.is_unsigned_integer() && !written.is_zero() {
            return None;
        }
        written.at_scale(ty.scale())?
    };
    let (lo, hi) = ty.integer_range()?;
    (lo..=hi).contains(&value).then_some(value)
}

/// The base and the digits of `0x1F` and `0b11`, which only integers may be.
fn radix_digits(text: &str, ty: Type) -> Option<(u32, &str)> {
    if !ty.is_integer() {
        return None;
    }
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).map(|digits| (16, digits));
    let binary = || text.strip_prefix("0b").or_else(|| text.strip_prefix("0B")).map(|digits| (2, digits));
    hexadecimal.or_else(binary).filter(|(_, digits)| !digits.starts_with(['+', '-']))
}

fn parse_float(text: &str, read: impl Fn(&str) -> Option<f64>) -> Option<Scalar> {
    let text = trimmed(text);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).to_ascii_lowercase();
    let special = matches!(unsigned.as_str(), "nan" | "inf" | "infinity");
    if !special {
        Written::read(text)?;
    }
    read(&text.replace('_', "")).map(Scalar::Float)
}

/// Takes one to `most` digits from the front.
fn take_number(text: &mut &str, most: usize) -> Option<i64> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > most {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    *text = rest;
    digits.parse().ok()
}

/// Takes one given character from the front.
fn take_char(text: &mut &str, wanted: char) -> Option<()> {
    *text = text.strip_prefix(wanted)?;
    Some(())
}

/// The first day of 1970, as a date and as a time.
const EPOCH: &str = "epoch";

/// Takes `[-]Y-M-D[ (BC)]`, with `-`, `/`, `\` or a space between the numbers; gives days since 1970.
fn take_date(text: &mut &str) -> Option<i64> {
    if let Some(rest) = text.strip_prefix(EPOCH) {
        *text = rest;
        return Some(0);
    }
    let negative = take_char(text, '-').is_some();
    let mut year = take_number(text, 7)?;
    let separator = text.chars().next().filter(|separator| matches!(separator, '-' | '/' | '\\' | ' '))?;
    take_char(text, separator)?;
    let month = take_number(text, 2)?;
    take_char(text, separator)?;
    let day = take_number(text, 2)?;
    if let Some(rest) = text.strip_prefix(" (BC)") {
        *text = rest;
        if negative || year == 0 {
            return None;
        }
        year = 1 - year;
    } else if negative {
        year = -year;
    }
    let days = Civil::checked(year, month, day)?.to_days();
    i32::try_from(days).ok().map(i64::from)
}

/// Takes `H:M[:S[.ffffff]]`; digits after the sixth are dropped. Gives microseconds.
fn take_clock(text: &mut &str, most_hour_digits: usize) -> Option<i64> {
    let hours = take_number(text, most_hour_digits)?;
    take_char(text, ':')?;
    let minutes = take_number(text, 2).filter(|minutes| *minutes < 60)?;
    let mut micros = (hours.checked_mul(60)?.checked_add(minutes)?).checked_mul(60 * MICROS_PER_SECOND)?;
    if take_char(text, ':').is_some() {
        let seconds = take_number(text, 2).filter(|seconds| *seconds < 60)?;
        micros = micros.checked_add(seconds * MICROS_PER_SECOND)?;
        if take_char(text, '.').is_some() {
            let length = text.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = text.split_at(length);
            *text = rest;
            micros = micros.checked_add(format!("{:0<6.6}", digits).parse().ok()?)?;
        }
    }
    Some(micros)
}

/// Takes `Z`, `UTC`, `+02` or `+02:30`, with a space before it or not; gives microseconds ahead of UTC. Blanks may follow
/// a zone or the space, but not the time itself.
fn take_zone(text: &mut &str) -> Option<i64> {
    let has_space = take_char(text, ' ').is_some();
    let zone = take_offset(text)?;
    if has_space || zone.is_some() {
        *text = text.trim_start_matches(BLANKS);
    }
    Some(zone.unwrap_or(0))
}

/// Takes a zone if there is one, as `Z`, `+02`, `+02:30` or `+0230`; gives microseconds ahead of UTC.
fn take_offset(text: &mut &str) -> Option<Option<i64>> {
    for utc in ["Z", "z", "UTC"] {
        if let Some(rest) = text.strip_prefix(utc) {
            *text = rest;
            return Some(Some(0));
        }
    }
    let sign = match text.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        _ => return Some(None),
    };
    *text = &text[1..];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (hours, minutes) = if digits == 4 {
        let both = take_number(text, 4)?;
        (both / 100, both % 100)
    } else {
        let hours = take_number(text, 2)?;
        (hours, if take_char(text, ':').is_some() { take_number(text, 2)? } else { 0 })
    };
    if hours >= 24 || minutes >= 60 {
        return None;
    }
    Some(Some(sign * (hours * 60 + minutes) * 60 * MICROS_PER_SECOND))
}

/// Microseconds since 1970 of a date and an optional time. Behind a date alone nothing may stand, not even a blank: what
/// follows it is to be a time.
fn parse_timestamp(text: &str) -> Option<i128> {
    if trimmed(text) == EPOCH {
        return Some(0);
    }
    let mut rest = text.trim_start_matches(BLANKS);
    let days = take_date(&mut rest)?;
    let mut micros = 0;
    if !rest.is_empty() {
        rest = rest.strip_prefix('T').or_else(|| rest.strip_prefix(BLANKS))?.trim_start_matches(BLANKS);
        let clock = take_clock(&mut rest, 2).filter(|clock| *clock <= MICROS_PER_DAY)?;
        micros = i128::from(clock) - i128::from(take_zone(&mut rest)?);
    }
    let micros = i128::from(days) * i128::from(MICROS_PER_DAY) + micros;
    (rest.is_empty() && i64::try_from(micros).is_ok()).then_some(micros)
}

/// Days since 1970 of a date, or of the day that a timestamp is written with.
fn parse_date(text: &str) -> Option<i64> {
    let mut rest = trimmed(text);
    let days = take_date(&mut rest)?;
    (rest.is_empty() || parse_timestamp(text).is_some()).then_some(days)
}

/// Microseconds of `[-]H:M:S[.f]` or of a number with a unit: `90d`, `-5min`.
fn parse_duration(text: &str) -> Option<i128> {
    let text = trimmed(text);
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut rest = unsigned;
    if let Some(micros) = take_clock(&mut rest, 12).filter(|_| rest.is_empty()) {
        return Some(sign * i128::from(micros));
    }
    let mut rest = unsigned;
    let count = take_number(&mut rest, 18)?;
    let unit = match rest.trim_start_matches(' ') {
        "d" | "day" | "days" => MICROS_PER_DAY,
        "h" | "hour" | "hours" => 3_600 * MICROS_PER_SECOND,
        "min" | "minute" | "minutes" => 60 * MICROS_PER_SECOND,
        "s" | "second" | "seconds" => MICROS_PER_SECOND,
        "ms" => 1_000,
        "us" => 1,
        _ => return None,
    };
    let micros = sign * i128::from(count.checked_mul(unit)?);
    Some(micros)
}
