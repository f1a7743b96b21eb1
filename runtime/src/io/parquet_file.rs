//! Parquet files: opening, and reading row groups as Arrow batches.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use super::error::{IoError, IoErrorKind, show};
use super::file::{Batch, Batches, Request};
use super::files::{self, Identity};
use super::ipc_file;
use super::skip;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open Parquet file: its metadata.
#[derive(Debug, Clone)]
pub(crate) struct ParquetFile {
    metadata: ArrowReaderMetadata,
    identity: Identity,
}

impl ParquetFile {
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let file = files::open(path)?;
        let identity = Identity::of(&file, path)?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| IoError::damaged(path, message(&error)))?;
        check_counts(metadata.metadata()).map_err(|what| IoError::damaged(path, what))?;
        Ok(Self { metadata, identity })
    }

    /// Opens the file again, for its pages.
    pub(crate) fn reopen(&self, path: &Path) -> Result<File, IoError> {
        self.identity.open(path)
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    pub(crate) fn metadata(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    pub(crate) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.metadata().row_groups()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.row_groups().iter().map(rows).sum()
    }

    /// The leaf that a top-level column is stored in, unless it is nested.
    pub(crate) fn leaf(&self, column: usize) -> Option<usize> {
        let schema = self.metadata.parquet_schema();
        let is_column = |leaf: &usize| schema.get_column_root_idx(*leaf) == column;
        let leaf = (0..schema.num_columns()).find(is_column)?;
        (schema.column(leaf).path().parts().len() == 1).then_some(leaf)
    }

    /// Batches of the requested columns, a row group at a time, so that a batch has one dictionary for each column.
    pub(crate) fn batches(&self, path: &Path, request: &Request<'_>) -> Result<Batches, IoError> {
        let columns: Vec<usize> = request.columns.iter().map(|wanted| wanted.column).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(self.reading_schema(&columns)));
        let metadata = ArrowReaderMetadata::try_new(self.metadata.metadata().clone(), options)
            .map_err(|error| IoError::damaged(path, message(&error)))?;
        self.check_compression(path, &columns)?;
        let mut first = 0;
        let mut groups = Vec::new();
        for (index, group) in self.row_groups().iter().enumerate() {
            if rows(group) > 0 && !skip::excluded(self, group, &request.readers) {
                groups.push((index, first));
            }
            first += rows(group);
        }
        groups.reverse();
        Ok(Box::new(GroupReader {
            path: path.to_owned(),
            file: self.reopen(path)?,
            mask: ProjectionMask::roots(metadata.parquet_schema(), columns),
            metadata,
            batch_rows: request.batch_rows,
            groups,
            current: None,
        }))
    }

    /// Refuses what cannot be decompressed before anything is read.
    fn check_compression(&self, path: &Path, columns: &[usize]) -> Result<(), IoError> {
        let leaves: Vec<_> = columns.iter().filter_map(|column| self.leaf(*column)).collect();
        let codecs =
            self.row_groups().iter().flat_map(|group| leaves.iter().map(|leaf| group.column(*leaf).compression()));
        for codec in codecs {
            if matches!(codec, Compression::BROTLI(_) | Compression::LZO) {
                let message = format!("{} is compressed with {codec}, which cannot be read", show(path));
                let help = "write it with zstd, snappy, gzip or lz4";
                return Err(IoError::new(IoErrorKind::UnknownFormat, path, message).help(help));
            }
        }
        Ok(())
    }

    /// The schema to read with: text as dictionaries where it is stored so, small decimals as 64 bits.
    fn reading_schema(&self, columns: &[usize]) -> Schema {
        let schema = self.schema();
        let field = |(index, field): (usize, &Arc<Field>)| {
            let wanted = columns.contains(&index).then(|| self.reading_type(index, field.data_type())).flatten();
            match wanted {
                Some(data_type) => Arc::new(field.as_ref().clone().with_data_type(data_type)),
                None => field.clone(),
            }
        };
        Schema::new_with_metadata(
            schema.fields().iter().enumerate().map(field).collect::<Vec<_>>(),
            schema.metadata().clone(),
        )
    }

    /// Whether the decimals of a leaf are stored in eight bytes or fewer, whatever their precision.
    fn is_short(&self, leaf: usize) -> bool {
        let column = self.metadata.parquet_schema().column(leaf);
        match column.physical_type() {
            parquet::basic::Type::INT32 | parquet::basic::Type::INT64 => true,
            parquet::basic::Type::FIXED_LEN_BYTE_ARRAY => column.type_length() <= 8,
            _ => false,
        }
    }

    fn reading_type(&self, column: usize, data_type: &DataType) -> Option<DataType> {
        let leaf = self.leaf(column)?;
        match *super::types::unwrapped(data_type) {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let dictionary = self.row_groups().iter().all(|group| is_dictionary(group.column(leaf)));
                let encoded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Some(if dictionary { encoded } else { DataType::Utf8View })
            }
            DataType::Decimal128(precision, scale) if precision <= 18 && self.is_short(leaf) => {
                Some(DataType::Decimal64(precision, scale))
            }
            _ => None,
        }
    }
}

