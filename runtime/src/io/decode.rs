//! From Arrow arrays to columns in the devices' layout.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use super::text::LocalText;
use crate::columns::{Column, Integer, first_misfit};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::error::ArrowError;
use std::ops::Range;

/// Why a row cannot be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is null, and the column has no validity.
    Null,
    /// Its value is of the declared type but does not fit the narrower element.
    Narrow,
    /// Its value is not of the declared type: what it is.
    Value(String),
    /// There are too many distinct texts.
    Full,
}

/// A row of the array, and why it cannot be held.
pub(crate) type Filled = Result<(), (usize, Misfit)>;

/// What is wrong with a time between two microseconds.
pub(crate) const NANOSECONDS: &str = "a time with nanoseconds, and DJ holds microseconds";

const MILLISECONDS_A_DAY: i64 = 86_400_000;

/// Copies `rows` of an array, which [`super::types::reads_as`] `ty`, to the rows of `to` from `at`.
///
/// Null rows get the value zero. Text gets codes of `text`, in order of first sight.
pub(crate) fn fill(
    array: &ArrayRef,
    rows: Range<usize>,
    ty: Type,
    to: &mut Column,
    at: usize,
    text: &mut LocalText,
) -> Filled {
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    fill_validity(nulls.as_ref(), &rows, to, at)?;
    if *array.data_type() == DataType::Null {
        return Ok(());
    }
    let context = Context { array, nulls: nulls.as_ref(), rows: rows.clone() };
    match ty {
        Type::Bool => context.bools(array.as_boolean(), to, at),
        Type::Str => context.text(to, at, text)?,
        Type::F32 | Type::F64 => context.floats(to, at)?,
        Type::Timestamp | Type::Duration => context.times(to, at)?,
        Type::Date => context.dates(to, at)?,
        Type::Decimal { precision, .. } => context.decimals(precision, to, at)?,
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            context.integers(to, at)?;
        }
    }
    if nulls.is_some() {
        clear_nulls(to, at, rows.len());
    }
    Ok(())
}

fn fill_validity(nulls: Option<&NullBuffer>, rows: &Range<usize>, to: &mut Column, at: usize) -> Filled {
    match (nulls, &mut to.validity) {
        (None, None) => Ok(()),
        (None, Some(validity)) => {
            validity[at..at + rows.len()].fill(1);
            Ok(())
        }
        (Some(nulls), None) => match rows.clone().find(|&row| nulls.is_null(row)) {
            Some(row) => Err((row, Misfit::Null)),
            None => Ok(()),
        },
        (Some(nulls), Some(validity)) => {
            let bits = nulls.inner().slice(rows.start, rows.len());
            expand_bits(&bits, &mut validity[at..at + rows.len()]);
            Ok(())
        }
    }
}

/// One byte a bit.
fn expand_bits(bits: &arrow::buffer::BooleanBuffer, to: &mut [u8]) {
    let chunks = bits.bit_chunks();
    let (whole, rest) = to.as_chunks_mut::<64>();
    for (to, word) in whole.iter_mut().zip(chunks.iter()) {
        for (bit, to) in to.iter_mut().enumerate() {
            *to = u8::from(word >> bit & 1 != 0);
        }
    }
    let word = chunks.remainder_bits();
    for (bit, to) in rest.iter_mut().enumerate() {
        *to = u8::from(word >> bit & 1 != 0);
    }
}

/// Zero where a row is null: what readers leave there must not reach a result.
fn clear_nulls(to: &mut Column, at: usize, rows: usize) {
    fn clear<T: ArrowNativeType>(values: &mut [T], validity: &[u8]) {
        for (value, valid) in values.iter_mut().zip(validity) {
            if *valid == 0 {
                *value = T::default();
            }
        }
    }
    let Some(validity) = &to.validity else { return };
    let (range, validity) = (at..at + rows, &validity[at..at + rows]);
    match to.element.bytes() {
        1 => clear(&mut to.values[range], validity),
        2 => clear(&mut to.values.as_mut_slice::<u16>()[range], validity),
        4 => clear(&mut to.values.as_mut_slice::<u32>()[range], validity),
        _ => clear(&mut to.values.as_mut_slice::<u64>()[range], validity),
    }
}

/// The array without a dictionary, unless that is one of texts, whose codes are worth something.
///
/// # Errors
/// If a code is of no value.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) if super::types::natural(values) != Some(Type::Str) => cast(array, values),
        _ => Ok(array.clone()),
    }
}

/// The rows of an array that are copied.
struct Context<'a> {
    array: &'a ArrayRef,
    nulls: Option<&'a NullBuffer>,
    rows: Range<usize>,
}

