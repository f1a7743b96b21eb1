//! The columns of data files, and what their metadata records: for `djc schema` and for compiling against bound files.

use super::csv_file;
use super::error::{IoError, IoErrorKind, show};
use super::file::{Contents, InputFile, Request};
use super::statistics::{add_texts, combine, facts};
use super::{files, types};
use crate::columns::Dictionary;
use crate::types::{Bounds, Field, Type};
use arrow::array::AsArray;
use std::path::PathBuf;

/// Rows of a CSV file that its types are inferred from.
const INFERRED_ROWS: usize = 10_000;

/// What data files hold.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSchema {
    /// The first of the files: the others must have its columns.
    pub first: PathBuf,
    /// The columns that DJ has types for, in file order. Those of CSV files are inferred, and nullable.
    pub fields: Vec<Field>,
    /// For each of the fields, what the metadata says.
    pub recorded: Vec<Recorded>,
    /// Columns without a type in DJ: name and the file's type.
    pub unsupported: Vec<(String, String)>,
    /// The rows of all files, where the metadata says.
    pub rows: Option<u64>,
}

/// What file metadata records of a column. All of it may be wrong for other files, so it is an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Recorded {
    /// The values lie within.
    pub bounds: Option<Bounds>,
    /// There is no null.
    pub not_null: bool,
    /// There are at most so many distinct texts.
    pub distinct: Option<u64>,
}

/// Reads the schema of the files of a binding: a file, a glob, or a directory of Parquet files.
///
/// # Errors
/// If nothing is there, a file cannot be read, or the files differ in a column.
pub fn schema(binding: &str) -> Result<FileSchema, IoError> {
    let paths = files::resolve(binding)?;
    let files = paths.iter().map(|path| InputFile::open(path)).collect::<Result<Vec<_>, _>>()?;
    let (fields, unsupported) = agree(&files)?;
    let recorded = fields.iter().map(|field| recorded(&files, field)).collect();
    let rows = files.iter().map(InputFile::rows).sum();
    Ok(FileSchema { first: paths.into_iter().next().unwrap_or_default(), fields, recorded, unsupported, rows })
}

/// Fields, and columns that cannot be fields.
type Columns = (Vec<Field>, Vec<(String, String)>);

/// The columns that all files have.
fn agree(files: &[InputFile]) -> Result<Columns, IoError> {
    let Some((first, others)) = files.split_first() else { return Ok((vec![], vec![])) };
    let (mut fields, unsupported) = columns(first)?;
    for file in others {
        let (found, _) = columns(file)?;
        for field in &mut fields {
            let name = &field.name;
            let differ = |what: String| {
                let message = format!("{} and {} differ: {what}", show(&first.path), show(&file.path));
                IoError::new(IoErrorKind::FilesDiffer, &file.path, message).column(name)
            };
            let Some(other) = found.iter().find(|other| other.name == *name) else {
                return Err(differ(format!("only the first has a column `{name}`")));
            };
            // What is inferred from the first file is checked while reading.
            if other.ty != field.ty && !matches!(file.contents, Contents::Csv(_)) {
                return Err(differ(format!("column `{name}` is {} and {}", field.ty, other.ty)));
            }
            field.nullable |= other.nullable;
        }
    }
    Ok((fields, unsupported))
}

fn columns(file: &InputFile) -> Result<Columns, IoError> {
    let inferred = match file.contents {
        Contents::Csv(_) => Some(infer(file)?),
        Contents::Parquet(_) | Contents::Ipc(_) => None,
    };
    let (mut fields, mut unsupported): Columns = (vec![], vec![]);
    for (index, field) in file.schema().fields().iter().enumerate() {
        let ty = inferred.as_ref().map_or_else(|| types::natural(field.data_type()), |types| Some(types[index]));
        let name = field.name().clone();
        match ty {
            _ if fields.iter().any(|other| other.name == name) => {
                unsupported.push((name, "a second column of that name".into()))
            }
            Some(ty) => fields.push(Field { name, ty, nullable: field.is_nullable() }),
            None => unsupported.push((name, types::describe(field.data_type()))),
        }
    }
    Ok((fields, unsupported))
}

/// The types of a CSV file's columns, by its first rows.
fn infer(file: &InputFile) -> Result<Vec<Type>, IoError> {
    let names = file.schema().fields().iter().map(|field| field.name().clone());
    let as_text = |name| Field { name, ty: Type::Str, nullable: true };
    let columns = names.map(as_text).enumerate().collect::<Vec<_>>();
    let count = columns.len();
    let request = Request { columns, batch_rows: INFERRED_ROWS, skip: vec![] };
    let Some(batch) = file.batches(&request)?.next() else { return Ok(vec![Type::Str; count]) };
    let (_, batch) = batch?;
    let types = batch.columns().iter().map(|column| csv_file::infer(column.as_string::<i32>().iter().flatten()));
    Ok(types.collect())
}

fn recorded(files: &[InputFile], field: &Field) -> Recorded {
    let mut chunks = Vec::new();
    let mut texts = (field.ty == Type::Str).then(Dictionary::default);
    for file in files {
        let Contents::Parquet(parquet) = &file.contents else { return Recorded::default() };
        let Ok(column) = parquet.schema().index_of(&field.name) else { return Recorded::default() };
        chunks.extend(parquet.row_groups().iter().map(|group| facts(parquet, group, column, field.ty)));
        texts = texts.and_then(|mut texts| {
            add_texts(parquet, &file.path, column, &mut texts)?;
            Some(texts)
        });
    }
    let facts = combine(chunks.into_iter());
    Recorded { bounds: facts.bounds, not_null: facts.not_null, distinct: texts.map(|texts| texts.len() as u64) }
}
