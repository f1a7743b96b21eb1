//! What a program runs on: inputs for its tables and values for its parameters.

use crate::artifact::{ParamSpec, describe};
use crate::expr::calendar::MICROS_PER_DAY;
use crate::expr::{Scalar, cast, trimmed, value_text};
use crate::io::TableSource;
use crate::types::Type;
use std::sync::Arc;

/// What a program runs on.
///
/// ```
/// use dj_runtime::execute::{Request, Value};
/// let request = Request::new().files("flights", "2024/*.parquet").param("least", 30).param("carrier", "AA");
/// assert_eq!(request.params[0].1, Value::Int(30));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Tables and where their rows come from; a table that is not named here has its default.
    pub tables: Vec<(String, TableInput)>,
    /// Parameters and values; a parameter that is not named here has its default.
    pub params: Vec<(String, Value)>,
}

/// Where the rows of a table come from.
#[derive(Debug, Clone)]
pub enum TableInput {
    /// A file, a glob, or a directory of Parquet files.
    Files(String),
    /// Whatever gives record batches.
    Source(Arc<dyn TableSource>),
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer; also for floats and decimals that hold it exactly.
    Int(i128),
    /// A float.
    Float(f64),
    /// Text; of a date, a timestamp, a duration or a decimal as a cast from text reads it.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
    /// A value of any type as a command line writes it, where even text has no quotes.
    Parsed(String),
}

impl Request {
    /// Nothing but defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a table from a file, a glob or a directory of Parquet files.
    #[must_use]
    pub fn files(mut self, table: &str, pattern: &str) -> Self {
        self.tables.push((table.to_owned(), TableInput::Files(pattern.to_owned())));
        self
    }

    /// Reads a table from a source.
    #[must_use]
    pub fn table(mut self, table: &str, source: impl TableSource + 'static) -> Self {
        self.tables.push((table.to_owned(), TableInput::Source(Arc::new(source))));
        self
    }

    /// Sets a parameter.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.push((name.to_owned(), value.into()));
        self
    }
}

macro_rules! from_integers {
    ($($ty:ty),*) => {
        $(impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::Int(value.into())
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) | Self::Parsed(text) => f.write_str(text),
            Self::Date(days) => f.write_str(&value_text(&Scalar::Int((*days).into()), Type::Date)),
            Self::Timestamp(micros) => f.write_str(&value_text(&Scalar::Int((*micros).into()), Type::Timestamp)),
            Self::Duration(micros) => f.write_str(&value_text(&Scalar::Int((*micros).into()), Type::Duration)),
        }
    }
}

impl Value {
    /// The value as the parameter holds it.
    ///
    /// # Errors
    /// If it is not of the parameter's type, or would be rounded.
    pub(super) fn of(&self, spec: &ParamSpec) -> Result<Scalar, String> {
        let ty = spec.field.ty;
        let other = || format!("it is not of type {}", describe(ty, spec.field.nullable));
        let integer = |value: i128| match ty.integer_range() {
            Some((lo, hi)) if (lo..=hi).contains(&value) => Ok(Scalar::Int(value)),
            Some(_) | None => Err(format!("{ty} does not hold it")),
        };
        match self {
            Self::Null if spec.field.nullable => Ok(Scalar::Null),
            Self::Null => Err("it may not be null".to_owned()),
            Self::Bool(value) if ty == Type::Bool => Ok(Scalar::Bool(*value)),
            Self::Int(value) if ty.is_integer() => integer(*value),
            // Of a float or a decimal it is what its digits say.
            Self::Int(value) if ty.is_float() || ty.is_decimal() => parse(spec, &value.to_string()),
            Self::Float(value) if ty == Type::F64 => Ok(Scalar::Float(*value)),
            Self::Float(value) if ty == Type::F32 => {
                let single = f64::from(*value as f32);
                let exact = single == *value || value.is_nan();
                if exact { Ok(Scalar::Float(single)) } else { Err(format!("it would be rounded to `{single}`")) }
            }
            Self::Text(text) if ty == Type::Str => Ok(Scalar::str(text)),
            Self::Text(text) if ty.is_temporal() || ty.is_decimal() => parse(spec, text),
            Self::Date(days) if ty == Type::Date => integer((*days).into()),
            Self::Timestamp(micros) if ty == Type::Timestamp => integer((*micros).into()),
            Self::Duration(micros) if ty == Type::Duration => integer((*micros).into()),
            Self::Parsed(text) => parse(spec, text),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Date(_)
            | Self::Timestamp(_)
            | Self::Duration(_) => Err(other()),
        }
    }
}

/// Text as a value of a parameter's type; `null` is null where it may be and the type is not text.
fn parse(spec: &ParamSpec, text: &str) -> Result<Scalar, String> {
    let ty = spec.field.ty;
    if ty == Type::Str {
        return Ok(Scalar::str(text));
    }
    if spec.field.nullable && text == "null" {
        return Ok(Scalar::Null);
    }
    let text = if ty == Type::Bool { text } else { trimmed(text) };
    let text = if ty.is_temporal() { text.strip_prefix('@').unwrap_or(text) } else { text };
    let value = cast(&Scalar::str(text), Type::Str, ty).map_err(|error| error.to_string())?;
    if is_exact(text, &value, ty) {
        Ok(value)
    } else {
        Err(format!("it would be rounded to `{}`", value_text(&value, ty)))
    }
}

