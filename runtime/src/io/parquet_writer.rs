//! Tables to a Parquet file, their columns encoded side by side.

use super::batch::{arrow_schema, column_to_array};
use crate::artifact::ResultColumn;
use crate::columns::{Dictionaries, Table};
use crate::types::Type;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Rows of a row group at most.
const ROW_GROUP: usize = 1 << 20;

/// Rows that are converted to Arrow at a time.
const BATCH: usize = 1 << 16;

/// Fewer values than this are encoded before another thread has started.
const WORTH_A_THREAD: usize = 1 << 14;

/// Writes tables of the same columns.
pub(super) struct ParquetWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// Of the row group that is being written.
    columns: Vec<ArrowColumnWriter>,
    /// How many rows are in it.
    rows: usize,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Starts a file.
    pub(super) fn new(out: W, columns: &[ResultColumn]) -> Result<Self, ParquetError> {
        let schema = arrow_schema(columns);
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        // The library's own writer knows what a file says of its Arrow types.
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))?;
        let (file, factory) = writer.into_serialized_writer()?;
        let columns = factory.create_column_writers(0)?;
        Ok(Self { file, factory, schema, columns, rows: 0 })
    }

    /// Adds the rows of a table.
    pub(super) fn write(
        &mut self,
        table: &Table,
        columns: &[ResultColumn],
        dictionaries: &Dictionaries,
    ) -> Result<(), ParquetError> {
        let mut start = 0;
        while start < table.rows {
            let end = table.rows.min(start + ROW_GROUP - self.rows);
            self.encode(table, columns, dictionaries, start..end)?;
            self.rows += end - start;
            start = end;
            if self.rows == ROW_GROUP {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Encodes some rows; each thread takes the next column that none has taken, text first because it takes longest.
    fn encode(
        &mut self,
        table: &Table,
        columns: &[ResultColumn],
        dictionaries: &Dictionaries,
        rows: Range<usize>,
    ) -> Result<(), ParquetError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(columns.len()).min(1 + rows.len() * columns.len() / WORTH_A_THREAD);
        let mut jobs: Vec<_> = self.columns.iter_mut().enumerate().collect();
        jobs.sort_by_key(|(index, _)| columns[*index].field.ty == Type::Str);
        let jobs = Mutex::new(jobs);
        let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let schema = &self.schema;
        let work = || {
            while let Some((index, writer)) = next() {
                for start in rows.clone().step_by(BATCH) {
                    let rows = start..rows.end.min(start + BATCH);
                    let array = column_to_array(&table.columns[index], &columns[index], dictionaries, rows)?;
                    for leaf in compute_leaves(schema.field(index), &array)? {
                        writer.write(&leaf)?;
                    }
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mine = work();
            let joined =
                others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            joined.fold(mine, |first: Result<(), ParquetError>, other| first.and(other))
        })
    }

    /// Ends the row group.
    fn flush(&mut self) -> Result<(), ParquetError> {
        let following = self.factory.create_column_writers(self.file.flushed_row_groups().len() + 1)?;
        let mut group = self.file.next_row_group()?;
        for column in std::mem::replace(&mut self.columns, following) {
            column.close()?.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Ends the file.
    pub(super) fn into_inner(mut self) -> Result<W, ParquetError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.file.into_inner()
    }
}
