//! Calls of programs: arguments by slot in, results by slot out. [`Abi`] says in which order they are.

use super::device::PerReplica;
use super::error::RunError;
use super::residents::Residents;
use super::stage_run::StageRun;
use super::wave::Wave;
use crate::artifact::{Abi, ProgramId, Slot, SlotKind};
use crate::pjrt::{Argument, Buffer, Executable};
use std::sync::Arc;

/// A program that can be called.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) id: ProgramId,
    pub(super) executable: Arc<Executable>,
    pub(super) abi: Arc<Abi>,
}

/// What one replica's call reads.
pub(super) struct Given<'a> {
    pub(super) replica: usize,
    /// One for each tensor of the state.
    pub(super) state: Vec<Argument<'a>>,
    /// The state of another replica, to be merged, or what this one sends.
    pub(super) other: Vec<Argument<'a>>,
    pub(super) residents: &'a Residents,
    /// For a step.
    pub(super) chunk: Option<ChunkGiven<'a>>,
    /// For an exchange.
    pub(super) exchange: Option<ExchangeGiven<'a>>,
}

impl<'a> Given<'a> {
    /// What every program reads.
    pub(super) fn of(replica: usize, state: Vec<Argument<'a>>, residents: &'a Residents) -> Self {
        Self { replica, state, other: vec![], residents, chunk: None, exchange: None }
    }
}

/// What an exchange reads besides what it sends.
pub(super) struct ExchangeGiven<'a> {
    /// How many rows go to each device.
    pub(super) counts: &'a Buffer,
    pub(super) round: Buffer,
}

/// What a step reads of its wave.
pub(super) struct ChunkGiven<'a> {
    pub(super) wave: &'a Wave,
    pub(super) rows: Buffer,
    pub(super) start: Buffer,
    pub(super) offset: Buffer,
}

/// What a program returned to one replica.
pub(super) struct Returned {
    id: ProgramId,
    abi: Arc<Abi>,
    /// One for each result of the program, until it is taken.
    buffers: Vec<Option<Buffer>>,
}

impl Program {
    /// The arguments in order.
    pub(super) fn arguments<'a>(&self, given: Given<'a>) -> Result<Vec<Argument<'a>>, RunError> {
        let Given { replica, state, other, residents, chunk, exchange } = given;
        let mut state: Vec<_> = state.into_iter().map(Some).collect();
        let mut other: Vec<_> = other.into_iter().map(Some).collect();
        let (mut scalars, wave) = match chunk {
            Some(chunk) => ([Some(chunk.rows), Some(chunk.start), Some(chunk.offset)], Some(chunk.wave)),
            None => ([None, None, None], None),
        };
        let (counts, mut round) = exchange.map_or((None, None), |given| (Some(given.counts), Some(given.round)));
        let mut argument = |kind: SlotKind| match kind {
            SlotKind::State(index) => state.get_mut(index).and_then(Option::take),
            SlotKind::Resident { resident, tensor } => {
                residents.tensor(replica, resident, tensor).map(Argument::Borrowed)
            }
            SlotKind::Scalar { scalar, part } => residents.scalar(replica, scalar, part).map(Argument::Borrowed),
            SlotKind::Chunk { column, part } => wave?.column(replica, column, part).map(Argument::Borrowed),
            SlotKind::Rows => scalars[0].take().map(Argument::Donated),
            SlotKind::Start => scalars[1].take().map(Argument::Donated),
            SlotKind::Offset => scalars[2].take().map(Argument::Donated),
            SlotKind::Other(index) => other.get_mut(index).and_then(Option::take),
            SlotKind::Counts => counts.map(Argument::Borrowed),
            SlotKind::Round => round.take().map(Argument::Donated),
            SlotKind::Status
            | SlotKind::Count
            | SlotKind::Mask
            | SlotKind::Origin
            | SlotKind::Emitted { .. }
            | SlotKind::Total
            | SlotKind::Result(_) => None,
        };
        let filled = |slot: &Slot| {
            let missing = || RunError::bug(format!("program {}: nothing is given for `{}`", self.id, slot.kind));
            argument(slot.kind).ok_or_else(missing)
        };
        let arguments = self.abi.arguments.iter().map(filled).collect::<Result<_, _>>()?;
        match state.iter().position(Option::is_some) {
            None => Ok(arguments),
            Some(index) => Err(RunError::bug(format!("program {}: it does not read state {index}", self.id))),
        }
    }

    /// The results of a call, by slot.
    pub(super) fn returned(&self, outputs: PerReplica<Buffer>) -> Result<Vec<Returned>, RunError> {
        let named = |buffers: Vec<Buffer>| {
            let (has, wanted) = (buffers.len(), self.abi.results.len());
            if has != wanted {
                let message = format!("program {} returned {has} tensors instead of {wanted}", self.id);
                return Err(RunError::bug(message));
            }
            let buffers = buffers.into_iter().map(Some).collect();
            Ok(Returned { id: self.id, abi: Arc::clone(&self.abi), buffers })
        };
        outputs.into_iter().map(named).collect()
    }

    /// How the outputs of the executable differ from what the program is to return.
    pub(super) fn mismatch(executable: &Executable, abi: &Abi) -> Option<String> {
        let (found, wanted) = (executable.outputs(), &abi.results);
        if found.len() != wanted.len() {
            return Some(format!("it returns {} tensors instead of {}", found.len(), wanted.len()));
        }
        let differs = |(found, wanted): &(&Arc<crate::pjrt::Shape>, &Slot)| {
            let dims = wanted.dims.iter().map(|dim| i64::try_from(*dim).ok());
            found.element != wanted.element || !found.dims.iter().copied().map(Some).eq(dims)
        };
        let (found, wanted) = found.iter().zip(wanted).find(differs)?;
        Some(format!("it returns {found} for `{wanted}`"))
    }
}

