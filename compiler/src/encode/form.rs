//! The form of encoded expressions: every text is a code of some dictionary, and neither a text type nor a text can be
//! written down.

use dj_runtime::expr::calendar::TimeUnit;
use dj_runtime::expr::{Form, Never};
use dj_runtime::pjrt::Element;
use dj_runtime::types::Type as Written;
use std::fmt;

/// The form of a program after encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded;

/// The type of an encoded expression: [`dj_runtime::types::Type`] with codes instead of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "all but the last two are the types of the language")]
pub enum Type {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    Date,
    Timestamp,
    Duration,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// A code of the dictionary of this string domain.
    Code(usize),
    /// A unit of time: the type of the first argument of `date_trunc` and `date_diff`, and of nothing else.
    Unit,
}

/// A constant of an encoded expression.
///
/// Two are equal if they are the same value, as those of the language are: there is one NaN, and -0.0 is not 0.0.
#[derive(Debug, Clone)]
pub enum Scalar {
    /// No value.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer, days, microseconds, or a decimal times ten to the power of its scale.
    Int(i128),
    /// An f32 or f64.
    Float(f64),
    /// The literal of this index in the dictionary of its type.
    Code(usize),
    /// A unit of time.
    Unit(TimeUnit),
}

/// An encoded expression.
pub type Expr = dj_runtime::expr::Expr<Encoded>;

/// What an encoded expression computes.
pub type ExprKind = dj_runtime::expr::ExprKind<Encoded>;

impl Form for Encoded {
    type Type = Type;
    type Value = Scalar;
    type Table = usize;
    type Pattern = Never;

    const BOOL: Type = Type::Bool;

    fn written(ty: Type) -> Written {
        ty.written()
    }

    fn is_null(value: &Scalar) -> bool {
        value.is_null()
    }

    fn integer(value: &Scalar) -> Option<i128> {
        value.as_int()
    }

    fn time_unit(value: &Scalar) -> Option<TimeUnit> {
        value.as_unit()
    }

    fn text(_: &Scalar) -> Option<&str> {
        None
    }
}

impl Type {
    /// The encoded type of a type that is not text; `None` for text, whose code type depends on the dictionary.
    pub fn of(ty: Written) -> Option<Self> {
        Some(match ty {
            Written::Bool => Self::Bool,
            Written::I8 => Self::I8,
            Written::I16 => Self::I16,
            Written::I32 => Self::I32,
            Written::I64 => Self::I64,
            Written::U8 => Self::U8,
            Written::U16 => Self::U16,
            Written::U32 => Self::U32,
            Written::U64 => Self::U64,
            Written::F32 => Self::F32,
            Written::F64 => Self::F64,
            Written::Date => Self::Date,
            Written::Timestamp => Self::Timestamp,
            Written::Duration => Self::Duration,
            Written::Decimal { precision, scale } => Self::Decimal { precision, scale },
            Written::Str => return None,
        })
    }

    /// The type as the language writes it.
    pub fn written(self) -> Written {
        match self {
            Self::Bool => Written::Bool,
            Self::I8 => Written::I8,
            Self::I16 => Written::I16,
            Self::I32 => Written::I32,
            Self::I64 => Written::I64,
            Self::U8 => Written::U8,
            Self::U16 => Written::U16,
            Self::U32 => Written::U32,
            Self::U64 => Written::U64,
            Self::F32 => Written::F32,
            Self::F64 => Written::F64,
            Self::Date => Written::Date,
            Self::Timestamp => Written::Timestamp,
            Self::Duration => Written::Duration,
            Self::Decimal { precision, scale } => Written::Decimal { precision, scale },
            Self::Code(_) | Self::Unit => Written::Str,
        }
    }

    /// The dictionary, if values are codes.
    pub fn domain(self) -> Option<usize> {
        if let Self::Code(domain) = self { Some(domain) } else { None }
    }

    /// Whether values are codes of a dictionary.
    pub fn is_code(self) -> bool {
        self.domain().is_some()
    }

    /// Whether it is a signed or unsigned integer.
    pub fn is_integer(self) -> bool {
        self.written().is_integer()
    }

    /// Whether it is i8 to i64.
    pub fn is_signed_integer(self) -> bool {
        self.written().is_signed_integer()
    }

    /// Whether it is u8 to u64.
    pub fn is_unsigned_integer(self) -> bool {
        self.written().is_unsigned_integer()
    }

    /// Whether it is f32 or f64.
    pub fn is_float(self) -> bool {
        self.written().is_float()
    }

    /// Whether it is a decimal.
    pub fn is_decimal(self) -> bool {
        self.written().is_decimal()
    }

    /// Whether it is a date, a timestamp or a duration.
    pub fn is_temporal(self) -> bool {
        self.written().is_temporal()
    }

    /// Whether values are held as integers: integers, decimals, dates, timestamps, durations.
    pub fn is_integral(self) -> bool {
        self.written().is_integral()
    }

    /// Digits after the point; 0 for all but decimals.
    pub fn scale(self) -> u8 {
        self.written().scale()
    }

    /// The tensor element that holds a value on a device.
    pub fn element(self) -> Element {
        self.written().element()
    }

    /// The least and the greatest integer that the type holds; `None` for bool, floats, codes and units.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        self.written().integer_range()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written().fmt(f)
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Code(a), Self::Code(b)) => a == b,
            (Self::Unit(a), Self::Unit(b)) => a == b,
            (Self::Code(_) | Self::Unit(_), _) | (_, Self::Code(_) | Self::Unit(_)) => false,
            (Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_), _) => self.written() == other.written(),
        }
    }
}

impl Eq for Scalar {}

impl Scalar {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i128> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    /// The unit of time, if it is one.
    pub fn as_unit(&self) -> Option<TimeUnit> {
        if let Self::Unit(unit) = self { Some(*unit) } else { None }
    }

    /// The value as the language has it; `None` for codes and units, which are text there.
    pub fn written(&self) -> Option<dj_runtime::expr::Scalar> {
        use dj_runtime::expr::Scalar as Written;
        match self {
            Self::Null => Some(Written::Null),
            Self::Bool(value) => Some(Written::Bool(*value)),
            Self::Int(value) => Some(Written::Int(*value)),
            Self::Float(value) => Some(Written::Float(*value)),
            Self::Code(_) | Self::Unit(_) => None,
        }
    }
}
