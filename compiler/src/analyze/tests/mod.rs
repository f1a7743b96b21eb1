//! Tests of analysis: programs and the plans, or the diagnostics, that they give.

mod corpus;
mod dump;

use super::{NothingBound, analyze};
use dj_grammar::{Diagnostic, parse};

/// The plan of a program, or its diagnostics in the form of a filetest.
fn analyzed(source: &str) -> String {
    let (file, syntax) = parse(source);
    assert!(syntax.is_empty(), "{}", shown(source, &syntax));
    let (program, diagnostics) = analyze(&file, source, &NothingBound);
    match program {
        Some(program) => format!("{}{}", shown(source, &diagnostics), dump::program(&program)),
        None => shown(source, &diagnostics),
    }
}

/// Diagnostics under the lines that they are about.
fn shown(source: &str, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text += &format!(
            "{}[{}]: {}\n",
            if diagnostic.severity == dj_grammar::Severity::Error { "error" } else { "warning" },
            diagnostic.code,
            diagnostic.message
        );
        for label in &diagnostic.labels {
            text += &format!("  `{}` {}\n", label.span.text(source).replace('\n', " "), label.text);
        }
        for help in &diagnostic.help {
            text += &format!("  help: {help}\n");
        }
    }
    text
}

#[test]
fn debug_dump() {
    println!("{}", analyzed(&std::env::var("DJ").unwrap()));
}
