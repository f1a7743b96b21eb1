//! The proleptic Gregorian calendar: days and microseconds since 1970 to civil dates, their parts, units and differences.
//!
//! Everything floors, so that times before 1970 behave like those after. The day arithmetic counts from 0000-03-01, which
//! puts the leap day at a year's end (after Richards, "Mapping Time", 1998); it covers every day that an i32 holds.

use serde::{Deserialize, Serialize};

/// Microseconds of a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// The number of 1970-01-01 as a Julian day, from midnight.
pub const JULIAN_EPOCH: i64 = 2_440_588;
/// Where a bucket of `time_bucket` begins, in microseconds since 1970: the Monday 2000-01-03.
pub const BUCKET_ORIGIN: i64 = 10_959 * MICROS_PER_DAY;

/// The names of the weekdays, from Sunday.
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

/// No type holds a date beyond these years, and at some point the days of one overflow.
pub const MOST_YEARS: i64 = 10_000_000;

/// A date of the calendar; year 0 is 1 BC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Civil {
    /// The date of a day counted from 1970-01-01.
    pub fn from_days(days: i64) -> Self {
        let shifted = days + DAYS_TO_EPOCH;
        let era = shifted.div_euclid(DAYS_PER_ERA);
        let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self { year, month, day }
    }

    /// The day, counted from 1970-01-01.
    pub fn to_days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (self.month + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
    }

    /// The date, if the calendar has it.
    pub fn checked(year: i64, month: i64, day: i64) -> Option<Self> {
        let valid = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        valid.then_some(Self { year, month, day })
    }

    /// 1 to 366.
    pub fn day_of_year(self) -> i64 {
        self.to_days() - Self { year: self.year, month: 1, day: 1 }.to_days() + 1
    }

    /// The same day `months` later, or the month's last day where it is shorter; `None` beyond [`MOST_YEARS`].
    pub fn add_months(self, months: i64) -> Option<Self> {
        let total = self.year.checked_mul(12)?.checked_add(self.month - 1)?.checked_add(months)?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        (year.abs() <= MOST_YEARS).then(|| Self { year, month, day: self.day.min(days_in_month(year, month)) })
    }
}

/// Days of a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 (Sunday) to 6.
pub fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// The Monday of a day's week.
pub fn monday(days: i64) -> i64 {
    days - (days + 3).rem_euclid(7)
}

/// The year of ISO 8601: that of the week's Thursday.
pub fn iso_year(days: i64) -> i64 {
    Civil::from_days(monday(days) + 3).year
}

/// The week of ISO 8601, 1 to 53: the week of the year that the week's Thursday is in.
pub fn iso_week(days: i64) -> i64 {
    let thursday = monday(days) + 3;
    (Civil::from_days(thursday).day_of_year() - 1) / 7 + 1
}

/// A unit of time that [`truncate`] and [`difference`] understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum TimeUnit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
}

impl TimeUnit {
    /// Every unit, from the shortest.
    pub const ALL: &'static [Self] = &[
        Self::Microsecond,
        Self::Millisecond,
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::Decade,
        Self::Century,
        Self::Millennium,
    ];

    /// The unit's name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Microsecond => "microsecond",
            Self::Millisecond => "millisecond",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Decade => "decade",
            Self::Century => "century",
            Self::Millennium => "millennium",
        }
    }

    /// The unit of a name, in the singular or the plural and in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "centuries" => return Some(Self::Century),
            "millennia" => return Some(Self::Millennium),
            _ => {}
        }
        let singular = name.strip_suffix('s').unwrap_or(&name);
        Self::ALL.iter().copied().find(|unit| unit.name() == singular)
    }

    /// How many microseconds it has, if that is a constant of at most a day.
    pub fn micros(self) -> Option<i64> {
        match self {
            Self::Microsecond => Some(1),
            Self::Millisecond => Some(1_000),
            Self::Second => Some(MICROS_PER_SECOND),
            Self::Minute => Some(60 * MICROS_PER_SECOND),
            Self::Hour => Some(3_600 * MICROS_PER_SECOND),
            Self::Day => Some(MICROS_PER_DAY),
            Self::Week | Self::Month | Self::Quarter | Self::Year | Self::Decade | Self::Century | Self::Millennium => {
                None
            }
        }
    }

    /// How many months it has, if it is made of months.
    pub fn months(self) -> Option<i64> {
        match self {
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
            Self::Decade => Some(120),
            Self::Century => Some(1_200),
            Self::Millennium => Some(12_000),
            Self::Microsecond
            | Self::Millisecond
            | Self::Second
            | Self::Minute
            | Self::Hour
            | Self::Day
            | Self::Week => None,
        }
    }
}

