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

/// A table without columns would only lead to further problems.
#[test]
fn a_file_of_which_nothing_can_be_read_is_one_error() {
    struct Nothing(&'static [(&'static str, &'static str)]);
    impl Catalog for Nothing {
        fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
            let unsupported = self.0.iter().map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect();
            let field = Field { name: "x".to_owned(), ty: Type::I64, nullable: true };
            let fields = if name == "other" { vec![field] } else { vec![] };
            Ok(Some(BoundTable { fields, unsupported, ..BoundTable::default() }))
        }
    }
    let told = |columns, rest: &str| {
        let source = format!("table t from \"a.csv\"\n{rest}");
        let (file, _) = parse(&source);
        shown(&source, &analyze(&file, &source, &Nothing(columns)).1)
    };
    let names = &[("a", dj_runtime::io::SAME_NAME), ("", dj_runtime::io::NO_NAME)];
    insta::assert_snapshot!(told(names, "export r = t | filter a > 1 | group b { n = count() }"), @r#"
    error[DJ0405]: `t` has no column that DJ reads: the file has `a` (several columns have that name), one without a name
      `"a.csv"` this file
      help: give every column of the file a name of its own
    "#);
    assert_eq!(told(names, "export r = t | join t as u on a").matches("error").count(), 1);
    insta::assert_snapshot!(told(&[("a", "List")], "export r = t | sort a"), @r#"
    error[DJ0405]: `t` has no column that DJ reads: the file has `a` (List)
      `"a.csv"` this file
      help: write those columns to the file as another type
    "#);
    // A side of a join that has other columns says the same of those that it leaves out, and once.
    let joined = told(
        &[("a", dj_runtime::io::SAME_NAME)],
        "table other from \"b.csv\"\nexport r = other | join other as o on a | select n = 1",
    );
    assert_eq!(joined.matches("error[DJ0405]: several columns of the file").count(), 1, "{joined}");
    assert_eq!(joined.matches("error").count(), 2, "{joined}");
}

/// The tables of a program whose file is a CSV of three columns.
fn with_a_text_file(source: &str) -> (String, Vec<String>) {
    struct TextFile;
    impl Catalog for TextFile {
        fn table(&self, _: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
            let field = |(name, ty): (&str, Type)| Field { name: name.to_owned(), ty, nullable: true };
            let fields = [("zip", Type::I64), ("city", Type::Str), ("n o", Type::F64)].map(field).into();
            Ok(Some(BoundTable { file: "a.csv".to_owned(), fields, ..BoundTable::default() }))
        }
    }
    let (file, _) = parse(source);
    let (program, diagnostics) = analyze(&file, source, &TextFile);
    let columns = program.iter().flat_map(|program| &program.tables).flat_map(|table| &table.columns);
    (shown(source, &diagnostics), columns.map(|column| column.field.to_string()).collect())
}

#[test]
fn the_other_columns_are_the_files_in_its_order() {
    let (told, columns) = with_a_text_file("table t { city: str, zip: str, .. }\nexport r = t");
    assert_eq!((told.as_str(), columns), ("", vec!["zip: str".into(), "city: str".into(), "n o: f64?".into()]));
    let (told, columns) = with_a_text_file("table t { city: str }\nexport r = t");
    assert_eq!((told.as_str(), columns), ("", vec!["city: str".to_owned()]));
    let (told, _) = with_a_text_file("table t { city: str, town: str, .. }\nexport r = t");
    assert!(told.starts_with("error[DJ0404]: `a.csv` has no column `town`"), "{told}");
}

#[test]
fn a_column_that_is_not_declared_has_a_way_in() {
    insta::assert_snapshot!(with_a_text_file("table t { city: str }\nexport r = t | filter `n o` > 1.0").0, @r"
    error[DJ0201]: unknown column `n o`
      ``n o`` the file of `t` has it, and the table does not declare it
      help: declare it: ``n o`: f64?`
      help: or end the list with `..`, which reads all other columns too: `table t { ..., .. }`
    ");
    insta::assert_snapshot!(with_a_text_file("table t { city: str }\nexport r = t | drop zip").0, @r"
    error[DJ0201]: unknown column `zip`
      `zip` the file of `t` has it, and the table does not declare it
      help: declare it: `zip: i64?`
      help: or end the list with `..`, which reads all other columns too: `table t { ..., .. }`
    ");
}

#[test]
fn other_columns_need_a_file() {
    let told = |source: &str| {
        let (file, _) = parse(source);
        shown(source, &analyze(&file, source, &crate::analyze::NothingBound).1)
    };
    insta::assert_snapshot!(told("table t { city: str, .. }\nexport r = t | filter other > 1"), @r"
    error[DJ0214]: the other columns of `t` are not known
      `..` they are the bound file's, and the table is bound to no file
      help: bind a file with `--bind t=PATH`
      help: or declare every column that the program reads, and leave the `..` out
    ");
    insta::assert_snapshot!(told("table t from \"t.csv\" { city: str, .. }\nexport r = t"), @r"
    error[DJ0214]: the other columns of `t` are not known
      `..` they are the bound file's, and no file is there
      help: bind a file with `--bind t=PATH`
      help: or declare every column that the program reads, and leave the `..` out
    ");
    assert_eq!(told("table t from \"t.csv\" { city: str }\nexport r = t"), "");
}

#[test]
fn a_missing_column_is_missing_in_a_file() {
    assert!(told("table t { zz: i64? }\nexport r = t").starts_with("error[DJ0404]: `a.parquet` has no column `zz`"));
}
