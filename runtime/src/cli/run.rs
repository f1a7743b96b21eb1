//! A run with the options of the command line.

use super::args::RunArgs;
use super::outputs::FilesAndStdout;
use super::places;
use super::plugins::load_plugin;
use super::terminal::Terminal;
use crate::artifact::Target;
use crate::execute;
use crate::execute::{
    CompiledProgram, Options, Request, RunError, RunReport, Session, TableInput, Value, codes, default_memory_limit,
    milliseconds,
};
use crate::pjrt::Client;
use dj_grammar::Diagnostic;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs a program and writes or prints its exports, as `djrun` and `djc run` do.
///
/// The default bindings of tables are relative to `base`, or else to the working directory. `program` is the file that
/// names them, which no output may replace.
///
/// # Errors
/// If names or values do not fit the program, the data breaks it, or the machine fails.
pub fn run_command(
    compiled: CompiledProgram,
    args: &RunArgs,
    base: Option<PathBuf>,
    program: &Path,
) -> Result<RunReport, RunError> {
    let started = Instant::now();
    let manifest = compiled.manifest();
    places::check(manifest, args, base.as_deref().unwrap_or(Path::new("")), program)?;
    for path in args.timings.iter().chain(&args.profile) {
        // A run may be long: what cannot be written in the end should not begin.
        crate::atomic::check(path).map_err(|error| unwritable(path, &error))?;
    }
    let mut outputs = FilesAndStdout::new(manifest, &args.outputs, args.format)?;
    let opening = Instant::now();
    let client = open_client(&manifest.target, args.plugin.as_deref())?;
    let plugin = milliseconds(opening.elapsed());
    let options = Options {
        memory_limit: args.memory_limit.unwrap_or_else(default_memory_limit),
        use_cache: !args.no_cache,
        use_packaged: !args.no_cache,
        optimization_level: args.xla_opt_level,
        base,
        profile: args.profile.is_some(),
        repeat: args.repeat,
        merge_chunks: args.merge_chunks,
    };
    let tables = args.bindings.iter().map(|(table, path)| (table.clone(), TableInput::Files(path.clone())));
    let params = args.params.iter().map(|(name, text)| (name.clone(), Value::Parsed(text.clone())));
    let request = Request { tables: tables.collect(), params: params.collect() };
    let session = Session::new(client, compiled, options)?;
    let mut report = session.run(&request, &mut outputs, &Terminal::new(args.quiet, args.verbose))?;
    report.plugin = plugin;
    report.total = milliseconds(started.elapsed());
    if let Some(path) = &args.timings {
        write_json(path, &report.to_json())?;
    }
    if let (Some(path), Some(profile)) = (&args.profile, &report.profile) {
        write_json(path, profile)?;
    }
    Ok(report)
}

/// Loads the plugin of a target and opens as many of its devices as the target has, as [`execute::open_client`], in an
/// environment that keeps plugins quiet.
///
/// # Errors
/// If no plugin is installed, or it fails.
pub fn open_client(target: &Target, plugin: Option<&Path>) -> Result<Client, RunError> {
    // Once it is loaded it stays, and so does the environment.
    load_plugin(target.platform, plugin)?;
    execute::open_client(target, plugin)
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), RunError> {
    let text = format!("{value:#}\n");
    crate::atomic::write(path, text.as_bytes()).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> RunError {
    let message = format!("cannot write `{}`: {error}", path.display());
    RunError::program(Diagnostic::error(codes::OUTPUT, message))
}
