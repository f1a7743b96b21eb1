//! Reading: several files, skipping, narrowing, places, codes.

use super::*;
use crate::expr::CompareOp;
use crate::pjrt::Element;
use crate::types::Bounds;
use arrow::array::{
    Array, ArrayRef, Date64Array, Decimal128Array, DictionaryArray, Float32Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt8Array, UInt32Array,
};
use arrow::datatypes::Int8Type;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::sync::Arc;

/// Writes a Parquet file of small row groups.
fn write_parquet(path: &Path, group_rows: usize, columns: Vec<(&str, ArrayRef)>) {
    let columns = columns.into_iter().map(|(name, array)| (name, array.clone(), array.logical_null_count() > 0));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn numbers(range: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(range))
}

#[test]
fn files_are_read_in_order_of_their_paths() {
    let directory = tempfile::tempdir().unwrap();
    for (name, range) in [("b.parquet", 10..15), ("a.parquet", 0..10), ("c.parquet", 15..16)] {
        write_parquet(&directory.path().join(name), 4, vec![("x", numbers(range))]);
    }
    let fields = [field("x", Type::I64, false)];
    let all = Read { values: vec![ints(0..16)], chunks: vec![7, 7, 2] };
    assert_eq!(read(directory.path(), &fields, 7).unwrap(), all);
    assert_eq!(read(&directory.path().join("*.parquet"), &fields, 7).unwrap(), all);
}

#[test]
fn files_of_several_formats_make_one_table() {
    let directory = tempfile::tempdir().unwrap();
    let part = |from: i128| fixture(vec![(field("x", Type::I64, false), ints(from..from + 3))]);
    part(0).write(&directory.path().join("1.csv")).unwrap();
    part(3).write(&directory.path().join("2.parquet")).unwrap();
    part(6).write(&directory.path().join("3.arrow")).unwrap();
    let read = read(&directory.path().join("?.*"), &part(0).fields(), 2).unwrap();
    assert_eq!(read, Read { values: vec![ints(0..9)], chunks: vec![2, 2, 2, 2, 1] });
}

#[test]
fn dictionaries_of_numbers_are_read_as_their_values() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.arrow");
    let keys = Int8Array::from(vec![Some(1), None, Some(0)]);
    let array: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, numbers(7..9)));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let read = read(&path, &[field("x", Type::I64, true)], 2).unwrap();
    assert_eq!(read.values, [vec![Scalar::Int(8), Scalar::Null, Scalar::Int(7)]]);
}

#[test]
fn row_groups_are_skipped_and_rows_still_located() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    write_parquet(&path, 10, vec![("x", numbers(0..35))]);
    let fields = [field("x", Type::I64, false)];
    let skip = |op, value| vec![ScanPredicate::compare(0, op, Scalar::Int(value))];
    let read = |skip: &[ScanPredicate]| read_skipping(path.to_str().unwrap(), &fields, 8, skip).unwrap().values;
    assert_eq!(read(&skip(CompareOp::GreaterEqual, 20)), [ints(20..35)]);
    assert_eq!(read(&skip(CompareOp::Equal, 15)), [ints(10..20)]);
    assert_eq!(read(&skip(CompareOp::Less, -5)), [ints([])]);
    let both = [skip(CompareOp::Less, 25), skip(CompareOp::NotEqual, 3)].concat();
    assert_eq!(read(&both), [ints(0..30)]);

    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    let mut reader = source.chunks(&chunk_columns(&fields), 8, vec![skip(CompareOp::GreaterEqual, 20)]).unwrap();
    drain(&mut reader, &fields, &mut dictionaries()).unwrap();
    assert_eq!(reader.locate(0).unwrap().row, 21);
    assert_eq!(reader.locate(14).unwrap().row, 35);
}

#[test]
fn a_row_group_is_read_if_some_reader_needs_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    write_parquet(&path, 10, vec![("x", numbers(0..40))]);
    let fields = [field("x", Type::I64, false)];
    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    let at_least = |value| vec![ScanPredicate::compare(0, CompareOp::GreaterEqual, Scalar::Int(value))];
    let less = |value| vec![ScanPredicate::compare(0, CompareOp::Less, Scalar::Int(value))];
    // For each chunk its first value, and who needs it.
    let read = |readers: &[&[ScanPredicate]]| {
        let skips = readers.iter().map(|skip| skip.to_vec()).collect();
        let mut reader = source.chunks(&chunk_columns(&fields), 5, skips).unwrap();
        let mut found = Vec::new();
        while let Some(chunk) = reader.next_chunk(&mut dictionaries()).unwrap() {
            let needed = (0..readers.len()).map(|index| reader.is_needed_by(index, &chunk)).collect::<Vec<_>>();
            found.push((chunk.columns[0].integer(0).unwrap(), needed));
        }
        found
    };
    let (first, last, all) = (less(5), at_least(30), vec![]);
    let (one, other) = (vec![true, false], vec![false, true]);
    assert_eq!(read(&[&first, &last]), [(0, one.clone()), (5, one), (30, other.clone()), (35, other)]);
    let found = read(&[&last, &all]);
    assert_eq!(found.len(), 8);
    assert!(found.iter().all(|(value, needed)| *needed == [*value >= 30, true]));
    assert_eq!(read(&[]).len(), 8);
}

