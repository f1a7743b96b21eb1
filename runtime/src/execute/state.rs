//! A stage's state: made, moved to larger rungs in time, compacted.

use super::account::Lease;
use super::attempt::Attempt;
use super::call::Given;
use super::codes;
use super::device::PerReplica;
use super::error::RunError;
use super::residents::{Residents, length_of};
use super::scalars::filled;
use super::stage_run::StageRun;
use super::status::Stop;
use crate::artifact::{CapacityKind, Dim, Init, ProgramKind, Resident, SinkKind, SlotKind, Stage, StateTensor};
use crate::pjrt::{Argument, Buffer};
use dj_grammar::Diagnostic;

/// What is folded, at which rung, and what the programs read besides.
pub(super) struct State {
    pub(super) rung: usize,
    /// One list of tensors per replica; none before the first chunk.
    tensors: Option<PerReplica<Buffer>>,
    pub(super) lease: Option<Lease>,
    pub(super) residents: Residents,
    /// Rows that were appended, as far as was looked at: the most of all replicas.
    pub(super) count: u64,
    /// Whether rows were appended since it was last compacted.
    may_compact: bool,
    /// Whether that left half of it at most, if it was.
    has_shrunk: bool,
}

impl State {
    pub(super) fn new(stage: &Stage) -> Self {
        let residents = Residents::default();
        Self {
            rung: stage.first_rung,
            tensors: None,
            lease: None,
            residents,
            count: 0,
            may_compact: true,
            has_shrunk: true,
        }
    }

    /// Whether it has been made.
    pub(super) fn is_started(&self) -> bool {
        self.tensors.is_some()
    }

    /// The tensors, to be donated.
    pub(super) fn take(&mut self) -> Result<PerReplica<Buffer>, RunError> {
        self.tensors.take().ok_or_else(missing)
    }

    /// The tensors that a program returned for those that were donated.
    pub(super) fn put(&mut self, tensors: PerReplica<Buffer>) {
        self.tensors = Some(tensors);
    }

    /// The tensors.
    pub(super) fn tensors(&self) -> Result<&PerReplica<Buffer>, RunError> {
        self.tensors.as_ref().ok_or_else(missing)
    }
}

fn missing() -> RunError {
    RunError::bug("a stage's state is read before it is made")
}

impl<'m> StageRun<'m> {
    /// Makes sure that everything fits: dictionaries, earlier results, and one more chunk of rows.
    pub(super) fn fit(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        cx.refresh_host_tables(self.stage)?;
        let rung = self.needed_rung(cx)?;
        if self.state.is_started() {
            if self.state.rung < rung {
                self.grow(cx, rung)?;
            }
        } else {
            self.state.rung = rung;
            self.start(cx)?;
        }
        let rung = self.state.rung;
        self.state.residents.refresh(cx, self.stage, rung)
    }

    /// The least rung, from the present one, at which dictionaries and earlier results fit, and a first chunk.
    fn needed_rung(&self, cx: &Attempt<'_, '_>) -> Result<usize, Stop> {
        let mut needed = Vec::new();
        for capacity in &self.stage.capacities {
            needed.push(match capacity.holds {
                CapacityKind::Rows => self.stage.chunk_rows,
                CapacityKind::Dictionary(domain) => cx.dictionaries.len(domain),
                CapacityKind::Result { stage, tensor } => needed_length(cx, stage, tensor)?,
            });
        }
        for resident in &self.stage.residents {
            let Resident::Result { stage, tensors } = resident else { continue };
            for (index, tensor) in tensors.iter().enumerate() {
                if let Dim::Capacity(capacity) = tensor.dim {
                    needed[capacity] = needed[capacity].max(needed_length(cx, *stage, index)?);
                }
            }
        }
        let fits = |rung: &usize| (0..needed.len()).all(|index| self.stage.capacity(index, *rung) >= needed[index]);
        let last = self.stage.rungs.max(1);
        (self.state.rung..last).find(fits).ok_or_else(|| self.too_large(&needed))
    }

    /// There is no larger rung.
    pub(super) fn too_large(&self, needed: &[usize]) -> Stop {
        let rung = self.stage.rungs.saturating_sub(1);
        let outgrown = (0..needed.len()).find(|&index| needed[index] > self.stage.capacity(index, rung));
        let (what, limit) = match outgrown {
            Some(index) => {
                let what = match self.stage.capacities[index].holds {
                    CapacityKind::Rows => "collected rows",
                    CapacityKind::Dictionary(_) => "distinct texts",
                    CapacityKind::Result { .. } => "rows of an earlier stage",
                };
                (what, self.stage.capacity(index, rung))
            }
            None => (
                "collected rows",
                self.stage.rows_capacity(rung).unwrap_or_else(|| unreachable!("only collected rows outgrow unseen")),
            ),
        };
        let message = format!("`{}` has more than {limit} {what}", self.stage.label);
        let diagnostic = Diagnostic::error(codes::CAPACITY, message).at(self.stage.span);
        Stop::Replay(RunError::program(diagnostic.help("filter or group the rows earlier")))
    }

    /// Makes the state at the present rung.
    fn start(&mut self, cx: &Attempt<'_, '_>) -> Result<(), Stop> {
        let rung = self.state.rung;
        let lease = cx.lease(self.stage, state_bytes(self.stage, rung, cx.device.replicas)?);
        self.state.lease = Some(lease.map_err(Stop::Replay)?);
        self.state.put(self.empty(cx)?);
        Ok(())
    }

