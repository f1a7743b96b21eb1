//! One seed at a time: its program, its configurations, its verdict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dj_compiler::physical::Choice;

use super::data::{CHOICES, Data};
use super::generate;
use super::judge::{Answers, Configuration, Court, Failure, Kind};
use super::program::Program;
use super::rng::Random;
use super::worker::Worker;
use super::{fewer, print_dj, report, shrink};
use crate::Result;

/// So many seeds in a row have the same data.
const SEEDS_PER_DATA: u64 = 200;

/// One seed in so many runs by the command line, each run from the file; the others in sessions.
const COMMANDS: u64 = 16;

/// Of so many pairs of seeds one has its programs compiled as users have them; the others are compiled quickly.
const USUAL_CODE: u64 = 64;

/// A failure is made smaller for so long at most.
const SHRINKING: Duration = Duration::from_secs(240);

/// Held while a failure is made smaller: all testers put what is left of its rows in one schema of DuckDB.
static SMALLER: Mutex<()> = Mutex::new(());

/// How many choices of rows there are.
pub const ALL_CHOICES: usize = CHOICES.len();

/// Judges the programs of seeds.
pub struct Tester {
    worker: Worker,
    folder: PathBuf,
    data: Option<(u64, Data)>,
    limit: Duration,
}

/// What came of a seed.
#[derive(Debug)]
pub struct Verdict {
    /// A failure, by kind and in words.
    pub failure: Option<(String, String)>,
    /// Choices of rows on which DuckDB itself fails, and why first.
    pub unjudged: Option<String>,
    /// Runs that were compared.
    pub runs: usize,
    /// Rows that the answers have.
    pub rows: usize,
}

impl Tester {
    /// Works in a folder with the executable of workers.
    pub fn new(folder: &Path, executable: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let worker = Worker::new(executable, &folder.join("worker.stderr"));
        std::fs::write(folder.join("worker.stderr"), "")?;
        Ok(Self { worker, folder: folder.to_owned(), data: None, limit: Duration::from_secs(300) })
    }

    fn court(&mut self, seed: u64, choices: usize) -> Result<Court<'_>> {
        let data_seed = seed / SEEDS_PER_DATA;
        if self.data.as_ref().is_none_or(|(of, _)| *of != data_seed) {
            let folder = self.folder.join("data");
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            self.data = Some((data_seed, Data::generate(&folder, data_seed)?));
        }
        let Some((_, data)) = &self.data else { return Err("there is no data".into()) };
        self.worker.compile_quickly(!(seed / 2).is_multiple_of(USUAL_CODE));
        Ok(Court {
            worker: &mut self.worker,
            data,
            folder: self.folder.clone(),
            limit: self.limit,
            commands: choices > 0 && seed.is_multiple_of(COMMANDS),
        })
    }

    /// Judges a seed's program on the first of the choices of rows, in an order of its own; a failure is made small and written to
    /// a folder, if one is given.
    pub fn check(&mut self, seed: u64, choices: usize, failures: Option<&Path>) -> Result<Verdict> {
        let (program, configurations) = case(seed);
        let mut court = self.court(seed, choices)?;
        let answers = court.answers(&program, &chosen(seed, choices)?);
        let unjudged = answers.values().find_map(|answer| answer.as_ref().err().cloned()).filter(|_| !program.daring);
        let rows = answers.values().flatten().flatten().map(|table| table.rows.len()).sum();
        let mut failure = None;
        let mut runs = 0;
        for (at, configuration) in configurations.iter().enumerate() {
            // Few choices of rows are for short tests, which have time for one configuration.
            if choices > 0 && choices < ALL_CHOICES && usize::try_from(seed % 2)? != at {
                continue;
            }
            let short = |choice: &usize| (at == 0 && choices == ALL_CHOICES) || !CHOICES[*choice].long;
            let answers: Answers =
                answers.iter().filter(|(choice, _)| short(choice)).map(|(c, a)| (*c, a.clone())).collect();
            failure = court.judge(&program, configuration, &answers)?;
            runs += answers.values().filter(|answer| answer.is_ok() || program.daring).count();
            if failure.is_some() {
                break;
            }
        }
        let Some(failure) = failure else { return Ok(Verdict { failure: None, unjudged, runs, rows }) };
        let kind = failure.kind.to_string();
        let mut told =
            format!("seed {seed}: {}\n--- program\n{}", report::describe(&failure), print_dj::program(&program));
        if let Some(folder) = failures {
            let _one_at_a_time = SMALLER.lock().unwrap_or_else(PoisonError::into_inner);
            let (program, failure) = shrunk(&mut court, program, failure)?;
            let path = folder.join(seed.to_string());
            let failure = fewer::plainer(&mut court, &program, failure)?;
            fewer::rows(&mut court, &program, &failure, Instant::now() + SHRINKING)?;
            told = report::write(&court, &path, seed, &program, &failure, fewer::SCHEMA)?;
        }
        Ok(Verdict { failure: Some((kind, told)), unjudged, runs, rows })
    }

    /// The text of a seed's program, and its queries.
    pub fn show(seed: u64) -> String {
        let (program, configurations) = case(seed);
        let queries: Vec<String> =
            program.exports.iter().map(|(_, pipeline)| super::print_sql::export(&program, pipeline)).collect();
        format!("{}\n{}\n{configurations:?}", print_dj::program(&program), queries.join("\n\n"))
    }
}

