//! Arrow IPC: files and streams.

use super::error::IoError;
use super::file::{Batches, Request};
use super::files::{self, Identity};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader, read_footer_length};
use arrow::ipc::{root_as_footer, root_as_message};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// An Arrow IPC file or stream: its schema, and the number of rows if it has a footer.
#[derive(Debug, Clone)]
pub(crate) struct IpcFile {
    schema: SchemaRef,
    stream: bool,
    rows: Option<u64>,
    identity: Identity,
}

impl IpcFile {
    pub(crate) fn open(path: &Path, stream: bool) -> Result<Self, IoError> {
        let file = files::open(path)?;
        let identity = Identity::of(&file, path)?;
        let reader = BufReader::new(file);
        let damaged = |error: ArrowError| IoError::damaged(path, message(&error));
        if stream {
            let schema = StreamReader::try_new(reader, None).map_err(damaged)?.schema();
            return Ok(Self { schema, stream, rows: None, identity });
        }
        let schema = FileReader::try_new(reader, None).map_err(damaged)?.schema();
        Ok(Self { schema, stream, rows: count_rows(identity.open(path)?), identity })
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// Batches as they are in the file.
    pub(crate) fn batches(&self, path: &Path, request: &Request<'_>) -> Result<Batches, IoError> {
        let columns: Vec<usize> = request.columns.iter().map(|(column, _)| *column).collect();
        let reader = BufReader::new(self.identity.open(path)?);
        let damaged = |error: ArrowError| IoError::damaged(path, message(&error));
        // A projection of nothing loses the rows' count in some versions, so one column is read.
        let projection = if columns.is_empty() && !self.schema.fields().is_empty() { vec![0] } else { columns };
        let path = path.to_owned();
        Ok(if self.stream {
            let reader = StreamReader::try_new(reader, Some(projection)).map_err(damaged)?;
            Box::new(Numbered { path, first: 0, batches: reader })
        } else {
            let reader = FileReader::try_new(reader, Some(projection)).map_err(damaged)?;
            Box::new(Numbered { path, first: 0, batches: reader })
        })
    }
}

/// What Arrow's reader says, without its prefix.
pub(crate) fn message(error: &ArrowError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// Adds up the rows of the batches that the footer lists, from the batches' headers.
fn count_rows(mut file: File) -> Option<u64> {
    let mut tail = [0; 10];
    file.seek(SeekFrom::End(-10)).ok()?;
    file.read_exact(&mut tail).ok()?;
    let length = read_footer_length(tail).ok()?;
    file.seek(SeekFrom::End(-10 - i64::try_from(length).ok()?)).ok()?;
    let mut footer = vec![0; length];
    file.read_exact(&mut footer).ok()?;
    let footer = root_as_footer(&footer).ok()?;
    let mut rows = 0;
    for block in footer.recordBatches()? {
        let mut header = vec![0; usize::try_from(block.metaDataLength()).ok()?];
        file.seek(SeekFrom::Start(u64::try_from(block.offset()).ok()?)).ok()?;
        file.read_exact(&mut header).ok()?;
        // The length comes first, after a marker in newer files.
        let start = if header.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let message = root_as_message(header.get(start..)?).ok()?;
        rows += u64::try_from(message.header_as_record_batch()?.length()).ok()?;
    }
    Some(rows)
}

/// Batches with the number of their first row.
struct Numbered<B> {
    path: PathBuf,
    first: u64,
    batches: B,
}

impl<B: Iterator<Item = Result<RecordBatch, ArrowError>>> Iterator for Numbered<B> {
    type Item = Result<super::file::Batch, IoError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.batches.next()? {
            Ok(batch) => {
                let start = self.first;
                self.first += batch.num_rows() as u64;
                Ok((start, batch))
            }
            Err(error) => Err(IoError::damaged(&self.path, message(&error))),
        })
    }
}
