//! Dates and times on a device: the proleptic Gregorian calendar in integer arithmetic.
//!
//! Years are counted from March, so that the leap day is the last of its year; eras are 400 years of 146,097 days.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "dates and timestamps are the only types and time functions the only functions here"
)]

use super::Scope;
use super::cast::MICROS_PER_DAY;
use crate::encode::{Expr, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::expr::Function;
use dj_runtime::expr::calendar::TimeUnit;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_FROM_MARCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// A date as the calendar has it, `i32` each.
#[derive(Clone, Copy)]
pub(super) struct Civil<'c> {
    /// The year.
    pub(super) year: Value<'c>,
    /// 1 to 12.
    pub(super) month: Value<'c>,
    /// 1 to 31.
    pub(super) day: Value<'c>,
}

impl<'c> Cx<'_, 'c> {
    fn int(&self, value: i64) -> Value<'c> {
        self.b.constant_int(Element::S32, value)
    }

    /// `floor(value / unit)` of `i64`, a positive constant unit.
    fn floor_by(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        self.b.floor_divide(value, self.b.constant_int(self.b.element(value), unit))
    }

    fn floor_rest(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        self.b.floor_remainder(value, self.b.constant_int(self.b.element(value), unit))
    }

    /// Days since 1970 of a date or timestamp, as `i32`.
    pub(super) fn days(&self, value: Value<'c>, ty: Type) -> Value<'c> {
        let days = if ty == Type::Timestamp {
            self.floor_by(self.to_element(value, Element::S64), MICROS_PER_DAY)
        } else {
            value
        };
        self.to_element(days, Element::S32)
    }

    /// Microseconds since midnight of a timestamp, as `i64`; zero for a date.
    fn time_of_day(&self, value: Value<'c>, ty: Type) -> Value<'c> {
        if ty == Type::Timestamp {
            self.floor_rest(self.to_element(value, Element::S64), MICROS_PER_DAY)
        } else {
            self.b.full_int(Element::S64, &self.b.dims(value), 0)
        }
    }

    /// The calendar date of days since 1970.
    pub(super) fn civil(&self, days: Value<'c>) -> Civil<'c> {
        let b = self.b;
        let z = b.add(days, self.int(EPOCH_FROM_MARCH));
        let era = self.floor_by(z, DAYS_PER_ERA);
        let doe = b.subtract(z, b.multiply(era, self.int(DAYS_PER_ERA)));
        let leap = b.subtract(b.add(doe, b.divide(doe, self.int(36_524))), b.divide(doe, self.int(146_096)));
        let yoe = b.divide(b.subtract(leap, b.divide(doe, self.int(1_460))), self.int(365));
        let days_before =
            b.subtract(b.add(b.multiply(yoe, self.int(365)), b.divide(yoe, self.int(4))), b.divide(yoe, self.int(100)));
        let doy = b.subtract(doe, days_before);
        let march_month = b.divide(b.add(b.multiply(doy, self.int(5)), self.int(2)), self.int(153));
        let first = b.divide(b.add(b.multiply(march_month, self.int(153)), self.int(2)), self.int(5));
        let day = b.add(b.subtract(doy, first), self.int(1));
        let late = b.compare(Direction::Ge, march_month, self.int(10));
        let shift = b.select(late, b.broadcast(self.int(-9), &b.dims(days)), b.broadcast(self.int(3), &b.dims(days)));
        let month = b.add(march_month, shift);
        let year = b.add(b.add(yoe, b.multiply(era, self.int(400))), b.convert(late, Element::S32));
        Civil { year, month, day }
    }

    /// Days since 1970 of a calendar date.
    pub(super) fn days_of(&self, civil: Civil<'c>) -> Value<'c> {
        let b = self.b;
        let early = b.compare(Direction::Le, civil.month, self.int(2));
        let year = b.subtract(civil.year, b.convert(early, Element::S32));
        let era = self.floor_by(year, 400);
        let yoe = b.subtract(year, b.multiply(era, self.int(400)));
        let shift = b.select(early, b.broadcast(self.int(9), &b.dims(year)), b.broadcast(self.int(-3), &b.dims(year)));
        let march_month = b.add(civil.month, shift);
        let first = b.divide(b.add(b.multiply(march_month, self.int(153)), self.int(2)), self.int(5));
        let doy = b.subtract(b.add(first, civil.day), self.int(1));
        let before =
            b.subtract(b.add(b.multiply(yoe, self.int(365)), b.divide(yoe, self.int(4))), b.divide(yoe, self.int(100)));
        let doe = b.add(before, doy);
        b.subtract(b.add(b.multiply(era, self.int(DAYS_PER_ERA)), doe), self.int(EPOCH_FROM_MARCH))
    }

    /// A part of a date or timestamp.
    pub(super) fn date_part(&self, function: Function, value: Value<'c>, ty: Type) -> Value<'c> {
        let b = self.b;
        let civil = || self.civil(self.days(value, ty));
        let time = |unit: i64, modulus: i64| {
            let units = self.floor_by(self.time_of_day(value, ty), unit);
            if modulus == 24 { units } else { self.floor_rest(units, modulus) }
        };
        match function {
            Function::Year => civil().year,
            Function::Month => civil().month,
            Function::Day => civil().day,
            Function::Quarter => self.quarter(civil().month),
            Function::Hour => time(3_600_000_000, 24),
            Function::Minute => time(60_000_000, 60),
            Function::Second => time(1_000_000, 60),
            // 1970-01-01 was a Thursday.
            Function::Weekday => self.floor_rest(b.add(self.days(value, ty), self.int(4)), 7),
            Function::DayOfYear => {
                let days = self.days(value, ty);
                b.add(b.subtract(days, self.year_start(self.civil(days).year)), self.int(1))
            }
            _ => self.iso_week(self.days(value, ty)),
        }
    }

    fn quarter(&self, month: Value<'c>) -> Value<'c> {
        self.b.divide(self.b.add(month, self.int(2)), self.int(3))
    }

    fn year_start(&self, year: Value<'c>) -> Value<'c> {
        let one = self.b.full_int(Element::S32, &self.b.dims(year), 1);
        self.days_of(Civil { year, month: one, day: one })
    }

    /// The week of ISO 8601: that of the year in which the week's Thursday lies.
    fn iso_week(&self, days: Value<'c>) -> Value<'c> {
        let b = self.b;
        let from_monday = self.floor_rest(b.add(days, self.int(3)), 7);
        let thursday = b.add(b.subtract(days, from_monday), self.int(3));
        let start = self.year_start(self.civil(thursday).year);
        b.add(b.divide(b.subtract(thursday, start), self.int(7)), self.int(1))
    }

    /// The number of a unit's boundaries since a fixed origin, as `i64`: equal within one unit, and one more in the next.
    fn unit_index(&self, unit: &str, value: Value<'c>, ty: Type) -> Value<'c> {
        let b = self.b;
        let wide = |value| self.to_element(value, Element::S64);
        let months = || {
            let civil = self.civil(self.days(value, ty));
            b.add(b.multiply(civil.year, self.int(12)), b.subtract(civil.month, self.int(1)))
        };
        if let Some(micros) = micros_of(unit) {
            let instant = match ty {
                Type::Date => b.multiply(wide(value), b.constant_int(Element::S64, MICROS_PER_DAY)),
                _ => wide(value),
            };
            return self.floor_by(instant, micros);
        }
        match unit {
            "day" => wide(self.days(value, ty)),
            // Weeks begin on Monday.
            "week" => wide(self.floor_by(b.add(self.days(value, ty), self.int(3)), 7)),
            "quarter" => wide(self.floor_by(months(), 3)),
            "year" => wide(self.floor_by(months(), 12)),
            _ => wide(months()),
        }
    }

    /// `date_diff("unit", a, b)`
    pub(super) fn date_diff(&self, unit: &str, a: (Value<'c>, Type), c: (Value<'c>, Type)) -> Value<'c> {
        let b = self.b;
        if unit == "week" {
            // Of weeks DuckDB counts whole ones, of all else the boundaries crossed.
            let days = |(value, ty)| self.to_element(self.days(value, ty), Element::S64);
            return b.divide(b.subtract(days(c), days(a)), b.constant_int(Element::S64, 7));
        }
        b.subtract(self.unit_index(unit, c.0, c.1), self.unit_index(unit, a.0, a.1))
    }

    /// `date_trunc("unit", t)`, as the type of `t`.
    pub(super) fn date_trunc(&self, unit: &str, value: Value<'c>, ty: Type) -> Value<'c> {
        let b = self.b;
        let index = self.unit_index(unit, value, ty);
        if let Some(micros) = micros_of(unit) {
            return match ty {
                Type::Date => value,
                _ => b.multiply(index, b.constant_int(Element::S64, micros)),
            };
        }
        let narrow = b.convert(index, Element::S32);
        let month_start = |months: Value<'c>| {
            let year = self.floor_by(months, 12);
            let month = b.add(self.floor_rest(months, 12), self.int(1));
            self.days_of(Civil { year, month, day: b.full_int(Element::S32, &b.dims(months), 1) })
        };
        let days = match unit {
            "day" => narrow,
            "week" => b.subtract(b.multiply(narrow, self.int(7)), self.int(3)),
            "quarter" => month_start(b.multiply(narrow, self.int(3))),
            "year" => month_start(b.multiply(narrow, self.int(12))),
            _ => month_start(narrow),
        };
        match ty {
            Type::Date => days,
            _ => b.multiply(b.convert(days, Element::S64), b.constant_int(Element::S64, MICROS_PER_DAY)),
        }
    }

    /// `t` plus calendar months; the day is clipped to the last of the month.
    pub(super) fn add_months(&self, value: Value<'c>, ty: Type, months: Value<'c>) -> Value<'c> {
        let b = self.b;
        let civil = self.civil(self.days(value, ty));
        let count = b.add(b.multiply(civil.year, self.int(12)), b.subtract(civil.month, self.int(1)));
        let count = b.add(count, self.to_element(months, Element::S32));
        let first = |count: Value<'c>| {
            let month = b.add(self.floor_rest(count, 12), self.int(1));
            let day = b.full_int(Element::S32, &b.dims(count), 1);
            self.days_of(Civil { year: self.floor_by(count, 12), month, day })
        };
        let start = first(count);
        let length = b.subtract(first(b.add(count, self.int(1))), start);
        let days = b.add(start, b.subtract(b.minimum(civil.day, length), self.int(1)));
        if ty == Type::Date {
            return days;
        }
        let midnight = b.multiply(b.convert(days, Element::S64), b.constant_int(Element::S64, MICROS_PER_DAY));
        b.add(midnight, self.time_of_day(value, ty))
    }

    /// A function of dates and times.
    pub(super) fn time_call(
        &self,
        scope: Scope<'_, 'c>,
        function: Function,
        operands: &[Expr],
        expr: &Expr,
    ) -> Lane<'c> {
        let unit = operands.first().and_then(|operand| operand.as_literal()?.as_unit());
        let skipped = usize::from(unit.is_some());
        let lanes: Vec<_> = operands[skipped..].iter().map(|operand| (self.expr(scope, operand), operand.ty)).collect();
        let valid = lanes.iter().fold(None, |valid, (lane, _)| self.both(valid, lane.valid));
        let unit = unit.map_or("", TimeUnit::name);
        let (first, ty) = (lanes[0].0.value, lanes[0].1);
        let b = self.b;
        let value = match function {
            Function::DateTrunc => self.date_trunc(unit, first, ty),
            Function::DateDiff => self.date_diff(unit, (first, ty), (lanes[1].0.value, lanes[1].1)),
            Function::AddMonths => self.add_months(first, ty, lanes[1].0.value),
            Function::Epoch => {
                let micros = match ty {
                    Type::Date => {
                        b.multiply(self.to_element(first, Element::S64), b.constant_int(Element::S64, MICROS_PER_DAY))
                    }
                    _ => self.to_element(first, Element::S64),
                };
                self.divide_by(b.convert(micros, Element::F64), 1e6)
            }
            Function::FromEpoch => {
                let micros = b.multiply(self.to_f64(first, ty), b.constant_float(Element::F64, 1e6));
                b.convert(b.round_nearest_even(micros), Element::S64)
            }
            _ => self.date_part(function, first, ty),
        };
        Lane { value: self.to_element(value, self.element(expr)), valid }
    }
}

/// Microseconds of a unit shorter than a day.
fn micros_of(unit: &str) -> Option<i64> {
    match unit {
        "microsecond" => Some(1),
        "millisecond" => Some(1_000),
        "second" => Some(1_000_000),
        "minute" => Some(60_000_000),
        "hour" => Some(3_600_000_000),
        _ => None,
    }
}
