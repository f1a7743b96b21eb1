//! The command `djrun`: an artifact on data.

use super::args::{RunArgs, parse_target};
use super::info::Info;
use super::process::report;
use super::run::run_command;
use super::terminal::without_controls;
use crate::artifact::{Artifact, ArtifactError, Target};
use crate::execute::{CompiledProgram, Exit, RunError};
use clap::Parser;
use std::ffi::OsString;
use std::io::Write;
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

    /// Tell what the program takes and gives, and what it was compiled for, instead of running it
    #[arg(long)]
    info: bool,

    /// With `--info`: as JSON
    #[arg(long, requires = "info")]
    json: bool,

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
  djrun delays.djx --info --json                          its inputs, parameters, outputs and targets

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

/// Prints what an artifact is.
fn tell(artifact: &Artifact, as_json: bool) -> Result<Exit, RunError> {
    let info = Info::of(artifact).ok_or_else(|| RunError::bug("the artifact holds no program"))?;
    let text = if as_json {
        let text = serde_json::to_string_pretty(&info).map_err(|error| RunError::bug(error.to_string()))?;
        text + "\n"
    } else {
        without_controls(info.text())
    };
    // A reader that went away is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(Exit::Done)
}

fn run(command: &Command) -> Exit {
    let diagnostics = command.run.diagnostics;
    let name = command.artifact.display().to_string();
    let refused = |error: ArtifactError| report(&RunError::from(error), "", &name, diagnostics);
    let artifact = match Artifact::open(&command.artifact) {
        Ok(artifact) => Arc::new(artifact),
        Err(error) => return refused(error),
    };
    if command.info {
        return tell(&artifact, command.json).unwrap_or_else(|error| report(&error, "", &name, diagnostics));
    }
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
