//! Prefix sums and the like over vectors.
//!
//! XLA has no scan that is good everywhere: one `reduce_window` over a whole vector takes minutes to compile on TPU, and
//! a loop over elements is slow. So a vector is cut into rows, each row is scanned by doubling shifts, the rows' totals
//! are scanned the same way, and each row gets the total of those before it.

use super::types::{Class, class};
use super::{Builder, Combiner, Element, Value};

/// Elements in a row. Rows of totals are scanned again, so three levels reach 2^27 elements.
const ROW: i64 = 512;

impl<'c> Builder<'c> {
    /// Element `i` is the sum of the elements `0..=i` of a vector; integers wrap.
    #[must_use]
    #[track_caller]
    pub fn inclusive_sum(&self, operand: Value<'c>) -> Value<'c> {
        self.inclusive_scan(Combiner::Add, operand)
    }

    /// Element `i` is the sum of the elements `0..i` of a vector; integers wrap.
    #[must_use]
    #[track_caller]
    pub fn exclusive_sum(&self, operand: Value<'c>) -> Value<'c> {
        match class(self.element(operand)) {
            Class::Signed | Class::Unsigned => self.subtract(self.inclusive_sum(operand), operand),
            Class::Pred | Class::Float => self.exclusive_scan(Combiner::Add, operand),
        }
    }

    /// Element `i` is the largest of the elements `0..=i` of a vector.
    #[must_use]
    #[track_caller]
    pub fn inclusive_max(&self, operand: Value<'c>) -> Value<'c> {
        self.inclusive_scan(Combiner::Max, operand)
    }

    /// Element `i` combines the elements `0..=i` of a vector.
    #[must_use]
    #[track_caller]
    pub fn inclusive_scan(&self, combiner: Combiner, operand: Value<'c>) -> Value<'c> {
        let length = self.length(operand);
        assert!(self.rank(operand) == 1, "scan: of {}", self.ty(operand));
        let neutral = self.neutral(combiner, self.element(operand));
        if length <= ROW {
            let row = self.reshape(operand, &[1, length]);
            return self.reshape(self.scan_rows(combiner, row, neutral), &[length]);
        }
        let rows = length.div_euclid(ROW) + i64::from(length % ROW != 0);
        let padded = self.pad(operand, neutral, &[0], &[rows * ROW - length]);
        let scanned = self.scan_rows(combiner, self.reshape(padded, &[rows, ROW]), neutral);
        let totals = self.reshape(self.slice(scanned, &[0, ROW - 1], &[rows, ROW], &[1, 1]), &[rows]);
        let before = self.exclusive_scan(combiner, totals);
        let before = self.broadcast_in_dim(before, &[rows, ROW], &[0]);
        let result = self.reshape(self.combine(combiner, before, scanned), &[rows * ROW]);
        self.slice_rows(result, 0, length)
    }

    /// Element `i` combines the elements `0..i` of a vector; the first is the neutral value.
    #[must_use]
    #[track_caller]
    pub fn exclusive_scan(&self, combiner: Combiner, operand: Value<'c>) -> Value<'c> {
        let neutral = self.neutral(combiner, self.element(operand));
        self.pad(self.inclusive_scan(combiner, operand), neutral, &[1], &[-1])
    }

    /// Scans each row of a matrix by doubling shifts (Hillis and Steele, 1986).
    fn scan_rows(&self, combiner: Combiner, mut rows: Value<'c>, neutral: Value<'c>) -> Value<'c> {
        let width = self.dims(rows)[1];
        let mut shift = 1;
        while shift < width {
            let shifted = self.pad(rows, neutral, &[0, shift], &[0, -shift]);
            rows = self.combine(combiner, shifted, rows);
            shift *= 2;
        }
        rows
    }

    /// The number of set lanes before each lane, and of all: `i1[C]` to (`i32[C]`, `i32`).
    #[must_use]
    #[track_caller]
    pub fn positions(&self, selected: Value<'c>) -> (Value<'c>, Value<'c>) {
        let ones = self.convert(selected, Element::S32);
        let inclusive = self.inclusive_sum(ones);
        (self.subtract(inclusive, ones), self.last(inclusive))
    }
}
