//! `djc inspect` and `djc explain`: the text of any stage, of a program or of an artifact.

use super::Failure;
use super::args::{self, Bindings, Stage, Tuning};
use super::compile::topology;
use super::costs::{Costs, table};
use super::output::print_all;
use super::program::Source;
use super::progress::Progress;
use crate::compile::{Compiled, CompiledVariant};
use crate::encode::encoded_text;
use crate::physical::{VariantText, explain_text, physical_text};
use crate::plan::plan_text;
use dj_grammar::{Diagnostic, Severity};
use dj_runtime::artifact::{Artifact, Manifest, Modules, Platform, ProgramId, Target};
use dj_runtime::cli::{report_diagnostics, without_controls};
use dj_runtime::execute::{Asks, Exit, Precompiled, ProgramCost, RunError, likely_programs, precompile_for};
use dj_runtime::pjrt::CompileOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

/// Prints a stage.
pub(super) fn inspect(args: &args::Inspect) -> Exit {
    let text = if is_artifact(&args.file) {
        of_artifact(&args.file, args.stage, args.target.as_ref())
    } else {
        of_program(args)
    };
    finish(text, args.bindings.diagnostics)
}

/// Prints what was chosen and why.
pub(super) fn explain(args: &args::Explain) -> Exit {
    let text = if is_artifact(&args.file) { explained_before(args) } else { explained(args) };
    finish(text.map(|text| vec![text]), args.bindings.diagnostics)
}

/// The choices that were made when an artifact was compiled.
fn explained_before(args: &args::Explain) -> Result<String, Failure> {
    if !args.tuning.rows.is_empty() || !args.targets.is_empty() {
        // There is nobody left to tell if this fails.
        let _ = writeln!(
            std::io::stderr(),
            "note: an artifact is planned already, so `--rows` and `--target` change nothing"
        );
    }
    open(&args.file).map(|artifact| artifact.plan("explain").unwrap_or_default().into_owned())
}

/// The choices for a target, and for a TPU what its compiler tells; or a comparison of several targets.
fn explained(args: &args::Explain) -> Result<String, Failure> {
    let source = Source::read(&args.file)?;
    let compiled = |target| {
        let Bindings { bindings, diagnostics } = &args.bindings;
        source.compile(bindings, target, &args.tuning, *diagnostics)
    };
    let mut progress = Progress::new(args.quiet);
    if args.targets.len() < 2 {
        let compiled = compiled(args.targets.first())?;
        let text = explanation(&compiled);
        if compiled.manifest.target.platform != Platform::Tpu {
            return Ok(text);
        }
        return match costs_of(args, &compiled, &mut progress) {
            Ok(programs) => Ok(format!("{text}\n{}", Costs::new(&compiled, &programs).report())),
            // The choices are known without its compiler, and may say why a program is too large.
            Err(RunError::Machine(problems)) if args.plugin.is_none() => {
                let warning = |problem: &Diagnostic| {
                    let message = format!("what programs take is not known: {}", problem.message);
                    problem.help.iter().cloned().fold(Diagnostic::warning(problem.code, message), Diagnostic::help)
                };
                let warnings: Vec<_> = problems.iter().map(warning).collect();
                report_diagnostics(&warnings, &source.text, &source.name, args.bindings.diagnostics);
                Ok(text)
            }
            Err(error) => Err(source.failure(error)),
        };
    }
    let mut rows = Vec::new();
    for target in &args.targets {
        if target.platform != Platform::Tpu {
            rows.push((target.to_string(), Err("its compiler does not tell what programs take".to_owned())));
            continue;
        }
        let compiled = compiled(Some(target))?;
        let row = match costs_of(args, &compiled, &mut progress) {
            Ok(programs) => {
                let costs = Costs::new(&compiled, &programs);
                let totals = costs.totals();
                Ok((totals, costs.memory_text(totals.memory)))
            }
            // Other targets may have room for it.
            Err(RunError::Machine(problems)) => {
                let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
                Err(messages.join("; "))
            }
            Err(error) => return Err(source.failure(error)),
        };
        rows.push((target.to_string(), row));
    }
    Ok(table(&rows))
}

/// What the likely programs take on the devices of a TPU target.
fn costs_of(
    args: &args::Explain,
    compiled: &Compiled,
    progress: &mut Progress,
) -> Result<Vec<(ProgramId, ProgramCost)>, RunError> {
    let manifest = &compiled.manifest;
    let mut ids = likely_programs(manifest);
    ids.sort_unstable();
    progress.begin(manifest, ids.len());
    let tell = |program: Precompiled| progress.tell(program);
    let topology = topology(manifest, args.plugin.as_deref())?;
    let options = CompileOptions::replicated(manifest.target.replicas);
    let asks = Asks { cache: !args.no_cache, costs: true };
    let programs = precompile_for(&topology, manifest, compiled, &ids, &options, asks, &tell)?;
    let asked = |cost: Option<ProgramCost>| cost.ok_or_else(|| RunError::bug("a cost was asked for, and is not there"));
    programs.into_iter().map(|(program, cost)| Ok((program.id, asked(cost)?))).collect()
}

fn finish(text: Result<Vec<String>, Failure>, format: dj_runtime::cli::DiagnosticsFormat) -> Exit {
    match text {
        Ok(pieces) => print_all(pieces.into_iter().map(without_controls)),
        Err(failure) => failure.report(format),
    }
}

