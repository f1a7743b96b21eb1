//! Waves: one chunk for every replica, on its device.

use super::device::{Device, PerReplica};
use super::error::RunError;
use crate::artifact::{Driver, Part};
use crate::columns::{Chunk, Column};
use crate::pjrt::{Buffer, Element};
use std::rc::Rc;

/// One chunk per replica, on the devices; a replica for which there is no chunk has one of no rows.
pub(super) struct Wave {
    /// The columns that the step reads.
    columns: PerReplica<Uploaded>,
    /// For every column of an emitting stage's result, its values if the host passes them on.
    pub(super) passed: PerReplica<Option<Rc<Column>>>,
    /// How many rows of each chunk count.
    pub(super) rows: Vec<usize>,
    /// The running number of each chunk's first row among those of its driver.
    pub(super) starts: Vec<u64>,
}

/// A column of a chunk on a device.
struct Uploaded {
    /// The index among the chunk's columns.
    column: usize,
    values: Buffer,
    validity: Option<Buffer>,
}

impl Wave {
    /// Copies a driver's chunks to the devices; there are at most as many as replicas, and at least one.
    pub(super) fn upload(
        device: &Device,
        chunks: Vec<Chunk>,
        driver: &Driver,
        capacity: usize,
    ) -> Result<Self, RunError> {
        let lanes: Vec<_> = driver.lanes().collect();
        let mut wave = Self { columns: Vec::new(), passed: Vec::new(), rows: Vec::new(), starts: Vec::new() };
        let mut end = 0;
        let mut chunks = chunks.into_iter();
        for replica in 0..device.replicas {
            let chunk = chunks.next().unwrap_or_else(|| empty(&lanes, capacity, end));
            end = chunk.start + chunk.rows as u64;
            wave.rows.push(chunk.rows);
            wave.starts.push(chunk.start);
            let mut buffers = Vec::new();
            let mut columns: Vec<_> = chunk.columns.into_iter().map(Some).collect();
            for &argument in &driver.arguments {
                let column = columns.get_mut(argument).and_then(Option::take).zip(lanes.get(argument).copied());
                let (column, lane) = column.ok_or_else(|| RunError::bug(format!("a chunk lacks column {argument}")))?;
                let (values, validity) = upload(device, column, lane, capacity, replica)?;
                buffers.push(Uploaded { column: argument, values, validity });
            }
            wave.columns.push(buffers);
            let rest: Vec<_> = columns.into_iter().map(|column| column.map(Rc::new)).collect();
            let passed = driver.passed.iter().map(|passed| {
                let Some(index) = *passed else { return Ok(None) };
                let column = rest.get(index).and_then(Option::clone);
                column.map(Some).ok_or_else(|| RunError::bug(format!("a chunk lacks column {index}, to be passed on")))
            });
            wave.passed.push(passed.collect::<Result<_, _>>()?);
        }
        Ok(wave)
    }

    /// A tensor of a column that the step reads.
    pub(super) fn column(&self, replica: usize, column: usize, part: Part) -> Option<&Buffer> {
        let uploaded = self.columns.get(replica)?.iter().find(|uploaded| uploaded.column == column)?;
        match part {
            Part::Values => Some(&uploaded.values),
            Part::Validity => uploaded.validity.as_ref(),
        }
    }

    /// Rows of all chunks together.
    pub(super) fn total_rows(&self) -> u64 {
        self.rows.iter().map(|&rows| rows as u64).sum()
    }
}

fn empty(lanes: &[(Element, bool)], capacity: usize, start: u64) -> Chunk {
    let column = |(element, nullable): &(Element, bool)| Column::zeroed(*element, capacity, *nullable);
    Chunk { columns: lanes.iter().map(column).collect(), rows: 0, start }
}

fn upload(
    device: &Device,
    column: Column,
    (element, nullable): (Element, bool),
    capacity: usize,
    replica: usize,
) -> Result<(Buffer, Option<Buffer>), RunError> {
    if column.element != element || column.len() != capacity || column.validity.is_some() != nullable {
        return Err(RunError::bug(format!("a chunk's column is {} × {}", column.len(), column.element)));
    }
    let values = device.share(column.values, element, &[capacity], replica)?;
    let validity = column.validity.map(|validity| device.share(validity, Element::Pred, &[capacity], replica));
    Ok((values, validity.transpose()?))
}
