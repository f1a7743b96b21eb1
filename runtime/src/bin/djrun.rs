//! `djrun`: runs a compiled program on data, without the compiler.

use dj_runtime::cli::{ask_for_huge_pages, djrun, guard};
use std::process::ExitCode;

fn main() -> ExitCode {
    ask_for_huge_pages();
    guard(|| djrun(std::env::args_os()))
}
