//! One stage: its manifest, and the module of each of its programs.

use super::context::{Cx, Interface, Lowering};
use super::host::host_columns;
use super::passing::Passing;
use super::program::{Given, ProgramInputs, Signature, chunk_columns, ordered};
use crate::encode::{Dictionaries, Encoded};
use crate::lower::{order_element, product};
use crate::physical::{Exchange, Op, Variant};
use crate::plan::{JoinKind, Program, RowCount};
use crate::stablehlo::{BuildError, Element, Module, Session, Value};
use crate::strategy::{FinishResult, Layout, MAX_RUNGS, Role, StateSpec, Strategy};
use dj_runtime::artifact::{
    Abi, CapacityKind, Driver, Exchange as Devices, Init, Moves, ProgramKind, ResultColumn, ResultTensor,
    Sink as SinkSpec, SinkKind, SlotKind, Stage, StateTensor, Target, abi,
};
use std::cell::RefCell;

/// Buffers and dictionaries beyond this many entries are beyond the rungs.
const MAX_CAPACITY: usize = 1 << 28;

/// Dense states beyond this many slots are beyond the rungs.
const MAX_SLOTS: i64 = 1 << 26;

/// What is lowered, and for what.
#[derive(Clone, Copy)]
pub(crate) struct StageLowering<'a> {
    /// The encoded program.
    pub(crate) program: &'a Program<Encoded>,
    /// Its dictionaries.
    pub(crate) dictionaries: &'a Dictionaries,
    /// Its stages.
    pub(crate) variant: &'a Variant,
    /// The index of the stage.
    pub(crate) stage: usize,
    /// The manifests of the stages before it.
    pub(crate) lowered: &'a [Stage],
    /// What it will run on.
    pub(crate) target: &'a Target,
    /// Whether native kernels may be called.
    pub(crate) kernels: bool,
    /// The source and its file name.
    pub(crate) source: &'a str,
    /// The file name of the source.
    pub(crate) source_name: &'a str,
}

/// A stage's manifest and what its programs read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoweredStage {
    /// The manifest's entry.
    pub(crate) manifest: Stage,
    interface: Interface,
}

