//! Built-in functions of numbers.

#![expect(clippy::wildcard_enum_match_arm, reason = "each arm singles out the functions of one family")]

use super::Scope;
use crate::encode::{Expr, Scalar, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Reader, Value};
use dj_runtime::expr::{Function, power_of_ten};

impl<'c> Cx<'_, 'c> {
    /// A call.
    pub(super) fn call(&self, scope: Scope<'_, 'c>, function: Function, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        match function {
            Function::Year
            | Function::Quarter
            | Function::Month
            | Function::Day
            | Function::Hour
            | Function::Minute
            | Function::Second
            | Function::Weekday
            | Function::DayOfYear
            | Function::Week
            | Function::IsoWeekday
            | Function::IsoYear
            | Function::YearWeek
            | Function::Decade
            | Function::Century
            | Function::Millennium
            | Function::Millisecond
            | Function::Microsecond
            | Function::Julian
            | Function::EpochMs
            | Function::EpochUs
            | Function::DateTrunc
            | Function::DateDiff
            | Function::AddMonths
            | Function::Epoch
            | Function::FromEpoch => self.time_call(scope, function, operands, expr),
            Function::Least | Function::Greatest => self.extremum(scope, function == Function::Least, operands, expr),
            Function::Clip => self.clip(scope, operands, expr),
            Function::Abs => self.absolute(scope, &operands[0], expr),
            Function::Sign => self.sign(scope, &operands[0], expr),
            Function::BitAnd
            | Function::BitOr
            | Function::BitXor
            | Function::BitNot
            | Function::BitCount
            | Function::ShiftLeft
            | Function::ShiftRight
            | Function::Gcd
            | Function::Lcm
            | Function::Factorial => self.integer_call(scope, function, operands, expr),
            Function::Hash => self.hash(scope, &operands[0]),
            Function::HashCombine => self.hash_combine(scope, operands),
            Function::LastDay => self.last_day(scope, &operands[0], expr),
            Function::MakeDate | Function::MakeTimestamp => self.made_time(scope, function, operands, expr),
            Function::TimeBucket => self.time_bucket(scope, operands, expr),
            Function::Trunc if operands.len() == 2 => self.truncate_to(scope, operands, expr),
            Function::Round | Function::Floor | Function::Ceil | Function::Trunc => {
                self.rounding(scope, function, operands, expr)
            }
            Function::IsNan | Function::IsFinite => {
                let lane = self.expr(scope, &operands[0]);
                let ty = operands[0].ty;
                let float = if ty.is_float() { lane.value } else { self.to_f64(lane.value, ty) };
                let value = if function == Function::IsNan { self.b.is_nan(float) } else { self.b.is_finite(float) };
                Lane { value, valid: lane.valid }
            }
            _ => self.float_call(scope, function, operands, expr),
        }
    }

    /// A function of floats: computed in f64, rounded to f32 if that is the result.
    fn float_call(&self, scope: Scope<'_, 'c>, function: Function, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let lanes: Vec<_> = operands.iter().map(|operand| (self.expr(scope, operand), operand.ty)).collect();
        let valid = lanes.iter().fold(None, |valid, (lane, _)| self.both(valid, lane.valid));
        let floats: Vec<_> = lanes.iter().map(|(lane, ty)| self.to_f64(lane.value, *ty)).collect();
        let kept = |float: &Value<'c>| b.kept(Reader::Function, [*float])[0];
        let floats: Vec<_> = floats.iter().map(kept).collect();
        let x = floats[0];
        let value = match function {
            Function::Sqrt => b.sqrt(x),
            Function::Cbrt => b.cbrt(x),
            Function::Exp => b.exponential(x),
            Function::Ln => b.log(x),
            Function::Log2 => b.log2(x),
            Function::Log10 => b.log10(x),
            Function::Sin => b.sine(x),
            Function::Cos => b.cosine(x),
            Function::Tan => b.tan(x),
            Function::Asin => b.asin(x),
            Function::Acos => b.acos(x),
            Function::Atan => b.atan(x),
            Function::Atan2 => b.atan2(x, floats[1]),
            Function::Sinh => b.sinh(x),
            Function::Cosh => b.cosh(x),
            Function::Tanh => b.tanh(x),
            Function::Asinh => b.asinh(x),
            Function::Acosh => b.acosh(x),
            Function::Atanh => b.atanh(x),
            Function::Even => b.even(x),
            Function::Pow => b.power(x, floats[1]),
            _ => unreachable!("`{}` is a function of text", function.name()),
        };
        Lane { value: self.to_element(value, self.element(expr)), valid }
    }

    fn absolute(&self, scope: Scope<'_, 'c>, operand: &Expr, expr: &Expr) -> Lane<'c> {
        let lane = self.expr(scope, operand);
        if expr.ty.is_unsigned_integer() {
            return lane;
        }
        let element = self.element(expr);
        let value = self.to_element(lane.value, element);
        let least = expr.ty.integer_range().map(|(lo, _)| lo);
        let may_wrap = self.interval(operand).is_some_and(|interval| Some(interval.lo) == least);
        if may_wrap && expr.ty.is_integer() {
            let wrapped = self.b.compare(Direction::Eq, value, self.b.least(element));
            self.overflow(scope, expr, wrapped, lane.valid);
        }
        Lane { value: self.b.abs(value), valid: lane.valid }
    }

    fn sign(&self, scope: Scope<'_, 'c>, operand: &Expr, expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let lane = self.expr(scope, operand);
        let zero = b.zero(b.element(lane.value));
        let positive = b.convert(b.compare(Direction::Gt, lane.value, zero), Element::S32);
        let negative = b.convert(b.compare(Direction::Lt, lane.value, zero), Element::S32);
        Lane { value: self.to_element(b.subtract(positive, negative), self.element(expr)), valid: lane.valid }
    }

    /// `round(x[, n])`, `floor`, `ceil`, `trunc` of floats, decimals and integers.
    fn rounding(&self, scope: Scope<'_, 'c>, function: Function, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let lane = self.expr(scope, &operands[0]);
        let from = operands[0].ty;
        let digits = operands.get(1).map_or(0, literal_digits);
        let element = self.element(expr);
        if from.is_float() {
            // Digits are counted in f64, because a power of ten that f32 does not hold would shift the result.
            let in_single = expr.ty == Type::F32 && digits == 0;
            let x = if in_single { lane.value } else { self.to_f64(lane.value, from) };
            let value = match (function, digits) {
                (Function::Floor, _) => b.floor(x),
                (Function::Ceil, _) => b.ceil(x),
                (Function::Trunc, _) => b.truncate(x),
                (_, 0) => b.round_nearest_afz(x),
                (_, digits) => self.round_to(x, digits),
            };
            return Lane { value: self.to_element(value, element), valid: lane.valid };
        }
        // Digits that go, of an integer: those behind the result's scale, or before the point for a negative count.
        let gone = (i128::from(from.scale()) - digits.min(i128::from(expr.ty.scale()))).max(0);
        if gone == 0 {
            let value = self.rescaled(lane.value, from, expr.ty);
            return Lane { value: self.to_element(value, element), valid: lane.valid };
        }
        if digits < 0 {
            return self.round_to_tens(scope, lane, gone, expr);
        }
        let gone = u32::try_from(gone.min(18)).unwrap_or(18);
        let wide = self.to_element(lane.value, Element::S64);
        let unit = 10_i64.pow(gone);
        let unit_value = b.constant_int(Element::S64, unit);
        let floored = || b.floor_divide(wide, unit_value);
        let quotient = match function {
            Function::Floor => floored(),
            Function::Ceil => b.negate(b.floor_divide(b.negate(wide), unit_value)),
            Function::Trunc => b.divide(wide, unit_value),
            _ => self.divide_rounding(wide, unit),
        };
        let left = i32::from(expr.ty.scale()) - (i32::from(from.scale()) - gone as i32);
        let value = match u32::try_from(left) {
            Ok(left) if left > 0 => b.multiply(quotient, b.constant_int(Element::S64, 10_i64.pow(left))),
            _ => quotient,
        };
        if !self.cannot_overflow(expr)
            && let Some(failed) = self.outside(value, expr.ty)
        {
            self.overflow(scope, expr, failed, lane.valid);
        }
        Lane { value: self.to_element(value, element), valid: lane.valid }
    }

    /// `round(x, n)` of an integer or a decimal for a negative `n`: a multiple of `10 ** gone` of its units, half away from
    /// zero, in the units of the result.
    fn round_to_tens(&self, scope: Scope<'_, 'c>, lane: Lane<'c>, gone: i128, expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let unsigned = b.element(lane.value) == Element::U64;
        let element = if unsigned { Element::U64 } else { Element::S64 };
        let constant = |value: u64| match element {
            Element::U64 => b.constant_uint(element, value),
            _ => b.constant_int(element, value.cast_signed()),
        };
        let most = if unsigned { u64::MAX } else { i64::MAX.cast_unsigned() };
        let wide = self.to_element(lane.value, element);
        // The result has no digits behind the point, so its units are ones.
        let back = u32::try_from(gone).ok().and_then(|gone| 10_u64.checked_pow(gone));
        let (quotient, unit) = match back {
            Some(unit) if unsigned => {
                let rest = b.remainder(wide, constant(unit));
                let up = b.convert(b.compare(Direction::Ge, rest, constant(unit / 2)), element);
                (b.add(b.divide(wide, constant(unit)), up), unit)
            }
            Some(unit) if unit <= most => (self.divide_rounding(wide, unit.cast_signed()), unit),
            // Half of the unit decides whether anything is left: ten to the power 19 does not fit, more is out of reach.
            Some(unit) => {
                let half = constant(unit / 2);
                let above = b.compare(Direction::Ge, wide, half);
                let below = b.compare(Direction::Le, wide, b.negate(half));
                self.overflow(scope, expr, b.or(above, below), lane.valid);
                return Lane { value: self.zeros(self.element(expr), &[scope.rows.lanes]), valid: lane.valid };
            }
            None => return Lane { value: self.zeros(self.element(expr), &[scope.rows.lanes]), valid: lane.valid },
        };
        let limit = constant(most / unit);
        let above = b.compare(Direction::Gt, quotient, limit);
        let failed = if unsigned { above } else { b.or(above, b.compare(Direction::Lt, quotient, b.negate(limit))) };
        let value = b.multiply(quotient, constant(unit));
        let failed = self.outside(value, expr.ty).map_or(failed, |outside| b.or(failed, outside));
        self.overflow(scope, expr, failed, lane.valid);
        Lane { value: self.to_element(value, self.element(expr)), valid: lane.valid }
    }

    /// An integer of one scale at a larger one.
    fn rescaled(&self, value: Value<'c>, from: Type, to: Type) -> Value<'c> {
        let missing = u32::from(to.scale().saturating_sub(from.scale()));
        if missing == 0 || to.is_float() {
            return if to.is_float() { self.to_f64(value, from) } else { value };
        }
        let wide = self.to_element(value, Element::S64);
        self.b.multiply(wide, self.b.constant_int(Element::S64, 10_i64.pow(missing)))
    }

    /// `trunc(x, n)`, which lies within the type, towards zero from `x`.
    fn truncate_to(&self, scope: Scope<'_, 'c>, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let (lane, from, digits) = (self.expr(scope, &operands[0]), operands[0].ty, literal_digits(&operands[1]));
        let element = self.element(expr);
        if from.is_float() {
            let (x, power) = (self.to_f64(lane.value, from), power_of_ten(digits.unsigned_abs()));
            let unit = b.constant_float(Element::F64, power);
            let value = if digits > 0 {
                self.divide_by(b.truncate(b.multiply(x, unit)), power)
            } else {
                b.multiply(b.truncate(self.divide_by(x, power)), unit)
            };
            let value = b.select(b.is_finite(value), value, x);
            return Lane { value: self.to_element(value, element), valid: lane.valid };
        }
        let wide = if from == Type::U64 { Element::U64 } else { Element::S64 };
        let value = self.to_element(lane.value, wide);
        // No integer has more digits than this.
        let gone = (i128::from(from.scale()) - digits).clamp(0, 38) as u32;
        let unit = match wide {
            Element::U64 => 10_u64.checked_pow(gone).map(|unit| b.constant_uint(wide, unit)),
            _ => 10_i64.checked_pow(gone).map(|unit| b.constant_int(wide, unit)),
        };
        let kept = match unit {
            Some(unit) => b.subtract(value, b.remainder(value, b.broadcast(unit, &b.dims(value)))),
            None => self.zeros(wide, &[scope.rows.lanes]),
        };
        Lane { value: self.to_element(kept, element), valid: lane.valid }
    }

    /// A float rounded to decimal digits: as DuckDB does, by scaling; what is not finite on the way stays as it was.
    fn round_to(&self, x: Value<'c>, digits: i128) -> Value<'c> {
        let b = self.b;
        let power = power_of_ten(digits.unsigned_abs());
        let unit = b.constant_float(b.element(x), power);
        let value = if digits > 0 {
            self.divide_by(b.round_nearest_afz(b.multiply(x, unit)), power)
        } else {
            // Nothing is left of a number below the digits, also where their power is infinite.
            let whole = b.round_nearest_afz(self.divide_by(x, power));
            let nothing = b.compare(Direction::Eq, whole, b.zero(b.element(x)));
            b.select(nothing, whole, b.multiply(whole, unit))
        };
        b.select(b.is_finite(value), value, x)
    }

    /// `least`, `greatest`: nulls are skipped.
    fn extremum(&self, scope: Scope<'_, 'c>, least: bool, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let element = self.element(expr);
        let lanes = operands.iter().map(|operand| {
            let lane = self.expr(scope, operand);
            Lane { value: self.to_element(lane.value, element), valid: lane.valid }
        });
        let lanes: Vec<_> = lanes.collect();
        let all = self.b.full_pred(&[scope.rows.lanes], true);
        let mut result = lanes[0];
        for lane in &lanes[1..] {
            let better = self.extreme_of(least, lane.value, result.value);
            let (mine, other) = (lane.valid.unwrap_or(all), result.valid.unwrap_or(all));
            let take = self.b.and(mine, self.b.or(self.b.not(other), better));
            result = Lane {
                value: self.b.select(take, lane.value, result.value),
                valid: lane.valid.and(result.valid).map(|_| self.b.or(mine, other)),
            };
        }
        result
    }

    /// Whether `a` is less (or greater) than `c`; NaN is the largest.
    fn extreme_of(&self, least: bool, a: Value<'c>, c: Value<'c>) -> Value<'c> {
        let b = self.b;
        let direction = if least { Direction::Lt } else { Direction::Gt };
        let better = b.compare(direction, a, c);
        if !matches!(b.element(a), Element::F32 | Element::F64) {
            return better;
        }
        let (larger, smaller) = if least { (c, a) } else { (a, c) };
        b.or(better, b.and(b.is_nan(larger), b.not(b.is_nan(smaller))))
    }

    fn clip(&self, scope: Scope<'_, 'c>, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let element = self.element(expr);
        let lane = |operand| {
            let lane = self.expr(scope, operand);
            Lane { value: self.to_element(lane.value, element), valid: lane.valid }
        };
        let (x, lo, hi) = (lane(&operands[0]), lane(&operands[1]), lane(&operands[2]));
        let raised = self.b.select(self.extreme_of(false, lo.value, x.value), lo.value, x.value);
        let value = self.b.select(self.extreme_of(true, hi.value, raised), hi.value, raised);
        Lane { value, valid: self.both(self.both(x.valid, lo.valid), hi.valid) }
    }
}

/// The digits of `round(x, n)`, which analysis takes as a literal only.
fn literal_digits(digits: &Expr) -> i128 {
    let literal = digits.as_literal().and_then(Scalar::as_int);
    literal.unwrap_or_else(|| unreachable!("the digits of `round` are a literal: {digits:?}"))
}
