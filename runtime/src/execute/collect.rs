//! Results in memory, as Arrow record batches.

use super::error::RunError;
use super::outputs::Outputs;
use super::report::RunReport;
use crate::artifact::{Manifest, ResultColumn};
use crate::columns::{Dictionaries, Table};
use crate::io::{arrow_schema, to_record_batch};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

/// No batch has more rows, so that the text of one fits Arrow's 32-bit offsets as a rule.
const BATCH_ROWS: usize = 1 << 16;

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Results {
    /// The exports, in the program's order.
    pub exports: Vec<ExportedTable>,
    /// How the run went.
    pub report: RunReport,
}

/// The rows of an export.
#[derive(Debug, Clone)]
pub struct ExportedTable {
    /// The export's name.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows, in order.
    pub batches: Vec<RecordBatch>,
}

impl Results {
    /// The export of a name.
    pub fn export(&self, name: &str) -> Option<&ExportedTable> {
        self.exports.iter().find(|export| export.name == name)
    }
}

impl ExportedTable {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// Keeps exports in memory.
pub(super) struct Collect {
    exports: Vec<(ExportedTable, Vec<ResultColumn>)>,
}

impl Collect {
    pub(super) fn new(manifest: &Manifest) -> Result<Self, RunError> {
        let export = |index: usize| {
            let name = manifest.exports[index].name.clone();
            let columns = columns_of(manifest, index)?.to_vec();
            Ok((ExportedTable { name, schema: arrow_schema(&columns), batches: Vec::new() }, columns))
        };
        Ok(Self { exports: (0..manifest.exports.len()).map(export).collect::<Result<_, RunError>>()? })
    }

    pub(super) fn results(self, report: RunReport) -> Results {
        Results { exports: self.exports.into_iter().map(|(export, _)| export).collect(), report }
    }
}

/// The columns of an export: those of the last variant, which assumes nothing. Another one may take a column as never null.
///
/// # Errors
/// If there is no such export.
pub fn columns_of(manifest: &Manifest, export: usize) -> Result<&[ResultColumn], RunError> {
    let stage = manifest.exports.get(export).and_then(|export| export.stages.last());
    let stage = stage.and_then(|stage| manifest.variants.last()?.stages.get(*stage));
    let stage = stage.ok_or_else(|| RunError::bug(format!("there is no export {export}")))?;
    Ok(&stage.sink.columns)
}

impl Outputs for Collect {
    fn restart(&mut self) -> Result<(), RunError> {
        self.exports.iter_mut().for_each(|(export, _)| export.batches.clear());
        Ok(())
    }

    fn rows(&mut self, export: usize, rows: &Table, dictionaries: &Dictionaries) -> Result<(), RunError> {
        let unknown = || RunError::bug(format!("there is no export {export}"));
        let (export, columns) = self.exports.get_mut(export).ok_or_else(unknown)?;
        let failed = |error: arrow::error::ArrowError| RunError::bug(format!("rows become no record batch: {error}"));
        if rows.rows <= BATCH_ROWS {
            export.batches.push(to_record_batch(rows, columns, dictionaries).map_err(failed)?);
            return Ok(());
        }
        for first in (0..rows.rows).step_by(BATCH_ROWS) {
            let part = rows.clone().slice(first as u64, BATCH_ROWS as u64);
            export.batches.push(to_record_batch(&part, columns, dictionaries).map_err(failed)?);
        }
        Ok(())
    }

    fn commit(&mut self, _: &Dictionaries) -> Result<(), RunError> {
        Ok(())
    }
}
