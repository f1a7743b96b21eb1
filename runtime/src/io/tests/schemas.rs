//! Schemas of files, inference and uniqueness.

use super::*;
use crate::io::{IoErrorKind, NO_NAME, Others, SAME_NAME, is_unique, schema, schema_as};

fn of_csv(text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let schema = schema(path.to_str().unwrap()).unwrap();
    schema.fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn csv_types_are_inferred() {
    let text = "i,f,b,d,t,s,mixed,none\n1,1.5,true,2024-01-31,2024-01-31T08:30:00Z,x,1,\n-2,3,FALSE,2023-12-01,2024-01-31,,a,\n";
    assert_eq!(of_csv(text), "i: i64?, f: f64?, b: bool?, d: date?, t: timestamp?, s: str?, mixed: str?, none: str?");
    assert_eq!(of_csv("\u{feff}a\tb,c\n1,2\n"), "a\tb: i64?, c: i64?");
    assert_eq!(of_csv("only,header\n"), "only: str?, header: str?");
}

#[test]
fn csv_numbers_are_inferred_without_loss() {
    assert_eq!(of_csv("a,b\n9223372036854775807,0.12345678901234567890\n1,NaN\n"), "a: i64?, b: f64?");
    assert_eq!(of_csv("a,b\n9223372036854775808,-9223372036854775809\n1,1\n"), "a: str?, b: str?");
    assert_eq!(of_csv("a,b\n18446744073709551616,9223372036854775808\n1,-1\n"), "a: str?, b: str?");
    assert_eq!(of_csv("a,b,c\n-INF,nan,1e400\nInfinity,,99999999999999999999\n"), "a: f64?, b: f64?, c: f64?");
    assert_eq!(of_csv("a\n1\n\n3\n"), "a: i64?");
}

/// Checked against DuckDB's sniffer.
#[test]
fn csv_texts_that_are_more_than_numbers_stay_texts() {
    for text in ["00501", "+1", "00", "00.5", "+1.5", "01e5", "+1e5", "1_000"] {
        assert_eq!(of_csv(&format!("a,b\n1,{text}\n2,{text}\n")), "a: i64?, b: str?", "{text}");
        assert_eq!(of_csv(&format!("a,b\n1,1\n2,{text}\n")), "a: i64?, b: str?", "{text}");
    }
    for (text, ty) in [("0", "i64"), ("-0", "i64"), ("0.5", "f64"), (".5", "f64"), ("5.", "f64"), ("1e5", "f64")] {
        assert_eq!(of_csv(&format!("a,b\n1,{text}\n2,{text}\n")), format!("a: i64?, b: {ty}?"), "{text}");
    }
}

/// Checked against DuckDB's sniffer, which takes a fraction with blanks behind it, and a time with any but spaces, for text.
#[test]
fn csv_blanks_are_those_of_ascii_and_not_around_bools() {
    let values =
        [("12", "i64"), ("1.5", "f64"), ("nan", "f64"), ("2024-01-02", "date"), ("2024-01-02 03:04", "timestamp")];
    let of_both = |value: &str, blank: char| {
        let ty = |field: String| of_csv(&format!("a,b\n1,\"{field}\"\n1,\"{value}\"\n")).replace("a: i64?, b: ", "");
        [ty(format!("{blank}{value}")), ty(format!("{value}{blank}"))]
    };
    for blank in [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'] {
        for (value, ty) in values {
            assert_eq!(of_both(value, blank), [format!("{ty}?"), format!("{ty}?")], "{blank:?} {value}");
        }
        assert_eq!(of_both("true", blank), ["str?", "str?"], "{blank:?}");
    }
    for other in ['\u{1c}', '\u{1f}', '\u{85}', '\u{a0}', '\u{2003}', '\u{200b}', '\u{3000}', '\u{feff}'] {
        for (value, _) in values.into_iter().chain([("false", "bool")]) {
            assert_eq!(of_both(value, other), ["str?", "str?"], "{other:?} {value}");
        }
        let between = [format!("2024-01-02 {other}03:04"), format!("2024-01-02 03:04{other}+01")];
        for time in between {
            assert_eq!(of_csv(&format!("a,b\n1,{time}\n")), "a: i64?, b: str?", "{other:?}");
        }
    }
    assert_eq!(of_csv("a,b,c\n1,true,\u{a0}\n ,  ,\n"), "a: i64?, b: bool?, c: str?");
}

#[test]
fn csv_times_have_slashes_too() {
    for (text, ty) in [
        ("2015/01/01 01:00:00", "timestamp"),
        ("2015/1/1T01:00", "timestamp"),
        ("2015/01/01", "date"),
        ("2015-1-1", "date"),
        ("2015/01-01", "str"),
        ("01/02", "str"),
    ] {
        assert_eq!(of_csv(&format!("a,b\n1,{text}\n")), format!("a: i64?, b: {ty}?"), "{text}");
    }
}

#[test]
fn every_csv_file_of_a_binding_is_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("a.csv", "zip,x,y,z\n10115,1,1,\n");
    write("b.csv", "x,zip,y,z\n1.5,00501,true,3\n");
    write("c.csv", "zip,y,x,z\n,,,\n");
    let schema = schema(directory.path().join("*.csv").to_str().unwrap()).unwrap();
    let fields = ["zip: str?", "x: f64?", "y: str?", "z: i64?"];
    assert_eq!(schema.fields.iter().map(ToString::to_string).collect::<Vec<_>>(), fields);
}

