//! What a stage leaves for later stages: tensors on the devices, rows on the host, or both.

use super::account::Lease;
use super::device::{Device, PerReplica};
use super::error::RunError;
use crate::artifact::Sink;
use crate::columns::{Column, Table};
use crate::pjrt::Buffer;
use std::cell::OnceCell;
use std::rc::Rc;

/// The result of a stage.
pub(super) struct StageResult {
    tensors: Option<Tensors>,
    host: OnceCell<Rc<Table>>,
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
    pub(super) fn on_host(table: Table, lease: Option<Lease>) -> Self {
        Self { tensors: None, host: OnceCell::from(Rc::new(table)), lease }
    }

    /// The tensors of a folded result.
    pub(super) fn tensors(&self) -> Result<&Tensors, RunError> {
        self.tensors.as_ref().ok_or_else(|| RunError::bug("rows that were emitted are read as a resident"))
    }

    /// The rows on the host: downloaded at first use, sliced as the sink says.
    pub(super) fn host(&self, device: &Device, sink: &Sink) -> Result<Rc<Table>, RunError> {
        if let Some(table) = self.host.get() {
            return Ok(Rc::clone(table));
        }
        let tensors = self.tensors()?;
        let mut buffers = tensors.tensors.first().map(Vec::as_slice).unwrap_or_default().iter();
        let mut columns = Vec::new();
        for column in &sink.columns {
            let mut next = || {
                let missing = || RunError::bug(format!("the result lacks a tensor of `{}`", column.field.name));
                device.to_host_first(buffers.next().ok_or_else(missing)?, tensors.rows)
            };
            let values = next()?;
            let validity = if column.field.nullable { Some(next()?) } else { None };
            let column = Column { element: column.element, values, validity };
            if column.len() < tensors.rows {
                return Err(RunError::bug(format!("a result of {} rows has {} values", tensors.rows, column.len())));
            }
            columns.push(column);
        }
        let table = Table::from_prefix(columns, tensors.rows);
        let table = Rc::new(match sink.slice {
            Some((skip, keep)) => table.slice(skip, keep),
            None => table,
        });
        Ok(Rc::clone(self.host.get_or_init(|| table)))
    }

    /// Waits until the result is there, without copying it.
    pub(super) fn wait(&self, device: &Device) -> Result<(), RunError> {
        let buffers = self.tensors.iter().flat_map(|tensors| tensors.tensors.iter().flatten());
        buffers.into_iter().try_for_each(|buffer| device.wait(buffer))
    }
}
