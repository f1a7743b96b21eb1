//! Single values.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One value. Its type stands beside it, in the expression or the column that holds it.
///
/// Two are equal if they are the same value: there is one NaN, and -0.0 is not 0.0. How the values of columns compare is
/// another matter; see [`compare`](super::compare).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Scalar {
    /// No value.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer, days, microseconds, or a decimal times ten to the power of its scale.
    Int(i128),
    /// An f32 or f64.
    Float(#[serde(with = "float_bits")] f64),
    /// Text.
    Str(Arc<str>),
}

impl Scalar {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Text.
    pub fn str(text: &str) -> Self {
        Self::Str(Arc::from(text))
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i128> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Str(_), _) => false,
        }
    }
}

impl Eq for Scalar {}

/// Floats as their bits, because JSON has neither NaN nor infinity.
mod float_bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}", value.to_bits()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(f64::from_bits).map_err(serde::de::Error::custom)
    }
}
