//! Arrow types and DJ types: what is read as what, without loss.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use crate::types::{MAX_PRECISION, Type};
use arrow::datatypes::{DataType, TimeUnit};

/// The type that a column of an Arrow type is declared with; `None` where DJ has none.
pub(crate) fn natural(data_type: &DataType) -> Option<Type> {
    Some(match unwrapped(data_type) {
        DataType::Boolean => Type::Bool,
        DataType::Int8 => Type::I8,
        DataType::Int16 => Type::I16,
        DataType::Int32 => Type::I32,
        DataType::Int64 => Type::I64,
        DataType::UInt8 => Type::U8,
        DataType::UInt16 => Type::U16,
        DataType::UInt32 => Type::U32,
        DataType::UInt64 => Type::U64,
        DataType::Float32 => Type::F32,
        DataType::Float64 => Type::F64,
        DataType::Date32 | DataType::Date64 => Type::Date,
        DataType::Timestamp(_, zone) if zone.as_deref().is_none_or(is_utc) => Type::Timestamp,
        DataType::Duration(_) => Type::Duration,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Type::Str,
        other => {
            let (precision, scale) = decimal(other)?;
            Type::Decimal { precision: precision.min(MAX_PRECISION), scale }
        }
    })
}

/// Whether a column of an Arrow type can be read as a type, every value that fits unchanged.
pub(crate) fn reads_as(data_type: &DataType, ty: Type) -> bool {
    let data_type = unwrapped(data_type);
    if *data_type == DataType::Null {
        return true;
    }
    let Some(natural) = natural(data_type) else { return false };
    if natural == ty {
        return true;
    }
    match (natural, ty) {
        (Type::F32, Type::F64) => true,
        // Exactly as many bits as the significand holds.
        (Type::I8 | Type::I16 | Type::U8 | Type::U16, Type::F32 | Type::F64) => true,
        (Type::I32 | Type::U32, Type::F64) => true,
        // A precision that is too large is checked value by value.
        (Type::Decimal { scale: file, .. }, Type::Decimal { scale, .. }) => file == scale,
        _ => natural.is_integer() && ty.is_integer() && holds(ty, natural),
    }
}

fn holds(wide: Type, narrow: Type) -> bool {
    match (wide.integer_range(), narrow.integer_range()) {
        (Some((lo, hi)), Some((least, greatest))) => lo <= least && greatest <= hi,
        (None, _) | (_, None) => false,
    }
}

/// The type of a dictionary's values, or the type itself.
pub(crate) fn unwrapped(data_type: &DataType) -> &DataType {
    if let DataType::Dictionary(_, values) = data_type { values } else { data_type }
}

/// Precision and scale, if it is a decimal whose scale DJ has.
pub(crate) fn decimal(data_type: &DataType) -> Option<(u8, u8)> {
    let (precision, scale) = match *data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => (precision, scale),
        _ => return None,
    };
    let scale = u8::try_from(scale).ok().filter(|scale| *scale <= MAX_PRECISION)?;
    Some((precision, scale))
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "Etc/UTC" | "GMT" | "+00:00" | "+0000" | "-00:00")
}

/// A type in a message.
pub(crate) fn describe(data_type: &DataType) -> String {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    match unwrapped(data_type) {
        DataType::Timestamp(precision, None) if *precision != TimeUnit::Microsecond => {
            format!("timestamp in {}", unit(precision))
        }
        DataType::Timestamp(_, Some(zone)) if !is_utc(zone) => format!("timestamp with time zone {zone}"),
        DataType::Decimal128(precision, scale) if *precision > MAX_PRECISION => {
            format!("decimal({precision}, {scale})")
        }
        DataType::Null => "null".to_owned(),
        other => natural(other).map_or_else(|| other.to_string(), |ty| ty.to_string()),
    }
}
