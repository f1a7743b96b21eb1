//! The types of the language, and what each is called in DuckDB.

use std::fmt;

/// A type of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// A signed integer of this many bits.
    Signed(u8),
    /// An unsigned integer of this many bits.
    Unsigned(u8),
    /// A float of this many bits.
    Float(u8),
    /// Precision and scale.
    Decimal(u8, u8),
    /// `true` or `false`.
    Bool,
    /// UTF-8 text.
    Text,
    /// Days.
    Date,
    /// Microseconds, UTC.
    Timestamp,
    /// Microseconds; in DuckDB a `bigint` of them.
    Duration,
}

/// 64 bits, signed.
pub(crate) const I64: Type = Type::Signed(64);
/// 8 bits, signed.
pub(crate) const I8: Type = Type::Signed(8);
/// The usual float.
pub(crate) const F64: Type = Type::Float(64);

/// Every type that a column of the generated tables has.
pub(crate) const TYPES: [Type; 18] = [
    Type::Signed(8),
    Type::Signed(16),
    Type::Signed(32),
    Type::Signed(64),
    Type::Unsigned(8),
    Type::Unsigned(16),
    Type::Unsigned(32),
    Type::Unsigned(64),
    Type::Float(32),
    Type::Float(64),
    Type::Decimal(9, 2),
    Type::Decimal(18, 4),
    Type::Decimal(4, 0),
    Type::Bool,
    Type::Text,
    Type::Date,
    Type::Timestamp,
    Type::Duration,
];

impl Type {
    /// Its name in DuckDB.
    pub(crate) fn sql(self) -> String {
        match self {
            Self::Signed(8) => "tinyint".to_owned(),
            Self::Signed(16) => "smallint".to_owned(),
            Self::Signed(32) => "integer".to_owned(),
            Self::Signed(_) | Self::Duration => "bigint".to_owned(),
            Self::Unsigned(8) => "utinyint".to_owned(),
            Self::Unsigned(16) => "usmallint".to_owned(),
            Self::Unsigned(32) => "uinteger".to_owned(),
            Self::Unsigned(_) => "ubigint".to_owned(),
            Self::Float(32) => "float".to_owned(),
            Self::Float(_) => "double".to_owned(),
            Self::Decimal(precision, scale) => format!("decimal({precision}, {scale})"),
            Self::Bool => "boolean".to_owned(),
            Self::Text => "varchar".to_owned(),
            Self::Date => "date".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
        }
    }

    /// The least and the greatest value of integers and decimals (unscaled).
    pub(crate) fn range(self) -> Option<(i128, i128)> {
        match self {
            Self::Signed(bits) => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
            Self::Unsigned(bits) => Some((0, (1 << bits) - 1)),
            Self::Duration => I64.range(),
            Self::Decimal(precision, _) => {
                let most = 10_i128.pow(u32::from(precision)) - 1;
                Some((-most, most))
            }
            Self::Float(_) | Self::Bool | Self::Text | Self::Date | Self::Timestamp => None,
        }
    }

    /// Whether the type holds all values from `lo` to `hi`.
    pub(crate) fn holds(self, (lo, hi): (i128, i128)) -> bool {
        self.range().is_some_and(|(least, most)| least <= lo && hi <= most)
    }

    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::Signed(_) | Self::Unsigned(_))
    }

    /// Digits after the point.
    pub(crate) fn scale(self) -> u8 {
        if let Self::Decimal(_, scale) = self { scale } else { 0 }
    }

    /// The type of two integers together, where one holds both.
    pub(crate) fn widen_integers(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Signed(a), Self::Signed(b)) => Some(Self::Signed(a.max(b))),
            (Self::Unsigned(a), Self::Unsigned(b)) => Some(Self::Unsigned(a.max(b))),
            (Self::Signed(signed), Self::Unsigned(unsigned)) | (Self::Unsigned(unsigned), Self::Signed(signed)) => {
                (unsigned < 64).then(|| Self::Signed(signed.max(2 * unsigned)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(bits) => write!(f, "i{bits}"),
            Self::Unsigned(bits) => write!(f, "u{bits}"),
            Self::Float(bits) => write!(f, "f{bits}"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision}, {scale})"),
            Self::Bool => f.write_str("bool"),
            Self::Text => f.write_str("str"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
        }
    }
}
