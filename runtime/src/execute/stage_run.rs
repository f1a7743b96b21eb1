//! One stage: its drivers' chunks through its steps, and the result.

use super::attempt::{Attempt, full_dictionary};
use super::codes;
use super::device::PerReplica;
use super::emit::Emitted;
use super::error::RunError;
use super::host_columns::HostColumns;
use super::locate::Search;
use super::report::Activity;
use super::result::StageResult;
use super::state::State;
use super::status::{Raised, Stop, raised, stop};
use super::wave::Wave;
use crate::artifact::{Driver, DriverSource, ProgramId, ProgramKind, SinkKind, Stage};
use crate::columns::{Chunk, Column, Dictionaries};
use crate::io::{ChunkReader, ReadError};
use crate::pjrt::{Argument, Buffer, Executable};
use dj_grammar::Diagnostic;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Steps whose outputs have not been looked at: enough to keep the device busy, few enough to bound what they hold.
const IN_FLIGHT: usize = 2;

/// A stage while it runs.
pub(super) struct StageRun<'m> {
    pub(super) stage: &'m Stage,
    pub(super) index: usize,
    /// What is folded, and what the programs read besides.
    pub(super) state: State,
    in_flight: VecDeque<InFlight>,
    emitted: Option<Emitted>,
    /// Rows that were folded.
    pub(super) rows: u64,
    /// Where the rows of each driver came from; the first of them has this running number.
    origins: Vec<(u64, Origin)>,
    /// What the stage is folded again for.
    pub(super) search: Option<Search<'m>>,
}

/// Where the rows of a driver come from.
enum Origin {
    Files(Rc<RefCell<ChunkReader>>),
    Memory,
}

