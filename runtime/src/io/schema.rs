//! The columns of data files, and what their metadata records: for `djc schema` and for compiling against bound files.

use super::csv_infer::Inferred;
use super::error::{IoError, IoErrorKind, show};
use super::file::{Contents, InputFile};
use super::source::{facts_of, find_in_all, open_all};
use super::statistics::{add_texts, combine};
use super::types;
use crate::columns::Dictionary;
use crate::types::{Bounds, Field, Type};
use std::path::PathBuf;

/// Rows that are enough to guess a type, where nothing depends on it.
const GUESSED_FROM: u64 = 10_000;

/// Why columns of one name are no fields: nobody could tell which is meant.
pub const SAME_NAME: &str = "several columns have that name";

/// Why a column without a name is no field: nothing could name it.
pub const NO_NAME: &str = "it has no name";

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
    /// Whether the files say what types their columns have. Those of CSV files are inferred from their texts.
    pub typed: bool,
}

/// What the columns that are not declared are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are read like the declared ones: their types are those of all rows, and every file has them.
    Read,
    /// Only messages tell of them, and a guess is enough.
    Mentioned,
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
    let (schema, wrong) = schema_as(binding, &[], Others::Read)?;
    wrong.into_iter().next().map_or(Ok(schema), Err)
}

/// As [`schema`], of files of which some columns are declared: each file is asked whether it can be read so, as
/// [`super::Source::open`] does. These fields are as they are declared, the others as the files agree on them.
///
/// What cannot be read so, and what the files do not agree on, is told and left out.
///
/// # Errors
/// If nothing is there, or a file cannot be read.
pub fn schema_as(binding: &str, declared: &[Field], others: Others) -> Result<(FileSchema, Vec<IoError>), IoError> {
    let files = open_all(binding)?;
    let guesses = files.iter().map(|file| infer(file, others)).collect::<Result<Vec<_>, _>>()?;
    let (mut found, unsupported) = match (files.first(), guesses.first()) {
        (Some(file), Some(guesses)) => columns(file, guesses),
        (None, _) | (_, None) => (vec![], vec![]),
    };
    let is_declared = |name: &str| declared.iter().any(|field| field.name == name);
    // Declared columns that the first file lacks come last.
    let first_has = |name: &str| found.iter().any(|field| field.name == name);
    let behind: Vec<_> = declared.iter().filter(|field| !first_has(&field.name)).cloned().collect();
    found.extend(behind);
    let (mut fields, mut known, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for field in found {
        let found = match declared.iter().find(|declared| declared.name == field.name) {
            Some(declared) => find_in_all(&files, declared).map(|places| (declared.clone(), places)),
            None => agreed(&files, &guesses, field),
        };
        match found {
            Ok((field, places)) => {
                known.push(recorded(&files, &field, &places));
                fields.push(field);
            }
            Err(error) => wrong.push(error),
        }
    }
    if others == Others::Read {
        wrong.extend(files.iter().skip(1).flat_map(|file| only_later(&files[0], file, declared)));
    }
    let unsupported = unsupported.into_iter().filter(|(name, _)| !is_declared(name)).collect();
    Ok((described(&files, fields, known, unsupported), wrong))
}

fn described(
    files: &[InputFile],
    fields: Vec<Field>,
    recorded: Vec<Recorded>,
    unsupported: Vec<(String, String)>,
) -> FileSchema {
    let first = files.first().map(|file| file.path.clone()).unwrap_or_default();
    let typed = !files.iter().any(|file| matches!(file.contents, Contents::Csv(_)));
    FileSchema { first, fields, recorded, unsupported, rows: files.iter().map(InputFile::rows).sum(), typed }
}

/// Fields, and columns that cannot be fields.
type Columns = (Vec<Field>, Vec<(String, String)>);

/// What the columns of a file may be, in the order of its columns; nothing for a file that says what they are.
type Guesses = Option<Vec<Inferred>>;

/// A column of the first file as all files have it, and where.
fn agreed(files: &[InputFile], guesses: &[Guesses], mut field: Field) -> Result<(Field, Vec<Option<usize>>), IoError> {
    let name = field.name.clone();
    let mut guess: Option<Inferred> = None;
    let mut places = Vec::new();
    for (file, guesses) in files.iter().zip(guesses) {
        let differ = |what: String| differ(&files[0], file, &name, &what);
        let (found, _) = columns(file, guesses);
        let Some(other) = found.iter().find(|other| other.name == name) else {
            return Err(differ(format!("only the first has a column `{name}`")));
        };
        field.nullable |= other.nullable;
        match (guess, guess_of(file, guesses, &name)) {
            (None, other) if places.is_empty() => guess = other,
            (Some(so_far), Some(other)) => guess = Some(so_far.and(other)),
            (None, None) if other.ty == field.ty => {}
            (Some(_) | None, _) => return Err(differ(format!("column `{name}` is {} and {}", field.ty, other.ty))),
        }
        places.push(file.schema().index_of(&name).ok());
    }
    field.ty = guess.map_or(field.ty, Inferred::ty);
    Ok((field, places))
}

/// Columns that a file has and the first of its binding lacks: the table would be without them.
fn only_later<'a>(
    first: &'a InputFile,
    file: &'a InputFile,
    declared: &'a [Field],
) -> impl Iterator<Item = IoError> + 'a {
    let is_known = |name: &str| first.schema().column_with_name(name).is_some() || name.is_empty();
    let names = file.schema().fields().iter().map(|field| field.name());
    let new = names.filter(move |name| !is_known(name) && declared.iter().all(|field| field.name != **name));
    new.map(|name| differ(first, file, name, &format!("only the second has a column `{name}`")))
}

