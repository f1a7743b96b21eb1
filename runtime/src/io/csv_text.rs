//! The bytes of a CSV file on their way to the parser, which forgives too much.
//!
//! The parser skips blank lines, which are rows where there is one column, takes the end of the file for the end of a quoted
//! field, and appends to such a field what stands behind its closing quote. This follows the quotes as the parser does, writes
//! `""` for a blank line, leaves out the spaces behind a closing quote, as DuckDB does, and notices a quote that stays open
//! and other text behind one that closes.

use std::io::{BufRead, ErrorKind, Read, Result};
use std::sync::{Arc, OnceLock};

const BLOCK: usize = 1 << 17;

/// What a blank line below the header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Nothing, as the parser has it.
    Skipped,
    /// A row with an empty field.
    Row,
}

/// What is wrong with the quotes of a text; lines count from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// A quoted field that begins in this line does not end.
    Open(u64),
    /// Text stands in this line between a closing quote and the end of the field.
    TextBehind(u64),
}

/// What was found wrong with the quotes so far, after which there is no more text.
#[derive(Debug, Clone, Default)]
pub(super) struct Quotes(Arc<OnceLock<QuoteError>>);

impl Quotes {
    pub(super) fn error(&self) -> Option<QuoteError> {
        self.0.get().copied()
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
    /// Behind a space behind a closing quote; the automaton would still be in the field.
    BehindQuote,
    /// In text behind a closing quote, where nothing more is told from the text.
    Wrong,
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
    quotes: Quotes,
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
            quotes: Quotes::default(),
            block: vec![0; BLOCK],
            ready: Vec::new(),
            taken: 0,
        }
    }

    /// Tells, after reading failed, whether that was for a quote.
    pub(super) fn quotes(&self) -> Quotes {
        self.quotes.clone()
    }

    /// The line, from one, on which a record begins; the header is record 0. The text is read from here on.
    pub(super) fn line_of(mut self, record: u64) -> Option<u64> {
        self.records.wanted = Some(record);
        while self.records.line.is_none() {
            // A wrong quote is reported elsewhere; what is before it was looked at.
            let length = self.fill_buf().map_or(0, <[u8]>::len);
            if length == 0 {
                break;
            }
            self.consume(length);
        }
        self.records.line
    }

    /// Makes more text ready; none at the end.
    fn refill(&mut self) -> Result<()> {
        self.ready.clear();
        self.taken = 0;
        while self.ready.is_empty() {
            if self.state == State::Wrong {
                return Err(self.wrong(QuoteError::TextBehind(self.line)));
            }
            let count = loop {
                match self.inner.read(&mut self.block) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            if count == 0 && self.state == State::InQuotedField {
                return Err(self.wrong(QuoteError::Open(self.quoted_from)));
            }
            if count == 0 {
                break;
            }
            let block = std::mem::take(&mut self.block);
            self.follow(&block[..count]);
            self.block = block;
        }
        Ok(())
    }

    /// Makes a block of text ready, up to what is wrong: what stands before it is read first.
    fn follow(&mut self, block: &[u8]) {
        let mut copied = 0;
        for (at, byte) in block.iter().enumerate() {
            if self.ends_blank_line(*byte) {
                self.ready.extend_from_slice(&block[copied..at]);
                self.ready.extend_from_slice(b"\"\"");
                copied = at;
                self.records.begin(self.line);
            }
            self.step(*byte);
            if matches!(self.state, State::BehindQuote | State::Wrong) {
                self.ready.extend_from_slice(&block[copied..at]);
                copied = at + 1;
            }
            if self.state == State::Wrong {
                return;
            }
        }
        self.ready.extend_from_slice(&block[copied..]);
    }

    fn wrong(&self, error: QuoteError) -> std::io::Error {
        self.quotes.0.get_or_init(|| error);
        ErrorKind::InvalidData.into()
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
            (State::InDoubleEscapedQuote | State::BehindQuote, b' ') => State::BehindQuote,
            (State::InDoubleEscapedQuote | State::BehindQuote | State::Wrong, _) => State::Wrong,
            (State::StartRecord | State::StartField | State::InField, _) => State::InField,
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

    fn read(text: &str, blank: Blank) -> (String, Option<QuoteError>) {
        let mut reader = CsvText::new(text.as_bytes(), b',', blank);
        let quotes = reader.quotes();
        let mut out = String::new();
        let result = reader.read_to_string(&mut out);
        assert_eq!(result.is_err(), quotes.error().is_some());
        (out, quotes.error())
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
    fn wrong_quotes_have_a_line() {
        use QuoteError::{Open, TextBehind};
        for (text, error) in [
            ("a,b\n1,\"x\n2,y\n", Some(Open(2))),
            ("a\r\n\"x\"\"\r\n", Some(Open(2))),
            ("\"a\nb\n", Some(Open(1))),
            ("a\n\"x\ny\"\n\"z", Some(Open(4))),
            ("a\nx\"y\n", None),
            ("a\n\"x\"", None),
            ("a\n\"x\"y\"z\n", Some(TextBehind(2))),
            ("\"a\"b", Some(TextBehind(1))),
            ("a,b\n\"x\ny\"z,1\n", Some(TextBehind(3))),
            ("a\n\"x\" \"y\"\n", Some(TextBehind(2))),
            ("a\n\"x\"\t\n", Some(TextBehind(2))),
            ("a\n\"x\"y\n\"z\n", Some(TextBehind(2))),
        ] {
            assert_eq!(read(text, Blank::Skipped).1, error, "{text:?}");
        }
    }

    #[test]
    fn spaces_behind_a_closing_quote_are_left_out() {
        for (text, becomes) in [
            ("a,b\n\"x \"  ,\"y\" \n", "a,b\n\"x \",\"y\"\n"),
            ("a\n\"x\" ", "a\n\"x\""),
            ("a,b\n\"x\" \r\n z ,\r\n", "a,b\n\"x\"\r\n z ,\r\n"),
        ] {
            assert_eq!(read(text, Blank::Row), (becomes.to_owned(), None));
        }
    }
}
