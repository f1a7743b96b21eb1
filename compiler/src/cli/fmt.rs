//! `djc fmt`: programs in their canonical layout.

use super::args;
use super::output::print;
use super::program::{Source, unreadable};
use super::{Failure, program};
use dj_grammar::Diagnostic;
use dj_runtime::cli::report_diagnostics;
use dj_runtime::execute::{Exit, RunError};
use dj_runtime::io::IoErrorKind;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Formats programs, or says which are not formatted.
pub(super) fn fmt(args: &args::Fmt) -> Exit {
    let mut exit = Exit::Done;
    for path in &args.files {
        let done = if path.as_os_str() == "-" { stdin(args) } else { file(path, args) };
        match done {
            Ok(Exit::Done) => {}
            Ok(other) => exit = other,
            Err(failure) => exit = failure.report(args.diagnostics),
        }
    }
    exit
}

fn file(path: &Path, args: &args::Fmt) -> Result<Exit, Failure> {
    let source = Source::read(path)?;
    let formatted = formatted(&source)?;
    if formatted == source.text {
        return Ok(Exit::Done);
    }
    if args.check {
        let _ = writeln!(std::io::stderr(), "{} is not formatted", source.name);
        return Ok(Exit::Program);
    }
    write(path, &formatted)?;
    Ok(Exit::Done)
}

fn stdin(args: &args::Fmt) -> Result<Exit, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().read_to_end(&mut bytes);
    read.map_err(|error| Failure::without_source(unreadable("stdin", &error)))?;
    let text =
        dj_grammar::decode(&bytes).map_err(|diagnostic| Failure::without_source(RunError::program(diagnostic)))?;
    let source = program::Source { text: text.to_owned(), name: "stdin".to_owned(), base: PathBuf::new() };
    let formatted = formatted(&source)?;
    if args.check && formatted != source.text {
        report_diagnostics(&[], "", "", args.diagnostics);
        let _ = writeln!(std::io::stderr(), "stdin is not formatted");
        return Ok(Exit::Program);
    }
    Ok(if args.check { Exit::Done } else { print(&formatted) })
}

fn formatted(source: &Source) -> Result<String, Failure> {
    dj_grammar::format(&source.text).map_err(|diagnostics| source.failure(RunError::Program(diagnostics)))
}

/// Replaces a file as a whole.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    dj_runtime::atomic::write(path, text.as_bytes()).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        Failure::without_source(RunError::program(Diagnostic::error(IoErrorKind::Unwritable.code(), message)))
    })
}
