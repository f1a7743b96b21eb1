//! Programs over tables made for them: what the corpus' tables are too small or too tame for.
//!
//! Every case runs optimized, plainly in chunks of 7 rows, in chunks of one row, and as an artifact with all its rungs.

#[path = "made_cases.rs"]
mod cases;

use std::path::{Path, PathBuf};

use dj_tests::cli::{Invocation, djc, djrun};
use dj_tests::compare::Order;
use dj_tests::corpus::{Program, bind, compare};
use dj_tests::{Result, duckdb};
use libtest_mimic::Trial;

use cases::{CASES, Case};

type Files = [(String, PathBuf)];

/// Makes what runs a program on its tables.
type Way = fn(&Path, &Files) -> Result<Invocation>;

/// How a case is run.
const WAYS: [(&str, Way); 4] = [
    ("run", |program, files| run(program, files, &[])),
    ("plain", |program, files| run(program, files, crate::PLAIN)),
    ("single", |program, files| run(program, files, crate::SINGLE)),
    ("artifact", |program, files| {
        let artifact = program.with_extension("djx");
        bind(djc()?.arg("compile").arg(program).arg("-o").arg(&artifact).args(FAST), files).succeed()?;
        Ok(bind(djrun()?.arg(&artifact).args(FAST), files))
    }),
];

fn run(program: &Path, files: &Files, options: &[&str]) -> Result<Invocation> {
    Ok(bind(djc()?.arg("run").arg(program).args(FAST).args(options), files))
}

/// The trials, `made::NAME::WAY`.
pub(crate) fn trials(folder: &Path) -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in CASES.iter().copied() {
        for (kind, way) in WAYS.into_iter().filter(|(kind, _)| case.ways.contains(kind)) {
            let folder = folder.join(format!("made.{}.{kind}", case.name));
            let trial = move || Ok(check(&case, way, &folder)?);
            trials.push(Trial::test(format!("made::{}::{kind}", case.name), trial));
        }
    }
    trials
}

fn check(case: &Case, way: Way, folder: &Path) -> Result {
    std::fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    for (table, sql) in case.tables {
        let path = folder.join(format!("{table}.parquet"));
        duckdb::query(&format!("copy ({sql}) to '{}' (format parquet)", path.display()))?;
        files.push(((*table).to_owned(), path));
    }
    let (path, out) = (folder.join("program.dj"), folder.join("result.parquet"));
    std::fs::write(&path, case.program)?;
    let tables = files.iter().map(|(table, _)| table.clone()).collect();
    let (name, sql, order) = (case.name.to_owned(), case.wanted.to_owned(), Order::Free);
    let program = Program { path: path.clone(), name, tables, rows: vec![], sql, order, unsupported: false };
    compare(&program, way(&path, &files)?, &files, &out)
}

/// Compiles for tests, where the programs are many and the rows few.
const FAST: [&str; 2] = ["--xla-opt-level", "0"];
