//! Tables as text: for terminals, as CSV and as JSON.

use super::batch::write_value;
use crate::artifact::ResultColumn;
use crate::columns::{Dictionaries, Table};
use crate::pjrt::Element;
use crate::types::Type;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table as Grid};
use std::io::{self, Write};

/// A table to print: its columns' types and its texts.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// The rows.
    pub table: &'a Table,
    /// What the columns are.
    pub columns: &'a [ResultColumn],
    /// The texts.
    pub dictionaries: &'a Dictionaries,
}

impl Printed<'_> {
    fn value(&self, out: &mut String, column: usize, row: usize) {
        write_value(out, &self.table.columns[column], &self.columns[column], self.dictionaries, row);
    }

    fn is_valid(&self, column: usize, row: usize) -> bool {
        self.table.columns[column].is_valid(row)
    }

    /// A table drawn with lines, numbers to the right, and a last line that counts the rows. If there are more than `limit`
    /// rows, the first and the last are shown and the last line says so.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn table(&self, out: &mut dyn Write, limit: Option<usize>) -> io::Result<()> {
        let mut grid = Grid::new();
        grid.load_style(UTF8_FULL_CONDENSED);
        grid.set_header(self.columns.iter().map(|column| Cell::new(printable(&column.field.name))));
        let rows = self.table.rows;
        let shown = limit.unwrap_or(rows).min(rows);
        let head = if shown == rows { rows } else { shown.div_ceil(2) };
        for row in 0..head {
            grid.add_row(self.cells(row));
        }
        if shown < rows {
            grid.add_row(self.columns.iter().map(|_| Cell::new("…")));
            for row in rows - (shown - head)..rows {
                grid.add_row(self.cells(row));
            }
        }
        for (column, spec) in grid.column_iter_mut().zip(self.columns) {
            let right = spec.field.ty.is_numeric() || spec.field.ty == Type::Duration;
            column.set_cell_alignment(if right { CellAlignment::Right } else { CellAlignment::Left });
        }
        if !self.columns.is_empty() {
            writeln!(out, "{grid}")?;
        }
        let unit = if rows == 1 { "row" } else { "rows" };
        let note = if shown < rows { format!(", {shown} shown") } else { String::new() };
        writeln!(out, "{} {unit}{note}", grouped(rows))
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let cell = |column: usize| {
            let mut text = String::new();
            if self.is_valid(column, row) {
                self.value(&mut text, column, row);
            } else {
                text.push_str("null");
            }
            Cell::new(printable(&text))
        };
        (0..self.columns.len()).map(cell).collect()
    }

    /// The header of [`Printed::csv_rows`].
    ///
    /// # Errors
    /// If `out` fails.
    pub fn csv_header(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            line.push_str(if index > 0 { "," } else { "" });
            quote(&mut line, &column.field.name, false);
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    /// Comma-separated rows: null is an empty field, and so an empty line where there is one column; empty text is `""`.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn csv_rows(&self, out: &mut dyn Write) -> io::Result<()> {
        let (mut line, mut value) = (String::new(), String::new());
        for row in 0..self.table.rows {
            line.clear();
            for (column, spec) in self.columns.iter().enumerate() {
                line.push_str(if column > 0 { "," } else { "" });
                value.clear();
                self.value(&mut value, column, row);
                if spec.field.ty == Type::Str && self.is_valid(column, row) {
                    quote(&mut line, &value, true);
                } else {
                    line.push_str(&value);
                }
            }
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// One JSON object a line. Numbers are exact; dates, times and durations are text, and so are NaN and infinity.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let names = self.columns.iter().map(|column| serde_json::to_string(&column.field.name));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let (mut line, mut value) = (String::new(), String::new());
        for row in 0..self.table.rows {
            line.clear();
            line.push('{');
            for (column, name) in names.iter().enumerate() {
                line.push_str(if column > 0 { "," } else { "" });
                line.push_str(name);
                line.push(':');
                value.clear();
                self.value(&mut value, column, row);
                if !self.is_valid(column, row) {
                    line.push_str("null");
                } else if self.is_json_number(column, row) || self.columns[column].field.ty == Type::Bool {
                    line.push_str(&value);
                } else {
                    line.push_str(&serde_json::to_string(&value)?);
                }
            }
            line.push_str("}\n");
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn is_json_number(&self, column: usize, row: usize) -> bool {
        let values = &self.table.columns[column];
        match values.element {
            Element::F32 => values.values.as_slice::<f32>()[row].is_finite(),
            Element::F64 => values.values.as_slice::<f64>()[row].is_finite(),
            Element::Pred
            | Element::S8
            | Element::S16
            | Element::S32
            | Element::S64
            | Element::U8
            | Element::U16
            | Element::U32
            | Element::U64 => self.columns[column].field.ty.is_numeric(),
        }
    }
}

/// Adds text to a line of CSV, quoted where it must be.
fn quote(line: &mut String, text: &str, mark_empty: bool) {
    let special = text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ');
    if special || (mark_empty && text.is_empty()) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

/// Text on one line, without what would steer a terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A count with commas between thousands.
fn grouped(count: usize) -> String {
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
