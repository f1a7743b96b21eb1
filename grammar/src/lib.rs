//! The DJ language: grammar, syntax tree, source spans, diagnostics and the formatter.
//!
//! [`parse`] turns text into an [`ast::File`] with a [`Span`] on every node; [`format()`] turns a file back into its one
//! canonical text. This crate does no input or output and knows nothing of types.

pub mod ast;
pub mod codes;
pub mod diagnostic;
mod dump;
mod format;
mod lexer;
mod nearest;
mod parse;
mod precedence;
pub mod span;

pub use diagnostic::{Code, Diagnostic, Severity, render, to_json};
pub use dump::dump;
pub use format::format;
pub use lexer::spell_name;
pub use nearest::{nearest, nearest_within};
pub use parse::{decode, parse};
pub use span::{Span, Spanned};
