//! The bytes of a CSV file on their way to the parser, which forgives too much.
//!
//! The parser skips blank lines, which are rows where there is one column, and takes the end of the file for the end of
//! a quoted field. This follows the quotes as the parser does, writes `""` for a blank line, and notices a quote that
//! stays open.

use std::io::{BufRead, ErrorKind, Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BLOCK: usize = 1 << 17;

/// What a blank line below the header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Nothing, as the parser has it.
    Skipped,
    /// A row with an empty field.
    Row,
}

/// Where a quoted field begins that does not end: its line, or 0 as long as none is known.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenQuote(Arc<AtomicU64>);

impl OpenQuote {
    /// The line, from one.
    pub(super) fn line(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|line| *line > 0)
    }
}

/// How many records began, and where the one that is looked for does.
#[derive(Debug, Default)]
struct Records {
    begun: u64,
    wanted: Option<u64>,
    line: Option<u64>,
}

impl Records {
    fn begin(&mut self, line: u64) {
        if self.wanted == Some(self.begun) {
            self.line = Some(line);
        }
        self.begun += 1;
    }
}

/// Where the text is between two bytes; the names are those of `csv_core`, whose automaton this repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    InField,
    InQuotedField,
    /// Behind a quote in a quoted field: half of an escaped quote, or the end.
    InDoubleEscapedQuote,
}

