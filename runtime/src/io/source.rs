//! An input table, bound to files.

use super::error::{IoError, IoErrorKind, show};
use super::file::{Contents, InputFile, Needs};
use super::parquet_file::rows;
use super::reader::ChunkReader;
use super::statistics::{ChunkFacts, ColumnFacts, combine, facts};
use super::table_source::TableSource;
use super::{files, types};
use crate::artifact::{ChunkColumn, ScanPredicate, TableSpec, describe};
use crate::types::{Bounds, Field, Type};
use std::path::PathBuf;
use std::sync::Arc;

/// The files of an input table, opened and checked against its declaration.
#[derive(Debug)]
pub struct Source {
    pub(super) spec: Arc<TableSpec>,
    pub(super) files: Arc<Vec<BoundFile>>,
}

/// A file and where in it the table's columns are.
#[derive(Debug)]
pub(super) struct BoundFile {
    pub(super) file: InputFile,
    /// For each column of the table its index in the file; none where the file lacks it, and all its values are null.
    pub(super) columns: Vec<Option<usize>>,
}

impl Source {
    /// Opens a file, the files that a glob matches, or the Parquet files of a directory, sorted by path.
    ///
    /// A nullable column may be missing in some of the files, but not in all: its values there are null.
    ///
    /// # Errors
    /// If nothing is there, a file cannot be read, or its columns are not those declared.
    pub fn open(spec: &TableSpec, binding: &str) -> Result<Self, IoError> {
        Self::bound(spec, open_all(binding)?)
    }

    fn bound(spec: &TableSpec, files: Vec<InputFile>) -> Result<Self, IoError> {
        let found = spec.columns.iter().map(|column| find_in_all(&files, &column.field));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let columns = |file: usize| found.iter().map(|places| places[file]).collect();
        let bound = files.into_iter().enumerate().map(|(index, file)| BoundFile { columns: columns(index), file });
        Ok(Self { spec: Arc::new(spec.clone()), files: Arc::new(bound.collect()) })
    }

    /// Record batches from anywhere, checked against the table's declaration.
    ///
    /// # Errors
    /// If the columns are not those declared.
    pub fn of(spec: &TableSpec, source: Arc<dyn TableSource>) -> Result<Self, IoError> {
        Self::bound(spec, vec![InputFile::of(&spec.name, source)])
    }

    /// The declaration.
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// The files, in order.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|bound| bound.file.path.clone()).collect()
    }

    /// The rows of all files, where their metadata says.
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|bound| bound.file.rows()).sum()
    }

    /// Bounds of a column over all files, where their metadata says. The values lie within, and may lie closer.
    pub fn column_bounds(&self, column: usize) -> Option<Bounds> {
        self.facts(column)?.bounds
    }

    /// Whether the metadata says that a column holds no null.
    pub fn column_not_null(&self, column: usize) -> bool {
        self.facts(column).is_some_and(|facts| facts.not_null)
    }

    fn facts(&self, column: usize) -> Option<ColumnFacts> {
        let ty = self.spec.columns.get(column)?.field.ty;
        let mut chunks = Vec::new();
        for bound in self.files.iter() {
            chunks.extend(facts_of(&bound.file, bound.columns[column], ty)?);
        }
        Some(combine(chunks.into_iter()))
    }

    /// Reads the rows from the start, in chunks of `capacity`; may be called any number of times.
    ///
    /// `readers` says for each reader what every row that it needs satisfies. Row groups of which nobody needs a row, as their
    /// statistics say, are left out; of the others [`ChunkReader::is_needed_by`] tells. Without readers all rows are read.
    ///
    /// # Errors
    /// If the thread that decodes cannot be started.
    pub fn chunks(
        &self,
        columns: &[ChunkColumn],
        capacity: usize,
        readers: Vec<Vec<ScanPredicate>>,
    ) -> Result<ChunkReader, IoError> {
        ChunkReader::start(self, columns, capacity.max(1), readers)
    }
}

impl BoundFile {
    /// What a reader of the table needs of this file.
    pub(super) fn needs<'a>(&'a self, spec: &'a TableSpec, skip: &'a [ScanPredicate]) -> Needs<'a> {
        Needs { columns: &self.columns, spec, predicates: skip }
    }
}