/// What a step returned beside the state.
struct InFlight {
    status: Vec<Buffer>,
    counts: Vec<Buffer>,
    emitted: PerReplica<Buffer>,
    /// Columns of the result that are not among them.
    passed: PerReplica<Option<Rc<Column>>>,
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
            origins: Vec::new(),
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
            SinkKind::Emit => match self.emitted.take() {
                Some(emitted) => Ok(emitted.finish(cx, self.stage)?),
                None => Ok(None),
            },
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
                let closed = || RunError::bug(format!("table {table} is not open"));
                let source = cx.inputs.sources[table].as_ref().ok_or_else(closed)?;
                let span = cx.manifest.tables[table].span;
                let failed = |error| RunError::program(Diagnostic::from(error).at(span));
                let reader = source.chunks(&driver.columns, self.stage.chunk_rows, &driver.skip).map_err(failed)?;
                let reader = Rc::new(RefCell::new(reader));
                self.origins.push((first, Origin::Files(Rc::clone(&reader))));
                let mut next = |dictionaries: &mut Dictionaries| {
                    reader.borrow_mut().next_chunk(dictionaries).map_err(|error| unreadable(error, span))
                };
                self.drive_chunks(cx, index, first, &mut next)
            }
            DriverSource::Stage(from) => {
                let table = cx.host(from)?;
                self.origins.push((first, Origin::Memory));
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
            while chunks.len() < cx.device.replicas {
                let Some(chunk) = self.read(cx, first, next, &mut host)? else { break };
                chunks.push(chunk);
            }
            if chunks.is_empty() {
                break;
            }
            let wave = Wave::upload(cx.device, chunks, driver, self.stage.chunk_rows)?;
            let wave = Rc::new(wave);
            rows += wave.total_rows();
            if is_table {
                cx.rows += wave.total_rows();
                cx.progress.add(wave.total_rows());
                if let Some(kept) = &mut cx.kept {
                    kept.waves.entry((self.index, index)).or_default().push(Rc::clone(&wave));
                }
            }
            self.step(cx, index, first, &wave)?;
        }
        Ok(rows)
    }

    /// The next chunk with the host's columns.
    pub(super) fn read(
        &self,
        cx: &mut Attempt<'m, '_>,
        first: u64,
        next: NextChunk<'_>,
        host: &mut HostColumns<'m>,
    ) -> Result<Option<Chunk>, Stop> {
        let (clock, dictionaries) = (&cx.device.clock, &mut cx.dictionaries);
        let chunk = clock.time(Activity::Read, || "read".to_owned(), || next(dictionaries))?;
        let Some(mut chunk) = chunk else { return Ok(None) };
        let add = || host.add_to(&mut chunk, self.stage.chunk_rows, dictionaries);
        let added = clock.time(Activity::Read, || "evaluate".to_owned(), add);
        added.map_err(|failed| {
            let place = self.place(first + failed.row);
            failed.stop(&place)
        })?;
        Ok(Some(chunk))
    }

    fn drive_kept(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64) -> Result<u64, Stop> {
        self.origins.push((first, Origin::Memory));
        let waves = cx.kept.as_ref().and_then(|kept| kept.waves.get(&(self.index, index)).cloned());
        let mut rows = 0;
        for wave in waves.unwrap_or_default() {
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
            let executable = cx.programs.get(self.program(cx, ProgramKind::Step(index)))?;
            let total = self.call(cx, index, first, wave, offset, &executable)?;
            self.look_at_all_but(cx, IN_FLIGHT)?;
            if offset == 0 && expands {
                self.count_rows(total)?;
            }
            offset += self.stage.chunk_rows as u64;
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
        index: usize,
        first: u64,
        wave: &Wave,
        offset: u64,
        executable: &Arc<Executable>,
    ) -> Result<u64, Stop> {
        let expands = self.stage.drivers[index].expands;
        let id = self.program(cx, ProgramKind::Step(index));
        let mut scalars: PerReplica<Buffer> = Vec::new();
        for replica in 0..cx.device.replicas {
            let rows = i32::try_from(wave.rows[replica]).unwrap_or(i32::MAX);
            let start = (first + wave.starts[replica]).cast_signed();
            let mut list = vec![cx.device.scalar(rows, replica)?, cx.device.scalar(start, replica)?];
            if expands {
                list.push(cx.device.scalar(offset.cast_signed(), replica)?);
            }
            scalars.push(list);
        }
        let mut arguments = Vec::new();
        for (replica, (state, scalars)) in self.state.take().into_iter().zip(scalars).enumerate() {
            let mut list: Vec<Argument<'_>> = state.into_iter().map(Argument::Donated).collect();
            list.extend(self.state.residents.arguments(replica));
            list.extend(wave.columns[replica].iter().map(Argument::Borrowed));
            list.extend(scalars.into_iter().map(Argument::Donated));
            arguments.push(list);
        }
        let outputs = cx.device.run(&self.stage.label, id, executable, arguments)?;
        let passed = wave.passed.clone();
        let mut step = InFlight { status: Vec::new(), counts: Vec::new(), emitted: Vec::new(), passed };
        let (mut state, mut total) = (Vec::new(), 0);
        for outputs in outputs {
            let mut outputs = Outputs::new(id, outputs);
            state.push(outputs.take(self.stage.state.len())?);
            step.status.push(outputs.next()?);
            if self.appends() {
                step.counts.push(outputs.next()?);
            }
            if expands {
                let buffer = outputs.last()?;
                total = total.max(u64::try_from(cx.device.integer(&buffer)?).unwrap_or(0));
            }
            step.emitted.push(outputs.rest());
        }
        self.state.put(state);
        self.in_flight.push_back(step);
        Ok(total)
    }

    fn appends(&self) -> bool {
        matches!(self.stage.sink.kind, SinkKind::Fold { appends: true, .. })
    }

    /// Looks at what steps returned, oldest first, until `left` are in flight.
    pub(super) fn look_at_all_but(&mut self, cx: &mut Attempt<'m, '_>, left: usize) -> Result<(), Stop> {
        while self.in_flight.len() > left {
            let Some(step) = self.in_flight.pop_front() else { break };
            self.check(cx, &step.status, true)?;
            let counts = step.counts.iter().map(|count| cx.device.integer(count));
            if let Some(most) = counts.collect::<Result<Vec<_>, _>>()?.into_iter().max() {
                self.state.count = u64::try_from(most).unwrap_or(0);
            }
            if let Some(emitted) = &mut self.emitted {
                for (outputs, passed) in step.emitted.iter().zip(&step.passed) {
                    emitted.push(cx, &self.stage.sink, outputs, passed)?;
                }
            }
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

    /// Stops where a status says so.
    pub(super) fn check(&self, cx: &Attempt<'_, '_>, status: &[Buffer], rows_are_input: bool) -> Result<(), Stop> {
        match self.raised(cx, status)? {
            None => Ok(()),
            Some(raised) => Err(stop(raised, rows_are_input.then(|| self.place(raised.row)))),
        }
    }

    /// What the replicas' statuses report first.
    pub(super) fn raised<'b>(
        &self,
        cx: &Attempt<'_, '_>,
        status: impl IntoIterator<Item = &'b Buffer>,
    ) -> Result<Option<Raised<'m>>, RunError> {
        let mut merged = vec![0_i64; self.stage.status.len()];
        for buffer in status {
            let bytes = cx.device.to_host(buffer)?;
            for (merged, value) in merged.iter_mut().zip(bytes.as_slice::<i64>()) {
                *merged = (*merged).max(*value);
            }
        }
        Ok(raised(self.stage, &merged))
    }

    /// Where a row came from, for a message.
    pub(super) fn place(&self, row: u64) -> String {
        let origin = self.origins.iter().rev().find(|(first, _)| *first <= row);
        if let Some((first, Origin::Files(reader))) = origin
            && let Some(place) = reader.borrow().locate(row - first)
        {
            return place.shown;
        }
        format!("row {} of the input of `{}`", row + 1, self.stage.label)
    }
}

fn unreadable(error: ReadError, span: dj_grammar::Span) -> Stop {
    match error {
        ReadError::Io(error) => Stop::Failed(RunError::program(Diagnostic::from(error).at(span))),
        ReadError::Assumption(error) => Stop::Replay(RunError::bug(error.to_string())),
        ReadError::Dictionary(error) => Stop::Failed(full_dictionary(&error, span)),
    }
}

/// What a program returned, taken from both ends.
pub(super) struct Outputs {
    id: ProgramId,
    buffers: VecDeque<Buffer>,
}

impl Outputs {
    pub(super) fn new(id: ProgramId, buffers: Vec<Buffer>) -> Self {
        Self { id, buffers: buffers.into() }
    }

    pub(super) fn next(&mut self) -> Result<Buffer, RunError> {
        self.buffers.pop_front().ok_or_else(|| RunError::bug(format!("program {} returns too little", self.id)))
    }

    fn last(&mut self) -> Result<Buffer, RunError> {
        self.buffers.pop_back().ok_or_else(|| RunError::bug(format!("program {} returns too little", self.id)))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<Vec<Buffer>, RunError> {
        (0..count).map(|_| self.next()).collect()
    }

    pub(super) fn rest(self) -> Vec<Buffer> {
        self.buffers.into()
    }
}
