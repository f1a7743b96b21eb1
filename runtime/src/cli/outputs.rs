//! Exports to files and to stdout: nothing is visible before everything is known to be right.

use super::args::TableFormat;
use crate::artifact::{ExportSpec, Manifest, ResultColumn};
use crate::columns::{Dictionaries, Table, TableBuilder};
use crate::execute::{Outputs, RunError, codes, columns_of, unknown_name};
use crate::io::{IoError, Printed, TableWriter, WrittenTable};
use dj_grammar::Diagnostic;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

/// A printed table has at most this many rows at its start, and as many at its end.
const ENDS: usize = 20;

/// Writes exports to files, and prints those that have none.
pub struct FilesAndStdout {
    exports: Vec<Export>,
    format: TableFormat,
}

struct Export {
    spec: ExportSpec,
    columns: Vec<ResultColumn>,
    file: Option<PathBuf>,
    sink: Option<Sink>,
}

/// Where an export's rows wait.
enum Sink {
    File(TableWriter),
    /// Text that is printed at the end.
    Text(BufWriter<File>),
    Ends(Ends),
}

/// The first and the last rows of an export, and how many there are.
struct Ends {
    first: TableBuilder,
    last: Option<Table>,
    rows: u64,
}

impl FilesAndStdout {
    /// For a program's exports; `files` are names and paths.
    ///
    /// # Errors
    /// If the program has no export of a name.
    pub fn new(manifest: &Manifest, files: &[(String, String)], format: TableFormat) -> Result<Self, RunError> {
        let known: Vec<&str> = manifest.exports.iter().map(|export| export.name.as_str()).collect();
        let mut wrong = Vec::new();
        for (index, (name, path)) in files.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                wrong.push(unknown_name("export", name, &known));
            } else if files[..index].iter().any(|(other, _)| other == name) {
                wrong.push(Diagnostic::error(codes::UNKNOWN_NAME, format!("export `{name}` is written twice")));
            }
            if let Err(error) = TableWriter::check(Path::new(path)) {
                wrong.push(Diagnostic::from(error));
            }
        }
        if !wrong.is_empty() {
            return Err(RunError::Usage(wrong));
        }
        let export = |(index, spec): (usize, &ExportSpec)| {
            let file = files.iter().find(|(name, _)| *name == spec.name).map(|(_, path)| PathBuf::from(path));
            Ok(Export { spec: spec.clone(), columns: columns_of(manifest, index)?.to_vec(), file, sink: None })
        };
        let exports = manifest.exports.iter().enumerate().map(export).collect::<Result<_, RunError>>()?;
        Ok(Self { exports, format })
    }

    /// Prints what waits for it; a reader that went away is no error.
    fn print(&mut self, dictionaries: &Dictionaries) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        let headed = self.exports.iter().filter(|export| export.file.is_none()).count() > 1;
        let mut is_first = true;
        for export in &mut self.exports {
            let sink = export.sink.take();
            if headed && sink.is_some() {
                let space = if is_first { "" } else { "\n" };
                is_first = false;
                match self.format {
                    TableFormat::Table => writeln!(out, "{space}{}", export.spec.name)?,
                    TableFormat::Csv => out.write_all(space.as_bytes())?,
                    TableFormat::Json => {}
                }
            }
            match sink {
                Some(Sink::Ends(ends)) => ends.print(&mut out, export, dictionaries)?,
                Some(Sink::Text(text)) => {
                    let mut file = text.into_inner().map_err(|error| error.into_error())?;
                    file.rewind()?;
                    std::io::copy(&mut file, &mut out)?;
                }
                Some(Sink::File(_)) | None => {}
            }
        }
        out.flush()
    }
}

impl Outputs for FilesAndStdout {
    fn restart(&mut self) -> Result<(), RunError> {
        for export in &mut self.exports {
            // An old writer must be gone before a new one writes beside it.
            export.sink = None;
            export.sink = Some(match (&export.file, self.format) {
                (Some(path), _) => Sink::File(TableWriter::create(path, &export.columns).map_err(unwritable)?),
                (None, TableFormat::Table) => Sink::Ends(Ends::new(&export.columns)),
                (None, TableFormat::Csv) => {
                    let mut text = spool()?;
                    let empty = Ends::new(&export.columns).first.finish();
                    let dictionaries = Dictionaries::default();
                    let printed = Printed { table: &empty, columns: &export.columns, dictionaries: &dictionaries };
                    printed.csv_header(&mut text).map_err(|error| unspooled(&error))?;
                    Sink::Text(text)
                }
                (None, TableFormat::Json) => Sink::Text(spool()?),
            });
        }
        Ok(())
    }

    fn rows(&mut self, export: usize, rows: &Table, dictionaries: &Dictionaries) -> Result<(), RunError> {
        let format = self.format;
        let export = &mut self.exports[export];
        let printed = Printed { table: rows, columns: &export.columns, dictionaries };
        match &mut export.sink {
            Some(Sink::File(writer)) => writer.write(rows, dictionaries).map_err(unwritable),
            Some(Sink::Text(text)) if format == TableFormat::Json => {
                printed.json(text).map_err(|error| unspooled(&error))
            }
            Some(Sink::Text(text)) => printed.csv_rows(text).map_err(|error| unspooled(&error)),
            Some(Sink::Ends(ends)) => {
                ends.push(rows);
                Ok(())
            }
            None => Err(RunError::bug(format!("rows for export `{}` before it began", export.spec.name))),
        }
    }

