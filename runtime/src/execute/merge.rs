//! States merged as those of several devices are, chunk by chunk: to see that it gives the same.

use super::attempt::Attempt;
use super::call::{Given, Returned};
use super::device::PerReplica;
use super::error::{RunError, pairs};
use super::stage_run::StageRun;
use crate::artifact::{ProgramKind, SinkKind};
use crate::pjrt::{Argument, Buffer};

impl StageRun<'_> {
    /// Puts an empty state in place of what was folded so far, which the next chunk's is to be merged into.
    pub(super) fn set_aside(&mut self, cx: &Attempt<'_, '_>) -> Result<Option<PerReplica<Buffer>>, RunError> {
        let folds = matches!(self.stage.sink.kind, SinkKind::Fold { .. });
        if !cx.device.merge_chunks || !folds {
            return Ok(None);
        }
        let empty = self.empty(cx)?;
        let before = self.state.take()?;
        self.state.put(empty);
        Ok(Some(before))
    }

    /// Merges the state into what was folded before it.
    pub(super) fn merge_into(
        &mut self,
        cx: &mut Attempt<'_, '_>,
        before: PerReplica<Buffer>,
    ) -> Result<Vec<Returned>, RunError> {
        let program = cx.programs.get(self.program(cx, ProgramKind::Merge))?;
        let mut arguments = Vec::new();
        let others = self.state.take()?;
        for (replica, (state, other)) in pairs("states to merge", before, others)?.enumerate() {
            let state = state.into_iter().map(Argument::Donated).collect();
            let other = other.into_iter().map(Argument::Donated).collect();
            arguments.push(program.arguments(Given { other, ..Given::of(replica, state, &self.state.residents) })?);
        }
        let mut all = cx.device.run(&self.stage.label, &program, arguments)?;
        let states = all.iter_mut().map(Returned::take_state).collect::<Result<_, _>>()?;
        self.state.put(states);
        Ok(all)
    }
}
