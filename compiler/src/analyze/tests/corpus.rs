//! The programs of the repository: each has a plan, or asks for something that is not supported yet.

use super::{analyze, shown};
use crate::analyze::{BoundTable, Catalog};
use dj_grammar::{Diagnostic, Span, parse};
use dj_runtime::types::{Field, Type};
use std::path::Path;

/// The tables that the end-to-end tests generate.
pub(crate) struct Generated;

/// Columns as `name type`, with `!` after those that have no nulls.
const TABLES: [(&str, &str); 3] = [
    (
        "t",
        "id! i64, n! i32, g str, k i32, b bool, tiny i8, small i16, big i64, utiny u8, usmall u16, uint u32, real f32, \
         x f64, m decimal(9;2), p decimal(18;4), d date, ts timestamp, s str",
    ),
    ("dim", "key! i32, name! str, weight f64, letter str"),
    ("many", "seq! i64, key i32, tag str, v i64"),
];

impl Catalog for Generated {
    fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        let Some((_, columns)) = TABLES.iter().find(|(known, _)| *known == name) else { return Ok(None) };
        let fields = columns.split(", ").fold(Vec::new(), |mut fields: Vec<Field>, column| {
            if let Some((name, ty)) = column.split_once(' ') {
                let nullable = !name.ends_with('!');
                fields.push(Field { name: name.trim_end_matches('!').to_owned(), ty: type_of(ty), nullable });
            }
            fields
        });
        Ok(Some(BoundTable { fields, typed: true, ..BoundTable::default() }))
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

#[test]
fn examples_have_plans() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["examples", "tests/tpch"] {
        let mut files: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|text| text == "dj")) {
            let source = std::fs::read_to_string(file).unwrap();
            let (tree, syntax) = parse(&source);
            assert!(syntax.is_empty(), "{}: {}", file.display(), shown(&source, &syntax));
            let (program, diagnostics) = analyze(&tree, &source, &crate::analyze::NothingBound);
            assert!(program.is_some(), "{}:\n{}", file.display(), shown(&source, &diagnostics));
        }
    }
}

#[test]
fn the_corpus_has_plans_or_asks_for_more_than_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = String::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
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
