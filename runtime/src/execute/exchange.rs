//! Rows that move between the devices of a mesh, so that each can finish what it has.
//!
//! What one device has for another is counted first, and moves in blocks of a fixed size: as many rounds as the largest such
//! number takes. Buffers are as long as the device with the most rows needs.

use super::attempt::Attempt;
use super::call::{ExchangeGiven, Given, Returned};
use super::device::PerReplica;
use super::error::RunError;
use super::report::Exchanged;
use super::stage_run::StageRun;
use super::state::{state_bytes, state_rows};
use super::status::Stop;
use crate::artifact::{Moves, ProgramKind, SlotKind};
use crate::pjrt::{Argument, Buffer, Element, as_bytes};

/// How many rows each device has for each other: by source, then by destination.
type Counts = Vec<Vec<usize>>;

/// A state that is sent, in as many rounds as it takes.
struct Sending {
    /// `i32[replicas]` on each.
    counts: Vec<Buffer>,
    from: PerReplica<Buffer>,
    rounds: usize,
}

impl<'m> StageRun<'m> {
    /// Brings the rows to the devices that finish them. No step may be running.
    pub(super) fn exchange(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        let counts = match self.stage.exchange.moves {
            Moves::None | Moves::Scatter => return Ok(()),
            Moves::Partition | Moves::Share => self.partition(cx)?,
            moves @ (Moves::Gather | Moves::Broadcast) => self.held(cx, moves)?,
        };
        let Some(most) = counts.iter().flatten().copied().max().filter(|most| *most > 0) else { return Ok(()) };
        let received: Vec<usize> =
            (0..counts.len()).map(|to| counts.iter().map(|from| from[to]).sum::<usize>()).collect();
        cx.device.clock.exchanged(|| Exchanged {
            stage: self.index,
            label: self.stage.label.clone(),
            rows: received.iter().map(|rows| *rows as u64).collect(),
        });
        // What goes to all devices is held once.
        let is_copied = self.stage.exchange.moves == Moves::Broadcast;
        let held = counts.iter().map(|from| if is_copied { from[0] } else { from.iter().sum() });
        self.make_room_for(cx, received.into_iter().chain(held).fold(0, usize::max))?;
        let bytes = state_bytes(self.stage, self.state.rung, cx.device.replicas)?;
        let received = cx.lease(self.stage, bytes).map_err(Stop::Replay)?;
        let to = self.empty(cx)?;
        let sending = Sending {
            counts: on_devices(cx, &counts)?,
            from: self.state.take()?,
            rounds: most.div_ceil(self.block_rows(self.state.rung)?),
        };
        let to = self.send(cx, sending, to)?;
        self.state.put(to);
        self.state.lease = Some(received);
        Ok(())
    }

    /// Puts the rows that go to one device together, and says how many these are.
    fn partition(&mut self, cx: &mut Attempt<'m, '_>) -> Result<Counts, Stop> {
        self.compact_before_exchange(cx)?;
        self.state.residents.refresh(cx, self.stage, self.state.rung)?;
        let program = cx.programs.get(self.program(cx, ProgramKind::Partition))?;
        let mut arguments = Vec::new();
        for (replica, state) in self.state.take()?.into_iter().enumerate() {
            let state = state.into_iter().map(Argument::Donated).collect();
            arguments.push(program.arguments(Given::of(replica, state, &self.state.residents))?);
        }
        let (mut states, mut status, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for mut returned in cx.device.run(&self.stage.label, &program, arguments)? {
            states.push(returned.take_state()?);
            status.push(returned.take(SlotKind::Status)?);
            let bytes = cx.device.to_host(returned.get(SlotKind::Counts)?)?;
            let rows = bytes.as_slice::<i32>().iter().map(|rows| usize::try_from(*rows));
            let rows = rows.collect::<Result<Vec<_>, _>>();
            counts.push(rows.map_err(|_| RunError::bug("a device has less than no rows for another"))?);
        }
        self.state.put(states);
        self.check(cx, &status)?;
        Ok(counts)
    }

    /// How many rows each device holds, all for the first device or for every one.
    fn held(&self, cx: &Attempt<'_, '_>, moves: Moves) -> Result<Counts, RunError> {
        let states = self.state.tensors()?.iter();
        let held = states.map(|state| {
            let rows = state_rows(cx, state)?;
            let goes = |to: usize| if moves == Moves::Broadcast || to == 0 { rows } else { 0 };
            Ok((0..cx.device.replicas).map(goes).collect())
        });
        held.collect()
    }

    /// How many rows a block has at a rung.
    fn block_rows(&self, rung: usize) -> Result<usize, RunError> {
        let capacity = self.stage.rows_capacity(rung);
        let capacity = capacity.ok_or_else(|| RunError::bug("rows move of a stage that buffers none"))?;
        Ok(self.stage.exchange.block_rows(capacity, self.stage.chunk_rows))
    }

    /// Moves the state to a rung at which so many rows fit, and a block behind them.
    fn make_room_for(&mut self, cx: &mut Attempt<'m, '_>, rows: usize) -> Result<(), Stop> {
        for rung in self.state.rung..self.stage.rungs {
            let block = self.block_rows(rung)?;
            if self.stage.rows_capacity(rung).is_some_and(|capacity| capacity >= rows.saturating_add(block)) {
                return if rung == self.state.rung { Ok(()) } else { self.grow(cx, rung) };
            }
        }
        Err(self.too_large(&[]))
    }

    fn send(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        sending: Sending,
        mut to: PerReplica<Buffer>,
    ) -> Result<PerReplica<Buffer>, Stop> {
        let program = cx.programs.get(self.program(cx, ProgramKind::Exchange))?;
        for round in 0..sending.rounds {
            let round = i32::try_from(round).map_err(|_| RunError::bug("an exchange of too many rounds"))?;
            let mut arguments = Vec::new();
            for (replica, state) in to.into_iter().enumerate() {
                let state = state.into_iter().map(Argument::Donated).collect();
                let exchange =
                    ExchangeGiven { counts: &sending.counts[replica], round: cx.device.scalar(round, replica)? };
                let other = sending.from[replica].iter().map(Argument::Borrowed).collect();
                let given = Given::of(replica, state, &self.state.residents);
                arguments.push(program.arguments(Given { other, exchange: Some(exchange), ..given })?);
            }
            let mut returned = cx.device.run(&self.stage.label, &program, arguments)?;
            to = returned.iter_mut().map(Returned::take_state).collect::<Result<_, _>>()?;
        }
        let rows = to.iter().map(|state| state_rows(cx, state)).collect::<Result<Vec<_>, _>>()?;
        self.state.count = rows.into_iter().fold(0, usize::max) as u64;
        Ok(to)
    }
}

/// The numbers of each source on its device.
fn on_devices(cx: &Attempt<'_, '_>, counts: &Counts) -> Result<Vec<Buffer>, RunError> {
    let one = |(replica, counts): (usize, &Vec<usize>)| {
        let counts = counts.iter().map(|rows| i32::try_from(*rows)).collect::<Result<Vec<_>, _>>();
        let counts = counts.map_err(|_| RunError::bug("more rows move than 31 bits count"))?;
        cx.device.copy(as_bytes(&counts), Element::S32, &[counts.len()], replica)
    };
    counts.iter().enumerate().map(one).collect()
}
