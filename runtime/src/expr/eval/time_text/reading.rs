//! A timestamp from a text by a format, by DuckDB's rules.

use super::super::parse::BLANKS;
use super::super::time_format::{Field, Part};
use crate::expr::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND, MONTHS, WEEKDAYS, monday};

/// What the date is made of. What comes first decides, but for the fields of [`Self::Date`], which decide wherever they
/// stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dating {
    /// Nothing said anything of the date.
    Nothing,
    /// The year, and the month if its name was read.
    Year,
    /// The month or the day as numbers.
    Date,
    /// The day of the year.
    DayOfYear,
    /// A week that begins so many days after Sunday.
    Week(i64),
    /// Year, week and weekday of ISO 8601.
    Iso,
}

/// What was read so far.
struct Reader<'a> {
    rest: &'a str,
    dating: Dating,
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    week: i64,
    weekday: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_weekday: Option<i64>,
    hour: i64,
    /// Whether it is the second half of the day.
    half: Option<bool>,
    minute: i64,
    second: i64,
    micros: i64,
    /// Seconds ahead of UTC.
    offset: i64,
}

/// Microseconds since 1970, UTC; nothing where the text is not as the format says.
pub(super) fn read(text: &str, parts: &[Part<'_>]) -> Option<i128> {
    let text = text.trim_start_matches(BLANKS);
    if text.trim_end_matches(BLANKS).eq_ignore_ascii_case("epoch") {
        return Some(0);
    }
    let mut reader = Reader::new(text);
    for part in parts {
        match *part {
            Part::Literal(literal) => reader.literal(literal)?,
            Part::Field(field, _) => reader.field(field)?,
        }
    }
    if !reader.rest.trim_start_matches(BLANKS).is_empty() {
        return None;
    }
    let days = reader.days()?;
    let seconds = (reader.hour_of_day()? * 60 + reader.minute) * 60 + reader.second - reader.offset;
    Some(i128::from(days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + reader.micros))
}

impl<'a> Reader<'a> {
    fn new(rest: &'a str) -> Self {
        Self {
            rest,
            dating: Dating::Nothing,
            year: 1900,
            month: 1,
            day: 1,
            day_of_year: 1,
            week: 0,
            weekday: None,
            iso_year: None,
            iso_week: None,
            iso_weekday: None,
            hour: 0,
            half: None,
            minute: 0,
            second: 0,
            micros: 0,
            offset: 0,
        }
    }

    /// The same characters; blanks are as many as one likes, but one at least.
    fn literal(&mut self, literal: &str) -> Option<()> {
        let mut wanted = literal;
        while let Some(c) = wanted.chars().next() {
            if BLANKS.contains(&c) {
                self.rest = self.rest.strip_prefix(BLANKS)?.trim_start_matches(BLANKS);
                wanted = wanted.trim_start_matches(BLANKS);
            } else {
                self.rest = self.rest.strip_prefix(c)?;
                wanted = &wanted[c.len_utf8()..];
            }
        }
        Some(())
    }

    fn field(&mut self, field: Field) -> Option<()> {
        match field {
            Field::WeekdayName { short } => {
                self.name(&WEEKDAYS, short)?;
            }
            Field::MonthName { short } => self.month = self.name(&MONTHS, short)? + 1,
            Field::Half => {
                let half = self.rest.get(..2)?.to_ascii_lowercase();
                self.half = Some(["am", "pm"].iter().position(|known| *known == half)? == 1);
                self.rest = &self.rest[2..];
            }
            Field::Offset => self.offset = self.offset()?,
            Field::Hour => self.hour = self.number(2, 0..=23)?,
            Field::HalfHour => self.hour = self.number(2, 1..=12)?,
            Field::Minute => self.minute = self.number(2, 0..=59)?,
            Field::Second => self.second = self.number(2, 0..=59)?,
            Field::Millisecond => self.micros = self.fraction(3)? * 1_000,
            Field::Microsecond => self.micros = self.fraction(6)?,
            Field::Day => (self.day, self.dating) = (self.number(2, 1..=31)?, Dating::Date),
            Field::Month => (self.month, self.dating) = (self.number(2, 1..=12)?, Dating::Date),
            Field::Year => self.year_is(4)?,
            Field::ShortYear => {
                self.year_is(2)?;
                self.year += if self.year < 69 { 2_000 } else { 1_900 };
            }
            Field::DayOfYear => {
                self.day_of_year = self.number(3, 1..=366)?;
                self.dated(Dating::DayOfYear, &[Dating::Nothing, Dating::Year])?;
            }
            Field::SundayWeek | Field::MondayWeek => {
                self.week = self.number(2, 0..=53)?;
                let begin = Dating::Week(i64::from(field == Field::MondayWeek));
                self.dated(begin, &[Dating::Nothing, Dating::Year])?;
            }
            Field::Weekday => self.weekday = Some(self.number(1, 0..=6)?),
            Field::IsoYear => self.iso_year_is()?,
            Field::IsoWeek => self.iso_week_is()?,
            Field::IsoWeekday => {
                let weekday = self.number(1, 1..=7)?;
                self.iso_weekday.replace(weekday).is_none().then_some(())?;
            }
            Field::Nanosecond | Field::Zone => return None,
        }
        Some(())
    }

    /// The year of ISO 8601, which says nothing beside a year of the calendar, and is said once.
    fn iso_year_is(&mut self) -> Option<()> {
        let year = self.number(4, 0..=9_999)?;
        let is_new = self.iso_year.replace(year).is_none();
        if self.dating == Dating::Year {
            return Some(());
        }
        let once = self.dating != Dating::Iso || is_new;
        once.then(|| self.dated(Dating::Iso, &[Dating::Nothing, Dating::Iso]))?
    }

    /// The week of ISO 8601, which is said once.
    fn iso_week_is(&mut self) -> Option<()> {
        let week = self.number(2, 1..=53)?;
        let is_new = self.iso_week.replace(week).is_none();
        let once = self.dating != Dating::Iso || is_new;
        once.then(|| self.dated(Dating::Iso, &[Dating::Nothing, Dating::Iso]))?
    }

    /// Takes the date from other fields, where only these said anything of it; a month or a day is enough otherwise.
    fn dated(&mut self, by: Dating, over: &[Dating]) -> Option<()> {
        if over.contains(&self.dating) {
            self.dating = by;
            return Some(());
        }
        (self.dating == Dating::Date).then_some(())
    }

    fn year_is(&mut self, digits: usize) -> Option<()> {
        self.year = self.number(digits, 0..=9_999)?;
        if matches!(self.dating, Dating::Nothing | Dating::Iso) {
            self.dating = Dating::Year;
        }
        Some(())
    }

    /// One to `most` digits of a number within the range.
    fn number(&mut self, most: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|number| range.contains(number))
    }

    /// One to `most` digits behind a point, as if zeros followed.
    fn fraction(&mut self, most: usize) -> Option<i64> {
        let before = self.rest.len();
        let number = self.number(most, 0..=i64::MAX)?;
        let missing = most - (before - self.rest.len());
        Some(number * 10_i64.pow(u32::try_from(missing).ok()?))
    }

    /// The index of a name, in any case.
    fn name(&mut self, names: &[&str], short: bool) -> Option<i64> {
        let length = |name: &str| if short { 3 } else { name.len() };
        let begins = |name: &&str| {
            let begin = self.rest.get(..length(name));
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(&name[..length(name)]))
        };
        let found = names.iter().position(begins)?;
        self.rest = &self.rest[length(names[found])..];
        Some(found as i64)
    }

    /// `+02`, `+0230`, `+02:30` or `+02:30:15` in seconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.rest.starts_with('-') { -1 } else { 1 };
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let mut seconds = self.two_digits()? * 3_600;
        let has_colon = self.rest.starts_with(':');
        if has_colon {
            self.rest = &self.rest[1..];
            seconds += self.two_digits()? * 60;
            if let Some(rest) = self.rest.strip_prefix(':') {
                self.rest = rest;
                seconds += self.two_digits()?;
            }
        } else if let Some(minutes) = self.two_digits() {
            seconds += minutes * 60;
        }
        Some(sign * seconds)
    }

    fn two_digits(&mut self) -> Option<i64> {
        let digits = self.rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        self.rest = &self.rest[2..];
        digits.parse().ok()
    }

    /// The hour by the half of the day, if that was read.
    fn hour_of_day(&self) -> Option<i64> {
        match self.half {
            None => Some(self.hour),
            Some(_) if self.hour > 12 => None,
            Some(second) => Some(self.hour % 12 + if second { 12 } else { 0 }),
        }
    }

    /// Days since 1970 of the date that the fields say.
    fn days(&self) -> Option<i64> {
        let new_year = Civil { year: self.year, month: 1, day: 1 }.to_days();
        match self.dating {
            Dating::Nothing | Dating::Year | Dating::Date => {
                Civil::checked(self.year, self.month, self.day).map(Civil::to_days)
            }
            Dating::DayOfYear => Some(new_year + self.day_of_year - 1),
            Dating::Week(begin) => {
                let first = monday(new_year) + begin - 1;
                let before = first - if first >= new_year { 7 } else { 0 };
                Some(before + self.week * 7 + self.weekday.map_or(0, |weekday| (weekday + 7 - begin) % 7))
            }
            Dating::Iso => {
                let january = Civil { year: self.iso_year.unwrap_or(1900), month: 1, day: 4 }.to_days();
                let (week, weekday) = (self.iso_week.unwrap_or(1), self.iso_weekday.unwrap_or(1));
                Some(monday(january) + (week - 1) * 7 + weekday - 1)
            }
        }
    }
}
