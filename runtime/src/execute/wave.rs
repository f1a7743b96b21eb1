//! Waves: one chunk for every replica, on its device.

use super::device::{Device, PerReplica};
use super::error::RunError;
use super::reading::{Reader, Reading, SharedChunk, View};
use crate::artifact::Part;
use crate::columns::Column;
use crate::pjrt::{Buffer, Element};
use std::rc::Rc;

/// One chunk per replica, on the devices, as one stage sees it; a replica for which there is no chunk has one of no rows.
#[derive(Default)]
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
    tensors: Tensors,
}

/// The tensors of a column, of which several stages may read.
#[derive(Clone)]
struct Tensors {
    values: Rc<Buffer>,
    validity: Option<Rc<Buffer>>,
}

/// A column that was read, until it is uploaded and after.
enum Slot {
    OnHost(Rc<Column>),
    OnDevice(Tensors),
}

/// What becomes a part of a stage's wave.
struct Draft {
    passed: Vec<Option<Rc<Column>>>,
    /// The columns that the host made, of those that the step reads.
    made: Vec<Rc<Column>>,
    rows: usize,
    start: u64,
}

impl Wave {
    /// Copies chunks to the devices, a column that several stages see once. There are at most as many as replicas, and at least
    /// one. Each stage has a wave, but those that need no row of any chunk.
    pub(super) fn upload(
        device: &Device,
        mut chunks: Vec<SharedChunk>,
        reading: &Reading<'_, '_>,
    ) -> Result<Vec<Option<Self>>, RunError> {
        let needed = |reader: usize| chunks.iter().any(|chunk| chunk.views[reader].is_some());
        let mut waves: Vec<_> = (0..reading.readers.len()).map(|reader| needed(reader).then(Self::default)).collect();
        while chunks.len() < device.replicas {
            let last = chunks.last().ok_or_else(|| RunError::bug("a wave of no chunk"))?;
            chunks.push(reading.nothing(last.start + last.rows as u64));
        }
        for (replica, chunk) in chunks.into_iter().enumerate() {
            let SharedChunk { columns, start, views, .. } = chunk;
            let mut drafts = Vec::new();
            for ((wave, view), reader) in waves.iter().zip(views).zip(&reading.readers) {
                let view = view.unwrap_or_else(|| reader.nothing(&columns, start, reading.capacity));
                drafts.push(wave.as_ref().map(|_| Draft::new(view, reader)).transpose()?);
            }
            // No view is left, so that a column that no stage passes on moves to the device instead of being copied.
            let mut slots: Vec<Slot> = columns.into_iter().map(Slot::OnHost).collect();
            let upload = |column: Rc<Column>, lane| upload(device, column, lane, reading.capacity, replica);
            for ((wave, draft), reader) in waves.iter_mut().zip(drafts).zip(&reading.readers) {
                if let (Some(wave), Some(draft)) = (wave, draft) {
                    wave.add(draft, reader, &mut slots, &upload)?;
                }
            }
        }
        Ok(waves)
    }

    /// Adds one replica's chunk.
    fn add(
        &mut self,
        draft: Draft,
        reader: &Reader<'_, '_>,
        slots: &mut [Slot],
        upload: &dyn Fn(Rc<Column>, (Element, bool)) -> Result<Tensors, RunError>,
    ) -> Result<(), RunError> {
        let lanes: Vec<_> = reader.driver.lanes().collect();
        let mut made = draft.made.into_iter();
        let mut columns = Vec::new();
        for &column in &reader.driver.arguments {
            let lacks = || RunError::bug(format!("a chunk lacks column {column}"));
            let lane = *lanes.get(column).ok_or_else(lacks)?;
            let tensors = match reader.places.get(column) {
                Some(place) => slots.get_mut(*place).ok_or_else(lacks)?.tensors(|column| upload(column, lane))?,
                None => upload(made.next().ok_or_else(lacks)?, lane)?,
            };
            columns.push(Uploaded { column, tensors });
        }
        self.columns.push(columns);
        self.passed.push(draft.passed);
        self.rows.push(draft.rows);
        self.starts.push(draft.start);
        Ok(())
    }

    /// A tensor of a column that the step reads.
    pub(super) fn column(&self, replica: usize, column: usize, part: Part) -> Option<&Buffer> {
        let uploaded = self.columns.get(replica)?.iter().find(|uploaded| uploaded.column == column)?;
        match part {
            Part::Values => Some(&uploaded.tensors.values),
            Part::Validity => uploaded.tensors.validity.as_deref(),
        }
    }

    /// Rows of all chunks together.
    pub(super) fn total_rows(&self) -> u64 {
        self.rows.iter().map(|&rows| rows as u64).sum()
    }
}

impl Draft {
    fn new(view: View, reader: &Reader<'_, '_>) -> Result<Self, RunError> {
        let column = |index: usize| {
            let column = view.columns.get(index).map(Rc::clone);
            column.ok_or_else(|| RunError::bug(format!("a chunk lacks column {index}")))
        };
        let passed = reader.driver.passed.iter().map(|passed| passed.map(column).transpose());
        let made = reader.driver.arguments.iter().copied().filter(|argument| *argument >= reader.places.len());
        Ok(Self {
            passed: passed.collect::<Result<_, _>>()?,
            made: made.map(column).collect::<Result<_, _>>()?,
            rows: view.rows,
            start: view.start,
        })
    }
}

impl Slot {
    /// The column's tensors; uploaded unless they were.
    fn tensors(&mut self, upload: impl FnOnce(Rc<Column>) -> Result<Tensors, RunError>) -> Result<Tensors, RunError> {
        let tensors = match self {
            Self::OnDevice(tensors) => return Ok(tensors.clone()),
            Self::OnHost(column) => {
                let nothing = Rc::new(Column::zeroed(column.element, 0, false));
                upload(std::mem::replace(column, nothing))?
            }
        };
        *self = Self::OnDevice(tensors.clone());
        Ok(tensors)
    }
}

fn upload(
    device: &Device,
    column: Rc<Column>,
    (element, nullable): (Element, bool),
    capacity: usize,
    replica: usize,
) -> Result<Tensors, RunError> {
    if column.element != element || column.len() != capacity || column.validity.is_some() != nullable {
        return Err(RunError::bug(format!("a chunk's column is {} × {}", column.len(), column.element)));
    }
    // What the host passes on stays with it: nothing that a device reads is read by the host too.
    let column = Rc::unwrap_or_clone(column);
    let values = Rc::new(device.share(column.values, element, &[capacity], replica)?);
    let validity = column.validity.map(|validity| device.share(validity, Element::Pred, &[capacity], replica));
    Ok(Tensors { values, validity: validity.transpose()?.map(Rc::new) })
}
