//! Rows on the host without padding: compacted from chunks, and sliced.

use super::{AlignedBytes, Column};
use crate::pjrt::Element;
use std::borrow::Borrow;

/// A host table: columns of the same number of rows, without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The number of rows; columns may be absent.
    pub rows: usize,
}

impl Table {
    /// The first `rows` rows of columns, which may be padded.
    pub fn from_prefix(mut columns: Vec<Column>, rows: usize) -> Self {
        for column in &mut columns {
            column.values.resize(rows * column.element.bytes());
            if let Some(validity) = &mut column.validity {
                validity.resize(rows);
            }
        }
        Self { columns, rows }
    }

    /// Without the first `skip` rows, at most `keep` rows.
    #[must_use]
    pub fn slice(self, skip: u64, keep: u64) -> Self {
        let first = usize::try_from(skip).unwrap_or(usize::MAX).min(self.rows);
        let rows = usize::try_from(keep).unwrap_or(usize::MAX).min(self.rows - first);
        if rows == self.rows {
            return self;
        }
        let cut = |column: &Column| {
            let bytes = column.element.bytes();
            Column {
                element: column.element,
                values: AlignedBytes::from_slice::<u8>(&column.values[first * bytes..(first + rows) * bytes]),
                validity: column
                    .validity
                    .as_ref()
                    .map(|validity| AlignedBytes::from_slice::<u8>(&validity[first..first + rows])),
            }
        };
        Self { columns: self.columns.iter().map(cut).collect(), rows }
    }

    /// The rows, and behind them those of a table of the same columns.
    #[must_use]
    pub fn followed_by(self, other: Self) -> Self {
        let mut all = TableBuilder { table: self };
        all.push(&other.columns, other.rows);
        all.finish()
    }

    /// Rows of tables of the same columns: of each the table's index and the row's.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn picked(parts: &[Self], rows: &[(usize, usize)]) -> Self {
        let count = parts.first().map_or(0, |part| part.columns.len());
        let column = |index: usize| {
            let columns: Vec<_> = parts.iter().map(|part| &part.columns[index]).collect();
            let all: Vec<_> = columns.iter().map(|column| &column.values).collect();
            let values = match columns[0].element.bytes() {
                1 => pick::<u8>(&all, rows),
                2 => pick::<u16>(&all, rows),
                4 => pick::<u32>(&all, rows),
                _ => pick::<u64>(&all, rows),
            };
            let validities: Option<Vec<_>> = columns.iter().map(|column| column.validity.as_ref()).collect();
            let validity = validities.map(|all| pick::<u8>(&all, rows));
            Column { element: columns[0].element, values, validity }
        };
        Self { columns: (0..count).map(column).collect(), rows: rows.len() }
    }

    /// Bytes of the columns.
    pub fn bytes(&self) -> usize {
        let size =
            |column: &Column| column.values.len() + column.validity.as_ref().map_or(0, |validity| validity.len());
        self.columns.iter().map(size).sum()
    }
}

/// Collects rows into a [`Table`].
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
}

impl TableBuilder {
    /// For columns of these elements, with or without validity.
    pub fn new(columns: impl IntoIterator<Item = (Element, bool)>) -> Self {
        let empty = |(element, nullable)| Column::zeroed(element, 0, nullable);
        Self { table: Table { columns: columns.into_iter().map(empty).collect(), rows: 0 } }
    }

    /// Adds the first `rows` rows of columns of the same elements.
    pub fn push<C: Borrow<Column>>(&mut self, columns: &[C], rows: usize) {
        for (to, from) in self.table.columns.iter_mut().zip(columns.iter().map(C::borrow)) {
            debug_assert_eq!(to.element, from.element);
            to.values.extend(&from.values[..rows * from.element.bytes()]);
            if let Some(validity) = &mut to.validity {
                match &from.validity {
                    Some(valid) => validity.extend(&valid[..rows]),
                    None => validity.extend(&vec![1; rows]),
                }
            }
        }
        self.table.rows += rows;
    }

    /// Adds the rows whose byte in `mask` is not zero.
    pub fn push_masked<C: Borrow<Column>>(&mut self, columns: &[C], mask: &[u8]) {
        let selected = mask.iter().filter(|&&keep| keep != 0).count();
        if selected == mask.len() {
            return self.push(columns, selected);
        }
        for (to, from) in self.table.columns.iter_mut().zip(columns.iter().map(C::borrow)) {
            debug_assert_eq!(to.element, from.element);
            match from.element.bytes() {
                1 => compact::<u8>(&mut to.values, &from.values, mask, selected),
                2 => compact::<u16>(&mut to.values, &from.values, mask, selected),
                4 => compact::<u32>(&mut to.values, &from.values, mask, selected),
                _ => compact::<u64>(&mut to.values, &from.values, mask, selected),
            }
            if let Some(validity) = &mut to.validity {
                match &from.validity {
                    Some(valid) => compact::<u8>(validity, valid, mask, selected),
                    None => validity.extend(&vec![1; selected]),
                }
            }
        }
        self.table.rows += selected;
    }

    /// How many rows there are so far.
    pub fn rows(&self) -> usize {
        self.table.rows
    }

    /// What there is so far.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The table.
    pub fn finish(self) -> Table {
        self.table
    }
}

fn pick<T: arrow::datatypes::ArrowNativeType>(parts: &[&AlignedBytes], rows: &[(usize, usize)]) -> AlignedBytes {
    let parts: Vec<&[T]> = parts.iter().map(|part| part.as_slice::<T>()).collect();
    AlignedBytes::from_slice(&rows.iter().map(|(part, row)| parts[*part][*row]).collect::<Vec<T>>())
}

/// Adds the masked elements of `from` to `to`: branch-free, so that its speed does not depend on the mask.
fn compact<T: arrow::datatypes::ArrowNativeType>(
    to: &mut AlignedBytes,
    from: &AlignedBytes,
    mask: &[u8],
    selected: usize,
) {
    let old = to.len() / size_of::<T>();
    // One more than needed: the last write may be of a row that is not kept.
    to.resize((old + selected + 1) * size_of::<T>());
    let into = &mut to.as_mut_slice::<T>()[old..];
    let mut at = 0;
    for (&value, &keep) in from.as_slice::<T>().iter().zip(mask) {
        into[at] = value;
        at += usize::from(keep != 0);
    }
    to.resize((old + selected) * size_of::<T>());
}
