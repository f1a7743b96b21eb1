//! The programs of the repository: each has a plan, or asks for something that is not supported yet.

use super::{analyze, shown};
use crate::analyze::{BoundTable, Catalog};
use dj_grammar::{Diagnostic, Span, parse};
use dj_runtime::types::{Field, Type};
use std::path::Path;

/// The tables that `tests/src/data.rs` generates.
struct Generated;

impl Catalog for Generated {
    fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        let _ = name;
        let field = |name: &str, ty| Field { name: name.to_owned(), ty, nullable: true };
        let fields = vec![field("id", Type::I64)];
        Ok(Some(BoundTable { fields, typed: true, ..BoundTable::default() }))
    }
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