/// Text that is checked and completed while it is read.
#[derive(Debug)]
pub(super) struct CsvText<R> {
    inner: R,
    delimiter: u8,
    blank: Blank,
    state: State,
    /// Whether the last byte was a carriage return, whose line feed is no further line.
    after_return: bool,
    /// Whether there was a record: blank lines before the header are no rows.
    in_rows: bool,
    line: u64,
    records: Records,
    quoted_from: u64,
    open_quote: OpenQuote,
    block: Vec<u8>,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> CsvText<R> {
    pub(super) fn new(inner: R, delimiter: u8, blank: Blank) -> Self {
        Self {
            inner,
            delimiter,
            blank,
            state: State::StartRecord,
            after_return: false,
            in_rows: false,
            line: 1,
            records: Records::default(),
            quoted_from: 0,
            open_quote: OpenQuote::default(),
            block: vec![0; BLOCK],
            ready: Vec::new(),
            taken: 0,
        }
    }

    /// Tells, after reading failed, whether that was for a quote that stays open.
    pub(super) fn open_quote(&self) -> OpenQuote {
        self.open_quote.clone()
    }

    /// The line, from one, on which a record begins; the header is record 0. The text is read from here on.
    pub(super) fn line_of(mut self, record: u64) -> Option<u64> {
        self.records.wanted = Some(record);
        while self.records.line.is_none() {
            // A quote that stays open is reported elsewhere; what is before it was looked at.
            let length = self.fill_buf().map_or(0, <[u8]>::len);
            if length == 0 {
                break;
            }
            self.consume(length);
        }
        self.records.line
    }

    fn refill(&mut self) -> Result<()> {
        self.ready.clear();
        self.taken = 0;
        let count = loop {
            match self.inner.read(&mut self.block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if count == 0 && self.state == State::InQuotedField {
            self.open_quote.0.store(self.quoted_from, Ordering::Relaxed);
            return Err(ErrorKind::InvalidData.into());
        }
        let mut block = std::mem::take(&mut self.block);
        let mut copied = 0;
        for (at, byte) in block[..count].iter().enumerate() {
            if self.ends_blank_line(*byte) {
                self.ready.extend_from_slice(&block[copied..at]);
                self.ready.extend_from_slice(b"\"\"");
                copied = at;
                self.records.begin(self.line);
            }
            self.step(*byte);
        }
        self.ready.extend_from_slice(&block[copied..count]);
        std::mem::swap(&mut self.block, &mut block);
        Ok(())
    }

    fn ends_blank_line(&self, byte: u8) -> bool {
        let ends = byte == b'\r' || (byte == b'\n' && !self.after_return);
        ends && self.state == State::StartRecord && self.in_rows && self.blank == Blank::Row
    }

    fn step(&mut self, byte: u8) {
        if self.state == State::StartRecord && !matches!(byte, b'\r' | b'\n') {
            self.records.begin(self.line);
        }
        let ends_line = byte == b'\r' || (byte == b'\n' && !self.after_return);
        self.line += u64::from(ends_line);
        self.after_return = byte == b'\r';
        self.state = match (self.state, byte) {
            (State::InQuotedField, b'"') => State::InDoubleEscapedQuote,
            (State::InQuotedField, _) | (State::InDoubleEscapedQuote, b'"') => State::InQuotedField,
            (State::StartRecord, b'\r' | b'\n') => State::StartRecord,
            (_, b'\r' | b'\n') => {
                self.in_rows = true;
                State::StartRecord
            }
            (State::StartRecord | State::StartField, b'"') => {
                self.quoted_from = self.line;
                State::InQuotedField
            }
            (_, byte) if byte == self.delimiter => State::StartField,
            (State::StartRecord | State::StartField | State::InField | State::InDoubleEscapedQuote, _) => {
                State::InField
            }
        };
    }
}

impl<R: Read> BufRead for CsvText<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.taken == self.ready.len() {
            self.refill()?;
        }
        Ok(&self.ready[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

impl<R: Read> Read for CsvText<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let count = self.fill_buf()?.read(to)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, blank: Blank) -> (String, Option<u64>) {
        let mut reader = CsvText::new(text.as_bytes(), b',', blank);
        let open_quote = reader.open_quote();
        let mut out = String::new();
        let result = reader.read_to_string(&mut out);
        assert_eq!(result.is_err(), open_quote.line().is_some());
        (out, open_quote.line())
    }

    #[test]
    fn blank_lines_below_the_header_become_rows() {
        for (text, becomes) in [
            ("a\n1\n\n3\n", "a\n1\n\"\"\n3\n"),
            ("\n\na\n\n\n1", "\n\na\n\"\"\n\"\"\n1"),
            ("a\r\n1\r\n\r\n3\r\n", "a\r\n1\r\n\"\"\r\n3\r\n"),
            ("a\n\"x\n\ny\"\n", "a\n\"x\n\ny\"\n"),
            ("a\n1\n\n", "a\n1\n\"\"\n"),
        ] {
            assert_eq!(read(text, Blank::Row), (becomes.to_owned(), None));
            assert_eq!(read(text, Blank::Skipped), (text.to_owned(), None));
        }
    }

    #[test]
    fn records_begin_on_lines() {
        let text = "\n\na,b\r\n\r\n1,\"x\ny\"\n\n2,z\n\n";
        let line = |record, blank| CsvText::new(text.as_bytes(), b',', blank).line_of(record);
        assert_eq!([0, 1, 2, 3].map(|record| line(record, Blank::Skipped)), [Some(3), Some(5), Some(8), None]);
        let rows = [0, 1, 2, 3, 4, 5, 6].map(|record| line(record, Blank::Row));
        assert_eq!(rows, [Some(3), Some(4), Some(5), Some(7), Some(8), Some(9), None]);
    }

    #[test]
    fn quotes_that_stay_open_have_a_line() {
        for (text, line) in [
            ("a,b\n1,\"x\n2,y\n", Some(2)),
            ("a\r\n\"x\"\"\r\n", Some(2)),
            ("\"a\nb\n", Some(1)),
            ("a\n\"x\ny\"\n\"z", Some(4)),
            ("a\nx\"y\n", None),
            ("a\n\"x\"y\"z\n", None),
            ("a\n\"x\"", None),
        ] {
            assert_eq!(read(text, Blank::Skipped).1, line, "{text:?}");
        }
    }
}
