//! What a stage leaves for later stages: tensors on the devices, rows on the host, or both.

use super::account::Lease;
use super::device::{Device, PerReplica};
use super::emit::elements;
use super::error::RunError;
use crate::artifact::Sink;
use crate::columns::{Column, RowStore, Table};
use crate::pjrt::Buffer;
use std::cell::OnceCell;
use std::rc::Rc;

/// The result of a stage.
pub(super) struct StageResult {
    tensors: Option<Tensors>,
    host: OnceCell<Rc<RowStore>>,
    #[expect(dead_code, reason = "gives the memory back when the result goes")]
    lease: Option<Lease>,
}

/// A folded result on the devices.
pub(super) struct Tensors {
    /// How many rows count.
    pub(super) rows: usize,
    /// The count, per replica: `i32[]`.
    pub(super) count: Vec<Rc<Buffer>>,
    /// All result tensors, per replica.
    pub(super) tensors: PerReplica<Rc<Buffer>>,
}

impl StageResult {
    /// Tensors on the devices.
    pub(super) fn on_device(tensors: Tensors, lease: Lease) -> Self {
        Self { tensors: Some(tensors), host: OnceCell::new(), lease: Some(lease) }
    }

    /// Rows on the host.
    pub(super) fn on_host(rows: RowStore, lease: Option<Lease>) -> Self {
        Self { tensors: None, host: OnceCell::from(Rc::new(rows)), lease }
    }

    /// The tensors of a folded result.
    pub(super) fn tensors(&self) -> Result<&Tensors, RunError> {
        self.tensors.as_ref().ok_or_else(|| RunError::bug("rows that were emitted are read as a resident"))
    }

    /// The rows on the host: downloaded at first use, sliced as the sink says.
    pub(super) fn host(&self, device: &Device, sink: &Sink) -> Result<Rc<RowStore>, RunError> {
        if let Some(rows) = self.host.get() {
            return Ok(Rc::clone(rows));
        }
        let tensors = self.tensors()?;
        let of_first = tensors.tensors.first().ok_or_else(|| RunError::bug("a program ran on no device"))?;
        let mut columns = Vec::new();
        for (column, places) in sink.columns.iter().zip(sink.column_tensors()) {
            let download = |place: usize| {
                let missing = || RunError::bug(format!("the result lacks a tensor of `{}`", column.field.name));
                device.to_host_first(of_first.get(place).ok_or_else(missing)?, tensors.rows)
            };
            let values = download(places.values)?;
            let validity = places.validity.map(download).transpose()?;
            let column = Column { element: column.element, values, validity };
            let validities = column.validity.as_ref().map_or(column.len(), |validity| validity.len());
            if column.len() < tensors.rows || validities < tensors.rows {
                return Err(RunError::bug(format!("a result of {} rows has {} values", tensors.rows, column.len())));
            }
            columns.push(column);
        }
        let table = Table::from_prefix(columns, tensors.rows);
        let table = match sink.slice {
            Some((skip, keep)) => table.slice(skip, keep),
            None => table,
        };
        let mut rows = RowStore::new(elements(sink));
        rows.push(table);
        let rows = Rc::new(rows);
        Ok(Rc::clone(self.host.get_or_init(|| rows)))
    }

    /// Waits until the result is there, without copying it.
    pub(super) fn wait(&self, device: &Device) -> Result<(), RunError> {
        let buffers = self.tensors.iter().flat_map(|tensors| tensors.tensors.iter().flatten());
        buffers.into_iter().try_for_each(|buffer| device.wait(buffer))
    }
}
