//! What the language has and this version of DJ does not, and what to write until it does.

use super::codes;
use dj_grammar::{Diagnostic, Span};

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
        "assert" => "export the rows that must not be there: `export wrong = t | filter not (CONDITION)`",
        "mesh" | "shard" | "shard by" | "replicate" => "leave it out: a program runs on one device",
        "reading the table argument twice" => {
            "write the function's body where it is called, and name the table by a `let` that is read twice"
        }
        _ => return None,
    })
}
