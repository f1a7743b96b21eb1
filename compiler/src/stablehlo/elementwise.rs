//! Operations that work on each element alone.
//!
//! Every binary operation takes operands of one element type, and of one shape or one of them a scalar.

use super::types::{Class, bits, class};
use super::{Builder, Element, Value};

/// How two elements are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Equal.
    Eq,
    /// Different.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Direction {
    fn attribute(self) -> &'static str {
        match self {
            Self::Eq => "#stablehlo<comparison_direction EQ>",
            Self::Ne => "#stablehlo<comparison_direction NE>",
            Self::Lt => "#stablehlo<comparison_direction LT>",
            Self::Le => "#stablehlo<comparison_direction LE>",
            Self::Gt => "#stablehlo<comparison_direction GT>",
            Self::Ge => "#stablehlo<comparison_direction GE>",
        }
    }
}

/// Declares binary builders: documentation, name, StableHLO name, and the classes of elements it takes.
macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $op:literal [$($class:ident)|+];)+) => {
        impl<'c> Builder<'c> {
            $(
                $(#[$doc])*
                #[must_use]
                #[track_caller]
                pub fn $name(&self, left: Value<'c>, right: Value<'c>) -> Value<'c> {
                    let (left, right) = self.same_shape($op, left, right);
                    let element = self.element(left);
                    assert!(matches!(class(element), $(Class::$class)|+), "{}: not of {element}", $op);
                    self.op($op, &[left, right], &[], left.ty)
                }
            )+
        }
    };
}

binary! {
    /// Sum; integers wrap.
    add = "stablehlo.add" [Signed | Unsigned | Float];
    /// Difference; integers wrap.
    subtract = "stablehlo.subtract" [Signed | Unsigned | Float];
    /// Product; integers wrap.
    multiply = "stablehlo.multiply" [Signed | Unsigned | Float];
    /// Quotient; integers truncate towards zero. An integer divided by zero is -1 (all bits set), the least integer by
    /// -1 is itself.
    divide = "stablehlo.divide" [Signed | Unsigned | Float];
    /// What [`Builder::divide`] leaves, with the sign of the dividend. Of an integer and zero: the dividend.
    remainder = "stablehlo.remainder" [Signed | Unsigned | Float];
    /// The smaller one. Of truth values: both. Where one is NaN, what XLA:CPU gives depends on how much it optimizes.
    minimum = "stablehlo.minimum" [Pred | Signed | Unsigned | Float];
    /// The larger one. Of truth values: any. Where one is NaN, what XLA:CPU gives depends on how much it optimizes.
    maximum = "stablehlo.maximum" [Pred | Signed | Unsigned | Float];
    /// Bitwise or logical and.
    and = "stablehlo.and" [Pred | Signed | Unsigned];
    /// Bitwise or logical or.
    or = "stablehlo.or" [Pred | Signed | Unsigned];
    /// Bitwise or logical exclusive or.
    xor = "stablehlo.xor" [Pred | Signed | Unsigned];
    /// `left * 2^right`; 0 when `right` is not less than the width.
    shift_left = "stablehlo.shift_left" [Signed | Unsigned];
    /// Shift that copies the sign bit.
    shift_right_arithmetic = "stablehlo.shift_right_arithmetic" [Signed | Unsigned];
    /// Shift that fills with zeros; 0 when `right` is not less than the width.
    shift_right_logical = "stablehlo.shift_right_logical" [Signed | Unsigned];
    /// `left` to the power of `right`.
    power = "stablehlo.power" [Signed | Unsigned | Float];
    /// The angle of the point (`right`, `left`), in (-pi, pi].
    atan2 = "stablehlo.atan2" [Float];
}

