//! Tables to files: written beside their place, and moved there when they are complete.

use super::batch::{arrow_schema, rows_to_record_batch};
use super::error::{IoError, IoErrorKind, show};
use super::files::extension;
use super::print::Printed;
use crate::artifact::ResultColumn;
use crate::columns::{Dictionaries, Table};
use arrow::array::RecordBatch;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Rows that are converted at a time.
const BATCH: usize = 65_536;

/// Writes tables of the same columns to one file, as its extension says: `.parquet`, `.csv`, `.arrow`.
///
/// Nothing is at the path before [`TableWriter::finish`], and nothing new after an error or a drop; what was there stays.
pub struct TableWriter {
    path: PathBuf,
    columns: Vec<ResultColumn>,
    encoder: Encoder,
    /// Where the file grows; absent where the path is no regular file.
    temporary: Option<NamedTempFile>,
    /// Where the file belongs: the path, or what it links to.
    place: PathBuf,
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

enum Encoder {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
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
        // A link stays a link.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = std::fs::metadata(&place).ok();
        if existing.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(fail(&"it is a directory"));
        }
        let (file, temporary) = if existing.is_some_and(|existing| !existing.is_file()) {
            (File::options().write(true).open(&place).map_err(|error| fail(&error))?, None)
        } else {
            let temporary = temporary_beside(&place).map_err(|error| fail(&error))?;
            (temporary.as_file().try_clone().map_err(|error| fail(&error))?, Some(temporary))
        };
        let out = BufWriter::with_capacity(1 << 18, file);
        let schema = arrow_schema(columns);
        let encoder = match format {
            Format::Parquet => {
                let compression = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(compression).build();
                let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(|error| fail(&error))?;
                Encoder::Parquet(Box::new(writer))
            }
            Format::Arrow => Encoder::Arrow(Box::new(FileWriter::try_new(out, &schema).map_err(|error| fail(&error))?)),
            Format::Csv => Encoder::Csv { out, header: true },
        };
        Ok(Self { path: path.to_owned(), columns: columns.to_vec(), encoder, temporary, place })
    }

    /// Adds the rows of a table.
    ///
    /// # Errors
    /// If the file cannot be written; the disk may be full.
    pub fn write(&mut self, table: &Table, dictionaries: &Dictionaries) -> Result<(), IoError> {
        let path = self.path.clone();
        if let Encoder::Csv { out, header } = &mut self.encoder {
            let printed = Printed { table, columns: &self.columns, dictionaries };
            let written = if std::mem::take(header) { printed.csv_header(out) } else { Ok(()) };
            return written.and_then(|()| printed.csv_rows(out)).map_err(|error| unwritable(&path, &error));
        }
        for start in (0..table.rows).step_by(BATCH) {
            let rows = start..table.rows.min(start + BATCH);
            let batch = rows_to_record_batch(table, &self.columns, dictionaries, rows);
            self.write_batch(&batch.map_err(|error| unwritable(&path, &error))?)?;
        }
        Ok(())
    }

    fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), IoError> {
        match &mut self.encoder {
            Encoder::Parquet(writer) => writer.write(batch).map_err(|error| unwritable(&self.path, &error)),
            Encoder::Arrow(writer) => writer.write(batch).map_err(|error| unwritable(&self.path, &error)),
            Encoder::Csv { .. } => Ok(()),
        }
    }

    /// Completes the file and moves it to its place.
    ///
    /// # Errors
    /// If it cannot be written or moved.
    pub fn finish(mut self) -> Result<(), IoError> {
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
        if let Some(temporary) = self.temporary {
            temporary.persist(&self.place).map_err(|error| fail(&error.error))?;
        }
        Ok(())
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

/// A hidden file in the directory of `place`, so that moving it there is atomic.
fn temporary_beside(place: &Path) -> std::io::Result<NamedTempFile> {
    let directory = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dj-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: what the user's mask leaves.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> IoError {
    IoError::new(IoErrorKind::Unwritable, path, format!("cannot write {}: {error}", show(path)))
}
