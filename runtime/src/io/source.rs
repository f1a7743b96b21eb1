//! An input table, bound to files.

use super::error::{IoError, IoErrorKind, ReadError};
use crate::artifact::{ChunkColumn, ScanPredicate, TableSpec};
use crate::columns::{Chunk, Dictionaries};
use crate::types::Bounds;
use std::path::{Path, PathBuf};

/// The files of an input table, opened and checked against its declaration.
#[derive(Debug)]
pub struct Source {
    spec: TableSpec,
}

impl Source {
    /// Opens a file, the files that a glob matches, or the Parquet files of a directory, sorted by path.
    ///
    /// # Errors
    /// If nothing is there, a file cannot be read, or its columns are not those declared.
    pub fn open(spec: &TableSpec, binding: &str) -> Result<Self, IoError> {
        Err(IoError::new(IoErrorKind::Unreadable, Path::new(binding), format!("cannot read {} yet", spec.name)))
    }

    /// The rows of all files, where their metadata says.
    pub fn rows(&self) -> Option<u64> {
        None
    }

    /// Bounds of a column over all files, where their metadata says.
    pub fn column_bounds(&self, _column: usize) -> Option<Bounds> {
        None
    }

    /// Whether the metadata says that a column holds no null.
    pub fn column_not_null(&self, _column: usize) -> bool {
        false
    }

    /// Reads the rows from the start, in chunks of `capacity`; may be called any number of times.
    ///
    /// # Errors
    /// If a file cannot be opened again.
    pub fn chunks(
        &self,
        _columns: &[ChunkColumn],
        _capacity: usize,
        _skip: &[ScanPredicate],
    ) -> Result<ChunkReader, IoError> {
        Err(IoError::not_found(Path::new(&self.spec.name)))
    }
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The row in it, from one; a header is not counted.
    pub row: u64,
}

/// Reads chunks of a source in order; another thread decodes ahead.
#[derive(Debug)]
pub struct ChunkReader {}

impl ChunkReader {
    /// The next chunk, its text interned in order; `None` after the last. Every chunk but the last is full.
    ///
    /// # Errors
    /// If the data cannot be read, breaks its declaration, or does not fit the elements wanted. No chunk follows an error.
    pub fn next_chunk(&mut self, _dictionaries: &mut Dictionaries) -> Result<Option<Chunk>, ReadError> {
        Ok(None)
    }

    /// Where a row came from, of those given so far.
    pub fn locate(&self, _row: u64) -> Option<Place> {
        None
    }
}
