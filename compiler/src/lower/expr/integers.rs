//! Functions of integers alone: bits, shifts, divisors, products.

#![expect(clippy::wildcard_enum_match_arm, reason = "each arm singles out one function or the 64-bit unsigned element")]

use super::Scope;
use crate::encode::{Expr, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};
use dj_runtime::expr::{ArithmeticOp, Function};

/// The last number whose factorial an i64 holds.
const LAST_FACTORIAL: i64 = 20;

impl<'c> Cx<'_, 'c> {
    /// A function of integers.
    pub(super) fn integer_call(
        &self,
        scope: Scope<'_, 'c>,
        function: Function,
        operands: &[Expr],
        expr: &Expr,
    ) -> Lane<'c> {
        let (lanes, valid) = self.strict(scope, operands);
        let value = match (function, &lanes[..]) {
            (Function::ShiftLeft | Function::ShiftRight, [x, y]) => {
                self.shift(scope, function, (x.value, y.value), expr, valid)
            }
            (Function::Gcd | Function::Lcm, [x, y]) => {
                let (value, failed) = self.divisors(function, x.value, y.value);
                self.unless_fits(scope, expr, failed, valid);
                value
            }
            (Function::Factorial, [x]) => {
                let (value, failed) = self.factorial(x.value);
                self.unless_fits(scope, expr, failed, valid);
                value
            }
            (Function::BitCount, [x]) => self.b.popcnt(self.to_element(x.value, operands[0].ty.element())),
            _ => self.bits(function, &lanes, expr),
        };
        Lane { value: self.to_element(value, self.element(expr)), valid }
    }

    fn unless_fits(&self, scope: Scope<'_, 'c>, expr: &Expr, failed: Value<'c>, valid: Option<Value<'c>>) {
        if !self.cannot_overflow(expr) {
            self.overflow(scope, expr, failed, valid);
        }
    }

    /// Of integers of one type: the bits that hold them are those of the type.
    fn bits(&self, function: Function, lanes: &[Lane<'c>], expr: &Expr) -> Value<'c> {
        let b = self.b;
        // A narrower element would lack bits that a complement sets.
        let value = |lane: &Lane<'c>| self.to_element(lane.value, expr.ty.element());
        match (function, lanes) {
            (Function::BitAnd, [x, y]) => b.and(value(x), value(y)),
            (Function::BitOr, [x, y]) => b.or(value(x), value(y)),
            (Function::BitXor, [x, y]) => b.xor(value(x), value(y)),
            (Function::BitNot, [x]) => b.not(value(x)),
            _ => unreachable!("`{}` of {} operands", function.name(), lanes.len()),
        }
    }

    /// `shift_left(a, n)`, `shift_right(a, n)` in 64 bits.
    fn shift(
        &self,
        scope: Scope<'_, 'c>,
        function: Function,
        (value, count): (Value<'c>, Value<'c>),
        expr: &Expr,
        valid: Option<Value<'c>>,
    ) -> Value<'c> {
        let b = self.b;
        let wide = if expr.ty == Type::U64 { Element::U64 } else { Element::S64 };
        let (value, count) = (self.to_element(value, wide), self.to_element(count, wide));
        let (zero, zeros) = (b.zero(wide), self.zeros(wide, &[scope.rows.lanes]));
        if function == Function::ShiftRight {
            let width = b.broadcast(self.integer(wide, 8 * expr.ty.element().bytes() as u64), &[scope.rows.lanes]);
            let within = b.and(b.compare(Direction::Ge, count, zero), b.compare(Direction::Lt, count, width));
            let count = b.select(within, count, zeros);
            let shifted = match wide {
                Element::U64 => b.shift_right_logical(value, count),
                _ => b.shift_right_arithmetic(value, count),
            };
            return b.select(within, shifted, zeros);
        }
        let shifted = b.shift_left(value, count);
        if self.cannot_overflow(expr) {
            return shifted;
        }
        let back = match wide {
            Element::U64 => b.shift_right_logical(shifted, count),
            _ => b.shift_right_arithmetic(shifted, count),
        };
        let negative = |value| b.compare(Direction::Lt, value, zero);
        // Nothing is left of a number that is moved by all bits or more.
        let beyond = b.compare(Direction::Ge, count, self.integer(wide, 64));
        let lost = b.select(beyond, b.compare(Direction::Ne, value, zero), b.compare(Direction::Ne, back, value));
        let failed = b.or(b.or(negative(value), negative(count)), lost);
        let failed = self.outside(shifted, expr.ty).map_or(failed, |outside| b.or(failed, outside));
        self.misshifted(scope, expr, failed, valid);
        shifted
    }

    fn misshifted(&self, scope: Scope<'_, 'c>, expr: &Expr, lanes: Value<'c>, valid: Option<Value<'c>>) {
        let lanes = self.b.and(scope.active, lanes);
        let lanes = valid.map_or(lanes, |valid| self.b.and(lanes, valid));
        let quoted = self.quote(expr.span);
        let site = StatusSite {
            kind: StatusKind::Overflow,
            span: expr.span,
            message: format!("`{quoted}` does not fit {}, or shifts a negative number, or by one", expr.ty),
            help: Some("cast to a wider type first, such as `x as i64`, or multiply: `x * 8`".to_owned()),
        };
        self.raise_with(site, lanes, scope.rows.origin);
    }

    /// `gcd(a, b)` or `lcm(a, b)`, and the lanes where an i64 does not hold it.
    fn divisors(&self, function: Function, a: Value<'c>, c: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let magnitude = |value| b.bitcast(b.abs(self.to_element(value, Element::S64)), Element::U64);
        let (a, c) = (magnitude(a), magnitude(c));
        let dims = b.dims(a);
        let (zero, ones) = (b.zero(Element::U64), b.broadcast(b.one(Element::U64), &dims));
        let is_open = |b: &crate::stablehlo::Builder<'c>, values: &[Value<'c>]| {
            b.reduce_or(b.compare(Direction::Ne, values[1], b.zero(Element::U64)))
        };
        // Euclid's algorithm; a lane that is done waits for the others.
        let divided = b.while_loop(&[a, c], is_open, |b, values| {
            let (zeros, ones) = (b.full_uint(Element::U64, &dims, 0), b.full_uint(Element::U64, &dims, 1));
            let open = b.compare(Direction::Ne, values[1], zeros);
            let rest = b.remainder(values[0], b.select(open, values[1], ones));
            vec![b.select(open, values[1], values[0]), b.select(open, rest, zeros)]
        });
        let divisor = divided[0];
        let above = |value| b.compare(Direction::Gt, value, b.constant_uint(Element::U64, i64::MAX.cast_unsigned()));
        let (value, failed) = if function == Function::Gcd {
            (divisor, above(divisor))
        } else {
            let share = b.divide(a, b.select(b.compare(Direction::Ne, divisor, zero), divisor, ones));
            let product = b.multiply(share, c);
            (product, b.or(above(product), self.wraps(ArithmeticOp::Multiply, share, c, product)))
        };
        (b.bitcast(value, Element::S64), failed)
    }

    /// `factorial(n)`, and the lanes that have none.
    fn factorial(&self, last: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let last = self.to_element(last, Element::S64);
        let constant = |value: i64| b.constant_int(Element::S64, value);
        let one = b.full_int(Element::S64, &b.dims(last), 1);
        let product = (2..=LAST_FACTORIAL).fold(one, |product, factor| {
            let counts = b.compare(Direction::Ge, last, constant(factor));
            b.select(counts, b.multiply(product, constant(factor)), product)
        });
        let below = b.compare(Direction::Lt, last, constant(0));
        (product, b.or(below, b.compare(Direction::Gt, last, constant(LAST_FACTORIAL))))
    }

    /// A small constant of a 64-bit element.
    fn integer(&self, element: Element, value: u64) -> Value<'c> {
        match element {
            Element::U64 => self.b.constant_uint(element, value),
            _ => self.b.constant_int(element, value.cast_signed()),
        }
    }
}
