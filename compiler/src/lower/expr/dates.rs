//! Dates made of parts, and the beginnings and ends of spans of time, on a device.

#![expect(clippy::wildcard_enum_match_arm, reason = "dates and timestamps are the only types here")]

use super::Scope;
use super::calendar::Civil;
use crate::encode::{Expr, Scalar, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};
use dj_runtime::expr::Function;
use dj_runtime::expr::calendar::BUCKET_ORIGIN;

/// Beyond this year no type holds a date.
const LAST_YEAR: i64 = 10_000_000;

/// Months from the year 0 to 2000, where buckets of months begin.
const ORIGIN_MONTH: i64 = 24_000;

impl<'c> Cx<'_, 'c> {
    /// `last_day(t)`: never before `t`, so where it is, it wrapped.
    pub(super) fn last_day(&self, scope: Scope<'_, 'c>, operand: &Expr, expr: &Expr) -> Lane<'c> {
        let lane = self.expr(scope, operand);
        let days = self.days(lane.value, operand.ty);
        let last = self.plus(self.month_start(self.plus(self.month_index(days), 1)), -1);
        if !self.cannot_overflow(expr) {
            self.overflow(scope, expr, self.b.compare(Direction::Lt, last, days), lane.valid);
        }
        Lane { value: self.to_element(last, self.element(expr)), valid: lane.valid }
    }

    /// `make_date(year, month, day)`, and with a time of the day `make_timestamp`.
    pub(super) fn made_time(
        &self,
        scope: Scope<'_, 'c>,
        function: Function,
        operands: &[Expr],
        expr: &Expr,
    ) -> Lane<'c> {
        let (lanes, valid) = self.strict(scope, operands);
        let part = |at: usize| self.to_element(lanes[at].value, Element::S64);
        let (days, no_date) = self.date_of(part(0), part(1), part(2));
        let (value, failed) = if function == Function::MakeDate {
            (days, self.b.or(no_date, self.not_within(days, i32::MIN.into(), i32::MAX.into())))
        } else {
            let (time, no_time) = self.time_of(part(3), part(4), self.to_f64(lanes[5].value, operands[5].ty));
            let (moment, outside) = self.moment(days, time);
            (moment, self.b.or(self.b.or(no_date, no_time), outside))
        };
        let lanes = self.b.and(scope.active, failed);
        let lanes = valid.map_or(lanes, |valid| self.b.and(lanes, valid));
        let site = StatusSite {
            kind: StatusKind::Cast,
            span: expr.span,
            message: format!("`{}` is no {}", self.quote(expr.span), expr.ty),
            help: Some("leave such rows out with a filter".to_owned()),
        };
        self.raise_with(site, lanes, scope.rows.origin);
        Lane { value: self.to_element(value, self.element(expr)), valid }
    }

    /// Days since 1970 of a date, and the lanes where the calendar has none.
    fn date_of(&self, year: Value<'c>, month: Value<'c>, day: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let constant = |value: i64| b.constant_int(Element::S64, value);
        let held = b.clamp(constant(-LAST_YEAR), year, constant(LAST_YEAR));
        let known = b.clamp(constant(1), month, constant(12));
        let index = b.add(self.times(held, 12), self.plus(known, -1));
        let start = self.month_start(index);
        let length = b.subtract(self.month_start(self.plus(index, 1)), start);
        let other_year = b.compare(Direction::Ne, held, year);
        let other_month = b.compare(Direction::Ne, known, month);
        let early = b.compare(Direction::Lt, day, constant(1));
        let late = b.compare(Direction::Gt, day, length);
        let days = b.add(start, self.plus(day, -1));
        (days, b.or(b.or(other_year, other_month), b.or(early, late)))
    }

    /// Microseconds since midnight of a time of the day, and the lanes where there is none: a day ends at 24:00:00, and a
    /// minute's seconds go to 60.5.
    fn time_of(&self, hour: Value<'c>, minute: Value<'c>, seconds: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let float = |value: f64| b.constant_float(Element::F64, value);
        let whole = b.round_nearest_even(seconds);
        let micros = b.round_nearest_afz(b.multiply(b.subtract(seconds, whole), float(1e6)));
        let within = |value, lo: i64, hi: i64| b.not(self.not_within(value, lo, hi));
        let is = |value, wanted: f64| b.compare(Direction::Eq, value, float(wanted));
        let counted = b.and(b.compare(Direction::Ge, whole, float(0.0)), b.compare(Direction::Le, whole, float(60.0)));
        let after = b.or(b.compare(Direction::Gt, whole, float(0.0)), b.compare(Direction::Ge, micros, float(0.0)));
        let counted = b.and(counted, after);
        let in_day = b.and(b.and(within(hour, 0, 23), within(minute, 0, 59)), counted);
        let at_its_end =
            b.and(b.and(within(hour, 24, 24), within(minute, 0, 0)), b.and(is(whole, 0.0), is(micros, 0.0)));
        let count = |value| {
            let zero = b.full_float(Element::F64, &b.dims(value), 0.0);
            b.convert(b.select(counted, value, zero), Element::S64)
        };
        let minutes = b.add(self.times(hour, 60), minute);
        let seconds = b.add(self.times(minutes, 60), count(whole));
        (b.add(self.times(seconds, 1_000_000), count(micros)), b.not(b.or(in_day, at_its_end)))
    }

    /// `time_bucket(width, t)`: never later than `t`, so where it is, it wrapped.
    pub(super) fn time_bucket(&self, scope: Scope<'_, 'c>, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let Some(width) = operands[0].as_literal().and_then(Scalar::as_int).and_then(|width| i64::try_from(width).ok())
        else {
            unreachable!("the width of a bucket is a literal: {:?}", operands[0])
        };
        let (lane, ty) = (self.expr(scope, &operands[1]), operands[1].ty);
        let (value, failed) = if operands[0].ty == Type::Duration {
            let time = self.to_element(lane.value, Element::S64);
            let passed = self.plus(self.floor_rest(time, width), -BUCKET_ORIGIN.rem_euclid(width));
            let before = b.compare(Direction::Lt, passed, self.like(passed, 0));
            let start = b.subtract(time, b.select(before, self.plus(passed, width), passed));
            (start, b.compare(Direction::Gt, start, time))
        } else {
            let days = self.to_element(self.days(lane.value, ty), Element::S64);
            let months = self.plus(self.month_index(days), -ORIGIN_MONTH);
            let first = self.plus(self.times(self.floor_by(months, width), width), ORIGIN_MONTH);
            let start = self.month_start(first);
            match ty {
                Type::Date => (start, self.not_within(start, i32::MIN.into(), i32::MAX.into())),
                _ => self.moment(start, b.full_int(Element::S64, &b.dims(start), 0)),
            }
        };
        if !self.cannot_overflow(expr) {
            self.overflow(scope, expr, failed, lane.valid);
        }
        Lane { value: self.to_element(value, self.element(expr)), valid: lane.valid }
    }

    /// The year of ISO 8601: that of the week's Thursday, in 64 bits because it may lie beyond the last date.
    pub(super) fn iso_year(&self, days: Value<'c>) -> Value<'c> {
        let days = self.to_element(days, Element::S64);
        let from_monday = self.floor_rest(self.plus(days, 3), 7);
        let Civil { year, .. } = self.civil(self.plus(self.b.subtract(days, from_monday), 3));
        year
    }

    /// The century or the millennium of a year: there is none of number 0.
    pub(super) fn ordinal(&self, year: Value<'c>, years: i64) -> Value<'c> {
        let b = self.b;
        let later = b.compare(Direction::Gt, year, self.like(year, 0));
        let after = self.plus(self.by(self.plus(year, -1), years), 1);
        b.select(later, after, self.plus(b.divide(year, self.like(year, years)), -1))
    }
}
