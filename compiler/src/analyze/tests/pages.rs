//! The pages of the errors: each code has one, whose first program gives it and whose mended program does not.

use super::{analyze, shown};
use crate::analyze::{NothingBound, codes};
use dj_grammar::parse;
use std::path::PathBuf;

fn page(code: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors").join(format!("{code}.md"))
}

#[test]
fn every_page_shows_its_error_and_how_to_mend_it() {
    let mut problems = String::new();
    for code in codes::ALL {
        let text = std::fs::read_to_string(page(code.0)).unwrap_or_default();
        let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
        if !blocks.iter().any(|block| block.starts_with("dj\n")) {
            problems += &format!("{code}: no page with a program that gives it\n");
        }
        for block in blocks {
            let Some((kind, source)) = block.split_once('\n') else { continue };
            let (file, syntax) = parse(source);
            let (_, diagnostics) = analyze(&file, source, &NothingBound);
            let found = diagnostics.iter().map(|diagnostic| diagnostic.code);
            let right = match kind {
                "dj" => found.clone().count() > 0 && found.clone().all(|found| found == *code),
                "dj fixed" => found.clone().count() == 0,
                other => panic!("{code}: a block of kind {other}"),
            };
            if !right || !syntax.is_empty() {
                problems += &format!("{code}: {source}{}{}\n", shown(source, &syntax), shown(source, &diagnostics));
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}
