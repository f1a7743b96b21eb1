//! Tensor types, and how element types are classified by the operations that take them.

use std::fmt;

use super::Element;

/// The type of a tensor: an element type and static dimensions. A scalar has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// What the tensor holds.
    pub element: Element,
    /// The size of each dimension, outermost first.
    pub dims: Vec<i64>,
}

impl TensorType {
    /// A tensor of any rank.
    #[must_use]
    pub fn new(element: Element, dims: impl Into<Vec<i64>>) -> Self {
        Self { element, dims: dims.into() }
    }

    /// A tensor without dimensions.
    #[must_use]
    pub fn scalar(element: Element) -> Self {
        Self::new(element, [])
    }

    /// A tensor of one dimension of size `length`.
    #[must_use]
    pub fn vector(element: Element, length: i64) -> Self {
        Self::new(element, [length])
    }

    /// The number of dimensions.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(&self) -> i64 {
        self.dims.iter().product()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("tensor<")?;
        for dim in &self.dims {
            write!(formatter, "{dim}x")?;
        }
        write!(formatter, "{}>", self.element)
    }
}

/// What arithmetic an element type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Pred,
    Signed,
    Unsigned,
    Float,
}

pub(super) fn class(element: Element) -> Class {
    match element {
        Element::Pred => Class::Pred,
        Element::S8 | Element::S16 | Element::S32 | Element::S64 => Class::Signed,
        Element::U8 | Element::U16 | Element::U32 | Element::U64 => Class::Unsigned,
        Element::F32 | Element::F64 => Class::Float,
    }
}

/// The width in bits; a truth value counts 1.
pub(super) fn bits(element: Element) -> u32 {
    match element {
        Element::Pred => 1,
        Element::S8 | Element::U8 => 8,
        Element::S16 | Element::U16 => 16,
        Element::S32 | Element::U32 | Element::F32 => 32,
        Element::S64 | Element::U64 | Element::F64 => 64,
    }
}
