//! What steps returned and nobody has looked at yet: statuses, counts and rows.

use super::attempt::Attempt;
use super::call::Returned;
use super::device::PerReplica;
use super::emit::Emission;
use super::error::{RunError, pairs};
use super::stage_run::StageRun;
use super::status::{First, Raised, Stop, stop};
use crate::artifact::{SinkKind, SlotKind, StatusKind};
use crate::columns::Column;
use crate::pjrt::Buffer;
use std::rc::Rc;

/// Steps whose outputs have not been looked at: enough to keep the device busy, few enough to bound what they hold.
pub(super) const IN_FLIGHT: usize = 2;

/// What a step returned beside the state.
pub(super) struct InFlight {
    /// By replica.
    pub(super) returned: Vec<Returned>,
    /// Columns of the result that are not among what was returned.
    pub(super) passed: PerReplica<Option<Rc<Column>>>,
    /// Which rows each replica's result is of.
    pub(super) windows: Vec<Window>,
}

/// Which rows a step's result is of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Window {
    /// The rows of a chunk.
    Rows {
        /// The running number of the first.
        first: u64,
    },
    /// A window of the matches of a chunk's rows.
    Matches {
        /// How many matches there are from the window's first on.
        left: u64,
        /// The running number of the first row behind the chunk.
        end: u64,
    },
}

impl Window {
    /// The running number of the row of the `n`th lane that is set; `None` where that is not known.
    pub(super) fn row_of(self, mask: &[u8], n: usize) -> Option<u64> {
        let Self::Rows { first } = self else { return None };
        let lane = (0_u64..).zip(mask).filter(|(_, lane)| **lane != 0).nth(n)?.0;
        Some(first + lane)
    }
}

impl InFlight {
    /// A result of every replica.
    fn all(&self, kind: SlotKind) -> Result<Vec<&Buffer>, RunError> {
        self.returned.iter().map(|returned| returned.get(kind)).collect()
    }
}

impl<'m> StageRun<'m> {
    pub(super) fn appends(&self) -> bool {
        matches!(self.stage.sink.kind, SinkKind::Fold { appends: true, .. })
    }

    /// Puts what steps returned, from the `first` on, in order by replica instead of by step.
    pub(super) fn in_flight_by_replica(&mut self, first: usize) {
        let steps = self.in_flight.split_off(first);
        let mut of_replicas: Vec<Vec<InFlight>> = Vec::new();
        for InFlight { returned, passed, windows } in steps {
            let each = returned.into_iter().zip(passed).zip(windows);
            for (replica, ((returned, passed), window)) in each.enumerate() {
                let one = InFlight { returned: vec![returned], passed: vec![passed], windows: vec![window] };
                match of_replicas.get_mut(replica) {
                    Some(steps) => steps.push(one),
                    None => of_replicas.push(vec![one]),
                }
            }
        }
        self.in_flight.extend(of_replicas.into_iter().flatten());
    }

    /// Looks at what steps returned, oldest first, until `left` are in flight.
    pub(super) fn look_at_all_but(&mut self, cx: &mut Attempt<'m, '_>, left: usize) -> Result<(), Stop> {
        while self.in_flight.len() > left {
            let Some(step) = self.in_flight.pop_front() else { break };
            if self.is_full() {
                // Nobody asked for these rows.
                continue;
            }
            match self.raised(cx, step.all(SlotKind::Status)?, First::Row)? {
                Some(raised) => self.look_at_failed(cx, &step, raised)?,
                None => self.look_at_rows(cx, &step, None)?,
            }
            if self.appends() {
                let counts = step.all(SlotKind::Count)?.into_iter().map(|count| cx.device.count(count));
                self.state.count = counts.collect::<Result<Vec<_>, _>>()?.into_iter().fold(0, u64::max);
            }
        }
        Ok(())
    }

    /// A step that raised a status: the end, unless the rows before the failing one are all that is wanted.
    fn look_at_failed(&mut self, cx: &mut Attempt<'m, '_>, step: &InFlight, raised: Raised<'m>) -> Result<(), Stop> {
        if raised.site.kind == StatusKind::Assumption {
            // Nobody is told of the row, so it is not looked for.
            return Err(stop(raised, None));
        }
        self.look_at_rows(cx, step, Some(raised.row))?;
        if self.emitted.as_ref().is_some_and(|emitted| !emitted.wants(raised.row)) {
            return Ok(());
        }
        let row = self.failed_row(cx, raised.row, &raised.site.message);
        Err(stop(raised, Some(row)))
    }

    /// Takes the rows that a step emitted, those before row `end` only if there is one.
    fn look_at_rows(&mut self, cx: &mut Attempt<'m, '_>, step: &InFlight, end: Option<u64>) -> Result<(), RunError> {
        let Some(emitted) = &mut self.emitted else { return Ok(()) };
        let given: Vec<_> = pairs("replicas and their chunks", &step.returned, &step.passed)?.collect();
        for ((returned, passed), window) in pairs("replicas and their windows", given, &step.windows)? {
            let emission = Emission { returned, passed, window: *window, origins: &self.origins, end };
            emitted.push(cx, &self.stage.sink, &emission)?;
        }
        Ok(())
    }

    /// The most rows that may have been appended, and not been looked at yet.
    pub(super) fn appended_at_most(&self) -> u64 {
        self.state.count + (self.in_flight.len() * self.stage.chunk_rows) as u64
    }

    /// Whether the count is known exactly.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }
}
