//! Text on stdout.

use dj_grammar::Diagnostic;
use dj_runtime::execute::{Exit, codes};
use std::io::{BufWriter, ErrorKind, Write};

/// Prints text; a reader that went away is no error.
pub(super) fn print(text: &str) -> Exit {
    print_all([text])
}

/// Prints text that comes in pieces.
pub(super) fn print_all(pieces: impl IntoIterator<Item: AsRef<str>>) -> Exit {
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let written = pieces.into_iter().try_for_each(|piece| stdout.write_all(piece.as_ref().as_bytes()));
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("cannot write to stdout: {error}");
            let diagnostic = Diagnostic::error(codes::OUTPUT, message);
            dj_runtime::cli::report_diagnostics(&[diagnostic], "", "", dj_runtime::cli::DiagnosticsFormat::Text);
            Exit::Machine
        }
        Ok(()) | Err(_) => Exit::Done,
    }
}
