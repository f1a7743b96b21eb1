//! The types of columns and expressions.

use crate::pjrt::Element;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of a column or an expression, nullability aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A signed integer of 8 bits.
    I8,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// An unsigned integer of 8 bits.
    U8,
    /// An unsigned integer of 16 bits.
    U16,
    /// An unsigned integer of 32 bits.
    U32,
    /// An unsigned integer of 64 bits.
    U64,
    /// An IEEE 754 binary32.
    F32,
    /// An IEEE 754 binary64.
    F64,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    Timestamp,
    /// Microseconds.
    Duration,
    /// An exact decimal: an integer of at most `precision` digits, divided by ten to the power `scale`.
    Decimal {
        /// Digits in all, 1 to 18.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// UTF-8 text.
    Str,
}

/// The most digits that a decimal has.
pub const MAX_PRECISION: u8 = 18;

impl Type {
    /// A decimal of the most digits at `scale`.
    pub fn wide_decimal(scale: u8) -> Self {
        Self::Decimal { precision: MAX_PRECISION, scale: scale.min(MAX_PRECISION) }
    }

    /// Whether it is a signed or unsigned integer.
    pub fn is_integer(self) -> bool {
        self.is_signed_integer() || self.is_unsigned_integer()
    }

    /// Whether it is i8 to i64.
    pub fn is_signed_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// Whether it is u8 to u64.
    pub fn is_unsigned_integer(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Whether it is f32 or f64.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether it is a decimal.
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Decimal { .. })
    }

    /// Whether arithmetic is defined on it: integers, floats, decimals.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float() || self.is_decimal()
    }

    /// Whether it is a date, a timestamp or a duration.
    pub fn is_temporal(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::Duration)
    }

    /// Whether values are held as integers: integers, decimals, dates, timestamps, durations.
    pub fn is_integral(self) -> bool {
        self.is_integer() || self.is_decimal() || self.is_temporal()
    }

    /// Digits after the point; 0 for all but decimals.
    pub fn scale(self) -> u8 {
        if let Self::Decimal { scale, .. } = self { scale } else { 0 }
    }

    /// The tensor element that holds a value on a device (codes for text).
    pub fn element(self) -> Element {
        match self {
            Self::Bool => Element::Pred,
            Self::I8 => Element::S8,
            Self::I16 => Element::S16,
            Self::I32 | Self::Date | Self::Str => Element::S32,
            Self::I64 | Self::Timestamp | Self::Duration | Self::Decimal { .. } => Element::S64,
            Self::U8 => Element::U8,
            Self::U16 => Element::U16,
            Self::U32 => Element::U32,
            Self::U64 => Element::U64,
            Self::F32 => Element::F32,
            Self::F64 => Element::F64,
        }
    }

    /// The least and the greatest integer that the type holds; `None` for bool, floats and text.
    ///
    /// A decimal holds `precision` digits: `decimal(3, 1)` is −999 to 999 tenths.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        match self {
            Self::I8 => Some((i8::MIN.into(), i8::MAX.into())),
            Self::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::I32 | Self::Date => Some((i32::MIN.into(), i32::MAX.into())),
            Self::I64 | Self::Timestamp | Self::Duration => Some((i64::MIN.into(), i64::MAX.into())),
            Self::U8 => Some((0, u8::MAX.into())),
            Self::U16 => Some((0, u16::MAX.into())),
            Self::U32 => Some((0, u32::MAX.into())),
            Self::U64 => Some((0, u64::MAX.into())),
            Self::Decimal { precision, .. } => {
                let limit = 10_i128.pow(u32::from(precision)) - 1;
                Some((-limit, limit))
            }
            Self::Bool | Self::F32 | Self::F64 | Self::Str => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Decimal { precision, scale } => return write!(f, "decimal({precision}, {scale})"),
            Self::Str => "str",
        };
        f.write_str(name)
    }
}

/// Bounds of a column's values, both ends included. They say nothing of nulls and NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bounds {
    /// Of integers, scaled decimals, days or microseconds.
    Int {
        /// The least.
        lo: i128,
        /// The greatest.
        hi: i128,
    },
    /// Of floats.
    Float {
        /// The least.
        lo: f64,
        /// The greatest.
        hi: f64,
    },
}

/// A column's name, type and nullability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// Whether nulls may occur.
    pub nullable: bool,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.name, self.ty, if self.nullable { "?" } else { "" })
    }
}
