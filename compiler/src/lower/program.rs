//! The arguments and results of a stage's programs, by the slots that [`Abi`] declares.

use super::context::{Lane, Lowering, device_dims};
use super::host::host_columns;
use super::rows::ChunkInputs;
use crate::physical::Stage;
use crate::stablehlo::{Argument, Builder, Element, TensorType, Value};
use dj_runtime::artifact::{Abi, ChunkColumn, Part, ProgramKind, Slot, SlotKind};
use std::collections::BTreeMap;

/// The arguments of one program.
pub(crate) struct Signature {
    /// All, in order.
    pub(crate) arguments: Vec<Argument>,
    slots: Vec<Slot>,
}

/// A program's arguments, told apart.
#[derive(Default)]
pub(crate) struct ProgramInputs<'c> {
    /// The state.
    pub(crate) state: Vec<Value<'c>>,
    /// The state of another replica.
    pub(crate) other: Vec<Value<'c>>,
    /// The tensors of every resident.
    pub(crate) residents: Vec<Vec<Value<'c>>>,
    /// The values of every scalar.
    pub(crate) scalars: Vec<Vec<Value<'c>>>,
    /// For a step: by the index among the chunk's columns.
    chunk: BTreeMap<usize, (Option<Value<'c>>, Option<Value<'c>>)>,
    rows: Option<Value<'c>>,
    start: Option<Value<'c>>,
    offset: Option<Value<'c>>,
    /// Of an exchange: how many rows go to each device, and which round it is.
    pub(crate) exchange: (Option<Value<'c>>, Option<Value<'c>>),
}

/// What a program gives, by slot.
pub(crate) type Given<'c> = Vec<(SlotKind, Value<'c>)>;

impl Signature {
    /// The arguments of a program of a kind.
    pub(crate) fn new(slots: Vec<Slot>, kind: ProgramKind) -> Self {
        let argument = |slot: &Slot| {
            let ty = TensorType::new(slot.element, device_dims(&slot.dims));
            match (slot.kind, kind) {
                // It is given back in the place in which it came.
                (
                    SlotKind::State(index),
                    ProgramKind::Step(_)
                    | ProgramKind::Merge
                    | ProgramKind::Compact
                    | ProgramKind::Partition
                    | ProgramKind::Exchange,
                ) => Argument::donated(ty, index),
                _ => Argument::new(ty),
            }
        };
        Self { arguments: slots.iter().map(argument).collect(), slots }
    }

    /// Tells the values of the arguments apart.
    pub(crate) fn split<'c>(&self, values: &[Value<'c>]) -> ProgramInputs<'c> {
        assert_eq!(self.slots.len(), values.len(), "a program has a value for every argument");
        let mut inputs = ProgramInputs::default();
        for (slot, value) in self.slots.iter().zip(values) {
            inputs.put(slot.kind, *value);
        }
        inputs
    }
}

impl<'c> ProgramInputs<'c> {
    fn put(&mut self, kind: SlotKind, value: Value<'c>) {
        let nth = |lists: &mut Vec<Vec<Value<'c>>>, index: usize| {
            lists.resize(lists.len().max(index + 1), vec![]);
            lists[index].push(value);
        };
        match kind {
            SlotKind::State(_) => self.state.push(value),
            SlotKind::Other(_) => self.other.push(value),
            SlotKind::Resident { resident, .. } => nth(&mut self.residents, resident),
            SlotKind::Scalar { scalar, .. } => nth(&mut self.scalars, scalar),
            SlotKind::Chunk { column, part } => {
                let lane = self.chunk.entry(column).or_default();
                match part {
                    Part::Values => lane.0 = Some(value),
                    Part::Validity => lane.1 = Some(value),
                }
            }
            SlotKind::Rows => self.rows = Some(value),
            SlotKind::Start => self.start = Some(value),
            SlotKind::Offset => self.offset = Some(value),
            SlotKind::Counts => self.exchange.0 = Some(value),
            SlotKind::Round => self.exchange.1 = Some(value),
            SlotKind::Status
            | SlotKind::Count
            | SlotKind::Mask
            | SlotKind::Origin
            | SlotKind::Emitted { .. }
            | SlotKind::Total
            | SlotKind::Result(_) => panic!("`{kind}` is no argument"),
        }
    }

    /// What a step of a driver reads of its chunk.
    pub(crate) fn chunk(&self, stage: &Stage, driver: usize) -> ChunkInputs<'c> {
        let driver = &stage.drivers[driver];
        let ids: Vec<_> = driver.columns.iter().map(|column| column.column.id).chain(driver.host_ids()).collect();
        let lane = |(column, lane): (&usize, &(Option<Value<'c>>, Option<Value<'c>>))| {
            let value = lane.0.unwrap_or_else(|| panic!("chunk column {column} has no values"));
            (ids[*column], Lane { value, valid: lane.1 })
        };
        let needed =
            |value: Option<Value<'c>>, kind: SlotKind| value.unwrap_or_else(|| panic!("a step has no `{kind}`"));
        ChunkInputs {
            columns: self.chunk.iter().map(lane).collect(),
            rows: needed(self.rows, SlotKind::Rows),
            start: needed(self.start, SlotKind::Start),
            offset: self.offset,
        }
    }
}

/// The results of a program in order. Every slot is given, by a tensor of its type; nothing else is, but for the origin of
/// lanes, which few programs return.
pub(crate) fn ordered<'c>(b: &Builder<'c>, abi: &Abi, given: &Given<'c>) -> Vec<Value<'c>> {
    for (kind, _) in given {
        let wanted = *kind == SlotKind::Origin || abi.results.iter().any(|slot| slot.kind == *kind);
        assert!(wanted, "a program gives `{kind}`, which is no result");
    }
    let find = |slot: &Slot| {
        let found = given.iter().find(|(kind, _)| *kind == slot.kind);
        let (_, value) = found.unwrap_or_else(|| panic!("a program does not give `{slot}`"));
        let (element, dims) = (b.element(*value), b.dims(*value));
        let fits = element == slot.element && dims == device_dims(&slot.dims);
        assert!(fits, "a program gives {element}{dims:?} for `{slot}`");
        *value
    };
    abi.results.iter().map(find).collect()
}

/// The columns of a driver's chunk as the runtime delivers them.
pub(crate) fn chunk_columns(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<ChunkColumn> {
    let column = |column: &crate::physical::DriverColumn| {
        let interval = lowering.variant.facts.interval(column.column.id);
        let element = super::context::element_within(lowering.target, column.column.ty, interval);
        ChunkColumn { column: column.index, element, nullable: column.column.nullable }
    };
    stage.drivers[driver].columns.iter().map(column).collect()
}

/// The element of every column of a driver's chunk, and whether a validity follows.
pub(crate) fn chunk_lanes(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<(Element, bool)> {
    let read = chunk_columns(lowering, stage, driver).into_iter().map(|column| (column.element, column.nullable));
    let host = host_columns(lowering, stage, driver).into_iter().map(|column| (column.element, column.nullable));
    read.chain(host).collect()
}