impl Returned {
    fn position(&self, kind: SlotKind) -> Option<usize> {
        self.abi.results.iter().position(|slot| slot.kind == kind)
    }

    /// Takes a result.
    pub(super) fn take(&mut self, kind: SlotKind) -> Result<Buffer, RunError> {
        let at = self.position(kind);
        let taken = at.and_then(|at| self.buffers.get_mut(at)).and_then(Option::take);
        taken.ok_or_else(|| RunError::bug(format!("program {} returned no `{kind}`", self.id)))
    }

    /// Takes the state.
    pub(super) fn take_state(&mut self) -> Result<Vec<Buffer>, RunError> {
        let count = self.abi.results.iter().filter(|slot| matches!(slot.kind, SlotKind::State(_))).count();
        (0..count).map(|index| self.take(SlotKind::State(index))).collect()
    }

    /// Takes the tensors of a fold's result.
    pub(super) fn take_tensors(&mut self) -> Result<Vec<Buffer>, RunError> {
        let count = self.abi.results.iter().filter(|slot| matches!(slot.kind, SlotKind::Result(_))).count();
        (0..count).map(|index| self.take(SlotKind::Result(index))).collect()
    }

    /// A result that is looked at.
    pub(super) fn get(&self, kind: SlotKind) -> Result<&Buffer, RunError> {
        let found = self.position(kind).and_then(|at| self.buffers.get(at)).and_then(Option::as_ref);
        found.ok_or_else(|| RunError::bug(format!("program {} returned no `{kind}`", self.id)))
    }

    /// What was not taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &Buffer> {
        self.buffers.iter().flatten()
    }
}

impl StageRun<'_> {
    /// State, residents and scalars, all only read.
    pub(super) fn borrowed<'a>(&'a self, program: &Program) -> Result<PerReplica<Argument<'a>>, RunError> {
        let states = self.state.tensors()?.iter().enumerate();
        let all = states.map(|(replica, state)| {
            let state = state.iter().map(Argument::Borrowed).collect();
            program.arguments(Given::of(replica, state, &self.state.residents))
        });
        all.collect()
    }
}
