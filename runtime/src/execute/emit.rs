//! Rows that steps emit: compacted, sliced, handed to exports and kept for later stages.

use super::attempt::Attempt;
use super::error::RunError;
use super::result::StageResult;
use crate::artifact::{Sink, Stage};
use crate::columns::{Column, TableBuilder};
use crate::pjrt::Buffer;
use std::rc::Rc;

/// The sink of an emitting stage.
pub(super) struct Emitted {
    exports: Vec<usize>,
    /// For later stages.
    kept: Option<TableBuilder>,
    /// Rows to leave out still.
    skip: u64,
    /// Rows to take still.
    left: u64,
}

impl Emitted {
    pub(super) fn new(cx: &Attempt<'_, '_>, index: usize, stage: &Stage) -> Self {
        let (skip, left) = stage.sink.slice.unwrap_or((0, u64::MAX));
        let kept = cx.is_read_later(index).then(|| builder(&stage.sink));
        Self { exports: cx.exports_of(index), kept, skip, left }
    }

    /// Whether more rows would only be thrown away.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Takes what one replica's step returned: the mask, and the columns that are not passed on.
    pub(super) fn push(
        &mut self,
        cx: &mut Attempt<'_, '_>,
        sink: &Sink,
        outputs: &[Buffer],
        passed: &[Option<Rc<Column>>],
    ) -> Result<(), RunError> {
        if cx.is_repeating() && self.kept.is_none() {
            return outputs.iter().try_for_each(|buffer| cx.device.wait(buffer));
        }
        let mut buffers = outputs.iter();
        let mut next = || {
            let missing = || RunError::bug("a step returned too few columns");
            cx.device.to_host(buffers.next().ok_or_else(missing)?)
        };
        let mask = next()?;
        let mut columns = Vec::new();
        for (index, column) in sink.columns.iter().enumerate() {
            if let Some(Some(passed)) = passed.get(index) {
                columns.push(Rc::clone(passed));
                continue;
            }
            let values = next()?;
            let validity = if column.field.nullable { Some(next()?) } else { None };
            columns.push(Rc::new(Column { element: column.element, values, validity }));
        }
        let mut rows = builder(sink);
        rows.push_masked(&columns, &mask);
        let rows = rows.finish();
        let (selected, skip, left) = (rows.rows as u64, self.skip, self.left);
        let rows = if skip == 0 && selected <= left { rows } else { rows.slice(skip, left) };
        self.skip = skip.saturating_sub(selected);
        self.left = left - rows.rows as u64;
        if rows.rows == 0 {
            return Ok(());
        }
        if let Some(kept) = &mut self.kept {
            kept.push(&rows.columns, rows.rows);
        }
        self.exports.iter().try_for_each(|export| cx.export_rows(*export, &rows))
    }

    /// The rows for later stages.
    pub(super) fn finish(self, cx: &Attempt<'_, '_>, stage: &Stage) -> Result<Option<StageResult>, RunError> {
        let Some(kept) = self.kept else { return Ok(None) };
        let table = kept.finish();
        let lease = cx.lease(stage, table.bytes() as u64)?;
        Ok(Some(StageResult::on_host(table, Some(lease))))
    }
}

fn builder(sink: &Sink) -> TableBuilder {
    TableBuilder::new(sink.columns.iter().map(|column| (column.element, column.field.nullable)))
}
