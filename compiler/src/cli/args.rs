//! The commands and their options.

use crate::physical::Choice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use dj_runtime::artifact::{MAX_CHUNK_ROWS, Target};
use dj_runtime::cli::{DiagnosticsFormat, RunArgs, parse_target};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  djc check trips.dj                                   find all mistakes
  djc run trips.dj                                     compile and run, print the results
  djc run trips.dj --bind trips=jan.parquet --out result=jan.csv
  djc compile trips.dj -o trips.djx                    compile once ...
  djrun trips.djx --bind trips=feb.parquet             ... run on other data
  djc explain trips.dj                                 which strategies, and why
  djc schema jan.parquet                               a `table` block for a data file

A program is a list of tables and pipelines:
  table trips from \"jan.parquet\"
  trips | group vendor { rides = count(), fare = mean(fare) } | sort -rides | take 10";

/// Compiles dataframe pipelines ahead of time to XLA
#[derive(Debug, Parser)]
#[command(name = "djc", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 120)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find all mistakes of programs
    Check(Check),
    /// Write programs in their one canonical layout
    Fmt(Fmt),
    /// Compile a program and run it
    Run(Box<Run>),
    /// Compile a program to an artifact, which `djrun` runs
    Compile(Compile),
    /// Show what a stage of compilation makes of a program
    Inspect(Inspect),
    /// Show how a program will run, and why so
    Explain(Explain),
    /// Write a `table` block for data files
    Schema(Schema),
    /// Say what is installed, what is missing and how to get it
    Doctor(Doctor),
}

/// Which files tables are bound to.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Bindings {
    /// Take the schema and the statistics of table TABLE from PATH: a file, a glob, or a directory of Parquet files
    #[arg(long = "bind", short = 'b', value_name = "TABLE=PATH", value_parser = parse_binding)]
    pub(super) bindings: Vec<(String, String)>,

    /// How to tell problems
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) diagnostics: DiagnosticsFormat,
}

/// How to compile.
#[derive(Debug, Clone, Args)]
pub(super) struct Tuning {
    /// Rows of a chunk at most
    #[arg(long, hide = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MAX_CHUNK_ROWS as u64))]
    pub(super) chunk_rows: Option<u64>,

    /// Leave the plan as it is written
    #[arg(long, hide = true)]
    pub(super) no_optimize: bool,

    /// Call no native kernels
    #[arg(long, hide = true)]
    pub(super) no_kernels: bool,

    /// Check what every stage gives
    #[arg(long, hide = true)]
    pub(super) verify: bool,

    /// Plan for a table of so many rows, whatever its files hold: `--rows trips=1e9`
    #[arg(long = "rows", value_name = "TABLE=ROWS", value_parser = parse_rows)]
    pub(super) rows: Vec<(String, u64)>,

    /// Take a strategy wherever it can be taken, whatever it costs; of several for one operator the last counts
    #[arg(long = "strategy", value_name = "OPERATOR=STRATEGY", value_parser = choices())]
    pub(super) strategies: Vec<Choice>,
}

fn choices() -> impl TypedValueParser<Value = Choice> {
    let named = |name: String| Choice::ALL.into_iter().find(|choice| choice.name() == name);
    PossibleValuesParser::new(Choice::ALL.map(Choice::name))
        .map(move |name| named(name).unwrap_or_else(|| unreachable!("clap accepts possible values only")))
}

/// `djc check`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  djc check trips.dj\n  djc check --diagnostics json *.dj")]
pub(super) struct Check {
    /// The programs
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) bindings: Bindings,
}

/// `djc fmt`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  djc fmt trips.dj\n  djc fmt --check *.dj\n  djc fmt - < trips.dj")]
pub(super) struct Fmt {
    /// The programs; `-` formats stdin to stdout
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Change nothing; fail if something would change
    #[arg(long)]
    pub(super) check: bool,

    /// How to tell problems
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) diagnostics: DiagnosticsFormat,
}

/// `djc run`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  djc run trips.dj\n  djc run trips.dj --bind trips='2024-*.parquet' --param min_fare=2.50 \
                        --out by_hour=hours.csv\n  djc run trips.dj --format json | head"
)]
pub(super) struct Run {
    /// The program
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// What to run on: `cpu`, several CPU devices such as `cpu:8`, a mesh of them such as `cpu:2x4`, or `cuda` [default: the mesh that
    /// the program declares, or `cpu`]
    #[arg(long, value_name = "TARGET", value_parser = parse_target)]
    pub(super) target: Option<Target>,

    #[command(flatten)]
    pub(super) run: RunArgs,

    #[command(flatten)]
    pub(super) tuning: Tuning,
}

/// `djc compile`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  djc compile trips.dj -o trips.djx --bind trips=jan.parquet\n  djc compile trips.dj -o \
                        trips.djx --target cpu --target tpu:v5e:2x4\n\nThe bound files tell schemas and statistics; the \
                        artifact runs on any files with the same columns."
)]
pub(super) struct Compile {
    /// The program
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Where to write the artifact
    #[arg(long = "out", short = 'o', value_name = "OUT.djx")]
    pub(super) out: PathBuf,

