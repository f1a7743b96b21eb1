//! Rows for which an assertion is false: all are counted, and the first are shown.

use super::attempt::Attempt;
use super::codes;
use super::error::RunError;
use super::failed_row::{value_text, with_text};
use crate::artifact::{AssertionSpec, ResultColumn};
use crate::columns::Table;
use dj_grammar::Diagnostic;

/// So many rows are shown.
const MOST_SHOWN: u64 = 10;

/// What was found of an assertion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Violations {
    count: u64,
    /// The first rows: where each comes from, if that is known, and its values.
    shown: Vec<String>,
}

impl Violations {
    /// How many rows may still be shown.
    pub(super) fn room(&self) -> u64 {
        MOST_SHOWN.saturating_sub(self.count)
    }

    /// What is told of an assertion that failed; `all` is whether all rows were looked at.
    fn diagnostic(&self, spec: &AssertionSpec, all: bool) -> Diagnostic {
        let count = &self.count;
        let rows = match (count, all) {
            (1, true) => "1 row".to_owned(),
            (count, true) => format!("{count} rows"),
            (count, false) => format!("at least {count} of the rows"),
        };
        let diagnostic = Diagnostic::error(codes::ASSERT, format!("assertion failed: {}", spec.message));
        let diagnostic = diagnostic.label(spec.span, format!("this is false for {rows}"));
        let (first, others) = (self.shown.first(), self.shown.iter().skip(1));
        let first = first.map(|line| if *count > 1 { format!("the first is {line}") } else { format!("it is {line}") });
        first.into_iter().chain(others.map(|line| format!("then {line}"))).fold(diagnostic, Diagnostic::help)
    }
}

impl Attempt<'_, '_> {
    /// More rows for which an assertion is false; `place` says where each comes from.
    pub(super) fn violate(
        &mut self,
        assertion: usize,
        columns: &[ResultColumn],
        rows: &Table,
        place: &dyn Fn(usize) -> Option<String>,
    ) -> Result<(), RunError> {
        let unknown = || RunError::bug(format!("there is no assertion {assertion}"));
        let room = self.violations.get(assertion).ok_or_else(unknown)?.room();
        let shown = (0..rows.rows).zip(0..room).map(|(row, _)| {
            let values = columns.iter().enumerate().filter_map(|(at, column)| {
                let value = with_text(self, rows.columns.get(at)?.scalar(row), column.domain);
                Some(format!("`{}` is {}", column.field.name, value_text(&value, column.field.ty)))
            });
            let values = values.collect::<Vec<_>>().join(", ");
            place(row).map_or_else(|| values.clone(), |place| format!("{place}: {values}"))
        });
        let shown: Vec<String> = shown.collect();
        let violations = &mut self.violations[assertion];
        violations.count += rows.rows as u64;
        violations.shown.extend(shown);
        Ok(())
    }

    /// The assertions that failed, if any; `all` is whether all rows were looked at.
    pub(super) fn violated(&self, all: bool) -> Option<RunError> {
        let failed = self.manifest.assertions.iter().zip(&self.violations).filter(|(_, found)| found.count > 0);
        let told: Vec<_> = failed.map(|(spec, found)| found.diagnostic(spec, all)).collect();
        (!told.is_empty()).then_some(RunError::Program(told))
    }
}
