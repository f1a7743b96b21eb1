//! Tests of analysis: programs and the plans, or the diagnostics, that they give.

pub(crate) mod corpus;
mod files;
mod limits;
mod pages;

use super::analyze;
use dj_grammar::Diagnostic;

/// Diagnostics with the text that they mark.
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
