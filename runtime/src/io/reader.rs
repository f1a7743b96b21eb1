//! Chunks of a source: decoded by one thread, interned by the thread that asks for them.

use super::decode::{Misfit, NANOSECONDS, fill, plain};
use super::error::{IoError, IoErrorKind, ReadError};
use super::file::{InputFile, Request, Wanted, quietly};
use super::ipc_file::message;
use super::skip::needless;
use super::source::{BoundFile, Source};
use super::text::{CodeMap, LocalText, NewTexts};
use crate::artifact::{ChunkColumn, ScanPredicate, TableColumn, TableSpec, describe};
use crate::columns::{Chunk, Column, Dictionaries, DictionaryError, NarrowError};
use arrow::array::RecordBatch;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many chunks are decoded ahead.
const AHEAD: usize = 2;

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The row in it, from one; a header is not counted.
    pub row: u64,
    /// Both in a message: the line where the file has lines.
    pub shown: String,
}

/// Consecutive rows of one file.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// The running number of the first.
    start: u64,
    file: usize,
    /// Its row in the file, from zero.
    row: u64,
}

/// Where the rows of a source came from, of those read so far.
#[derive(Debug, Clone)]
pub struct Places {
    files: Arc<Vec<BoundFile>>,
    segments: Vec<Segment>,
}

impl Places {
    /// The place of a row by its running number.
    pub fn locate(&self, row: u64) -> Option<Place> {
        let at = self.segments.partition_point(|segment| segment.start <= row).checked_sub(1)?;
        let segment = self.segments[at];
        let (file, row) = (&self.files[segment.file].file, segment.row + (row - segment.start));
        Some(Place { path: file.path.clone(), row: row + 1, shown: file.place(row) })
    }
}

/// Reads chunks of a source in order; another thread decodes ahead.
#[derive(Debug)]
pub struct ChunkReader {
    /// For each text column of the chunk its index and its codes.
    texts: Vec<(usize, CodeMap)>,
    places: Places,
    /// For every file and every reader, which of its rows the reader does not need.
    needless: Vec<Vec<Vec<Range<u64>>>>,
    /// Absent after the end and after an error.
    decoded: Option<Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
}

/// A chunk, `None` after the last, or why there is none.
type Message = Result<Option<Decoded>, ReadError>;

/// What the decoding thread hands over.
struct Decoded {
    /// Its text has codes of the decoding thread.
    chunk: Chunk,
    /// For each text column.
    texts: Vec<NewTexts>,
    /// Those that begin in this chunk.
    segments: Vec<Segment>,
}

impl ChunkReader {
    pub(super) fn start(
        source: &Source,
        columns: &[ChunkColumn],
        capacity: usize,
        readers: Vec<Vec<ScanPredicate>>,
    ) -> Result<Self, IoError> {
        let text = |(index, column): (usize, &ChunkColumn)| {
            let domain = source.spec.columns[column.column].domain?;
            Some((index, CodeMap::new(domain)))
        };
        let texts: Vec<_> = columns.iter().enumerate().filter_map(text).collect();
        let (sender, receiver) = sync_channel(AHEAD);
        let decoder = Decoder {
            spec: source.spec.clone(),
            files: source.files.clone(),
            columns: columns.to_vec(),
            readers: readers.clone(),
            capacity,
            sender,
            text_columns: texts.iter().map(|(index, _)| *index).collect(),
            local: columns.iter().map(|_| LocalText::default()).collect(),
            chunk: None,
            segment: None,
            segments: Vec::new(),
            next: 0,
        };
        let thread = std::thread::Builder::new().name("dj-decode".to_owned()).spawn(move || decoder.run());
        let thread = thread.map_err(|error| {
            let path = source.files.first().map_or(Path::new(""), |bound| bound.file.path.as_path());
            IoError::unreadable(path, &error)
        })?;
        let places = Places { files: source.files.clone(), segments: Vec::new() };
        let needless = |bound: &BoundFile| {
            let of_reader = |skip: &Vec<ScanPredicate>| needless(&bound.file, &bound.needs(&source.spec, skip));
            readers.iter().map(of_reader).collect()
        };
        let needless = source.files.iter().map(needless).collect();
        let (decoded, thread) = (Some(receiver), Some(thread));
        Ok(Self { places, texts, needless, decoded, thread })
    }