/// The first day of the unit that a day is in; the day itself for units of a day or less.
pub fn truncate_days(unit: TimeUnit, days: i64) -> i64 {
    if unit == TimeUnit::Week {
        return monday(days);
    }
    let Some(months) = unit.months() else { return days };
    let civil = Civil::from_days(days);
    let first = (civil.year * 12 + civil.month - 1).div_euclid(months) * months;
    Civil { year: first.div_euclid(12), month: first.rem_euclid(12) + 1, day: 1 }.to_days()
}

/// The first microsecond of the unit that a time is in; none if an i64 does not hold it.
pub fn truncate(unit: TimeUnit, micros: i64) -> Option<i64> {
    match unit.micros() {
        Some(step) => micros.div_euclid(step).checked_mul(step),
        None => truncate_days(unit, micros.div_euclid(MICROS_PER_DAY)).checked_mul(MICROS_PER_DAY),
    }
}

/// How many of `unit` lie from `from` to `to`, both in microseconds: boundaries crossed; for weeks, whole weeks elapsed
/// between the days, as DuckDB counts them.
pub fn difference(unit: TimeUnit, from: i128, to: i128) -> i128 {
    if let Some(step) = unit.micros() {
        let step = i128::from(step);
        return to.div_euclid(step) - from.div_euclid(step);
    }
    let day = |micros: i128| micros.div_euclid(i128::from(MICROS_PER_DAY));
    let civil = |micros: i128| {
        let day = i64::try_from(day(micros));
        Civil::from_days(day.unwrap_or_else(|_| panic!("no type holds {micros} microseconds")))
    };
    match unit.months() {
        None => (day(to) - day(from)) / 7,
        Some(months) if months <= 12 => {
            let count = |at: Civil| (at.year * 12 + at.month - 1).div_euclid(months);
            i128::from(count(civil(to)) - count(civil(from)))
        }
        Some(months) => {
            let years = months / 12;
            i128::from(civil(to).year / years - civil(from).year / years)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-1_000_000..1_000_000).step_by(37).chain([i64::from(i32::MIN), i64::from(i32::MAX)]) {
            let civil = Civil::from_days(days);
            assert_eq!(civil.to_days(), days);
            assert_eq!(Civil::checked(civil.year, civil.month, civil.day), Some(civil));
        }
        assert_eq!(Civil::from_days(0), Civil { year: 1970, month: 1, day: 1 });
        assert_eq!(Civil { year: 2024, month: 2, day: 29 }.to_days(), 19_782);
    }

    #[test]
    fn dates_that_do_not_exist() {
        assert_eq!(Civil::checked(2023, 2, 29), None);
        assert_eq!(Civil::checked(1900, 2, 29), None);
        assert_eq!(Civil::checked(2024, 13, 1), None);
        assert_eq!(Civil::checked(2024, 4, 31), None);
    }

    #[test]
    fn units_are_named_in_both_numbers() {
        for unit in TimeUnit::ALL {
            assert_eq!(TimeUnit::from_name(unit.name()), Some(*unit));
        }
        assert_eq!(TimeUnit::from_name("Months"), Some(TimeUnit::Month));
        assert_eq!(TimeUnit::from_name("centuries"), Some(TimeUnit::Century));
        assert_eq!(TimeUnit::from_name("blah"), None);
    }

    #[test]
    fn iso_weeks() {
        let week = |year, month, day| iso_week(Civil { year, month, day }.to_days());
        assert_eq!(week(2024, 12, 31), 1);
        assert_eq!(week(2021, 1, 1), 53);
        assert_eq!(week(2024, 12, 29), 52);
    }
}
