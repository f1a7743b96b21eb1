//! A failure in words and files: a program for the corpus, its data, what came and what is right.

use std::fmt::Write;
use std::path::Path;

use super::data::CHOICES;
use super::judge::{Court, Failure};
use super::program::Program;
use super::{print_dj, print_sql};
use crate::{Result, duckdb};

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

/// Writes a failing program and its data to a folder, and says the same in words.
pub(crate) fn write(
    court: &Court<'_>,
    folder: &Path,
    seed: u64,
    program: &Program,
    failure: &Failure,
) -> Result<String> {
    std::fs::create_dir_all(folder)?;
    let mut told = format!("seed {seed}: {}\n", describe(failure));
    let mut header = format!("# Found by seed {seed}.\n");
    for (name, pipeline) in &program.exports {
        let sql = print_sql::export(program, pipeline).replace('\n', "\n#   ");
        let _ = writeln!(header, "# export {name}\n# sql: {sql}");
    }
    let text = print_dj::program(program);
    let _ = write!(told, "--- program\n{text}\n{header}");
    std::fs::write(folder.join("program.dj"), header + &text)?;
    let choice = CHOICES[failure.choice.or(failure.configuration.compiled_for).unwrap_or(0)];
    for table in program.tables.iter().filter(|table| text.contains(&format!("table {}", table.name))) {
        let from = format!("{}.{}", court.data.schema(choice), table.name);
        court.data.write_rows(&from, folder, table.name)?;
        let rows = duckdb::query(&format!("select count(*) as n from {from}"))?;
        let _ = writeln!(told, "table {}: {} batches", table.name, rows.len());
    }
    std::fs::write(folder.join("failure.txt"), &told)?;
    Ok(told)
}
