//! Analysis: the syntax tree and the tables' schemas become a typed relational plan.
//!
//! Names are resolved to columns with an identity, functions are inlined, every expression gets a type and every implicit
//! conversion becomes a cast. All problems of a file are reported; what depends on a broken part is left in peace.
//! Analysis does no input or output: a [`Catalog`] says what the bound files hold.

mod aggregates;
mod asof_joins;
mod assertions;
mod builder;
mod built_ins;
mod calls;
pub mod codes;
mod compare;
mod conditionals;
mod declarations;
mod env;
mod grouping;
mod joins;
mod literals;
mod names;
mod operators;
mod outer_joins;
mod picks;
mod pipelines;
mod pivots;
mod projections;
mod quantiles;
mod ranges;
mod relation;
mod sets;
mod shorthands;
mod signatures;
mod tables;
mod takes;
mod temporal;
mod type_names;
mod types;
mod values;
mod windows;

#[cfg(test)]
pub(crate) mod tests;

use crate::plan::{Program, Recorded, RowCount};
use builder::Builder;
use declarations::Declarations;
use dj_grammar::{Diagnostic, Severity, Span, ast};
use dj_runtime::types::Field;
use std::collections::BTreeSet;

/// What is known, at compile time, of the files that tables are bound to.
pub trait Catalog {
    /// The file bound to a table, by `--bind` or by its default path; `None` where there is none.
    ///
    /// `span` is the place to blame: the default path, or the table's name. A table that is bound to something unreadable is
    /// an error; a default path where nothing is, is not: the data may come later.
    fn table(&self, name: &str, default_path: Option<&str>, span: Span) -> Result<Option<BoundTable>, Diagnostic>;

    /// The same of a table that declares columns: its files are read as these where they can be, and need not agree on them.
    /// `others` is whether it has the files' other columns too; else these are good for messages only.
    fn declared(
        &self,
        name: &str,
        default_path: Option<&str>,
        span: Span,
        columns: &[Field],
        others: bool,
    ) -> Result<Option<BoundTable>, Diagnostic> {
        let _ = (columns, others);
        self.table(name, default_path, span)
    }

    /// How many rows a table is to be planned for, whatever its files say.
    fn rows(&self, name: &str) -> Option<u64> {
        let _ = name;
        None
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoundTable {
    /// The first of its files, for messages; empty if it has no name.
    pub file: String,
    /// Its columns, in order.
    pub fields: Vec<Field>,
    /// What its metadata says of each, in the order of `fields`.
    pub recorded: Vec<Recorded>,
    /// Columns of types that DJ does not have: their names and types.
    pub unsupported: Vec<(String, String)>,
    /// Columns that are declared and cannot be read so, and others that the files do not agree on: their names, and why.
    pub wrong: Vec<(String, Diagnostic)>,
    /// How many rows it has, where the metadata says so or a sample gives a guess.
    pub rows: Option<RowCount>,
    /// Whether it states the types of its columns; where it does not (CSV), declared types are taken at their word.
    pub typed: bool,
}

/// A catalog in which nothing is bound.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingBound;

impl Catalog for NothingBound {
    fn table(&self, _: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        Ok(None)
    }
}

/// Analyzes a file. There is a program unless some diagnostic is an error.
///
/// `source` is the text that `file` was parsed from.
pub fn analyze(file: &ast::File, source: &str, catalog: &dyn Catalog) -> (Option<Program>, Vec<Diagnostic>) {
    let (declarations, mut diagnostics) = Declarations::collect(file, source, catalog);
    // Once with every `let` shared, to find all problems and to count who reads what; then with those inlined that are read
    // once.
    let mut first = Builder::new(source, &declarations, Vec::new());
    let exports = first.exports();
    first.remaining();
    let inline = first.read_once(&exports);
    diagnostics.extend(first.into_diagnostics());
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    let mut told = BTreeSet::new();
    diagnostics.retain(|diagnostic| told.insert((primary(diagnostic), diagnostic.message.clone())));
    let distinct = diagnostics;
    if distinct.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return (None, distinct);
    }
    let mut second = Builder::new(source, &declarations, inline);
    let exports = second.exports();
    (Some(second.into_program(exports)), distinct)
}

/// The place that a diagnostic is about.
fn primary(diagnostic: &Diagnostic) -> Option<Span> {
    diagnostic.labels.first().map(|label| label.span)
}