#[test]
fn rows_of_several_files_are_located() {
    let directory = tempfile::tempdir().unwrap();
    for (name, range) in [("a.csv", 0..3), ("b.csv", 3..5)] {
        fixture(vec![(field("x", Type::I64, false), ints(range))]).write(&directory.path().join(name)).unwrap();
    }
    let fields = [field("x", Type::I64, false)];
    let source = Source::open(&spec(&fields), directory.path().join("*.csv").to_str().unwrap()).unwrap();
    let mut reader = source.chunks(&chunk_columns(&fields), 4, vec![]).unwrap();
    drain(&mut reader, &fields, &mut dictionaries()).unwrap();
    let place = reader.locate(4).unwrap();
    assert_eq!((place.path.file_name().unwrap().to_str(), place.row), (Some("b.csv"), 2));
}

#[test]
fn only_rows_are_counted_where_no_column_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let one = fixture(vec![(field("x", Type::I64, true), vec![Scalar::Int(1), Scalar::Null, Scalar::Int(2)])]);
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let path = directory.path().join(name);
        one.write(&path).unwrap();
        let source = Source::open(&spec(&one.fields()), path.to_str().unwrap()).unwrap();
        let mut reader = source.chunks(&[], 2, vec![]).unwrap();
        assert_eq!(drain(&mut reader, &[], &mut dictionaries()).unwrap().chunks, [2, 1], "{name}");
    }
}

#[test]
fn narrower_elements_hold_what_fits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    write_parquet(&path, 100, vec![("x", Arc::new(Int64Array::from(vec![Some(1), None, Some(300)])) as ArrayRef)]);
    let fields = [field("x", Type::I64, true)];
    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    let read = |element, nullable| {
        let column = ChunkColumn { column: 0, element, nullable };
        drain(&mut source.chunks(&[column], 2, vec![]).unwrap(), &fields, &mut dictionaries())
    };
    let wanted = vec![Scalar::Int(1), Scalar::Null, Scalar::Int(300)];
    assert_eq!(read(Element::S16, true).unwrap().values, [wanted]);
    let ReadError::Assumption(narrow) = read(Element::S8, true).unwrap_err() else { panic!("an assumption") };
    assert_eq!((narrow.column, narrow.row), (0, 2));
    let ReadError::Assumption(null) = read(Element::S64, false).unwrap_err() else { panic!("an assumption") };
    assert_eq!(null.row, 1);
}

#[test]
fn metadata_gives_rows_bounds_and_nulls() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    let times = TimestampNanosecondArray::from(vec![Some(-1), None, Some(1_001)]);
    let decimals = Decimal128Array::from(vec![-5, 7, 9]).with_precision_and_scale(30, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", numbers(3..6)),
        ("t", Arc::new(times)),
        ("d", Arc::new(decimals)),
        ("f", Arc::new(Float32Array::from(vec![1.5, -2.5, 0.0]))),
    ];
    write_parquet(&path, 2, columns);
    let wide = Type::Decimal { precision: 18, scale: 2 };
    let fields = [
        field("x", Type::I64, false),
        field("t", Type::Timestamp, true),
        field("d", wide, false),
        field("f", Type::F64, false),
    ];
    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    assert_eq!(source.rows(), Some(3));
    assert_eq!(source.column_bounds(0), Some(Bounds::Int { lo: 3, hi: 5 }));
    assert_eq!(source.column_bounds(1), Some(Bounds::Int { lo: -1, hi: 2 }));
    assert_eq!(source.column_bounds(2), Some(Bounds::Int { lo: -5, hi: 9 }));
    assert_eq!(source.column_bounds(3), Some(Bounds::Float { lo: -2.5, hi: 1.5 }));
    assert!(source.column_not_null(0) && !source.column_not_null(1));
}

