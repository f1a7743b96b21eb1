//! What is told of a row that something is wrong with: where it came from, and what it holds.
//!
//! The device says only which row it was. Its values are read once more, which costs a run that fails anyway and nothing
//! else; behind a sort or a group, where no file has such a row, they are all there is to find the cause by.

use super::attempt::Attempt;
use super::error::RunError;
use super::stage_run::StageRun;
use crate::artifact::{ChunkColumn, Driver, DriverSource, ScanPredicate};
use crate::expr::{Scalar, literal_text};
use crate::types::{Field, Type};
use dj_grammar::{Code, Diagnostic};

/// So many values are shown where the message names none.
const MOST_VALUES: usize = 8;

/// So much of a text is shown.
const MOST_CHARS: usize = 60;

/// A row that something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedRow {
    /// Where it came from.
    pub(super) place: String,
    /// Its values: `a` is 3, `s` is "x".
    pub(super) values: Option<String>,
}

impl FailedRow {
    /// What is wrong with it.
    pub(super) fn diagnostic(&self, code: Code, message: &str) -> Diagnostic {
        let diagnostic = Diagnostic::error(code, format!("{message}, {}", self.place));
        match &self.values {
            Some(values) => diagnostic.help(format!("in that row {values}")),
            None => diagnostic,
        }
    }
}

impl StageRun<'_> {
    /// A row by its running number; `message` says what is wrong with it.
    pub(super) fn failed_row(&self, cx: &mut Attempt<'_, '_>, row: u64, message: &str) -> FailedRow {
        let place = self.origins.place(row);
        let driver = self
            .origins
            .driver(row)
            .and_then(|(index, row)| Some((self.stage.drivers.get(index)?, self.skips.get(index)?, row)));
        // That they cannot be read again is no reason to hide what is wrong with them.
        let values = driver.and_then(|(driver, skips, row)| self.values(cx, driver, skips, row).ok().flatten());
        FailedRow { place, values: values.and_then(|values| shown(&values, message)) }
    }

    /// The values that a driver reads of one of its rows, with text as text; `None` if it has no such row now.
    fn values(
        &self,
        cx: &mut Attempt<'_, '_>,
        driver: &Driver,
        skips: &[&[ScanPredicate]],
        row: u64,
    ) -> Result<Option<Vec<(Field, Scalar)>>, RunError> {
        if cx.is_repeating() {
            return Ok(None);
        }
        let unread = |error: &dyn std::fmt::Display| RunError::bug(error.to_string());
        match driver.source {
            DriverSource::Table(table) => {
                let source = cx.source(table)?;
                let skips = cx.with_params(skips);
                let mut chunks =
                    source.chunks(&driver.columns, self.stage.chunk_rows, skips).map_err(|error| unread(&error))?;
                while let Some(chunk) = chunks.next_chunk(&mut cx.dictionaries).map_err(|error| unread(&error))? {
                    if let Some(at) = row.checked_sub(chunk.start).filter(|at| *at < chunk.rows as u64) {
                        let at = usize::try_from(at).map_err(|error| unread(&error))?;
                        let specs = &cx.manifest.tables[table].columns;
                        let all =
                            driver.columns.iter().zip(&chunk.columns).map(|(ChunkColumn { column, .. }, values)| {
                                let spec = &specs[*column];
                                (spec.field.clone(), with_text(cx, values.scalar(at), spec.domain))
                            });
                        return Ok(Some(all.collect()));
                    }
                }
                Ok(None)
            }
            DriverSource::Stage(from) => {
                let rows = cx.host(from)?;
                let at = usize::try_from(row).map_err(|error| unread(&error))?;
                let specs = &cx.spec().stages[from].sink.columns;
                let value = |ChunkColumn { column, .. }: &ChunkColumn| {
                    let spec = &specs[*column];
                    Some((spec.field.clone(), with_text(cx, rows.scalar(at, *column)?, spec.domain)))
                };
                Ok(driver.columns.iter().map(value).collect())
            }
        }
    }
}

/// A value, with the text of a code.
pub(super) fn with_text(cx: &Attempt<'_, '_>, value: Scalar, domain: Option<usize>) -> Scalar {
    let (Scalar::Int(code), Some(domain)) = (&value, domain) else { return value };
    let text = i32::try_from(*code).ok().and_then(|code| cx.dictionaries.domain(domain).text(code));
    text.map(Scalar::str).unwrap_or(value)
}

/// The values of the columns that a message names, or of the first ones if it names none.
fn shown(values: &[(Field, Scalar)], message: &str) -> Option<String> {
    let named: Vec<_> = values.iter().filter(|(field, _)| names(message, &field.name)).collect();
    let of_any = || values.iter().take(MOST_VALUES).collect();
    let shown = if named.is_empty() { of_any() } else { named };
    let text = |(field, value): &&(Field, Scalar)| format!("`{}` is {}", field.name, value_text(value, field.ty));
    let all = shown.iter().map(text).collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then_some(all)
}

/// Whether a column occurs in an expression that a message quotes.
fn names(message: &str, column: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let occurs = |quoted: &str| {
        quoted
            .match_indices(column)
            .any(|(at, _)| !quoted[..at].ends_with(is_part) && !quoted[at + column.len()..].starts_with(is_part))
    };
    message.split('`').skip(1).step_by(2).any(occurs)
}

/// A value as the language writes it, shortened, and safe to print.
pub(super) fn value_text(value: &Scalar, ty: Type) -> String {
    let Some(text) = value.as_str() else { return literal_text(value, ty) };
    let start: String = text.chars().take(MOST_CHARS).collect();
    let dots = if start.len() < text.len() { ".." } else { "" };
    // With escapes: what a file holds must not reach a terminal as it is.
    format!("{start:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_a_message_names_are_shown() {
        let field = |name: &str, ty| Field { name: name.to_owned(), ty, nullable: true };
        let values = [
            (field("a", Type::I64), Scalar::Int(3)),
            (field("as_of", Type::Date), Scalar::Int(0)),
            (field("s", Type::Str), Scalar::str("x\u{1b}[1m")),
            (field("n", Type::Str), Scalar::Null),
        ];
        let told = |message| shown(&values, message).unwrap();
        assert_eq!(told("a text cannot be converted in `s as i64`"), r#"`s` is "x\u{1b}[1m""#);
        assert_eq!(told("integer overflow in `as_of + n`"), "`as_of` is @1970-01-01, `n` is null");
        assert_eq!(told("overflow"), r#"`a` is 3, `as_of` is @1970-01-01, `s` is "x\u{1b}[1m", `n` is null"#);
        assert_eq!(shown(&[], "overflow"), None);
    }
}
