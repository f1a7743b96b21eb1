//! The programs of the repository: each has a plan, or asks for something that is not supported yet.

use super::{analyze, shown};
use crate::analyze::{BoundTable, Catalog};
use crate::plan::{Recorded, RowCount};
use dj_grammar::{Diagnostic, Span, parse};
use dj_runtime::types::{Field, Type};
use std::path::{Path, PathBuf};

/// The tables that the end-to-end tests generate.
pub(crate) struct Generated;

/// Rows, and columns as `name type`, with `!` after those that have no nulls; `~9` after a type: it has 9 values.
const TABLES: [(&str, u64, &str); 3] = [
    (
        "t",
        200,
        "id! i64, n! i32, g str, k i32, b bool, tiny i8, small i16, big i64, utiny u8, usmall u16, uint u32, real f32, \
         x f64, m decimal(9;2), p decimal(18;4), d date, ts timestamp, s str",
    ),
    ("dim", 8, "key! i32, name! str, weight f64, letter str"),
    ("many", 40, "seq! i64, key i32~9, tag str, v i64"),
];

impl Catalog for Generated {
    fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        let Some((_, rows, columns)) = TABLES.iter().find(|(known, ..)| *known == name) else { return Ok(None) };
        let (mut fields, mut recorded) = (Vec::new(), Vec::new());
        for (name, described) in columns.split(", ").filter_map(|column| column.split_once(' ')) {
            let nullable = !name.ends_with('!');
            let (ty, distinct) =
                described.split_once('~').map_or((described, None), |(ty, count)| (ty, count.parse().ok()));
            fields.push(Field { name: name.trim_end_matches('!').to_owned(), ty: type_of(ty), nullable });
            recorded.push(Recorded { distinct, ..Recorded::default() });
        }
        let rows = Some(RowCount::at_most(*rows));
        Ok(Some(BoundTable { fields, recorded, rows, typed: true, ..BoundTable::default() }))
    }
}

fn type_of(text: &str) -> Type {
    let plain = [
        Type::Bool,
        Type::I8,
        Type::I16,
        Type::I32,
        Type::I64,
        Type::U8,
        Type::U16,
        Type::U32,
        Type::F32,
        Type::F64,
        Type::Date,
        Type::Timestamp,
        Type::Str,
    ];
    plain.into_iter().find(|ty| ty.to_string() == text).unwrap_or(Type::Decimal {
        precision: if text.starts_with("decimal(9") { 9 } else { 18 },
        scale: if text.starts_with("decimal(9") { 2 } else { 4 },
    })
}

/// The programs in some folders of the repository: where each is, and its text.
pub(crate) fn programs(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|text| text == "dj")).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn examples_have_plans() {
    for (file, source) in programs(&["examples", "tests/tpch"]) {
        let (tree, syntax) = parse(&source);
        assert!(syntax.is_empty(), "{}: {}", file.display(), shown(&source, &syntax));
        let (program, diagnostics) = analyze(&tree, &source, &crate::analyze::NothingBound);
        assert!(program.is_some(), "{}:\n{}", file.display(), shown(&source, &diagnostics));
    }
}

#[test]
fn the_corpus_has_plans_or_asks_for_more_than_there_is() {
    let mut wrong = String::new();
    for (file, source) in programs(&["tests/corpus"]) {
        let (tree, syntax) = parse(&source);
        assert!(syntax.is_empty(), "{}: {}", file.display(), shown(&source, &syntax));
        let (program, diagnostics) = analyze(&tree, &source, &Generated);
        let later = diagnostics.iter().all(|diagnostic| diagnostic.code == crate::analyze::codes::NOT_SUPPORTED);
        if program.is_none() && !later {
            wrong += &format!("{}:\n{}", file.display(), shown(&source, &diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