impl<'a> StageLowering<'a> {
    fn lowering(&self) -> Lowering<'a> {
        Lowering {
            program: self.program,
            dictionaries: self.dictionaries,
            variant: self.variant,
            lowered: self.lowered,
            target: self.target,
            kernels: self.kernels,
            source: self.source,
            source_name: self.source_name,
        }
    }

    fn stage(&self) -> &'a crate::physical::Stage {
        &self.variant.stages[self.stage]
    }

    fn strategy(&self) -> &'a dyn Strategy {
        self.stage().sink.strategy()
    }

    /// Discovers what the stage's programs read and writes its manifest.
    pub(crate) fn lower(&self, session: &Session<'_>) -> LoweredStage {
        let least_dictionary = self.strategy().least_dictionary(self.stage());
        let interface = RefCell::new(Interface { least_dictionary, ..Interface::default() });
        // The state's shape is needed before any program: it is found by an empty one.
        let mut state = session.trace(&[], |b, _| self.state(&Cx::new(&self.lowering(), b, 0, &interface, None)));
        let draft = self.draft(&state);
        let steps = (0..self.stage().drivers.len()).map(ProgramKind::Step);
        let compact = self.strategy().compacts().then_some(ProgramKind::Compact);
        let is_parted = matches!(self.stage().exchange.moves(), Moves::Partition | Moves::Share);
        let partition = is_parted.then_some(ProgramKind::Partition);
        for kind in steps.chain(compact).chain(partition).chain([ProgramKind::Finish]) {
            let slots = abi::arguments(&draft, &self.dictionaries.host_tables, kind, 0);
            let signature = Signature::new(slots.unwrap_or_else(|missing| panic!("a new stage: {missing}")), kind);
            session.trace(&signature.arguments, |b, values| {
                let lowering = self.lowering();
                self.body(&Cx::new(&lowering, b, 0, &interface, None), kind, &signature.split(values));
            });
        }
        // A table with a slot for each combination of texts has few rungs, for it grows with their product: what waits would not
        // grow at all.
        if !self.strategy().multiplies_dictionaries() {
            interface.borrow_mut().set_levels();
        }
        // Only now is it known how what the state holds grows.
        state = session.trace(&[], |b, _| self.state(&Cx::new(&self.lowering(), b, 0, &interface, None)));
        let interface = interface.into_inner();
        if let Some(status) = state.first_mut() {
            *status = StateSpec {
                element: Element::S64,
                dims: vec![vec![interface.sites.len().max(1) as i64]; MAX_RUNGS],
                init: Init::Zero,
            };
        }
        let manifest = self.manifest(session, &interface, &state);
        LoweredStage { manifest, interface }
    }

    /// The stage as far as it is known before its programs are: enough to tell their arguments.
    fn draft(&self, state: &[StateSpec]) -> Stage {
        let stage = self.stage();
        Stage {
            label: String::new(),
            span: stage.span,
            chunk_rows: stage.chunk_rows,
            drivers: self.drivers(),
            residents: vec![],
            scalars: vec![],
            capacities: vec![],
            first_rung: 0,
            rungs: 1,
            state: state.iter().map(|spec| state_tensor(spec, 1)).collect(),
            status: vec![],
            sink: SinkSpec { kind: SinkKind::Emit, columns: vec![], slice: None },
            max_rows: 0,
            expected_rows: None,
            exchange: self.exchange(),
        }
    }

    fn state(&self, cx: &Cx<'_, '_>) -> Vec<StateSpec> {
        let status = StateSpec::fixed(Element::S64, &[1], Init::Zero);
        std::iter::once(status).chain(self.strategy().state(cx, self.stage())).collect()
    }

    /// The results of a program. What belongs to no finer place in the source belongs to the stage's transform.
    fn body<'c>(&self, cx: &Cx<'_, 'c>, kind: ProgramKind, inputs: &ProgramInputs<'c>) -> Given<'c> {
        cx.at(self.stage().span, || self.results(cx, kind, inputs))
    }

    fn results<'c>(&self, cx: &Cx<'_, 'c>, kind: ProgramKind, inputs: &ProgramInputs<'c>) -> Given<'c> {
        let (stage, strategy) = (self.stage(), self.strategy());
        let (status, kept) = (inputs.state[0], &inputs.state[1..]);
        let mut given = Vec::new();
        let mut keep = |status: Value<'c>, kept: Vec<Value<'c>>| {
            given.extend(strategy.appends().then(|| (SlotKind::Count, kept[0])));
            let state = std::iter::once(status).chain(kept).enumerate();
            given.extend(state.map(|(index, value)| (SlotKind::State(index), value)));
            given.push((SlotKind::Status, status));
        };
        match kind {
            ProgramKind::Step(index) => {
                let driver = &stage.drivers[index];
                let chunk = inputs.chunk(stage, index);
                let rows = cx.chunk_rows(stage, index, &chunk);
                let (rows, total) = cx.run_ops(rows, driver, &chunk);
                let result = strategy.step(cx, stage, &rows, kept);
                keep(cx.merge_status(status), result.state);
                given.extend(result.emitted);
                given.push((SlotKind::Origin, rows.origin));
                given.extend(total.map(|total| (SlotKind::Total, total)));
            }
            ProgramKind::Merge => {
                let merged = strategy.merge(cx, stage, kept, &inputs.other[1..]);
                let status = cx.b.maximum(status, inputs.other[0]);
                keep(cx.merge_status(status), merged);
            }
            ProgramKind::Compact => {
                let kept = strategy.compact(cx, stage, kept);
                keep(cx.merge_status(status), kept);
            }
            ProgramKind::Partition => {
                let (kept, counts) = cx.partitioned(strategy, stage, kept);
                let status = cx.merge_status(status);
                let state = std::iter::once(status).chain(kept).enumerate();
                given.extend(state.map(|(index, value)| (SlotKind::State(index), value)));
                given.extend([(SlotKind::Status, status), (SlotKind::Counts, counts)]);
            }
            ProgramKind::Exchange => {
                let (Some(counts), Some(round)) = inputs.exchange else { panic!("an exchange of nothing") };
                keep(status, cx.exchanged(stage, kept, &inputs.other[1..], counts, round));
            }
            ProgramKind::Finish => {
                let result = self.finished(cx, kept);
                self.agrees(cx, &result.tensors);
                given.extend([(SlotKind::Status, cx.merge_status(status)), (SlotKind::Count, result.count)]);
                let tensors = result.tensors.into_iter().enumerate();
                given.extend(tensors.map(|(index, value)| (SlotKind::Result(index), value)));
            }
        }
        given
    }

    /// The result of what is kept, once the states of all devices are together.
    fn finished<'c>(&self, cx: &Cx<'_, 'c>, kept: &[Value<'c>]) -> FinishResult<'c> {
        let (stage, strategy) = (self.stage(), self.strategy());
        let kept = match stage.exchange {
            Exchange::Reduce => cx.merged(strategy, stage, kept),
            Exchange::ReduceScatter => cx.scattered(strategy, stage, kept),
            Exchange::None
            | Exchange::Range(_)
            | Exchange::Hash(_)
            | Exchange::Gather
            | Exchange::Broadcast
            | Exchange::Share => kept.to_vec(),
        };
        let mut result = match stage.places().len() {
            0 => strategy.finish(cx, stage, &kept),
            places => strategy.finish_placed(cx, stage, &kept, places),
        };
        if stage.exchange == Exchange::Gather {
            // Of no rows there may be a result too, which is not that of the others.
            result.count = cx.on_first(result.count);
        }
        result
    }

    /// What the tensors of the result are: those of the strategy, then the places of rows that the host puts in order.
    fn layout(&self, cx: &Cx<'_, '_>) -> Layout {
        let places = self
            .stage()
            .result_places()
            .into_iter()
            .enumerate()
            .map(|(index, part)| (Role::Place(index), order_element(part)));
        self.strategy().layout(cx, self.stage()).with(places)
    }

    /// How the devices' states come together.
    fn exchange(&self) -> Devices {
        let places = self.stage().result_places().len();
        Devices { replicas: self.target.replicas, moves: self.stage().exchange.moves(), places }
    }

    /// Stops where a result is not what its layout says, on which those who read it rely.
    fn agrees<'c>(&self, cx: &Cx<'_, 'c>, tensors: &[Value<'c>]) {
        let made = tensors.iter().map(|tensor| cx.b.element(*tensor));
        let layout = self.layout(cx);
        let agrees = made.eq(layout.tensors.iter().map(|(_, element)| *element));
        assert!(agrees, "stage {} gives other tensors than {:?}", self.stage, layout.tensors);
    }

    /// The text of one program's module.
    pub(crate) fn module(
        &self,
        session: &Session<'_>,
        stage: &LoweredStage,
        kind: ProgramKind,
        rung: usize,
    ) -> Result<String, BuildError> {
        let interface = RefCell::new(stage.interface.clone());
        let abi = Abi::of(&stage.manifest, &self.dictionaries.host_tables, kind, rung);
        let abi = abi.unwrap_or_else(|missing| panic!("`{}` at rung {rung}: {missing}", stage.manifest.label));
        let signature = Signature::new(abi.arguments.clone(), kind);
        let name = format!("s{}", self.stage);
        let module = Module::build(session, &name, &signature.arguments, |b, values| {
            let lowering = self.lowering();
            let mut inputs = signature.split(values);
            let given = (std::mem::take(&mut inputs.residents), std::mem::take(&mut inputs.scalars));
            let cx = Cx::new(&lowering, b, rung, &interface, Some(given));
            ordered(b, &abi, &self.body(&cx, kind, &inputs))
        })?;
        assert_eq!(*interface.borrow(), stage.interface, "both passes must read the same");
        Ok(module.text)
    }

    /// The stage's drivers, as the runtime runs them.
    fn drivers(&self) -> Vec<Driver> {
        let (stage, lowering) = (self.stage(), self.lowering());
        let drivers = stage.drivers.iter().enumerate().map(|(index, driver)| {
            let Passing { arguments, passed } = Passing::new(&lowering, stage, index);
            Driver {
                source: driver.source,
                columns: chunk_columns(&lowering, stage, index),
                host_columns: host_columns(&lowering, stage, index),
                arguments,
                passed,
                skip: driver.skip.clone(),
                expands: driver.expands(),
            }
        });
        drivers.collect()
    }

    fn manifest(&self, session: &Session<'_>, interface: &Interface, state: &[StateSpec]) -> Stage {
        let (stage, strategy) = (self.stage(), self.strategy());
        let lowering = self.lowering();
        let (sink, rungs, max_rows) = session.trace(&[], |b, _| {
            let known = RefCell::new(interface.clone());
            let cx = Cx::new(&lowering, b, 0, &known, None);
            let result = self.result_tensors(&cx);
            let rungs = rungs(interface, state, &result);
            (self.sink(&cx, &result, rungs), rungs, strategy.max_rows(&cx, stage))
        });
        let names = |id| self.program.columns.get(id).name.clone();
        Stage {
            label: strategy.label(&names),
            span: stage.span,
            chunk_rows: stage.chunk_rows,
            drivers: self.drivers(),
            residents: interface.residents.clone(),
            scalars: interface.scalars.clone(),
            capacities: interface.capacities.clone(),
            first_rung: first_rung(interface, stage, rungs, self.target.replicas),
            rungs,
            state: state.iter().map(|spec| state_tensor(spec, rungs)).collect(),
            status: interface.sites.clone(),
            sink,
            max_rows,
            expected_rows: stage.rows_out.map(|count| count.rows),
            exchange: self.exchange(),
        }
    }

    /// The elements of the result's tensors, and their dimensions at every rung.
    fn result_tensors(&self, cx: &Cx<'_, '_>) -> Vec<(Element, Vec<Vec<i64>>)> {
        let Layout { tensors } = self.layout(cx);
        let dims = |role: Role| self.strategy().length(cx, self.stage(), role.length());
        tensors.into_iter().map(|(role, element)| (element, dims(role))).collect()
    }

    fn sink(&self, cx: &Cx<'_, '_>, result: &[(Element, Vec<Vec<i64>>)], rungs: usize) -> SinkSpec {
        let (stage, strategy) = (self.stage(), self.strategy());
        let column = |column: &crate::encode::SchemaColumn| ResultColumn {
            field: dj_runtime::types::Field {
                name: self.program.columns.get(column.id).name.clone(),
                ty: column.ty.written(),
                nullable: column.nullable,
            },
            domain: column.ty.domain(),
            element: cx.column_element(column.id, column.ty),
        };
        let columns = stage.result.iter().map(column).collect();
        let kind = if strategy.emits() {
            SinkKind::Emit
        } else {
            let at_each = |dims: &[Vec<i64>]| dims[..rungs].iter().map(|dims| length(dims)).collect();
            let tensors = result.iter().map(|(element, dims)| ResultTensor { element: *element, dims: at_each(dims) });
            SinkKind::Fold { appends: strategy.appends(), compacts: strategy.compacts(), tensors: tensors.collect() }
        };
        SinkSpec { kind, columns, slice: stage.slice }
    }
}

