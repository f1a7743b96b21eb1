//! Dates and times on a device: the proleptic Gregorian calendar in integer arithmetic.
//!
//! Years are counted from March, so that the leap day is the last of its year; eras are 400 years of 146,097 days.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "dates and timestamps are the only types and time functions the only functions here"
)]

use super::Scope;
use crate::encode::{Expr, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::expr::calendar::{JULIAN_EPOCH, MICROS_PER_DAY, TimeUnit};
use dj_runtime::expr::{ArithmeticOp, Function};

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_FROM_MARCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// Months that move every date out of every type.
const FAR_MONTHS: i64 = 1 << 32;

/// A date as the calendar has it, `i32` each, or `i64` where the date may lie outside of what days in `i32` reach.
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
    /// A constant of a value's element.
    pub(super) fn like(&self, value: Value<'c>, constant: i64) -> Value<'c> {
        self.b.constant_int(self.b.element(value), constant)
    }

    pub(super) fn plus(&self, value: Value<'c>, constant: i64) -> Value<'c> {
        self.b.add(value, self.like(value, constant))
    }

    pub(super) fn times(&self, value: Value<'c>, constant: i64) -> Value<'c> {
        self.b.multiply(value, self.like(value, constant))
    }

    /// `value / unit` of a value that is not negative.
    pub(super) fn by(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        self.b.divide(value, self.like(value, unit))
    }

    /// `floor(value / unit)`, a positive constant unit.
    pub(super) fn floor_by(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        self.b.floor_divide(value, self.like(value, unit))
    }

    pub(super) fn floor_rest(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        self.b.floor_remainder(value, self.like(value, unit))
    }

    /// Days since 1970 of a date or timestamp, as `i32`, which hold the days of every timestamp.
    pub(super) fn days(&self, value: Value<'c>, ty: Type) -> Value<'c> {
        let days = if ty == Type::Timestamp {
            self.floor_by(self.to_element(value, Element::S64), MICROS_PER_DAY)
        } else {
            value
        };
        self.to_element(days, Element::S32)
    }

    /// Microseconds since midnight of a timestamp, as `i64`; zero for a date.
    pub(super) fn time_of_day(&self, value: Value<'c>, ty: Type) -> Value<'c> {
        if ty == Type::Timestamp {
            self.floor_rest(self.to_element(value, Element::S64), MICROS_PER_DAY)
        } else {
            self.b.full_int(Element::S64, &self.b.dims(value), 0)
        }
    }

    /// The era of days since 1970, and the day of the era. The days are divided before they are shifted, because the sum
    /// would leave `i32` for the last ones.
    fn era(&self, days: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let era = self.plus(self.floor_by(days, DAYS_PER_ERA), EPOCH_FROM_MARCH / DAYS_PER_ERA);
        let day = self.plus(self.floor_rest(days, DAYS_PER_ERA), EPOCH_FROM_MARCH % DAYS_PER_ERA);
        let next = b.compare(Direction::Ge, day, self.like(day, DAYS_PER_ERA));
        let era = b.add(era, b.convert(next, b.element(days)));
        (era, b.select(next, self.plus(day, -DAYS_PER_ERA), day))
    }

    /// A day of the same weekday, month and day of the month within 400 years after 1970, after which the calendar repeats:
    /// what is computed of it cannot overflow.
    fn within_an_era(&self, days: Value<'c>) -> Value<'c> {
        self.floor_rest(days, DAYS_PER_ERA)
    }

    /// The calendar date of days since 1970, in the element of the days.
    pub(super) fn civil(&self, days: Value<'c>) -> Civil<'c> {
        let b = self.b;
        let (era, doe) = self.era(days);
        let leap = b.subtract(b.add(doe, self.by(doe, 36_524)), self.by(doe, 146_096));
        let yoe = self.by(b.subtract(leap, self.by(doe, 1_460)), 365);
        let doy = b.subtract(doe, self.days_before(yoe));
        let march_month = self.by(self.plus(self.times(doy, 5), 2), 153);
        let first = self.by(self.plus(self.times(march_month, 153), 2), 5);
        let day = self.plus(b.subtract(doy, first), 1);
        let late = b.compare(Direction::Ge, march_month, self.like(days, 10));
        let month = b.select(late, self.plus(march_month, -9), self.plus(march_month, 3));
        let year = b.add(b.add(yoe, self.times(era, 400)), b.convert(late, b.element(days)));
        Civil { year, month, day }
    }

    /// Days of an era before its year of this number.
    fn days_before(&self, year: Value<'c>) -> Value<'c> {
        let b = self.b;
        b.subtract(b.add(self.times(year, 365), self.by(year, 4)), self.by(year, 100))
    }

    /// Days since 1970 of a calendar date, in its element; wraps where that does not hold them.
    pub(super) fn days_of(&self, civil: Civil<'c>) -> Value<'c> {
        let b = self.b;
        let early = b.compare(Direction::Le, civil.month, self.like(civil.month, 2));
        let year = b.subtract(civil.year, b.convert(early, b.element(civil.year)));
        let era = self.floor_by(year, 400);
        let yoe = b.subtract(year, self.times(era, 400));
        let march_month = b.select(early, self.plus(civil.month, 9), self.plus(civil.month, -3));
        let first = self.by(self.plus(self.times(march_month, 153), 2), 5);
        let doe = b.add(self.days_before(yoe), self.plus(b.add(first, civil.day), -1));
        self.plus(b.add(self.times(era, DAYS_PER_ERA), doe), -EPOCH_FROM_MARCH)
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
            Function::Quarter => self.by(self.plus(civil().month, 2), 3),
            Function::Hour => time(3_600_000_000, 24),
            Function::Minute => time(60_000_000, 60),
            Function::Second => time(1_000_000, 60),
            // 1970-01-01 was a Thursday.
            Function::Weekday => self.floor_rest(self.plus(self.floor_rest(self.days(value, ty), 7), 4), 7),
            Function::DayOfYear => {
                let days = self.within_an_era(self.days(value, ty));
                self.plus(b.subtract(days, self.year_start(self.civil(days).year)), 1)
            }
            Function::IsoWeekday => {
                self.plus(self.floor_rest(self.plus(self.floor_rest(self.days(value, ty), 7), 3), 7), 1)
            }
            Function::IsoYear => self.iso_year(self.days(value, ty)),
            Function::YearWeek => {
                let days = self.days(value, ty);
                let (year, week) = (self.iso_year(days), self.iso_week(self.within_an_era(days)));
                let week = b.convert(week, b.element(year));
                let counts = b.compare(Direction::Gt, year, self.like(year, 0));
                b.add(self.times(year, 100), b.select(counts, week, b.negate(week)))
            }
            Function::Decade => {
                let year = civil().year;
                b.divide(year, self.like(year, 10))
            }
            Function::Century => self.ordinal(civil().year, 100),
            Function::Millennium => self.ordinal(civil().year, 1_000),
            Function::Millisecond => self.floor_by(self.floor_rest(self.time_of_day(value, ty), 60_000_000), 1_000),
            Function::Microsecond => self.floor_rest(self.time_of_day(value, ty), 60_000_000),
            Function::EpochMs => self.divide_rounding(self.to_element(value, Element::S64), 1_000),
            Function::EpochUs => value,
            Function::Julian => {
                let float = |value| b.convert(value, Element::F64);
                let fraction = self.divide_by(float(self.time_of_day(value, ty)), MICROS_PER_DAY as f64);
                let days = self.to_element(self.days(value, ty), Element::S64);
                b.add(float(self.plus(days, JULIAN_EPOCH)), fraction)
            }
            Function::Week => self.iso_week(self.within_an_era(self.days(value, ty))),
            _ => unreachable!("`{}` is no part of a time", function.name()),
        }
    }

    fn year_start(&self, year: Value<'c>) -> Value<'c> {
        let one = self.b.full_int(self.b.element(year), &self.b.dims(year), 1);
        self.days_of(Civil { year, month: one, day: one })
    }

    /// The first day of a month, which is counted from January of year 0.
    pub(super) fn month_start(&self, months: Value<'c>) -> Value<'c> {
        let year = self.floor_by(months, 12);
        let month = self.plus(self.floor_rest(months, 12), 1);
        self.days_of(Civil { year, month, day: self.b.full_int(self.b.element(months), &self.b.dims(months), 1) })
    }

    /// The week of ISO 8601: that of the year in which the week's Thursday lies.
    fn iso_week(&self, days: Value<'c>) -> Value<'c> {
        let b = self.b;
        let from_monday = self.floor_rest(self.plus(days, 3), 7);
        let thursday = self.plus(b.subtract(days, from_monday), 3);
        let start = self.year_start(self.civil(thursday).year);
        self.plus(self.by(b.subtract(thursday, start), 7), 1)
    }

    /// Months since January of year 0, as `i32`.
    pub(super) fn month_index(&self, days: Value<'c>) -> Value<'c> {
        let civil = self.civil(days);
        self.b.add(self.times(civil.year, 12), self.plus(civil.month, -1))
    }

    /// `date_diff("unit", a, b)`, as `i64`, and the lanes where that does not hold it.
    fn date_diff(&self, unit: TimeUnit, a: Value<'c>, c: Value<'c>, ty: Type) -> (Value<'c>, Option<Value<'c>>) {
        let b = self.b;
        let wide = |value| self.to_element(value, Element::S64);
        let days = |value| self.days(value, ty);
        if let Some(months) = unit.months() {
            let index = |value| self.floor_by(self.month_index(days(value)), months);
            return (b.subtract(wide(index(c)), wide(index(a))), None);
        }
        let Some(micros) = unit.micros() else {
            // Of weeks DuckDB counts whole ones, of all else the boundaries crossed.
            return (self.by(b.subtract(wide(days(c)), wide(days(a))), 7), None);
        };
        if ty == Type::Date {
            let count = MICROS_PER_DAY / micros;
            let between = b.subtract(wide(c), wide(a));
            // In 32 bits there are less than 2^32 days between two dates.
            let most = i64::MAX / count;
            let failed = (most < 1 << 32).then(|| {
                let above = b.compare(Direction::Gt, between, self.like(between, most));
                b.or(above, b.compare(Direction::Lt, between, self.like(between, -most)))
            });
            return (self.times(between, count), failed);
        }
        let (a, c) = (wide(a), wide(c));
        if micros > 1 {
            return (b.subtract(self.floor_by(c, micros), self.floor_by(a, micros)), None);
        }
        let between = b.subtract(c, a);
        (between, Some(self.wraps(ArithmeticOp::Subtract, c, a, between)))
    }

    /// `date_trunc("unit", t)`, as the type of `t`. It is never later than `t`, so where it is, it wrapped.
    fn date_trunc(&self, unit: TimeUnit, value: Value<'c>, ty: Type) -> Value<'c> {
        let b = self.b;
        if let Some(micros) = unit.micros() {
            let wide = self.to_element(value, Element::S64);
            return if ty == Type::Date { value } else { self.times(self.floor_by(wide, micros), micros) };
        }
        let days = self.days(value, ty);
        let first = match unit.months() {
            Some(months) => self.month_start(self.times(self.floor_by(self.month_index(days), months), months)),
            // Weeks begin on Monday, and 1970-01-01 was a Thursday.
            None => b.subtract(days, self.floor_rest(self.plus(self.floor_rest(days, 7), 3), 7)),
        };
        match ty {
            Type::Date => first,
            _ => self.times(b.convert(first, Element::S64), MICROS_PER_DAY),
        }
    }

    /// `t` plus calendar months, as `i64`, and the lanes where its type does not hold it; the day is clipped to the last of
    /// the month.
    pub(crate) fn add_months(&self, value: Value<'c>, ty: Type, months: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let wide = |value| self.to_element(value, Element::S64);
        let civil = self.civil(self.days(value, ty));
        let count = b.add(self.times(wide(civil.year), 12), self.plus(wide(civil.month), -1));
        let far = |months: i64| b.constant_int(Element::S64, months);
        let count = b.add(count, b.clamp(far(-FAR_MONTHS), wide(months), far(FAR_MONTHS)));
        let start = self.month_start(count);
        let length = b.subtract(self.month_start(self.plus(count, 1)), start);
        let days = b.add(start, self.plus(b.minimum(wide(civil.day), length), -1));
        if ty == Type::Date {
            return (days, self.not_within(days, i32::MIN.into(), i32::MAX.into()));
        }
        self.moment(days, self.time_of_day(value, ty))
    }

    /// The lanes of an integer outside of an interval.
    pub(super) fn not_within(&self, value: Value<'c>, lo: i64, hi: i64) -> Value<'c> {
        let below = self.b.compare(Direction::Lt, value, self.like(value, lo));
        self.b.or(below, self.b.compare(Direction::Gt, value, self.like(value, hi)))
    }

    /// The timestamp of days since 1970 and a time of the day, both `i64`, and the lanes where none holds it.
    pub(super) fn moment(&self, days: Value<'c>, time: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        // The first and the last day are held in part: there the sum wraps.
        let (first, last) = (i64::MIN.div_euclid(MICROS_PER_DAY), i64::MAX.div_euclid(MICROS_PER_DAY));
        // The day before the first midnight that is held is counted from that midnight.
        let early = b.compare(Direction::Lt, days, self.like(days, 0));
        let midnight = b.select(early, self.plus(days, 1), days);
        let midnight = self.times(midnight, MICROS_PER_DAY);
        let time = b.select(early, self.plus(time, -MICROS_PER_DAY), time);
        let moment = b.add(midnight, time);
        let wrapped = self.wraps(ArithmeticOp::Add, midnight, time, moment);
        (moment, b.or(self.not_within(days, first, last), wrapped))
    }

    /// `from_epoch(seconds)`: microseconds to the nearest, and the lanes that no timestamp is of.
    fn moment_of_epoch(&self, seconds: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let micros = b.multiply(seconds, b.constant_float(Element::F64, 1e6));
        let micros = b.round_nearest_even(micros);
        let limit = -(i64::MIN as f64);
        let inside_lo = b.compare(Direction::Ge, micros, b.constant_float(Element::F64, -limit));
        // NaN is not less than the limit either.
        let inside = b.and(inside_lo, b.compare(Direction::Lt, micros, b.constant_float(Element::F64, limit)));
        let held = b.select(inside, micros, b.full_float(Element::F64, &b.dims(micros), 0.0));
        (b.convert(held, Element::S64), b.not(inside))
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
        let (first, ty) = (lanes[0].0.value, lanes[0].1);
        let b = self.b;
        let (value, failed) = match (function, unit) {
            (Function::DateTrunc, Some(unit)) => {
                let wide = |value| self.to_element(value, Element::S64);
                let truncated = self.date_trunc(unit, first, ty);
                (truncated, Some(b.compare(Direction::Gt, wide(truncated), wide(first))))
            }
            (Function::DateDiff, Some(unit)) => self.date_diff(unit, first, lanes[1].0.value, ty),
            (Function::AddMonths, _) => {
                let (value, failed) = self.add_months(first, ty, lanes[1].0.value);
                (value, Some(failed))
            }
            (Function::Epoch, _) => (self.divide_by(b.convert(first, Element::F64), 1e6), None),
            (Function::FromEpoch, _) => {
                let (value, failed) = self.moment_of_epoch(self.to_f64(first, ty));
                (value, Some(failed))
            }
            _ => (self.date_part(function, first, ty), None),
        };
        if let Some(failed) = failed.filter(|_| !self.cannot_overflow(expr)) {
            self.overflow(scope, expr, failed, valid);
        }
        Lane { value: self.to_element(value, self.element(expr)), valid }
    }
}
