//! `hash`, as [`dj_runtime::expr::hash`] has it on the host.

#![expect(clippy::wildcard_enum_match_arm, reason = "floats are told from all other elements")]

use super::Scope;
use crate::encode::Expr;
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::expr::hash::{HASH_FACTORS, HASH_FIRST, HASH_OF_NULL, HASH_STEP};

impl<'c> Cx<'_, 'c> {
    /// `hash(x)`, which is never null.
    pub(super) fn hash(&self, scope: Scope<'_, 'c>, operand: &Expr) -> Lane<'c> {
        let lane = self.expr(scope, operand);
        let hash = self.mixed(self.hashed_bits(lane.value));
        let of_null = self.b.full_uint(Element::U64, &[scope.rows.lanes], HASH_OF_NULL);
        Lane { value: lane.valid.map_or(hash, |valid| self.b.select(valid, hash, of_null)), valid: None }
    }

    /// `hash_combine(a, b)`
    pub(super) fn hash_combine(&self, scope: Scope<'_, 'c>, operands: &[Expr]) -> Lane<'c> {
        let b = self.b;
        let (first, second) = (self.expr(scope, &operands[0]), self.expr(scope, &operands[1]));
        let wide = |lane: Lane<'c>| self.to_element(lane.value, Element::U64);
        let factor = b.constant_uint(Element::U64, HASH_FIRST);
        let value = self.mixed(b.add(b.multiply(wide(first), factor), wide(second)));
        Lane { value, valid: self.both(first.valid, second.valid) }
    }

    /// The 64 bits of a value, one pattern for both zeros and one for all NaN.
    fn hashed_bits(&self, value: Value<'c>) -> Value<'c> {
        let b = self.b;
        match b.element(value) {
            Element::F32 => {
                let bits = b.bitcast(value, Element::U32);
                b.convert(
                    self.one_of_each(bits, f32::INFINITY.to_bits().into(), f32::NAN.to_bits().into()),
                    Element::U64,
                )
            }
            Element::F64 => {
                let bits = b.bitcast(value, Element::U64);
                self.one_of_each(bits, f64::INFINITY.to_bits(), f64::NAN.to_bits())
            }
            Element::S8 | Element::S16 | Element::S32 | Element::S64 => {
                b.bitcast(b.convert(value, Element::S64), Element::U64)
            }
            _ => b.convert(value, Element::U64),
        }
    }

    /// The bits of a float with one zero and one NaN, by their bits alone: in arithmetic a subnormal may count as zero.
    fn one_of_each(&self, bits: Value<'c>, infinity: u64, nan: u64) -> Value<'c> {
        let b = self.b;
        let (element, dims) = (b.element(bits), b.dims(bits));
        let constant = |value: u64| b.full_uint(element, &dims, value);
        // The sign is the highest bit: what is left when that is shifted out is zero, or above infinity.
        let magnitude = b.shift_left(bits, constant(1));
        let is_zero = b.compare(Direction::Eq, magnitude, constant(0));
        let bits = b.select(is_zero, constant(0), bits);
        b.select(b.compare(Direction::Gt, magnitude, constant(infinity << 1 & mask(element))), constant(nan), bits)
    }

    /// 64 bits of which each depends on each.
    fn mixed(&self, bits: Value<'c>) -> Value<'c> {
        let b = self.b;
        let dims = b.dims(bits);
        let constant = |value: u64| b.full_uint(Element::U64, &dims, value);
        let folded = |bits, by: u64| b.xor(bits, b.shift_right_logical(bits, constant(by)));
        let bits = b.add(bits, constant(HASH_STEP));
        let bits = b.multiply(folded(bits, 30), constant(HASH_FACTORS[0]));
        let bits = b.multiply(folded(bits, 27), constant(HASH_FACTORS[1]));
        folded(bits, 31)
    }
}

/// The bits that an element has.
fn mask(element: Element) -> u64 {
    if element == Element::U32 { u32::MAX.into() } else { u64::MAX }
}