    /// The next chunk, its text interned in order; `None` after the last. Every chunk but the last is full, none is empty.
    ///
    /// # Errors
    /// If the data cannot be read, breaks its declaration, or does not fit the elements wanted. No chunk follows an error.
    pub fn next_chunk(&mut self, dictionaries: &mut Dictionaries) -> Result<Option<Chunk>, ReadError> {
        let Some(decoded) = &self.decoded else { return Ok(None) };
        // A thread that ends without a word has failed: nothing may look like the end of the data but the end.
        let decoded = match decoded.recv().unwrap_or_else(|_| Err(self.stopped().into())) {
            Ok(Some(decoded)) => decoded,
            end => {
                self.decoded = None;
                return end.map(|_| None);
            }
        };
        self.places.segments.extend(decoded.segments);
        let mut chunk = decoded.chunk;
        for ((index, map), new) in self.texts.iter_mut().zip(&decoded.texts) {
            let column = &mut chunk.columns[*index];
            let codes = &mut column.values.as_mut_slice::<i32>()[..chunk.rows];
            map.translate(new, dictionaries, codes, column.validity.as_deref())?;
        }
        Ok(Some(chunk))
    }

    /// Whether a reader, of those that were named, needs some row of a chunk that was given.
    pub fn is_needed_by(&self, reader: usize, chunk: &Chunk) -> bool {
        let segments = &self.places.segments;
        let end = chunk.start + chunk.rows as u64;
        let first = segments.partition_point(|segment| segment.start <= chunk.start).saturating_sub(1);
        let ends = segments.iter().skip(first + 1).map(|segment| segment.start).chain([u64::MAX]);
        segments[first..].iter().zip(ends).any(|(segment, behind)| {
            let (from, to) = (segment.start.max(chunk.start), behind.min(end));
            let row = |number: u64| segment.row + (number - segment.start);
            from < to && !covers(&self.needless[segment.file][reader], row(from)..row(to))
        })
    }

    fn stopped(&self) -> IoError {
        let path = self.places.files.first().map_or(Path::new(""), |bound| bound.file.path.as_path());
        IoError::damaged(path, "its reader stopped")
    }

    /// Where a row came from, of those given so far.
    pub fn locate(&self, row: u64) -> Option<Place> {
        self.places.locate(row)
    }

    /// The same, of all rows given so far, for after the reader is gone.
    pub fn places(&self) -> Places {
        self.places.clone()
    }
}

/// Whether ranges, ascending, have all rows of another one between them.
fn covers(ranges: &[Range<u64>], rows: Range<u64>) -> bool {
    let reached =
        ranges.iter().fold(rows.start, |reached, range| if range.contains(&reached) { range.end } else { reached });
    reached >= rows.end
}

impl Drop for ChunkReader {
    fn drop(&mut self) {
        // Without a receiver the thread ends at its next chunk.
        self.decoded = None;
        if let Some(thread) = self.thread.take() {
            // It reports its problems through the channel, which is closed.
            drop(thread.join());
        }
    }
}

/// The decoding thread.
struct Decoder {
    spec: Arc<TableSpec>,
    files: Arc<Vec<BoundFile>>,
    columns: Vec<ChunkColumn>,
    readers: Vec<Vec<ScanPredicate>>,
    capacity: usize,
    sender: SyncSender<Message>,
    text_columns: Vec<usize>,
    /// For each column of the chunk; unused where it is not text.
    local: Vec<LocalText>,
    /// The chunk that is being filled.
    chunk: Option<Chunk>,
    /// The segment of the last row.
    segment: Option<Segment>,
    /// Those that were not handed over yet.
    segments: Vec<Segment>,
    /// The running number of the next row.
    next: u64,
}

fn wanted_as(column: usize, spec: &TableColumn) -> Wanted {
    Wanted { column, field: spec.field.clone(), is_inferred: spec.is_inferred }
}

/// Nobody wants more chunks, or an error was handed over.
struct Stop;

impl Decoder {
    fn run(mut self) {
        let files = self.files.clone();
        for (index, bound) in files.iter().enumerate() {
            if self.read_file(index, bound).is_err() {
                return;
            }
        }
        if self.flush().is_ok() {
            // If nobody listens, nobody needs it.
            drop(self.sender.send(Ok(None)));
        }
    }

    /// Passes an error on.
    fn fail(&self, error: impl Into<ReadError>) -> Stop {
        // If nobody listens, nobody needs it.
        drop(self.sender.send(Err(error.into())));
        Stop
    }

