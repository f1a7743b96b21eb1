//! A run with the options of the command line.

use super::args::RunArgs;
use super::outputs::FilesAndStdout;
use super::places;
use crate::artifact::{Manifest, Modules, Platform, Target};
use crate::execute::{Options, Request, RunError, RunReport, Session, codes, default_memory_limit, milliseconds};
use crate::kernels;
use crate::pjrt::{self, Client, ClientOptions, Plugin};
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
    manifest: &Manifest,
    modules: &dyn Modules,
    args: &RunArgs,
    base: Option<PathBuf>,
    program: &Path,
) -> Result<RunReport, RunError> {
    let started = Instant::now();
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
        progress: !args.quiet,
        notes: !args.quiet,
        verbose: args.verbose,
        profile: args.profile.is_some(),
        repeat: args.repeat,
    };
    let request = Request { bindings: args.bindings.clone(), params: args.params.clone() };
    let mut session = Session::new(client, manifest, modules, options)?;
    let mut report = session.run(&request, &mut outputs)?;
    report.plugin = plugin;
    report.total = milliseconds(started.elapsed());
    if let Some(path) = &args.timings {
        write_json(path, &report.to_json())?;
    }
    if let (Some(path), Some(profile)) = (&args.profile, session.profile()) {
        write_json(path, profile)?;
    }
    Ok(report)
}

/// Loads the plugin of a target and opens as many of its devices as the target has.
///
/// # Errors
/// If no plugin is installed, or it fails.
pub fn open_client(target: &Target, plugin: Option<&Path>) -> Result<Client, RunError> {
    let platform = match target.platform {
        Platform::Cpu => pjrt::Platform::Cpu,
        Platform::Tpu => pjrt::Platform::Tpu,
    };
    let path = pjrt::discover(platform, plugin)?;
    let plugin = Plugin::load(&path)?;
    match target.platform {
        Platform::Cpu => kernels::register(&plugin)?,
        Platform::Tpu => {}
    }
    let client = Client::new(&plugin, &ClientOptions { devices: target.replicas });
    client.map_err(|error| match (target.platform, RunError::from(error)) {
        (Platform::Tpu, RunError::Machine(mut problems)) => {
            let help = format!("the program is for {target}, which is not here; compile it with `--target cpu` too");
            problems = problems.into_iter().map(|problem| problem.help(help.clone())).collect();
            RunError::Machine(problems)
        }
        (_, error) => error,
    })
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), RunError> {
    let text = format!("{value:#}\n");
    crate::atomic::write(path, text.as_bytes()).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> RunError {
    let message = format!("cannot write `{}`: {error}", path.display());
    RunError::program(Diagnostic::error(codes::OUTPUT, message))
}
