//! What the commands `djrun` and `djc run` share: options, how a program is run with them, and how its end is told.
//!
//! Results go to stdout, everything else to stderr. The exit codes are those of [`Exit`].

mod args;
mod djrun;
mod huge_pages;
mod info;
mod outputs;
mod places;
mod plugins;
mod process;
mod run;
mod terminal;

pub use args::{DiagnosticsFormat, RunArgs, TableFormat, parse_target};
pub use djrun::djrun;
pub use huge_pages::ask_for_huge_pages;
pub use outputs::FilesAndStdout;
pub use places::{clash, inputs, is_same_file};
pub use plugins::load_plugin;
pub use process::{guard, report, report_diagnostics};
pub use run::{open_client, run_command};
pub use terminal::without_controls;

#[cfg(doc)]
use crate::execute::Exit;
