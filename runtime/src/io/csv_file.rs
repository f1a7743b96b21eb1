//! CSV files: a header, then rows of text that is read as the declared types.
//!
//! An empty field is null; in a text column that is declared without nulls it is the empty text. A blank line is a row with
//! an empty field if the file has one column, and nothing otherwise.

use super::csv_infer::{self, Inferred};
use super::csv_records::Records;
use super::csv_text::{Blank, CsvText, QuoteError, Quotes};
use super::csv_value as value;
use super::error::{IoError, IoErrorKind, place_of};
use super::file::{Batches, Request, Wanted};
use super::files::{self, Identity};
use super::ipc_file::message;
use crate::types::{Field, Type};
use arrow::array::{
    ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Decimal64Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringViewArray,
};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::{BufReader as CsvReader, Format};
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Field as ArrowField, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A CSV file: its header.
#[derive(Debug, Clone)]
pub(crate) struct CsvFile {
    schema: SchemaRef,
    delimiter: u8,
    blank: Blank,
    identity: Identity,
}

impl CsvFile {
    pub(crate) fn open(path: &Path, delimiter: u8) -> Result<Self, IoError> {
        let format = Format::default().with_header(true).with_delimiter(delimiter);
        let file = files::open(path)?;
        let identity = Identity::of(&file, path)?;
        let text = text_of(file, path, delimiter, Blank::Skipped)?;
        let quotes = text.quotes();
        let (header, _) = format.infer_schema(text, Some(0)).map_err(|error| unreadable_text(path, &error, &quotes))?;
        let field = |field: &Arc<ArrowField>| ArrowField::new(field.name().trim(), DataType::Utf8View, true);
        let fields: Vec<_> = header.fields().iter().map(field).collect();
        if fields.is_empty() {
            return Err(IoError::damaged(path, "its first line has no column names"));
        }
        let blank = if fields.len() == 1 { Blank::Row } else { Blank::Skipped };
        Ok(Self { schema: Arc::new(Schema::new(fields)), delimiter, blank, identity })
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The line of the file, from one, on which a row begins; rows count from zero. `None` if it cannot be read again.
    pub(crate) fn line(&self, path: &Path, row: u64) -> Option<u64> {
        self.text(path).ok()?.line_of(row + 1)
    }

    /// What the columns may be, in the order of the header, by all rows or by the first `most`.
    pub(crate) fn infer(&self, path: &Path, most: Option<u64>) -> Result<Vec<Inferred>, IoError> {
        let records = Records::new(behind_mark(self.identity.open(path)?, path)?, self.delimiter);
        let inferred = csv_infer::infer(records, self.schema.fields().len(), most);
        match inferred.map_err(|error| IoError::unreadable(path, &error))? {
            Some(inferred) => Ok(inferred),
            None => Err(self.no_table(path)),
        }
    }

    /// What is wrong with rows that are no table: the parser says it best.
    fn no_table(&self, path: &Path) -> IoError {
        let request = Request { columns: vec![], batch_rows: usize::MAX, readers: vec![] };
        match self.batches(path, &request).map(|mut batches| batches.find_map(Result::err)) {
            Err(error) | Ok(Some(error)) => error,
            Ok(None) => IoError::damaged(path, "its rows have different numbers of fields"),
        }
    }

    /// What the parser says, with lines of the file: the parser counts records, the header as the first, and calls them lines.
    fn unreadable(&self, path: &Path, error: &ArrowError, quotes: &Quotes) -> IoError {
        let said = message(error);
        let counted = said.split_once(" for line ").and_then(|(what, rest)| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            Some((what, rest[..digits].parse::<u64>().ok()?.checked_sub(2)?, &rest[digits..]))
        });
        let (Some((what, row, rest)), None) = (counted, quotes.error()) else {
            return unreadable_text(path, error, quotes);
        };
        let Some(line) = self.line(path, row) else { return unreadable_text(path, error, quotes) };
        match rest.strip_prefix(", expected ").and_then(|rest| rest.split_once(" got ")) {
            Some((expected, found)) => {
                let fewer =
                    found.parse::<u64>().is_ok_and(|found| expected.parse().is_ok_and(|expected| found < expected));
                let (place, fewer) = (place_of(row, Some(line), path), if fewer { "fewer" } else { "more" });
                let text = format!("{place} has {fewer} fields than the header: {found} instead of {expected}");
                IoError::new(IoErrorKind::Damaged, path, text)
            }
            None => IoError::damaged(path, format!("{what} for line {line}{rest}")),
        }
        .row(row + 1)
    }

