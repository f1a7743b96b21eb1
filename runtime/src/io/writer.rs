//! Tables to files: written beside their place, and moved there when they are complete.

use super::batch::{arrow_schema, rows_to_record_batch};
use super::error::{IoError, IoErrorKind, show};
use super::files::extension;
use super::parquet_writer::ParquetWriter;
use super::print::Printed;
use crate::artifact::ResultColumn;
use crate::atomic::NewFile;
use crate::columns::{Dictionaries, Table};
use arrow::ipc::writer::FileWriter;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Rows that are converted to Arrow at a time.
const BATCH: usize = 65_536;

/// Writes tables of the same columns to one file, as its extension says: `.parquet`, `.csv`, `.arrow`.
///
/// Nothing is at the path before [`TableWriter::finish`], and nothing new after an error or a drop; what was there stays.
pub struct TableWriter {
    path: PathBuf,
    columns: Vec<ResultColumn>,
    encoder: Encoder,
    /// Where the file grows.
    new: NewFile,
}

/// A complete file that is not in its place yet. Dropped, it is gone.
#[derive(Debug)]
pub struct WrittenTable {
    path: PathBuf,
    new: NewFile,
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

enum Encoder {
    Parquet(Box<ParquetWriter<BufWriter<File>>>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
    Csv { out: BufWriter<File>, header: bool },
}

#[derive(Clone, Copy)]
enum Format {
    Parquet,
    Arrow,
    Csv,
}

impl TableWriter {
    /// Whether a path can be written, by its extension.
    ///
    /// # Errors
    /// If the extension is of no format.
    pub fn check(path: &Path) -> Result<(), IoError> {
        format_of(path).map(|_| ())
    }

    /// Starts a file.
    ///
    /// # Errors
    /// If the extension is of no format, or the directory cannot be written.
    pub fn create(path: &Path, columns: &[ResultColumn]) -> Result<Self, IoError> {
        let format = format_of(path)?;
        let fail = |error: &dyn std::fmt::Display| unwritable(path, error);
        let new = NewFile::beside(path).map_err(|error| fail(&error))?;
        let file = new.file().try_clone().map_err(|error| fail(&error))?;
        let out = BufWriter::with_capacity(1 << 18, file);
        let encoder = match format {
            Format::Parquet => {
                Encoder::Parquet(Box::new(ParquetWriter::new(out, columns).map_err(|error| fail(&error))?))
            }
            Format::Arrow => {
                let writer = FileWriter::try_new(out, &arrow_schema(columns)).map_err(|error| fail(&error))?;
                Encoder::Arrow(Box::new(writer))
            }
            Format::Csv => Encoder::Csv { out, header: true },
        };
        Ok(Self { path: path.to_owned(), columns: columns.to_vec(), encoder, new })
    }

    /// Adds the rows of a table.
    ///
    /// # Errors
    /// If the file cannot be written; the disk may be full.
    pub fn write(&mut self, table: &Table, dictionaries: &Dictionaries) -> Result<(), IoError> {
        let fail = |error: &dyn std::fmt::Display| unwritable(&self.path, error);
        match &mut self.encoder {
            Encoder::Parquet(writer) => writer.write(table, &self.columns, dictionaries).map_err(|error| fail(&error)),
            Encoder::Arrow(writer) => (0..table.rows).step_by(BATCH).try_for_each(|start| {
                let rows = start..table.rows.min(start + BATCH);
                let batch = rows_to_record_batch(table, &self.columns, dictionaries, rows);
                batch.and_then(|batch| writer.write(&batch)).map_err(|error| fail(&error))
            }),
            Encoder::Csv { out, header } => {
                let printed = Printed { table, columns: &self.columns, dictionaries };
                let written = if std::mem::take(header) { printed.csv_header(out) } else { Ok(()) };
                written.and_then(|()| printed.csv_rows(out)).map_err(|error| fail(&error))
            }
        }
    }

    /// Completes the file and moves it to its place.
    ///
    /// # Errors
    /// If it cannot be written or moved.
    pub fn finish(self) -> Result<(), IoError> {
        self.complete()?.put()
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn complete(mut self) -> Result<WrittenTable, IoError> {
        if matches!(self.encoder, Encoder::Csv { header: true, .. }) {
            let empty = Table { columns: self.columns.iter().map(empty_column).collect(), rows: 0 };
            self.write(&empty, &Dictionaries::default())?;
        }
        let path = self.path;
        let fail = |error: &dyn std::fmt::Display| unwritable(&path, error);
        let mut out = match self.encoder {
            Encoder::Parquet(writer) => writer.into_inner().map_err(|error| fail(&error))?,
            Encoder::Arrow(writer) => writer.into_inner().map_err(|error| fail(&error))?,
            Encoder::Csv { out, .. } => out,
        };
        out.flush().map_err(|error| fail(&error))?;
        self.new.secure().map_err(|error| fail(&error))?;
        Ok(WrittenTable { new: self.new, path })
    }
}

impl WrittenTable {
    /// Whether it is copied to a pipe or a device, not moved.
    pub fn is_copied(&self) -> bool {
        self.new.is_copied()
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn put(self) -> Result<(), IoError> {
        self.new.finish().map_err(|error| unwritable(&self.path, &error))
    }
}

fn empty_column(column: &ResultColumn) -> crate::columns::Column {
    crate::columns::Column::zeroed(column.element, 0, column.field.nullable)
}

fn format_of(path: &Path) -> Result<Format, IoError> {
    match extension(path).as_str() {
        "parquet" | "pq" => Ok(Format::Parquet),
        "arrow" | "ipc" | "feather" => Ok(Format::Arrow),
        "csv" => Ok(Format::Csv),
        _ => {
            let message = format!("cannot tell from its name in which format to write {}", show(path));
            Err(IoError::new(IoErrorKind::UnknownFormat, path, message).help("end it in .parquet, .csv or .arrow"))
        }
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> IoError {
    IoError::new(IoErrorKind::Unwritable, path, format!("cannot write {}: {error}", show(path)))
}