    /// What to compile for: `cpu`, `cpu:8`, `cpu:2x4`, `tpu:v5e:2x4`, `cuda`; may be given several times [default: the mesh that the
    /// program declares, or `cpu`]
    #[arg(long = "target", value_name = "TARGET", value_parser = parse_target)]
    pub(super) targets: Vec<Target>,

    /// Leave out executables: the artifact is smaller, and compiles its modules when it is first run
    #[arg(long)]
    pub(super) no_executables: bool,

    /// The plugin to compile executables with, instead of the one that is found
    #[arg(long, value_name = "PATH")]
    pub(super) plugin: Option<PathBuf>,

    /// Compile all programs anew: neither use nor fill the cache of executables for devices that are elsewhere
    #[arg(long)]
    pub(super) no_cache: bool,

    /// Write how long each program took to compile to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) timings: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// XLA's backend optimization level of the executables
    #[arg(long, hide = true, value_name = "0..3", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(super) xla_opt_level: Option<u8>,

    #[command(flatten)]
    pub(super) bindings: Bindings,

    #[command(flatten)]
    pub(super) tuning: Tuning,
}

/// `djc inspect`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  djc inspect trips.dj --stage optimized\n  djc inspect trips.djx --stage manifest")]
pub(super) struct Inspect {
    /// The program or the artifact
    #[arg(value_name = "FILE|ARTIFACT")]
    pub(super) file: PathBuf,

    /// Which stage
    #[arg(long, value_enum, default_value_t, value_name = "STAGE")]
    pub(super) stage: Stage,

    /// What to compile for
    #[arg(long, value_name = "TARGET", value_parser = parse_target)]
    pub(super) target: Option<Target>,

    #[command(flatten)]
    pub(super) bindings: Bindings,

    #[command(flatten)]
    pub(super) tuning: Tuning,
}

/// A stage of compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Stage {
    /// The syntax tree
    Ast,
    /// The typed relational plan
    #[default]
    Plan,
    /// The plan after optimization
    Optimized,
    /// The plan without text: codes, dictionaries and tables over them
    Encoded,
    /// Stages, strategies and capacities
    Physical,
    /// The programs
    Stablehlo,
    /// What the runtime is told
    Manifest,
}

/// `djc explain`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  djc explain trips.dj --bind trips=jan.parquet\n  djc explain trips.djx")]
pub(super) struct Explain {
    /// The program or the artifact
    #[arg(value_name = "FILE|ARTIFACT")]
    pub(super) file: PathBuf,

    /// What to compile for; for a TPU its compiler tells what every program takes, and several are compared
    #[arg(long = "target", value_name = "TARGET", value_parser = parse_target)]
    pub(super) targets: Vec<Target>,

    /// The plugin to compile with, instead of the one that is found
    #[arg(long, value_name = "PATH")]
    pub(super) plugin: Option<PathBuf>,

    /// Compile all programs anew: neither use nor fill the cache of executables for devices that are elsewhere
    #[arg(long)]
    pub(super) no_cache: bool,

    /// Show no progress
    #[arg(long, short)]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) bindings: Bindings,

    #[command(flatten)]
    pub(super) tuning: Tuning,
}

/// `djc schema`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  djc schema jan.parquet\n  djc schema 'logs/*.csv' zones.csv > tables.dj")]
pub(super) struct Schema {
    /// Files, globs or directories of Parquet files
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<String>,

    /// How to tell problems
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) diagnostics: DiagnosticsFormat,
}

/// `djc doctor`
#[derive(Debug, Args)]
pub(super) struct Doctor {}

/// Reads `TABLE=ROWS`, a whole number such as `1e9` or `1_000_000`.
fn parse_rows(text: &str) -> Result<(String, u64), String> {
    let wrong = || format!("`{text}` is not TABLE=ROWS, such as `trips=1e9`");
    let (table, rows) = text.split_once('=').filter(|(table, _)| !table.trim().is_empty()).ok_or_else(wrong)?;
    let rows: f64 = rows.trim().replace('_', "").parse().map_err(|_| wrong())?;
    // Beyond 2^53 a float is no exact number of rows, and no machine has so many.
    let is_count = rows.fract() == 0.0 && (0.0..=9e15).contains(&rows);
    if is_count { Ok((table.trim().to_owned(), rows as u64)) } else { Err(wrong()) }
}

/// Reads `TABLE=PATH`; both sides are needed.
fn parse_binding(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((table, path)) if !table.trim().is_empty() && !path.is_empty() => {
            Ok((table.trim().to_owned(), path.to_owned()))
        }
        Some(_) | None => Err(format!("`{text}` is not TABLE=PATH")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }
}
