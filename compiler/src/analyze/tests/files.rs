//! What analysis says of the files that tables are bound to.

use super::{analyze, shown};
use crate::analyze::{BoundTable, Catalog};
use dj_grammar::{Diagnostic, Span, parse};
use dj_runtime::types::{Field, Type};

/// One file, of a column that DJ reads and one that it does not.
struct OneFile;

impl Catalog for OneFile {
    fn table(&self, _: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        Ok(Some(BoundTable {
            file: "a.parquet".to_owned(),
            fields: vec![Field { name: "x".to_owned(), ty: Type::I64, nullable: true }],
            unsupported: vec![("c".to_owned(), "Binary".to_owned())],
            typed: true,
            ..BoundTable::default()
        }))
    }
}

fn told(source: &str) -> String {
    let (file, _) = parse(source);
    let (_, diagnostics) = analyze(&file, source, &OneFile);
    shown(source, &diagnostics)
}

#[test]
fn columns_that_are_left_out_are_named() {
    insta::assert_snapshot!(told("table t from \"a.parquet\"\nexport r = t | filter c > 1"), @r#"
    warning[DJ0405]: `t` leaves out columns that DJ does not read: `c` (Binary)
      `"a.parquet"` the file has them
      help: list the columns that the program needs; `djc schema` writes such a list
      help: or write those columns to the file as another type
    error[DJ0405]: `c` has a type that DJ does not read: Binary
      `c` the table `t` leaves it out
      help: write it to the file as another type
    "#);
    assert_eq!(told("table t from \"a.parquet\" { x: i64? }\nexport r = t | filter x > 1"), "");
}

#[test]
fn a_missing_column_is_missing_in_a_file() {
    assert!(told("table t { zz: i64? }\nexport r = t").starts_with("error[DJ0404]: `a.parquet` has no column `zz`"));
}
