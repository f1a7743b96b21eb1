//! What the language has and this version of DJ does not.

use super::codes;
use dj_grammar::{Diagnostic, Span};

/// A mesh of several devices.
pub(super) fn several_devices(span: Span) -> Diagnostic {
    Diagnostic::error(codes::NOT_SUPPORTED, "a `mesh` of several devices is not supported yet")
        .label(span, "the language has it, this version of DJ does not")
        .help("a program runs on one device: leave it out, or write `1`")
}
