//! The compiler at the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    dj_compiler::cli::main()
}
