//! Copies between integer elements, checked.

use super::Column;
use crate::pjrt::Element;
use arrow::datatypes::ArrowNativeType;
use std::ops::Range;

/// A value does not fit a narrower element, or is null where the chunk has no validity.
///
/// Chunks are narrower than their source where the files bound at compile time allowed it, so this breaks an assumption: the
/// run starts again with the next variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: a value of chunk column {column} does not fit {element}")]
pub struct NarrowError {
    /// The index among the chunk's columns.
    pub column: usize,
    /// The running number of the row.
    pub row: u64,
    /// The element that was wanted.
    pub element: Element,
}

/// A Rust scalar that is an element.
pub trait Native: ArrowNativeType {
    /// The element; bools are [`Element::Pred`], and bytes here.
    const ELEMENT: Element;
}

macro_rules! native {
    ($($scalar:ty => $element:ident),*) => {
        $(impl Native for $scalar {
            const ELEMENT: Element = Element::$element;
        })*
    };
}

native!(i8 => S8, i16 => S16, i32 => S32, i64 => S64, u8 => U8, u16 => U16, u32 => U32, u64 => U64, f32 => F32, f64 => F64);

/// An integer that can be written to a column of any integer element.
pub(crate) trait Integer: Copy {
    /// Writes `values` to the rows of `to` from `at`; what does not fit becomes zero. Whether all fit.
    fn write(values: &[Self], to: &mut Column, at: usize) -> bool;
}

macro_rules! integer {
    ($($scalar:ty),*) => {
        $(impl Integer for $scalar {
            fn write(values: &[Self], to: &mut Column, at: usize) -> bool {
                match to.element {
                    Element::S8 => write::<Self, i8>(values, to, at),
                    Element::S16 => write::<Self, i16>(values, to, at),
                    Element::S32 => write::<Self, i32>(values, to, at),
                    Element::S64 => write::<Self, i64>(values, to, at),
                    Element::U8 | Element::Pred => write::<Self, u8>(values, to, at),
                    Element::U16 => write::<Self, u16>(values, to, at),
                    Element::U32 => write::<Self, u32>(values, to, at),
                    Element::U64 => write::<Self, u64>(values, to, at),
                    Element::F32 | Element::F64 => values.is_empty(),
                }
            }
        })*
    };
}

integer!(i8, i16, i32, i64, u8, u16, u32, u64, i128);

fn write<S: Copy, D: TryFrom<S> + ArrowNativeType>(values: &[S], to: &mut Column, at: usize) -> bool {
    let to = &mut to.values.as_mut_slice::<D>()[at..at + values.len()];
    let mut fit = true;
    for (to, &value) in to.iter_mut().zip(values) {
        let narrow = D::try_from(value);
        fit &= narrow.is_ok();
        *to = narrow.unwrap_or_default();
    }
    fit
}

/// The first of `values` that is valid and does not fit the element of `to`; row `at` of `to` is overwritten.
pub(crate) fn first_misfit<S: Integer>(
    values: &[S],
    is_valid: impl Fn(usize) -> bool,
    to: &mut Column,
    at: usize,
) -> Option<usize> {
    (0..values.len()).find(|&row| is_valid(row) && !S::write(&values[row..=row], to, at))
}

/// Copies `rows` of `from` to the rows of `to` from `at`, values and validity. The first row that does not fit is the error.
pub(crate) fn copy_rows(from: &Column, rows: Range<usize>, to: &mut Column, at: usize) -> Result<(), usize> {
    copy_validity(from, rows.clone(), to, at)?;
    if from.element == to.element {
        let bytes = from.element.bytes();
        let source = &from.values[rows.start * bytes..rows.end * bytes];
        to.values[at * bytes..(at + rows.len()) * bytes].copy_from_slice(source);
        return Ok(());
    }
    match from.element {
        Element::S8 => copy_integers::<i8>(from, rows, to, at),
        Element::S16 => copy_integers::<i16>(from, rows, to, at),
        Element::S32 => copy_integers::<i32>(from, rows, to, at),
        Element::S64 => copy_integers::<i64>(from, rows, to, at),
        Element::U8 | Element::Pred => copy_integers::<u8>(from, rows, to, at),
        Element::U16 => copy_integers::<u16>(from, rows, to, at),
        Element::U32 => copy_integers::<u32>(from, rows, to, at),
        Element::U64 => copy_integers::<u64>(from, rows, to, at),
        Element::F32 | Element::F64 => Err(rows.start),
    }
}

fn copy_validity(from: &Column, rows: Range<usize>, to: &mut Column, at: usize) -> Result<(), usize> {
    match (&from.validity, &mut to.validity) {
        (None, None) => {}
        (None, Some(to)) => to[at..at + rows.len()].fill(1),
        (Some(from), Some(to)) => to[at..at + rows.len()].copy_from_slice(&from[rows]),
        (Some(from), None) => {
            if let Some(null) = from[rows.clone()].iter().position(|&valid| valid == 0) {
                return Err(rows.start + null);
            }
        }
    }
    Ok(())
}

fn copy_integers<S: Integer + ArrowNativeType>(
    from: &Column,
    rows: Range<usize>,
    to: &mut Column,
    at: usize,
) -> Result<(), usize> {
    let values = &from.values.as_slice::<S>()[rows.clone()];
    if S::write(values, to, at) {
        return Ok(());
    }
    match first_misfit(values, |row| from.is_valid(rows.start + row), to, at) {
        Some(row) => Err(rows.start + row),
        // Only nulls did not fit; the search overwrote the first row.
        None => {
            S::write(values, to, at);
            Ok(())
        }
    }
}
