//! What the language has and this version of DJ does not, and what to write until it does.

use super::codes;
use dj_grammar::{Diagnostic, Span};

/// Functions that the language has and this version does not.
const FUNCTIONS: [&str; 3] = ["hash", "shift_left", "shift_right"];

/// Whether a function is one that this version cannot compile.
pub(super) fn is_later(function: &str) -> bool {
    FUNCTIONS.contains(&function)
}

/// What this version cannot compile.
pub(super) fn not_supported(what: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::NOT_SUPPORTED, format!("`{what}` is not supported yet"))
        .label(span, "the language has it, this version of DJ does not");
    match until_then(what) {
        Some(way) => diagnostic.help(way),
        None => diagnostic,
    }
}

/// What gives the same with what there is; nothing where there is no way, or none that is worth its length.
fn until_then(what: &str) -> Option<&'static str> {
    Some(match what {
        "shift_left" => "multiply by a power of two: `x * 8`",
        "shift_right" => "divide by a power of two: `x // 8`",
        "mesh" => "a program runs on one device: leave it out, or write `1`",
        _ => return None,
    })
}
