//! Every problem is an error that names the file and the place.

use super::*;
use crate::io::IoErrorKind;
use arrow::array::{ArrayRef, ListArray, RecordBatch, TimestampNanosecondArray};
use arrow::datatypes::Int64Type;
use std::path::PathBuf;
use std::sync::Arc;

fn x() -> [Field; 1] {
    [field("x", Type::I64, false)]
}

/// A directory with one file of this name and text.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

/// The message without the directory.
fn message(error: &IoError, path: &Path) -> String {
    let directory = format!("{}/", path.parent().unwrap().display());
    std::iter::once(&error.message)
        .chain(&error.help)
        .map(|line| line.replace(&directory, ""))
        .collect::<Vec<_>>()
        .join("\n")
}

fn csv(text: &str, fields: &[Field]) -> String {
    let (_directory, path) = file("t.csv", text.as_bytes());
    message(&error(&path, fields), &path)
}

#[test]
fn nothing_there() {
    let (directory, path) = file("trips.csv", b"x\n1\n");
    let missing = error(&path.with_file_name("trip.csv"), &x());
    assert_eq!(message(&missing, &path), "there is no file `trip.csv`\na file with a similar name exists: `trips.csv`");
    assert_eq!(missing.kind.code().0, "DJ0401");
    assert_eq!(error(&directory.path().join("*.parquet"), &x()).kind, IoErrorKind::NotFound);
    assert_eq!(error(directory.path(), &x()).kind, IoErrorKind::NotFound);
    assert_eq!(error(Path::new("s3://bucket/x.parquet"), &x()).kind, IoErrorKind::UnknownFormat);
}

#[test]
#[cfg(target_os = "linux")]
fn devices_are_no_files() {
    let (directory, _) = file("other.csv", b"x\n1\n");
    let path = directory.path().join("t.csv");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    insta::assert_snapshot!(message(&error(&path, &x()), &path), @r"
    cannot read `t.csv`: it is a device
    copy what it gives to a file first
    ");
    let missing = error(&path.with_file_name("u.csv"), &x());
    assert_eq!(missing.help, Vec::<String>::new(), "`t.csv` is no similar name");
}

#[test]
fn damaged_files() {
    let cases: [(&str, &[u8]); 9] = [
        ("empty.csv", b""),
        ("empty.parquet", b""),
        ("text.parquet", b"x\n1\n"),
        ("short.parquet", b"PAR1"),
        ("noise.parquet", b"PAR1\x00\x01\x02\x03\xff\xff\xff\x7fPAR1"),
        ("short.arrow", b"ARROW1\0\0"),
        ("noise.arrow", b"nonsense that is long enough"),
        ("packed.csv", b"\x1f\x8b\x08rest"),
        ("latin.csv", b"x\n\xe4\n"),
    ];
    for (name, bytes) in cases {
        let (_directory, path) = file(name, bytes);
        let error = error(&path, &x());
        assert_eq!(error.kind, IoErrorKind::Damaged, "{name}: {error}");
        assert!(error.message.contains(name), "{error}");
    }
    let (_directory, path) = file("t.xlsx", b"text");
    assert_eq!(error(&path, &x()).kind, IoErrorKind::UnknownFormat);
}

#[test]
fn files_that_end_early() {
    let directory = tempfile::tempdir().unwrap();
    let rows: Vec<_> = (0..5_000).map(|row| Scalar::Int(row * 77_777 % 9_973)).collect();
    let whole = fixture(vec![(field("x", Type::I64, false), rows)]);
    for name in ["t.parquet", "t.arrow"] {
        let path = directory.path().join(name);
        whole.write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in [1, 5, 13, bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = error(&path, &x());
            assert_eq!(error.kind, IoErrorKind::Damaged, "{name} of {length} bytes: {error}");
        }
        // Damage in the middle is an error or other values, never a crash.
        for at in (8..bytes.len()).step_by(bytes.len() / 61 + 1) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x5a;
            std::fs::write(&path, &damaged).unwrap();
            drop(read(&path, &x(), 512));
        }
    }
}

