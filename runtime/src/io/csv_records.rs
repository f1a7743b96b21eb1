//! The records of a CSV file, field by field: what inference looks at.
//!
//! This is the parser's idea of records and fields ([`super::csv_text`] follows the same one), without arrays to fill: a
//! pass over a file costs little more than finding its delimiters.

use std::borrow::Cow;
use std::io::{ErrorKind, Read, Result};

const BLOCK: usize = 1 << 18;

/// Reads the records of a text, which begins behind the byte order mark.
#[derive(Debug)]
pub(super) struct Records<R> {
    inner: R,
    delimiter: u8,
    /// Which bytes may end a field that is not quoted.
    ends: [bool; 256],
    buffer: Vec<u8>,
    /// What of the buffer was not looked at yet.
    rest: std::ops::Range<usize>,
    /// Whether the buffer holds the end of the text.
    at_end: bool,
    /// Whether a quote is wrong: it stays open, or text stands behind it.
    is_wrong: bool,
}

/// A field of a text.
struct Field<'a> {
    text: Cow<'a, [u8]>,
    /// The bytes up to the next field.
    length: usize,
    ends_record: bool,
}

/// What begins with a field.
enum Found<'a> {
    Field(Field<'a>),
    /// A part of one, whose other part is not in the buffer.
    Part,
    /// A quoted field that the text ends in, or behind whose closing quote text stands.
    Wrong,
}

