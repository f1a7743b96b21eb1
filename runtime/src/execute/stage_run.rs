//! One stage: its drivers' chunks through its steps, and the result.

use super::attempt::{Attempt, full_dictionary};
use super::call::{ChunkGiven, Given, Program};
use super::codes;
use super::emit::Emitted;
use super::error::RunError;
use super::host_columns::{Failed, HostColumns};
use super::in_flight::{IN_FLIGHT, InFlight, Window};
use super::lineage::{Lineage, Origin, Origins};
use super::locate::Search;
use super::report::Activity;
use super::result::StageResult;
use super::state::State;
use super::status::{Raised, Stop, raised, stop};
use super::wave::Wave;
use crate::artifact::{Driver, DriverSource, ProgramId, ProgramKind, SinkKind, SlotKind, Stage};
use crate::columns::{Chunk, Dictionaries};
use crate::io::ReadError;
use crate::pjrt::{Argument, Buffer};
use dj_grammar::Diagnostic;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A stage while it runs.
pub(super) struct StageRun<'m> {
    pub(super) stage: &'m Stage,
    pub(super) index: usize,
    /// What is folded, and what the programs read besides.
    pub(super) state: State,
    pub(super) in_flight: VecDeque<InFlight>,
    pub(super) emitted: Option<Emitted>,
    /// Rows that were folded.
    pub(super) rows: u64,
    /// Where the rows come from.
    pub(super) origins: Origins,
    /// What the stage is folded again for.
    pub(super) search: Option<Search<'m>>,
}

/// Gives the next chunk of a driver.
pub(super) type NextChunk<'a> = &'a mut dyn FnMut(&mut Dictionaries) -> Result<Option<Chunk>, Stop>;

impl<'m> StageRun<'m> {
    pub(super) fn new(cx: &Attempt<'m, '_>, index: usize) -> Self {
        let stage = &cx.spec().stages[index];
        let emits = matches!(stage.sink.kind, SinkKind::Emit);
        Self {
            stage,
            index,
            state: State::new(stage),
            in_flight: VecDeque::new(),
            emitted: emits.then(|| Emitted::new(cx, index, stage)),
            rows: 0,
            origins: Origins::default(),
            search: None,
        }
    }

    /// A stage that is folded again to find a row.
    pub(super) fn searching(cx: &Attempt<'m, '_>, index: usize, search: Search<'m>) -> Self {
        Self { search: Some(search), ..Self::new(cx, index) }
    }

    /// Folds all drivers' rows and returns the result, if a later stage or an export may read it.
    pub(super) fn run(mut self, cx: &mut Attempt<'m, '_>) -> Result<Option<StageResult>, Stop> {
        let rows = self.fold(cx)?;
        match self.stage.sink.kind {
            SinkKind::Emit => {
                let lost = || RunError::bug("an emitting stage has nowhere to put its rows");
                let (result, selected) = self.emitted.take().ok_or_else(lost)?.finish(cx, self.stage)?;
                if result.is_some() {
                    cx.keep_lineage(self.index, Lineage { selected, origins: self.origins.settled() });
                }
                Ok(result)
            }
            SinkKind::Fold { .. } => self.finish(cx, rows).map(Some),
        }
    }

    /// Folds all drivers' rows and returns how many there were.
    pub(super) fn fold(&mut self, cx: &mut Attempt<'m, '_>) -> Result<u64, Stop> {
        let mut first_row = 0;
        for (index, driver) in self.stage.drivers.iter().enumerate() {
            if !self.is_full() {
                first_row += self.drive(cx, index, driver, first_row)?;
            }
        }
        if !self.state.is_started() {
            self.fit(cx)?;
        }
        self.look_at_all_but(cx, 0)?;
        Ok(first_row)
    }

    /// What a row that cannot be read means: nothing where the rows before it are all that is wanted.
    fn rows_before_suffice(&mut self, cx: &mut Attempt<'m, '_>, stop: Stop) -> Result<(), Stop> {
        self.look_at_all_but(cx, 0)?;
        if self.is_full() { Ok(()) } else { Err(stop) }
    }

    /// Whether no more rows are needed.
    pub(super) fn is_full(&self) -> bool {
        self.emitted.as_ref().is_some_and(Emitted::is_full) || self.search.as_ref().is_some_and(Search::is_over)
    }

    /// The name of one of the stage's programs at the present rung.
    pub(super) fn program(&self, cx: &Attempt<'_, '_>, kind: ProgramKind) -> ProgramId {
        ProgramId { variant: cx.variant, stage: self.index, kind, rung: self.state.rung }
    }

