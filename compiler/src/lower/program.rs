//! The arguments and results of a stage's programs, in the order that the manifest fixes.

use super::context::{Interface, Lane, Lowering, resident_types, scalar_types};
use super::host::host_columns;
use super::passing::Passing;
use super::rows::ChunkInputs;
use super::sink::StateSpec;
use crate::physical::Stage;
use crate::stablehlo::{Argument, Element, TensorType, Value};
use dj_runtime::artifact::{ChunkColumn, ProgramKind};

/// The arguments of one program.
pub(super) struct Signature {
    /// All, in order.
    pub(super) arguments: Vec<Argument>,
    state: usize,
    residents: Vec<usize>,
    scalars: Vec<usize>,
}

/// A program's arguments, told apart.
pub(super) struct ProgramInputs<'c> {
    /// The state.
    pub(super) state: Vec<Value<'c>>,
    /// The tensors of every resident.
    pub(super) residents: Vec<Vec<Value<'c>>>,
    /// The values of every scalar.
    pub(super) scalars: Vec<Vec<Value<'c>>>,
    /// The rest: the chunk's.
    pub(super) rest: Vec<Value<'c>>,
}

impl Signature {
    /// The signature of a stage's program at a rung.
    pub(super) fn new(
        lowering: &Lowering<'_>,
        stage: &Stage,
        interface: &Interface,
        state: &[StateSpec],
        kind: ProgramKind,
        rung: usize,
    ) -> Self {
        let mut arguments = Vec::new();
        let donated = !matches!(kind, ProgramKind::Finish);
        for (index, spec) in state.iter().enumerate() {
            let ty = TensorType::new(spec.element, spec.flat_dims(rung));
            arguments.push(if donated { Argument::donated(ty, index) } else { Argument::new(ty) });
        }
        let mut signature = Self { arguments, state: state.len(), residents: vec![], scalars: vec![] };
        for resident in &interface.residents {
            let types = resident_types(lowering, interface, resident, rung);
            signature.residents.push(types.len());
            signature.push(types);
        }
        for scalar in &interface.scalars {
            let types = scalar_types(scalar);
            signature.scalars.push(types.len());
            signature.push(types);
        }
        if let ProgramKind::Step(driver) = kind {
            signature.push(chunk_types(lowering, stage, driver));
        }
        signature
    }

    fn push(&mut self, types: Vec<(Element, Vec<i64>)>) {
        let arguments = types.into_iter().map(|(element, dims)| Argument::new(TensorType::new(element, dims)));
        self.arguments.extend(arguments);
    }

    /// Tells the values of the arguments apart.
    pub(super) fn split<'c>(&self, values: &[Value<'c>]) -> ProgramInputs<'c> {
        let mut rest = values;
        let mut take = |count: usize| {
            let (taken, others) = rest.split_at(count);
            rest = others;
            taken.to_vec()
        };
        let state = take(self.state);
        let residents = self.residents.iter().map(|count| take(*count)).collect();
        let scalars = self.scalars.iter().map(|count| take(*count)).collect();
        ProgramInputs { state, residents, scalars, rest: rest.to_vec() }
    }
}

/// The columns of a driver's chunk as the runtime delivers them.
pub(super) fn chunk_columns(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<ChunkColumn> {
    let column = |column: &crate::physical::DriverColumn| {
        let interval = lowering.variant.facts.interval(column.column.id);
        let element = super::context::element_within(lowering.target, column.column.ty, interval);
        ChunkColumn { column: column.index, element, nullable: column.column.nullable }
    };
    stage.drivers[driver].columns.iter().map(column).collect()
}

/// The element of every column of a driver's chunk, and whether a validity follows.
pub(super) fn chunk_lanes(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<(Element, bool)> {
    let read = chunk_columns(lowering, stage, driver).into_iter().map(|column| (column.element, column.nullable));
    let host = host_columns(lowering, stage, driver).into_iter().map(|column| (column.element, column.nullable));
    read.chain(host).collect()
}

fn chunk_types(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<(Element, Vec<i64>)> {
    let dims = vec![stage.chunk_rows as i64];
    let mut types = Vec::new();
    let lanes = chunk_lanes(lowering, stage, driver);
    for argument in Passing::new(lowering, stage, driver).arguments {
        let (element, nullable) = lanes[argument];
        types.push((element, dims.clone()));
        if nullable {
            types.push((Element::Pred, dims.clone()));
        }
    }
    types.push((Element::S32, vec![]));
    types.push((Element::S64, vec![]));
    if stage.drivers[driver].expands() {
        types.push((Element::S64, vec![]));
    }
    types
}

/// The chunk's arguments of a driver's step.
pub(super) fn chunk_inputs<'c>(
    lowering: &Lowering<'_>,
    stage: &Stage,
    index: usize,
    values: &[Value<'c>],
) -> ChunkInputs<'c> {
    let driver = &stage.drivers[index];
    let mut rest = values;
    let read = driver.columns.iter().map(|column| (column.column.id, column.column.nullable));
    let row = driver.row.map(|id| (id, false));
    let host = driver.host.iter().map(|item| (item.column.id, item.column.nullable));
    let all: Vec<_> = read.chain(row).chain(host).collect();
    let lane = |argument: usize| {
        let (id, nullable) = all[argument];
        let (mine, others) = rest.split_at(1 + usize::from(nullable));
        rest = others;
        (id, Lane { value: mine[0], valid: mine.get(1).copied() })
    };
    let columns = Passing::new(lowering, stage, index).arguments.into_iter().map(lane).collect();
    ChunkInputs { columns, rows: rest[0], start: rest[1], offset: rest.get(2).copied() }
}
