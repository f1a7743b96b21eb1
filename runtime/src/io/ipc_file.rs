//! Arrow IPC: files and streams.

use super::error::IoError;
use super::file::{Batches, Request};
use super::files::{self, Identity};
use super::ipc_check::{check_file, check_stream};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use std::io::BufReader;
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
        let mut file = files::open(path)?;
        let identity = Identity::of(&file, path)?;
        let damaged = |error: ArrowError| IoError::damaged(path, message(&error));
        let checked = if stream { check_stream(&mut file).map(|()| None) } else { check_file(&mut file) };
        let rows = checked.map_err(|what| IoError::damaged(path, what))?;
        let reader = BufReader::new(identity.open(path)?);
        if stream {
            let schema = StreamReader::try_new(reader, None).map_err(damaged)?.schema();
            return Ok(Self { schema, stream, rows, identity });
        }
        let schema = FileReader::try_new(reader, None).map_err(damaged)?.schema();
        Ok(Self { schema, stream, rows, identity })
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// Batches as they are in the file.
    pub(crate) fn batches(&self, path: &Path, request: &Request<'_>) -> Result<Batches, IoError> {
        let columns: Vec<usize> = request.columns.iter().map(|wanted| wanted.column).collect();
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
