//! Prefix sums and the like over vectors.
//!
//! XLA has no scan that is good everywhere: one `reduce_window` over a whole vector takes minutes to compile on TPU, and
//! a loop over elements is slow. So a vector is cut into rows, each row is scanned, the rows' totals are scanned the same
//! way, and each row gets the total of those before it.
//!
//! A row is scanned by a `reduce_window` on CPU (0.8 ms for 262,144 `i32`; doubling shifts take 2 to 6, because fusion
//! computes them again and again), and by doubling shifts on TPU (2^24 elements compile in 0.7 s, with windows in 4).
//! Truth values are counted on CPU eight to a word (0.4 ms).

use dj_runtime::pjrt::Platform;
use melior::ir::attribute::DenseElementsAttribute;
use melior::ir::r#type::{IntegerType, RankedTensorType};

use super::builder::Operation;
use super::types::{Class, class};
use super::{Builder, Combiner, Element, Value};

/// A word of eight bytes that are one each. Times it, byte `i` of a product is the sum of the bytes `0..=i`.
const ONES: u64 = 0x0101_0101_0101_0101;

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
        self.scan_in_rows(combiner, operand, self.scan_row())
    }

    /// Element `i` combines the elements `0..i` of a vector; the first is the neutral value.
    #[must_use]
    #[track_caller]
    pub fn exclusive_scan(&self, combiner: Combiner, operand: Value<'c>) -> Value<'c> {
        let neutral = self.neutral(combiner, self.element(operand));
        self.pad(self.inclusive_scan(combiner, operand), neutral, &[1], &[-1])
    }

    /// Element `i` is the number of elements `0..=i` of an `i1` vector that hold, as `i32`.
    #[must_use]
    #[track_caller]
    pub fn inclusive_count(&self, selected: Value<'c>) -> Value<'c> {
        let element = self.element(selected);
        assert!(element == Element::Pred, "inclusive_count: of {element}");
        match self.session.platform {
            Platform::Cpu => self.count_in_words(selected),
            Platform::Tpu | Platform::Cuda => self.inclusive_sum(self.convert(selected, Element::S32)),
        }
    }

    /// For each lane the number of lanes before it that hold, and how many hold: `i1[C]` to (`i32[C]`, `i32`).
    #[must_use]
    #[track_caller]
    pub fn positions(&self, selected: Value<'c>) -> (Value<'c>, Value<'c>) {
        let inclusive = self.inclusive_count(selected);
        (self.subtract(inclusive, self.convert(selected, Element::S32)), self.last(inclusive))
    }

    /// Elements in a row. Totals are scanned again, so three levels reach 2^21 or 2^27 elements.
    fn scan_row(&self) -> i64 {
        match self.session.platform {
            Platform::Cpu => 128,
            Platform::Tpu | Platform::Cuda => 512,
        }
    }

    #[track_caller]
    fn scan_in_rows(&self, combiner: Combiner, operand: Value<'c>, row: i64) -> Value<'c> {
        assert!(self.rank(operand) == 1, "scan: of {}", self.ty(operand));
        let length = self.length(operand);
        if length <= row {
            let only = self.reshape(operand, &[1, length]);
            return self.reshape(self.scan_rows(combiner, only), &[length]);
        }
        let rows = rows_of(length, row);
        let neutral = self.neutral(combiner, self.element(operand));
        let padded = self.pad(operand, neutral, &[0], &[rows * row - length]);
        let scanned = self.scan_rows(combiner, self.reshape(padded, &[rows, row]));
        let totals = self.reshape(self.slice(scanned, &[0, row - 1], &[rows, row], &[1, 1]), &[rows]);
        let before = self.pad(self.scan_in_rows(combiner, totals, row), neutral, &[1], &[-1]);
        let before = self.broadcast_in_dim(before, &[rows, row], &[0]);
        let result = self.reshape(self.combine(combiner, before, scanned), &[rows * row]);
        self.slice_rows(result, 0, length)
    }

    /// Scans each row of a matrix.
    fn scan_rows(&self, combiner: Combiner, rows: Value<'c>) -> Value<'c> {
        match self.session.platform {
            Platform::Cpu => self.scan_by_window(combiner, rows),
            Platform::Tpu | Platform::Cuda => self.scan_by_shifts(combiner, rows),
        }
    }

    /// Combines all elements up to each one anew.
    fn scan_by_window(&self, combiner: Combiner, rows: Value<'c>) -> Value<'c> {
        let width = self.dims(rows)[1];
        let start = self.neutral(combiner, self.element(rows));
        let (region, _) =
            self.region(&[start.ty, start.ty], |b, values| vec![b.combine(combiner, values[0], values[1])]);
        let integer = IntegerType::new(self.session.context, 64);
        let padding = RankedTensorType::new(&[2, 2], integer.into(), None);
        let padding = DenseElementsAttribute::i64_values(padding.into(), &[0, 0, width - 1, 0]);
        self.append_single(Operation {
            name: "stablehlo.reduce_window",
            operands: &[rows, start],
            attributes: &[
                ("window_dimensions", self.integers(&[1, width])),
                ("window_strides", self.integers(&[1, 1])),
                ("base_dilations", self.integers(&[1, 1])),
                ("window_dilations", self.integers(&[1, 1])),
                ("padding", padding.into()),
            ],
            regions: vec![region],
            results: &[rows.ty],
        })
    }

    /// Combines each element with the one 1, 2, 4.. before it (Hillis and Steele, 1986).
    fn scan_by_shifts(&self, combiner: Combiner, mut rows: Value<'c>) -> Value<'c> {
        let width = self.dims(rows)[1];
        let neutral = self.neutral(combiner, self.element(rows));
        let mut shift = 1;
        while shift < width {
            let shifted = self.pad(rows, neutral, &[0, shift], &[0, -shift]);
            rows = self.combine(combiner, shifted, rows);
            shift *= 2;
        }
        rows
    }

    /// Counts lanes eight to a word: one product sums within a word, and only the words' totals need a scan.
    #[track_caller]
    fn count_in_words(&self, selected: Value<'c>) -> Value<'c> {
        let length = self.length(selected);
        let words = rows_of(length, 8);
        let bytes =
            self.convert(self.pad(selected, self.constant_pred(false), &[0], &[8 * words - length]), Element::U8);
        let packed = self.bitcast_to(self.reshape(bytes, &[words, 8]), Element::U64, &[words]);
        let sums = self.multiply(packed, self.constant_uint(Element::U64, ONES));
        let totals = self.shift_right_logical(sums, self.constant_uint(Element::U64, 56));
        let totals = self.convert(totals, Element::S32);
        let before = self.subtract(self.scan_in_rows(Combiner::Add, totals, 512), totals);
        let within = self.convert(self.bitcast_to(sums, Element::U8, &[words, 8]), Element::S32);
        let counts = self.add(within, self.broadcast_in_dim(before, &[words, 8], &[0]));
        self.slice_rows(self.reshape(counts, &[8 * words]), 0, length)
    }
}

/// The number of rows that hold `length` elements.
fn rows_of(length: i64, row: i64) -> i64 {
    length / row + i64::from(length % row != 0)
}
