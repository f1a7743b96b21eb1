//! Whether a column of data files holds no value twice.

use super::error::{IoError, ReadError};
use super::schema::{Others, Recorded, schema_as};
use super::source::Source;
use crate::artifact::{ChunkColumn, StringDomain, TableColumn, TableSpec};
use crate::columns::Dictionaries;
use crate::types::{Bounds, Field, Type};
use dj_grammar::Span;

const CHUNK: usize = 1 << 16;

/// Whether no value of a column, read as `field`, occurs twice, nulls aside. `None` if there are more than `max_rows` rows to
/// look at, or the column is neither of integers (dates, timestamps, decimals) nor of text.
///
/// # Errors
/// If the files or the column cannot be read.
pub fn is_unique(binding: &str, field: &Field, max_rows: u64) -> Result<Option<bool>, IoError> {
    let (schema, _) = schema_as(binding, std::slice::from_ref(field), Others::Mentioned)?;
    let mut columns = schema.fields.iter().zip(&schema.recorded);
    let Some((_, recorded)) = columns.find(|(found, _)| found.name == field.name) else { return Ok(None) };
    if !field.ty.is_integral() && field.ty != Type::Str {
        return Ok(None);
    }
    if let Some(rows) = schema.rows {
        if recorded.not_null && most_values(recorded).is_some_and(|most| most < u128::from(rows)) {
            return Ok(Some(false));
        }
        if rows > max_rows {
            return Ok(None);
        }
    }
    let (ty, nullable) = (field.ty, field.nullable);
    let spec = table_of(field.clone());
    let source = Source::open(&spec, binding)?;
    match count(&source, ty, nullable, max_rows) {
        Ok(unique) => Ok(unique),
        Err(ReadError::Io(error)) => Err(error),
        // Too many distinct texts to tell.
        Err(ReadError::Dictionary(_) | ReadError::Assumption(_)) => Ok(None),
    }
}

/// At most so many different values occur.
fn most_values(recorded: &Recorded) -> Option<u128> {
    match recorded.bounds {
        Some(Bounds::Int { lo, hi }) => Some(hi.abs_diff(lo).saturating_add(1)),
        Some(Bounds::Float { .. }) | None => recorded.distinct.map(u128::from),
    }
}

fn table_of(field: Field) -> TableSpec {
    let domain = (field.ty == Type::Str).then_some(0);
    let columns = vec![TableColumn { field, domain, is_inferred: false }];
    TableSpec { name: String::new(), path: None, span: Span::default(), columns, made: None }
}

fn count(source: &Source, ty: Type, nullable: bool, max_rows: u64) -> Result<Option<bool>, ReadError> {
    let column = ChunkColumn { column: 0, element: ty.element(), nullable };
    let mut dictionaries = Dictionaries::new(&[StringDomain::default()])?;
    let mut reader = source.chunks(&[column], CHUNK, vec![])?;
    let mut values: Vec<i128> = Vec::new();
    let (mut rows, mut ascending) = (0, true);
    while let Some(chunk) = reader.next_chunk(&mut dictionaries)? {
        rows += chunk.rows as u64;
        if rows > max_rows {
            return Ok(None);
        }
        for value in (0..chunk.rows).filter_map(|row| chunk.columns[0].integer(row)) {
            ascending &= values.last().is_none_or(|last| *last < value);
            values.push(value);
        }
    }
    if ty == Type::Str {
        return Ok(Some(dictionaries.len(0) == values.len()));
    }
    if !ascending {
        values.sort_unstable();
        ascending = values.windows(2).all(|pair| pair[0] != pair[1]);
    }
    Ok(Some(ascending))
}
