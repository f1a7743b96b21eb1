//! How a command ends: problems on stderr, and an exit code.

use super::args::DiagnosticsFormat;
use crate::execute::{Exit, RunError};
use dj_grammar::Diagnostic;
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Plans nest as deep as pipelines are long, and what walks them recurses.
const STACK: usize = 1 << 30;

/// Runs a command's body, on a stack for long programs; a panic becomes a message and [`Exit::Bug`].
pub fn guard(body: fn() -> Exit) -> ExitCode {
    crate::atomic::remove_when_told_to_end();
    std::panic::set_hook(Box::new(|panic| {
        if crate::io::is_reading() {
            return;
        }
        // Writing must not panic in turn.
        let _ = writeln!(std::io::stderr(), "internal error: {panic}\n{PLEA}");
    }));
    let body = move || catch_unwind(AssertUnwindSafe(body)).unwrap_or(Exit::Bug);
    // Only what is used of the stack takes memory; where not even addresses are to be had, the main thread must do.
    let exit = match std::thread::Builder::new().name("dj-main".to_owned()).stack_size(STACK).spawn(body) {
        Ok(thread) => thread.join().unwrap_or(Exit::Bug),
        Err(_) => body(),
    };
    drop(crate::atomic::remove_unfinished());
    ExitCode::from(exit.code())
}

const PLEA: &str = "This is a bug in DJ. Please report it with the program and, if you can, the data.";

/// Tells why a run ended; `source` and its name are what the diagnostics' places are of.
pub fn report(error: &RunError, source: &str, source_name: &str, format: DiagnosticsFormat) -> Exit {
    match error {
        RunError::Program(diagnostics) | RunError::Usage(diagnostics) | RunError::Machine(diagnostics) => {
            report_diagnostics(diagnostics, source, source_name, format);
        }
        RunError::Bug(what) => {
            let _ = writeln!(std::io::stderr(), "internal error: {what}\n{PLEA}");
        }
    }
    error.exit()
}

/// Prints diagnostics on stderr, in color on a terminal unless `NO_COLOR` is set.
pub fn report_diagnostics(diagnostics: &[Diagnostic], source: &str, source_name: &str, format: DiagnosticsFormat) {
    let mut stderr = std::io::stderr();
    let text = match format {
        DiagnosticsFormat::Text => {
            let color = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            dj_grammar::render(diagnostics, source, source_name, color)
        }
        DiagnosticsFormat::Json => dj_grammar::to_json(diagnostics, source, source_name),
    };
    // There is nobody left to tell.
    let _ = stderr.write_all(text.as_bytes());
}
