//! The options of a run.

use crate::artifact::Target;
use crate::execute::parse_bytes;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The options of a run, for `djrun` and `djc run`.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Read table TABLE from PATH: a file, a glob such as `'logs/*.parquet'`, or a directory of Parquet files
    #[arg(long = "bind", short = 'b', value_name = "TABLE=PATH", value_parser = parse_pair)]
    pub bindings: Vec<(String, String)>,

    /// Set parameter NAME to VALUE
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub params: Vec<(String, String)>,

    /// Write export EXPORT to PATH, which ends in .parquet, .csv or .arrow; the other exports are printed
    #[arg(long = "out", short = 'o', value_name = "EXPORT=PATH", value_parser = parse_pair)]
    pub outputs: Vec<(String, String)>,

    /// How to print exports
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: TableFormat,

    /// How to tell problems
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub diagnostics: DiagnosticsFormat,

    /// The PJRT plugin to run on, instead of the installed one
    #[arg(long, value_name = "PATH")]
    pub plugin: Option<PathBuf>,

    /// Memory for states and results, such as 4GiB; the default is three quarters of the machine's
    #[arg(long, value_name = "BYTES", value_parser = parse_memory)]
    pub memory_limit: Option<u64>,

    /// Compile every program from its StableHLO, load no executable from the cache or the artifact, and keep none
    #[arg(long)]
    pub no_cache: bool,

    /// Write where the time went to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub timings: Option<PathBuf>,

    /// Run N times more with the input on the device, and time each of these
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub repeat: usize,

    /// Write a profile to FILE, which Perfetto and chrome://tracing show; every program is waited for
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,

    /// Tell what is going on
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,

    /// XLA's backend optimization level
    #[arg(long, hide = true, value_name = "0..3", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub xla_opt_level: Option<u8>,

    /// Fold every chunk into a state of its own, as another device would, and merge it
    #[arg(long, hide = true)]
    pub merge_chunks: bool,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableFormat {
    /// A table for people; of many rows the first and the last.
    #[default]
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line and row.
    Json,
}

/// How problems are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DiagnosticsFormat {
    /// With the lines of the source that they are about.
    #[default]
    Text,
    /// One JSON object per line and problem, for editors.
    Json,
}

/// Reads `NAME=VALUE`; both sides are needed.
fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

fn parse_memory(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "write a size such as 500MB or 4GiB".to_owned())
}

/// Reads a target, for an option.
///
/// # Errors
/// If it is none.
pub fn parse_target(text: &str) -> Result<Target, String> {
    Target::parse(text)
        .ok_or_else(|| "write `cpu`, `cpu:8`, `cpu:2x4`, `cuda`, or a TPU such as `tpu:v5e:2x4`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_need_a_name() {
        assert_eq!(parse_pair("t=a=b"), Ok(("t".to_owned(), "a=b".to_owned())));
        assert_eq!(parse_pair("t="), Ok(("t".to_owned(), String::new())));
        assert!(parse_pair("t").is_err() && parse_pair("=a").is_err());
    }
}
