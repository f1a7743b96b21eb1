//! Which row groups need not be read, by their statistics. When in doubt, a row group is read.

use super::file::{Contents, InputFile, Needs};
use super::parquet_file::{ParquetFile, rows};
use super::statistics::{ChunkFacts, Range as Bounds, facts};
use crate::expr::{CompareOp, Scalar};
use parquet::file::metadata::RowGroupMetaData;
use std::cmp::Ordering;
use std::ops::Range;

/// Whether no reader needs a row of the row group. Without readers all rows are needed.
pub(crate) fn excluded(file: &ParquetFile, group: &RowGroupMetaData, readers: &[Needs<'_>]) -> bool {
    !readers.is_empty() && readers.iter().all(|needs| is_needless(file, group, needs))
}

/// Whether no row of the row group satisfies all that a reader needs of one.
fn is_needless(file: &ParquetFile, group: &RowGroupMetaData, needs: &Needs<'_>) -> bool {
    needs.iter().any(|(column, ty, predicate)| {
        facts(file, group, *column, *ty).is_some_and(|facts| never(&facts, predicate.op, &predicate.value))
    })
}

/// The rows of a file that a reader does not need: those of whole row groups, ascending.
pub(super) fn needless(file: &InputFile, needs: &Needs<'_>) -> Vec<Range<u64>> {
    let Contents::Parquet(parquet) = &file.contents else { return vec![] };
    let mut first = 0;
    let mut ranges = Vec::new();
    for group in parquet.row_groups() {
        let end = first + rows(group);
        if is_needless(parquet, group, needs) {
            ranges.push(first..end);
        }
        first = end;
    }
    ranges
}

/// Whether `x op value` holds for no row. It does not hold where `x` is null, and never where `value` is.
fn never(facts: &ChunkFacts, op: CompareOp, value: &Scalar) -> bool {
    if facts.nulls == Some(facts.rows) || value.is_null() {
        return true;
    }
    match (&facts.range, value) {
        (Some(Bounds::Int { lo, hi, exact }), Scalar::Int(value)) => outside(op, lo.cmp(value), hi.cmp(value), *exact),
        (Some(Bounds::Int { lo, hi, exact }), Scalar::Bool(value)) => {
            let value = i128::from(*value);
            outside(op, lo.cmp(&value), hi.cmp(&value), *exact)
        }
        (Some(Bounds::Text { lo, hi, exact }), Scalar::Str(value)) => {
            outside(op, lo.as_slice().cmp(value.as_bytes()), hi.as_slice().cmp(value.as_bytes()), *exact)
        }
        (Some(Bounds::Float { lo, hi }), Scalar::Float(value)) => never_float(*lo, *hi, op, *value),
        (Some(_), _) | (None, _) => false,
    }
}

/// Whether no value between two ends compares so, given how the ends compare.
fn outside(op: CompareOp, lo: Ordering, hi: Ordering, exact: bool) -> bool {
    match op {
        CompareOp::Equal => lo.is_gt() || hi.is_lt(),
        CompareOp::NotEqual => exact && lo.is_eq() && hi.is_eq(),
        CompareOp::Less => lo.is_ge(),
        CompareOp::LessEqual => lo.is_gt(),
        CompareOp::Greater => hi.is_le(),
        CompareOp::GreaterEqual => hi.is_lt(),
    }
}

/// As [`outside`], where NaN may hide: it is in no statistics, equals itself and is greater than every number.
fn never_float(lo: f64, hi: f64, op: CompareOp, value: f64) -> bool {
    // Devices take subnormal numbers for zero.
    let flush = |value: f64| if value.abs() < f64::from(f32::MIN_POSITIVE) { 0.0 } else { value };
    let (Some(lo), Some(hi)) = (flush(lo).partial_cmp(&flush(value)), flush(hi).partial_cmp(&flush(value))) else {
        return false;
    };
    match op {
        CompareOp::Equal | CompareOp::Less | CompareOp::LessEqual => outside(op, lo, hi, false),
        CompareOp::NotEqual | CompareOp::Greater | CompareOp::GreaterEqual => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: Bounds, nulls: u64, op: CompareOp, value: Scalar) -> bool {
        never(&ChunkFacts { range: Some(range), nulls: Some(nulls), rows: 10 }, op, &value)
    }

    #[test]
    fn integers_are_skipped_by_their_ends() {
        let range = || Bounds::Int { lo: 3, hi: 7, exact: true };
        assert!(check(range(), 0, CompareOp::Equal, Scalar::Int(8)));
        assert!(!check(range(), 0, CompareOp::Equal, Scalar::Int(7)));
        assert!(check(range(), 0, CompareOp::Less, Scalar::Int(3)));
        assert!(!check(range(), 0, CompareOp::LessEqual, Scalar::Int(3)));
        assert!(check(range(), 0, CompareOp::Greater, Scalar::Int(7)));
        assert!(!check(range(), 0, CompareOp::NotEqual, Scalar::Int(7)));
        assert!(check(Bounds::Int { lo: 7, hi: 7, exact: true }, 3, CompareOp::NotEqual, Scalar::Int(7)));
        assert!(!check(Bounds::Int { lo: 7, hi: 7, exact: false }, 3, CompareOp::NotEqual, Scalar::Int(7)));
        assert!(check(range(), 10, CompareOp::Equal, Scalar::Int(5)));
        assert!(check(range(), 0, CompareOp::Equal, Scalar::Null));
    }

    #[test]
    fn nan_is_never_skipped() {
        let range = || Bounds::Float { lo: 1.0, hi: 2.0 };
        assert!(!check(range(), 0, CompareOp::Greater, Scalar::Float(5.0)));
        assert!(!check(range(), 0, CompareOp::NotEqual, Scalar::Float(1.0)));
        assert!(!check(range(), 0, CompareOp::Equal, Scalar::Float(f64::NAN)));
        assert!(!check(range(), 0, CompareOp::LessEqual, Scalar::Float(f64::NAN)));
        assert!(check(range(), 0, CompareOp::Less, Scalar::Float(1.0)));
        assert!(check(range(), 0, CompareOp::Equal, Scalar::Float(2.5)));
        let tiny = Bounds::Float { lo: 1e-310, hi: 2.0 };
        assert!(!check(tiny, 0, CompareOp::Equal, Scalar::Float(0.0)));
    }

    #[test]
    fn text_is_compared_bytewise() {
        let range = || Bounds::Text { lo: b"b".to_vec(), hi: b"d".to_vec(), exact: false };
        assert!(check(range(), 0, CompareOp::Equal, Scalar::str("a")));
        assert!(!check(range(), 0, CompareOp::Equal, Scalar::str("c")));
        assert!(check(range(), 0, CompareOp::Greater, Scalar::str("d")));
    }
}
