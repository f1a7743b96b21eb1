//! Text on stdout.

use dj_grammar::Diagnostic;
use dj_runtime::execute::{Exit, codes};
use std::io::{ErrorKind, Write};

/// Prints text; a reader that went away is no error.
pub(super) fn print(text: &str) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("cannot write to stdout: {error}");
            let diagnostic = Diagnostic::error(codes::OUTPUT, message);
            dj_runtime::cli::report_diagnostics(&[diagnostic], "", "", dj_runtime::cli::DiagnosticsFormat::Text);
            Exit::Machine
        }
        Ok(()) | Err(_) => Exit::Done,
    }
}
