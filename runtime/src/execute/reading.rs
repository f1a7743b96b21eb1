//! One source, read once for the stages of a pass: every column that some of them read is decoded once.

use super::attempt::{Attempt, full_dictionary};
use super::error::{RunError, pairs};
use super::host_columns::{Failed, HostColumns};
use super::lineage::{Lineage, Origin};
use super::report::Activity;
use super::stage_run::StageRun;
use super::status::Stop;
use crate::artifact::{ChunkColumn, Driver, ScanPredicate};
use crate::columns::{Chunk, Column, Dictionaries, RowChunks};
use crate::io::{ChunkReader, ReadError};
use dj_grammar::{Diagnostic, Span};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// The columns that the drivers of a pass read, and where each finds its own among them.
pub(super) struct Layout {
    pub(super) columns: Vec<ChunkColumn>,
    /// By driver and column.
    places: Vec<Vec<usize>>,
}

/// Where rows come from.
pub(super) enum Rows<'r> {
    Files { reader: Rc<RefCell<ChunkReader>>, span: Span },
    Stored { chunks: RowChunks<'r>, label: String, lineage: Option<Rc<Lineage>> },
}

/// The rows of one source on their way to the stages of a pass.
pub(super) struct Reading<'m, 'r> {
    rows: Rows<'r>,
    layout: &'r Layout,
    /// The running number of the first row.
    first: u64,
    /// Rows of a chunk.
    pub(super) capacity: usize,
    /// One for each stage.
    pub(super) readers: Vec<Reader<'m, 'r>>,
}

/// One stage's part in a reading.
pub(super) struct Reader<'m, 'r> {
    pub(super) driver: &'m Driver,
    /// Where the driver's columns are among those that are read.
    pub(super) places: &'r [usize],
    host: HostColumns<'m>,
}

/// A chunk that was read, and what the stages see of it.
pub(super) struct SharedChunk {
    pub(super) columns: Vec<Rc<Column>>,
    pub(super) rows: usize,
    /// The running number of the first.
    pub(super) start: u64,
    /// For each stage; none for one that needs no row of it.
    pub(super) views: Vec<Option<View>>,
}

/// What one stage sees of a chunk.
#[derive(Clone)]
pub(super) struct View {
    /// The driver's columns, then those of the host.
    pub(super) columns: Vec<Rc<Column>>,
    /// How many rows count.
    pub(super) rows: usize,
    /// The running number of the first among those that were read.
    pub(super) start: u64,
}

impl Layout {
    /// For drivers of one source.
    pub(super) fn of(drivers: &[&Driver]) -> Self {
        let mut columns: Vec<ChunkColumn> = Vec::new();
        let mut place = |column: &ChunkColumn| {
            columns.iter().position(|known| known == column).unwrap_or_else(|| {
                columns.push(column.clone());
                columns.len() - 1
            })
        };
        let places = drivers.iter().map(|driver| driver.columns.iter().map(&mut place).collect()).collect();
        Self { columns, places }
    }
}

impl<'r> Rows<'r> {
    /// The rows of a table, from the start; each driver skips by its own predicates.
    pub(super) fn of_table(
        cx: &Attempt<'_, '_>,
        table: usize,
        layout: &Layout,
        skips: &[&[ScanPredicate]],
        capacity: usize,
    ) -> Result<Self, RunError> {
        let span = cx.manifest.tables[table].span;
        let failed = |error| RunError::program(Diagnostic::from(error).at(span));
        let reader = cx.source(table)?.chunks(&layout.columns, capacity, cx.with_params(skips)).map_err(failed)?;
        Ok(Self::Files { reader: Rc::new(RefCell::new(reader)), span })
    }

    /// The rows of an earlier stage.
    pub(super) fn of_stage(cx: &Attempt<'_, '_>, stage: usize, chunks: RowChunks<'r>) -> Self {
        Self::Stored { chunks, label: cx.spec().stages[stage].label.clone(), lineage: cx.lineage(stage) }
    }

    /// Where they come from, for messages.
    pub(super) fn origin(&self) -> Origin {
        match self {
            Self::Files { reader, .. } => Origin::Files(Rc::clone(reader)),
            Self::Stored { label, lineage, .. } => Origin::Stage { label: label.clone(), lineage: lineage.clone() },
        }
    }

    fn next(&mut self, dictionaries: &mut Dictionaries) -> Result<Option<Chunk>, Stop> {
        match self {
            Self::Files { reader, span } => {
                reader.borrow_mut().next_chunk(dictionaries).map_err(|error| unreadable(error, *span))
            }
            Self::Stored { chunks, .. } => {
                chunks.next().transpose().map_err(|error| Stop::Replay(RunError::bug(error.to_string())))
            }
        }
    }

    fn is_needed_by(&self, reader: usize, chunk: &Chunk) -> bool {
        match self {
            Self::Files { reader: files, .. } => files.borrow().is_needed_by(reader, chunk),
            Self::Stored { .. } => true,
        }
    }
}

