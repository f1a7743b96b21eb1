//! Tables as text.

use super::*;
use crate::io::Printed;

fn sample() -> Fixture {
    fixture(vec![
        (field("name", Type::Str, true), vec![Scalar::str("a,\"b\""), Scalar::Null, Scalar::str("")]),
        (field("n", Type::I64, false), ints([1, -20, 300])),
        (field("x", Type::F64, true), vec![Scalar::Float(0.5), Scalar::Null, Scalar::Float(f64::NAN)]),
        (field("d", Type::Decimal { precision: 9, scale: 2 }, false), ints([5, -120, 0])),
        (field("day", Type::Date, true), vec![Scalar::Int(0), Scalar::Int(19_723), Scalar::Null]),
        (field("at", Type::Timestamp, false), ints([0, -1, 1_500_000])),
        (field("ok", Type::Bool, true), vec![Scalar::Bool(true), Scalar::Bool(false), Scalar::Null]),
    ])
}

fn print(with: impl Fn(&Printed<'_>, &mut Vec<u8>)) -> String {
    let sample = sample();
    let printed = Printed { table: &sample.table, columns: &sample.columns, dictionaries: &sample.dictionaries };
    let mut out = Vec::new();
    with(&printed, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn as_table() {
    insta::assert_snapshot!(print(|printed, out| printed.table(out, None).unwrap()), @r#"
    ┌───────┬─────┬──────┬───────┬────────────┬────────────────────────────┬───────┐
    │ name  ┆   n ┆    x ┆     d ┆ day        ┆ at                         ┆ ok    │
    ╞═══════╪═════╪══════╪═══════╪════════════╪════════════════════════════╪═══════╡
    │ a,"b" ┆   1 ┆  0.5 ┆  0.05 ┆ 1970-01-01 ┆ 1970-01-01 00:00:00        ┆ true  │
    │ null  ┆ -20 ┆ null ┆ -1.20 ┆ 2024-01-01 ┆ 1969-12-31 23:59:59.999999 ┆ false │
    │       ┆ 300 ┆  NaN ┆  0.00 ┆ null       ┆ 1970-01-01 00:00:01.5      ┆ null  │
    └───────┴─────┴──────┴───────┴────────────┴────────────────────────────┴───────┘
    3 rows
    "#);
    insta::assert_snapshot!(print(|printed, out| printed.table(out, Some(2)).unwrap()), @r#"
    ┌───────┬─────┬─────┬──────┬────────────┬───────────────────────┬──────┐
    │ name  ┆   n ┆   x ┆    d ┆ day        ┆ at                    ┆ ok   │
    ╞═══════╪═════╪═════╪══════╪════════════╪═══════════════════════╪══════╡
    │ a,"b" ┆   1 ┆ 0.5 ┆ 0.05 ┆ 1970-01-01 ┆ 1970-01-01 00:00:00   ┆ true │
    │ …     ┆   … ┆   … ┆    … ┆ …          ┆ …                     ┆ …    │
    │       ┆ 300 ┆ NaN ┆ 0.00 ┆ null       ┆ 1970-01-01 00:00:01.5 ┆ null │
    └───────┴─────┴─────┴──────┴────────────┴───────────────────────┴──────┘
    3 rows, 2 shown
    "#);
}

#[test]
fn as_csv() {
    insta::assert_snapshot!(print(|printed, out| {
        printed.csv_header(out).unwrap();
        printed.csv_rows(out).unwrap();
    }), @r#"
    name,n,x,d,day,at,ok
    "a,""b""",1,0.5,0.05,1970-01-01,1970-01-01 00:00:00,true
    ,-20,,-1.20,2024-01-01,1969-12-31 23:59:59.999999,false
    "",300,NaN,0.00,,1970-01-01 00:00:01.5,
    "#);
}

#[test]
fn one_column_tells_null_from_empty_text() {
    let written = |ty, values| {
        let one = fixture(vec![(field("a", ty, true), values)]);
        let printed = Printed { table: &one.table, columns: &one.columns, dictionaries: &one.dictionaries };
        let mut out = Vec::new();
        printed.csv_header(&mut out).unwrap();
        printed.csv_rows(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    // As DuckDB writes them.
    assert_eq!(written(Type::Str, vec![Scalar::Null, Scalar::str(""), Scalar::str("x")]), "a\n\n\"\"\nx\n");
    assert_eq!(written(Type::I64, vec![Scalar::Int(1), Scalar::Null]), "a\n1\n\n");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    std::fs::write(&path, written(Type::I64, vec![Scalar::Null, Scalar::Int(1), Scalar::Null])).unwrap();
    let back = read(&path, &[field("a", Type::I64, true)], 2).unwrap();
    assert_eq!(back.values, [[Scalar::Null, Scalar::Int(1), Scalar::Null]]);
}

#[test]
fn as_json() {
    insta::assert_snapshot!(print(|printed, out| printed.json(out).unwrap()), @r#"
    {"name":"a,\"b\"","n":1,"x":0.5,"d":0.05,"day":"1970-01-01","at":"1970-01-01 00:00:00","ok":true}
    {"name":null,"n":-20,"x":null,"d":-1.20,"day":"2024-01-01","at":"1969-12-31 23:59:59.999999","ok":false}
    {"name":"","n":300,"x":"NaN","d":0.00,"day":null,"at":"1970-01-01 00:00:01.5","ok":null}
    "#);
}