/// Past anything that a sample would see.
#[test]
fn every_row_of_a_csv_file_is_looked_at() {
    let with_last = |last: &str| of_csv(&format!("a,b\n{}{last}\n", "10115,1\n".repeat(50_000)));
    assert_eq!(with_last("1,1"), "a: i64?, b: i64?");
    assert_eq!(with_last("00501,1"), "a: str?, b: i64?");
    assert_eq!(with_last("1,2.5"), "a: i64?, b: f64?");
    assert_eq!(with_last("\"1\",\"a \"\"b\"\"\""), "a: i64?, b: str?");
}

#[test]
fn rows_that_are_no_table_are_told_with_their_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    let rows = "10115,1\n".repeat(50_000);
    for (last, message) in [
        ("1,2,3", "line 50002 of `t.csv` has more fields than the header: 3 instead of 2"),
        ("1", "line 50002 of `t.csv` has fewer fields than the header: 1 instead of 2"),
        ("1,\"2", "`t.csv` cannot be read: the quote that opens in line 50002 is never closed"),
        ("1,\"2\"3", "`t.csv` cannot be read: text follows the closing quote of a field in line 50002"),
    ] {
        std::fs::write(&path, format!("a,b\n{rows}{last}\n")).unwrap();
        let error = schema(path.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind, IoErrorKind::Damaged);
        assert_eq!(error.message.replace(path.to_str().unwrap(), "t.csv"), message);
    }
}

/// A type that was inferred from one file is no wish for another one.
#[test]
fn texts_that_are_more_than_their_inferred_type_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    for (ty, text) in [(Type::I64, "00501"), (Type::I64, "+1"), (Type::F64, "00.5"), (Type::Bool, "1")] {
        std::fs::write(&path, format!("x\n\n{text}\n")).unwrap();
        let fields = [field("x", ty, true)];
        assert!(super::read(&path, &fields, 4).is_ok(), "declared: {text}");
        let mut spec = spec(&fields);
        spec.columns[0].is_inferred = true;
        let source = Source::open(&spec, path.to_str().unwrap()).unwrap();
        let mut chunks = source.chunks(&chunk_columns(&fields), 4, vec![]).unwrap();
        let Err(ReadError::Io(error)) = drain(&mut chunks, &fields, &mut dictionaries()) else {
            panic!("{text} is read")
        };
        let told = (error.kind, error.row, error.column.as_deref());
        assert_eq!(told, (IoErrorKind::BadValue, Some(2), Some("x")), "{error}");
        assert!(error.message.contains(&format!("line 3 of `{}`: `{text}` is more than", path.display())), "{error}");
        assert!(error.help[0].contains("`x: str`"), "{error:?}");
    }
}

