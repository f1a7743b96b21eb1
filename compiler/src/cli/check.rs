//! `djc check`: the problems of programs, all of them.

use super::args;
use super::program::Source;
use dj_grammar::Severity;
use dj_runtime::cli::report_diagnostics;
use dj_runtime::execute::Exit;

/// Checks programs.
pub(super) fn check(args: &args::Check) -> Exit {
    let format = args.bindings.diagnostics;
    let mut exit = Exit::Done;
    for path in &args.files {
        let source = match Source::read(path) {
            Ok(source) => source,
            Err(failure) => {
                exit = failure.report(format);
                continue;
            }
        };
        if let Err(failure) = source.check_bindings(&args.bindings.bindings) {
            return failure.report(format);
        }
        let (_, diagnostics) = source.check(&args.bindings.bindings);
        report_diagnostics(&diagnostics, &source.text, &source.name, format);
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            exit = Exit::Program;
        }
    }
    exit
}
