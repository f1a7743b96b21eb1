//! Tables that are no files: whatever gives Arrow record batches.

use super::error::IoError;
use super::file::{Batches, Request};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use std::path::Path;
use std::sync::Arc;

/// Gives the rows of a table as Arrow record batches, as often as it is asked: a program may read a table in several
/// passes, and begins again where the data is not what it was compiled for. Every pass gives the same rows in the same order.
///
/// A column is found by its name, and must be of an Arrow type that reads as its declared one. Batches are asked for on a
/// thread of the reader's own.
pub trait TableSource: std::fmt::Debug + Send + Sync {
    /// The columns.
    fn schema(&self) -> SchemaRef;

    /// How many rows there are, if that is known.
    fn rows(&self) -> Option<u64> {
        None
    }

    /// The rows from the first on, in batches of any size that hold only these columns, in this order.
    ///
    /// # Errors
    /// If the rows cannot be had.
    fn batches(&self, columns: &[usize]) -> Result<RecordBatches, ArrowError>;
}

/// Batches in order.
pub type RecordBatches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Record batches in memory.
///
/// ```
/// # use std::sync::Arc;
/// use arrow::array::{Int64Array, RecordBatch};
/// use dj_runtime::io::{InMemory, TableSource};
/// let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2])) as _)])?;
/// let table = InMemory::new(batch.schema(), vec![batch.clone(), batch])?;
/// assert_eq!(table.rows(), Some(4));
/// # Ok::<(), arrow::error::ArrowError>(())
/// ```
#[derive(Debug, Clone)]
pub struct InMemory {
    schema: SchemaRef,
    batches: Arc<Vec<RecordBatch>>,
}

impl InMemory {
    /// Batches of one schema.
    ///
    /// # Errors
    /// If the columns of a batch are not those of the schema.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self, ArrowError> {
        if let Some(at) = batches.iter().position(|batch| batch.schema_ref().fields() != schema.fields()) {
            return Err(ArrowError::SchemaError(format!("batch {at} has other columns than its table")));
        }
        Ok(Self { schema, batches: Arc::new(batches) })
    }
}

impl TableSource for InMemory {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn rows(&self) -> Option<u64> {
        Some(self.batches.iter().map(|batch| batch.num_rows() as u64).sum())
    }

    fn batches(&self, columns: &[usize]) -> Result<RecordBatches, ArrowError> {
        let projected = self.batches.iter().map(|batch| batch.project(columns)).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(projected.into_iter().map(Ok)))
    }
}

/// A source where the reader expects a file.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) source: Arc<dyn TableSource>,
    schema: SchemaRef,
}

impl SourceFile {
    pub(crate) fn new(source: Arc<dyn TableSource>) -> Self {
        let schema = source.schema();
        Self { source, schema }
    }

    pub(crate) fn schema(&self) -> &arrow::datatypes::Schema {
        &self.schema
    }

    pub(crate) fn batches(&self, name: &Path, request: &Request<'_>) -> Result<Batches, IoError> {
        let failed = {
            let name = name.to_owned();
            move |error: ArrowError| IoError::damaged(&name, super::ipc_file::message(&error))
        };
        let wanted: Vec<usize> = request.columns.iter().map(|wanted| wanted.column).collect();
        let batches = self.source.batches(&wanted).map_err(&failed)?;
        let types: Vec<_> = wanted.iter().map(|column| self.schema.field(*column).data_type().clone()).collect();
        let mut first = 0;
        Ok(Box::new(batches.map(move |batch| {
            let batch = batch.map_err(&failed)?;
            // The reader believes the schema.
            let alike = batch.num_columns() == types.len()
                && batch.columns().iter().zip(&types).all(|(column, ty)| column.data_type() == ty);
            if !alike {
                return Err(failed(ArrowError::SchemaError("a batch has other columns than its table".to_owned())));
            }
            let start = first;
            first += batch.num_rows() as u64;
            Ok((start, batch))
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};

    fn batch(name: &str) -> RecordBatch {
        let numbers = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([(name, numbers as _), ("s", Arc::new(StringArray::from(vec!["x", "y"])) as _)])
            .unwrap()
    }

    #[test]
    fn batches_of_one_table_have_one_schema() {
        assert!(InMemory::new(batch("n").schema(), vec![batch("n"), batch("m")]).is_err());
    }

    #[test]
    fn columns_are_given_in_the_order_that_is_asked_for() {
        let table = InMemory::new(batch("n").schema(), vec![batch("n"); 3]).unwrap();
        let all = table.batches(&[1]).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!((all.len(), all[0].num_columns(), all[0].schema().field(0).name().as_str()), (3, 1, "s"));
    }
}
