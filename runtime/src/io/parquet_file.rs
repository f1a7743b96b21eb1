//! Parquet files: opening, and reading row groups as Arrow batches.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use super::error::IoError;
use super::file::{Batch, Batches, Request, quietly};
use super::files;
use super::skip;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many row groups are read at once, at most.
const MOST_THREADS: usize = 8;

/// An open Parquet file: its metadata.
#[derive(Debug, Clone)]
pub(crate) struct ParquetFile {
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    pub(crate) fn open(path: &Path) -> Result<Self, IoError> {
        let file = files::open(path)?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| IoError::damaged(path, message(&error)))?;
        Ok(Self { metadata })
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
        let columns: Vec<usize> = request.columns.iter().map(|(column, _)| *column).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(self.reading_schema(&columns)));
        let metadata = ArrowReaderMetadata::try_new(self.metadata.metadata().clone(), options)
            .map_err(|error| IoError::damaged(path, message(&error)))?;
        let mut first = 0;
        let mut groups = VecDeque::new();
        for (index, group) in self.row_groups().iter().enumerate() {
            if rows(group) > 0 && !skip::excluded(self, group, request) {
                groups.push_back((index, first));
            }
            first += rows(group);
        }
        let group_source = GroupSource {
            path: path.to_owned(),
            mask: ProjectionMask::roots(metadata.parquet_schema(), columns),
            metadata,
            batch_rows: request.batch_rows,
        };
        Ok(Box::new(GroupReader { source: Arc::new(group_source), groups, running: VecDeque::new() }))
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

    fn reading_type(&self, column: usize, data_type: &DataType) -> Option<DataType> {
        let leaf = self.leaf(column)?;
        match *super::types::unwrapped(data_type) {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let dictionary = self.row_groups().iter().all(|group| is_dictionary(group.column(leaf)));
                let encoded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Some(if dictionary { encoded } else { DataType::Utf8View })
            }
            DataType::Decimal128(precision, scale) if precision <= 18 => Some(DataType::Decimal64(precision, scale)),
            _ => None,
        }
    }
}

/// Rows of a row group.
pub(crate) fn rows(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or(0)
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

/// What it takes to read a row group.
struct GroupSource {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    batch_rows: usize,
}

impl GroupSource {
    fn open(&self, group: usize) -> Result<ParquetRecordBatchReader, IoError> {
        let file = files::open(&self.path)?;
        let group_rows = usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or(usize::MAX);
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(self.mask.clone())
            .with_batch_size(self.batch_rows.min(group_rows))
            .build()
            .map_err(|error| IoError::damaged(&self.path, message(&error)))
    }

    /// Hands over the batches of a row group that starts at row `first`, until all are out or nobody listens.
    fn send(&self, group: usize, mut first: u64, to: &SyncSender<Result<Batch, IoError>>) {
        let read = || {
            for batch in self.open(group)? {
                let batch = batch.map_err(|error| IoError::damaged(&self.path, error))?;
                let start = first;
                first += batch.num_rows() as u64;
                if to.send(Ok((start, batch))).is_err() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(error) = quietly(&self.path, read) {
            // If nobody listens, nobody needs it.
            drop(to.send(Err(error)));
        }
    }
}

/// Reads row groups side by side, and gives their batches in order.
struct GroupReader {
    source: Arc<GroupSource>,
    /// Row groups that nobody reads yet, and the row of the file that each starts at.
    groups: VecDeque<(usize, u64)>,
    running: VecDeque<RunningGroup>,
}

/// A thread that reads a row group. Dropping it waits for the thread, which ends when nobody listens.
struct RunningGroup {
    batches: Option<Receiver<Result<Batch, IoError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for RunningGroup {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl GroupReader {
    /// Starts threads for the next row groups.
    fn start(&mut self) -> Result<(), IoError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        while self.running.len() < threads
            && let Some((group, first)) = self.groups.pop_front()
        {
            let (sender, batches) = sync_channel(1);
            let source = self.source.clone();
            let thread = std::thread::Builder::new()
                .name("dj-parquet".to_owned())
                .spawn(move || source.send(group, first, &sender))
                .map_err(|error| IoError::unreadable(&self.source.path, &error))?;
            self.running.push_back(RunningGroup { batches: Some(batches), thread: Some(thread) });
        }
        Ok(())
    }
}

impl Iterator for GroupReader {
    type Item = Result<Batch, IoError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Err(error) = self.start() {
                return Some(Err(error));
            }
            let batches = self.running.front()?.batches.as_ref()?;
            match batches.recv() {
                Ok(batch) => return Some(batch),
                Err(_) => drop(self.running.pop_front()),
            }
        }
    }
}