/// A tensor of the state at its first rungs.
fn state_tensor(spec: &StateSpec, rungs: usize) -> StateTensor {
    let length = |length: &i64| usize::try_from(*length).unwrap_or_else(|_| panic!("a state of length {length}"));
    let dims = spec.dims[..rungs].iter().map(|dims| dims.iter().map(length).collect());
    StateTensor { element: spec.element, dims: dims.collect(), init: spec.init }
}

/// The length of a tensor of these dimensions, at a rung that fits.
fn length(dims: &[i64]) -> usize {
    let length = product(dims).and_then(|length| usize::try_from(length).ok());
    length.unwrap_or_else(|| unreachable!("a rung that does not fit has {dims:?} slots"))
}

/// How many rungs fit into what a machine can address: capacities, states and results.
fn rungs(interface: &Interface, state: &[StateSpec], result: &[(Element, Vec<Vec<i64>>)]) -> usize {
    let fits = |rung: &usize| {
        let capacities = (0..interface.capacities.len()).all(|index| interface.size(index, *rung) <= MAX_CAPACITY);
        let mut tensors = state.iter().map(|spec| &spec.dims).chain(result.iter().map(|(_, dims)| dims));
        capacities && tensors.all(|dims| fits_slots(&dims[*rung]))
    };
    assert!(fits(&0), "a stage starts at a rung that does not fit");
    if interface.capacities.is_empty() { 1 } else { (0..MAX_RUNGS).take_while(fits).count() }
}

