//! An input table, bound to files.

use super::error::{IoError, IoErrorKind, show};
use super::file::{Contents, InputFile};
use super::reader::ChunkReader;
use super::statistics::{ColumnFacts, combine, facts};
use super::{files, types};
use crate::artifact::{ChunkColumn, ScanPredicate, TableColumn, TableSpec, describe};
use crate::types::Bounds;
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
    /// For each column of the table its index in the file.
    pub(super) columns: Vec<usize>,
}

impl Source {
    /// Opens a file, the files that a glob matches, or the Parquet files of a directory, sorted by path.
    ///
    /// # Errors
    /// If nothing is there, a file cannot be read, or its columns are not those declared.
    pub fn open(spec: &TableSpec, binding: &str) -> Result<Self, IoError> {
        let mut bound: Vec<BoundFile> = Vec::new();
        for path in files::resolve(binding)? {
            let file = InputFile::open(&path)?;
            let columns = spec.columns.iter().map(|column| find(&file, column)).collect::<Result<_, _>>();
            let columns = columns.map_err(|error| match bound.first() {
                Some(first) => differs(error, &first.file),
                None => error,
            })?;
            bound.push(BoundFile { file, columns });
        }
        Ok(Self { spec: Arc::new(spec.clone()), files: Arc::new(bound) })
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
            let Contents::Parquet(file) = &bound.file.contents else { return None };
            chunks.extend(file.row_groups().iter().map(|group| facts(file, group, bound.columns[column], ty)));
        }
        Some(combine(chunks.into_iter()))
    }

    /// Reads the rows from the start, in chunks of `capacity`; may be called any number of times.
    ///
    /// Row groups whose statistics say that no row satisfies all of `skip` are left out.
    ///
    /// # Errors
    /// If the thread that decodes cannot be started.
    pub fn chunks(
        &self,
        columns: &[ChunkColumn],
        capacity: usize,
        skip: &[ScanPredicate],
    ) -> Result<ChunkReader, IoError> {
        ChunkReader::start(self, columns, capacity.max(1), skip)
    }
}

/// The index of a declared column in a file.
fn find(file: &InputFile, column: &TableColumn) -> Result<usize, IoError> {
    let name = &column.field.name;
    let fields = file.schema().fields();
    let mut matches = fields.iter().enumerate().filter(|(_, field)| field.name() == name);
    let Some((index, field)) = matches.next() else {
        let message = format!("{} has no column `{name}`", show(&file.path));
        let error = IoError::new(IoErrorKind::MissingColumn, &file.path, message).column(name);
        return Err(match files::nearest(name, fields.iter().map(|field| field.name().clone())) {
            Some(near) => error.help(format!("a column with a similar name exists: `{near}`")),
            None => error.help(format!("it has {}", listed(fields.iter().map(|field| field.name().as_str())))),
        });
    };
    if matches.next().is_some() {
        let message = format!("{} has more than one column `{name}`", show(&file.path));
        return Err(IoError::new(IoErrorKind::WrongType, &file.path, message).column(name));
    }
    let is_text_file = matches!(file.contents, Contents::Csv(_));
    if is_text_file || types::reads_as(field.data_type(), column.field.ty) {
        return Ok(index);
    }
    let found = types::describe(field.data_type());
    let declared = describe(column.field.ty, column.field.nullable);
    let message = format!("column `{name}` of {} is {found}, read as {declared}", show(&file.path));
    let error = IoError::new(IoErrorKind::WrongType, &file.path, message).column(name);
    Err(match types::natural(field.data_type()) {
        Some(ty) => error.help(format!("declare it as `{}`", describe(ty, column.field.nullable))),
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
