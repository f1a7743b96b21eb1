//! Many seeds, with a tally in a file, from where the last batch stopped.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use super::tester::{ALL_CHOICES, Tester, Verdict};
use crate::{Result, root};

const USAGE: &str = "usage: random [--seeds FROM..TO] [--choices N] [--failures N] [--workers N] [--tally FILE] [--folder FOLDER] [--show SEED] [--no-shrink] [--worker EXECUTABLE]";

struct Arguments {
    seeds: std::ops::Range<u64>,
    choices: usize,
    /// Stops at so many failures.
    failures: usize,
    /// Testers at once, each with a process and a folder of its own.
    workers: usize,
    tally: Option<PathBuf>,
    folder: PathBuf,
    show: Option<u64>,
    shrink: bool,
    /// What runs the commands: this program, if no other is named.
    worker: PathBuf,
}

/// Runs seeds as the command line says; progress goes to standard error.
pub fn main(arguments: &[String]) -> Result {
    let arguments = parse(arguments)?;
    if let Some(seed) = arguments.show {
        eprintln!("{}", Tester::show(seed));
        return Ok(());
    }
    let tally = arguments.tally.as_deref().map_or_else(|| Ok(Tally::default()), Tally::read)?;
    let seeds = arguments.seeds.start.max(tally.next)..arguments.seeds.end;
    let mut testers = (0..arguments.workers)
        .map(|at| Tester::new(&arguments.folder.join(at.to_string()), &arguments.worker))
        .collect::<Result<Vec<_>>>()?;
    let mut batch = Batch { arguments: &arguments, tally, failures: 0, started: Instant::now() };
    let next = AtomicU64::new(seeds.start);
    let (sender, verdicts) = channel();
    std::thread::scope(|scope| {
        for tester in &mut testers {
            let (sender, next, end) = (sender.clone(), &next, seeds.end);
            let (choices, failed) = (arguments.choices, arguments.shrink.then(|| root().join("out/random")));
            scope.spawn(move || {
                let mut seed = next.fetch_add(1, Ordering::Relaxed);
                while seed < end {
                    // A tester that ends without a word would leave its seed out of the tally.
                    let check = AssertUnwindSafe(|| tester.check(seed, choices, failed.as_deref()));
                    let verdict = catch_unwind(check).unwrap_or_else(|_| Err("the tester panics".into()));
                    let verdict = verdict.map_err(|error| format!("seed {seed}: {error}"));
                    if sender.send((seed, verdict)).is_err() {
                        break;
                    }
                    seed = next.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        drop(sender);
        let done = batch.count(seeds.start, &verdicts);
        // Testers that are at work end with their seed.
        next.store(seeds.end, Ordering::Relaxed);
        done
    })?;
    if let Some(path) = &arguments.tally {
        std::fs::write(path, batch.tally.text())?;
    }
    if batch.failures > 0 { Err(format!("{} failures", batch.failures).into()) } else { Ok(()) }
}

/// What is counted while testers work.
struct Batch<'a> {
    arguments: &'a Arguments,
    tally: Tally,
    failures: usize,
    started: Instant,
}

impl Batch<'_> {
    /// Counts verdicts in the order of their seeds, so that a tally holds all seeds before its next one.
    fn count(&mut self, first: u64, verdicts: &Receiver<(u64, std::result::Result<Verdict, String>)>) -> Result {
        let (mut waiting, mut seed) = (BTreeMap::new(), first);
        for (of, verdict) in verdicts {
            waiting.insert(of, verdict?);
            while let Some(verdict) = waiting.remove(&seed) {
                self.add(seed, verdict)?;
                seed += 1;
                if self.failures >= self.arguments.failures {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, seed: u64, verdict: Verdict) -> Result {
        let tally = &mut self.tally;
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
            self.failures += 1;
        }
        if tally.programs.is_multiple_of(10) || self.failures >= self.arguments.failures {
            eprintln!(
                "{:.0} s: up to seed {seed}, {} programs, {} of them without rows, {} runs, {} failures",
                self.started.elapsed().as_secs_f64(),
                tally.programs,
                tally.empty,
                tally.runs,
                self.failures
            );
            if let Some(path) = &self.arguments.tally {
                std::fs::write(path, tally.text())?;
            }
        }
        Ok(())
    }
}

fn parse(words: &[String]) -> Result<Arguments> {
    let mut arguments = Arguments {
        seeds: 0..3000,
        choices: ALL_CHOICES,
        failures: 5,
        workers: 1,
        tally: None,
        folder: root().join("target/random"),
        show: None,
        shrink: true,
        worker: std::env::current_exe()?,
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
            "--workers" => arguments.workers = value.parse::<std::num::NonZero<usize>>()?.get(),
            "--tally" => arguments.tally = Some(PathBuf::from(value)),
            "--folder" => arguments.folder = PathBuf::from(value),
            "--worker" => arguments.worker = PathBuf::from(value),
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
            "# Random programs\n\nWritten by `cargo random -- --tally FILE`, which goes on from here.\n\n\
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