    /// Batches of the requested columns, read as their declared types.
    pub(crate) fn batches(&self, path: &Path, request: &Request<'_>) -> Result<Batches, IoError> {
        let columns: Vec<usize> = request.columns.iter().map(|wanted| wanted.column).collect();
        // With no column at all the rows could not be counted.
        let projection = if columns.is_empty() { vec![0] } else { columns };
        let text = self.text(path)?;
        let quotes = text.quotes();
        // The reader clears room for a whole batch, however few rows there are.
        let batch_rows = request.batch_rows.clamp(1, 65_536).min(self.most_rows());
        let reader = ReaderBuilder::new(self.schema.clone())
            .with_header(true)
            .with_delimiter(self.delimiter)
            .with_batch_size(batch_rows)
            .with_projection(projection)
            .build_buffered(text)
            .map_err(|error| unreadable_text(path, &error, &quotes))?;
        let columns = request.columns.clone();
        Ok(Box::new(CsvBatches { file: self.clone(), path: path.to_owned(), reader, quotes, columns, first: 0 }))
    }

    fn text(&self, path: &Path) -> Result<CsvText<File>, IoError> {
        text_of(self.identity.open(path)?, path, self.delimiter, self.blank)
    }

    /// More rows than the file has: every field takes a byte, its delimiter, but for the last.
    fn most_rows(&self) -> usize {
        let rows = self.identity.size() / self.schema.fields().len().max(1) as u64 + 1;
        usize::try_from(rows).unwrap_or(usize::MAX)
    }
}

fn text_of(file: File, path: &Path, delimiter: u8, blank: Blank) -> Result<CsvText<File>, IoError> {
    Ok(CsvText::new(behind_mark(file, path)?, delimiter, blank))
}

/// The file, to be read behind its byte order mark.
fn behind_mark(mut file: File, path: &Path) -> Result<File, IoError> {
    let fail = |error: std::io::Error| IoError::unreadable(path, &error);
    let mut start = Vec::with_capacity(3);
    file.by_ref().take(3).read_to_end(&mut start).map_err(fail)?;
    let skip = if start == [0xef, 0xbb, 0xbf] { 3 } else { 0 };
    file.seek(SeekFrom::Start(skip)).map_err(fail)?;
    Ok(file)
}

/// What the parser says, unless its text ended too early for a quote.
fn unreadable_text(path: &Path, error: &ArrowError, quotes: &Quotes) -> IoError {
    match quotes.error() {
        None => IoError::damaged(path, message(error)),
        Some(QuoteError::Open(line)) => {
            IoError::damaged(path, format!("the quote that opens in line {line} is never closed"))
                .help("close it; a `\"` that begins a field and belongs to its text is written as `\"\"\"`")
        }
        Some(QuoteError::TextBehind(line)) => {
            IoError::damaged(path, format!("text follows the closing quote of a field in line {line}"))
                .help("close the quote behind the text; a `\"` within quotes is written as `\"\"`")
        }
    }
}

struct CsvBatches {
    file: CsvFile,
    path: PathBuf,
    reader: CsvReader<CsvText<File>>,
    quotes: Quotes,
    columns: Vec<Wanted>,
    first: u64,
}

impl CsvBatches {
    fn typed(&self, batch: &RecordBatch) -> Result<RecordBatch, IoError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut schema = Vec::with_capacity(self.columns.len());
        for (wanted, column) in self.columns.iter().zip(batch.columns()) {
            let (field, texts) = (&wanted.field, column.as_string_view());
            if wanted.is_inferred
                && let Some(row) = row_that_is_more(texts, field.ty)
            {
                return Err(self.is_more(row, texts.value(row), field));
            }
            let array = parse_column(texts, field).map_err(|(row, what)| {
                self.bad_value(row, &what, field).help(format!(
                    "correct the file, or declare `{}` with another type; `str` takes any text",
                    field.name
                ))
            })?;
            schema.push(ArrowField::new(&field.name, array.data_type().clone(), true));
            columns.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(schema)), columns, &options)
            .map_err(|error| IoError::damaged(&self.path, message(&error)))
    }

    /// What is wrong with a row of the batch.
    fn bad_value(&self, row: usize, what: &str, field: &Field) -> IoError {
        let row = self.first + row as u64;
        let place = place_of(row, self.file.line(&self.path, row), &self.path);
        let text = format!("{place}: {what} in column `{}`", field.name);
        IoError::new(IoErrorKind::BadValue, &self.path, text).row(row + 1).column(&field.name)
    }

    fn is_more(&self, row: usize, text: &str, field: &Field) -> IoError {
        let (name, ty) = (&field.name, field.ty);
        let what = format!(
            "{} is more than a value of type {ty}, which was inferred from other rows",
            shown(value::bare(text, ty))
        );
        self.bad_value(row, &what, field)
            .help(format!("declare `{name}: str` to keep such texts, or `{name}: {ty}` to convert them"))
            .help("or compile the program for this file: types are inferred from all rows of the files bound then")
    }
}