    /// Folds a driver's rows and returns how many there were.
    fn drive(&mut self, cx: &mut Attempt<'m, '_>, index: usize, driver: &'m Driver, first: u64) -> Result<u64, Stop> {
        match driver.source {
            DriverSource::Table(table) => {
                if cx.is_repeating() {
                    return self.drive_kept(cx, index, first);
                }
                let source = cx.source(table)?;
                let span = cx.manifest.tables[table].span;
                let failed = |error| RunError::program(Diagnostic::from(error).at(span));
                let reader = source.chunks(&driver.columns, self.stage.chunk_rows, &driver.skip).map_err(failed)?;
                let reader = Rc::new(RefCell::new(reader));
                self.origins.push(first, Origin::Files(Rc::clone(&reader)));
                let mut next = |dictionaries: &mut Dictionaries| {
                    reader.borrow_mut().next_chunk(dictionaries).map_err(|error| unreadable(error, span))
                };
                self.drive_chunks(cx, index, first, &mut next)
            }
            DriverSource::Stage(from) => {
                let table = cx.host(from)?;
                let label = cx.spec().stages[from].label.clone();
                self.origins.push(first, Origin::Stage { label, lineage: cx.lineage(from) });
                let mut chunks = table.chunks(&driver.columns, self.stage.chunk_rows);
                let mut next = |_: &mut Dictionaries| {
                    chunks.next().transpose().map_err(|error| Stop::Replay(RunError::bug(error.to_string())))
                };
                self.drive_chunks(cx, index, first, &mut next)
            }
        }
    }

    fn drive_chunks(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        index: usize,
        first: u64,
        next: NextChunk<'_>,
    ) -> Result<u64, Stop> {
        let driver = &self.stage.drivers[index];
        if self.search.is_some() {
            return self.search_chunks(cx, (index, driver), first, next);
        }
        let is_table = matches!(driver.source, DriverSource::Table(_));
        let mut host = HostColumns::new(cx, driver)?;
        let mut rows = 0;
        while !self.is_full() {
            let mut chunks = Vec::new();
            let mut failed = None;
            while chunks.len() < cx.device.replicas && failed.is_none() {
                match self.read(cx, first, next, &mut host) {
                    Ok(Some(chunk)) => chunks.push(chunk),
                    Ok(None) => break,
                    Err(stop) => failed = Some(stop),
                }
            }
            if chunks.is_empty() {
                match failed {
                    None => break,
                    Some(stop) => return self.rows_before_suffice(cx, stop).map(|()| rows),
                }
            }
            let wave = Wave::upload(cx.device, chunks, driver, self.stage.chunk_rows)?;
            let wave = Rc::new(wave);
            rows += wave.total_rows();
            if is_table {
                cx.rows += wave.total_rows();
                cx.observer.rows(wave.total_rows());
                if let Some(kept) = &mut cx.kept {
                    kept.waves.entry((self.index, index)).or_default().push(Rc::clone(&wave));
                }
            }
            self.step(cx, index, first, &wave)?;
        }
        Ok(rows)
    }

    /// The next chunk with the host's columns. Where the host fails at a row, the rows before it are one more chunk.
    pub(super) fn read(
        &self,
        cx: &mut Attempt<'m, '_>,
        first: u64,
        next: NextChunk<'_>,
        host: &mut HostColumns<'m>,
    ) -> Result<Option<Chunk>, Stop> {
        if let Some(failed) = host.take_failed() {
            return Err(self.stopped(cx, first, failed));
        }
        let limit = cx.text_limit();
        let (clock, dictionaries) = (&cx.device.clock, &mut cx.dictionaries);
        let chunk = clock.time(Activity::Read, || "read".to_owned(), || next(dictionaries))?;
        let Some(mut chunk) = chunk else { return Ok(None) };
        let add = || host.add_to(&mut chunk, self.stage.chunk_rows, dictionaries, limit);
        clock.time(Activity::Read, || "evaluate".to_owned(), add);
        match host.take_failed_of(&chunk) {
            Some(failed) => Err(self.stopped(cx, first, failed)),
            None => Ok(Some(chunk)),
        }
    }

    /// The stop that a row means which the host cannot compute.
    fn stopped(&self, cx: &mut Attempt<'m, '_>, first: u64, failed: Failed) -> Stop {
        let row = self.failed_row(cx, first + failed.row, &failed.message());
        failed.stop(&row)
    }

    fn drive_kept(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64) -> Result<u64, Stop> {
        self.origins.push(first, Origin::Kept);
        let kept = cx.kept.as_ref().ok_or_else(|| RunError::bug("nothing is kept to run again on"))?;
        // A driver without rows has no waves.
        let waves = kept.waves.get(&(self.index, index)).cloned().unwrap_or_default();
        let mut rows = 0;
        for wave in waves {
            if self.is_full() {
                break;
            }
            rows += wave.total_rows();
            self.step(cx, index, first, &wave)?;
        }
        Ok(rows)
    }