#[test]
fn fields_that_are_not_of_their_type() {
    insta::assert_snapshot!(csv("x,y\n1,\n\n2,\nabc,\n", &x()), @r"
    line 5 of `t.csv`: `abc` is not of type i64 in column `x`
    correct the file, or declare `x` with another type; `str` takes any text
    ");
    let decimal = [field("x", Type::Decimal { precision: 4, scale: 1 }, false)];
    insta::assert_snapshot!(csv("x\n1.25\n", &decimal), @r"
    line 2 of `t.csv`: `1.25` is not of type decimal(4, 1) in column `x`
    correct the file, or declare `x` with another type; `str` takes any text
    ");
    let date = [field("x", Type::Date, true)];
    assert!(csv("x\n2023-02-29\n", &date).starts_with("line 2"));
    let time = [field("x", Type::Timestamp, true)];
    assert!(csv("x\n2023-02-28 24:00:00\n", &time).starts_with("line 2"));
    assert!(csv("x\n2023-02-28 23:00:00.1234567\n", &time).starts_with("line 2"));
}

#[test]
fn blanks_around_values() {
    let of = |ty| [field("x", ty, true)];
    let text = |value: &str| format!("x,y\n\"{value}\",1\n");
    let decimal = Type::Decimal { precision: 4, scale: 1 };
    let others = ['\u{1c}', '\u{85}', '\u{a0}', '\u{3000}'];
    for (value, ty) in
        [("12", Type::I8), ("1.5", Type::F32), ("1.5", decimal), ("2024-01-02", Type::Date), ("1:00", Type::Duration)]
    {
        for blank in [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'] {
            let (_directory, path) = file("t.csv", text(&format!("{blank}{value}{blank}")).as_bytes());
            assert!(!read(&path, &of(ty), 4).unwrap().values[0][0].is_null(), "{blank:?} {value}");
        }
        for other in others {
            assert!(csv(&text(&format!("{other}{value}")), &of(ty)).contains("is not of type"), "{other:?} {value}");
            assert!(csv(&text(&format!("{value}{other}")), &of(ty)).contains("is not of type"), "{other:?} {value}");
        }
    }
    for blank in [' ', '\t'].into_iter().chain(others) {
        let told = csv(&text(&format!("{blank}true")), &of(Type::Bool));
        assert!(told.starts_with(&format!("line 2 of `t.csv`: `{blank}true` is not of type bool")), "{told}");
        assert!(csv(&text(&format!("true{blank}")), &of(Type::Bool)).contains("is not of type bool"), "{blank:?}");
    }
    // A field of blanks is empty.
    for ty in [Type::I64, Type::Bool, Type::Date] {
        let (_directory, path) = file("t.csv", text(" \t").as_bytes());
        assert_eq!(read(&path, &of(ty), 4).unwrap().values, [[Scalar::Null]]);
        assert!(csv(&text("\u{a0}"), &of(ty)).contains("is not of type"), "{ty}");
    }
}

#[test]
fn quotes_that_are_never_closed() {
    insta::assert_snapshot!(csv("x,s\n1,a\n2,\"b\n3,c\n", &x()), @r#"
    `t.csv` cannot be read: the quote that opens in line 3 is never closed
    close it; a `"` that begins a field and belongs to its text is written as `"""`
    "#);
    assert!(csv("\"x\n1\n", &x()).contains("the quote that opens in line 1"));
}

/// What stands there is neither part of the value nor left out; spaces are, as in DuckDB.
#[test]
fn text_behind_a_closing_quote() {
    insta::assert_snapshot!(csv("x,s\n1,a\n2,\"b\"c\n3,d\n", &x()), @r#"
    `t.csv` cannot be read: text follows the closing quote of a field in line 3
    close the quote behind the text; a `"` within quotes is written as `""`
    "#);
    assert!(csv("x\n\"5\"0\n", &x()).contains("in line 2"));
    assert!(csv("\"x\"y\n1\n", &x()).contains("in line 1"));
    assert!(csv("x,s\n1\n2,\"b\"c\n", &x()).contains("line 2 of `t.csv` has fewer fields"));
    let (_directory, path) = file("t.csv", b"x,s\n\"5\" ,\"a\"  \n");
    let read = read(&path, &[field("x", Type::I64, false), field("s", Type::Str, false)], 4).unwrap();
    assert_eq!(read.values, [vec![Scalar::Int(5)], vec![Scalar::str("a")]]);
}

#[test]
fn the_line_of_an_error_is_the_files() {
    // A blank line before the header and below it, and a field of two lines.
    let text = |last: &str| format!("\n x,y\r\n\n1,\"a\nb\"\n\n{last}\n");
    assert!(csv(&text("z,1"), &x()).starts_with("line 7 of `t.csv`: `z` is not of type i64"));
    assert!(csv(&text(",1"), &x()).starts_with("line 7 of `t.csv`: null in column `x`"));
    assert_eq!(csv(&text("1"), &x()), "line 7 of `t.csv` has fewer fields than the header: 1 instead of 2");
    assert_eq!(csv(&text("1,2,3"), &x()), "line 7 of `t.csv` has more fields than the header: 3 instead of 2");
    let (_directory, path) = file("t.csv", b"x,y\n\n1,\"a\nb\"\n2,\xff\n");
    let error = error(&path, &[field("y", Type::Str, false)]);
    assert_eq!(
        error.message,
        format!("`{}` cannot be read: Encountered invalid UTF-8 data for line 5 and field 2", path.display())
    );
    // One column: a blank line is a row.
    assert!(csv("x\n1\n\n\nz\n", &[field("x", Type::I64, true)]).starts_with("line 5 of `t.csv`: `z`"));
}

#[test]
fn nulls_where_none_are_declared() {
    insta::assert_snapshot!(csv("x,y\n1,1\n,2\n", &x()), @r"
    line 3 of `t.csv`: null in column `x`
    declare it as `x: i64?` if it may be null
    ");
    assert!(csv("x\n1\n\n3\n", &x()).starts_with("line 3 of `t.csv`: null in column `x`"));
}

#[test]
fn columns_that_are_not_as_declared() {
    insta::assert_snapshot!(csv("X1,y\n1,1\n", &[field("x1", Type::I64, true)]), @r"
    `t.csv` has no column `x1`
    a column with a similar name exists: `X1`
    ");
    insta::assert_snapshot!(csv("a,a\n1,1\n", &[field("a", Type::I64, true)]), @r"
    `t.csv` has more than one column `a`
    give the columns of the file different names
    ");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    fixture(vec![(field("x", Type::F64, true), vec![])]).write(&path).unwrap();
    insta::assert_snapshot!(message(&error(&path, &[field("x", Type::I32, true)]), &path), @r"
    column `x` of `t.parquet` is f64, read as i32?
    declare it as `f64?`, and convert it where it is read: `x as i32`
    ");
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)])]));
    let batch = RecordBatch::try_from_iter([("x", list)]).unwrap();
    let out = std::fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let error = error(&path, &x());
    assert_eq!(error.kind, IoErrorKind::WrongType);
    assert!(message(&error, &path).ends_with("DJ has no such type; leave the column out"));
}

#[test]
fn values_that_would_lose_something() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.arrow");
    let array: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(1_000), None, Some(1)]));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let mut writer =
        arrow::ipc::writer::FileWriter::try_new(std::fs::File::create(&path).unwrap(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    insta::assert_snapshot!(message(&error(&path, &[field("x", Type::Timestamp, true)]), &path), @r"
    row 3 of `t.arrow`: column `x`, read as `timestamp?`: a time with nanoseconds, and DJ holds microseconds
    truncate the times to microseconds when writing the file
    ");
}

#[test]
fn files_that_differ() {
    let (directory, path) = file("a.csv", b"x\n1\n");
    std::fs::write(directory.path().join("b.csv"), "y\n2\n").unwrap();
    let error = error(&directory.path().join("*.csv"), &x());
    assert_eq!(error.kind, IoErrorKind::FilesDiffer);
    insta::assert_snapshot!(message(&error, &path), @r"
    `b.csv` has no column `x`
    it has `y`
    the files of one binding must have the same columns, and `a.csv` has it
    or declare it as `x: i64?`: its values in such a file are null
    ");
}

#[test]
fn places_that_cannot_be_written() {
    let (directory, path) = file("t.csv", b"old");
    let one = fixture(vec![(field("x", Type::I64, false), ints(0..2))]);
    let kind = |path: &Path| one.write(path).unwrap_err().kind;
    assert_eq!(kind(&directory.path().join("t.json")), IoErrorKind::UnknownFormat);
    assert_eq!(kind(&directory.path().join("nowhere/t.csv")), IoErrorKind::Unwritable);
    std::fs::create_dir(directory.path().join("d.csv")).unwrap();
    assert_eq!(kind(&directory.path().join("d.csv")), IoErrorKind::Unwritable);
    // What was there stays if the writer is dropped.
    let mut writer = TableWriter::create(&path, &one.columns).unwrap();
    writer.write(&one.table, &one.dictionaries).unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let one = fixture(vec![(field("x", Type::I64, false), ints(0..2))]);
    for name in ["full.csv", "full.parquet", "full.arrow"] {
        let path = directory.path().join(name);
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let error = one.write(&path).unwrap_err();
        assert_eq!(error.kind, IoErrorKind::Unwritable, "{name}");
        assert!(error.message.contains("No space left"), "{error}");
    }
}

#[test]
fn errors_become_diagnostics() {
    let (_directory, path) = file("t.csv", b"x\nabc\n");
    let diagnostic = dj_grammar::Diagnostic::from(error(&path, &x()));
    assert_eq!((diagnostic.code.0, diagnostic.help.len()), ("DJ0407", 1));
}
