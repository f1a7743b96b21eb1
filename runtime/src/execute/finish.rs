//! The end of a fold: the result, or what it is that does not fit.

use super::attempt::Attempt;
use super::call::Returned;
use super::error::RunError;
use super::locate::{kept_row, overflowing_row};
use super::result::{StageResult, Tensors};
use super::stage_run::StageRun;
use super::status::{First, Raised, Stop, stop};
use crate::artifact::{ProgramKind, ResultTensor, SinkKind, SlotKind, Stage, StatusKind};
use std::rc::Rc;

impl<'m> StageRun<'m> {
    /// The result of a fold of so many rows.
    pub(super) fn finish(mut self, cx: &mut Attempt<'m, '_>, rows: u64) -> Result<StageResult, Stop> {
        self.exchange(cx)?;
        let bytes = result_bytes(self.stage, self.state.rung, cx.device.replicas)?;
        let lease = cx.lease(self.stage, bytes).map_err(Stop::Replay)?;
        let exchange = self.stage.exchange;
        let mut tensors = Tensors { rows: Vec::new(), exchange, count: Vec::new(), tensors: Vec::new() };
        let mut status = Vec::new();
        for mut returned in self.run_finish(cx)? {
            status.push(returned.take(SlotKind::Status)?);
            tensors.count.push(Rc::new(returned.take(SlotKind::Count)?));
            tensors.tensors.push(returned.take_tensors()?.into_iter().map(Rc::new).collect());
        }
        if let Some(raised) = self.raised(cx, &status, First::Site)? {
            drop((tensors, lease));
            return Err(self.does_not_fit(cx, raised, rows)?);
        }
        tensors.rows = tensors.count.iter().map(|count| cx.device.rows(count)).collect::<Result<_, _>>()?;
        Ok(StageResult::on_device(tensors, lease))
    }

    /// What the finish program returns for the rows so far; the state stays.
    pub(super) fn run_finish(&mut self, cx: &mut Attempt<'m, '_>) -> Result<Vec<Returned>, Stop> {
        self.state.residents.refresh(cx, self.stage, self.state.rung)?;
        let program = cx.programs.get(self.program(cx, ProgramKind::Finish))?;
        Ok(cx.device.run(&self.stage.label, &program, self.borrowed(&program)?)?)
    }

    /// The stop that a status of the finish means, with a row where one can be blamed.
    fn does_not_fit(self, cx: &mut Attempt<'m, '_>, raised: Raised<'m>, rows: u64) -> Result<Stop, Stop> {
        let index = self.index;
        match raised.site.kind {
            StatusKind::Assumption | StatusKind::Contract => Ok(stop(raised, None)),
            StatusKind::Overflow | StatusKind::Cast if cx.device.replicas > 1 => {
                // Rows of several devices keep their numbers.
                let row = self.failed_row(cx, raised.row, &raised.site.message);
                Ok(stop(raised, Some(row)))
            }
            StatusKind::Overflow | StatusKind::Cast => {
                drop(self);
                Ok(stop(raised, kept_row(cx, index, rows, raised)?))
            }
            StatusKind::Total => {
                // The state is made again for the search.
                drop(self);
                let found = overflowing_row(cx, index, rows)?;
                let (raised, row) = found.map_or((raised, None), |(raised, row)| (raised, Some(row)));
                Ok(stop(raised, row))
            }
        }
    }
}

/// Bytes of a result's tensors at a rung, on all devices.
fn result_bytes(stage: &Stage, rung: usize, replicas: usize) -> Result<u64, RunError> {
    let SinkKind::Fold { tensors, .. } = &stage.sink.kind else { return Ok(0) };
    let bytes = |tensor: &ResultTensor| (*tensor.dims.get(rung)? as u64).checked_mul(tensor.element.bytes() as u64);
    let all = tensors.iter().map(bytes).try_fold(0_u64, |all, bytes| all.checked_add(bytes?));
    let all = all.and_then(|bytes| bytes.checked_mul(replicas as u64));
    all.ok_or_else(|| RunError::bug(format!("the result of `{}` has no size at rung {rung}", stage.label)))
}
