//! Columns in the devices' layout: what readers fill, steps take, results are and writers write.
//!
//! A [`Column`] is dense: one element a row, and one byte of validity a row where it is nullable. A [`Chunk`] is padded to a
//! fixed capacity; a [`Table`] is not. Text is codes into [`Dictionaries`].

mod aligned;
mod convert;
mod dictionary;
mod host_tables;
mod rows;
mod table;

pub use aligned::AlignedBytes;
pub use convert::{NarrowError, Native};
pub use dictionary::{Dictionaries, Dictionary, DictionaryError, INPUT};
pub use host_tables::{Evaluate, HostArrays, HostTableError, HostTables};
pub use rows::{RowChunks, RowStore};
pub use table::{Table, TableBuilder};

use crate::expr::Scalar;
use crate::pjrt::Element;
pub(crate) use convert::{Integer, first_misfit};

/// One column of host memory, in a device's layout.
///
/// `values` holds `rows × element.bytes()` bytes: bool as 0 or 1, dates as days, timestamps and durations as microseconds,
/// decimals scaled, text as codes. `validity` holds one byte a row, 1 where there is a value; absent where none is null.
/// Where a row is null, its value is zero or arbitrary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The element of `values`.
    pub element: Element,
    /// One element a row.
    pub values: AlignedBytes,
    /// One byte a row, or absent.
    pub validity: Option<AlignedBytes>,
}

impl Column {
    /// `rows` rows of zero, null if `nullable`.
    pub fn zeroed(element: Element, rows: usize, nullable: bool) -> Self {
        let values = AlignedBytes::zeroed(rows * element.bytes());
        Self { element, values, validity: nullable.then(|| AlignedBytes::zeroed(rows)) }
    }

    /// The number of rows, padding included.
    pub fn len(&self) -> usize {
        self.values.len() / self.element.bytes()
    }

    /// Some rows as another integer element; `None` if a value does not fit.
    pub fn converted(&self, element: Element, rows: std::ops::Range<usize>) -> Option<Self> {
        let mut column = Self::zeroed(element, rows.len(), self.validity.is_some());
        convert::copy_rows(self, rows, &mut column, 0).ok()?;
        Some(column)
    }

    /// Some rows at the start of a column that is as long; zeros follow them.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let mut part = Self::zeroed(self.element, self.len(), self.validity.is_some());
        let bytes = self.element.bytes();
        let values = &self.values[rows.start * bytes..rows.end * bytes];
        part.values[..values.len()].copy_from_slice(values);
        if let (Some(to), Some(from)) = (&mut part.validity, &self.validity) {
            to[..rows.len()].copy_from_slice(&from[rows]);
        }
        part
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a row holds a value.
    pub fn is_valid(&self, row: usize) -> bool {
        self.validity.as_ref().is_none_or(|validity| validity[row] != 0)
    }

    /// The value of a row as an integer; `None` for floats and nulls. A bool is 0 or 1, text its code.
    pub fn integer(&self, row: usize) -> Option<i128> {
        if !self.is_valid(row) {
            return None;
        }
        Some(match self.element {
            Element::Pred | Element::U8 => self.values[row].into(),
            Element::S8 => self.values.as_slice::<i8>()[row].into(),
            Element::S16 => self.values.as_slice::<i16>()[row].into(),
            Element::S32 => self.values.as_slice::<i32>()[row].into(),
            Element::S64 => self.values.as_slice::<i64>()[row].into(),
            Element::U16 => self.values.as_slice::<u16>()[row].into(),
            Element::U32 => self.values.as_slice::<u32>()[row].into(),
            Element::U64 => self.values.as_slice::<u64>()[row].into(),
            Element::F32 | Element::F64 => return None,
        })
    }

    /// The bytes of a row's value, zero-extended.
    pub fn bits(&self, row: usize) -> u64 {
        let size = self.element.bytes();
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.values[row * size..(row + 1) * size]);
        u64::from_le_bytes(bytes)
    }

    /// Writes a value to a row, and tells whether the element holds it. Null, and what the element does not hold, becomes
    /// zero; null is marked where the column is nullable. Text must be given as its code.
    pub fn set(&mut self, row: usize, value: &Scalar) -> bool {
        if let Some(validity) = &mut self.validity {
            validity[row] = u8::from(!value.is_null());
        }
        let bytes = self.element.bytes();
        self.values[row * bytes..(row + 1) * bytes].fill(0);
        match (self.element, value) {
            (Element::F32, Scalar::Float(value)) => self.values.as_mut_slice::<f32>()[row] = *value as f32,
            (Element::F64, Scalar::Float(value)) => self.values.as_mut_slice::<f64>()[row] = *value,
            (_, Scalar::Bool(value)) => return u8::write(&[u8::from(*value)], self, row),
            (_, Scalar::Int(value)) => return i128::write(&[*value], self, row),
            (_, Scalar::Null) => return self.validity.is_some(),
            (_, Scalar::Float(_) | Scalar::Str(_)) => return false,
        }
        true
    }

    /// Writes integers to the first rows, and tells whether the element holds them all.
    pub(crate) fn set_integers(&mut self, values: &[i128]) -> bool {
        i128::write(values, self, 0)
    }

    /// The value of a row: [`Scalar::Int`] for all but bools and floats, so the code for text.
    pub fn scalar(&self, row: usize) -> Scalar {
        if !self.is_valid(row) {
            return Scalar::Null;
        }
        match self.element {
            Element::F32 => Scalar::Float(self.values.as_slice::<f32>()[row].into()),
            Element::F64 => Scalar::Float(self.values.as_slice::<f64>()[row]),
            Element::Pred => Scalar::Bool(self.values[row] != 0),
            Element::S8
            | Element::S16
            | Element::S32
            | Element::S64
            | Element::U8
            | Element::U16
            | Element::U32
            | Element::U64 => self.integer(row).map_or(Scalar::Null, Scalar::Int),
        }
    }
}

/// Rows for one step: a dense prefix of `rows` rows, then zeros up to the capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The columns, all padded to the capacity.
    pub columns: Vec<Column>,
    /// How many rows count.
    pub rows: usize,
    /// The running number of the first row among those that the reader gave; consecutive within a chunk.
    pub start: u64,
}

#[cfg(test)]
mod tests;
