//! What a stage leaves for later stages: tensors on the devices, rows on the host, or both.

use super::account::Lease;
use super::device::{Device, PerReplica};
use super::emit::elements;
use super::error::RunError;
use crate::artifact::{Exchange, Sink};
use crate::columns::{Column, RowStore, Table};
use crate::pjrt::Buffer;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
    /// How many rows count, per replica.
    pub(super) rows: Vec<usize>,
    /// Whether each replica has the whole result, or a part of it.
    pub(super) exchange: Exchange,
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

    /// The rows on the host: downloaded at first use, those of all devices one after the other or in order, sliced as the sink
    /// says.
    pub(super) fn host(&self, device: &Device, sink: &Sink) -> Result<Rc<RowStore>, RunError> {
        if let Some(rows) = self.host.get() {
            return Ok(Rc::clone(rows));
        }
        let tensors = self.tensors()?;
        let parts =
            (0..tensors.parts()).map(|replica| tensors.part(device, sink, replica)).collect::<Result<Vec<_>, _>>()?;
        let table = match tensors.exchange.places {
            places if places > 0 && parts.len() > 1 => in_order(&parts, &tensors.places(device, places)?)?,
            _ => {
                let all = parts.into_iter().reduce(Table::followed_by);
                all.ok_or_else(|| RunError::bug("a program ran on no device"))?
            }
        };
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

impl Tensors {
    /// How many rows there are in all.
    pub(super) fn all_rows(&self) -> usize {
        // Of a whole result there is one on every device.
        self.rows.iter().take(self.parts()).sum()
    }

    /// How many devices' results together are the whole.
    fn parts(&self) -> usize {
        if self.exchange.is_replicated() { 1 } else { self.rows.len() }
    }

    /// The rows that a replica has.
    fn part(&self, device: &Device, sink: &Sink, replica: usize) -> Result<Table, RunError> {
        let rows = self.rows_of(replica)?;
        let mut columns = Vec::new();
        for (column, places) in sink.columns.iter().zip(sink.column_tensors()) {
            let download = |place: usize| {
                let missing = || RunError::bug(format!("the result lacks a tensor of `{}`", column.field.name));
                let tensors = self.tensors.get(replica);
                device.to_host_first(tensors.and_then(|tensors| tensors.get(place)).ok_or_else(missing)?, rows)
            };
            let values = download(places.values)?;
            let validity = places.validity.map(download).transpose()?;
            let column = Column { element: column.element, values, validity };
            let validities = column.validity.as_ref().map_or(column.len(), |validity| validity.len());
            if column.len() < rows || validities < rows {
                return Err(RunError::bug(format!("a result of {rows} rows has {} values", column.len())));
            }
            columns.push(column);
        }
        Ok(Table::from_prefix(columns, rows))
    }

    pub(super) fn rows_of(&self, replica: usize) -> Result<usize, RunError> {
        self.rows.get(replica).copied().ok_or_else(|| RunError::bug("a program ran on too few devices"))
    }

    /// Where the rows of each replica stand: the last tensors of the result.
    fn places(&self, device: &Device, places: usize) -> Result<Vec<Vec<Place>>, RunError> {
        let of_replica = |(replica, tensors): (usize, &Vec<Rc<Buffer>>)| {
            let rows = self.rows_of(replica)?;
            let mut all = vec![[0; MOST_PLACES]; rows];
            for (index, tensor) in tensors[tensors.len().saturating_sub(places)..].iter().enumerate() {
                let values =
                    Column { element: tensor.element(), values: device.to_host_first(tensor, rows)?, validity: None };
                for (row, place) in all.iter_mut().enumerate() {
                    let value = values.integer(row).and_then(|value| i64::try_from(value).ok());
                    let part = place.get_mut(index).zip(value);
                    let (part, value) = part.ok_or_else(|| RunError::bug("a row has a place of another kind"))?;
                    *part = value;
                }
            }
            Ok(all)
        };
        self.tensors.iter().enumerate().map(of_replica).collect()
    }
}

/// A row's place is a driver, a row and a match at most.
const MOST_PLACES: usize = 3;

/// Where a row stands, the most significant integer first; behind those that there are, zeros.
type Place = [i64; MOST_PLACES];

/// The rows of all parts in the order of their places, which ascend in each part.
fn in_order(parts: &[Table], places: &[Vec<Place>]) -> Result<Table, RunError> {
    let next = |part: usize, row: usize| places[part].get(row).map(|place| Reverse((*place, part, row)));
    let mut heads: BinaryHeap<_> = (0..parts.len()).filter_map(|part| next(part, 0)).collect();
    let mut order = Vec::with_capacity(parts.iter().map(|part| part.rows).sum());
    let mut last = None;
    while let Some(Reverse((place, part, row))) = heads.pop() {
        if last.replace(place).is_some_and(|last| last > place) {
            return Err(RunError::bug("the rows of a device are not in order"));
        }
        order.push((part, row));
        heads.extend(next(part, row + 1));
    }
    Ok(Table::picked(parts, &order))
}
