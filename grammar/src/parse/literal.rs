//! Turns the text of a literal into its value.

use crate::ast::Literal;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Digits without underscores.
pub(super) fn digits(text: &str) -> String {
    text.replace('_', "")
}

/// A whole number that stands for a count.
pub(super) fn count(text: &str, span: Span) -> Result<u64, Diagnostic> {
    digits(text).parse().map_err(|_| {
        Diagnostic::error(codes::NUMBER, format!("`{text}` is too large: at most {} fits here", u64::MAX)).at(span)
    })
}

/// A literal; or what is wrong with it, and the nearest literal of its kind to go on with.
type OrNear = Result<Literal, Box<(Diagnostic, Literal)>>;

/// `6.02e23`
pub(super) fn float(text: &str, span: Span) -> OrNear {
    let plain = digits(text);
    let mantissa = plain.split(['e', 'E']).next().unwrap_or("");
    let is_zero = mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let (message, near) = match plain.parse::<f64>() {
        Ok(value) if value.is_infinite() => ("too large: the largest f64 is 1.7976931348623157e308", f64::MAX),
        Ok(value) if value == 0.0 && !is_zero => ("too small: the least f64 above 0 is 5e-324", 0.0),
        Ok(_) | Err(_) => return Ok(Literal::Float(plain)),
    };
    let problem = Diagnostic::error(codes::NUMBER, format!("`{text}` is {message}")).at(span);
    Err(Box::new((problem, Literal::Float(format!("{near:e}")))))
}

/// `90d`, `3mo`
pub(super) fn duration(text: &str, span: Span) -> OrNear {
    let split = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let (scale, months) = match unit {
        "us" => (1, false),
        "ms" => (1_000, false),
        "s" => (MICROS_PER_SECOND, false),
        "min" => (60 * MICROS_PER_SECOND, false),
        "h" => (3_600 * MICROS_PER_SECOND, false),
        "d" => (MICROS_PER_DAY, false),
        "w" => (7 * MICROS_PER_DAY, false),
        "mo" => (1, true),
        _ => (12, true),
    };
    let value = digits(number).parse::<i64>().ok().and_then(|number| number.checked_mul(scale));
    match value {
        Some(value) if months => Ok(Literal::Months(value)),
        Some(value) => Ok(Literal::Duration(value)),
        None => {
            let message = format!("`{text}` is too long a time: durations are 64-bit microseconds");
            let near = if months { Literal::Months(i64::MAX) } else { Literal::Duration(i64::MAX) };
            Err(Box::new((Diagnostic::error(codes::NUMBER, message).at(span), near)))
        }
    }
}

/// `@2024-01-31`
pub(super) fn date(text: &str, span: Span) -> OrNear {
    let near = || Box::new((not_in_calendar(text, span), Literal::Date(nearest_day(text) as i32)));
    days(text).map(|days| Literal::Date(days as i32)).ok_or_else(near)
}

/// `@2024-01-31T08:30:00.5`
pub(super) fn timestamp(text: &str, span: Span) -> OrNear {
    let near = || Literal::Timestamp(nearest_day(text) * MICROS_PER_DAY);
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i64>().ok());
    let time = || Some((part(12, 14)?, part(15, 17)?, part(18, 20)?));
    let fraction = text.get(21..).unwrap_or("");
    if fraction.len() > 6 {
        let message = format!("`{text}` is too exact: timestamps are in microseconds");
        let problem = Diagnostic::error(codes::INSTANT, message).at(span);
        return Err(Box::new((problem.help("write at most six digits after the dot"), near())));
    }
    let micros = format!("{fraction:0<6}").parse::<i64>().unwrap_or(0);
    let value = days(text).zip(time()).filter(|(_, (hour, minute, second))| *hour < 24 && *minute < 60 && *second < 60);
    let Some((days, (hour, minute, second))) = value else {
        return Err(Box::new((not_in_calendar(text, span), near())));
    };
    let seconds = hour * 3_600 + minute * 60 + second;
    Ok(Literal::Timestamp(days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + micros))
}

