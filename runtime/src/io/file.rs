//! One input file of any format: its schema, and batches of its columns.

use super::csv_file::CsvFile;
use super::error::{IoError, place_of};
use super::files::{self, Format};
use super::ipc_file::IpcFile;
use super::parquet_file::ParquetFile;
use super::table_source::{SourceFile, TableSource};
use crate::artifact::{ScanPredicate, TableSpec};
use crate::atomic::Spool;
use crate::types;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The row of the file that a batch starts at, and the batch.
pub(crate) type Batch = (u64, RecordBatch);

/// Batches in order.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<Batch, IoError>> + Send>;

/// What to read of a file.
pub(crate) struct Request<'a> {
    /// Columns of the file, ascending, each once. Batches have them in this order.
    pub(crate) columns: Vec<Wanted>,
    /// How many rows a batch should have.
    pub(crate) batch_rows: usize,
    /// Who reads the rows; if nobody is named, all are needed.
    pub(crate) readers: Vec<Needs<'a>>,
}

/// A column to read.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Its index in the file.
    pub(crate) column: usize,
    /// What it is read as.
    pub(crate) field: types::Field,
    /// Whether that was inferred from the texts of a file, of this one or of another.
    pub(crate) is_inferred: bool,
}

/// What every row that a reader needs satisfies.
pub(crate) struct Needs<'a> {
    /// The table's columns in the file; what is asked of a column that the file lacks says nothing of its rows.
    pub(crate) columns: &'a [Option<usize>],
    /// The table.
    pub(crate) spec: &'a TableSpec,
    /// All of this.
    pub(crate) predicates: &'a [ScanPredicate],
}

/// An input file.
#[derive(Debug, Clone)]
pub(crate) struct InputFile {
    /// As it was named.
    pub(crate) path: PathBuf,
    pub(crate) contents: Contents,
    /// Where a pipe was copied to.
    spool: Option<Arc<Spool>>,
}

/// An input file, by format.
#[derive(Debug, Clone)]
pub(crate) enum Contents {
    Parquet(ParquetFile),
    Csv(CsvFile),
    Ipc(IpcFile),
    /// No file at all.
    Source(SourceFile),
}

impl InputFile {
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let spool = files::rewindable(path)?;
        let place = spool.as_deref().map_or(path, Spool::path);
        let format = match spool {
            None => files::detect(path)?,
            Some(_) => files::detect_spooled(place, path)?,
        };
        // The readers of foreign formats may panic on damaged files.
        let contents = quietly(path, || {
            Ok(match format {
                Format::Parquet => Contents::Parquet(ParquetFile::open(place)?),
                Format::Csv { delimiter } => Contents::Csv(CsvFile::open(place, delimiter)?),
                Format::ArrowFile => Contents::Ipc(IpcFile::open(place, false)?),
                Format::ArrowStream => Contents::Ipc(IpcFile::open(place, true)?),
            })
        })?;
        Ok(Self { path: path.to_owned(), contents, spool })
    }

    /// Something that gives batches; errors name it.
    pub(crate) fn of(name: &str, source: Arc<dyn TableSource>) -> Self {
        Self { path: PathBuf::from(name), contents: Contents::Source(SourceFile::new(source)), spool: None }
    }

    /// The file's columns; those of CSV files are all text.
    pub(crate) fn schema(&self) -> &Schema {
        match &self.contents {
            Contents::Parquet(file) => file.schema(),
            Contents::Csv(file) => file.schema(),
            Contents::Ipc(file) => file.schema(),
            Contents::Source(source) => source.schema(),
        }
    }

    /// The number of rows, where the metadata says.
    pub(crate) fn rows(&self) -> Option<u64> {
        match &self.contents {
            Contents::Parquet(file) => Some(file.rows()),
            Contents::Csv(_) => None,
            Contents::Ipc(file) => file.rows(),
            Contents::Source(source) => source.source.rows(),
        }
    }

    /// A row, from zero, in a message.
    pub(crate) fn place(&self, row: u64) -> String {
        let line = match &self.contents {
            Contents::Csv(file) => file.line(self.readable(), row),
            Contents::Parquet(_) | Contents::Ipc(_) | Contents::Source(_) => None,
        };
        place_of(row, line, &self.path)
    }

    /// Where its bytes can be read any number of times.
    pub(crate) fn readable(&self) -> &Path {
        self.spool.as_deref().map_or(self.path.as_path(), Spool::path)
    }

    /// Reads it from the start.
    pub(crate) fn batches(&self, request: &Request<'_>) -> Result<Batches, IoError> {
        let place = self.readable();
        match &self.contents {
            Contents::Parquet(file) => file.batches(place, request),
            Contents::Csv(file) => file.batches(place, request),
            Contents::Ipc(file) => file.batches(place, request),
            Contents::Source(source) => source.batches(&self.path, request),
        }
    }
}

thread_local! {
    /// How many foreign readers this thread is in.
    static READING: Cell<usize> = const { Cell::new(0) };
}

/// Whether this thread is in a foreign reader, whose panic is an error of the file: no hook needs to tell of it.
pub(crate) fn is_reading() -> bool {
    READING.get() > 0
}

/// Runs a foreign reader; a panic means that the file is damaged.
pub(crate) fn quietly<T>(path: &Path, read: impl FnOnce() -> Result<T, IoError>) -> Result<T, IoError> {
    READING.set(READING.get() + 1);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    READING.set(READING.get() - 1);
    result.unwrap_or_else(|_| Err(IoError::damaged(path, "its reader gave up")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_is_an_error_of_the_file() {
        let (hook, path) = (std::panic::take_hook(), Path::new("t.parquet"));
        std::panic::set_hook(Box::new(move |panic| {
            if !is_reading() {
                hook(panic)
            }
        }));
        let result = quietly(path, || -> Result<(), IoError> {
            assert!(is_reading());
            panic!("as readers of foreign formats do")
        });
        assert!(!is_reading());
        assert_eq!(result.unwrap_err().message, "`t.parquet` cannot be read: its reader gave up");
    }
}
