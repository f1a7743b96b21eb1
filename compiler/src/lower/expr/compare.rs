//! Comparisons, and the integer keys whose order is that of the values.

#![expect(clippy::wildcard_enum_match_arm, reason = "only the two float elements reach the float key")]

use super::Scope;
use crate::encode::{Expr, Type};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Builder, Direction, Element, Value};
use dj_runtime::expr::CompareOp;

impl<'c> Cx<'_, 'c> {
    /// `a op b`, exact across widths, signs and scales.
    pub(super) fn compare(&self, scope: Scope<'_, 'c>, op: CompareOp, left: &Expr, right: &Expr) -> Lane<'c> {
        let (a, c) = (self.expr(scope, left), self.expr(scope, right));
        let valid = self.both(a.valid, c.valid);
        let direction = direction(op);
        let value = if left.ty.is_float() || right.ty.is_float() {
            self.compare_floats(op, (a.value, left.ty), (c.value, right.ty))
        } else if left.ty == Type::Bool {
            let number = |value| self.b.convert(value, Element::S32);
            self.b.compare(direction, number(a.value), number(c.value))
        } else if left.ty.scale() != right.ty.scale() {
            self.compare_scaled(op, (a.value, left.ty), (c.value, right.ty))
        } else {
            self.compare_integers(op, a.value, c.value)
        };
        Lane { value, valid }
    }

    /// Integers of any width and sign.
    fn compare_integers(&self, op: CompareOp, a: Value<'c>, c: Value<'c>) -> Value<'c> {
        let b = self.b;
        let (left, right) = (b.element(a), b.element(c));
        if left == right {
            return b.compare(direction(op), a, c);
        }
        if left != Element::U64 && right != Element::U64 {
            let wide = |value| self.to_element(value, Element::S64);
            return b.compare(direction(op), wide(a), wide(c));
        }
        if right == Element::U64 && left != Element::U64 {
            return self.compare_integers(op.flipped(), c, a);
        }
        // Unsigned with signed: a negative number is less than every unsigned one.
        let signed = self.to_element(c, Element::S64);
        let negative = b.compare(Direction::Lt, signed, b.zero(Element::S64));
        let compared = b.compare(direction(op), a, b.convert(signed, Element::U64));
        let against_negative = op.holds(std::cmp::Ordering::Greater);
        b.select(negative, b.full_pred(&b.dims(negative), against_negative), compared)
    }

    /// Decimals of different scales: the smaller scale is raised, and what would overflow decides by its sign.
    fn compare_scaled(&self, op: CompareOp, (a, left): (Value<'c>, Type), (c, right): (Value<'c>, Type)) -> Value<'c> {
        let b = self.b;
        if left.scale() > right.scale() {
            return self.compare_scaled(op.flipped(), (c, right), (a, left));
        }
        let factor = 10_i64.pow(u32::from(right.scale() - left.scale()));
        let limit = i64::MAX / factor;
        let large = match b.element(a) {
            Element::U64 => b.compare(Direction::Gt, a, b.constant_uint(Element::U64, limit.cast_unsigned())),
            _ => b.compare(Direction::Gt, self.to_element(a, Element::S64), b.constant_int(Element::S64, limit)),
        };
        let (a, c) = (self.to_element(a, Element::S64), self.to_element(c, Element::S64));
        let compared = b.compare(direction(op), b.multiply(a, b.constant_int(Element::S64, factor)), c);
        let small = b.compare(Direction::Lt, a, b.constant_int(Element::S64, -limit));
        let constant = |ordering| b.full_pred(&b.dims(a), op.holds(ordering));
        let compared = b.select(small, constant(std::cmp::Ordering::Less), compared);
        // Last, because what is too large for a signed integer looks small as one.
        b.select(large, constant(std::cmp::Ordering::Greater), compared)
    }

    /// Floats: NaN equals itself and is larger than every number.
    fn compare_floats(&self, op: CompareOp, (a, left): (Value<'c>, Type), (c, right): (Value<'c>, Type)) -> Value<'c> {
        let b = self.b;
        let single = left == Type::F32 && right == Type::F32;
        let float = |value, ty| if single { value } else { self.to_f64(value, ty) };
        let (a, c) = (float(a, left), float(c, right));
        let (a_nan, c_nan) = (b.is_nan(a), b.is_nan(c));
        let equal = || b.or(b.compare(Direction::Eq, a, c), b.and(a_nan, c_nan));
        let less = || b.or(b.compare(Direction::Lt, a, c), b.and(b.not(a_nan), c_nan));
        let greater = || b.or(b.compare(Direction::Gt, a, c), b.and(a_nan, b.not(c_nan)));
        match op {
            CompareOp::Equal => equal(),
            CompareOp::NotEqual => b.not(equal()),
            CompareOp::Less => less(),
            CompareOp::LessEqual => b.not(greater()),
            CompareOp::Greater => greater(),
            CompareOp::GreaterEqual => b.not(less()),
        }
    }
}

fn direction(op: CompareOp) -> Direction {
    match op {
        CompareOp::Equal => Direction::Eq,
        CompareOp::NotEqual => Direction::Ne,
        CompareOp::Less => Direction::Lt,
        CompareOp::LessEqual => Direction::Le,
        CompareOp::Greater => Direction::Gt,
        CompareOp::GreaterEqual => Direction::Ge,
    }
}

/// The unsigned 64-bit integer whose order is that of a value of any type but text, and how many bits it takes.
///
/// −0.0 becomes 0.0, NaN one pattern above all numbers, and subnormals zero, as comparisons have it.
pub(crate) fn order_key<'c>(b: &Builder<'c>, value: Value<'c>) -> (Value<'c>, u32) {
    let element = b.element(value);
    let bits = order_bits(element);
    match element {
        Element::Pred => (b.convert(value, Element::U64), bits),
        Element::U8 | Element::U16 | Element::U32 | Element::U64 => (b.convert(value, Element::U64), bits),
        Element::F32 | Element::F64 => float_order_key(b, value),
        Element::S8 | Element::S16 | Element::S32 | Element::S64 => {
            let wide = b.convert(value, Element::S64);
            let offset = b.constant_int(Element::S64, if bits == 64 { i64::MIN } else { -(1 << (bits - 1)) });
            (b.bitcast(b.subtract(wide, offset), Element::U64), bits)
        }
    }
}

/// The bits of an [`order_key`].
pub(crate) fn order_bits(element: Element) -> u32 {
    if element == Element::Pred { 1 } else { 8 * element.bytes() as u32 }
}

/// The unsigned integer whose order is that of a float.
fn float_order_key<'c>(b: &Builder<'c>, value: Value<'c>) -> (Value<'c>, u32) {
    let element = b.element(value);
    let (signed, unsigned, bits, nan) = match element {
        Element::F32 => (Element::S32, Element::U32, 32, i64::from(f32::NAN.to_bits())),
        _ => (Element::S64, Element::U64, 64, f64::NAN.to_bits() as i64),
    };
    let is_zero = b.compare(Direction::Eq, value, b.zero(element));
    let raw = b.bitcast(value, signed);
    let raw = b.select(is_zero, b.full_int(signed, &b.dims(value), 0), raw);
    let raw = b.select(b.is_nan(value), b.full_int(signed, &b.dims(value), nan), raw);
    let negative = b.compare(Direction::Lt, raw, b.zero(signed));
    // Negative floats count down as their bits count up.
    let key = b.select(negative, b.not(raw), b.xor(raw, b.least(signed)));
    (b.convert(b.bitcast(key, unsigned), Element::U64), bits)
}