fn not_in_calendar(text: &str, span: Span) -> Diagnostic {
    let problem = Diagnostic::error(codes::INSTANT, format!("`{text}` is not in the calendar")).at(span);
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    match part(1, 5).zip(part(6, 8)).and_then(|(year, month)| Some((year, month, length_of(year, month)?))) {
        Some((year, month, length)) if part(9, 11).is_none_or(|day| !(1..=length).contains(&day)) => {
            problem.help(format!("{year:04}-{month:02} has {length} days"))
        }
        Some(_) => problem.help("a time of day is 00:00:00 to 23:59:59"),
        None => problem.help("a date is year, month and day: `@2024-01-31`"),
    }
}

/// Days since 1970-01-01 of the day of the calendar that is nearest to what `text` says after its `@`.
fn nearest_day(text: &str) -> i64 {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(1);
    let (year, month) = (part(1, 5), part(6, 8).clamp(1, 12));
    let length = length_of(year, month).unwrap_or(28);
    days_from_civil(year, month, part(9, 11).clamp(1, length))
}

/// How many days a month has; `None` where there is no such month.
fn length_of(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days since 1970-01-01 of the date that `text` starts with, after its `@`.
fn days(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(1, 5)?, part(6, 8)?, part(9, 11)?);
    let length = length_of(year, month)?;
    (1..=length).contains(&day).then(|| days_from_civil(year, month, day))
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The value of a text between its quotes, and what is wrong with its escapes.
pub(super) fn unescape(text: &str, span: Span) -> (String, Vec<Diagnostic>) {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let mut value = String::with_capacity(inside.len());
    let mut problems = Vec::new();
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match escape(rest) {
            Ok((character, length)) => {
                value.push(character);
                length
            }
            Err((length, problem)) => {
                let start = span.start as usize + 1 + inside.len() - rest.len();
                problems.push(problem.at(Span::new(start, start + length)));
                length
            }
        };
        rest = &rest[length..];
    }
    value.push_str(rest);
    (value, problems)
}