#[test]
fn other_types_are_read_where_nothing_is_lost() {
    let strings = ["b", "a", "b"];
    let keys = Int8Array::from(vec![1, 0, 1]);
    let values: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let decimals = Decimal128Array::from(vec![1, 2, 3]).with_precision_and_scale(38, 1).unwrap();
    let cases: Vec<(ArrayRef, Type, Vec<Scalar>)> = vec![
        (Arc::new(Int32Array::from(vec![1, 2, 3])), Type::I64, ints(1..4)),
        (Arc::new(Int16Array::from(vec![1, 2, 3])), Type::F32, [1.0, 2.0, 3.0].map(Scalar::Float).to_vec()),
        (Arc::new(UInt32Array::from(vec![1, 2, u32::MAX])), Type::I64, ints([1, 2, u32::MAX.into()])),
        (Arc::new(UInt8Array::from(vec![1, 2, 3])), Type::I16, ints(1..4)),
        (Arc::new(Float32Array::from(vec![0.5, 1.0, 2.0])), Type::F64, [0.5, 1.0, 2.0].map(Scalar::Float).to_vec()),
        (Arc::new(TimestampMillisecondArray::from(vec![1, -2, 3])), Type::Timestamp, ints([1_000, -2_000, 3_000])),
        (Arc::new(TimestampNanosecondArray::from(vec![1_000, 2_000, 0])), Type::Timestamp, ints([1, 2, 0])),
        (Arc::new(Date64Array::from(vec![86_400_000, 0, -86_400_000])), Type::Date, ints([1, 0, -1])),
        (Arc::new(decimals), Type::Decimal { precision: 9, scale: 1 }, ints(1..4)),
        (Arc::new(LargeStringArray::from(strings.to_vec())), Type::Str, texts(&strings)),
        (Arc::new(StringViewArray::from(strings.to_vec())), Type::Str, texts(&strings)),
        (Arc::new(DictionaryArray::<Int8Type>::new(keys, values)), Type::Str, texts(&strings)),
        (Arc::new(NullArray::new(3)), Type::I64, vec![Scalar::Null; 3]),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (array, ty, wanted) in cases {
        let fields = [field("x", ty, true)];
        let batch = RecordBatch::try_from_iter_with_nullable([("x", array.clone(), true)]).unwrap();
        let arrow = directory.path().join("t.arrow");
        let mut writer =
            arrow::ipc::writer::FileWriter::try_new(File::create(&arrow).unwrap(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let parquet = directory.path().join("t.parquet");
        write_parquet(&parquet, 2, vec![("x", array.clone())]);
        for path in [arrow, parquet] {
            assert_eq!(read(&path, &fields, 2).unwrap().values[0], wanted, "{} as {ty}", array.data_type());
        }
    }
}

#[test]
fn codes_follow_the_first_sight_whatever_the_format_and_the_chunks() {
    let directory = tempfile::tempdir().unwrap();
    let values: Vec<_> = (0..500).map(|row| Scalar::str(&format!("t{}", row * 7919 % 83))).collect();
    let one = fixture(vec![(field("s", Type::Str, false), values)]);
    let codes: Vec<_> = (0..500).map(|row| one.table.columns[0].integer(row)).collect();
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let path = directory.path().join(name);
        one.write(&path).unwrap();
        let source = Source::open(&spec(&one.fields()), path.to_str().unwrap()).unwrap();
        for capacity in [1, 7, 1000] {
            for literals in [vec![], vec!["t9".to_owned()]] {
                let mut dictionaries = Dictionaries::new(&[StringDomain { literals: literals.clone() }]).unwrap();
                let mut reader = source.chunks(&chunk_columns(&one.fields()), capacity, vec![]).unwrap();
                let mut found = vec![];
                while let Some(chunk) = reader.next_chunk(&mut dictionaries).unwrap() {
                    found.extend((0..chunk.rows).map(|row| chunk.columns[0].integer(row)));
                }
                if literals.is_empty() {
                    assert_eq!(found, codes, "{name} in chunks of {capacity}");
                } else {
                    let text = |code: &Option<i128>| dictionaries.value(0, code.unwrap() as i32).to_owned();
                    let wanted = (0..500).map(|row| one.value(0, row).as_str().unwrap().to_owned());
                    assert!(found.iter().map(text).eq(wanted), "{name} after a literal");
                }
            }
        }
    }
}

#[test]
fn a_reader_may_be_dropped_early() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    write_parquet(&path, 10, vec![("x", numbers(0..1000))]);
    let fields = [field("x", Type::I64, false)];
    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    let mut reader = source.chunks(&chunk_columns(&fields), 3, vec![]).unwrap();
    assert!(reader.next_chunk(&mut dictionaries()).unwrap().is_some());
    drop(reader);
    assert_eq!(read(&path, &fields, 1000).unwrap().values, [ints(0..1000)]);
}

#[test]
fn a_decoder_that_dies_is_not_the_end_of_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    fixture(vec![(field("s", Type::Str, false), texts(&["a"; 9]))]).write(&path).unwrap();
    let fields = [field("s", Type::Str, false)];
    let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
    // Codes do not fit into bytes; no plan asks for that.
    let wrong = ChunkColumn { column: 0, element: Element::U8, nullable: false };
    let mut reader = source.chunks(&[wrong], 4, vec![]).unwrap();
    assert!(matches!(reader.next_chunk(&mut dictionaries()), Err(ReadError::Io(_))));
    assert!(matches!(reader.next_chunk(&mut dictionaries()), Ok(None)));
}
