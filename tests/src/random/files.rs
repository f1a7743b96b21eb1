//! Data files that DuckDB does not write: Arrow's, and Parquet with durations.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;

use super::schema::Column;
use super::types::Type;
use crate::Result;

/// Writes rows of a table's columns to an Arrow or a Parquet file, as its name ends, in groups of so many.
pub(super) fn write(batches: &[RecordBatch], columns: &[Column], path: &Path, group: usize) -> Result {
    let is_arrow = path.extension().is_some_and(|extension| extension == "arrow");
    let batches = batches.iter().map(|batch| typed(batch, columns, is_arrow)).collect::<Result<Vec<_>>>()?;
    let schema = batches.first().ok_or("there is no batch, not even an empty one")?.schema();
    let all = arrow::compute::concat_batches(&schema, &batches)?;
    let groups = (0..all.num_rows()).step_by(group).map(|at| all.slice(at, group.min(all.num_rows() - at)));
    let file = File::create(path)?;
    if is_arrow {
        let mut writer = FileWriter::try_new(file, &schema)?;
        groups.into_iter().try_for_each(|group| writer.write(&group))?;
        writer.finish()?;
        return Ok(());
    }
    let mut writer = ArrowWriter::try_new(file, schema, None)?;
    for group in groups {
        writer.write(&group)?;
        writer.flush()?;
    }
    writer.close()?;
    Ok(())
}

/// Durations, which DuckDB has as numbers; in Arrow files, texts in each of the forms that Arrow has.
fn typed(batch: &RecordBatch, columns: &[Column], is_arrow: bool) -> Result<RecordBatch> {
    let form = |at: usize, array: &ArrayRef| match at % 4 {
        _ if !is_arrow => array.data_type().clone(),
        0 => DataType::Utf8,
        1 => DataType::LargeUtf8,
        2 => DataType::Utf8View,
        _ => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    };
    let mut arrays = vec![];
    let mut fields = vec![];
    for (at, (array, field)) in batch.columns().iter().zip(batch.schema().fields()).enumerate() {
        let ty = columns.iter().find(|column| column.name == field.name()).map(|column| column.ty);
        let wanted = match ty {
            Some(Type::Duration) => DataType::Duration(TimeUnit::Microsecond),
            Some(Type::Text) => form(at, array),
            Some(_) | None => array.data_type().clone(),
        };
        fields.push(Field::new(field.name(), wanted.clone(), true));
        arrays.push(cast(array, &wanted)?);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
