//! Element types and shapes of tensors, and the Rust scalars that hold their elements.

use serde::{Deserialize, Serialize};

/// The element type of a tensor; prints as MLIR spells it where signedness matters (`i64`, `ui64`, `f64`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Element {
    /// A boolean, one byte on the host: 0 or 1.
    #[serde(rename = "i1")]
    Pred,
    /// 8-bit signed integer.
    #[serde(rename = "i8")]
    S8,
    /// 16-bit signed integer.
    #[serde(rename = "i16")]
    S16,
    /// 32-bit signed integer.
    #[serde(rename = "i32")]
    S32,
    /// 64-bit signed integer.
    #[serde(rename = "i64")]
    S64,
    /// 8-bit unsigned integer.
    #[serde(rename = "ui8")]
    U8,
    /// 16-bit unsigned integer.
    #[serde(rename = "ui16")]
    U16,
    /// 32-bit unsigned integer.
    #[serde(rename = "ui32")]
    U32,
    /// 64-bit unsigned integer.
    #[serde(rename = "ui64")]
    U64,
    /// IEEE single precision.
    #[serde(rename = "f32")]
    F32,
    /// IEEE double precision.
    #[serde(rename = "f64")]
    F64,
}

impl Element {
    /// Every element type.
    pub const ALL: [Element; 11] = [
        Element::Pred,
        Element::S8,
        Element::S16,
        Element::S32,
        Element::S64,
        Element::U8,
        Element::U16,
        Element::U32,
        Element::U64,
        Element::F32,
        Element::F64,
    ];

    /// Bytes of one element in host memory.
    pub const fn bytes(self) -> usize {
        match self {
            Element::Pred | Element::S8 | Element::U8 => 1,
            Element::S16 | Element::U16 => 2,
            Element::S32 | Element::U32 | Element::F32 => 4,
            Element::S64 | Element::U64 | Element::F64 => 8,
        }
    }

    /// The MLIR spelling: `i1`, `i32`, `ui64`, `f64`.
    pub const fn mlir(self) -> &'static str {
        match self {
            Element::Pred => "i1",
            Element::S8 => "i8",
            Element::S16 => "i16",
            Element::S32 => "i32",
            Element::S64 => "i64",
            Element::U8 => "ui8",
            Element::U16 => "ui16",
            Element::U32 => "ui32",
            Element::U64 => "ui64",
            Element::F32 => "f32",
            Element::F64 => "f64",
        }
    }

    /// The number that PJRT, XLA's protocol buffers and XLA's FFI give this type.
    pub(crate) const fn to_raw(self) -> i32 {
        match self {
            Element::Pred => 1,
            Element::S8 => 2,
            Element::S16 => 3,
            Element::S32 => 4,
            Element::S64 => 5,
            Element::U8 => 6,
            Element::U16 => 7,
            Element::U32 => 8,
            Element::U64 => 9,
            Element::F32 => 11,
            Element::F64 => 12,
        }
    }

    pub(crate) fn from_raw(raw: i32) -> Option<Element> {
        Element::ALL.into_iter().find(|element| element.to_raw() == raw)
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.mlir())
    }
}

/// The element type and the dimensions of a tensor; prints as an MLIR type, `tensor<4x2xf64>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// The element type.
    pub element: Element,
    /// Sizes, major to minor; empty for a scalar.
    pub dims: Vec<i64>,
}

impl Shape {
    /// A shape of these dimensions.
    pub fn new(element: Element, dims: &[i64]) -> Shape {
        Shape { element, dims: dims.to_vec() }
    }

    /// How many elements the tensor has; `None` if a dimension is negative or the product overflows.
    pub fn elements(&self) -> Option<usize> {
        self.dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(usize::try_from(dim).ok()?))
    }

    /// Bytes of the dense tensor in host memory; `None` as for [`Shape::elements`].
    pub fn bytes(&self) -> Option<usize> {
        self.elements()?.checked_mul(self.element.bytes())
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tensor<")?;
        for dim in &self.dims {
            write!(f, "{dim}x")?;
        }
        write!(f, "{}>", self.element)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust scalar for which every bit pattern is a value; booleans are read as `u8`.
pub trait HostScalar: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// The element type whose host form this is.
    const ELEMENT: Element;
}

macro_rules! host_scalars {
    ($($scalar:ty => $element:ident),* $(,)?) => { $(
        impl sealed::Sealed for $scalar {}

        impl HostScalar for $scalar {
            const ELEMENT: Element = Element::$element;
        }

        const _: () = assert!(size_of::<$scalar>() == Element::$element.bytes());
    )* };
}

host_scalars! {
    i8 => S8, i16 => S16, i32 => S32, i64 => S64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f32 => F32, f64 => F64,
}
