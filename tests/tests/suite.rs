//! Every program of the corpus, of TPC-H and of the examples, against DuckDB; and the programs of the errors' pages.
//!
//! A name tells what differs: `corpus::NAME::run`, `::plain` (no optimizer, chunks of 7 rows), `::single` (chunks of one
//! row), `::small` (no rows, one, only nulls), `::artifact` (compiled for all rows, run on each choice), `::mesh` (on two devices,
//! and on a mesh that turns; on that which `DJ_MESH` names, if it does, as then TPC-H, the gallery and the like, with build sides shared out). TPC-H runs at the scale that `DJ_TPCH_SCALE` names, 0.01 by
//! default.

#[path = "suite/assumptions.rs"]
mod assumptions;
#[path = "suite/made.rs"]
mod made;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dj_tests::cli::{bin_dir, djc};
use dj_tests::corpus::{Case, Program, bind, compare, default_files};
use dj_tests::data::{Data, Rows};
use dj_tests::pages::{run_first_program, run_guide, run_page};
use dj_tests::random::tester::Tester;
use dj_tests::{Result, files, root};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let data = Data::generate().map(Arc::new);
    match data.and_then(|data| Ok((trials(&data)?, data))) {
        // The data outlives every trial: dropped, its folder goes.
        Ok((trials, _data)) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("the suite cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn trials(data: &Arc<Data>) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for path in files("tests/corpus", "dj")? {
        let program = Arc::new(Program::read(&path)?);
        let bodies: &[(&str, Body)] =
            if program.unsupported { &[("unsupported", |case| case.run_says_unsupported())] } else { &CORPUS };
        for &(kind, body) in bodies {
            let name = format!("corpus::{}::{kind}", program.name);
            let (program, data, label) = (program.clone(), data.clone(), name.replace("::", "."));
            trials.push(Trial::test(name, move || {
                body(&Case { program: &program, data: &data, label: &label }).map_err(Into::into)
            }));
        }
    }
    trials.extend(assumptions::trials(data.scratch()));
    trials.extend(made::trials(data.scratch()));
    for path in files("tests/tpch", "dj")? {
        let (program, data) = (Program::with_sql_file(&path)?, data.clone());
        trials.push(Trial::test(format!("tpch::{}", program.name), move || Ok(tpch(&program, &data)?)));
    }
    for path in files("tests/gallery", "dj")? {
        let (program, data) = (Program::with_sql_file(&path)?, data.clone());
        let folder = root().join(".cache/data/gallery");
        trials
            .push(Trial::test(format!("gallery::{}", program.name), move || Ok(by_default(&program, &folder, &data)?)));
    }
    for path in files("tests/db-benchmark", "dj")? {
        for nulls in ["0", "5"] {
            let (program, data) = (Program::with_sql_file(&path)?, data.clone());
            let folder = root().join(".cache/data/db-benchmark").join(nulls);
            let name = format!("db_benchmark::{}::{nulls}_percent_null", program.name);
            trials.push(Trial::test(name, move || Ok(by_default(&program, &folder, &data)?)));
        }
    }
    for path in files("examples", "dj")? {
        let (program, data) = (Program::with_sql_file(&path)?, data.clone());
        trials.push(Trial::test(format!("examples::{}", program.name), move || Ok(example(&program, &data)?)));
    }
    let tester = Arc::new(Mutex::new(Tester::new(&data.scratch().join("random"), &bin_dir()?.join("random"))?));
    for seed in seeds()? {
        let tester = tester.clone();
        trials.push(Trial::test(format!("random::{seed}"), move || Ok(random_program(seed, &tester)?)));
    }
    for path in files("docs/errors", "md")? {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let data = data.clone();
        trials.push(Trial::test(format!("errors::{name}"), move || Ok(run_page(&path, data.scratch())?)));
    }
    for guide in ["language", "coming-from"] {
        let data = data.clone();
        trials.push(Trial::test(format!("guides::{guide}"), move || {
            Ok(run_guide(&root().join(format!("docs/{guide}.md")), data.scratch())?)
        }));
    }
    let data = data.clone();
    trials.push(Trial::test("language::first_program", move || {
        Ok(run_first_program(&root().join("docs/language.md"), data.scratch())?)
    }));
    Ok(trials)
}