/// Whether a tensor may have these dimensions. One that has several grows with the product of what grows.
fn fits_slots(dims: &[i64]) -> bool {
    let limit = if dims.len() > 1 { MAX_SLOTS } else { MAX_CAPACITY as i64 };
    product(dims).is_some_and(|slots| slots <= limit)
}

/// The rung at which the files bound at compile time are expected to fit: a filter or an inner join is taken to keep a
/// quarter of the rows, because a buffer that is too small grows and one that is too large is never given back.
fn first_rung(interface: &Interface, stage: &crate::physical::Stage, rungs: usize, devices: usize) -> usize {
    let buffer = interface.capacities.iter().position(|capacity| capacity.holds == CapacityKind::Rows);
    let (Some(buffer), Some(RowCount { rows, .. })) = (buffer, stage.rows_in) else { return 0 };
    let filters =
        stage.drivers.iter().map(|driver| driver.ops.iter().filter(|op| reduces(op)).count()).min().unwrap_or(0);
    let expected = (rows >> (2 * filters.min(3))).div_ceil(devices as u64);
    let needed = usize::try_from(expected).unwrap_or(usize::MAX).saturating_add(stage.chunk_rows);
    // A stage whose rows are too many for its last rung starts there: how many they are is an estimate.
    (0..rungs).find(|rung| interface.size(buffer, *rung) >= needed).unwrap_or(rungs - 1)
}

/// Whether an operation drops rows.
fn reduces(op: &Op) -> bool {
    match op {
        Op::Filter(_) => true,
        Op::Project(_) => false,
        Op::Probe(probe) => probe.kind != JoinKind::Left,
    }
}
