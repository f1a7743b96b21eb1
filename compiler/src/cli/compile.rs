//! `djc compile`: a program to an artifact.

use super::program::Source;
use super::progress::Progress;
use super::{Failure, args};
use crate::compile::Compiled;
use dj_grammar::Diagnostic;
use dj_runtime::artifact::{Contents, Executable, Manifest, Platform, ProgramContents, Target, store};
use dj_runtime::cli::{clash, inputs, is_same_file, load_plugin, open_client, report_diagnostics};
use dj_runtime::execute::{Asks, Exit, Precompiled, RunError, codes, likely_programs, precompile, precompile_for};
use dj_runtime::pjrt::{self, CompileOptions, Topology};
use std::collections::BTreeMap;
use std::path::Path;

/// Compiles a program for its targets and writes the artifact.
pub(super) fn compile(args: &args::Compile) -> Exit {
    let format = args.bindings.diagnostics;
    match artifact(args).and_then(|contents| write(args, &contents)) {
        Ok(()) => Exit::Done,
        Err(failure) => failure.report(format),
    }
}

fn artifact(args: &args::Compile) -> Result<Contents, Failure> {
    let source = Source::read(&args.file)?;
    if is_same_file(&args.out, &args.file) {
        return Err(source.failure(overwrites(args, "the program")));
    }
    let mut contents = Contents { source: source.text.clone(), ..Contents::default() };
    let mut progress = Progress::new(args.quiet);
    let mut targets: Vec<_> = args.targets.iter().map(Some).collect();
    if targets.is_empty() {
        targets.push(None);
    }
    for (index, target) in targets.iter().enumerate() {
        if targets[..index].contains(target) {
            continue;
        }
        let compiled = source.compile(&args.bindings.bindings, *target, &args.tuning, args.bindings.diagnostics)?;
        let modules = compiled.module_texts().map_err(|error| source.failure(RunError::bug(error.to_string())))?;
        if index == 0 {
            contents.plans = plans(&compiled);
            let data = inputs(&compiled.manifest, &args.bindings.bindings, &source.base);
            if let Some((table, _)) = data.iter().find(|(_, path)| is_same_file(&args.out, path)) {
                return Err(source.failure(overwrites(args, table)));
            }
        }
        let executables =
            if args.no_executables { vec![] } else { executables(args, &source, &compiled, &mut progress)? };
        let manifest = compiled.manifest.clone();
        contents.programs.push(ProgramContents { manifest, modules, executables });
    }
    if let Some(path) = &args.timings {
        progress.write(path).map_err(|error| source.failure(error))?;
    }
    Ok(contents)
}

/// That the artifact would be written over what the program is made of.
fn overwrites(args: &args::Compile, whose: &str) -> RunError {
    RunError::usage(clash("the artifact", &args.out, whose).help("name another file, which ends in `.djx`"))
}

fn write(args: &args::Compile, contents: &Contents) -> Result<(), Failure> {
    store::write(&args.out, contents).map_err(Failure::without_source)
}

/// Executables of the programs that the bound files select; none, and a warning, where the target's plugin is missing.
fn executables(
    args: &args::Compile,
    source: &Source,
    compiled: &Compiled,
    progress: &mut Progress,
) -> Result<Vec<Executable>, Failure> {
    let manifest = &compiled.manifest;
    if let Err(error) = pjrt::discover(manifest.target.platform, args.plugin.as_deref()) {
        if args.plugin.is_some() {
            return Err(source.failure(RunError::from(error)));
        }
        warn_of_none(args, source, &manifest.target, &error.to_string());
        return Ok(vec![]);
    }
    let options = CompileOptions {
        optimization_level: args.xla_opt_level,
        ..CompileOptions::replicated(manifest.target.replicas)
    };
    let mut ids = likely_programs(manifest);
    ids.sort_unstable();
    progress.begin(manifest, ids.len());
    let tell = |program: Precompiled| progress.tell(program);
    let built = match manifest.target.platform {
        Platform::Cpu | Platform::Cuda => match open_client(&manifest.target, args.plugin.as_deref()) {
            // Only where there is a GPU programs are compiled for it.
            Err(RunError::Machine(problems)) if manifest.target.platform == Platform::Cuda => {
                let messages: Vec<_> = problems.into_iter().map(|problem| problem.message).collect();
                warn_of_none(args, source, &manifest.target, &messages.join("; "));
                Ok(vec![])
            }
            client => client.and_then(|client| precompile(&client, manifest, compiled, &ids, &options, &tell)),
        },
        Platform::Tpu => topology(manifest, args.plugin.as_deref()).and_then(|topology| {
            let asks = Asks { cache: !args.no_cache, costs: false };
            let all = precompile_for(&topology, manifest, compiled, &ids, &options, asks, &tell)?;
            Ok(all.into_iter().map(|(executable, _)| executable).collect())
        }),
    };
    built.map_err(|error| source.failure(error))
}

fn warn_of_none(args: &args::Compile, source: &Source, target: &Target, why: &str) {
    let message = format!("no executables for {target}: {why}");
    let warning = Diagnostic::warning(codes::DEVICE, message);
    report_diagnostics(&[warning], &source.text, &source.name, args.bindings.diagnostics);
}

/// The devices of a TPU target, which need not be here.
pub(super) fn topology(manifest: &Manifest, plugin: Option<&Path>) -> Result<Topology, RunError> {
    Ok(Topology::new(&load_plugin(Platform::Tpu, plugin)?, &manifest.target.topology)?)
}

/// The text of every stage that an artifact keeps.
fn plans(compiled: &Compiled) -> BTreeMap<String, String> {
    use super::inspect::{ast, encoded, explanation, optimized, physical, plan};
    let texts = [
        ("ast", ast(compiled)),
        ("plan", plan(compiled)),
        ("optimized", optimized(compiled)),
        ("encoded", encoded(compiled)),
        ("physical", physical(compiled)),
        ("explain", explanation(compiled)),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}