/// Rows of a row group; [`check_counts`] has seen that it is a count.
pub(crate) fn rows(group: &RowGroupMetaData) -> u64 {
    group.num_rows().unsigned_abs()
}

/// Whether the counts of the metadata are counts and agree. Row groups are skipped, and positions told, by them.
pub(crate) fn check_counts(metadata: &ParquetMetaData) -> Result<(), String> {
    let mut total = 0_i64;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let rows = group.num_rows();
        if rows < 0 {
            return Err(format!("row group {index} says that it has {rows} rows"));
        }
        let flat = group.columns().iter().filter(|chunk| chunk.column_descr().max_rep_level() == 0);
        if let Some(chunk) = flat.into_iter().find(|chunk| chunk.num_values() != rows) {
            let (column, values) = (chunk.column_path(), chunk.num_values());
            return Err(format!("row group {index} says that it has {rows} rows, and {values} values of {column}"));
        }
        total = total.checked_add(rows).ok_or("its row groups have more rows than can be counted")?;
    }
    let said = metadata.file_metadata().num_rows();
    if said == total {
        return Ok(());
    }
    Err(format!("it says that it has {said} rows, and its row groups have {total}"))
}

/// Whether every data page holds dictionary keys, as far as the metadata tells; only speed depends on it.
pub(crate) fn is_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    let encodings = [Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY];
    match chunk.page_encoding_stats_mask() {
        Some(mask) => encodings.iter().any(|encoding| mask.is_only(*encoding)),
        None => encodings.iter().any(|encoding| chunk.encodings_mask().is_set(*encoding)),
    }
}

/// What the Parquet reader says, without its prefix.
pub(crate) fn message(error: &parquet::errors::ParquetError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// Reads one row group after the other.
struct GroupReader {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    batch_rows: usize,
    /// Row groups that remain, last first, with the row of the file that each starts at.
    groups: Vec<(usize, u64)>,
    current: Option<CurrentGroup>,
}

/// A row group that is being read.
struct CurrentGroup {
    reader: ParquetRecordBatchReader,
    /// The row of the file that the next batch starts at, and the one after the row group.
    next: u64,
    end: u64,
}

impl GroupReader {
    fn open(&self, group: usize, first: u64) -> Result<CurrentGroup, IoError> {
        let file = self.file.try_clone().map_err(|error| IoError::unreadable(&self.path, &error))?;
        let rows = rows(self.metadata.metadata().row_group(group));
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(self.mask.clone())
            .with_batch_size(usize::try_from(rows).unwrap_or(usize::MAX).min(self.batch_rows))
            .build()
            .map_err(|error| IoError::damaged(&self.path, message(&error)))?;
        Ok(CurrentGroup { reader, next: first, end: first + rows })
    }
}

impl Iterator for GroupReader {
    type Item = Result<Batch, IoError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(current) = &mut self.current {
                match current.reader.next() {
                    Some(Ok(batch)) => {
                        let start = current.next;
                        current.next += batch.num_rows() as u64;
                        return Some(Ok((start, batch)));
                    }
                    Some(Err(error)) => return Some(Err(IoError::damaged(&self.path, ipc_file::message(&error)))),
                    None if current.next != current.end => {
                        let what = format!("a row group ends at row {} instead of {}", current.next, current.end);
                        return Some(Err(IoError::damaged(&self.path, what)));
                    }
                    None => self.current = None,
                }
            }
            let (group, first) = self.groups.pop()?;
            match self.open(group, first) {
                Ok(current) => self.current = Some(current),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
