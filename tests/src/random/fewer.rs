//! Fewer rows with which a program still fails, and a configuration that is nearer to the usual one.

use std::path::Path;
use std::time::Instant;

use super::data::CHOICES;
use super::judge::{Answers, Configuration, Court, Failure};
use super::print_dj;
use super::program::Program;
use crate::{Result, duckdb};

/// The schema in DuckDB that holds the rows that are left.
pub(crate) const SCHEMA: &str = "fewer";

/// Compiled for the rows that it is run on, without options, if it fails so too.
pub(crate) fn plainer(court: &mut Court<'_>, program: &Program, failure: Failure) -> Result<Failure> {
    let Some(choice) = failure.choice else { return Ok(failure) };
    let answers: Answers = court.answers(program, &[choice]);
    let own = failure.configuration.clone();
    for (compiled_for, options) in [(Some(choice), vec![]), (own.compiled_for, vec![]), (Some(choice), own.options)] {
        let configuration = Configuration { compiled_for, options };
        if configuration == failure.configuration {
            continue;
        }
        let found = court.judge(program, &configuration, &answers)?;
        if let Some(found) = found.filter(|found| found.kind == failure.kind) {
            return Ok(found);
        }
    }
    Ok(failure)
}

/// Leaves in [`SCHEMA`] as few rows as are found to fail alike until a moment.
pub(crate) fn rows(court: &mut Court<'_>, program: &Program, failure: &Failure, until: Instant) -> Result {
    let choice = failure.choice.or(failure.configuration.compiled_for).unwrap_or(0);
    let from = court.data.schema(CHOICES[choice]);
    duckdb::query(&format!("create schema if not exists {SCHEMA}"))?;
    for table in ["t", "u", "w"] {
        duckdb::query(&format!("create or replace table {SCHEMA}.{table} as from {from}.{table}"))?;
    }
    if failure.choice.is_none() {
        return Ok(());
    }
    let text = print_dj::program(program);
    let used: Vec<&str> =
        program.tables.iter().map(|table| table.name).filter(|name| text.contains(&format!("table {name}"))).collect();
    if !fails(court, program, failure, &used)? {
        return Ok(());
    }
    for table in &used {
        let mut width = count(table)?.div_ceil(2);
        while width > 0 && Instant::now() < until {
            let mut first = 0;
            while first < count(table)? && Instant::now() < until {
                duckdb::query(&format!(
                    "create or replace table {SCHEMA}.kept as from {SCHEMA}.{table};
                     create or replace table {SCHEMA}.{table} as select * replace (row_number() over (order by o) - 1 as o)
                     from {SCHEMA}.kept order by o;
                     delete from {SCHEMA}.{table} where o >= {first} and o < {}",
                    first + width
                ))?;
                if !fails(court, program, failure, &used)? {
                    duckdb::query(&format!("create or replace table {SCHEMA}.{table} as from {SCHEMA}.kept"))?;
                    first += width;
                }
            }
            width /= 2;
        }
    }
    Ok(())
}

fn count(table: &str) -> Result<usize> {
    Ok(duckdb::query(&format!("from {SCHEMA}.{table}"))?.iter().map(arrow::record_batch::RecordBatch::num_rows).sum())
}

/// Whether the program fails alike on the rows that are left.
fn fails(court: &mut Court<'_>, program: &Program, failure: &Failure, used: &[&str]) -> Result<bool> {
    let folder = court.folder.join("fewer");
    std::fs::create_dir_all(&folder)?;
    let write = |table: &&str| court.data.write_rows(&format!("{SCHEMA}.{table}"), &folder, table);
    let paths = used.iter().map(write).collect::<Result<Vec<_>>>()?;
    let here = bindings(used, &paths);
    let configuration = &failure.configuration;
    let compiled_for = match configuration.compiled_for {
        Some(other) if Some(other) != failure.choice => {
            super::judge::bindings(program, &|table| court.data.path(CHOICES[other], table))
        }
        Some(_) => here.clone(),
        None => vec![],
    };
    if court.compile(program, configuration, compiled_for)?.is_some() {
        return Ok(false);
    }
    let wanted = court.answer(program, SCHEMA);
    if wanted.is_err() && !program.daring {
        return Ok(false);
    }
    Ok(court.run(program, here, &wanted)?.is_some_and(|(kind, _)| kind == failure.kind))
}

fn bindings(tables: &[&str], paths: &[impl AsRef<Path>]) -> Vec<String> {
    let one = |(table, path): (&&str, &dyn AsRef<Path>)| format!("{table}={}", path.as_ref().display());
    tables.iter().zip(paths).flat_map(|(table, path)| ["--bind".to_owned(), one((table, path))]).collect()
}
