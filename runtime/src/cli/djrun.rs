//! The command `djrun`: an artifact on data.

use super::args::{RunArgs, parse_target};
use super::process::report;
use super::run::run_command;
use crate::artifact::{Artifact, ArtifactError, Target};
use crate::execute::{CompiledProgram, Exit, RunError};
use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Run a compiled DJ program on data
#[derive(Debug, Parser)]
#[command(name = "djrun", version, after_help = EXAMPLES)]
struct Command {
    /// The program: what `djc compile PROGRAM.dj -o ARTIFACT` wrote
    artifact: PathBuf,

    /// The target to run, where the artifact was compiled for several
    #[arg(long, value_parser = parse_target)]
    target: Option<Target>,

    #[command(flatten)]
    run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  djrun delays.djx                                        on the files that the program names
  djrun delays.djx --bind flights=feb.parquet             on another file
  djrun delays.djx --bind flights='2024/*.parquet' --out by_hour=hours.parquet
  djrun delays.djx --param least=30 --format csv | head
  djrun delays.djx --repeat 10 --timings timings.json     how long it takes, and why

Exit codes: 0 done, 1 the program or the data is wrong, 2 wrong usage, 3 the plugin or the machine
failed, 70 a bug in DJ.";

/// Runs `djrun` with these arguments, the first of which is the program's own name.
///
/// Several calls of one process share its plugin.
pub fn djrun(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    match Command::try_parse_from(arguments) {
        Ok(command) => run(&command),
        Err(error) => {
            // Help on a closed pipe has nobody to tell.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}

fn run(command: &Command) -> Exit {
    let diagnostics = command.run.diagnostics;
    let name = command.artifact.display().to_string();
    let refused = |error: ArtifactError| report(&RunError::from(error), "", &name, diagnostics);
    let artifact = match Artifact::open(&command.artifact) {
        Ok(artifact) => Arc::new(artifact),
        Err(error) => return refused(error),
    };
    let program = match CompiledProgram::of(&artifact, command.target.as_ref()) {
        Ok(program) => program,
        Err(error) => return refused(error),
    };
    let source_name = program.manifest().source_name.clone();
    match run_command(program, &command.run, None, &command.artifact) {
        Ok(_) => Exit::Done,
        Err(error) => report(&error, artifact.source(), &source_name, diagnostics),
    }
}
