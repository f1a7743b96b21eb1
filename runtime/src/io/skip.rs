//! Which row groups need not be read, by their statistics. When in doubt, a row group is read.

use super::file::{Contents, InputFile, Needs};
use super::parquet_file::{ParquetFile, rows};
use super::statistics::{ChunkFacts, Range as Bounds, facts};
use crate::artifact::{ScanPredicate, ScanValue};
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
    let facts_of = |column: usize| facts(file, group, needs.columns[column]?, needs.spec.columns[column].field.ty);
    is_refuted(needs.predicates, &facts_of)
}

/// Whether no row satisfies all predicates, where `facts_of` says what is known of a column of the table.
fn is_refuted(predicates: &[ScanPredicate], facts_of: &dyn Fn(usize) -> Option<ChunkFacts>) -> bool {
    predicates.iter().any(|predicate| match predicate {
        ScanPredicate::Compare { column, op, value: ScanValue::Literal(value) } => {
            facts_of(*column).is_some_and(|facts| never(&facts, *op, value))
        }
        // What a parameter is nobody has said.
        ScanPredicate::Compare { value: ScanValue::Param(_), .. } => false,
        ScanPredicate::IsNull { column, is } => facts_of(*column).is_some_and(|facts| {
            let none = if *is { 0 } else { facts.rows };
            facts.nulls == Some(none)
        }),
        ScanPredicate::Any(lists) => lists.iter().all(|list| is_refuted(list, facts_of)),
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
    fn one_of_several_lists_is_enough() {
        let facts = |column| {
            let (lo, hi, nulls) = [(3, 7, 0), (20, 30, 10), (20, 30, 4)][column];
            Some(ChunkFacts { range: Some(Bounds::Int { lo, hi, exact: true }), nulls: Some(nulls), rows: 10 })
        };
        let refuted = |predicate| is_refuted(&[predicate], &facts);
        let less = |column, value| ScanPredicate::compare(column, CompareOp::Less, Scalar::Int(value));
        let is_null = |column, is| ScanPredicate::IsNull { column, is };
        assert!(refuted(is_null(0, true)) && !refuted(is_null(0, false)));
        assert!(!refuted(is_null(1, true)) && refuted(is_null(1, false)));
        assert!(!refuted(is_null(2, true)) && !refuted(is_null(2, false)));
        assert!(refuted(ScanPredicate::Any(vec![vec![less(0, 3)], vec![less(2, 40), less(2, 20)]])));
        assert!(!refuted(ScanPredicate::Any(vec![vec![less(0, 3)], vec![less(2, 40)]])));
        assert!(refuted(ScanPredicate::Any(vec![])));
        let param = ScanPredicate::Compare { column: 0, op: CompareOp::Less, value: ScanValue::Param(0) };
        assert!(!refuted(param.clone()));
        assert!(refuted(ScanPredicate::Any(vec![vec![param]]).with_params(&[Scalar::Int(3)])));
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
