//! `djc check`: the problems of programs, all of them.

use super::args;
use super::catalog::Files;
use super::program::Source;
use crate::analyze::analyze;
use dj_grammar::{Diagnostic, Severity};
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
        let diagnostics = problems(&source, &args.bindings.bindings);
        report_diagnostics(&diagnostics, &source.text, &source.name, format);
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            exit = Exit::Program;
        }
    }
    exit
}

/// Syntax errors, or else what analysis finds: a statement that cannot be read would only look undefined.
fn problems(source: &Source, bindings: &[(String, String)]) -> Vec<Diagnostic> {
    let (file, syntax) = dj_grammar::parse(&source.text);
    if syntax.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return syntax;
    }
    let files = Files::new(bindings, &source.base);
    let (_, found) = analyze(&file, &source.text, &files);
    syntax.into_iter().chain(found).collect()
}
