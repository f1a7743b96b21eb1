//! `djrun`: runs a compiled program on data, without the compiler.

use dj_runtime::cli::{djrun, guard};
use std::process::ExitCode;

fn main() -> ExitCode {
    guard(|| djrun(std::env::args_os()))
}
