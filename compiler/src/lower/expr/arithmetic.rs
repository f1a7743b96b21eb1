//! Arithmetic: integers and decimals never wrap, floats are IEEE.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each arm singles out one operation or the 64-bit unsigned element"
)]

use super::Scope;
use crate::encode::{Expr, Scalar, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Reader, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};
use dj_runtime::expr::{ArithmeticOp, Failure, decimal_to_f64, failure};
use dj_runtime::types::MAX_PRECISION;

impl<'c> Cx<'_, 'c> {
    /// `-x`
    pub(super) fn negate(&self, scope: Scope<'_, 'c>, operand: &Expr, expr: &Expr) -> Lane<'c> {
        let lane = self.expr(scope, operand);
        let element = self.element(expr);
        let value = self.to_element(lane.value, element);
        if expr.ty.is_integral() && !self.cannot_overflow(expr) {
            let zero = self.zeros(element, &[scope.rows.lanes]);
            let wrapped = match expr.ty.integer_range() {
                Some((0, _)) => self.b.compare(Direction::Ne, value, zero),
                _ => self.b.compare(Direction::Eq, value, self.b.least(element)),
            };
            self.overflow(scope, expr, wrapped, lane.valid);
        }
        Lane { value: self.b.negate(value), valid: lane.valid }
    }

    /// `a op b`
    pub(super) fn arithmetic(
        &self,
        scope: Scope<'_, 'c>,
        op: ArithmeticOp,
        left: &Expr,
        right: &Expr,
        expr: &Expr,
    ) -> Lane<'c> {
        let (a, c) = (self.expr(scope, left), self.expr(scope, right));
        let valid = self.both(a.valid, c.valid);
        if expr.ty.is_float() {
            let element = expr.ty.element();
            let operand = |lane: Lane<'c>, ty: Type| match element {
                Element::F64 => self.to_f64(lane.value, ty),
                _ => self.to_element(lane.value, element),
            };
            let reader = match op {
                ArithmeticOp::Add | ArithmeticOp::Subtract => Reader::Sum,
                ArithmeticOp::Multiply => Reader::Product,
                ArithmeticOp::Divide | ArithmeticOp::FloorDivide | ArithmeticOp::Modulo => Reader::Quotient,
                ArithmeticOp::Power => Reader::Function,
            };
            let [dividend, divisor] = self.b.kept(reader, [operand(a, left.ty), operand(c, right.ty)]);
            match (op, float_literal(right)) {
                (ArithmeticOp::Divide, Some(constant)) => {
                    return Lane { value: self.divide_by(dividend, constant), valid };
                }
                // A quotient that is a hair too small would be floored to the next whole number.
                (ArithmeticOp::FloorDivide, Some(constant)) if constant != 0.0 => {
                    return Lane { value: self.b.floor(self.divide_by(dividend, constant)), valid };
                }
                _ => {}
            }
            return self.float_arithmetic(op, dividend, divisor, valid);
        }
        match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Multiply => {
                let value = self.integer_arithmetic(scope, op, a.value, c.value, expr, valid);
                Lane { value, valid }
            }
            ArithmeticOp::FloorDivide | ArithmeticOp::Modulo => {
                self.floor_arithmetic(scope, op, (a.value, left.ty), (c.value, right.ty), expr, valid)
            }
            ArithmeticOp::Divide | ArithmeticOp::Power => unreachable!("`{}` gives a float", op.symbol()),
        }
    }

    fn float_arithmetic(&self, op: ArithmeticOp, a: Value<'c>, c: Value<'c>, valid: Option<Value<'c>>) -> Lane<'c> {
        let b = self.b;
        let value = match op {
            ArithmeticOp::Add => b.add(a, c),
            ArithmeticOp::Subtract => b.subtract(a, c),
            ArithmeticOp::Multiply => b.multiply(a, c),
            ArithmeticOp::Divide => b.divide(a, c),
            ArithmeticOp::Power => b.power(a, c),
            ArithmeticOp::FloorDivide => b.floor(b.divide(a, c)),
            ArithmeticOp::Modulo => b.floor_remainder(a, c),
        };
        if !matches!(op, ArithmeticOp::FloorDivide | ArithmeticOp::Modulo) {
            return Lane { value, valid };
        }
        let nonzero = b.compare(Direction::Ne, c, b.zero(b.element(c)));
        Lane { value, valid: self.both(valid, Some(nonzero)) }
    }

    /// Whether the exact result always fits its type, as far as bounds tell; those that were recorded are checked.
    pub(super) fn cannot_overflow(&self, expr: &Expr) -> bool {
        let failure = failure(expr, &|id| self.lowering.variant.facts.interval(id));
        matches!(failure, Failure::Impossible(_))
    }

    /// `+`, `-` or `*` of integers, decimals, dates or times.
    fn integer_arithmetic(
        &self,
        scope: Scope<'_, 'c>,
        op: ArithmeticOp,
        a: Value<'c>,
        c: Value<'c>,
        expr: &Expr,
        valid: Option<Value<'c>>,
    ) -> Value<'c> {
        let b = self.b;
        let apply = |a, c| match op {
            ArithmeticOp::Add => b.add(a, c),
            ArithmeticOp::Subtract => b.subtract(a, c),
            _ => b.multiply(a, c),
        };
        let element = self.element(expr);
        if self.cannot_overflow(expr) {
            return apply(self.to_element(a, element), self.to_element(c, element));
        }
        // 32 bits and fewer are exact in 64; 64 bits wrap, and each operation shows it in its own way.
        let wide = if expr.ty == Type::U64 { Element::U64 } else { Element::S64 };
        let (a, c) = (self.to_element(a, wide), self.to_element(c, wide));
        let result = apply(a, c);
        let out_of_range = self.outside(result, expr.ty);
        let narrow = expr.ty.element().bytes() < 8;
        let wrapped = if narrow { None } else { Some(self.wraps(op, a, c, result)) };
        let failed = [out_of_range, wrapped].into_iter().flatten().reduce(|x, y| b.or(x, y));
        if let Some(failed) = failed {
            self.overflow(scope, expr, failed, valid);
        }
        self.to_element(result, element)
    }

    /// The lanes of 64-bit results that wrapped.
    pub(super) fn wraps(&self, op: ArithmeticOp, a: Value<'c>, c: Value<'c>, result: Value<'c>) -> Value<'c> {
        let b = self.b;
        let zero = b.zero(b.element(a));
        let negative = |value| b.compare(Direction::Lt, value, zero);
        match (op, b.element(a)) {
            (ArithmeticOp::Add, Element::U64) => b.compare(Direction::Lt, result, a),
            (ArithmeticOp::Subtract, Element::U64) => b.compare(Direction::Lt, a, c),
            (ArithmeticOp::Add, _) => negative(b.and(b.xor(a, result), b.xor(c, result))),
            (ArithmeticOp::Subtract, _) => negative(b.and(b.xor(a, c), b.xor(a, result))),
            (_, element) => {
                let divisor = b.select(b.compare(Direction::Eq, a, zero), b.broadcast(b.one(element), &b.dims(a)), a);
                let differs = b.compare(Direction::Ne, b.divide(result, divisor), c);
                let differs = b.and(differs, b.compare(Direction::Ne, a, zero));
                if element == Element::U64 {
                    return differs;
                }
                let minus_one = b.compare(Direction::Eq, a, b.constant_int(element, -1));
                b.or(differs, b.and(minus_one, b.compare(Direction::Eq, c, b.least(element))))
            }
        }
    }

    /// The lanes of a 64-bit value that a type does not hold; `None` if it holds all.
    pub(crate) fn outside(&self, value: Value<'c>, ty: Type) -> Option<Value<'c>> {
        let b = self.b;
        let (lo, hi) = ty.integer_range()?;
        let element = b.element(value);
        if element == Element::U64 {
            let too_large = |hi: i128| b.compare(Direction::Gt, value, b.constant_uint(element, hi as u64));
            return (hi < i128::from(u64::MAX)).then(|| too_large(hi));
        }
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let too_small = (lo > least).then(|| b.compare(Direction::Lt, value, b.constant_int(element, lo as i64)));
        let too_large = (hi < most).then(|| b.compare(Direction::Gt, value, b.constant_int(element, hi as i64)));
        [too_small, too_large].into_iter().flatten().reduce(|x, y| b.or(x, y))
    }

    /// `//` and `%`: floor, null on zero.
    fn floor_arithmetic(
        &self,
        scope: Scope<'_, 'c>,
        op: ArithmeticOp,
        (a, left): (Value<'c>, Type),
        (c, right): (Value<'c>, Type),
        expr: &Expr,
        valid: Option<Value<'c>>,
    ) -> Lane<'c> {
        assert!(left.scale() == right.scale(), "`{}` of {left} and {right}: one scale is needed", op.symbol());
        let b = self.b;
        let wide = if left == Type::U64 { Element::U64 } else { Element::S64 };
        let (a, c) = (self.to_element(a, wide), self.to_element(c, wide));
        let nonzero = b.compare(Direction::Ne, c, b.zero(wide));
        let divisor = b.select(nonzero, c, b.broadcast(b.one(wide), &b.dims(c)));
        let valid = self.both(valid, Some(nonzero));
        if op == ArithmeticOp::Modulo {
            let rest = b.floor_remainder(a, divisor);
            return Lane { value: self.to_element(rest, self.element(expr)), valid };
        }
        let quotient = b.floor_divide(a, divisor);
        if !self.cannot_overflow(expr)
            && let Some(failed) = self.quotient_overflows(quotient, a, c, expr.ty)
        {
            self.overflow(scope, expr, failed, valid);
        }
        let quotient = match expr.ty.scale() {
            0 => quotient,
            scale => b.multiply(quotient, b.constant_int(wide, 10_i64.pow(scale.into()))),
        };
        Lane { value: self.to_element(quotient, self.element(expr)), valid }
    }

    /// The lanes whose quotient, a whole number, the type does not hold; `None` if it holds all.
    fn quotient_overflows(&self, quotient: Value<'c>, a: Value<'c>, c: Value<'c>, ty: Type) -> Option<Value<'c>> {
        let b = self.b;
        let (lo, hi) = ty.integer_range()?;
        let element = b.element(quotient);
        if ty.scale() > 0 {
            // The quotient still has to be scaled, and two decimals give quotients far beyond their own digits.
            let most = (hi / 10_i128.pow(ty.scale().into())) as i64;
            let above = b.compare(Direction::Gt, quotient, b.constant_int(element, most));
            let below = b.compare(Direction::Lt, quotient, b.constant_int(element, -most));
            return Some(b.or(above, below));
        }
        if lo == 0 || ty.is_decimal() {
            return None;
        }
        // Only the least integer divided by -1 leaves a signed type; in 64 bits it wraps to itself.
        let minus_one = b.compare(Direction::Eq, c, b.constant_int(element, -1));
        Some(b.and(minus_one, b.compare(Direction::Eq, a, b.constant_int(element, lo as i64))))
    }

    /// Raises an overflow.
    pub(super) fn overflow(&self, scope: Scope<'_, 'c>, expr: &Expr, lanes: Value<'c>, valid: Option<Value<'c>>) {
        let lanes = self.b.and(scope.active, lanes);
        let lanes = valid.map_or(lanes, |valid| self.b.and(lanes, valid));
        let site = StatusSite {
            kind: StatusKind::Overflow,
            span: expr.span,
            message: format!("{}: `{}` does not fit {}", kind_of_overflow(expr.ty), self.quote(expr.span), expr.ty),
            help: Some(wider(expr.ty)),
        };
        self.raise_with(site, lanes, scope.rows.origin);
    }
}

/// A literal as a float, its scale applied.
fn float_literal(expr: &Expr) -> Option<f64> {
    match expr.as_literal()? {
        Scalar::Float(value) => Some(*value),
        Scalar::Int(value) => Some(decimal_to_f64(*value, expr.ty.scale())),
        Scalar::Null | Scalar::Bool(_) | Scalar::Code(_) | Scalar::Unit(_) => None,
    }
}

/// How to make room for a result that does not fit its type.
fn wider(ty: Type) -> String {
    const OTHERWISE: &str = "compute in floats, such as `x as f64`, or leave such rows out with a filter";
    if ty.is_temporal() {
        "leave such rows out with a filter".to_owned()
    } else if let Type::Decimal { precision, scale } = ty {
        if precision < MAX_PRECISION {
            let wider = Type::Decimal { precision: MAX_PRECISION, scale };
            format!("cast an operand to a wider type first, such as `x as {wider}`")
        } else {
            format!("no decimal has more than {MAX_PRECISION} digits: {OTHERWISE}")
        }
    } else if ty.element().bytes() < 8 {
        "cast an operand to a wider type first, such as `x as i64`".to_owned()
    } else {
        format!("no integer is wider: {OTHERWISE}")
    }
}

fn kind_of_overflow(ty: Type) -> &'static str {
    if ty.is_temporal() {
        "overflow"
    } else if ty.is_decimal() {
        "decimal overflow"
    } else {
        "integer overflow"
    }
}
