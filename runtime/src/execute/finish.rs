//! The end of a fold: the result, or what it is that does not fit.

use super::attempt::Attempt;
use super::device::PerReplica;
use super::locate::overflowing_row;
use super::result::{StageResult, Tensors};
use super::stage_run::{Outputs, StageRun};
use super::status::{Raised, Stop, stop};
use crate::artifact::{ProgramId, ProgramKind, SinkKind, Stage, StatusKind};
use crate::pjrt::Buffer;
use std::rc::Rc;

impl<'m> StageRun<'m> {
    /// The result of a fold of so many rows.
    pub(super) fn finish(mut self, cx: &mut Attempt<'m, '_>, rows: u64) -> Result<StageResult, Stop> {
        let lease = cx.lease(self.stage, result_bytes(self.stage, self.state.rung)).map_err(Stop::Replay)?;
        let (id, outputs) = self.run_finish(cx)?;
        let mut tensors = Tensors { rows: 0, count: Vec::new(), tensors: Vec::new() };
        let mut status = Vec::new();
        for outputs in outputs {
            let mut outputs = Outputs::new(id, outputs);
            status.push(outputs.next()?);
            tensors.count.push(Rc::new(outputs.next()?));
            tensors.tensors.push(outputs.rest().into_iter().map(Rc::new).collect());
        }
        if let Some(raised) = self.raised(cx, &status)? {
            drop((tensors, lease));
            return Err(self.totals_do_not_fit(cx, raised, rows)?);
        }
        let count = tensors.count.first().map(|count| cx.device.integer(count)).transpose()?;
        tensors.rows = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        Ok(StageResult::on_device(tensors, lease))
    }

    /// What the finish program returns for the rows so far; the state stays.
    pub(super) fn run_finish(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(ProgramId, PerReplica<Buffer>), Stop> {
        self.state.residents.refresh(cx, self.stage, self.state.rung)?;
        let id = self.program(cx, ProgramKind::Finish);
        let executable = cx.programs.get(id)?;
        Ok((id, cx.device.run(&self.stage.label, id, &executable, self.state.borrowed())?))
    }

    /// The stop that a status of the finish means, with a row where one can be blamed.
    fn totals_do_not_fit(self, cx: &mut Attempt<'m, '_>, raised: Raised<'m>, rows: u64) -> Result<Stop, Stop> {
        if raised.site.kind != StatusKind::Overflow {
            return Ok(stop(raised, None));
        }
        let index = self.index;
        // The state is made again for the search.
        drop(self);
        let found = overflowing_row(cx, index, rows)?;
        let (raised, place) = found.map_or((raised, None), |(raised, place)| (raised, Some(place)));
        Ok(stop(raised, place))
    }
}

/// Bytes of a result's tensors.
fn result_bytes(stage: &Stage, rung: usize) -> u64 {
    match &stage.sink.kind {
        SinkKind::Emit => 0,
        SinkKind::Fold { tensors, .. } => tensors
            .iter()
            .map(|tensor| (tensor.dims.get(rung).copied().unwrap_or(0) * tensor.element.bytes()) as u64)
            .sum(),
    }
}
