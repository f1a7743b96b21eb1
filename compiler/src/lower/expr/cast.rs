//! Conversions between types: exact, or an error with the row, or null.

use super::Scope;
use crate::encode::{Expr, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};
use dj_runtime::expr::Interval;
use dj_runtime::expr::calendar::MICROS_PER_DAY;

/// A converted value and the lanes on which the conversion fails.
struct Converted<'c> {
    value: Value<'c>,
    failed: Option<Value<'c>>,
}

impl<'c> Cx<'_, 'c> {
    /// `x as T`, `x as? T`
    pub(super) fn cast(&self, scope: Scope<'_, 'c>, operand: &Expr, or_null: bool, expr: &Expr) -> Lane<'c> {
        let lane = self.expr(scope, operand);
        let (from, to) = (operand.ty, expr.ty);
        if operand.as_literal().is_some_and(crate::encode::Scalar::is_null) {
            return self.null(scope, self.element(expr));
        }
        let converted = self.convert(lane.value, operand, to);
        let value = self.to_element(converted.value, self.element(expr));
        let Some(failed) = converted.failed else { return Lane { value, valid: lane.valid } };
        if or_null {
            return Lane { value, valid: self.both(lane.valid, Some(self.b.not(failed))) };
        }
        let lanes = self.b.and(scope.active, failed);
        let lanes = lane.valid.map_or(lanes, |valid| self.b.and(lanes, valid));
        let site = StatusSite {
            kind: StatusKind::Cast,
            span: expr.span,
            message: format!("a value of `{}` ({from}) does not fit {to}", self.quote(operand.span)),
            help: Some(format!("write `as? {to}` to get null where a value does not fit")),
        };
        self.raise_with(site, lanes, scope.rows.origin);
        Lane { value, valid: lane.valid }
    }

    fn convert(&self, value: Value<'c>, operand: &Expr, to: Type) -> Converted<'c> {
        let b = self.b;
        let from = operand.ty;
        let exact = |value| Converted { value, failed: None };
        match (from, to) {
            _ if from == to => exact(value),
            (Type::Bool, _) if to.is_float() => exact(b.convert(value, to.element())),
            (Type::Bool, _) => {
                let unit = 10_i64.pow(to.scale().into());
                let scaled = b.multiply(b.convert(value, Element::S64), b.constant_int(Element::S64, unit));
                // A decimal without digits before the point does not hold 1.
                let holds_one = to.integer_range().is_none_or(|(_, hi)| i128::from(unit) <= hi);
                Converted { value: scaled, failed: (!holds_one).then_some(value) }
            }
            (_, Type::Bool) => exact(b.compare(Direction::Ne, value, b.zero(b.element(value)))),
            (Type::Date, Type::Timestamp) => {
                let days = self.to_element(value, Element::S64);
                let micros = b.multiply(days, b.constant_int(Element::S64, MICROS_PER_DAY));
                let limit = i64::MAX / MICROS_PER_DAY;
                let held = Interval::proven((-limit).into(), limit.into());
                Converted { value: micros, failed: self.unless_within(days, operand, held) }
            }
            (Type::Timestamp, Type::Date) => {
                let micros = self.to_element(value, Element::S64);
                exact(b.floor_divide(micros, b.constant_int(Element::S64, MICROS_PER_DAY)))
            }
            _ if from.is_float() && to.is_float() => self.float_to_float(value, to),
            // Integers become f32 at once: by way of f64 they would be rounded twice.
            _ if to.is_float() && from.scale() == 0 => exact(self.to_element(value, to.element())),
            _ if to.is_float() => {
                let float = self.to_f64(value, from);
                exact(self.to_element(float, to.element()))
            }
            _ if from.is_float() => self.float_to_integer(value, to),
            _ => self.integer_to_integer(value, operand, to),
        }
    }

    /// The lanes whose integer lies outside an interval; `None` where that is proved impossible.
    fn unless_within(&self, value: Value<'c>, operand: &Expr, held: Interval) -> Option<Value<'c>> {
        if self.interval(operand).is_some_and(|interval| interval.within(held)) {
            return None;
        }
        let b = self.b;
        let element = b.element(value);
        let below = b.compare(Direction::Lt, value, b.constant_int(element, held.lo as i64));
        let above = b.compare(Direction::Gt, value, b.constant_int(element, held.hi as i64));
        Some(b.or(below, above))
    }

    fn float_to_float(&self, value: Value<'c>, to: Type) -> Converted<'c> {
        let b = self.b;
        let converted = self.to_element(value, to.element());
        let failed = (to == Type::F32).then(|| {
            let became_infinite = b.not(b.is_finite(converted));
            b.and(b.is_finite(value), became_infinite)
        });
        Converted { value: converted, failed }
    }

    /// Truncates to an integer; rounds half away from zero to a decimal.
    fn float_to_integer(&self, value: Value<'c>, to: Type) -> Converted<'c> {
        let b = self.b;
        let float = self.to_element(value, Element::F64);
        let whole = if to.is_decimal() {
            let unit = b.constant_float(Element::F64, 10_f64.powi(to.scale().into()));
            b.round_nearest_afz(b.multiply(float, unit))
        } else {
            b.truncate(float)
        };
        let (lo, hi) = integer_range(to);
        // A limit that no float is gives way to the next integer, a power of two or ten that is one, and is excluded.
        let bound = |inclusive: Direction, limit: i128, exclusive: Direction, next: i128| {
            let is_exact = limit as f64 as i128 == limit;
            let (direction, limit) = if is_exact { (inclusive, limit) } else { (exclusive, next) };
            b.compare(direction, whole, b.constant_float(Element::F64, limit as f64))
        };
        let inside_lo = bound(Direction::Ge, lo, Direction::Gt, lo - 1);
        let inside_hi = bound(Direction::Le, hi, Direction::Lt, hi + 1);
        let inside = b.and(inside_lo, inside_hi);
        let zero = b.full_float(Element::F64, &b.dims(whole), 0.0);
        let wide = if to == Type::U64 { Element::U64 } else { Element::S64 };
        let value = b.convert(b.select(inside, whole, zero), wide);
        Converted { value, failed: Some(b.not(inside)) }
    }

    /// Between integers, decimals and times, rounding half away from zero where digits are lost.
    fn integer_to_integer(&self, value: Value<'c>, operand: &Expr, to: Type) -> Converted<'c> {
        let b = self.b;
        let (from_scale, to_scale) = (operand.ty.scale(), to.scale());
        let (lo, hi) = integer_range(to);
        if to_scale >= from_scale {
            let factor = 10_i128.pow(u32::from(to_scale - from_scale));
            let held = Interval::proven(lo.div_euclid(factor) + i128::from(lo % factor != 0), hi.div_euclid(factor));
            let wide = self.to_element(value, Element::S64);
            let failed = if b.element(value) == Element::U64 && to != Type::U64 {
                Some(b.compare(Direction::Gt, value, b.constant_uint(Element::U64, held.hi as u64)))
            } else {
                let hi = held.hi.min(i64::MAX.into());
                self.unless_within(wide, operand, Interval { hi, ..held })
            };
            let factor = b.constant_int(Element::S64, factor as i64);
            let scaled = b.multiply(wide, factor);
            let value = if to == Type::U64 { b.convert(scaled, Element::U64) } else { scaled };
            return Converted { value, failed };
        }
        let unit = 10_i64.pow(u32::from(from_scale - to_scale));
        let rounded = self.divide_rounding(self.to_element(value, Element::S64), unit);
        let failed = self.outside(rounded, to);
        Converted { value: rounded, failed }
    }

    /// An `i64` divided by a positive unit, rounded half away from zero.
    pub(super) fn divide_rounding(&self, value: Value<'c>, unit: i64) -> Value<'c> {
        let b = self.b;
        let unit_value = b.constant_int(Element::S64, unit);
        let quotient = b.divide(value, unit_value);
        let rest = b.subtract(value, b.multiply(quotient, unit_value));
        let far = b.compare(Direction::Ge, b.abs(rest), b.constant_int(Element::S64, unit / 2));
        let away = b.select(far, b.sign(value), b.full_int(Element::S64, &b.dims(value), 0));
        b.add(quotient, away)
    }
}

/// The least and the greatest integer of a type that is held as one.
fn integer_range(ty: Type) -> (i128, i128) {
    ty.integer_range().unwrap_or_else(|| unreachable!("{ty} is not held as an integer"))
}