impl Context<'_> {
    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    fn values<T: ArrowPrimitiveType>(&self) -> &[T::Native] {
        &self.array.as_primitive::<T>().values()[self.rows.clone()]
    }

    /// Copies integers; what does not fit breaks an assumption, because every value is of the declared type.
    fn copy<S: Integer>(&self, values: &[S], to: &mut Column, at: usize) -> Filled {
        if S::write(values, to, at) {
            return Ok(());
        }
        match first_misfit(values, |row| self.is_valid(self.rows.start + row), to, at) {
            Some(row) => Err((self.rows.start + row, Misfit::Narrow)),
            // Only nulls did not fit; the search overwrote the first row.
            None => {
                S::write(values, to, at);
                Ok(())
            }
        }
    }

    fn integers(&self, to: &mut Column, at: usize) -> Filled {
        match self.array.data_type() {
            DataType::Int8 => self.copy(self.values::<Int8Type>(), to, at),
            DataType::Int16 => self.copy(self.values::<Int16Type>(), to, at),
            DataType::Int32 => self.copy(self.values::<Int32Type>(), to, at),
            DataType::Int64 => self.copy(self.values::<Int64Type>(), to, at),
            DataType::UInt8 => self.copy(self.values::<UInt8Type>(), to, at),
            DataType::UInt16 => self.copy(self.values::<UInt16Type>(), to, at),
            DataType::UInt32 => self.copy(self.values::<UInt32Type>(), to, at),
            DataType::UInt64 => self.copy(self.values::<UInt64Type>(), to, at),
            other => Err(unreadable(&self.rows, other)),
        }
    }

    fn dates(&self, to: &mut Column, at: usize) -> Filled {
        if *self.array.data_type() == DataType::Date32 {
            let days = self.values::<Date32Type>();
            self.finite(days, i32::MAX, "date")?;
            return self.copy(days, to, at);
        }
        let days = self.exactly(self.values::<Date64Type>(), |value| {
            (value % MILLISECONDS_A_DAY == 0).then_some(value / MILLISECONDS_A_DAY).ok_or("a date with a time of day")
        })?;
        self.copy(&days, to, at)
    }

    fn times(&self, to: &mut Column, at: usize) -> Filled {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match self.array.data_type() {
            DataType::Timestamp(Second, _) => self.time::<TimestampSecondType>(1_000_000, 1, to, at),
            DataType::Timestamp(Millisecond, _) => self.time::<TimestampMillisecondType>(1_000, 1, to, at),
            DataType::Timestamp(Microsecond, _) => {
                let micros = self.values::<TimestampMicrosecondType>();
                self.finite(micros, i64::MAX, "timestamp")?;
                self.copy(micros, to, at)
            }
            DataType::Timestamp(Nanosecond, _) => self.time::<TimestampNanosecondType>(1, 1_000, to, at),
            DataType::Duration(Second) => self.time::<DurationSecondType>(1_000_000, 1, to, at),
            DataType::Duration(Millisecond) => self.time::<DurationMillisecondType>(1_000, 1, to, at),
            DataType::Duration(Microsecond) => self.time::<DurationMicrosecondType>(1, 1, to, at),
            DataType::Duration(Nanosecond) => self.time::<DurationNanosecondType>(1, 1_000, to, at),
            other => Err(unreadable(&self.rows, other)),
        }
    }

    /// Refuses what DuckDB writes for infinity: the greatest integer, and its negative.
    fn finite<T>(&self, values: &[T], infinity: T, what: &str) -> Filled
    where
        T: Copy + PartialEq + std::ops::Neg<Output = T>,
    {
        let is_infinite = |value: &T| *value == infinity || *value == -infinity;
        if !values.iter().fold(false, |any, value| any | is_infinite(value)) {
            return Ok(());
        }
        let found = (self.rows.start..).zip(values).find(|(row, value)| self.is_valid(*row) && is_infinite(value));
        found.map_or(Ok(()), |(row, _)| Err((row, Misfit::Value(format!("an infinite {what}")))))
    }

    /// Times in another unit, as microseconds: `value * multiply / divide`.
    fn time<T: ArrowPrimitiveType<Native = i64>>(
        &self,
        multiply: i64,
        divide: i64,
        to: &mut Column,
        at: usize,
    ) -> Filled {
        let values = self.values::<T>();
        if multiply == divide {
            return self.copy(values, to, at);
        }
        let micros = self.exactly(values, |value| match value.checked_mul(multiply) {
            None => Err("a time that microseconds do not reach"),
            Some(scaled) if scaled % divide != 0 => Err(NANOSECONDS),
            Some(scaled) => Ok(scaled / divide),
        })?;
        self.copy(&micros, to, at)
    }

    /// Converts every valid value, or says which cannot be.
    fn exactly(
        &self,
        values: &[i64],
        convert: impl Fn(i64) -> Result<i64, &'static str>,
    ) -> Result<Vec<i64>, (usize, Misfit)> {
        let mut converted = Vec::with_capacity(values.len());
        for (row, &value) in (self.rows.start..).zip(values) {
            converted.push(match convert(value) {
                Ok(value) => value,
                Err(what) if self.is_valid(row) => return Err((row, Misfit::Value(what.to_owned()))),
                Err(_) => 0,
            });
        }
        Ok(converted)
    }

    fn decimals(&self, precision: u8, to: &mut Column, at: usize) -> Filled {
        match *self.array.data_type() {
            DataType::Decimal32(..) => self.decimal(self.values::<Decimal32Type>(), precision, to, at),
            DataType::Decimal64(..) => self.decimal(self.values::<Decimal64Type>(), precision, to, at),
            DataType::Decimal128(..) => self.decimal(self.values::<Decimal128Type>(), precision, to, at),
            ref other => Err(unreadable(&self.rows, other)),
        }
    }

    /// Copies decimals. A file may hold more digits than the declared precision, and more than its own: nothing makes writers
    /// keep to it.
    fn decimal<S>(&self, values: &[S], precision: u8, to: &mut Column, at: usize) -> Filled
    where
        S: Integer + PartialOrd + Into<i128> + TryFrom<i128>,
    {
        let limit = 10_i128.pow(precision.into());
        // Where the limit is beyond the stored integers, all of them fit.
        if let (Ok(least), Ok(greatest)) = (S::try_from(1 - limit), S::try_from(limit - 1)) {
            let outside = values.iter().fold(false, |any, value| any | (*value < least) | (*value > greatest));
            let misfit = |(row, value): &(usize, &S)| self.is_valid(*row) && (**value < least || **value > greatest);
            if outside && let Some((row, _)) = (self.rows.start..).zip(values).find(misfit) {
                let what = format!("a decimal of more than {precision} digits");
                return Err((row, Misfit::Value(what)));
            }
        }
        self.copy(values, to, at)
    }

    fn floats(&self, to: &mut Column, at: usize) -> Filled {
        match self.array.data_type() {
            DataType::Float32 => write_floats(self.values::<Float32Type>(), to, at, |value| value, f64::from),
            DataType::Float64 => {
                write_floats(self.values::<Float64Type>(), to, at, |value| value as f32, |value| value)
            }
            DataType::Int8 => write_floats(self.values::<Int8Type>(), to, at, f32::from, f64::from),
            DataType::Int16 => write_floats(self.values::<Int16Type>(), to, at, f32::from, f64::from),
            DataType::UInt8 => write_floats(self.values::<UInt8Type>(), to, at, f32::from, f64::from),
            DataType::UInt16 => write_floats(self.values::<UInt16Type>(), to, at, f32::from, f64::from),
            DataType::Int32 => write_floats(self.values::<Int32Type>(), to, at, |value| value as f32, f64::from),
            DataType::UInt32 => write_floats(self.values::<UInt32Type>(), to, at, |value| value as f32, f64::from),
            other => return Err(unreadable(&self.rows, other)),
        }
        Ok(())
    }

    fn bools(&self, array: &BooleanArray, to: &mut Column, at: usize) {
        let bits = array.values().slice(self.rows.start, self.rows.len());
        expand_bits(&bits, &mut to.values[at..at + self.rows.len()]);
    }

    fn text(&self, to: &mut Column, at: usize, text: &mut LocalText) -> Filled {
        let codes = &mut to.values.as_mut_slice::<i32>()[at..at + self.rows.len()];
        text.encode(self.array, self.nulls, self.rows.clone(), codes).map_err(|_| (self.rows.start, Misfit::Full))
    }
}

fn write_floats<S: Copy>(
    values: &[S],
    to: &mut Column,
    at: usize,
    single: impl Fn(S) -> f32,
    double: impl Fn(S) -> f64,
) {
    let rows = at..at + values.len();
    if to.element == crate::pjrt::Element::F32 {
        let to = &mut to.values.as_mut_slice::<f32>()[rows];
        to.iter_mut().zip(values).for_each(|(to, &value)| *to = single(value));
    } else {
        let to = &mut to.values.as_mut_slice::<f64>()[rows];
        to.iter_mut().zip(values).for_each(|(to, &value)| *to = double(value));
    }
}

/// Batches of a type other than the file's schema said.
fn unreadable(rows: &Range<usize>, data_type: &DataType) -> (usize, Misfit) {
    (rows.start, Misfit::Value(format!("a value of type {data_type}")))
}
