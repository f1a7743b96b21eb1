//! A failure in words and files: a program for the corpus with its rows, what came and what is right.

use std::fmt::Write;
use std::path::Path;

use super::data::CHOICES;
use super::judge::{Court, Failure};
use super::program::Program;
use super::schema::columns_of;
use super::{print_dj, print_sql};
use crate::compare::{Cell, Table};
use crate::{Result, duckdb};

/// Tables of more rows are not written into a program.
const MOST_ROWS: usize = 40;

/// What failed, where.
pub(crate) fn describe(failure: &Failure) -> String {
    let choice = |at: Option<usize>| at.map_or("no file", |at| CHOICES[at].name);
    let Failure { kind, configuration, told, .. } = failure;
    format!(
        "{kind}, compiled for `{}` with {:?}, run on `{}`\n{}",
        choice(configuration.compiled_for),
        configuration.options,
        choice(failure.choice),
        told.chars().take(4000).collect::<String>()
    )
}

/// Writes a failing program and its rows, which lie in a schema of DuckDB, to a folder, and says the same in words.
pub(crate) fn write(
    court: &Court<'_>,
    folder: &Path,
    seed: u64,
    program: &Program,
    failure: &Failure,
    schema: &str,
) -> Result<String> {
    std::fs::create_dir_all(folder)?;
    let mut program = program.clone();
    if let [(name, _)] = program.exports.as_mut_slice() {
        "result".clone_into(name);
    }
    let text = print_dj::program(&program);
    let mut header = String::new();
    for table in program.tables.iter().filter(|table| text.contains(&format!("table {}", table.name))) {
        court.data.write_rows(&format!("{schema}.{}", table.name), folder, table.name)?;
        let _ = writeln!(header, "# rows {}: {}", table.name, rows(schema, table.name, &text)?);
    }
    for (name, pipeline) in &program.exports {
        if program.exports.len() > 1 {
            let _ = writeln!(header, "# export {name}");
        }
        if program.is_ordered(pipeline) {
            header += "# order: significant\n";
        }
        let sql = print_sql::export(&program, pipeline).replace('\n', "\n#   ");
        let _ = writeln!(header, "# sql: {sql}");
    }
    let told = format!("seed {seed}: {}\n--- program\n{header}{text}", describe(failure));
    std::fs::write(folder.join("program.dj"), format!("# Found by seed {seed}.\n{header}{text}"))?;
    std::fs::write(folder.join("failure.txt"), &told)?;
    Ok(told)
}

/// A query that gives the rows of a table, of the columns that the program names.
fn rows(schema: &str, table: &str, program: &str) -> Result<String> {
    let columns = columns_of(table).iter().filter(|column| print_dj::has_word(program, column.name));
    let columns: Vec<_> = columns.map(|column| (column.name, column.ty.sql())).collect();
    let texts: Vec<_> = columns.iter().map(|(name, _)| format!("{name}::varchar as {name}")).collect();
    if texts.is_empty() {
        return Ok(format!("select o as id from {schema}.{table}"));
    }
    let values = Table::new(&duckdb::query(&format!("select {} from {schema}.{table} order by o", texts.join(", ")))?)?;
    if values.rows.len() > MOST_ROWS {
        return Ok(format!("{} rows, in the file beside this one", values.rows.len()));
    }
    let row = |row: &Vec<Cell>| {
        let cells = row.iter().zip(&columns).map(|(cell, (name, ty))| {
            // Every value is printed; what is no text is null.
            if let Cell::Text(text) = cell {
                format!("'{}'::{ty} as {name}", text.replace('\'', "''"))
            } else {
                format!("null::{ty} as {name}")
            }
        });
        format!("select {}", cells.collect::<Vec<_>>().join(", "))
    };
    if values.rows.is_empty() {
        let nulls: Vec<_> = columns.iter().map(|(name, ty)| format!("null::{ty} as {name}")).collect();
        return Ok(format!("select {} where false", nulls.join(", ")));
    }
    Ok(values.rows.iter().map(row).collect::<Vec<_>>().join(" union all "))
}
