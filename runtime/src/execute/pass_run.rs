//! One pass: stages that fold the same rows, which are read once.
//!
//! Every stage steps by itself, over the columns that it wants, with a state of its own. One that needs no more rows is left
//! out, and the pass ends when none does.

use super::attempt::Attempt;
use super::error::{RunError, pairs};
use super::lineage::Origin;
use super::reading::{Layout, Reading, Rows, SharedChunk};
use super::stage_run::StageRun;
use super::status::Stop;
use super::wave::Wave;
use crate::artifact::{Driver, DriverSource, ScanPredicate};
use std::rc::Rc;

/// The stages of a pass while they run.
pub(super) struct PassRun<'m> {
    pub(super) runs: Vec<StageRun<'m>>,
}

impl<'m> PassRun<'m> {
    pub(super) fn new(cx: &Attempt<'m, '_>, stages: &[usize]) -> Self {
        Self { runs: stages.iter().map(|stage| StageRun::new(cx, *stage)).collect() }
    }

    /// Folds the rows of all drivers and returns how many were read.
    pub(super) fn fold(&mut self, cx: &mut Attempt<'m, '_>) -> Result<u64, Stop> {
        let folded = self.drive_all(cx).and_then(|rows| {
            self.runs.iter_mut().try_for_each(|run| run.end(cx))?;
            Ok(rows)
        });
        if folded.is_err() {
            // What broke an assertion may be why.
            for run in self.runs.iter_mut().filter(|run| run.asserts()) {
                run.look_at_all_but(cx, 0)?;
            }
        }
        folded
    }

    fn drive_all(&mut self, cx: &mut Attempt<'m, '_>) -> Result<u64, Stop> {
        let first = self.runs.first().ok_or_else(|| RunError::bug("a pass without stages"))?;
        let mut rows = 0;
        // Where there are several stages each has one driver (M21).
        for driver in 0..first.stage.drivers.len() {
            if !self.is_full() {
                rows += self.drive(cx, driver, rows)?;
            }
        }
        Ok(rows)
    }

    /// Whether no stage needs more rows.
    fn is_full(&self) -> bool {
        self.runs.iter().all(StageRun::is_full)
    }

    /// Folds the rows of the drivers of this index, which have one source, and returns how many were read.
    fn drive(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64) -> Result<u64, Stop> {
        let drivers: Option<Vec<&'m Driver>> = self.runs.iter().map(|run| run.stage.drivers.get(index)).collect();
        let (drivers, capacity) = match (drivers, &self.runs[..]) {
            (Some(drivers), [run, ..]) => (drivers, run.stage.chunk_rows),
            _ => return Err(RunError::bug(format!("not all stages of a pass have a driver {index}")).into()),
        };
        let layout = Layout::of(&drivers);
        let skips: Vec<&'m [ScanPredicate]> = drivers.iter().map(|driver| &driver.skip[..]).collect();
        let stored;
        let rows = match drivers[0].source {
            DriverSource::Table(_) if cx.is_repeating() => return self.drive_kept(cx, index, first),
            DriverSource::Table(table) => Rows::of_table(cx, table, &layout, &skips, capacity)?,
            DriverSource::Stage(from) => {
                stored = cx.host(from)?;
                Rows::of_stage(cx, from, stored.chunks(&layout.columns, capacity))
            }
        };
        self.runs.iter_mut().for_each(|run| run.begin(first, rows.origin(), &skips));
        let mut reading = Reading::new(cx, rows, &layout, &drivers, (first, capacity))?;
        match &mut self.runs[..] {
            [run] if run.search.is_some() => run.search_rows(cx, index, first, &mut reading),
            _ => self.drive_rows(cx, index, first, &mut reading),
        }
    }

    fn drive_rows(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        index: usize,
        first: u64,
        reading: &mut Reading<'m, '_>,
    ) -> Result<u64, Stop> {
        let mut rows = 0;
        let mut is_over = false;
        while !is_over && !self.is_full() {
            let (chunks, failed) = self.read(cx, reading);
            is_over = chunks.len() < cx.device.replicas;
            if !chunks.is_empty() {
                let count = chunks.iter().map(|chunk| chunk.rows as u64).sum();
                rows += count;
                if reading.is_of_table() {
                    cx.rows += count;
                    cx.observer.rows(count);
                }
                self.step(cx, index, first, chunks, reading)?;
            }
            if let Some(stop) = failed {
                self.rows_before_suffice(cx, stop)?;
            }
        }
        Ok(rows)
    }

    /// A chunk for every replica, as far as there are rows, and why there are no more if one cannot be read.
    fn read(&self, cx: &mut Attempt<'m, '_>, reading: &mut Reading<'m, '_>) -> (Vec<SharedChunk>, Option<Stop>) {
        let mut chunks = Vec::new();
        while chunks.len() < cx.device.replicas {
            match reading.next(cx, &self.runs) {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => break,
                Err(stop) => return (chunks, Some(stop)),
            }
        }
        (chunks, None)
    }

    /// Folds chunks into every stage that wants them.
    fn step(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        index: usize,
        first: u64,
        chunks: Vec<SharedChunk>,
        reading: &mut Reading<'m, '_>,
    ) -> Result<(), Stop> {
        let waves = Wave::upload(cx.device, chunks, reading)?;
        for (stage, (run, wave)) in pairs("stages and their waves", &mut self.runs, waves)?.enumerate() {
            let Some(wave) = wave.map(Rc::new) else { continue };
            if wave.total_rows() > 0 {
                if let Some(kept) = cx.kept.as_mut().filter(|_| reading.is_of_table()) {
                    kept.waves.entry((run.index, index)).or_default().push(Rc::clone(&wave));
                }
                run.step(cx, index, first, &wave)?;
            }
            if let Some(failed) = reading.take_failed(stage)
                && !run.rows_before_suffice(cx)?
            {
                return Err(run.stopped(cx, first, failed));
            }
        }
        Ok(())
    }

    /// What a row that cannot be read means: nothing where the rows before it are all that any stage wants.
    fn rows_before_suffice(&mut self, cx: &mut Attempt<'m, '_>, stop: Stop) -> Result<(), Stop> {
        for run in &mut self.runs {
            if !run.rows_before_suffice(cx)? {
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Folds what was kept on the devices; every stage has waves of its own.
    fn drive_kept(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64) -> Result<u64, Stop> {
        let kept = cx.kept.as_ref().ok_or_else(|| RunError::bug("nothing is kept to run again on"))?;
        let waves = |run: &StageRun<'_>| kept.waves.get(&(run.index, index)).cloned();
        let waves: Vec<_> = self.runs.iter().map(waves).collect();
        let mut most = 0;
        for (run, waves) in self.runs.iter_mut().zip(waves) {
            run.begin(first, Origin::Kept, &[]);
            let mut rows = 0;
            // A driver without rows has no waves.
            for wave in waves.into_iter().flatten() {
                if run.is_full() {
                    break;
                }
                rows += wave.total_rows();
                run.step(cx, index, first, &wave)?;
            }
            most = rows.max(most);
        }
        Ok(most)
    }
}