/// Whether the text says the value and no more, as it must where nobody asked for rounding.
fn is_exact(text: &str, value: &Scalar, ty: Type) -> bool {
    let digits_behind = |text: &str| {
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.trim_end_matches('0').len()
    };
    match ty {
        Type::F32 | Type::F64 => {
            matches!(value, Scalar::Float(value) if value.is_finite()) || !text.contains(|c: char| c.is_ascii_digit())
        }
        Type::Decimal { scale, .. } => decimal_places(text).is_some_and(|places| places <= scale.into()),
        Type::Timestamp => digits_behind(text) <= 6,
        Type::Date => {
            let moment = cast(&Scalar::str(text), Type::Str, Type::Timestamp);
            moment.is_ok_and(|moment| moment.as_int().is_some_and(|micros| micros % i128::from(MICROS_PER_DAY) == 0))
        }
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            // A base of its own has no fraction, and an `e` that is a digit.
            text.contains(['x', 'X', 'b', 'B']) || decimal_places(text).is_some_and(|places| places <= 0)
        }
        Type::Bool | Type::Str | Type::Duration => true,
    }
}

/// How many digits behind the point a number has, in which `1.50e-3` has four: its digits, but for zeros at the end, and its
/// exponent. None if it is no number.
fn decimal_places(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let count = |text: &str| text.bytes().filter(u8::is_ascii_digit).count() as i64;
    let is_zero = |digit: &u8| matches!(digit, b'0' | b'_');
    let mut from_the_end = fraction.bytes().rev().chain(whole.bytes().rev()).peekable();
    let zeros = std::iter::from_fn(|| from_the_end.next_if(is_zero)).filter(|digit| *digit == b'0').count() as i64;
    if from_the_end.next().is_none_or(|digit| !digit.is_ascii_digit()) {
        return Some(0);
    }
    Some((count(fraction) - zeros).saturating_sub(exponent.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Field;

    fn read(value: impl Into<Value>, ty: Type) -> Result<Scalar, String> {
        let field = Field { name: "p".to_owned(), ty, nullable: false };
        value.into().of(&ParamSpec { field, default: None, domain: None })
    }

    #[test]
    fn values_are_taken_as_what_they_are() {
        assert_eq!(read(7, Type::I8), Ok(Scalar::Int(7)));
        assert_eq!(read(-1, Type::F64), Ok(Scalar::Float(-1.0)));
        assert_eq!(read(3, Type::Decimal { precision: 4, scale: 2 }), Ok(Scalar::Int(300)));
        assert_eq!(read(0.5, Type::F32), Ok(Scalar::Float(0.5)));
        assert_eq!(read("x", Type::Str), Ok(Scalar::str("x")));
        assert_eq!(read("2024-02-29", Type::Date), Ok(Scalar::Int(19_782)));
        assert_eq!(read(Value::Timestamp(5), Type::Timestamp), Ok(Scalar::Int(5)));
        assert_eq!(read(Value::Parsed("12".to_owned()), Type::I64), Ok(Scalar::Int(12)));
    }

    #[test]
    fn numbers_that_lose_nothing_are_taken_however_they_are_written() {
        let decimal = Type::Decimal { precision: 10, scale: 2 };
        for (text, ty, is) in [
            ("1e2", decimal, Some(10_000)),
            ("1E+2", decimal, Some(10_000)),
            ("1e-2", decimal, Some(1)),
            ("100e-3", decimal, Some(10)),
            ("100.50e-1", decimal, Some(1_005)),
            ("-1.5e1", decimal, Some(-1_500)),
            ("1_0.2_0", decimal, Some(1_020)),
            ("0e-9", decimal, Some(0)),
            ("0.000", decimal, Some(0)),
            ("1e-3", decimal, None),
            ("1.255e0", decimal, None),
            ("0.0_1_5", decimal, None),
            ("1e8", decimal, None),
            ("1e2", Type::I32, Some(100)),
            ("1.5e1", Type::I32, Some(15)),
            ("1500e-2", Type::I32, Some(15)),
            ("100", Type::I32, Some(100)),
            ("0x1E", Type::I32, Some(30)),
            ("1e-1", Type::I32, None),
            ("1.5", Type::I32, None),
            ("1.25e1", Type::I32, None),
        ] {
            let found = read(Value::Parsed(text.to_owned()), ty).ok();
            assert_eq!(found, is.map(Scalar::Int), "{text} as {ty}");
        }
    }

    #[test]
    fn blanks_around_texts_are_those_of_casts() {
        let parsed = |text: &str, ty| read(Value::Parsed(text.to_owned()), ty).ok();
        assert_eq!(parsed(" 12\t", Type::I64), Some(Scalar::Int(12)));
        assert_eq!(parsed(" @2024-02-29 ", Type::Date), Some(Scalar::Int(19_782)));
        for (text, ty) in [("\u{a0}12", Type::I64), ("@2024-02-29\u{3000}", Type::Date), (" true", Type::Bool)] {
            assert_eq!(parsed(text, ty), None, "{text:?} as {ty}");
        }
    }

    #[test]
    fn values_of_other_types_are_refused() {
        for (value, ty) in [
            (Value::from(300), Type::I8),
            (Value::from("7"), Type::I64),
            (Value::from(1), Type::Bool),
            (Value::from(1), Type::Str),
            (Value::from(0.1), Type::F32),
            (Value::from(0.5), Type::I64),
            (Value::from(true), Type::I64),
            (Value::Null, Type::I64),
            (Value::Date(1), Type::Timestamp),
        ] {
            assert!(read(value.clone(), ty).is_err(), "{value:?} as {ty}");
        }
    }
}
