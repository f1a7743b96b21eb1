//! Waves: one chunk for every replica, on its device.

use super::device::{Device, PerReplica};
use super::error::RunError;
use crate::columns::{Chunk, Column};
use crate::pjrt::{Buffer, Element};

/// One chunk per replica, on the devices; a replica for which there is no chunk has one of no rows.
pub(super) struct Wave {
    /// The columns: values, and validity where nullable.
    pub(super) columns: PerReplica<Buffer>,
    /// How many rows of each chunk count.
    pub(super) rows: Vec<usize>,
    /// The running number of each chunk's first row among those of its driver.
    pub(super) starts: Vec<u64>,
}

impl Wave {
    /// Copies chunks to the devices; there are at most as many as replicas, and at least one.
    pub(super) fn upload(
        device: &Device,
        chunks: Vec<Chunk>,
        lanes: &[(Element, bool)],
        capacity: usize,
    ) -> Result<Self, RunError> {
        let mut wave = Self { columns: Vec::new(), rows: Vec::new(), starts: Vec::new() };
        let mut end = 0;
        let mut chunks = chunks.into_iter();
        for replica in 0..device.replicas {
            let chunk = chunks.next().unwrap_or_else(|| empty(lanes, capacity, end));
            end = chunk.start + chunk.rows as u64;
            wave.rows.push(chunk.rows);
            wave.starts.push(chunk.start);
            let mut buffers = Vec::new();
            for (column, wanted) in chunk.columns.into_iter().zip(lanes) {
                upload_column(device, column, *wanted, capacity, replica, &mut buffers)?;
            }
            wave.columns.push(buffers);
        }
        Ok(wave)
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

fn upload_column(
    device: &Device,
    column: Column,
    (element, nullable): (Element, bool),
    capacity: usize,
    replica: usize,
    buffers: &mut Vec<Buffer>,
) -> Result<(), RunError> {
    if column.element != element || column.len() != capacity || column.validity.is_some() != nullable {
        return Err(RunError::bug(format!("a chunk's column is {} × {}", column.len(), column.element)));
    }
    buffers.push(device.share(column.values, element, &[capacity], replica)?);
    if let Some(validity) = column.validity {
        buffers.push(device.share(validity, Element::Pred, &[capacity], replica)?);
    }
    Ok(())
}