impl<R: Read> Records<R> {
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        let mut ends = [false; 256];
        [b'\r', b'\n', delimiter].into_iter().for_each(|byte| ends[usize::from(byte)] = true);
        Self { inner, delimiter, ends, buffer: vec![0; BLOCK], rest: 0..0, at_end: false, is_wrong: false }
    }

    /// Shows each field of the next record with its index, and says how many there are; `None` behind the last record.
    /// Blank lines are no records.
    pub(super) fn next(&mut self, mut show: impl FnMut(usize, &[u8])) -> Result<Option<usize>> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let mut fields = 0;
        loop {
            let found = match self.field(&self.buffer[self.rest.clone()]) {
                Found::Field(field) => {
                    show(fields, &field.text);
                    Some((field.length, field.ends_record))
                }
                Found::Part => None,
                Found::Wrong => {
                    self.is_wrong = true;
                    return Ok(None);
                }
            };
            let Some((length, ends_record)) = found else {
                self.refill()?;
                continue;
            };
            self.rest.start += length;
            fields += 1;
            if ends_record {
                return Ok(Some(fields));
            }
        }
    }

    /// Whether the text was read to its end, and no quote was wrong.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_wrong
    }

    /// Goes to the next record; there is none if this is the end.
    fn skip_line_ends(&mut self) -> Result<bool> {
        loop {
            match self.buffer[self.rest.clone()].iter().position(|byte| !matches!(byte, b'\r' | b'\n')) {
                Some(blank) => {
                    self.rest.start += blank;
                    return Ok(true);
                }
                None if self.at_end => return Ok(false),
                None => {
                    self.rest.start = self.rest.end;
                    self.refill()?;
                }
            }
        }
    }

    /// Reads more behind what was not looked at.
    fn refill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        if self.rest.end == self.buffer.len() {
            self.buffer.resize(2 * self.rest.end, 0);
        }
        match self.inner.read(&mut self.buffer[self.rest.end..]) {
            Ok(count) => {
                self.at_end = count == 0;
                self.rest.end += count;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn field<'a>(&self, bytes: &'a [u8]) -> Found<'a> {
        if bytes.first() == Some(&b'"') {
            return self.quoted(bytes);
        }
        match bytes.iter().position(|byte| self.ends[usize::from(*byte)]) {
            Some(end) => self.ended(Cow::Borrowed(&bytes[..end]), end, bytes[end]),
            None => self.last(Cow::Borrowed(bytes), bytes.len()),
        }
    }

    fn ended<'a>(&self, text: Cow<'a, [u8]>, end: usize, by: u8) -> Found<'a> {
        Found::Field(Field { text, length: end + 1, ends_record: by != self.delimiter })
    }

    /// A field behind which the buffer ends.
    fn last<'a>(&self, text: Cow<'a, [u8]>, length: usize) -> Found<'a> {
        if self.at_end { Found::Field(Field { text, length, ends_record: true }) } else { Found::Part }
    }

    /// A field that begins with a quote. Two quotes in it are one; spaces behind the closing quote do not belong to it.
    fn quoted<'a>(&self, bytes: &'a [u8]) -> Found<'a> {
        let mut text = Vec::new();
        let mut at = 1;
        loop {
            let Some(length) = bytes[at..].iter().position(|byte| *byte == b'"') else {
                return if self.at_end { Found::Wrong } else { Found::Part };
            };
            text.extend_from_slice(&bytes[at..at + length]);
            at += length + 1;
            match bytes.get(at) {
                Some(b'"') => {
                    text.push(b'"');
                    at += 1;
                }
                Some(_) => break,
                None => return self.last(Cow::Owned(text), at),
            }
        }
        at += bytes[at..].iter().take_while(|byte| **byte == b' ' && !self.ends[usize::from(b' ')]).count();
        match bytes.get(at) {
            Some(end) if self.ends[usize::from(*end)] => self.ended(Cow::Owned(text), at, *end),
            Some(_) => Found::Wrong,
            None => self.last(Cow::Owned(text), at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv_text::{Blank, CsvText};
    use super::*;
    use arrow::array::AsArray;
    use arrow::csv::ReaderBuilder;
    use arrow::datatypes::{DataType, Field, Schema};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Gives one byte at a time, so that every field is cut everywhere.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, to: &mut [u8]) -> Result<usize> {
            let count = self.0.len().min(1);
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn records<R: Read>(inner: R) -> (Vec<Vec<String>>, bool) {
        let mut records = Records::new(inner, b',');
        let mut all = Vec::new();
        loop {
            let mut fields = Vec::new();
            match records.next(|index, text| {
                assert_eq!(index, fields.len());
                fields.push(String::from_utf8(text.to_vec()).unwrap());
            }) {
                Ok(Some(count)) => assert_eq!(count, fields.len()),
                Ok(None) => return (all, records.is_whole()),
                Err(error) => panic!("{error}"),
            }
            all.push(fields);
        }
    }

    #[test]
    fn records_have_fields() {
        let read = |text: &str| records(text.as_bytes()).0.iter().map(|fields| fields.join("|")).collect::<Vec<_>>();
        assert_eq!(read("a,b\n1,2\r\n\r\n\n3,"), ["a|b", "1|2", "3|"]);
        assert_eq!(read("\"a\"\"b\",\"c\nd\"  \n\"\",x\"y\"\n"), ["a\"b|c\nd", "|x\"y\""]);
        assert_eq!(read("\n\n"), [""; 0]);
        assert_eq!(records(b"a\n\"b\n".as_slice()), (vec![vec!["a".to_owned()]], false));
        assert_eq!(records(b"a\n\"b\"c\nd\n".as_slice()), (vec![vec!["a".to_owned()]], false));
        let long = "x".repeat(3 * BLOCK);
        assert_eq!(read(&format!("a,{long}\n1,2\n")), [format!("a|{long}"), "1|2".to_owned()]);
    }

    proptest! {
        #[test]
        fn fields_are_those_of_the_parser(text in "[a,\"\n\r ]{0,24}") {
            let (found, is_whole) = records(text.as_bytes());
            prop_assert_eq!(&records(Trickle(text.as_bytes())), &(found.clone(), is_whole));
            let columns = found.first().map_or(1, Vec::len);
            let is_table = is_whole && found.iter().all(|fields| fields.len() == columns);
            let fields: Vec<_> = (0..columns).map(|at| Field::new(at.to_string(), DataType::Utf8, true)).collect();
            let checked = CsvText::new(text.as_bytes(), b',', Blank::Skipped);
            let reader = ReaderBuilder::new(Arc::new(Schema::new(fields))).build_buffered(checked).unwrap();
            let batches = reader.collect::<std::result::Result<Vec<_>, _>>();
            if is_table {
                let batches = batches.unwrap();
                let parsed: Vec<Vec<String>> = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| {
                    let value = |column: &arrow::array::ArrayRef| {
                        let texts = column.as_string::<i32>();
                        if column.is_valid(row) { texts.value(row).to_owned() } else { String::new() }
                    };
                    batch.columns().iter().map(value).collect()
                })).collect();
                prop_assert_eq!(parsed, found);
            } else {
                prop_assert!(batches.is_err());
            }
        }
    }
}
