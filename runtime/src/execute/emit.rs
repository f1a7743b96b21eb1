//! Rows that steps emit: compacted, sliced, handed to exports and kept for later stages.

use super::attempt::Attempt;
use super::call::Returned;
use super::error::{RunError, pairs};
use super::in_flight::Window;
use super::lineage::{Origins, Selected};
use super::result::StageResult;
use super::slice::{Lanes, Slice};
use crate::artifact::{Part, Sink, SlotKind, Stage};
use crate::columns::{Column, RowStore, TableBuilder};
use crate::pjrt::Element;
use std::rc::Rc;

/// The sink of an emitting stage.
pub(super) struct Emitted {
    exports: Vec<usize>,
    assertions: Vec<usize>,
    /// For later stages.
    kept: Option<RowStore>,
    /// Which rows of the stage they are.
    selected: Selected,
    /// Which of the rows are wanted, if not all.
    slice: Option<Slice>,
    /// How many there were.
    pub(super) rows: u64,
}

/// What one replica's step gave.
pub(super) struct Emission<'a> {
    pub(super) returned: &'a Returned,
    /// Columns of the result that are passed on.
    pub(super) passed: &'a [Option<Rc<Column>>],
    pub(super) window: Window,
    /// Where the stage's rows come from.
    pub(super) origins: &'a Origins,
    /// The first row that is not to be taken.
    pub(super) end: Option<u64>,
}

impl Emitted {
    pub(super) fn new(cx: &Attempt<'_, '_>, index: usize, stage: &Stage) -> Self {
        let kept = cx.is_read_later(index).then(|| RowStore::new(elements(&stage.sink)));
        let slice = stage.sink.slice.map(Slice::new);
        Self {
            exports: cx.exports_of(index),
            assertions: cx.assertions_of(index),
            kept,
            selected: Selected::default(),
            slice,
            rows: 0,
        }
    }

    /// Whether an assertion is false for the rows.
    pub(super) fn asserts(&self) -> bool {
        !self.assertions.is_empty()
    }

    /// Whether more rows would only be thrown away.
    pub(super) fn is_full(&self) -> bool {
        self.slice.as_ref().is_some_and(Slice::is_full)
    }

    /// Whether something that went wrong in a row is a failure.
    pub(super) fn wants(&self, row: u64) -> bool {
        self.slice.as_ref().is_none_or(|slice| slice.wants(row))
    }

    /// Takes what one replica's step returned.
    pub(super) fn push(
        &mut self,
        cx: &mut Attempt<'_, '_>,
        sink: &Sink,
        emission: &Emission<'_>,
    ) -> Result<(), RunError> {
        if cx.is_repeating() && self.kept.is_none() && self.slice.is_none() {
            return emission.returned.rest().try_for_each(|buffer| cx.device.wait(buffer));
        }
        let get = |kind| cx.device.to_host(emission.returned.get(kind)?);
        let mut mask = get(SlotKind::Mask)?;
        if let Some(slice) = &mut self.slice {
            match emission.window {
                Window::Rows { first } => slice.take(&mut mask, Lanes::Rows(first), emission.end),
                Window::Matches { left, end } => {
                    let rows = get(SlotKind::Origin)?;
                    slice.take(&mut mask, Lanes::Matches { rows: rows.as_slice(), left, end }, emission.end);
                }
            }
        }
        let mut columns = Vec::new();
        let all = pairs("result columns and what is passed on", &sink.columns, emission.passed)?;
        for (index, (column, passed)) in all.enumerate() {
            if let Some(passed) = passed {
                columns.push(Rc::clone(passed));
                continue;
            }
            let slot = |part| SlotKind::Emitted { column: index, part };
            let values = get(slot(Part::Values))?;
            let validity = column.field.nullable.then(|| get(slot(Part::Validity))).transpose()?;
            columns.push(Rc::new(Column { element: column.element, values, validity }));
        }
        let mut rows = TableBuilder::new(elements(sink));
        rows.push_masked(&columns, &mask);
        let rows = rows.finish();
        if rows.rows == 0 {
            return Ok(());
        }
        self.rows += rows.rows as u64;
        self.exports.iter().try_for_each(|export| cx.export_rows(*export, &rows))?;
        for assertion in &self.assertions {
            let place = |row| Some(emission.origins.place(emission.window.row_of(&mask, row)?));
            cx.violate(*assertion, &sink.columns, &rows, &place)?;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(rows);
            self.selected.push(&mask, emission.window);
        }
        Ok(())
    }

    /// The rows for later stages, and which rows of the stage they are.
    pub(super) fn finish(
        self,
        cx: &Attempt<'_, '_>,
        stage: &Stage,
    ) -> Result<(Option<StageResult>, Selected), RunError> {
        let Some(kept) = self.kept else { return Ok((None, self.selected)) };
        let lease = cx.lease(stage, kept.bytes() as u64)?;
        Ok((Some(StageResult::on_host(kept, Some(lease))), self.selected))
    }
}

/// The elements of a result's columns, and whether a validity follows.
pub(super) fn elements(sink: &Sink) -> impl Iterator<Item = (Element, bool)> {
    sink.columns.iter().map(|column| (column.element, column.field.nullable))
}
