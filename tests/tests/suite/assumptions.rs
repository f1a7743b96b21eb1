//! Artifacts that run on other files than they were compiled for, whose rows break each thing that was taken for granted.
//!
//! Every case compiles for one set of rows and runs on another, twice: `told`, where the files' statistics give the
//! difference away before anything runs, and `hidden`, where there are none and only running can find it.

#[path = "assumption_cases.rs"]
mod cases;
#[path = "null_cases.rs"]
mod null_cases;

use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use dj_tests::cli::{djc, djrun};
use dj_tests::compare::Order;
use dj_tests::corpus::{Program, bind, compare};
use dj_tests::{Result, duckdb};
use libtest_mimic::Trial;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use cases::{ARITHMETIC, CONTRACTS, Case, JOINS, KEYS, Wanted};
use null_cases::NULLS_APPEAR;

/// The trials, `assumptions::NAME::told` and `::hidden`.
pub(crate) fn trials(folder: &Path) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &case in [KEYS, JOINS, ARITHMETIC, CONTRACTS, NULLS_APPEAR].into_iter().flatten() {
        for (kind, statistics) in [("told", EnabledStatistics::Page), ("hidden", EnabledStatistics::None)] {
            let folder = folder.join(format!("assumptions.{}.{kind}", case.name));
            let name = format!("assumptions::{}::{kind}", case.name);
            trials.push(Trial::test(name, move || Ok(check(&case, statistics, &folder)?)));
        }
    }
    trials
}

fn check(case: &Case, statistics: EnabledStatistics, folder: &Path) -> Result {
    std::fs::create_dir_all(folder)?;
    let file = |table: &str, what: &str| folder.join(format!("{table}.{what}.parquet"));
    let write = |tables: &[(&str, &str)], what: &str, statistics| -> Result<Vec<(String, PathBuf)>> {
        let written = tables.iter().map(|(table, sql)| {
            let path = file(table, what);
            let batches = duckdb::query(sql)?;
            match batches.first() {
                Some(first) => write_parquet(&batches, first.schema(), &path, statistics)?,
                // Without rows there is nothing to tell, and DuckDB knows the columns.
                None => drop(duckdb::query(&format!("copy ({sql}) to '{}' (format parquet)", path.display()))?),
            }
            Ok(((*table).to_owned(), path))
        });
        written.collect()
    };
    let compiled = write(case.compiled, "compiled", EnabledStatistics::Page)?;
    let files = write(case.run, "run", statistics)?;
    let (path, artifact, out) = (folder.join("program.dj"), folder.join("program.djx"), folder.join("result.parquet"));
    std::fs::write(&path, case.program)?;
    let chunk_rows = case.chunk_rows.map(|rows| ["--chunk-rows", rows]);
    let compile = djc()?.arg("compile").arg(&path).arg("-o").arg(&artifact).args(FAST);
    bind(compile.args(chunk_rows.iter().flatten()), &compiled).succeed()?;
    let run = bind(djrun()?.arg(&artifact).args(FAST), &files);
    match case.wanted {
        Wanted::Rows(sql) => {
            let tables = files.iter().map(|(table, _)| table.clone()).collect();
            let (name, sql, order) = (case.name.to_owned(), sql.to_owned(), Order::Free);
            compare(&Program { path, name, tables, rows: vec![], sql, order, unsupported: false }, run, &files, &out)
        }
        Wanted::Error(texts) => {
            let run = run.arg("--out").arg(format!("result={}", out.display())).run()?;
            let run = run.code(1)?.prints_nothing()?.blames_the_user()?;
            texts.iter().try_fold(run, |run, text| run.complains(text))?;
            if out.exists() { Err("a result was written".into()) } else { Ok(()) }
        }
    }
}

/// Compiles for tests, where the programs are many and the rows few.
const FAST: [&str; 2] = ["--xla-opt-level", "0"];

fn write_parquet(batches: &[RecordBatch], schema: SchemaRef, path: &Path, statistics: EnabledStatistics) -> Result {
    let properties = WriterProperties::builder().set_statistics_enabled(statistics).build();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path)?, schema, Some(properties))?;
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    writer.close()?;
    Ok(())
}