    fn commit(&mut self, dictionaries: &Dictionaries) -> Result<(), RunError> {
        // All files are complete before the first replaces another: a disk that is full leaves everything as it was. Writing
        // through a pipe or a device may fail, moving a file rarely does.
        let mut complete = Vec::new();
        for export in &mut self.exports {
            match export.sink.take() {
                Some(Sink::File(writer)) => complete.push(writer.complete().map_err(unwritable)?),
                other => export.sink = other,
            }
        }
        complete.sort_by_key(|written| !written.is_copied());
        complete.into_iter().try_for_each(WrittenTable::put).map_err(unwritable)?;
        match self.print(dictionaries) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let message = format!("cannot write to stdout: {error}");
                Err(RunError::machine(Diagnostic::error(codes::OUTPUT, message)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Ends {
    fn new(columns: &[ResultColumn]) -> Self {
        let columns = columns.iter().map(|column| (column.element, column.field.nullable));
        Self { first: TableBuilder::new(columns), last: None, rows: 0 }
    }

    fn push(&mut self, rows: &Table) {
        self.rows += rows.rows as u64;
        // One more row than is shown tells that there are more.
        let room = ENDS + 1 - self.first.rows().min(ENDS + 1);
        let taken = room.min(rows.rows);
        self.first.push(&rows.columns, taken);
        if taken == rows.rows {
            return;
        }
        let elements = rows.columns.iter().map(|column| (column.element, column.validity.is_some()));
        let mut last = TableBuilder::new(elements);
        if let Some(earlier) = &self.last {
            last.push(&earlier.columns, earlier.rows);
        }
        let rest = rows.rows - taken;
        let tail = rows.clone().slice((taken + rest.saturating_sub(ENDS)) as u64, ENDS as u64);
        last.push(&tail.columns, tail.rows);
        let last = last.finish();
        let surplus = last.rows.saturating_sub(ENDS) as u64;
        self.last = Some(last.slice(surplus, ENDS as u64));
    }

    fn print(self, out: &mut dyn Write, export: &Export, dictionaries: &Dictionaries) -> std::io::Result<()> {
        let mut shown = self.first;
        if let Some(last) = &self.last {
            shown.push(&last.columns, last.rows);
        }
        let table = shown.finish();
        let printed = Printed { table: &table, columns: &export.columns, dictionaries };
        if self.rows == table.rows as u64 && table.rows <= 2 * ENDS {
            return printed.table(out, None);
        }
        let mut text = Vec::new();
        printed.table(&mut text, Some(2 * ENDS))?;
        // The last line counts the rows that were kept.
        let text = String::from_utf8_lossy(&text).into_owned();
        let body = text.trim_end().rsplit_once('\n').map_or("", |(body, _)| body);
        let hidden = self.rows - 2 * ENDS as u64;
        let (hidden, rows) = (grouped(hidden), grouped(self.rows));
        writeln!(out, "{body}\n{rows} rows, {hidden} not shown; use --out {}=FILE to write all", export.spec.name)
    }
}

/// A count with commas between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn spool() -> Result<BufWriter<File>, RunError> {
    tempfile::tempfile().map(BufWriter::new).map_err(|error| unspooled(&error))
}

fn unspooled(error: &std::io::Error) -> RunError {
    RunError::machine(Diagnostic::error(codes::OUTPUT, format!("cannot write a temporary file: {error}")))
}

fn unwritable(error: IoError) -> RunError {
    RunError::program(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{AlignedBytes, Column};
    use crate::pjrt::Element;
    use crate::types::{Field, Type};

    fn numbers(range: std::ops::Range<i64>) -> Table {
        let values: Vec<i64> = range.collect();
        let column = Column { element: Element::S64, values: AlignedBytes::from_slice(&values), validity: None };
        Table { columns: vec![column], rows: values.len() }
    }

    fn export() -> Export {
        let field = Field { name: "n".to_owned(), ty: Type::I64, nullable: false };
        let columns = vec![ResultColumn { field, domain: None, element: Element::S64 }];
        let spec = ExportSpec { name: "result".to_owned(), span: dj_grammar::Span::default(), stages: vec![0] };
        Export { spec, columns, file: None, sink: None }
    }

    /// The numbers from zero, in portions that end before these.
    fn printed(portions: &[i64]) -> String {
        let export = export();
        let mut ends = Ends::new(&export.columns);
        let mut start = 0;
        for &end in portions {
            ends.push(&numbers(start..end));
            start = end;
        }
        let mut out = Vec::new();
        ends.print(&mut out, &export, &Dictionaries::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_small_table_is_printed_whole() {
        let text = printed(&[15, 40]);
        assert!(text.ends_with("40 rows\n"), "{text}");
        assert!((0..40).all(|row| text.contains(&format!(" {row} "))), "{text}");
    }

    #[test]
    fn a_large_table_shows_both_ends_however_it_comes() {
        let whole = printed(&[12_385]);
        assert_eq!(printed(&[5, 30, 31, 12_380, 12_385]), whole);
        assert!(whole.ends_with("12,385 rows, 12,345 not shown; use --out result=FILE to write all\n"), "{whole}");
        assert!(whole.contains(" 19 ") && !whole.contains(" 20 ") && whole.contains("…"), "{whole}");
        assert!(!whole.contains(" 12364 ") && whole.contains(" 12365 ") && whole.contains(" 12384 "), "{whole}");
        assert!(printed(&[41]).ends_with("41 rows, 1 not shown; use --out result=FILE to write all\n"));
    }
}
