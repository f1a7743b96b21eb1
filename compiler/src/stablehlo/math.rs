//! Functions that StableHLO lacks, composed of those it has.
//!
//! Errors are in units in the last place (ulp) of `f64` on XLA:CPU, whose own functions err by about one; they hold for
//! `f32` operands in units of `f32`. TPU emulates `f64` with fewer bits.

use super::types::{Class, class};
use super::{Builder, Direction, Element, Value};

impl<'c> Builder<'c> {
    /// The angle whose sine is the operand; NaN outside of [-1, 1]. Within 3 ulp: `atan2(x, sqrt((1 - x)(1 + x)))`.
    #[must_use]
    #[track_caller]
    pub fn asin(&self, operand: Value<'c>) -> Value<'c> {
        self.atan2(operand, self.cathetus(operand))
    }

    /// The angle whose cosine is the operand; NaN outside of [-1, 1]. Within 3 ulp.
    #[must_use]
    #[track_caller]
    pub fn acos(&self, operand: Value<'c>) -> Value<'c> {
        self.atan2(self.cathetus(operand), operand)
    }

    /// The angle whose tangent is the operand. Within 2 ulp.
    #[must_use]
    #[track_caller]
    pub fn atan(&self, operand: Value<'c>) -> Value<'c> {
        self.atan2(operand, self.ones_like(operand))
    }

    /// `sqrt(1 - x^2)` without cancellation.
    #[track_caller]
    fn cathetus(&self, operand: Value<'c>) -> Value<'c> {
        let one = self.float_like(operand, 1.0);
        self.sqrt(self.multiply(self.subtract(one, operand), self.add(one, operand)))
    }

    /// Hyperbolic sine, within 4 ulp: `(e + e / (e + 1)) / 2` with `e = exp(|x|) - 1`; where `exp` would overflow, half
    /// the square of `exp(|x| / 2)`.
    #[must_use]
    #[track_caller]
    pub fn sinh(&self, operand: Value<'c>) -> Value<'c> {
        let (one, half) = (self.float_like(operand, 1.0), self.float_like(operand, 0.5));
        let magnitude = self.abs(operand);
        let grown = self.exponential_minus_one(magnitude);
        let small = self.multiply(half, self.add(grown, self.divide(grown, self.add(grown, one))));
        let result = self.select(self.is_large(magnitude), self.half_square(magnitude), small);
        // The sign is applied by a product, so that -0.0 and NaN stay.
        self.multiply(result, self.select(self.is_negative(operand), self.float_like(operand, -1.0), one))
    }

    /// Hyperbolic cosine, within 4 ulp.
    #[must_use]
    #[track_caller]
    pub fn cosh(&self, operand: Value<'c>) -> Value<'c> {
        let half = self.float_like(operand, 0.5);
        let magnitude = self.abs(operand);
        let grown = self.exponential(magnitude);
        let small = self.add(self.multiply(half, grown), self.divide(half, grown));
        self.select(self.is_large(magnitude), self.half_square(magnitude), small)
    }

    /// The number whose hyperbolic sine is the operand, within 4 ulp: `log(1 + x + x^2 / (1 + sqrt(x^2 + 1)))` of its
    /// magnitude, and where that overflows `log(2 x)`.
    #[must_use]
    #[track_caller]
    pub fn asinh(&self, operand: Value<'c>) -> Value<'c> {
        let one = self.float_like(operand, 1.0);
        let magnitude = self.abs(operand);
        let square = self.multiply(magnitude, magnitude);
        let root = self.add(one, self.sqrt(self.add(square, one)));
        let small = self.log_plus_one(self.add(magnitude, self.divide(square, root)));
        let result = self.select(self.is_vast(magnitude), self.log_of_twice(magnitude), small);
        self.multiply(result, self.select(self.is_negative(operand), self.float_like(operand, -1.0), one))
    }

    /// The number that is not negative and whose hyperbolic cosine is the operand; NaN below one. Within 4 ulp.
    #[must_use]
    #[track_caller]
    pub fn acosh(&self, operand: Value<'c>) -> Value<'c> {
        let (one, two) = (self.float_like(operand, 1.0), self.float_like(operand, 2.0));
        let above = self.subtract(operand, one);
        let root = self.sqrt(self.multiply(above, self.add(above, two)));
        let small = self.log_plus_one(self.add(above, root));
        let result = self.select(self.is_vast(operand), self.log_of_twice(operand), small);
        let below = self.compare(Direction::Lt, operand, one);
        let none = self.broadcast(self.float_like(operand, f64::NAN), &self.dims(operand));
        self.select(below, none, result)
    }

    /// The number whose hyperbolic tangent is the operand; infinite at -1 and 1, NaN beyond. Within 4 ulp.
    #[must_use]
    #[track_caller]
    pub fn atanh(&self, operand: Value<'c>) -> Value<'c> {
        let (one, half) = (self.float_like(operand, 1.0), self.float_like(operand, 0.5));
        let magnitude = self.abs(operand);
        let twice = self.add(magnitude, magnitude);
        let result = self.multiply(half, self.log_plus_one(self.divide(twice, self.subtract(one, magnitude))));
        self.multiply(result, self.select(self.is_negative(operand), self.float_like(operand, -1.0), one))
    }

    /// Squares of such numbers have no digits left for a one that is added.
    fn is_vast(&self, magnitude: Value<'c>) -> Value<'c> {
        self.compare(Direction::Gt, magnitude, self.float_like(magnitude, 1e9))
    }

    fn log_of_twice(&self, operand: Value<'c>) -> Value<'c> {
        self.add(self.log(operand), self.float_like(operand, std::f64::consts::LN_2))
    }

    /// The next even number away from zero, or the operand itself.
    #[must_use]
    #[track_caller]
    pub fn even(&self, operand: Value<'c>) -> Value<'c> {
        let (two, one) = (self.float_like(operand, 2.0), self.float_like(operand, 1.0));
        let pairs = self.ceil(self.divide(self.ceil(self.abs(operand)), two));
        let sign = self.select(self.is_negative(operand), self.float_like(operand, -1.0), one);
        self.multiply(self.multiply(pairs, two), sign)
    }

    /// Beyond this, `exp(-x)` no longer contributes to `exp(x)`.
    fn is_large(&self, magnitude: Value<'c>) -> Value<'c> {
        self.compare(Direction::Gt, magnitude, self.float_like(magnitude, 22.0))
    }

    fn half_square(&self, magnitude: Value<'c>) -> Value<'c> {
        let half = self.float_like(magnitude, 0.5);
        let root = self.exponential(self.multiply(half, magnitude));
        self.multiply(self.multiply(half, root), root)
    }

    fn is_negative(&self, operand: Value<'c>) -> Value<'c> {
        self.compare(Direction::Lt, operand, self.float_like(operand, 0.0))
    }

    /// Cube root of `f64`, also of negative numbers, within 2 ulp and exact for cubes of whole numbers; a subnormal number
    /// may be zero.
    ///
    /// XLA takes a power of one third, which is not the nearest float to a third. One step of Newton's method mends that.
    #[must_use]
    #[track_caller]
    pub fn cbrt(&self, operand: Value<'c>) -> Value<'c> {
        // Of a tiny number the step's difference would be subnormal, which counts as zero: it is taken times 2^300.
        let (up, down) = (self.float_like(operand, 2_f64.powi(300)), self.float_like(operand, 2_f64.powi(-100)));
        let tiny = self.compare(Direction::Lt, self.abs(operand), self.float_like(operand, 1e-200));
        let operand = self.select(tiny, self.multiply(operand, up), operand);
        let root = self.op("stablehlo.cbrt", &[operand], &[], operand.ty);
        let square = self.multiply(root, root);
        let excess = self.subtract(self.multiply(square, root), operand);
        let better = self.subtract(root, self.divide(excess, self.multiply(square, self.float_like(operand, 3.0))));
        // What is no number, infinite or zero is its own root.
        let zero = self.float_like(operand, 0.0);
        let is_own = self.or(self.not(self.is_finite(operand)), self.compare(Direction::Eq, operand, zero));
        let result = self.select(is_own, operand, better);
        self.select(tiny, self.multiply(result, down), result)
    }

    /// Logarithm to base 2, within 2 ulp, exact for powers of 2.
    #[must_use]
    #[track_caller]
    pub fn log2(&self, operand: Value<'c>) -> Value<'c> {
        self.log_base(operand, 2.0)
    }

    /// Logarithm to base 10, within 2 ulp, exact for powers of 10.
    #[must_use]
    #[track_caller]
    pub fn log10(&self, operand: Value<'c>) -> Value<'c> {
        self.log_base(operand, 10.0)
    }

    /// `log(x) / log(base)`, replaced by the nearest whole number where that is exact.
    #[track_caller]
    fn log_base(&self, operand: Value<'c>, base: f64) -> Value<'c> {
        let quotient = self.divide(self.log(operand), self.float_like(operand, base.ln()));
        let whole = self.round_nearest_even(quotient);
        let back = self.power(self.broadcast(self.float_like(operand, base), &self.dims(operand)), whole);
        self.select(self.compare(Direction::Eq, back, operand), whole, quotient)
    }

    /// The whole number next to the operand towards zero; keeps infinities, NaN and the sign of zero.
    #[must_use]
    #[track_caller]
    pub fn truncate(&self, operand: Value<'c>) -> Value<'c> {
        self.select(self.is_negative(operand), self.ceil(operand), self.floor(operand))
    }

    /// Whether a float is NaN, as `i1`.
    #[must_use]
    #[track_caller]
    pub fn is_nan(&self, operand: Value<'c>) -> Value<'c> {
        let element = self.element(operand);
        assert!(class(element) == Class::Float, "is_nan: not of {element}");
        self.compare(Direction::Ne, operand, operand)
    }

    /// Integer quotient rounded down (towards minus infinity). By zero: unspecified.
    #[must_use]
    #[track_caller]
    pub fn floor_divide(&self, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let (left, right) = self.same_shape("floor_divide", left, right);
        let quotient = self.divide(left, right);
        match class(self.element(left)) {
            Class::Unsigned => quotient,
            Class::Signed => {
                let lower = self.convert(self.rounds_up(left, right), self.element(left));
                self.subtract(quotient, lower)
            }
            Class::Pred | Class::Float => panic!("floor_divide: not of {}", self.element(left)),
        }
    }

    /// What [`Builder::floor_divide`] leaves, with the sign of the divisor. By zero: unspecified.
    #[must_use]
    #[track_caller]
    pub fn floor_remainder(&self, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let (left, right) = self.same_shape("floor_remainder", left, right);
        let rest = self.remainder(left, right);
        match class(self.element(left)) {
            Class::Unsigned => rest,
            Class::Signed => {
                let zero = self.zero(self.element(left));
                self.add(rest, self.select(self.rounds_up(left, right), right, self.broadcast(zero, &self.dims(left))))
            }
            Class::Float => {
                let zero = self.broadcast(self.zero(self.element(left)), &self.dims(left));
                let negative = |value| self.compare(Direction::Lt, value, zero);
                let other_sign = self.xor(negative(rest), negative(right));
                let off = self.and(self.compare(Direction::Ne, rest, zero), other_sign);
                self.select(off, self.add(rest, right), rest)
            }
            Class::Pred => panic!("floor_remainder: not of {}", self.element(left)),
        }
    }

    /// Whether truncating division is above the exact quotient: something is left, and of the other sign.
    fn rounds_up(&self, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let rest = self.remainder(left, right);
        let zero = self.zero(self.element(left));
        let left_over = self.compare(Direction::Ne, rest, zero);
        self.and(left_over, self.compare(Direction::Lt, self.xor(rest, right), zero))
    }

    fn float_like(&self, operand: Value<'c>, value: f64) -> Value<'c> {
        match self.element(operand) {
            element @ (Element::F32 | Element::F64) => self.constant_float(element, value),
            element @ (Element::Pred
            | Element::S8
            | Element::S16
            | Element::S32
            | Element::S64
            | Element::U8
            | Element::U16
            | Element::U32
            | Element::U64) => panic!("not of {element}"),
        }
    }

    fn ones_like(&self, operand: Value<'c>) -> Value<'c> {
        self.broadcast(self.float_like(operand, 1.0), &self.dims(operand))
    }
}
