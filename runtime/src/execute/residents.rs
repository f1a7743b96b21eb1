//! What every program of a stage reads besides state and chunk: host tables, earlier results, scalars.

use super::account::Lease;
use super::attempt::Attempt;
use super::device::PerReplica;
use super::error::RunError;
use super::result::Tensors;
use super::scalars::{encode, fill};
use super::status::Stop;
use crate::artifact::{Part, Resident, ResidentTensor, ScalarInput, ScalarSource, Stage};
use crate::columns::AlignedBytes;
use crate::expr::Scalar;
use crate::pjrt::{Buffer, Element};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The residents and scalars of a stage at its rung, on the devices.
#[derive(Default)]
pub(super) struct Residents {
    rung: Option<usize>,
    slots: Vec<Slot>,
    /// One for each scalar.
    scalars: Option<PerReplica<ScalarBuffers>>,
}

/// A scalar on a device.
struct ScalarBuffers {
    value: Buffer,
    validity: Option<Buffer>,
}

/// One resident.
pub(super) struct Slot {
    /// Of a host table: which version of its entries.
    version: u64,
    buffers: PerReplica<Rc<Buffer>>,
    #[expect(dead_code, reason = "gives the memory back when the resident goes")]
    lease: Lease,
}

/// Host tables on the devices, by table and capacity.
pub(super) type TableUploads = BTreeMap<(usize, usize), Slot>;

impl Residents {
    /// Brings everything up to date with the rung and the dictionaries.
    pub(super) fn refresh(&mut self, cx: &mut Attempt<'_, '_>, stage: &Stage, rung: usize) -> Result<(), Stop> {
        if self.rung != Some(rung) {
            self.slots.clear();
            self.rung = Some(rung);
        }
        for (index, resident) in stage.residents.iter().enumerate() {
            let version = match resident {
                Resident::HostTable { table, .. } => cx.host_tables.arrays(*table).version,
                Resident::Result { .. } => 0,
            };
            if self.slots.get(index).is_some_and(|slot| slot.version == version) {
                continue;
            }
            let buffers = match resident {
                Resident::HostTable { table, capacity } => {
                    host_table(cx, stage, *table, stage.capacity(*capacity, rung))?
                }
                Resident::Result { stage: from, tensors } => earlier_result(cx, stage, *from, tensors, rung)?,
            };
            // A tensor that only this slot holds was made for it.
            let own = buffers.iter().flatten().filter(|buffer| Rc::strong_count(buffer) == 1);
            let bytes = own.map(|buffer| cx.device.bytes_of(buffer)).sum::<Result<usize, _>>()?;
            let slot = Slot { version, buffers, lease: cx.lease(stage, bytes as u64)? };
            match self.slots.get_mut(index) {
                Some(old) => *old = slot,
                None => self.slots.push(slot),
            }
        }
        if self.scalars.is_none() {
            self.scalars = Some(scalars(cx, &stage.scalars)?);
        }
        Ok(())
    }

    /// A tensor of a resident.
    pub(super) fn tensor(&self, replica: usize, resident: usize, tensor: usize) -> Option<&Buffer> {
        self.slots.get(resident)?.buffers.get(replica)?.get(tensor).map(Rc::as_ref)
    }

    /// The value or the validity of a scalar.
    pub(super) fn scalar(&self, replica: usize, scalar: usize, part: Part) -> Option<&Buffer> {
        let buffers = self.scalars.as_ref()?.get(replica)?.get(scalar)?;
        match part {
            Part::Values => Some(&buffers.value),
            Part::Validity => buffers.validity.as_ref(),
        }
    }
}

fn host_table(
    cx: &mut Attempt<'_, '_>,
    stage: &Stage,
    table: usize,
    capacity: usize,
) -> Result<PerReplica<Rc<Buffer>>, RunError> {
    let arrays = cx.host_tables.arrays(table);
    if let Some(slot) = cx.table_uploads.get(&(table, capacity))
        && slot.version == arrays.version
    {
        return Ok(slot.buffers.clone());
    }
    let (column, failed) = arrays.padded(capacity);
    let flags: Vec<_> = [column.validity, failed].into_iter().flatten().collect();
    let size = capacity * (column.element.bytes() + flags.len()) * cx.device.replicas;
    let lease = cx.lease(stage, size as u64)?;
    let mut buffers = Vec::new();
    for replica in 0..cx.device.replicas {
        let mut tensors =
            vec![Rc::new(cx.device.share(column.values.clone(), column.element, &[capacity], replica)?)];
        for flag in &flags {
            tensors.push(Rc::new(cx.device.share(flag.clone(), Element::Pred, &[capacity], replica)?));
        }
        buffers.push(tensors);
    }
    let slot = Slot { version: arrays.version, buffers: buffers.clone(), lease };
    cx.table_uploads.insert((table, capacity), slot);
    Ok(buffers)
}

