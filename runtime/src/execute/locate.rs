//! The row with which a total no longer fits.
//!
//! A running total may leave its type and come back, so only the final one is judged, and it belongs to no row. When it does
//! not fit, the stage is folded again, stopping at some numbers of rows to finish early. Where the total of the first
//! `n - 1` rows fits and that of the first `n` does not, row `n` is to blame. So it is for what is computed of a window's results:
//! it is right without row `n`. Each time the rows left between two such numbers
//! are divided by [`WAYS`], so a few times find it. It is folded by itself, whatever pass it is of.

use super::attempt::Attempt;
use super::failed_row::FailedRow;
use super::pass_run::PassRun;
use super::reading::{Reading, SharedChunk, View};
use super::stage_run::StageRun;
use super::status::{Raised, Stop};
use super::wave::Wave;
use crate::artifact::SlotKind;

/// How many parts are looked at each time.
const WAYS: u64 = 16;

/// What a stage is folded again for.
pub(super) struct Search<'m> {
    /// Numbers of rows after which the total is judged, ascending.
    checkpoints: Vec<u64>,
    /// How many rows are known to fit.
    fits: u64,
    /// How many do not, and what says so.
    overflows: Option<(u64, Raised<'m>)>,
}

impl Search<'_> {
    /// Whether nothing more is to be learned.
    pub(super) fn is_over(&self) -> bool {
        self.overflows.is_some()
    }
}

/// What does not fit any more with some row, and where that came from; `None` if the totals fit this time.
pub(super) fn overflowing_row<'m>(
    cx: &mut Attempt<'m, '_>,
    stage: usize,
    rows: u64,
) -> Result<Option<(Raised<'m>, FailedRow)>, Stop> {
    cx.observer.stage("looking for the row that overflows");
    let (mut fits, mut overflows) = (0, rows);
    loop {
        let step = (overflows - fits).div_ceil(WAYS);
        let mut checkpoints: Vec<u64> = (1..=WAYS).map(|way| overflows.min(fits + step * way)).collect();
        checkpoints.dedup();
        let run = StageRun::searching(cx, stage, Search { checkpoints, fits, overflows: None });
        let mut pass = PassRun { runs: vec![run] };
        pass.fold(cx)?;
        let Some(mut run) = pass.runs.pop() else { return Ok(None) };
        let Some(Search { fits: most, overflows: Some((least, raised)), .. }) = run.search.take() else {
            return Ok(None);
        };
        if least == most + 1 {
            let row = run.failed_row(cx, most, &raised.site.message);
            return Ok(Some((raised, row)));
        }
        (fits, overflows) = (most, least);
    }
}

impl<'m> StageRun<'m> {
    /// Folds a driver's rows up to each checkpoint, one chunk at a time, and judges the total after the last row too: where row
    /// groups are left out there are fewer rows than a pass of several stages reads.
    pub(super) fn search_rows(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        index: usize,
        first: u64,
        reading: &mut Reading<'m, '_>,
    ) -> Result<u64, Stop> {
        let mut rows = 0;
        while !self.is_full() {
            let Some(chunk) = reading.next(cx, std::slice::from_ref(self))? else { break };
            rows += chunk.rows as u64;
            self.search_chunk(cx, index, first, &chunk, reading)?;
            if let Some(failed) = reading.take_failed(0).filter(|_| !self.is_full()) {
                return Err(self.stopped(cx, first, failed));
            }
        }
        self.judge(cx, first + rows)?;
        Ok(rows)
    }

    fn search_chunk(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        index: usize,
        first: u64,
        chunk: &SharedChunk,
        reading: &Reading<'m, '_>,
    ) -> Result<(), Stop> {
        let start = first + chunk.start;
        // There is no other stage.
        let [Some(View { rows, .. })] = chunk.views[..] else { return Ok(()) };
        let mut done = 0;
        while done < rows && !self.is_full() {
            let next = self.search.as_ref().and_then(|search| {
                search.checkpoints.iter().copied().find(|checkpoint| *checkpoint > start + done as u64)
            });
            let Some(checkpoint) = next else { return Ok(()) };
            let end = usize::try_from(checkpoint - start).unwrap_or(usize::MAX).min(rows);
            let part = chunk.part(&reading.readers, done..end);
            for wave in Wave::upload(cx.device, vec![part], reading)?.into_iter().flatten() {
                self.step(cx, index, first, &wave)?;
            }
            done = end;
            if start + end as u64 == checkpoint {
                self.judge(cx, checkpoint)?;
            }
        }
        Ok(())
    }

    /// Notes whether the total fits after so many rows, unless it is known.
    fn judge(&mut self, cx: &mut Attempt<'m, '_>, rows: u64) -> Result<(), Stop> {
        let is_known = |search: &Search<'_>| search.is_over() || rows <= search.fits;
        if self.search.as_ref().is_none_or(is_known) {
            return Ok(());
        }
        let raised = self.overflow(cx)?;
        if let Some(search) = &mut self.search {
            match raised {
                Some(raised) => search.overflows = Some((rows, raised)),
                None => search.fits = rows,
            }
        }
        Ok(())
    }

    /// The total that does not fit after the rows so far, if there is one.
    fn overflow(&mut self, cx: &mut Attempt<'m, '_>) -> Result<Option<Raised<'m>>, Stop> {
        self.look_at_all_but(cx, 0)?;
        let returned = self.run_finish(cx)?;
        let statuses = returned.iter().map(|returned| returned.get(SlotKind::Status)).collect::<Result<Vec<_>, _>>()?;
        let raised = self.raised(cx, statuses)?;
        Ok(raised.filter(|raised| raised.site.kind.is_of_value()))
    }
}