    /// Folds a wave: one call, or as many as it takes to bring out all its matches.
    pub(super) fn step(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64, wave: &Wave) -> Result<(), Stop> {
        let expands = self.stage.drivers[index].expands;
        if !expands {
            self.count_rows(wave.total_rows())?;
        }
        self.fit(cx)?;
        let mut offset = 0_u64;
        loop {
            self.make_room(cx)?;
            let program = cx.programs.get(self.program(cx, ProgramKind::Step(index)))?;
            let total = self.call(cx, &program, first, wave, offset, expands)?;
            if offset == 0 && expands {
                self.count_rows(total)?;
            }
            offset += self.stage.chunk_rows as u64;
            // Whether the rows so far suffice decides whether the rest of the matches is made.
            let may_wait = !(expands && self.stage.sink.slice.is_some());
            self.look_at_all_but(cx, if may_wait { IN_FLIGHT } else { 0 })?;
            if offset >= total || self.is_full() {
                return Ok(());
            }
        }
    }

    /// Counts rows before they are folded, and stops before a sum could overflow.
    fn count_rows(&mut self, rows: u64) -> Result<(), Stop> {
        self.rows += rows;
        if self.rows <= self.stage.max_rows {
            return Ok(());
        }
        let message = format!("a sum may overflow: more than {} rows", self.stage.max_rows);
        let diagnostic = Diagnostic::error(codes::TOO_MANY_ROWS, message).at(self.stage.span);
        Err(Stop::Replay(RunError::program(diagnostic.help("declare the column's domain, such as `in 0..1000`"))))
    }

    /// Starts one step and returns how many rows the wave expands to, or 0.
    fn call(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        program: &Program,
        first: u64,
        wave: &Wave,
        offset: u64,
        expands: bool,
    ) -> Result<u64, Stop> {
        let before = self.set_aside(cx)?;
        let mut arguments = Vec::new();
        for (replica, state) in self.state.take()?.into_iter().enumerate() {
            let rows = i32::try_from(wave.rows[replica]);
            let rows = rows.map_err(|_| RunError::bug(format!("a chunk of {} rows", wave.rows[replica])))?;
            let start = (first + wave.starts[replica]).cast_signed();
            let chunk = ChunkGiven {
                wave,
                rows: cx.device.scalar(rows, replica)?,
                start: cx.device.scalar(start, replica)?,
                offset: cx.device.scalar(offset.cast_signed(), replica)?,
            };
            let state = state.into_iter().map(Argument::Donated).collect();
            let residents = &self.state.residents;
            arguments.push(program.arguments(Given {
                replica,
                state,
                other: vec![],
                residents,
                chunk: Some(chunk),
            })?);
        }
        let mut step = InFlight { returned: Vec::new(), passed: wave.passed.clone(), windows: Vec::new() };
        let (mut state, mut most) = (Vec::new(), 0);
        for (replica, mut returned) in cx.device.run(&self.stage.label, program, arguments)?.into_iter().enumerate() {
            state.push(returned.take_state()?);
            let first = first + wave.starts[replica];
            step.windows.push(if expands {
                let total = cx.device.count(&returned.take(SlotKind::Total)?)?;
                most = total.max(most);
                Window::Matches { left: total.saturating_sub(offset), end: first + wave.rows[replica] as u64 }
            } else {
                Window::Rows { first }
            });
            step.returned.push(returned);
        }
        self.state.put(state);
        if let Some(before) = before {
            step.returned = self.merge_into(cx, before)?;
        }
        self.in_flight.push_back(step);
        Ok(most)
    }

    /// Stops where the status of a whole state says so.
    pub(super) fn check(&self, cx: &Attempt<'_, '_>, status: &[Buffer]) -> Result<(), Stop> {
        self.raised(cx, status)?.map_or(Ok(()), |raised| Err(stop(raised, None)))
    }

    /// What the replicas' statuses report first.
    pub(super) fn raised<'b>(
        &self,
        cx: &Attempt<'_, '_>,
        status: impl IntoIterator<Item = &'b Buffer>,
    ) -> Result<Option<Raised<'m>>, RunError> {
        let mut merged = vec![0_i64; self.stage.status.len().max(1)];
        for buffer in status {
            let bytes = cx.device.to_host(buffer)?;
            let values = bytes.as_slice::<i64>();
            if values.len() != merged.len() {
                return Err(RunError::bug(format!("a status has {} of {} sites", values.len(), merged.len())));
            }
            for (merged, value) in merged.iter_mut().zip(values) {
                *merged = (*merged).max(*value);
            }
        }
        raised(self.stage, &merged)
    }
}

fn unreadable(error: ReadError, span: dj_grammar::Span) -> Stop {
    match error {
        ReadError::Io(error) => Stop::Failed(RunError::program(Diagnostic::from(error).at(span))),
        ReadError::Assumption(error) => Stop::Replay(RunError::bug(error.to_string())),
        ReadError::Dictionary(error) => Stop::Failed(full_dictionary(&error, span)),
    }
}