fn earlier_result(
    cx: &Attempt<'_, '_>,
    stage: &Stage,
    from: usize,
    wanted: &[ResidentTensor],
    rung: usize,
) -> Result<PerReplica<Rc<Buffer>>, RunError> {
    let tensors = cx.result(from)?.tensors()?;
    let columns = cx.column_tensors(from);
    let mut buffers = Vec::new();
    for replica in 0..cx.device.replicas {
        let mut list = vec![Rc::clone(&tensors.count[replica])];
        for (index, wanted) in wanted.iter().enumerate() {
            let length = stage.length(wanted.dim, rung);
            list.push(fitted(cx, tensors, (replica, index), index < columns, wanted, length)?);
        }
        buffers.push(list);
    }
    Ok(buffers)
}

/// A tensor at the length that the stage wants; a column may lose its padding.
fn fitted(
    cx: &Attempt<'_, '_>,
    tensors: &Tensors,
    (replica, index): (usize, usize),
    is_column: bool,
    wanted: &ResidentTensor,
    length: usize,
) -> Result<Rc<Buffer>, RunError> {
    let missing = || RunError::bug(format!("an earlier stage's result lacks tensor {index}"));
    let buffer = tensors.tensors[replica].get(index).ok_or_else(missing)?;
    let has = length_of(buffer)?;
    if buffer.element() != wanted.element {
        return Err(RunError::bug(format!("a resident of {} is {}", wanted.element, buffer.element())));
    }
    if has == length {
        return Ok(Rc::clone(buffer));
    }
    if has > length && !(is_column && tensors.rows_of(replica)? <= length) {
        return Err(RunError::bug(format!("a resident of {length} elements has {has}")));
    }
    let size = wanted.element.bytes();
    let bytes = cx.device.to_host(buffer)?;
    let kept = has.min(length) * size;
    let mut padded = AlignedBytes::zeroed(length * size);
    padded[..kept].copy_from_slice(&bytes[..kept]);
    fill(&mut padded[kept..], wanted.element, pad_bits(wanted));
    Ok(Rc::new(cx.device.share(padded, wanted.element, &[length], replica)?))
}

fn pad_bits(tensor: &ResidentTensor) -> u64 {
    match tensor.element {
        Element::F32 => u64::from((tensor.pad as f32).to_bits()),
        Element::F64 => (tensor.pad as f64).to_bits(),
        Element::Pred
        | Element::S8
        | Element::S16
        | Element::S32
        | Element::S64
        | Element::U8
        | Element::U16
        | Element::U32
        | Element::U64 => tensor.pad.cast_unsigned(),
    }
}

/// The length of a one-dimensional buffer.
pub(super) fn length_of(buffer: &Buffer) -> Result<usize, RunError> {
    let length = match buffer.dims() {
        [length] => usize::try_from(*length).ok(),
        _ => None,
    };
    length.ok_or_else(|| RunError::bug(format!("a result's tensor is {}, which has no length", buffer.shape())))
}

fn scalars(cx: &Attempt<'_, '_>, inputs: &[ScalarInput]) -> Result<PerReplica<ScalarBuffers>, RunError> {
    let mut buffers: PerReplica<_> = (0..cx.device.replicas).map(|_| Vec::new()).collect();
    for input in inputs {
        let value = match input.source {
            ScalarSource::Param(param) => cx.param(param)?,
            ScalarSource::Cell { stage, column } => cx.cell(stage, column)?,
        };
        if value == Scalar::Null && !input.nullable {
            return Err(RunError::bug("a null is read as a scalar that is never null"));
        }
        let bytes = encode(&value, input.element)?;
        let valid = [u8::from(value != Scalar::Null)];
        for (replica, list) in buffers.iter_mut().enumerate() {
            let validity = || cx.device.copy(&valid, Element::Pred, &[], replica);
            let validity = input.nullable.then(validity).transpose()?;
            list.push(ScalarBuffers { value: cx.device.copy(&bytes, input.element, &[], replica)?, validity });
        }
    }
    Ok(buffers)
}
