//! `djc run`: a program compiled and run at once.

use super::program::Source;
use super::{Failure, args};
use dj_grammar::Diagnostic;
use dj_runtime::artifact::Platform;
use dj_runtime::cli::run_command;
use dj_runtime::execute::{CompiledProgram, Exit, RunError, codes};

/// Compiles a program and runs it.
pub(super) fn run(args: &args::Run) -> Exit {
    match compile_and_run(args) {
        Ok(()) => Exit::Done,
        Err(failure) => failure.report(args.run.diagnostics),
    }
}

fn compile_and_run(args: &args::Run) -> Result<(), Failure> {
    let source = Source::read(&args.file)?;
    if let Some(target) = args.target.as_ref().filter(|target| target.platform != Platform::Cpu)
        && dj_runtime::pjrt::discover(target.platform, args.run.plugin.as_deref()).is_err()
    {
        let message = format!("there is no plugin to run on {target}");
        let help = "to compile for it without running, use `djc compile --target`";
        return Err(source.failure(RunError::usage(Diagnostic::error(codes::DEVICES, message).help(help))));
    }
    let compiled = source.compile(&args.run.bindings, args.target.as_ref(), &args.tuning, args.run.diagnostics)?;
    let base = Some(source.base.clone());
    let program = CompiledProgram::new(compiled.manifest.clone(), compiled);
    run_command(program, &args.run, base, &args.file).map_err(|error| source.failure(error))?;
    Ok(())
}
