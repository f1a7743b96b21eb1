//! What a program takes and gives: named slots in order, declared here and nowhere else.
//!
//! The lowering makes a module's arguments and results from these lists, the executor fills and reads them by name, and an
//! executable whose outputs look otherwise is refused when it is loaded. (PJRT tells nothing of an executable's parameters:
//! the plugin itself refuses arguments of the wrong number or size when a program is run.)
//!
//! ```text
//! step(state, residents, scalars, chunk, rows, start[, offset])
//!                                       -> (state, status, [count], [mask, [origin], emitted], [total])
//! merge(state, other, residents, scalars) -> (state, status, [count])
//! compact(state, residents, scalars)    -> (state, status, count)
//! partition(state, residents, scalars)  -> (state, status, counts)
//! exchange(state, other, counts, round) -> (state, status, count)
//! finish(state, residents, scalars)     -> (status, count, tensors)
//! ```

use super::{Capacity, Dim, Driver, HostTable, ProgramKind, Resident, ScalarInput, SinkKind, Stage};
use crate::pjrt::Element;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SlotKind {
    /// A tensor of the state. All programs but finish give it back in the place that they were given.
    State(usize),
    /// A tensor of the state of another replica; of an exchange, of what this one sends.
    Other(usize),
    /// How many rows go to each device: `i32[replicas]`.
    Counts,
    /// Which round of an exchange it is, from 0: `i32[]`.
    Round,
    /// A tensor of a resident.
    Resident {
        /// The index among the stage's residents.
        resident: usize,
        /// The index among its tensors.
        tensor: usize,
    },
    /// A scalar.
    Scalar {
        /// The index among the stage's scalars.
        scalar: usize,
        /// Its value or its validity.
        part: Part,
    },
    /// A column of the chunk.
    Chunk {
        /// The index among the chunk's columns.
        column: usize,
        /// Its values or their validity.
        part: Part,
    },
    /// How many rows of the chunk count: `i32[]`.
    Rows,
    /// The running number of the chunk's first row among those of all drivers: `i64[]`.
    Start,
    /// Where the window of an expanding step begins: `i64[]`.
    Offset,
    /// What was raised so far: `i64[max(1, sites)]`. The state's first tensor, as it is after the program.
    Status,
    /// How many rows are buffered, or how many the result has: `i32[]`.
    Count,
    /// Which lanes hold a row of the result: `i1[chunk_rows]`.
    Mask,
    /// The running number of each lane's row: `i64[chunk_rows]`.
    Origin,
    /// A column of an emitting stage's result.
    Emitted {
        /// The index among the result's columns.
        column: usize,
        /// Its values or their validity.
        part: Part,
    },
    /// How many rows the chunk gives in all: `i64[]`.
    Total,
    /// A tensor of a fold's result.
    Result(usize),
}

/// A half of a column or a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The values.
    Values,
    /// Which of them are not null.
    Validity,
}

/// One argument or result of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What it holds.
    pub kind: SlotKind,
    /// The element of the tensor.
    pub element: Element,
    /// The tensor's dimensions.
    pub dims: Vec<usize>,
}

/// The arguments and results of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abi {
    /// The arguments, in order.
    pub arguments: Vec<Slot>,
    /// The results, in order.
    pub results: Vec<Slot>,
}

/// Something that the manifest names and does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {index} is not there")]
pub struct Missing {
    /// What is missing, in the singular.
    pub what: &'static str,
    /// The index that is out of range.
    pub index: usize,
}

impl Abi {
    /// The slots of a stage's program at a rung.
    ///
    /// # Errors
    /// If the stage names a driver, a host table or a capacity that there is not.
    pub fn of(stage: &Stage, host_tables: &[HostTable], kind: ProgramKind, rung: usize) -> Result<Self, Missing> {
        let arguments = arguments(stage, host_tables, kind, rung)?;
        Ok(Self { arguments, results: results(stage, kind, rung)? })
    }
}