/// Opens the files of a binding, sorted by path.
pub(super) fn open_all(binding: &str) -> Result<Vec<InputFile>, IoError> {
    files::resolve(binding)?.iter().map(|path| InputFile::open(path)).collect()
}

/// What the metadata of a file's row groups says of a column that is declared as `ty`; `None` if the file has no such
/// metadata.
pub(super) fn facts_of(file: &InputFile, column: Option<usize>, ty: Type) -> Option<Vec<Option<ChunkFacts>>> {
    let Contents::Parquet(parquet) = &file.contents else { return None };
    let of_group = |group| match column {
        Some(column) => facts(parquet, group, column, ty),
        None => Some(ChunkFacts { range: None, nulls: Some(rows(group)), rows: rows(group) }),
    };
    Some(parquet.row_groups().iter().map(of_group).collect())
}

/// The index of a declared column in each of the files of a binding.
pub(super) fn find_in_all(files: &[InputFile], field: &Field) -> Result<Vec<Option<usize>>, IoError> {
    let mut first: Option<&InputFile> = None;
    let mut places = Vec::new();
    let mut lacking = None;
    for file in files {
        // If an earlier file was as declared, the problem is that this one is not like it.
        let place = find(file, field).map_err(|error| first.map_or(error.clone(), |first| differs(error, first)))?;
        match place {
            Some(_) => first = first.or(Some(file)),
            None => lacking = lacking.or(Some(file)),
        }
        places.push(place);
    }
    match (lacking, first) {
        (Some(file), None) => Err(missing(file, field)),
        (Some(file), Some(first)) if !field.nullable => {
            let declared = describe(field.ty, true);
            let help = format!("or declare it as `{}: {declared}`: its values in such a file are null", field.name);
            Err(differs(missing(file, field), first).help(help))
        }
        (Some(_), Some(_)) | (None, _) => Ok(places),
    }
}

fn missing(file: &InputFile, field: &Field) -> IoError {
    let (name, fields) = (&field.name, file.schema().fields());
    let message = format!("{} has no column `{name}`", show(&file.path));
    let error = IoError::new(IoErrorKind::MissingColumn, &file.path, message).column(name);
    match dj_grammar::nearest(name, fields.iter().map(|field| field.name().as_str())) {
        Some(near) => error.help(format!("a column with a similar name exists: `{near}`")),
        None => error.help(format!("it has {}", listed(fields.iter().map(|field| field.name().as_str())))),
    }
}

/// The index of a declared column in a file; `None` if the file lacks it.
fn find(file: &InputFile, declared: &Field) -> Result<Option<usize>, IoError> {
    let name = &declared.name;
    let fields = file.schema().fields();
    let mut matches = fields.iter().enumerate().filter(|(_, field)| field.name() == name);
    let Some((index, field)) = matches.next() else { return Ok(None) };
    if matches.next().is_some() {
        let message = format!("{} has more than one column `{name}`", show(&file.path));
        let error = IoError::new(IoErrorKind::WrongType, &file.path, message).column(name);
        return Err(error.help("give the columns of the file different names"));
    }
    let is_text_file = matches!(file.contents, Contents::Csv(_));
    if is_text_file || types::reads_as(field.data_type(), declared.ty) {
        return Ok(Some(index));
    }
    let found = types::describe(field.data_type());
    let wanted = describe(declared.ty, declared.nullable);
    let message = format!("column `{name}` of {} is {found}, read as {wanted}", show(&file.path));
    let error = IoError::new(IoErrorKind::WrongType, &file.path, message).column(name);
    Err(match types::natural(field.data_type()) {
        Some(ty) => {
            let natural = describe(ty, declared.nullable);
            error.help(format!(
                "declare it as `{natural}`, and convert it where it is read: `{name} as {}`",
                declared.ty
            ))
        }
        None => error.help("DJ has no such type; leave the column out"),
    })
}

/// Some names, in a message.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names.collect();
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more columns", names.len() - SHOWN));
    }
    text
}

/// The files before were as declared, so the problem is that this one is not like them.
fn differs(error: IoError, first: &InputFile) -> IoError {
    let help = format!("the files of one binding must have the same columns, and {} has it", show(&first.path));
    if matches!(error.kind, IoErrorKind::MissingColumn | IoErrorKind::WrongType) {
        return IoError { kind: IoErrorKind::FilesDiffer, ..error }.help(help);
    }
    error
}
