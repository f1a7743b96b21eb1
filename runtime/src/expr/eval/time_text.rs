//! `strftime` and `strptime`: times to text and back, by a format.

mod reading;

use super::function::Arguments;
use super::time::{civil, split};
use super::time_format::{Field, Part, parts};
use super::{EvalError, Value};
use crate::expr::Scalar;
use crate::expr::calendar::{Civil, MONTHS, WEEKDAYS, iso_week, iso_year, weekday};

/// The timestamp of a text by the format that is the second argument; nothing where it is none.
pub(super) fn read(text: &str, more: &Arguments<'_>) -> Result<Option<Scalar>, EvalError> {
    let parts = parts(more.text(1)?).map_err(|problem| more.problem(problem.problem))?;
    Ok(reading::read(text, &parts).map(Scalar::Int))
}

/// What is wrong with a text that no timestamp is written as.
pub(super) fn unread(text: &str, more: &Arguments<'_>) -> EvalError {
    more.problem(format!("`{text}` is not as the format says (`try_strptime` is null there)"))
}

/// A date or a timestamp by a format.
pub(super) fn write(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let parts = parts(arguments.text(1)?).map_err(|problem| arguments.problem(problem.problem))?;
    let moment = Moment::of(arguments.get(0)?)?;
    let written: String = parts.iter().map(|part| moment.part(*part)).collect();
    Ok(Scalar::str(&written))
}

/// A moment, apart.
struct Moment {
    days: i64,
    date: Civil,
    micros: i64,
}

impl Moment {
    fn of(value: &Value) -> Result<Self, EvalError> {
        let (days, micros) = split(value)?;
        Ok(Self { days, date: civil(days), micros })
    }

    fn part(&self, part: Part<'_>) -> String {
        match part {
            Part::Literal(text) => text.to_owned(),
            Part::Field(Field::WeekdayName { short }, _) => name(&WEEKDAYS, weekday(self.days), short),
            Part::Field(Field::MonthName { short }, _) => name(&MONTHS, self.date.month - 1, short),
            Part::Field(Field::Half, _) => if self.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            Part::Field(Field::Offset, _) => "+00".to_owned(),
            Part::Field(Field::Zone, _) => String::new(),
            Part::Field(field, padded) => {
                let (number, width) = self.number(field);
                let width = if padded { width } else { 0 };
                // A year before 0 has no more digits than it needs.
                if number < 0 { number.to_string() } else { format!("{number:0width$}") }
            }
        }
    }

    fn hour(&self) -> i64 {
        self.micros / 3_600_000_000
    }

    /// The number of a field, and how many digits it has at least.
    fn number(&self, field: Field) -> (i64, usize) {
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let day_of_year = self.date.day_of_year();
        match field {
            Field::Weekday => (weekday(self.days), 1),
            Field::IsoWeekday => ((weekday(self.days) + 6) % 7 + 1, 1),
            Field::Day => (self.date.day, 2),
            Field::Month => (self.date.month, 2),
            Field::Year => (self.date.year, 4),
            Field::ShortYear => (self.date.year.abs() % 100, 2),
            Field::IsoYear => (iso_year(self.days), 4),
            Field::Hour => (self.hour(), 2),
            Field::HalfHour => ((self.hour() + 11) % 12 + 1, 2),
            Field::Minute => (seconds / 60 % 60, 2),
            Field::Second => (seconds % 60, 2),
            Field::Millisecond => (micros / 1_000, 3),
            Field::Microsecond => (micros, 6),
            Field::Nanosecond => (micros * 1_000, 9),
            Field::DayOfYear => (day_of_year, 3),
            Field::SundayWeek => ((day_of_year + 6 - weekday(self.days)) / 7, 2),
            Field::MondayWeek => ((day_of_year + 6 - (weekday(self.days) + 6) % 7) / 7, 2),
            Field::IsoWeek => (iso_week(self.days), 2),
            Field::WeekdayName { .. } | Field::MonthName { .. } | Field::Half | Field::Offset | Field::Zone => {
                unreachable!("{field:?} is no number")
            }
        }
    }
}

fn name(names: &[&str], at: i64, short: bool) -> String {
    let name = names[at as usize];
    if short { name[..3].to_owned() } else { name.to_owned() }
}