/// The arguments of a stage's program, which do not depend on the stage's sink.
///
/// # Errors
/// If the stage names a driver, a host table or a capacity that there is not.
pub fn arguments(
    stage: &Stage,
    host_tables: &[HostTable],
    kind: ProgramKind,
    rung: usize,
) -> Result<Vec<Slot>, Missing> {
    let mut slots = state(stage, rung)?;
    if matches!(kind, ProgramKind::Merge | ProgramKind::Exchange) {
        let other = state(stage, rung)?.into_iter().enumerate();
        slots.extend(other.map(|(index, slot)| Slot { kind: SlotKind::Other(index), ..slot }));
    }
    if kind == ProgramKind::Exchange {
        slots.extend([counts(stage), scalar(SlotKind::Round, Element::S32)]);
        return Ok(slots);
    }
    for (index, resident) in stage.residents.iter().enumerate() {
        let tensors = resident_tensors(&stage.capacities, host_tables, resident, rung)?;
        let slot =
            |(tensor, (element, dims))| Slot { kind: SlotKind::Resident { resident: index, tensor }, element, dims };
        slots.extend(tensors.into_iter().enumerate().map(slot));
    }
    for (scalar, input) in stage.scalars.iter().enumerate() {
        let kind = |part| SlotKind::Scalar { scalar, part };
        slots.extend(column(kind, input.element, input.nullable, &[]));
    }
    if let ProgramKind::Step(index) = kind {
        let driver = driver(stage, index)?;
        let lanes: Vec<_> = driver.lanes().collect();
        for &index in &driver.arguments {
            let missing = Missing { what: "chunk column", index };
            let (element, nullable) = *lanes.get(index).ok_or(missing)?;
            slots.extend(column(
                |part| SlotKind::Chunk { column: index, part },
                element,
                nullable,
                &[stage.chunk_rows],
            ));
        }
        slots.push(scalar(SlotKind::Rows, Element::S32));
        slots.push(scalar(SlotKind::Start, Element::S64));
        slots.extend(driver.expands.then(|| scalar(SlotKind::Offset, Element::S64)));
    }
    Ok(slots)
}

/// Elements and dimensions of a resident's tensors, in a stage of these capacities.
///
/// # Errors
/// If there is no such host table or capacity.
pub fn resident_tensors(
    capacities: &[Capacity],
    host_tables: &[HostTable],
    resident: &Resident,
    rung: usize,
) -> Result<Vec<(Element, Vec<usize>)>, Missing> {
    match resident {
        Resident::HostTable { table, capacity } => {
            let table = host_tables.get(*table).ok_or(Missing { what: "host table", index: *table })?;
            let length = length(capacities, Dim::Capacity(*capacity), rung)?;
            let flags = [table.nullable, table.can_fail].into_iter().filter(|present| *present);
            let flags = flags.map(|_| (Element::Pred, vec![length]));
            Ok(std::iter::once((table.element, vec![length])).chain(flags).collect())
        }
        Resident::Result { tensors, .. } => {
            let mut all = vec![(Element::S32, vec![])];
            for tensor in tensors {
                all.push((tensor.element, vec![length(capacities, tensor.dim, rung)?]));
            }
            Ok(all)
        }
    }
}

/// The elements of a scalar: of its value, and of its validity if it may be null.
pub fn scalar_elements(input: &ScalarInput) -> Vec<Element> {
    std::iter::once(input.element).chain(input.nullable.then_some(Element::Pred)).collect()
}

/// A length at a rung, in a stage of these capacities.
///
/// # Errors
/// If there is no such capacity, or it is too large.
pub fn length(capacities: &[Capacity], dim: Dim, rung: usize) -> Result<usize, Missing> {
    match dim {
        Dim::Fixed(length) => Ok(length),
        Dim::Capacity(index) => {
            let capacity = capacities.get(index).ok_or(Missing { what: "capacity", index })?;
            capacity.at(rung).ok_or(Missing { what: "size of capacity", index })
        }
    }
}

fn results(stage: &Stage, kind: ProgramKind, rung: usize) -> Result<Vec<Slot>, Missing> {
    let status = Slot { kind: SlotKind::Status, element: Element::S64, dims: vec![stage.status.len().max(1)] };
    let count = scalar(SlotKind::Count, Element::S32);
    let (appends, tensors) = match &stage.sink.kind {
        SinkKind::Emit => (false, [].as_slice()),
        SinkKind::Fold { appends, tensors, .. } => (*appends, tensors.as_slice()),
    };
    match kind {
        ProgramKind::Step(index) => {
            let driver = driver(stage, index)?;
            let mut slots = state(stage, rung)?;
            slots.push(status);
            slots.extend(appends.then_some(count));
            slots.extend(emitted(stage, driver));
            slots.extend(driver.expands.then(|| scalar(SlotKind::Total, Element::S64)));
            Ok(slots)
        }
        ProgramKind::Merge => {
            Ok(state(stage, rung)?.into_iter().chain([status]).chain(appends.then_some(count)).collect())
        }
        ProgramKind::Compact | ProgramKind::Exchange => {
            Ok(state(stage, rung)?.into_iter().chain([status, count]).collect())
        }
        ProgramKind::Partition => Ok(state(stage, rung)?.into_iter().chain([status, counts(stage)]).collect()),
        ProgramKind::Finish => {
            let tensor = |(index, tensor): (usize, &super::ResultTensor)| {
                let missing = Missing { what: "rung of a result", index: rung };
                let dims = vec![*tensor.dims.get(rung).ok_or(missing)?];
                Ok(Slot { kind: SlotKind::Result(index), element: tensor.element, dims })
            };
            let tensors = tensors.iter().enumerate().map(tensor);
            [Ok(status), Ok(count)].into_iter().chain(tensors).collect()
        }
    }
}