/// The character of the escape that `rest` begins with, and the escape's length.
fn escape(rest: &str) -> Result<(char, usize), (usize, Diagnostic)> {
    let mut characters = rest.chars().skip(1);
    let next = characters.next();
    match next {
        Some('n') => Ok(('\n', 2)),
        Some('t') => Ok(('\t', 2)),
        Some('"') => Ok(('"', 2)),
        Some('\\') => Ok(('\\', 2)),
        Some('u') if rest[2..].starts_with('{') => {
            let length = rest.find('}').map_or(rest.len(), |at| at + 1);
            let code = rest.get(3..length.saturating_sub(1)).unwrap_or("");
            let hex = !code.is_empty() && code.len() <= 6 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
            let character = u32::from_str_radix(code, 16).ok().filter(|_| hex).and_then(char::from_u32);
            character.map(|character| (character, length)).ok_or_else(|| {
                let message = format!("`{}` is not a Unicode character", &rest[..length]);
                (length, Diagnostic::error(codes::ESCAPE, message).help("an example is `\\u{1F600}`"))
            })
        }
        other => {
            let length = 1 + other.map_or(0, char::len_utf8);
            let message = format!("`{}` is an unknown escape", &rest[..length]);
            let problem = Diagnostic::error(codes::ESCAPE, message)
                .help("the escapes are \\n, \\t, \\\", \\\\ and \\u{...}; a backslash itself is written `\\\\`");
            Err((length, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_of(text: &str) -> Option<Literal> {
        date(text, Span::default()).ok()
    }

    #[test]
    fn dates_count_days_from_1970() {
        assert_eq!(date_of("@1970-01-01"), Some(Literal::Date(0)));
        assert_eq!(date_of("@1969-12-31"), Some(Literal::Date(-1)));
        assert_eq!(date_of("@2000-02-29"), Some(Literal::Date(11_016)));
        assert_eq!(date_of("@2024-01-31"), Some(Literal::Date(19_753)));
        assert_eq!(date_of("@0000-03-01"), Some(Literal::Date(-719_468)));
        assert_eq!(date_of("@9999-12-31"), Some(Literal::Date(2_932_896)));
    }

    #[test]
    fn dates_outside_the_calendar_are_refused() {
        for text in ["@2023-02-29", "@1900-02-29", "@2024-13-01", "@2024-00-01", "@2024-04-31", "@2024-01-00"] {
            assert_eq!(date_of(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_count_microseconds() {
        let of = |text| timestamp(text, Span::default()).ok();
        assert_eq!(of("@1970-01-01T00:00:00"), Some(Literal::Timestamp(0)));
        assert_eq!(of("@1969-12-31T23:59:59.999999"), Some(Literal::Timestamp(-1)));
        assert_eq!(of("@1970-01-02T01:02:03.5"), Some(Literal::Timestamp(90_123_500_000)));
        assert_eq!(of("@1970-01-01T24:00:00"), None);
        assert_eq!(of("@1970-01-01T00:00:60"), None);
        assert_eq!(of("@1970-01-01T00:00:00.1234567"), None);
    }

    #[test]
    fn durations_scale_by_their_unit() {
        let of = |text| duration(text, Span::default()).ok();
        assert_eq!(of("7us"), Some(Literal::Duration(7)));
        assert_eq!(of("1_5ms"), Some(Literal::Duration(15_000)));
        assert_eq!(of("5min"), Some(Literal::Duration(300_000_000)));
        assert_eq!(of("2w"), Some(Literal::Duration(14 * MICROS_PER_DAY)));
        assert_eq!(of("3mo"), Some(Literal::Months(3)));
        assert_eq!(of("2y"), Some(Literal::Months(24)));
        assert_eq!(of("9223372036854775807w"), None);
    }

    #[test]
    fn floats_are_finite_and_not_zero_by_accident() {
        let of = |text| float(text, Span::default());
        assert_eq!(of("1_000.5e3"), Ok(Literal::Float("1000.5e3".to_owned())));
        assert_eq!(of("0.00e-999"), Ok(Literal::Float("0.00e-999".to_owned())));
        assert_eq!(of("5e-324"), Ok(Literal::Float("5e-324".to_owned())));
        for text in ["1e309", "1e-400"] {
            let (problem, near) = *of(text).unwrap_err();
            assert!(problem.message.contains("too"), "{problem:?}");
            assert!(matches!(near, Literal::Float(_)));
        }
    }

    #[test]
    fn what_is_not_in_the_calendar_is_near_to_what_is() {
        let near = |text| date(text, Span::default()).unwrap_err().1;
        assert_eq!(Ok(near("@2024-02-30")), date("@2024-02-29", Span::default()));
        assert_eq!(Ok(near("@2024-13-00")), date("@2024-12-01", Span::default()));
        let near = timestamp("@2024-02-30T25:00:00", Span::default()).unwrap_err().1;
        assert_eq!(Ok(near), timestamp("@2024-02-29T00:00:00", Span::default()));
    }

    #[test]
    fn escapes_are_replaced_and_unknown_ones_reported_in_place() {
        let (value, problems) = unescape(r#""a\n\t\"\\\u{1F600}b""#, Span::new(10, 30));
        assert_eq!((value.as_str(), problems.len()), ("a\n\t\"\\😀b", 0));
        let (_, problems) = unescape(r#""\d\u{110000}""#, Span::new(10, 24));
        let places: Vec<Span> = problems.iter().map(|problem| problem.labels[0].span).collect();
        assert_eq!(places, [Span::new(11, 13), Span::new(13, 23)]);
    }
}
