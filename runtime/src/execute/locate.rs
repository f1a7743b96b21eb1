//! The row with which a total no longer fits.
//!
//! A running total may leave its type and come back, so only the final one is judged, and it belongs to no row. When it does
//! not fit, the stage is folded again, stopping at some numbers of rows to finish early. Where the total of the first
//! `n - 1` rows fits and that of the first `n` does not, row `n` is to blame. Each pass divides the rows left between two
//! such numbers by [`WAYS`], so a few passes find it.

use super::attempt::Attempt;
use super::failed_row::FailedRow;
use super::host_columns::HostColumns;
use super::stage_run::{NextChunk, StageRun};
use super::status::{Raised, Stop};
use super::wave::Wave;
use crate::artifact::{Driver, SlotKind, StatusKind};
use crate::columns::Chunk;

/// How many parts a pass looks at.
const WAYS: u64 = 16;

/// What a pass looks for.
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
        let mut run = StageRun::searching(cx, stage, Search { checkpoints, fits, overflows: None });
        run.fold(cx)?;
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
    /// Folds a driver's rows up to each checkpoint, one chunk at a time.
    pub(super) fn search_chunks(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        (index, driver): (usize, &'m Driver),
        first: u64,
        next: NextChunk<'_>,
    ) -> Result<u64, Stop> {
        let mut host = HostColumns::new(cx, driver)?;
        let mut rows = 0;
        while !self.is_full() {
            let Some(chunk) = self.read(cx, first, next, &mut host)? else { break };
            rows += chunk.rows as u64;
            self.search_chunk(cx, (index, driver), first, &chunk)?;
        }
        Ok(rows)
    }

    fn search_chunk(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        (index, driver): (usize, &'m Driver),
        first: u64,
        chunk: &Chunk,
    ) -> Result<(), Stop> {
        let start = first + chunk.start;
        let mut done = 0;
        while done < chunk.rows && !self.is_full() {
            let next = self.search.as_ref().and_then(|search| {
                search.checkpoints.iter().copied().find(|checkpoint| *checkpoint > start + done as u64)
            });
            let Some(checkpoint) = next else { return Ok(()) };
            let end = usize::try_from(checkpoint - start).unwrap_or(usize::MAX).min(chunk.rows);
            let wave = Wave::upload(cx.device, vec![chunk.part(done..end)], driver, self.stage.chunk_rows)?;
            self.step(cx, index, first, &wave)?;
            done = end;
            if start + end as u64 == checkpoint {
                let raised = self.overflow(cx)?;
                if let Some(search) = &mut self.search {
                    match raised {
                        Some(raised) => search.overflows = Some((checkpoint, raised)),
                        None => search.fits = checkpoint,
                    }
                }
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
        Ok(raised.filter(|raised| raised.site.kind == StatusKind::Overflow))
    }
}
