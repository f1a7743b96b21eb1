//! The row with which a total no longer fits, and the one that stands at a place among those that were kept.
//!
//! A running total may leave its type and come back, so only the final one is judged, and it belongs to no row. When it does
//! not fit, the stage is folded again, stopping at some numbers of rows to finish early. Where the total of the first
//! `n - 1` rows fits and that of the first `n` does not, row `n` is to blame. Each time the rows left between two such numbers
//! are divided by [`WAYS`], so a few times find it. It is folded by itself, whatever pass it is of.
//!
//! What a finish computes of rows that it has kept may fail too. It knows at which place such a row was kept, and rows before it may
//! have been filtered out: the row is the one with which more are kept than stand before it.

use super::attempt::Attempt;
use super::failed_row::FailedRow;
use super::pass_run::PassRun;
use super::reading::{Reading, SharedChunk, View};
use super::stage_run::StageRun;
use super::status::{First, Raised, Stop};
use super::wave::Wave;
use crate::artifact::{SlotKind, StatusKind};

/// How many parts are looked at each time.
const WAYS: u64 = 16;

/// What a stage is folded again for.
pub(super) struct Search<'m> {
    wanted: Wanted,
    /// Numbers of rows after which it is judged, ascending.
    checkpoints: Vec<u64>,
    /// How many rows are known to be fewer than wanted.
    before: u64,
    /// How many are enough, and what says so, if that is a status.
    reached: Option<(u64, Option<Raised<'m>>)>,
}

/// What some number of rows brings about.
#[derive(Clone, Copy)]
enum Wanted {
    /// A total that does not fit.
    Overflow,
    /// More kept rows than so many.
    Kept(u64),
}

impl Search<'_> {
    /// Whether nothing more is to be learned.
    pub(super) fn is_over(&self) -> bool {
        self.reached.is_some()
    }
}

/// What does not fit any more with some row, and where that came from; `None` if the totals fit this time.
pub(super) fn overflowing_row<'m>(
    cx: &mut Attempt<'m, '_>,
    stage: usize,
    rows: u64,
) -> Result<Option<(Raised<'m>, FailedRow)>, Stop> {
    let Some((run, row, Some(raised))) = searched(cx, stage, rows, Wanted::Overflow)? else { return Ok(None) };
    Ok(Some((raised, run.failed_row(cx, row, &raised.site.message))))
}

/// Where a row came from that a finish knows by its place among those that were kept; `None` if there is none this time.
pub(super) fn kept_row<'m>(
    cx: &mut Attempt<'m, '_>,
    stage: usize,
    rows: u64,
    raised: Raised<'m>,
) -> Result<Option<FailedRow>, Stop> {
    let found = searched(cx, stage, rows, Wanted::Kept(raised.row))?;
    Ok(found.map(|(run, row, _)| run.failed_row(cx, row, &raised.site.message)))
}

/// A run of a stage, the row with which what is wanted came about, and the status that says so.
type Reached<'m> = (StageRun<'m>, u64, Option<Raised<'m>>);

/// Folds the first rows of a stage until it is known with which one what is wanted comes about.
fn searched<'m>(
    cx: &mut Attempt<'m, '_>,
    stage: usize,
    rows: u64,
    wanted: Wanted,
) -> Result<Option<Reached<'m>>, Stop> {
    cx.observer.stage("looking for the row that fails");
    let (mut before, mut enough) = (0, rows);
    loop {
        let step = (enough - before).div_ceil(WAYS);
        let mut checkpoints: Vec<u64> = (1..=WAYS).map(|way| enough.min(before + step * way)).collect();
        checkpoints.dedup();
        let run = StageRun::searching(cx, stage, Search { wanted, checkpoints, before, reached: None });
        let mut pass = PassRun { runs: vec![run] };
        pass.fold(cx)?;
        let Some(mut run) = pass.runs.pop() else { return Ok(None) };
        let Some(Search { before: most, reached: Some((least, raised)), .. }) = run.search.take() else {
            return Ok(None);
        };
        if least == most + 1 {
            return Ok(Some((run, most, raised)));
        }
        (before, enough) = (most, least);
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

    /// Notes whether so many rows are enough, unless it is known.
    fn judge(&mut self, cx: &mut Attempt<'m, '_>, rows: u64) -> Result<(), Stop> {
        let open = self.search.as_ref().filter(|search| !search.is_over() && rows > search.before);
        let Some(wanted) = open.map(|search| search.wanted) else { return Ok(()) };
        let reached = match wanted {
            Wanted::Overflow => self.overflow(cx)?.map(Some),
            Wanted::Kept(place) => {
                self.look_at_all_but(cx, 0)?;
                (self.state.count > place).then_some(None)
            }
        };
        if let Some(search) = &mut self.search {
            match reached {
                Some(raised) => search.reached = Some((rows, raised)),
                None => search.before = rows,
            }
        }
        Ok(())
    }

    /// The total that does not fit after the rows so far, if there is one.
    fn overflow(&mut self, cx: &mut Attempt<'m, '_>) -> Result<Option<Raised<'m>>, Stop> {
        self.look_at_all_but(cx, 0)?;
        let returned = self.run_finish(cx)?;
        let statuses = returned.iter().map(|returned| returned.get(SlotKind::Status)).collect::<Result<Vec<_>, _>>()?;
        let raised = self.raised(cx, statuses, First::Site)?;
        Ok(raised.filter(|raised| raised.site.kind == StatusKind::Total))
    }
}
