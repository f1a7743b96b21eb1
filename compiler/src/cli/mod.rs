//! `djc`: the compiler's commands, one file each.
//!
//! Results go to stdout, everything else to stderr; the exit codes are those of [`Exit`]. This is the only part of the
//! compiler that reads and writes files.

mod args;
mod catalog;
mod check;
mod chips;
mod compile;
mod costs;
mod doctor;
mod fmt;
mod inspect;
mod output;
mod program;
mod progress;
mod run;
mod schema;

use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use dj_runtime::cli::{ask_for_huge_pages, guard, report};
use dj_runtime::execute::{Exit, RunError};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Only what runs a program needs much memory.
    if std::env::args_os().nth(1).is_some_and(|command| command == "run") {
        ask_for_huge_pages();
    }
    guard(|| djc(std::env::args_os()))
}

/// Runs `djc` with these arguments, the first of which is the program's own name.
///
/// Several calls of one process share its plugin.
pub fn djc(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => command(cli.command),
        Err(error) => {
            // A reader that went away is no error.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked { Exit::Done } else { Exit::Usage }
        }
    }
}

fn command(command: Command) -> Exit {
    match command {
        Command::Check(args) => check::check(&args),
        Command::Fmt(args) => fmt::fmt(&args),
        Command::Run(args) => run::run(&args),
        Command::Compile(args) => compile::compile(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Explain(args) => inspect::explain(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Doctor(args) => doctor::doctor(&args),
    }
}

/// What went wrong, and the source that its places are of.
struct Failure {
    error: RunError,
    source: String,
    name: String,
}

impl Failure {
    /// A problem that is about no source.
    fn without_source(error: impl Into<RunError>) -> Self {
        Self { error: error.into(), source: String::new(), name: String::new() }
    }

    /// Tells the user.
    fn report(&self, format: dj_runtime::cli::DiagnosticsFormat) -> Exit {
        report(&self.error, &self.source, &self.name, format)
    }
}
