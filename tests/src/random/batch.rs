//! Many seeds, with a tally in a file, from where the last batch stopped.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::tester::{ALL_CHOICES, Tester};
use crate::{Result, root};

const USAGE: &str = "usage: random [--seeds FROM..TO] [--choices N] [--failures N] [--tally FILE] [--folder FOLDER] [--show SEED] [--no-shrink] [--worker EXECUTABLE]";

struct Arguments {
    seeds: std::ops::Range<u64>,
    choices: usize,
    /// Stops at so many failures.
    failures: usize,
    tally: Option<PathBuf>,
    folder: PathBuf,
    show: Option<u64>,
    shrink: bool,
    /// What runs the commands, if not this program.
    worker: Option<PathBuf>,
}

/// Runs seeds as the command line says; progress goes to standard error.
pub fn main(arguments: &[String]) -> Result {
    let arguments = parse(arguments)?;
    if let Some(seed) = arguments.show {
        eprintln!("{}", Tester::show(seed));
        return Ok(());
    }
    let worker = arguments.worker.clone().map_or_else(std::env::current_exe, Ok)?;
    let mut tester = Tester::new(&arguments.folder, &worker)?;
    let mut tally = arguments.tally.as_deref().map_or_else(|| Ok(Tally::default()), Tally::read)?;
    let started = Instant::now();
    let mut failures = 0;
    let failed = root().join("out/random");
    for seed in arguments.seeds.start.max(tally.next)..arguments.seeds.end {
        let verdict = tester.check(seed, arguments.choices, arguments.shrink.then_some(failed.as_path()))?;
        tally.next = seed + 1;
        tally.programs += 1;
        tally.runs += verdict.runs;
        tally.empty += usize::from(verdict.rows == 0);
        if let Some(reason) = &verdict.unjudged {
            tally.unjudged += 1;
            eprintln!("seed {seed}: DuckDB fails: {}", reason.lines().next().unwrap_or_default());
        }
        if let Some((kind, told)) = verdict.failure {
            eprintln!("{told}\n");
            *tally.kinds.entry(kind).or_default() += 1;
            failures += 1;
        }
        if tally.programs % 10 == 0 || failures >= arguments.failures {
            let seconds = started.elapsed().as_secs_f64();
            eprintln!(
                "{seconds:.0} s: up to seed {seed}, {} programs, {} of them without rows, {} runs, {failures} failures",
                tally.programs, tally.empty, tally.runs
            );
            if let Some(path) = &arguments.tally {
                std::fs::write(path, tally.text())?;
            }
        }
        if failures >= arguments.failures {
            break;
        }
    }
    if let Some(path) = &arguments.tally {
        std::fs::write(path, tally.text())?;
    }
    if failures > 0 { Err(format!("{failures} failures").into()) } else { Ok(()) }
}

fn parse(words: &[String]) -> Result<Arguments> {
    let mut arguments = Arguments {
        seeds: 0..3000,
        choices: ALL_CHOICES,
        failures: 5,
        tally: None,
        folder: root().join("target/random"),
        show: None,
        shrink: true,
        worker: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--no-shrink" {
            arguments.shrink = false;
            continue;
        }
        let value = words.next().ok_or(USAGE)?;
        match word.as_str() {
            "--seeds" => {
                let (from, to) = value.split_once("..").ok_or(USAGE)?;
                arguments.seeds = from.parse()?..to.parse()?;
            }
            "--choices" => arguments.choices = value.parse()?,
            "--failures" => arguments.failures = value.parse()?,
            "--tally" => arguments.tally = Some(PathBuf::from(value)),
            "--folder" => arguments.folder = PathBuf::from(value),
            "--worker" => arguments.worker = Some(PathBuf::from(value)),
            "--show" => arguments.show = Some(value.parse()?),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(arguments)
}

/// What batches have found so far.
#[derive(Debug, Default)]
struct Tally {
    next: u64,
    programs: usize,
    runs: usize,
    unjudged: usize,
    /// Programs that give no row on any data.
    empty: usize,
    kinds: BTreeMap<String, usize>,
}

impl Tally {
    /// A tally's file is a page whose lines `name: number` count.
    fn read(path: &Path) -> Result<Self> {
        let mut tally = Self::default();
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(tally) };
        for (name, number) in text.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": ")) {
            match name {
                "next seed" => tally.next = number.parse()?,
                "programs" => tally.programs = number.parse()?,
                "runs compared" => tally.runs = number.parse()?,
                "programs without rows" => tally.empty = number.parse()?,
                "programs that DuckDB fails on" => tally.unjudged = number.parse()?,
                kind => drop(tally.kinds.insert(kind.to_owned(), number.parse()?)),
            }
        }
        Ok(tally)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# Random programs\n\nWritten by `cargo run -p dj-tests --bin random -- --tally FILE`, which goes on from here.\n\n\
             - next seed: {}\n- programs: {}\n- runs compared: {}\n- programs that DuckDB fails on: {}\n- programs without rows: {}\n\n\
             Disagreements by kind:\n\n",
            self.next, self.programs, self.runs, self.unjudged, self.empty
        );
        for (kind, count) in &self.kinds {
            let _ = writeln!(text, "- {kind}: {count}");
        }
        text
    }
}