/// Declares unary builders, as [`binary!`] does.
macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $op:literal [$($class:ident)|+];)+) => {
        impl<'c> Builder<'c> {
            $(
                $(#[$doc])*
                #[must_use]
                #[track_caller]
                pub fn $name(&self, operand: Value<'c>) -> Value<'c> {
                    let element = self.element(operand);
                    assert!(matches!(class(element), $(Class::$class)|+), "{}: not of {element}", $op);
                    self.op($op, &[operand], &[], operand.ty)
                }
            )+
        }
    };
}

unary! {
    /// Minus; integers wrap.
    negate = "stablehlo.negate" [Signed | Unsigned | Float];
    /// Absolute value; of the least integer: itself.
    abs = "stablehlo.abs" [Signed | Float];
    /// -1, 0 or 1; a float zero keeps its sign, NaN stays.
    sign = "stablehlo.sign" [Signed | Float];
    /// Bitwise or logical complement.
    not = "stablehlo.not" [Pred | Signed | Unsigned];
    /// The number of bits set.
    popcnt = "stablehlo.popcnt" [Signed | Unsigned];
    /// The number of leading zero bits.
    count_leading_zeros = "stablehlo.count_leading_zeros" [Signed | Unsigned];
    /// Square root.
    sqrt = "stablehlo.sqrt" [Float];
    /// e to the power of the operand.
    exponential = "stablehlo.exponential" [Float];
    /// [`Builder::exponential`] less one, accurate near zero.
    exponential_minus_one = "stablehlo.exponential_minus_one" [Float];
    /// Natural logarithm.
    log = "stablehlo.log" [Float];
    /// [`Builder::log`] of one more than the operand, accurate near zero.
    log_plus_one = "stablehlo.log_plus_one" [Float];
    /// `1 / (1 + exp(-x))`.
    logistic = "stablehlo.logistic" [Float];
    /// Hyperbolic tangent.
    tanh = "stablehlo.tanh" [Float];
    /// Sine of radians.
    sine = "stablehlo.sine" [Float];
    /// Cosine of radians.
    cosine = "stablehlo.cosine" [Float];
    /// Tangent of radians.
    tan = "stablehlo.tan" [Float];
    /// The largest whole number that is not above the operand.
    floor = "stablehlo.floor" [Float];
    /// The smallest whole number that is not below the operand.
    ceil = "stablehlo.ceil" [Float];
    /// The nearest whole number, ties to even.
    round_nearest_even = "stablehlo.round_nearest_even" [Float];
    /// The nearest whole number, ties away from zero.
    round_nearest_afz = "stablehlo.round_nearest_afz" [Float];
}

impl<'c> Builder<'c> {
    /// Whether a float is neither infinite nor NaN, as `i1`.
    #[must_use]
    #[track_caller]
    pub fn is_finite(&self, operand: Value<'c>) -> Value<'c> {
        let element = self.element(operand);
        assert!(class(element) == Class::Float, "stablehlo.is_finite: not of {element}");
        self.op("stablehlo.is_finite", &[operand], &[], self.with_element(operand, Element::Pred))
    }

    /// Compares by value, as `i1`: floats as IEEE says (nothing equals NaN), false before true.
    #[must_use]
    #[track_caller]
    pub fn compare(&self, direction: Direction, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let (left, right) = self.same_shape("stablehlo.compare", left, right);
        let kind = match class(self.element(left)) {
            Class::Pred | Class::Unsigned => "#stablehlo<comparison_type UNSIGNED>",
            Class::Signed => "#stablehlo<comparison_type SIGNED>",
            Class::Float => "#stablehlo<comparison_type FLOAT>",
        };
        self.compare_as(direction, kind, left, right)
    }

    /// Compares by IEEE's total order, as `i1`: -NaN, -inf, .., -0.0, 0.0, .., inf, NaN. Others than floats by value.
    #[must_use]
    #[track_caller]
    pub fn compare_total(&self, direction: Direction, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let (left, right) = self.same_shape("stablehlo.compare", left, right);
        match class(self.element(left)) {
            Class::Pred | Class::Unsigned | Class::Signed => self.compare(direction, left, right),
            Class::Float => self.compare_as(direction, "#stablehlo<comparison_type TOTALORDER>", left, right),
        }
    }

    fn compare_as(&self, direction: Direction, kind: &str, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        let attributes =
            [("comparison_direction", self.parsed(direction.attribute())), ("compare_type", self.parsed(kind))];
        self.op("stablehlo.compare", &[left, right], &attributes, self.with_element(left, Element::Pred))
    }

    /// `on_true` where `predicate` holds, else `on_false`. Scalars among the three are broadcast.
    #[must_use]
    #[track_caller]
    pub fn select(&self, predicate: Value<'c>, on_true: Value<'c>, on_false: Value<'c>) -> Value<'c> {
        const NAME: &str = "stablehlo.select";
        let element = self.element(predicate);
        assert!(element == Element::Pred, "{NAME}: the predicate is {element}");
        let (on_true, on_false) = self.same_shape(NAME, on_true, on_false);
        let (on_true, on_false) = if self.rank(on_true) == 0 && self.rank(predicate) > 0 {
            let dims = self.dims(predicate);
            (self.broadcast(on_true, &dims), self.broadcast(on_false, &dims))
        } else {
            (on_true, on_false)
        };
        assert!(
            self.rank(predicate) == 0 || self.dims(predicate) == self.dims(on_true),
            "{NAME}: the predicate is {}, the values are {}",
            self.ty(predicate),
            self.ty(on_true)
        );
        self.op(NAME, &[predicate, on_true, on_false], &[], on_true.ty)
    }

    /// `minimum(maximum(operand, low), high)` of integers; the bounds may be scalars. A NaN would become a bound, or not.
    #[must_use]
    #[track_caller]
    pub fn clamp(&self, low: Value<'c>, operand: Value<'c>, high: Value<'c>) -> Value<'c> {
        assert!(class(self.element(operand)) != Class::Float, "a clamp of {}", self.element(operand));
        self.minimum(self.maximum(operand, low), high)
    }

    /// Converts by value. Float to integer truncates (out of range or NaN: unspecified); integers wrap; to `i1`: whether
    /// it is not zero.
    #[must_use]
    pub fn convert(&self, operand: Value<'c>, element: Element) -> Value<'c> {
        if self.element(operand) == element {
            return operand;
        }
        self.op("stablehlo.convert", &[operand], &[], self.with_element(operand, element))
    }

    /// The same bits read as another element type of the same width. TPU has none between `f64` and others.
    #[must_use]
    #[track_caller]
    pub fn bitcast(&self, operand: Value<'c>, element: Element) -> Value<'c> {
        let from = self.element(operand);
        assert!(bits(from) == bits(element), "stablehlo.bitcast_convert: {from} to {element} changes the width");
        if from == element {
            return operand;
        }
        self.op("stablehlo.bitcast_convert", &[operand], &[], self.with_element(operand, element))
    }

    /// The same bits as elements of another width: the innermost dimension appears or vanishes.
    #[track_caller]
    pub(super) fn bitcast_to(&self, operand: Value<'c>, element: Element, dims: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        let width = |element, dims: &[i64]| dims.iter().product::<i64>() * i64::from(bits(element));
        assert!(width(ty.element, &ty.dims) == width(element, dims), "stablehlo.bitcast_convert: {ty} to {element}");
        self.op("stablehlo.bitcast_convert", &[operand], &[], self.type_id(element, dims))
    }

    /// Broadcasts a scalar among two operands of one element type to the other's shape.
    #[track_caller]
    pub(super) fn same_shape(&self, name: &str, left: Value<'c>, right: Value<'c>) -> (Value<'c>, Value<'c>) {
        if left.ty == right.ty {
            return (left, right);
        }
        let (left_type, right_type) = (self.ty(left), self.ty(right));
        assert!(left_type.element == right_type.element, "{name}: {left_type} and {right_type}");
        match (left_type.rank(), right_type.rank()) {
            (0, _) => (self.broadcast(left, &right_type.dims), right),
            (_, 0) => (left, self.broadcast(right, &left_type.dims)),
            _ => panic!("{name}: {left_type} and {right_type}"),
        }
    }
}
