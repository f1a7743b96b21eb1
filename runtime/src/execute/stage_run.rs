//! One stage: its drivers' chunks through its steps, and the result.

use super::attempt::Attempt;
use super::call::{ChunkGiven, Given, Program};
use super::codes;
use super::emit::Emitted;
use super::error::RunError;
use super::host_columns::Failed;
use super::in_flight::{IN_FLIGHT, InFlight, Window};
use super::lineage::{Lineage, Origin, Origins};
use super::locate::Search;
use super::report::StageRows;
use super::result::StageResult;
use super::state::State;
use super::status::{First, Raised, Stop, raised, stop};
use super::wave::Wave;
use crate::artifact::{ProgramId, ProgramKind, ScanPredicate, SinkKind, SlotKind, Stage};
use crate::pjrt::{Argument, Buffer};
use dj_grammar::Diagnostic;
use std::collections::VecDeque;

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
    /// For every driver, by what the stages that read with it skip rows: what is skipped decides how rows are numbered.
    pub(super) skips: Vec<Vec<&'m [ScanPredicate]>>,
}

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
            skips: Vec::new(),
        }
    }

    /// A stage that is folded again to find a row.
    pub(super) fn searching(cx: &Attempt<'m, '_>, index: usize, search: Search<'m>) -> Self {
        Self { search: Some(search), ..Self::new(cx, index) }
    }

    /// The result of the rows that were folded, if a later stage or an export may read it; `rows` is how many were read.
    pub(super) fn result(mut self, cx: &mut Attempt<'m, '_>, rows: u64) -> Result<Option<StageResult>, Stop> {
        match self.stage.sink.kind {
            SinkKind::Emit => {
                let lost = || RunError::bug("an emitting stage has nowhere to put its rows");
                let emitted = self.emitted.take().ok_or_else(lost)?;
                tell_rows(cx, (self.index, self.stage), rows, emitted.rows);
                let (result, selected) = emitted.finish(cx, self.stage)?;
                if result.is_some() {
                    cx.keep_lineage(self.index, Lineage { selected, origins: self.origins.settled() });
                }
                Ok(result)
            }
            SinkKind::Fold { .. } => {
                let (stage, index) = (self.stage, self.index);
                let result = self.finish(cx, rows)?;
                let (skip, keep) = stage.sink.slice.unwrap_or((0, u64::MAX));
                let rows_out = (result.tensors()?.all_rows() as u64).saturating_sub(skip).min(keep);
                tell_rows(cx, (index, stage), rows, rows_out);
                Ok(Some(result))
            }
        }
    }

    /// Says where the rows of the next driver come from; the first has this running number.
    pub(super) fn begin(&mut self, first: u64, origin: Origin, skips: &[&'m [ScanPredicate]]) {
        self.origins.push(first, origin);
        self.skips.push(skips.to_vec());
    }

    /// The stop that a row means which the host cannot compute.
    pub(super) fn stopped(&self, cx: &mut Attempt<'m, '_>, first: u64, failed: Failed) -> Stop {
        let row = self.failed_row(cx, first + failed.row, &failed.message());
        failed.stop(&row)
    }

    /// Looks at what is left when all rows were folded.
    pub(super) fn end(&mut self, cx: &mut Attempt<'m, '_>) -> Result<(), Stop> {
        if !self.state.is_started() {
            self.fit(cx)?;
        }
        self.look_at_all_but(cx, 0)
    }

    /// Whether no row is needed behind those that were folded, so that one that cannot be read there is no failure.
    pub(super) fn rows_before_suffice(&mut self, cx: &mut Attempt<'m, '_>) -> Result<bool, Stop> {
        self.look_at_all_but(cx, 0)?;
        Ok(self.is_full())
    }

    /// Whether an assertion is false for the rows that it emits.
    pub(super) fn asserts(&self) -> bool {
        self.emitted.as_ref().is_some_and(Emitted::asserts)
    }

    /// Whether no more rows are needed.
    pub(super) fn is_full(&self) -> bool {
        self.emitted.as_ref().is_some_and(Emitted::is_full) || self.search.as_ref().is_some_and(Search::is_over)
    }

    /// The name of one of the stage's programs at the present rung.
    pub(super) fn program(&self, cx: &Attempt<'_, '_>, kind: ProgramKind) -> ProgramId {
        ProgramId { variant: cx.variant, stage: self.index, kind, rung: self.state.rung }
    }

    /// Folds a wave: one call, or as many as it takes to bring out all its matches.
    pub(super) fn step(&mut self, cx: &mut Attempt<'m, '_>, index: usize, first: u64, wave: &Wave) -> Result<(), Stop> {
        let expands = self.stage.drivers[index].expands;
        if !expands {
            self.count_rows(wave.total_rows())?;
        }
        self.fit(cx)?;
        let mut offset = 0_u64;
        // The rows of one device come before those of the next, however many windows they take.
        let together = (expands && self.emitted.is_some() && cx.device.replicas > 1).then_some(self.in_flight.len());
        loop {
            self.make_room(cx)?;
            let program = cx.programs.get(self.program(cx, ProgramKind::Step(index)))?;
            let total = self.call(cx, &program, first, wave, offset, expands)?;
            if offset == 0 && expands {
                self.count_rows(total)?;
            }
            offset += self.stage.chunk_rows as u64;
            if let Some(first) = together {
                if offset < total {
                    continue;
                }
                self.in_flight_by_replica(first);
            }
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
            let given = Given::of(replica, state, &self.state.residents);
            arguments.push(program.arguments(Given { chunk: Some(chunk), ..given })?);
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
        self.raised(cx, status, First::Row)?.map_or(Ok(()), |raised| Err(stop(raised, None)))
    }

    /// What the replicas' statuses report first.
    pub(super) fn raised<'b>(
        &self,
        cx: &Attempt<'_, '_>,
        status: impl IntoIterator<Item = &'b Buffer>,
        first: First,
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
        raised(self.stage, &merged, first)
    }
}

/// Tells the profile how many rows a stage read and gave.
fn tell_rows(cx: &Attempt<'_, '_>, (index, stage): (usize, &Stage), rows_in: u64, rows_out: u64) {
    let expected_rows_out = stage.expected_rows;
    cx.device.clock.rows(|| StageRows {
        stage: index,
        label: stage.label.clone(),
        rows_in,
        rows_out,
        expected_rows_out,
    });
}
