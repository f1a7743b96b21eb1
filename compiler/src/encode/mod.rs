//! Text as dictionary codes: which columns share a dictionary, which functions become tables over one, and which code
//! every literal has.
//!
//! [`encode`] turns a [`Program`] into an [`EncodedProgram`], in which no text is left and none can be written down
//! ([`Encoded`]). Joins first see their matches before a condition decides (`split.rs`); functions of several texts become
//! columns that the host computes (`hoist.rs`); a function of one text becomes a table over its dictionary, an order a table
//! of ranks, and a literal the code that the dictionary gives it because literals are interned first.

mod assume;
mod decode;
mod dictionaries;
mod drafts;
mod encoder;
mod form;
mod hoist;
mod join_texts;
mod nulls;
mod resolve;
mod split;
mod tables;
mod text;
mod verify;

pub use assume::assume_recorded;
pub use dictionaries::Dictionaries;
pub use form::{Encoded, Expr, ExprKind, Scalar, Type};
pub use text::encoded_text;
pub use verify::verify;

use crate::plan::Program;

/// The operators and programs of encoded form.
pub type Plan = crate::plan::Plan<Encoded>;
/// A column of an encoded schema.
pub type SchemaColumn = crate::plan::SchemaColumn<Encoded>;
/// An encoded expression and the column that it becomes.
pub type NamedExpr = crate::plan::NamedExpr<Encoded>;
/// An encoded key of an order.
pub type SortKey = crate::plan::SortKey<Encoded>;
/// An encoded join.
pub type Join = crate::plan::Join<Encoded>;

/// A program without text: its plans in encoded form, and the dictionaries that give codes their meaning.
///
/// The tables' schemas are those of the files, which hold text; the expressions of [`crate::plan::Evaluate`] are the host's,
/// which sees text.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedProgram {
    /// The plans.
    pub program: Program<Encoded>,
    /// The dictionaries and the tables over them.
    pub dictionaries: Dictionaries,
}

/// Encodes a program, as if nothing were recorded of the files: see [`assume_recorded`].
pub fn encode(program: &Program) -> EncodedProgram {
    let mut program = program.clone();
    join_texts::join_texts(&mut program);
    split::split_conditional_joins(&mut program);
    hoist::hoist(&mut program);
    let (mut encoded, drafts) = encoder::encode(&program);
    let dictionaries = resolve::resolve(&mut encoded, drafts);
    EncodedProgram { program: encoded, dictionaries }
}

#[cfg(test)]
mod tests;