impl Iterator for CsvBatches {
    type Item = Result<super::file::Batch, IoError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.reader.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(self.file.unreadable(&self.path, &error, &self.quotes))),
        };
        let typed = self.typed(&batch).map(|typed| (self.first, typed));
        self.first += batch.num_rows() as u64;
        Some(typed)
    }
}

/// The first row whose text would lose something by the conversion to a type that was inferred from other rows.
fn row_that_is_more(texts: &StringViewArray, ty: Type) -> Option<usize> {
    texts.iter().position(|text| {
        let text = text.map(|text| value::bare(text, ty)).filter(|text| !text.is_empty());
        // What cannot be converted at all is told by the conversion.
        text.is_some_and(|text| !csv_infer::is_all_of(text, ty))
    })
}

/// A row, and what is wrong there.
type BadRow = (usize, String);

fn parse_column(texts: &StringViewArray, field: &Field) -> Result<ArrayRef, BadRow> {
    match field.ty {
        Type::Str if field.nullable => Ok(Arc::new(texts.clone())),
        Type::Str => Ok(Arc::new(StringViewArray::from_iter_values(texts.iter().map(Option::unwrap_or_default)))),
        Type::Bool => {
            let parse = |(row, text): (usize, Option<&str>)| match text.map(|text| value::bare(text, field.ty)) {
                None | Some("") => Ok(None),
                Some(text) => value::bool(text).map(Some).ok_or_else(|| wrong(row, text, field.ty)),
            };
            Ok(Arc::new(texts.iter().enumerate().map(parse).collect::<Result<BooleanArray, _>>()?))
        }
        Type::I8 => numbers::<Int8Type>(texts, field.ty, |text| text.parse().ok()),
        Type::I16 => numbers::<Int16Type>(texts, field.ty, |text| text.parse().ok()),
        Type::I32 => numbers::<Int32Type>(texts, field.ty, |text| text.parse().ok()),
        Type::I64 => numbers::<Int64Type>(texts, field.ty, |text| text.parse().ok()),
        Type::U8 => numbers::<UInt8Type>(texts, field.ty, |text| text.parse().ok()),
        Type::U16 => numbers::<UInt16Type>(texts, field.ty, |text| text.parse().ok()),
        Type::U32 => numbers::<UInt32Type>(texts, field.ty, |text| text.parse().ok()),
        Type::U64 => numbers::<UInt64Type>(texts, field.ty, |text| text.parse().ok()),
        Type::F32 => numbers::<Float32Type>(texts, field.ty, |text| text.parse().ok()),
        Type::F64 => numbers::<Float64Type>(texts, field.ty, |text| text.parse().ok()),
        Type::Date => numbers::<Date32Type>(texts, field.ty, value::date),
        Type::Timestamp => numbers::<TimestampMicrosecondType>(texts, field.ty, value::timestamp),
        Type::Duration => numbers::<DurationMicrosecondType>(texts, field.ty, value::duration),
        Type::Decimal { precision, scale } => {
            let array = parse_numbers(texts, field.ty, |text| value::decimal(text, precision, scale))?;
            let array: Decimal64Array = array;
            let scale = i8::try_from(scale).unwrap_or(0);
            array
                .with_precision_and_scale(precision, scale)
                .map_or_else(|error| Err((0, message(&error))), |array| Ok(Arc::new(array) as ArrayRef))
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(
    texts: &StringViewArray,
    ty: Type,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef, BadRow> {
    Ok(Arc::new(parse_numbers::<T>(texts, ty, parse)?))
}

fn parse_numbers<T: ArrowPrimitiveType>(
    texts: &StringViewArray,
    ty: Type,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, BadRow> {
    let read = |(row, text): (usize, Option<&str>)| match text.map(|text| value::bare(text, ty)) {
        None | Some("") => Ok(None),
        Some(text) => parse(text).map(Some).ok_or_else(|| wrong(row, text, ty)),
    };
    texts.iter().enumerate().map(read).collect()
}

fn wrong(row: usize, text: &str, ty: Type) -> BadRow {
    (row, format!("{} is not of type {ty}", shown(text)))
}

/// A text in a message.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let dots = if start.len() < text.len() { "..." } else { "" };
    format!("`{start}{dots}`")
}