    fn read_file(&mut self, index: usize, bound: &BoundFile) -> Result<(), Stop> {
        let read = self.columns.iter().map(|column| column.column);
        let mut wanted: Vec<_> = read.filter_map(|column| Some((bound.columns[column]?, column))).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let spec = |column: usize| &self.spec.columns[column];
        let readers = self.readers.clone();
        let request = Request {
            columns: wanted.iter().map(|&(index, column)| wanted_as(index, spec(column))).collect(),
            batch_rows: self.capacity.min(1 << 20),
            readers: readers.iter().map(|skip| bound.needs(&self.spec, skip)).collect(),
        };
        let position = |column: &ChunkColumn| wanted.iter().position(|(_, wanted)| *wanted == column.column);
        let positions: Vec<Option<usize>> = self.columns.iter().map(position).collect();
        let path = &bound.file.path;
        let mut batches = quietly(path, || bound.file.batches(&request)).map_err(|error| self.fail(error))?;
        loop {
            match quietly(path, || batches.next().transpose()).map_err(|error| self.fail(error))? {
                Some((first, batch)) => self.take(index, first, &batch, &positions)?,
                None => return Ok(()),
            }
        }
    }

    /// Fills chunks with the rows of a batch; `positions` are where in it each column of a chunk is, if anywhere.
    fn take(&mut self, file: usize, first: u64, batch: &RecordBatch, positions: &[Option<usize>]) -> Result<(), Stop> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let follows = |last: Segment| last.file == file && last.row + (self.next - last.start) == first;
        if !self.segment.is_some_and(follows) {
            let segment = Segment { start: self.next, file, row: first };
            self.segment = Some(segment);
            self.segments.push(segment);
        }
        let path = &self.files[file].file.path;
        let damaged = |error| self.fail(IoError::damaged(path, message(&error)));
        let arrays = batch.columns().iter().map(plain).collect::<Result<Vec<_>, _>>().map_err(damaged)?;
        let mut done = 0;
        while done < batch.num_rows() {
            let mut chunk = self.chunk.take().unwrap_or_else(|| self.empty_chunk());
            let rows = (self.capacity - chunk.rows).min(batch.num_rows() - done);
            for (index, position) in positions.iter().enumerate() {
                let ty = self.spec.columns[self.columns[index].column].field.ty;
                let to = &mut chunk.columns[index];
                let filled = match position {
                    Some(position) => {
                        fill(&arrays[*position], done..done + rows, ty, to, chunk.rows, &mut self.local[index])
                    }
                    // A new chunk's rows are null.
                    None if to.validity.is_some() => Ok(()),
                    None => Err((done, Misfit::Null)),
                };
                filled.map_err(|(row, misfit)| self.fail(self.explain(file, first, row, index, done, misfit)))?;
            }
            chunk.rows += rows;
            done += rows;
            self.next += rows as u64;
            let full = chunk.rows == self.capacity;
            self.chunk = Some(chunk);
            if full {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn empty_chunk(&self) -> Chunk {
        let column = |column: &ChunkColumn| Column::zeroed(column.element, self.capacity, column.nullable);
        Chunk { columns: self.columns.iter().map(column).collect(), rows: 0, start: self.next }
    }

    /// Hands the chunk over, if there is one.
    fn flush(&mut self) -> Result<(), Stop> {
        let Some(chunk) = self.chunk.take() else { return Ok(()) };
        let texts = self.text_columns.iter().map(|index| self.local[*index].take_new()).collect();
        let segments = std::mem::take(&mut self.segments);
        self.sender.send(Ok(Some(Decoded { chunk, texts, segments }))).map_err(|_| Stop)
    }

    /// What it means that row `row` of a batch cannot be held by column `index` of the chunk.
    fn explain(&self, file: usize, first: u64, row: usize, index: usize, done: usize, misfit: Misfit) -> ReadError {
        let wanted = &self.columns[index];
        let field = &self.spec.columns[wanted.column].field;
        let InputFile { path, .. } = &self.files[file].file;
        let in_file = first + row as u64;
        let assumption = NarrowError { column: index, row: self.next + (row - done) as u64, element: wanted.element };
        let what = match misfit {
            Misfit::Narrow => return assumption.into(),
            Misfit::Full => return DictionaryError.into(),
            Misfit::Null if field.nullable => return assumption.into(),
            Misfit::Null => {
                let message = format!("{}: null in column `{}`", self.files[file].file.place(in_file), field.name);
                let error =
                    IoError::new(IoErrorKind::UnexpectedNull, path, message).row(in_file + 1).column(&field.name);
                let declared = describe(field.ty, true);
                return error.help(format!("declare it as `{}: {declared}` if it may be null", field.name)).into();
            }
            Misfit::Value(what) => what,
        };
        let declared = describe(field.ty, field.nullable);
        let place = self.files[file].file.place(in_file);
        let message = format!("{place}: column `{}`, read as `{declared}`: {what}", field.name);
        let error = IoError::new(IoErrorKind::BadValue, path, message).row(in_file + 1).column(&field.name);
        if what == NANOSECONDS {
            return error.help("truncate the times to microseconds when writing the file").into();
        }
        error.into()
    }
}