#[test]
fn columns_that_only_later_files_have_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("a.csv", "x\n1\n");
    write("b.csv", "z,x\nq,2\n");
    let binding = directory.path().join("*.csv").to_str().unwrap().to_owned();
    let error = schema(&binding).unwrap_err();
    assert_eq!((error.kind, error.column.as_deref()), (IoErrorKind::FilesDiffer, Some("z")));
    assert!(error.message.ends_with("b.csv` differ: only the second has a column `z`"), "{error}");
    // Declared columns may be anywhere, and those that are not read may differ.
    let wrong = |declared: &[Field], others| schema_as(&binding, declared, others).unwrap().1.len();
    assert_eq!(wrong(&[field("z", Type::Str, true)], Others::Read), 0);
    assert_eq!(wrong(&[field("x", Type::I64, true)], Others::Read), 1);
    assert_eq!(wrong(&[field("x", Type::I64, true)], Others::Mentioned), 0);
}

#[test]
fn columns_without_a_name_of_their_own_are_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    std::fs::write(&path, "a,b,,a\n1,2,3,4\n").unwrap();
    let schema = schema(path.to_str().unwrap()).unwrap();
    assert_eq!(schema.fields, [field("b", Type::I64, true)]);
    let why = [("a", SAME_NAME), ("", NO_NAME)].map(|(name, why)| (name.to_owned(), why.to_owned()));
    assert_eq!(schema.unsupported, why);
}

#[test]
fn parquet_records_bounds_nulls_and_distinct_texts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    let rows = 1000;
    fixture(vec![
        (field("x", Type::I32, false), ints((0..rows).map(|row| row - 7))),
        (field("s", Type::Str, true), (0..rows).map(|row| Scalar::str(&format!("{}", row % 12))).collect()),
    ])
    .write(&path)
    .unwrap();
    let schema = schema(path.to_str().unwrap()).unwrap();
    assert_eq!(schema.rows, Some(1000));
    assert_eq!(schema.fields, [field("x", Type::I32, false), field("s", Type::Str, true)]);
    insta::assert_snapshot!(format!("{:?}\n{:?}", schema.recorded[0], schema.recorded[1]), @r"
    Recorded { bounds: Some(Int { lo: -7, hi: 992 }), not_null: true, distinct: None }
    Recorded { bounds: None, not_null: true, distinct: Some(12) }
    ");
}

#[test]
fn files_must_agree() {
    let directory = tempfile::tempdir().unwrap();
    fixture(vec![(field("x", Type::I32, false), vec![])]).write(&directory.path().join("a.parquet")).unwrap();
    fixture(vec![(field("x", Type::I64, false), vec![])]).write(&directory.path().join("b.parquet")).unwrap();
    let error = schema(directory.path().to_str().unwrap()).unwrap_err();
    assert!(error.message.ends_with("differ: column `x` is i32 and i64"), "{error}");
}

