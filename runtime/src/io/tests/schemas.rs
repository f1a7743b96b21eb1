//! Schemas of files, inference and uniqueness.

use super::*;
use crate::io::{is_unique, schema};

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
    assert_eq!(of_csv("a,b\n18446744073709551615,0.12345678901234567890\n1,NaN\n"), "a: u64?, b: f64?");
    assert_eq!(of_csv("a,b\n18446744073709551616,9223372036854775808\n1,-1\n"), "a: str?, b: str?");
    assert_eq!(of_csv("a,b,c\n-INF,nan,1e400\nInfinity,,99999999999999999999\n"), "a: f64?, b: f64?, c: f64?");
    assert_eq!(of_csv("a\n1\n\n3\n"), "a: i64?");
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
    let unique = |column, most| is_unique(path.to_str().unwrap(), column, most).unwrap();
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