/// What a step of an emitting stage returns of its rows: nothing that the host passes on.
fn emitted(stage: &Stage, driver: &Driver) -> Vec<Slot> {
    let SinkKind::Emit = stage.sink.kind else { return vec![] };
    let dims = [stage.chunk_rows];
    let mut slots = vec![Slot { kind: SlotKind::Mask, element: Element::Pred, dims: dims.to_vec() }];
    if driver.expands && stage.sink.slice.is_some() {
        slots.push(Slot { kind: SlotKind::Origin, element: Element::S64, dims: dims.to_vec() });
    }
    for (index, result) in stage.sink.columns.iter().enumerate() {
        let is_passed = matches!(driver.passed.get(index), Some(Some(_)));
        if !is_passed {
            let kind = |part| SlotKind::Emitted { column: index, part };
            slots.extend(column(kind, result.element, result.field.nullable, &dims));
        }
    }
    slots
}

fn state(stage: &Stage, rung: usize) -> Result<Vec<Slot>, Missing> {
    let slot = |(index, tensor): (usize, &super::StateTensor)| {
        Ok(Slot { kind: SlotKind::State(index), element: tensor.element, dims: tensor.device_dims(rung)? })
    };
    stage.state.iter().enumerate().map(slot).collect()
}

fn driver(stage: &Stage, index: usize) -> Result<&Driver, Missing> {
    stage.drivers.get(index).ok_or(Missing { what: "driver", index })
}

fn column(kind: impl Fn(Part) -> SlotKind, element: Element, nullable: bool, dims: &[usize]) -> Vec<Slot> {
    let slot = |part, element| Slot { kind: kind(part), element, dims: dims.to_vec() };
    let mut slots = vec![slot(Part::Values, element)];
    slots.extend(nullable.then(|| slot(Part::Validity, Element::Pred)));
    slots
}

fn counts(stage: &Stage) -> Slot {
    Slot { kind: SlotKind::Counts, element: Element::S32, dims: vec![stage.exchange.replicas] }
}

fn scalar(kind: SlotKind, element: Element) -> Slot {
    Slot { kind, element, dims: vec![] }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}[", self.kind, self.element)?;
        for (index, dim) in self.dims.iter().enumerate() {
            write!(f, "{}{dim}", if index > 0 { ", " } else { "" })?;
        }
        f.write_str("]")
    }
}

impl std::fmt::Display for SlotKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |part: &Part| match part {
            Part::Values => "",
            Part::Validity => "'s validity",
        };
        match self {
            Self::State(index) => write!(f, "state {index}"),
            Self::Other(index) => write!(f, "other state {index}"),
            Self::Counts => f.write_str("counts"),
            Self::Round => f.write_str("round"),
            Self::Resident { resident, tensor } => write!(f, "resident {resident}'s tensor {tensor}"),
            Self::Scalar { scalar, part } => write!(f, "scalar {scalar}{}", of(part)),
            Self::Chunk { column, part } => write!(f, "chunk column {column}{}", of(part)),
            Self::Rows => f.write_str("rows"),
            Self::Start => f.write_str("start"),
            Self::Offset => f.write_str("offset"),
            Self::Status => f.write_str("status"),
            Self::Count => f.write_str("count"),
            Self::Mask => f.write_str("mask"),
            Self::Origin => f.write_str("origin"),
            Self::Emitted { column, part } => write!(f, "emitted column {column}{}", of(part)),
            Self::Total => f.write_str("total"),
            Self::Result(index) => write!(f, "result {index}"),
        }
    }
}

#[cfg(test)]
#[path = "abi_tests.rs"]
mod tests;
