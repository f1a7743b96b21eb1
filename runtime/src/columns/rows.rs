//! Rows in portions, so that a large result is never one block: it grows without being copied, and what is done with it can
//! give memory back portion by portion.

use super::convert::copy_rows;
use super::{Chunk, Column, NarrowError, Table, TableBuilder};
use crate::artifact::ChunkColumn;
use crate::expr::Scalar;
use crate::pjrt::Element;

/// A portion that grows is closed at this many rows.
const PORTION: usize = 1 << 16;

/// Rows in order, in portions.
#[derive(Debug)]
pub struct RowStore {
    elements: Vec<(Element, bool)>,
    portions: Vec<Table>,
    /// Small additions are gathered here; it comes behind all portions.
    open: TableBuilder,
    rows: usize,
}

impl RowStore {
    /// No rows, of columns of these elements, with or without validity.
    pub fn new(columns: impl IntoIterator<Item = (Element, bool)>) -> Self {
        let elements: Vec<_> = columns.into_iter().collect();
        let open = TableBuilder::new(elements.iter().copied());
        Self { elements, portions: Vec::new(), open, rows: 0 }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows behind the others; their columns have the store's elements.
    pub fn push(&mut self, rows: Table) {
        self.rows += rows.rows;
        if rows.rows < PORTION / 2 {
            self.open.push(&rows.columns, rows.rows);
            if self.open.rows() >= PORTION {
                self.close();
            }
            return;
        }
        self.close();
        self.portions.push(rows);
    }

    /// Makes what was gathered a portion.
    fn close(&mut self) {
        if self.open.rows() > 0 {
            let open = std::mem::replace(&mut self.open, TableBuilder::new(self.elements.iter().copied()));
            self.portions.push(open.finish());
        }
    }

    /// The portions, in order; none if there are no rows.
    pub fn portions(&self) -> impl Iterator<Item = &Table> {
        self.portions.iter().chain(std::iter::once(self.open.table()).filter(|open| open.rows > 0))
    }

    /// The value of a column in a row, as [`Column::scalar`] gives it; `None` if there is no such row or column.
    pub fn scalar(&self, row: usize, column: usize) -> Option<Scalar> {
        let mut first = 0;
        for portion in self.portions() {
            if row < first + portion.rows {
                return portion.columns.get(column).map(|column| column.scalar(row - first));
            }
            first += portion.rows;
        }
        None
    }

    /// Bytes of the columns.
    pub fn bytes(&self) -> usize {
        self.portions().map(Table::bytes).sum()
    }

    /// The rows as chunks of `capacity`, with the columns and elements that a driver wants.
    pub fn chunks<'a>(&'a self, columns: &'a [ChunkColumn], capacity: usize) -> RowChunks<'a> {
        let portions: Vec<_> = self.portions().collect();
        RowChunks { portions, columns, capacity: capacity.max(1), portion: 0, row: 0, start: 0, left: self.rows }
    }
}

/// The chunks of stored rows, in order; none if there are no rows. Every chunk but the last is full.
#[derive(Debug)]
pub struct RowChunks<'a> {
    portions: Vec<&'a Table>,
    columns: &'a [ChunkColumn],
    capacity: usize,
    /// Where the next row is.
    portion: usize,
    row: usize,
    /// Its number.
    start: usize,
    left: usize,
}

impl Iterator for RowChunks<'_> {
    type Item = Result<Chunk, NarrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.capacity.min(self.left);
        if rows == 0 {
            return None;
        }
        let zeroed = |column: &ChunkColumn| Column::zeroed(column.element, self.capacity, column.nullable);
        let mut columns: Vec<_> = self.columns.iter().map(zeroed).collect();
        let start = self.start;
        let mut filled = 0;
        while filled < rows {
            let portion = self.portions.get(self.portion)?;
            let count = (portion.rows - self.row).min(rows - filled);
            let range = self.row..self.row + count;
            for (index, (wanted, column)) in self.columns.iter().zip(&mut columns).enumerate() {
                if let Err(row) = copy_rows(&portion.columns[wanted.column], range.clone(), column, filled) {
                    let row = (start + filled + row - range.start) as u64;
                    return Some(Err(NarrowError { column: index, row, element: wanted.element }));
                }
            }
            filled += count;
            self.row += count;
            if self.row == portion.rows {
                self.portion += 1;
                self.row = 0;
            }
        }
        self.start += rows;
        self.left -= rows;
        Some(Ok(Chunk { columns, rows, start: start as u64 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::AlignedBytes;

    fn table(range: std::ops::Range<i64>) -> Table {
        let values: Vec<i64> = range.collect();
        let column = Column { element: Element::S64, values: AlignedBytes::from_slice(&values), validity: None };
        Table { columns: vec![column], rows: values.len() }
    }

    fn store(ends: &[i64]) -> RowStore {
        let mut store = RowStore::new([(Element::S64, false)]);
        let mut start = 0;
        for &end in ends {
            store.push(table(start..end));
            start = end;
        }
        store
    }

    #[test]
    fn chunks_cross_portions() {
        let large = PORTION as i64;
        let store = store(&[3, 5, 5 + large, 7 + large, 7 + 2 * large]);
        assert_eq!((store.portions().count(), store.rows()), (4, 7 + 2 * PORTION));
        let columns = [ChunkColumn { column: 0, element: Element::S32, nullable: true }];
        for capacity in [1000, PORTION, 3 * PORTION] {
            let mut next = 0;
            for chunk in store.chunks(&columns, capacity) {
                let chunk = chunk.unwrap();
                assert_eq!((chunk.start, chunk.columns[0].len()), (next as u64, capacity));
                let values = chunk.columns[0].values.as_slice::<i32>();
                assert!(values[..chunk.rows].iter().zip(next..).all(|(value, row)| *value as usize == row));
                next += chunk.rows;
                assert!(chunk.rows == capacity || next == store.rows());
            }
            assert_eq!(next, store.rows());
        }
    }

    #[test]
    fn a_cell_is_found_in_its_portion() {
        let store = store(&[2, 2 + PORTION as i64, 9 + PORTION as i64]);
        for row in [0, 1, 2, PORTION, PORTION + 8] {
            assert_eq!(store.scalar(row, 0), Some(Scalar::Int(row as i128)));
        }
        assert_eq!((store.scalar(PORTION + 9, 0), store.scalar(0, 1)), (None, None));
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_by_its_row() {
        let store = store(&[2, 300]);
        let columns = [ChunkColumn { column: 0, element: Element::S8, nullable: false }];
        let error = store.chunks(&columns, 100).find_map(Result::err).unwrap();
        assert_eq!((error.row, error.column), (128, 0));
        assert_eq!(RowStore::new([]).chunks(&[], 4).count(), 0);
    }
}