/// Parquet files of one table as they come: narrower integers, a column of nulls only, more columns, and fewer.
fn files_that_differ() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fixture(vec![
        (field("x", Type::I32, false), ints([1, 2])),
        (field("s", Type::Str, true), texts(&["a", "b"])),
        (field("other", Type::Bool, true), vec![Scalar::Null; 2]),
    ])
    .write(&path("a.parquet"))
    .unwrap();
    fixture(vec![(field("s", Type::Str, true), vec![Scalar::Null]), (field("x", Type::I64, true), ints([1 << 40]))])
        .write(&path("b.parquet"))
        .unwrap();
    fixture(vec![(field("x", Type::U8, false), ints([200]))]).write(&path("c.parquet")).unwrap();
    let nulls = arrow::array::RecordBatch::try_from_iter_with_nullable([
        ("x", std::sync::Arc::new(arrow::array::NullArray::new(1)) as arrow::array::ArrayRef, true),
        ("s", std::sync::Arc::new(arrow::array::NullArray::new(1)), true),
    ])
    .unwrap();
    let out = std::fs::File::create(path("d.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(out, nulls.schema(), None).unwrap();
    writer.write(&nulls).unwrap();
    writer.close().unwrap();
    directory
}

#[test]
fn declared_columns_are_read_from_files_that_differ() {
    let directory = files_that_differ();
    let binding = directory.path().to_str().unwrap();
    let declared = [field("x", Type::I64, true), field("s", Type::Str, true)];
    let (schema, wrong) = schema_as(binding, &declared, Others::Read).unwrap();
    assert_eq!(schema.fields, declared);
    // What is not declared, and not the same everywhere, is no column.
    let columns: Vec<_> = wrong.iter().map(|error| error.column.clone().unwrap()).collect();
    assert_eq!(columns, ["other"]);
    assert_eq!(schema.rows, Some(5));
    assert_eq!(schema.recorded.iter().map(|recorded| recorded.not_null).collect::<Vec<_>>(), [false, false]);
    for capacity in [1, 2, 100] {
        let found = read(directory.path(), &declared, capacity).unwrap().values;
        let x = [1, 2, 1 << 40, 200].map(Scalar::Int).into_iter().chain([Scalar::Null]).collect::<Vec<_>>();
        let s = texts(&["a", "b"]).into_iter().chain(vec![Scalar::Null; 3]).collect::<Vec<_>>();
        assert_eq!(found, [x, s]);
    }
    let text = super::error(directory.path(), &[field("s", Type::Str, false)]);
    assert!(text.message.contains("c.parquet` has no column `s`"), "{text}");
    assert_eq!(text.help.len(), 3, "{text:?}");
}

#[test]
fn what_cannot_be_read_is_told_column_by_column() {
    let directory = files_that_differ();
    let declared = [field("x", Type::I16, true), field("y", Type::I64, true), field("s", Type::Str, true)];
    let (schema, wrong) = schema_as(directory.path().to_str().unwrap(), &declared, Others::Read).unwrap();
    assert_eq!(schema.fields, declared[2..]);
    let columns: Vec<_> = wrong.iter().map(|error| error.column.clone().unwrap()).collect();
    assert_eq!(columns, ["x", "other", "y"]);
    // A column that no file has is missing, nullable or not.
    assert!(wrong[2].message.contains("a.parquet` has no column `y`"), "{wrong:?}");
}

#[test]
fn a_predicate_on_a_missing_column_skips_nothing() {
    let directory = files_that_differ();
    let declared = [field("x", Type::I64, true), field("s", Type::Str, true)];
    let skip = [ScanPredicate::compare(1, crate::expr::CompareOp::Equal, Scalar::str("a"))];
    let read = read_skipping(directory.path().to_str().unwrap(), &declared, 100, &skip).unwrap();
    assert_eq!(read.values[0].iter().filter(|value| **value == Scalar::Int(200)).count(), 1);
}

#[test]
fn uniqueness() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    fixture(vec![
        (field("id", Type::I64, true), vec![Scalar::Int(3), Scalar::Null, Scalar::Int(1), Scalar::Null]),
        (field("twice", Type::Date, false), ints([1, 2, 3, 1])),
        (field("s", Type::Str, false), texts(&["a", "b", "c", "d"])),
        (field("same", Type::Str, false), texts(&["a", "b", "c", "a"])),
        (field("f", Type::F64, false), [1.0, 2.0, 3.0, 4.0].map(Scalar::Float).to_vec()),
    ])
    .write(&path)
    .unwrap();
    let types = [("twice", Type::Date), ("s", Type::Str), ("same", Type::Str), ("f", Type::F64)];
    let unique = |column: &str, most| {
        let ty = types.iter().find(|(name, _)| *name == column).map_or(Type::I64, |(_, ty)| *ty);
        is_unique(path.to_str().unwrap(), &field(column, ty, true), most).unwrap()
    };
    assert_eq!(unique("id", 4), Some(true));
    assert_eq!(unique("twice", 4), Some(false));
    assert_eq!(unique("s", 4), Some(true));
    assert_eq!(unique("same", 4), Some(false));
    assert_eq!(unique("f", 4), None);
    assert_eq!(unique("id", 3), None);
    // Four rows of three texts and of three days: the metadata is enough.
    assert_eq!(unique("same", 0), Some(false));
    assert_eq!(unique("twice", 0), Some(false));
    assert_eq!(unique("absent", 4), None);
}