    /// The state before the first row, at the present rung.
    pub(super) fn empty(&self, cx: &Attempt<'_, '_>) -> Result<PerReplica<Buffer>, RunError> {
        let rung = self.state.rung;
        let of_replica = |replica| {
            let tensors = self.stage.state.iter().map(|tensor| {
                let dims = device_dims(tensor, rung)?;
                let bytes = filled(tensor.element, dims.iter().product(), bits(tensor));
                cx.device.own(bytes, tensor.element, &dims, replica)
            });
            tensors.collect()
        };
        (0..cx.device.replicas).map(of_replica).collect()
    }

    /// Makes sure that one more chunk can be appended: by looking at the true count, compacting, growing.
    pub(super) fn make_room(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        let SinkKind::Fold { appends: true, compacts, .. } = self.stage.sink.kind else { return Ok(()) };
        let Some(capacity) = self.stage.rows_capacity(self.state.rung) else {
            return Err(RunError::bug(format!("stage `{}` appends without a capacity", self.stage.label)).into());
        };
        let chunk = self.stage.chunk_rows as u64;
        if self.appended_at_most() + chunk <= capacity as u64 {
            self.state.may_compact = true;
            return Ok(());
        }
        if !self.is_idle() {
            self.look_at_all_but(cx, 0)?;
            return self.make_room(cx);
        }
        if compacts && self.state.may_compact {
            self.compact(cx)?;
            // A buffer that is mostly groups would be compacted again and again.
            let is_roomy = self.state.count <= capacity as u64 / 2;
            if is_roomy || self.stage.next_rung(self.state.rung) >= self.stage.rungs {
                return self.make_room(cx);
            }
        }
        let rung = self.expected_rung(cx)?;
        self.grow(cx, rung)?;
        self.state.residents.refresh(cx, self.stage, rung)?;
        self.make_room(cx)
    }

    /// Adds up what is kept, where that is more than a chunk and adding up has made it less: of a key that most rows have, one row
    /// goes to another device. No step may be running.
    pub(super) fn compact_before_exchange(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        let SinkKind::Fold { compacts: true, .. } = self.stage.sink.kind else { return Ok(()) };
        let held = self.state.tensors()?.iter().map(|state| state_rows(cx, state));
        let most = held.collect::<Result<Vec<_>, _>>()?.into_iter().fold(0, usize::max);
        if self.state.has_shrunk && self.state.may_compact && most > self.stage.chunk_rows {
            self.compact(cx)?;
        }
        Ok(())
    }

    fn compact(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        let before = self.state.count;
        let program = cx.programs.get(self.program(cx, ProgramKind::Compact))?;
        let mut arguments = Vec::new();
        for (replica, state) in self.state.take()?.into_iter().enumerate() {
            let state = state.into_iter().map(Argument::Donated).collect();
            arguments.push(program.arguments(Given::of(replica, state, &self.state.residents))?);
        }
        let all = cx.device.run(&self.stage.label, &program, arguments)?;
        let (mut state, mut status, mut count) = (Vec::new(), Vec::new(), 0);
        for mut returned in all {
            state.push(returned.take_state()?);
            status.push(returned.take(SlotKind::Status)?);
            count = count.max(cx.device.count(returned.get(SlotKind::Count)?)?);
        }
        self.state.put(state);
        self.check(cx, &status)?;
        self.state.has_shrunk = count <= before / 2;
        self.state.count = count;
        self.state.may_compact = false;
        Ok(())
    }
}

/// How long a consumer's tensor must be for a tensor of an earlier result.
fn needed_length(cx: &Attempt<'_, '_>, stage: usize, tensor: usize) -> Result<usize, RunError> {
    let tensors = cx.result(stage)?.tensors()?;
    if tensor < cx.column_tensors(stage) {
        return Ok(tensors.all_rows());
    }
    let buffer = tensors.tensors.first().and_then(|list| list.get(tensor));
    length_of(buffer.ok_or_else(|| RunError::bug(format!("stage {stage} has no tensor {tensor}")))?)
}

/// How many rows the buffers of a state hold: the count stands behind the status.
pub(super) fn state_rows(cx: &Attempt<'_, '_>, state: &[Buffer]) -> Result<usize, RunError> {
    cx.device.rows(state.get(1).ok_or_else(|| RunError::bug("a state that appends has no count"))?)
}

/// The bit pattern that fills a tensor before the first chunk.
pub(super) fn bits(tensor: &StateTensor) -> u64 {
    match tensor.init {
        Init::Zero => 0,
        Init::Bits(bits) => bits,
    }
}

/// The dimensions of a state tensor at a rung, as the host sees them.
pub(super) fn dims_at(tensor: &StateTensor, rung: usize) -> Result<&[usize], RunError> {
    let dims = tensor.dims.get(rung).map(Vec::as_slice);
    dims.ok_or_else(|| RunError::bug(format!("a state tensor has no rung {rung}")))
}

/// The dimensions of a state tensor at a rung, as a device sees them.
pub(super) fn device_dims(tensor: &StateTensor, rung: usize) -> Result<Vec<usize>, RunError> {
    tensor.device_dims(rung).map_err(|missing| RunError::bug(missing.to_string()))
}

/// Bytes of a stage's state at a rung.
pub(super) fn state_bytes(stage: &Stage, rung: usize, replicas: usize) -> Result<u64, RunError> {
    let mut all = Some(0_u64);
    for tensor in &stage.state {
        let elements = device_dims(tensor, rung)?.iter().product::<usize>() as u64;
        let bytes = elements.checked_mul(tensor.element.bytes() as u64);
        all = all.zip(bytes).and_then(|(all, bytes)| all.checked_add(bytes));
    }
    let all = all.and_then(|bytes| bytes.checked_mul(replicas as u64));
    all.ok_or_else(|| RunError::bug(format!("the state of `{}` has no size at rung {rung}", stage.label)))
}
