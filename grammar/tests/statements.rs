//! Every statement and the tree it gives.

mod common;

use common::tree;

#[test]
fn tables() {
    insta::assert_snapshot!(tree(r#"table trips from "trips.parquet" {
  vendor : str
  fare   : decimal(9, 2)?
  day    : date in @2024-01-01..@2024-12-31
}"#), @r#"
    table trips from "trips.parquet"
      column vendor: str
      column fare: decimal(9, 2)?
      column day: date in (date 19723)..(date 20088)
    "#);
    insta::assert_snapshot!(tree(r#"table zones from "zones.csv""#), @r#"table zones from "zones.csv""#);
    insta::assert_snapshot!(tree("table t"), @"table t");
    insta::assert_snapshot!(tree("table t { a: i64, b: f64 in -1.5..2.0 * 3, } shard by { a, b }"), @r"
    table t shard by { a, b }
      column a: i64
      column b: f64 in (- 1.5)..(* 2.0 3)
    ");
    insta::assert_snapshot!(tree("table t { a: i64 b: str? c: bool } shard by a"), @r"
    table t shard by { a }
      column a: i64
      column b: str?
      column c: bool
    ");
    insta::assert_snapshot!(tree("table t from \"a.csv\" { zip: str, .. }\ntable u { a: i64 in 0..9 .. }"), @r#"
    table t from "a.csv"
      column zip: str
      other columns
    table u
      column a: i64 in 0..9
      other columns
    "#);
    insta::assert_snapshot!(tree(r#"table from from "a" { `let`: str }"#), @r#"
    table from from "a"
      column `let`: str
    "#);
}

#[test]
fn parameters() {
    insta::assert_snapshot!(tree("param low: decimal(9, 2) = 1.00"), @"param low: decimal(9, 2) = 1.00");
    insta::assert_snapshot!(tree("param low: i64? = null"), @"param low: i64? = null");
    insta::assert_snapshot!(tree("param since: date"), @"param since: date");
    insta::assert_snapshot!(tree("param low: i64 = -5"), @"param low: i64 = (- 5)");
}

#[test]
fn functions() {
    insta::assert_snapshot!(tree("fn pct(part, whole) = 100.0 * part / whole"), @"fn pct(part, whole) = (/ (* 100.0 part) whole)");
    insta::assert_snapshot!(tree("fn one() = 1"), @"fn one() = 1");
    insta::assert_snapshot!(tree("fn top(t, n) = t | sort -n | take 10"), @r"
    fn top(t, n)
      from t
      sort { -n }
      take 1..10
    ");
    insta::assert_snapshot!(tree("fn f(t) = t"), @"fn f(t) = t");
}

#[test]
fn bindings_and_the_last_pipeline() {
    insta::assert_snapshot!(tree(r#"let a = t
export b = a | take 1
mesh rows = 8
b | take 2"#), @r"
    let a
      from t
    export b
      from a
      take 1..1
    mesh rows = 8
    bare export result
      from b
      take 1..2
    ");
    insta::assert_snapshot!(tree("t"), @r"
    bare export result
      from t
    ");
    insta::assert_snapshot!(tree("(t | take 1) | distinct"), @r"
    bare export result
      from pipeline
        from t
        take 1..1
      distinct
    ");
    insta::assert_snapshot!(tree("let a = ((t))"), @r"
    let a
      from pipeline
        from pipeline
          from t
    ");
    insta::assert_snapshot!(tree("let a = t let b = a\nb"), @r"
    let a
      from t
    let b
      from a
    bare export result
      from b
    ");
}

#[test]
fn a_name_on_the_line_after_distinct_begins_the_last_pipeline() {
    insta::assert_snapshot!(tree("let a = t | distinct\na | take 1"), @r"
    let a
      from t
      distinct
    bare export result
      from a
      take 1..1
    ");
    insta::assert_snapshot!(tree("let a = t | distinct a | take 1"), @r"
    let a
      from t
      distinct { a }
      take 1..1
    ");
    insta::assert_snapshot!(tree("let a = t | distinct # rows\n{ a } | take 1"), @r"
    let a
      from t
      distinct { a }
      take 1..1
    ");
}

#[test]
fn newlines_do_not_matter() {
    insta::assert_snapshot!(tree(r#"let
a
=
t
|
filter
x
>
1
export b = a"#), @r"
    let a
      from t
      filter (> x 1)
    export b
      from a
    ");
    insta::assert_snapshot!(tree("# one\r\nlet a = t # two\r\n\t| take 1 # three"), @r"
    let a
      from t
      take 1..1
    ");
    insta::assert_snapshot!(tree("\u{feff}export a = t"), @r"
    export a
      from t
    ");
    insta::assert_snapshot!(tree(""), @"");
}

#[test]
fn words_are_names_where_a_name_is_expected() {
    insta::assert_snapshot!(tree(r#"table sort { filter: i64, first: str }
sort | filter filter > first and left == right | select { take, group } | sort sort | group group { count = count() }"#), @r"
    table sort
      column filter: i64
      column first: str
    bare export result
      from sort
      filter (and (> filter first) (== left right))
      select
        take
        group
      sort { sort }
      group
        by
          group
        aggregates
          count = (call count)
    ");
    insta::assert_snapshot!(tree("let join = union | join join on take | union union"), @r"
    let join
      from union
      join inner join
        using { take }
      union union
    ");
}