/// So many choices of rows for a seed: one of some size first, those that take long last.
fn chosen(seed: u64, count: usize) -> Result<Vec<usize>> {
    let seed = usize::try_from(seed)?;
    let sizable = [0, 5, 6][seed % 3];
    let mut order: Vec<usize> = (0..CHOICES.len()).collect();
    order.rotate_left(seed / 3 % CHOICES.len());
    order.sort_by_key(|choice| (*choice != sizable, CHOICES[*choice].long));
    order.truncate(count);
    Ok(order)
}

/// The program of a seed, and how it is compiled: once as users do, and once otherwise.
fn case(seed: u64) -> (Program, Vec<Configuration>) {
    let mut random = Random::new(seed);
    let declared = !random.one_in(4);
    let bound = |random: &mut Random| {
        let at = random.below(CHOICES.len() + 1);
        if declared { (at < CHOICES.len()).then_some(at) } else { Some(random.pick(&[0, 7, 9])) }
    };
    let usual = Configuration { compiled_for: bound(&mut random), options: vec![] };
    let others: [&[&str]; 8] = [
        &["--no-optimize"],
        &["--chunk-rows", "1"],
        &["--chunk-rows", "7", "--no-optimize"],
        &["--chunk-rows", "64"],
        &["--no-kernels"],
        &["--chunk-rows", "7"],
        &["--chunk-rows", "1000", "--no-kernels"],
        &[],
    ];
    let mut options: Vec<String> = random.pick(&others).iter().map(|&word| word.to_owned()).collect();
    // A strategy for each operator that has several; of two for one operator the last counts.
    // Each is forced in its turn.
    let turn = Choice::ALL.into_iter().zip(0..).filter(|(_, at)| seed % Choice::ALL.len() as u64 == *at);
    let drawn: Vec<_> = Choice::ALL.into_iter().filter(|_| random.one_in(3)).collect();
    for choice in drawn.into_iter().chain(turn.map(|(choice, _)| choice)) {
        options.push(format!("--strategy={}", choice.name()));
    }
    // One of two programs also runs on a mesh.
    let meshes = ["cpu:2", "cpu:3", "cpu:2x4", "cpu:4", "cpu:8"];
    options.extend(seed.is_multiple_of(2).then(|| format!("--target={}", meshes[(seed / 2 % 5) as usize])));
    options.push("--verify".to_owned());
    let other = Configuration { compiled_for: bound(&mut random), options };
    (generate::program(random, declared), vec![usual, other])
}

/// The smallest program that is found to fail alike.
fn shrunk(court: &mut Court<'_>, program: Program, failure: Failure) -> Result<(Program, Failure)> {
    let (mut program, mut failure) = (program, failure);
    let until = Instant::now() + SHRINKING;
    if failure.kind == Kind::Timeout {
        return Ok((program, failure));
    }
    'again: loop {
        for candidate in shrink::smaller(&program) {
            if Instant::now() > until {
                break 'again;
            }
            if candidate.size() >= program.size() {
                continue;
            }
            if let Some(found) = fails_alike(court, &candidate, &failure)? {
                (program, failure) = (candidate, found);
                continue 'again;
            }
        }
        break;
    }
    Ok((program, failure))
}

/// The failure of a program, if it is of this kind.
fn fails_alike(court: &mut Court<'_>, program: &Program, failure: &Failure) -> Result<Option<Failure>> {
    let choices: Vec<usize> = failure.choice.into_iter().collect();
    let answers: Answers = match failure.choice {
        Some(_) => court.answers(program, &choices),
        None => BTreeMap::new(),
    };
    if answers.values().any(|answer| answer.is_err() && !program.daring) {
        return Ok(None);
    }
    let found = court.judge(program, &failure.configuration, &answers)?;
    Ok(found.filter(|found| found.kind == failure.kind))
}