fn differ(first: &InputFile, file: &InputFile, column: &str, what: &str) -> IoError {
    let message = format!("{} and {} differ: {what}", show(&first.path), show(&file.path));
    IoError::new(IoErrorKind::FilesDiffer, &file.path, message)
        .column(column)
        .help("declare the columns of the table: files are read as declared where that loses nothing")
        .help("a declared column that is nullable may be missing in some of the files")
}

fn guess_of(file: &InputFile, guesses: &Guesses, name: &str) -> Option<Inferred> {
    guesses.as_ref()?.get(file.schema().index_of(name).ok()?).copied()
}

fn columns(file: &InputFile, guesses: &Guesses) -> Columns {
    let (mut fields, mut unsupported): Columns = (vec![], vec![]);
    let all = file.schema().fields();
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for field in all {
        *counts.entry(field.name()).or_default() += 1;
    }
    let mut told = std::collections::BTreeSet::new();
    for (index, field) in all.iter().enumerate() {
        let ty = match guesses {
            Some(guesses) => guesses.get(index).map(|guess| guess.ty()),
            None => types::natural(field.data_type()),
        };
        let name = field.name().clone();
        let is_one_of_several = counts.get(name.as_str()).is_some_and(|count| *count > 1);
        match ty {
            _ if name.is_empty() => unsupported.push((name, NO_NAME.into())),
            _ if is_one_of_several => {
                if told.insert(field.name()) {
                    unsupported.push((name, SAME_NAME.into()));
                }
            }
            Some(ty) => fields.push(Field { name, ty, nullable: field.is_nullable() }),
            None => unsupported.push((name, types::describe(field.data_type()))),
        }
    }
    (fields, unsupported)
}

/// What a CSV file's columns may be.
fn infer(file: &InputFile, others: Others) -> Result<Guesses, IoError> {
    let most = match others {
        Others::Read => None,
        Others::Mentioned => Some(GUESSED_FROM),
    };
    match &file.contents {
        Contents::Csv(csv) => csv.infer(file.readable(), most).map(Some),
        Contents::Parquet(_) | Contents::Ipc(_) | Contents::Source(_) => Ok(None),
    }
}

/// What the metadata of all files says of a column, given where in each file it is.
fn recorded(files: &[InputFile], field: &Field, places: &[Option<usize>]) -> Recorded {
    let mut chunks = Vec::new();
    let mut texts = (field.ty == Type::Str).then(Dictionary::default);
    for (file, column) in files.iter().zip(places.iter().copied()) {
        let Contents::Parquet(parquet) = &file.contents else { return Recorded::default() };
        chunks.extend(facts_of(file, column, field.ty).unwrap_or_default());
        if let Some(column) = column {
            texts = texts.and_then(|mut texts| {
                add_texts(parquet, &file.path, column, &mut texts)?;
                Some(texts)
            });
        }
    }
    let facts = combine(chunks.into_iter());
    Recorded { bounds: facts.bounds, not_null: facts.not_null, distinct: texts.map(|texts| texts.len() as u64) }
}
