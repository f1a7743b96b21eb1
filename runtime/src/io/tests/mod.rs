//! Tests of input and output through their public interface.

mod doubtful;
mod errors;
mod pages;
mod printing;
mod reading;
mod round_trip;
mod schemas;

use super::{ChunkReader, IoError, ReadError, Source, TableWriter};
use crate::artifact::{ChunkColumn, ResultColumn, ScanPredicate, StringDomain, TableColumn, TableSpec};
use crate::columns::{Column, Dictionaries, INPUT, Table};
use crate::expr::Scalar;
use crate::types::{Field, Type};
use dj_grammar::Span;
use std::path::Path;

fn field(name: &str, ty: Type, nullable: bool) -> Field {
    Field { name: name.to_owned(), ty, nullable }
}

/// A table of one string domain, and values by column; text as text.
struct Fixture {
    columns: Vec<ResultColumn>,
    table: Table,
    dictionaries: Dictionaries,
}

fn dictionaries() -> Dictionaries {
    Dictionaries::new(&[StringDomain::default()]).unwrap()
}

fn domain_of(field: &Field) -> Option<usize> {
    (field.ty == Type::Str).then_some(0)
}

fn fixture(columns: Vec<(Field, Vec<Scalar>)>) -> Fixture {
    let mut dictionaries = dictionaries();
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let mut table = Table { columns: vec![], rows };
    let mut specs = vec![];
    for (field, values) in columns {
        let mut column = Column::zeroed(field.ty.element(), rows, field.nullable);
        for (row, value) in values.iter().enumerate() {
            let code = value.as_str().map(|text| dictionaries.intern(0, text, INPUT).unwrap());
            column.set(row, &code.map_or_else(|| value.clone(), |code| Scalar::Int(code.into())));
        }
        table.columns.push(column);
        let (domain, element) = (domain_of(&field), field.ty.element());
        specs.push(ResultColumn { field, domain, element });
    }
    Fixture { columns: specs, table, dictionaries }
}

impl Fixture {
    fn write(&self, path: &Path) -> Result<(), IoError> {
        let mut writer = TableWriter::create(path, &self.columns)?;
        writer.write(&self.table, &self.dictionaries)?;
        writer.finish()
    }

    fn fields(&self) -> Vec<Field> {
        self.columns.iter().map(|column| column.field.clone()).collect()
    }

    fn values(&self) -> Vec<Vec<Scalar>> {
        (0..self.columns.len())
            .map(|column| (0..self.table.rows).map(|row| self.value(column, row)).collect())
            .collect()
    }

    fn value(&self, column: usize, row: usize) -> Scalar {
        text_of(self.table.columns[column].scalar(row), &self.columns[column].field, &self.dictionaries)
    }
}

fn text_of(value: Scalar, field: &Field, dictionaries: &Dictionaries) -> Scalar {
    match (value, field.ty) {
        (Scalar::Int(code), Type::Str) => Scalar::str(dictionaries.value(0, i32::try_from(code).unwrap())),
        (value, _) => value,
    }
}

fn spec(fields: &[Field]) -> TableSpec {
    let column = |field: &Field| TableColumn { domain: domain_of(field), field: field.clone(), is_inferred: false };
    TableSpec {
        name: "t".to_owned(),
        path: None,
        span: Span::default(),
        columns: fields.iter().map(column).collect(),
        made: None,
    }
}

fn chunk_columns(fields: &[Field]) -> Vec<ChunkColumn> {
    let column = |(column, field): (usize, &Field)| ChunkColumn {
        column,
        element: field.ty.element(),
        nullable: field.nullable,
    };
    fields.iter().enumerate().map(column).collect()
}

/// What was read: values by column, and the rows of each chunk.
#[derive(Debug, PartialEq)]
struct Read {
    values: Vec<Vec<Scalar>>,
    chunks: Vec<usize>,
}

fn drain(reader: &mut ChunkReader, fields: &[Field], dictionaries: &mut Dictionaries) -> Result<Read, ReadError> {
    let mut read = Read { values: vec![vec![]; fields.len()], chunks: vec![] };
    let mut next = 0;
    while let Some(chunk) = reader.next_chunk(dictionaries)? {
        assert_eq!(chunk.start, next);
        next += chunk.rows as u64;
        read.chunks.push(chunk.rows);
        for ((column, values), field) in chunk.columns.iter().zip(&mut read.values).zip(fields) {
            values.extend((0..chunk.rows).map(|row| text_of(column.scalar(row), field, dictionaries)));
            let padding = &column.values[chunk.rows * column.element.bytes()..];
            assert!(padding.iter().all(|byte| *byte == 0), "padding is zero");
        }
    }
    Ok(read)
}

fn read_skipping(binding: &str, fields: &[Field], capacity: usize, skip: &[ScanPredicate]) -> Result<Read, ReadError> {
    let source = Source::open(&spec(fields), binding)?;
    let mut reader = source.chunks(&chunk_columns(fields), capacity, vec![skip.to_vec()])?;
    drain(&mut reader, fields, &mut dictionaries())
}

fn read(binding: &Path, fields: &[Field], capacity: usize) -> Result<Read, ReadError> {
    read_skipping(binding.to_str().unwrap(), fields, capacity, &[])
}

/// The error of opening or reading.
fn error(binding: &Path, fields: &[Field]) -> IoError {
    match read(binding, fields, 4) {
        Err(ReadError::Io(error)) => error,
        other => panic!("expected an error of the file: {other:?}"),
    }
}

fn ints(values: impl IntoIterator<Item = i128>) -> Vec<Scalar> {
    values.into_iter().map(Scalar::Int).collect()
}

fn texts(values: &[&str]) -> Vec<Scalar> {
    values.iter().map(|text| Scalar::str(text)).collect()
}
