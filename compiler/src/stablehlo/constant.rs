//! Constants and index sequences.
//!
//! A scalar constant is written once per block, however often it is asked for.

use melior::ir::attribute::DenseElementsAttribute;

use super::types::{Class, bits, class};
use super::{Builder, Element, Value};

impl<'c> Builder<'c> {
    /// A scalar truth value.
    #[must_use]
    pub fn constant_pred(&self, value: bool) -> Value<'c> {
        self.scalar(Element::Pred, u64::from(value))
    }

    /// A scalar integer of type `element`, which must be able to hold `value`.
    #[must_use]
    #[track_caller]
    pub fn constant_int(&self, element: Element, value: i64) -> Value<'c> {
        let width = bits(element);
        let fits = match class(element) {
            Class::Signed => width == 64 || (-(1 << (width - 1))..1 << (width - 1)).contains(&value),
            Class::Unsigned => value >= 0 && (width == 64 || value < 1 << width),
            Class::Pred | Class::Float => false,
        };
        assert!(fits, "constant_int: {element} cannot hold {value}");
        self.scalar(element, value as u64)
    }

    /// A scalar integer of type `element`, which must be able to hold `value`.
    #[must_use]
    #[track_caller]
    pub fn constant_uint(&self, element: Element, value: u64) -> Value<'c> {
        if element == Element::U64 {
            return self.scalar(element, value);
        }
        match i64::try_from(value) {
            Ok(value) => self.constant_int(element, value),
            Err(_) => panic!("constant_uint: {element} cannot hold {value}"),
        }
    }

    /// A scalar float of type `element`: `value` exactly, signed zeros, infinities and NaN included; rounded to nearest
    /// for `f32`.
    #[must_use]
    #[track_caller]
    pub fn constant_float(&self, element: Element, value: f64) -> Value<'c> {
        match element {
            Element::F64 => self.scalar(element, value.to_bits()),
            Element::F32 => self.scalar(element, u64::from((value as f32).to_bits())),
            Element::Pred
            | Element::S8
            | Element::S16
            | Element::S32
            | Element::S64
            | Element::U8
            | Element::U16
            | Element::U32
            | Element::U64 => panic!("constant_float: {element} is not a float"),
        }
    }

    /// A tensor that holds the integer `value` everywhere.
    #[must_use]
    #[track_caller]
    pub fn full_int(&self, element: Element, dims: &[i64], value: i64) -> Value<'c> {
        self.broadcast(self.constant_int(element, value), dims)
    }

    /// A tensor that holds the unsigned integer `value` everywhere.
    #[must_use]
    #[track_caller]
    pub fn full_uint(&self, element: Element, dims: &[i64], value: u64) -> Value<'c> {
        self.broadcast(self.constant_uint(element, value), dims)
    }

    /// A tensor that holds the float `value` everywhere.
    #[must_use]
    #[track_caller]
    pub fn full_float(&self, element: Element, dims: &[i64], value: f64) -> Value<'c> {
        self.broadcast(self.constant_float(element, value), dims)
    }

    /// A tensor that holds the truth value `value` everywhere.
    #[must_use]
    pub fn full_pred(&self, dims: &[i64], value: bool) -> Value<'c> {
        self.broadcast(self.constant_pred(value), dims)
    }

    /// The number zero, or false, as a scalar of any element type.
    #[must_use]
    pub fn zero(&self, element: Element) -> Value<'c> {
        self.scalar(element, 0)
    }

    /// The number one, or true, as a scalar of any element type.
    #[must_use]
    pub fn one(&self, element: Element) -> Value<'c> {
        match class(element) {
            Class::Pred | Class::Signed | Class::Unsigned => self.scalar(element, 1),
            Class::Float => self.constant_float(element, 1.0),
        }
    }

    /// The smallest value of an element type: false, the least integer, or minus infinity.
    #[must_use]
    pub fn least(&self, element: Element) -> Value<'c> {
        match class(element) {
            Class::Pred | Class::Unsigned => self.scalar(element, 0),
            Class::Signed => self.scalar(element, 1 << (bits(element) - 1)),
            Class::Float => self.constant_float(element, f64::NEG_INFINITY),
        }
    }

    /// The largest value of an element type: true, the greatest integer, or infinity.
    #[must_use]
    pub fn greatest(&self, element: Element) -> Value<'c> {
        match class(element) {
            Class::Pred => self.constant_pred(true),
            Class::Unsigned => self.scalar(element, u64::MAX >> (64 - bits(element))),
            Class::Signed => self.scalar(element, u64::MAX >> (65 - bits(element))),
            Class::Float => self.constant_float(element, f64::INFINITY),
        }
    }

    /// A vector of integers; each value must fit `element`.
    #[must_use]
    #[track_caller]
    pub fn vector_int(&self, element: Element, values: &[i64]) -> Value<'c> {
        let ty = self.type_id(element, [values.len() as i64]);
        let width = bits(element) as usize / 8;
        let fits = |value: i64| match class(element) {
            Class::Signed => width == 8 || (value << (64 - 8 * width)) >> (64 - 8 * width) == value,
            Class::Unsigned => value >= 0 && (width == 8 || value < 1 << (8 * width)),
            Class::Pred | Class::Float => false,
        };
        if let Some(value) = values.iter().find(|&&value| !fits(value)) {
            panic!("vector_int: {element} cannot hold {value}");
        }
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(width)).collect();
        let data = DenseElementsAttribute::raw_buffer(self.session.mlir_type(ty), &bytes);
        self.op("stablehlo.constant", &[], &[("value", data.into())], ty)
    }

    /// A vector of `f64`, exactly.
    #[must_use]
    pub fn vector_float(&self, values: &[f64]) -> Value<'c> {
        let ty = self.type_id(Element::F64, [values.len() as i64]);
        let data = DenseElementsAttribute::f64_values(self.session.mlir_type(ty), values);
        self.op("stablehlo.constant", &[], &[("value", data.into())], ty)
    }

    /// The vector `0, 1, .., length - 1`.
    #[must_use]
    pub fn iota(&self, element: Element, length: i64) -> Value<'c> {
        self.iota_dim(element, &[length], 0)
    }

    /// A tensor whose elements are their own index along `dim`.
    #[must_use]
    #[track_caller]
    pub fn iota_dim(&self, element: Element, dims: &[i64], dim: usize) -> Value<'c> {
        assert!(dim < dims.len(), "iota: no dimension {dim} in {dims:?}");
        assert!(element != Element::Pred, "iota: not of truth values");
        let attributes = [("iota_dimension", self.integer(64, dim as i64))];
        self.op("stablehlo.iota", &[], &attributes, self.type_id(element, dims))
    }

    /// The scalar whose lowest bits are `pattern`'s.
    pub(super) fn scalar(&self, element: Element, pattern: u64) -> Value<'c> {
        let ty = self.type_id(element, []);
        let pattern = pattern & (u64::MAX >> (64 - bits(element)));
        if let Some(&value) = self.constants.borrow().get(&(ty, pattern)) {
            return value;
        }
        let mlir = self.session.mlir_type(ty);
        let data = match class(element) {
            Class::Pred => DenseElementsAttribute::bool_values(mlir, &[pattern as i32]),
            Class::Signed | Class::Unsigned | Class::Float => {
                DenseElementsAttribute::raw_buffer(mlir, &pattern.to_le_bytes()[..bits(element) as usize / 8])
            }
        };
        let value = self.op("stablehlo.constant", &[], &[("value", data.into())], ty);
        self.constants.borrow_mut().insert((ty, pattern), value);
        value
    }
}