impl<'m, 'r> Reading<'m, 'r> {
    /// Rows of a layout, for the drivers that it was made for, from a running number on in chunks of a capacity.
    pub(super) fn new(
        cx: &Attempt<'m, '_>,
        rows: Rows<'r>,
        layout: &'r Layout,
        drivers: &[&'m Driver],
        (first, capacity): (u64, usize),
    ) -> Result<Self, RunError> {
        let reader = |(driver, places): (&&'m Driver, &'r Vec<usize>)| {
            Ok(Reader { driver, places, host: HostColumns::new(cx, driver)? })
        };
        let readers = drivers.iter().zip(&layout.places).map(reader).collect::<Result<_, RunError>>()?;
        Ok(Self { rows, layout, first, capacity, readers })
    }

    /// Whether the rows are those of a table.
    pub(super) fn is_of_table(&self) -> bool {
        matches!(self.rows, Rows::Files { .. })
    }

    /// The next chunk, with what the host computes of it for the stages that need more rows. Where the host fails at a row, a
    /// stage sees the rows before it, and [`Reading::take_failed`] says why.
    pub(super) fn next(
        &mut self,
        cx: &mut Attempt<'m, '_>,
        runs: &[StageRun<'m>],
    ) -> Result<Option<SharedChunk>, Stop> {
        let limit = cx.text_limit();
        let (clock, dictionaries) = (&cx.device.clock, &mut cx.dictionaries);
        let read = || self.rows.next(dictionaries);
        let Some(chunk) = clock.time(Activity::Read, || "read".to_owned(), read)? else { return Ok(None) };
        let needed: Vec<bool> = (0..self.readers.len()).map(|reader| self.rows.is_needed_by(reader, &chunk)).collect();
        let Chunk { columns, rows, start } = chunk;
        let columns: Vec<_> = columns.into_iter().map(Rc::new).collect();
        let mut views = Vec::new();
        for ((reader, run), needed) in pairs("stages and their drivers", &mut self.readers, runs)?.zip(needed) {
            if run.is_full() || !needed {
                views.push(None);
                continue;
            }
            let own = reader.places.iter().map(|place| Rc::clone(&columns[*place])).collect();
            let mut view = View { columns: own, rows, start };
            let add = || reader.host.add_to(&mut view, self.capacity, dictionaries, limit);
            clock.time(Activity::Read, || "evaluate".to_owned(), add);
            if let Some(failed) = reader.host.take_lack_of_memory() {
                return Err(run.stopped(cx, self.first, failed));
            }
            views.push(Some(view));
        }
        Ok(Some(SharedChunk { columns, rows, start, views }))
    }

    /// A chunk of no rows, behind those before row `end`.
    pub(super) fn nothing(&self, end: u64) -> SharedChunk {
        let zeroed = |column: &ChunkColumn| Rc::new(Column::zeroed(column.element, self.capacity, column.nullable));
        let columns = self.layout.columns.iter().map(zeroed).collect();
        SharedChunk { columns, rows: 0, start: end, views: self.readers.iter().map(|_| None).collect() }
    }

    /// Why there is no row behind those that a stage was shown last.
    pub(super) fn take_failed(&mut self, stage: usize) -> Option<Failed> {
        self.readers[stage].host.take_failed()
    }
}

impl Reader<'_, '_> {
    /// A view of no rows.
    pub(super) fn nothing(&self, columns: &[Rc<Column>], start: u64, capacity: usize) -> View {
        let read = self.places.iter().map(|place| Rc::clone(&columns[*place]));
        let zeroed = |(element, nullable)| Rc::new(Column::zeroed(element, capacity, nullable));
        View { columns: read.chain(self.driver.lanes().skip(self.places.len()).map(zeroed)).collect(), rows: 0, start }
    }
}

impl SharedChunk {
    /// Some of its rows.
    pub(super) fn part(&self, readers: &[Reader<'_, '_>], rows: Range<usize>) -> Self {
        let part = |column: &Rc<Column>| Rc::new(column.part(rows.clone()));
        let columns: Vec<_> = self.columns.iter().map(part).collect();
        let of_view = |(reader, view): (&Reader<'_, '_>, &View)| {
            let read = reader.places.iter().map(|place| Rc::clone(&columns[*place]));
            let made = view.columns[reader.places.len()..].iter().map(part);
            View { columns: read.chain(made).collect(), rows: rows.len(), start: view.start + rows.start as u64 }
        };
        let views = readers.iter().zip(&self.views);
        let views = views.map(|(reader, view)| view.as_ref().map(|view| of_view((reader, view)))).collect();
        Self { columns, rows: rows.len(), start: self.start + rows.start as u64, views }
    }
}

fn unreadable(error: ReadError, span: Span) -> Stop {
    match error {
        ReadError::Io(error) => Stop::Failed(RunError::program(Diagnostic::from(error).at(span))),
        ReadError::Assumption(error) => Stop::Replay(RunError::bug(error.to_string())),
        ReadError::Dictionary(error) => Stop::Failed(full_dictionary(&error, span)),
    }
}
