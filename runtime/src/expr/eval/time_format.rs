//! Formats of dates and times, such as `%Y-%m-%d`: what `strptime` reads by and `strftime` writes by.

use std::ops::Range;

/// A part of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text as it is.
    Literal(&'a str),
    /// A field, and whether its number has leading zeros.
    Field(Field, bool),
}

/// What a specifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// `%A`, shortened `%a`.
    WeekdayName {
        /// Whether only the first three letters are written.
        short: bool,
    },
    /// `%B`, shortened `%b` and `%h`.
    MonthName {
        /// Whether only the first three letters are written.
        short: bool,
    },
    /// `%w`: 0 (Sunday) to 6.
    Weekday,
    /// `%u`: 1 (Monday) to 7.
    IsoWeekday,
    /// `%d`
    Day,
    /// `%m`
    Month,
    /// `%Y`
    Year,
    /// `%y`: the last two digits.
    ShortYear,
    /// `%G`: the year of ISO 8601.
    IsoYear,
    /// `%H`
    Hour,
    /// `%I`: 1 to 12.
    HalfHour,
    /// `%p`: AM or PM.
    Half,
    /// `%M`
    Minute,
    /// `%S`
    Second,
    /// `%g`
    Millisecond,
    /// `%f`
    Microsecond,
    /// `%n`
    Nanosecond,
    /// `%j`
    DayOfYear,
    /// `%U`: the first Sunday begins week 1.
    SundayWeek,
    /// `%W`: the first Monday begins week 1.
    MondayWeek,
    /// `%V`: the week of ISO 8601.
    IsoWeek,
    /// `%z`: ahead of UTC.
    Offset,
    /// `%Z`: the name of a time zone.
    Zone,
}

/// What is wrong with a format, and in which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatProblem {
    /// Where.
    pub at: Range<usize>,
    /// What.
    pub problem: String,
}

/// What is wrong with a format of `strftime`, or of `strptime` if it is to be `read`.
pub fn format_problem(format: &str, read: bool) -> Option<FormatProblem> {
    let mut place = 0;
    if format.is_empty() {
        return Some(FormatProblem { at: 0..0, problem: "the format is empty".to_owned() });
    }
    while place < format.len() {
        let (part, length) = match next(&format[place..]) {
            Ok(found) => found,
            Err(problem) => {
                return Some(FormatProblem { at: place + problem.at.start..place + problem.at.end, ..problem });
            }
        };
        let unread = match part {
            Found::Part(Part::Field(Field::Nanosecond, _)) => "a timestamp has no nanoseconds: `%f` reads six digits",
            Found::Part(Part::Field(Field::Zone, _)) => "names of time zones are not read: `%z` reads `+02:00`",
            Found::Part(Part::Field(..) | Part::Literal(_)) | Found::Several(_) => "",
        };
        if read && !unread.is_empty() {
            return Some(FormatProblem { at: place..place + length, problem: unread.to_owned() });
        }
        place += length;
    }
    None
}

/// The parts of a format.
pub(super) fn parts(format: &str) -> Result<Vec<Part<'_>>, FormatProblem> {
    let (mut parts, mut rest) = (Vec::new(), format);
    while !rest.is_empty() {
        let (found, length) = next(rest)?;
        match found {
            Found::Part(part) => parts.push(part),
            Found::Several(format) => parts.extend(self::parts(format)?),
        }
        rest = &rest[length..];
    }
    Ok(parts)
}

/// What a format begins with.
enum Found<'a> {
    Part(Part<'a>),
    /// What `%c`, `%x`, `%X` and `%T` are short for.
    Several(&'static str),
}

/// The first part of a format and how many bytes write it.
fn next(format: &str) -> Result<(Found<'_>, usize), FormatProblem> {
    let Some(specifier) = format.strip_prefix('%') else {
        let length = format.find('%').unwrap_or(format.len());
        return Ok((Found::Part(Part::Literal(&format[..length])), length));
    };
    let (padded, letter) = match specifier.strip_prefix('-') {
        Some(bare) => (false, bare.chars().next()),
        None => (true, specifier.chars().next()),
    };
    let length = 1 + usize::from(!padded) + letter.map_or(0, char::len_utf8);
    let found = match (letter, padded) {
        (Some('%'), true) => Some(Found::Part(Part::Literal(&format[1..2]))),
        (Some('c'), true) => Some(Found::Several("%Y-%m-%d %H:%M:%S")),
        (Some('x'), true) => Some(Found::Several("%Y-%m-%d")),
        (Some('X' | 'T'), true) => Some(Found::Several("%H:%M:%S")),
        (Some(letter), _) if padded || "dmyHIMSj".contains(letter) => {
            field(letter).map(|field| Found::Part(Part::Field(field, padded)))
        }
        _ => None,
    };
    found.map(|found| (found, length)).ok_or_else(|| FormatProblem {
        at: 0..length,
        problem: format!("no specifier is `{}`; `%%` writes a percent sign", &format[..length]),
    })
}

fn field(letter: char) -> Option<Field> {
    Some(match letter {
        'a' => Field::WeekdayName { short: true },
        'A' => Field::WeekdayName { short: false },
        'b' | 'h' => Field::MonthName { short: true },
        'B' => Field::MonthName { short: false },
        'w' => Field::Weekday,
        'u' => Field::IsoWeekday,
        'd' => Field::Day,
        'm' => Field::Month,
        'Y' => Field::Year,
        'y' => Field::ShortYear,
        'G' => Field::IsoYear,
        'H' => Field::Hour,
        'I' => Field::HalfHour,
        'p' => Field::Half,
        'M' => Field::Minute,
        'S' => Field::Second,
        'g' => Field::Millisecond,
        'f' => Field::Microsecond,
        'n' => Field::Nanosecond,
        'j' => Field::DayOfYear,
        'U' => Field::SundayWeek,
        'W' => Field::MondayWeek,
        'V' => Field::IsoWeek,
        'z' => Field::Offset,
        'Z' => Field::Zone,
        _ => return None,
    })
}