type Body = fn(&Case<'_>) -> Result;

/// As it is written, in small chunks, and by the strategies that are not taken otherwise.
pub(crate) const PLAIN: &[&str] = &[
    "--no-optimize",
    "--chunk-rows",
    "7",
    "--strategy",
    "group=sort",
    "--strategy",
    "join=many",
    "--strategy",
    "take=sort",
];

/// In chunks of a few rows, each folded apart and merged.
const MERGED: &[&str] = &["--chunk-rows", "5", "--merge-chunks"];

/// Row by row, each folded apart and merged, by the twins of kernels.
pub(crate) const SINGLE: &[&str] = &["--chunk-rows", "1", "--merge-chunks", "--no-kernels"];

/// A few rows at a time, dealt to two devices, as are build sides.
const MESH: &[&str] = &["--target", "cpu:2", "--chunk-rows", "7", "--strategy", "build=share"];

/// Meshes of which some programs run on one, with all rows, none, one, or nulls only.
const MESHES: [&str; 5] = ["cpu:3", "cpu:4", "cpu:8", "cpu:2x4", "cpu:2x3"];

const CORPUS: [(&str, Body); 6] = [
    ("run", |case| case.run(Rows::Full, &[])),
    ("plain", |case| case.run(Rows::Full, PLAIN)),
    ("single", |case| case.run(Rows::Full, SINGLE)),
    ("small", |case| [Rows::Empty, Rows::One, Rows::Nulls].iter().try_for_each(|&rows| case.run(rows, MERGED))),
    ("artifact", |case| case.run_artifact_elsewhere()),
    ("mesh", |case| {
        let target = std::env::var("DJ_MESH");
        let (target, all) = (target.as_deref(), [Rows::Full, Rows::Empty, Rows::One, Rows::Nulls]);
        if let Ok(target) = target {
            return all.iter().try_for_each(|&rows| {
                case.run(rows, &["--target", target, "--chunk-rows", "3", "--strategy", "build=share"])
            });
        }
        case.run(Rows::Full, MESH)?;
        // One of three programs on another mesh too.
        let turn = case.label.bytes().map(usize::from).sum::<usize>();
        if turn % 3 > 0 {
            return Ok(());
        }
        let turn = turn / 3;
        let target = ["--chunk-rows", "16", "--strategy", "build=broadcast", "--target", MESHES[turn % MESHES.len()]];
        case.run(all[turn / MESHES.len() % all.len()], &target)
    }),
];

fn tpch(program: &Program, data: &Data) -> Result {
    let scale = std::env::var("DJ_TPCH_SCALE").unwrap_or_else(|_| "0.01".to_owned());
    let folder = root().join(".cache/data/tpch").join(format!("sf{scale}"));
    let start = Instant::now();
    run_on(program, data, |table| folder.join(format!("{table}.parquet")))?;
    if scale != "0.01" {
        eprintln!("{}: {:.1} s with both engines", program.name, start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn example(program: &Program, data: &Data) -> Result {
    run_on(program, data, |table| match table {
        "flights" => root().join(".cache/data/flights-3m.parquet"),
        other => root().join("examples").join(format!("{other}.csv")),
    })
}

/// On the files that the program names, in a folder.
fn by_default(program: &Program, folder: &Path, data: &Data) -> Result {
    let files = default_files(&std::fs::read_to_string(&program.path)?);
    run_on(program, data, |table| {
        let file = files.iter().find(|(name, _)| name == table).map(|(_, file)| file.as_str());
        folder.join(file.unwrap_or(table))
    })
}

fn run_on(program: &Program, data: &Data, file: impl Fn(&str) -> PathBuf) -> Result {
    let files: Vec<_> = program.tables.iter().map(|table| (table.clone(), file(table))).collect();
    // A program may run on several folders at the same time.
    let folder = files.first().and_then(|(_, path)| path.parent()?.file_name()).unwrap_or_default();
    let out = data.scratch().join(format!("{}.{}.result.parquet", program.name, folder.display()));
    let mesh = std::env::var("DJ_MESH");
    let on_mesh = mesh.as_ref().map_or(vec![], |mesh| vec!["--target", mesh, "--strategy", "build=share"]);
    compare(program, bind(djc()?.arg("run").arg(&program.path).args(on_mesh), &files), &files, &out)
}

/// The seeds of random programs: `DJ_SEEDS=0..1000`, or a few.
fn seeds() -> Result<std::ops::Range<u64>> {
    let Ok(range) = std::env::var("DJ_SEEDS") else { return Ok(0..150) };
    let (from, to) = range.split_once("..").ok_or("DJ_SEEDS is a range, such as 0..1000")?;
    Ok(from.parse()?..to.parse()?)
}

/// A random program on three choices of rows; the binary `random` runs more of both, and makes failing programs small.
fn random_program(seed: u64, tester: &Mutex<Tester>) -> Result {
    let verdict = tester.lock().unwrap_or_else(PoisonError::into_inner).check(seed, 3, None)?;
    verdict.failure.map_or(Ok(()), |(_, told)| Err(told.into()))
}