/// Whether a file is an artifact: its name says so, or it begins like a zip.
fn is_artifact(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    path.extension().is_some_and(|extension| extension == "djx") || (read.is_ok() && start == *b"PK\x03\x04")
}

fn open(path: &Path) -> Result<Artifact, Failure> {
    Artifact::open(path).map_err(Failure::without_source)
}

/// The text of a stage; StableHLO comes in pieces, so that megabytes of it are not copied.
fn of_artifact(path: &Path, stage: Stage, target: Option<&Target>) -> Result<Vec<String>, Failure> {
    let artifact = Arc::new(open(path)?);
    let kept = |name: &str| vec![artifact.plan(name).unwrap_or_default().into_owned()];
    Ok(match stage {
        Stage::Ast => kept("ast"),
        Stage::Plan => kept("plan"),
        Stage::Optimized => kept("optimized"),
        Stage::Encoded => kept("encoded"),
        Stage::Physical => kept("physical"),
        Stage::Manifest => vec![manifest_text(artifact.program(target).map_err(Failure::without_source)?.0)?],
        Stage::Stablehlo => {
            let (_, modules) = artifact.program(target).map_err(Failure::without_source)?;
            let module = |id| Ok(titled(id, modules.module(id).map_err(Failure::without_source)?.into_owned()));
            modules.ids().map(module).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
    })
}

fn titled(id: ProgramId, module: String) -> [String; 3] {
    [format!("// {id}\n"), module, "\n".to_owned()]
}

/// As [`of_artifact`]. Early stages need no more of the compiler than themselves, so they can be seen where later ones fail.
fn of_program(args: &args::Inspect) -> Result<Vec<String>, Failure> {
    if args.stage == Stage::Ast {
        let source = Source::read(&args.file)?;
        let (file, diagnostics) = dj_grammar::parse(&source.text);
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(source.failure(RunError::Program(diagnostics)));
        }
        return Ok(vec![dj_grammar::dump(&file, &source.text)]);
    }
    if args.stage == Stage::Plan {
        let source = Source::read(&args.file)?;
        let program = source.analyze(&args.bindings.bindings, args.bindings.diagnostics)?;
        return Ok(vec![plan_text(&program, &source.text)]);
    }
    let compiled = compiled(&args.file, &args.bindings, args.target.as_ref(), &args.tuning)?;
    Ok(match args.stage {
        Stage::Ast => vec![ast(&compiled)],
        Stage::Plan => vec![plan(&compiled)],
        Stage::Optimized => vec![optimized(&compiled)],
        Stage::Encoded => vec![encoded(&compiled)],
        Stage::Physical => vec![physical(&compiled)],
        Stage::Manifest => vec![manifest_text(&compiled.manifest)?],
        Stage::Stablehlo => {
            let modules =
                compiled.module_texts().map_err(|error| Failure::without_source(RunError::bug(error.to_string())))?;
            modules.into_iter().flat_map(|(id, text)| titled(id, text)).collect()
        }
    })
}

fn compiled(
    path: &Path,
    bindings: &args::Bindings,
    target: Option<&Target>,
    tuning: &Tuning,
) -> Result<Compiled, Failure> {
    Source::read(path)?.compile(&bindings.bindings, target, tuning, bindings.diagnostics)
}

fn manifest_text(manifest: &Manifest) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(manifest);
    text.map(|text| text + "\n").map_err(|error| Failure::without_source(RunError::bug(error.to_string())))
}

/// The syntax tree.
pub(super) fn ast(compiled: &Compiled) -> String {
    dj_grammar::dump(&compiled.ast, compiled.source())
}

/// The plan.
pub(super) fn plan(compiled: &Compiled) -> String {
    plan_text(&compiled.plan, compiled.source())
}

/// The plan after optimization.
pub(super) fn optimized(compiled: &Compiled) -> String {
    plan_text(&compiled.optimized, compiled.source())
}

/// The plan without text, and the dictionaries: those of the first variant, since the variants differ in sizes alone.
pub(super) fn encoded(compiled: &Compiled) -> String {
    encoded_text(&compiled.variants[0].encoded, compiled.source())
}

/// The stages of every variant.
pub(super) fn physical(compiled: &Compiled) -> String {
    variants(compiled, |variant, _| physical_text(variant))
}

/// The plan with how many rows are expected, and the choices of every variant.
pub(super) fn explanation(compiled: &Compiled) -> String {
    let choices = variants(compiled, |variant, index| explain_text(variant, &compiled.manifest, index));
    format!("{}\n{choices}", compiled.estimated)
}

fn variants(compiled: &Compiled, text: impl Fn(&VariantText<'_>, usize) -> String) -> String {
    let several = compiled.variants.len() > 1;
    let one = |(index, variant): (usize, &CompiledVariant)| {
        let is_last = index + 1 == compiled.variants.len();
        let relies_on = match compiled.manifest.variants[index].assumptions.is_empty() {
            false => "recorded statistics",
            true if is_last => "types and declarations only",
            true => "dictionaries that stay small",
        };
        let head = if several { format!("variant {index} (relies on {relies_on})\n\n") } else { String::new() };
        let variant = VariantText { variant: &variant.physical, encoded: &variant.encoded, source: compiled.source() };
        head + &text(&variant, index)
    };
    compiled.variants.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")
}
