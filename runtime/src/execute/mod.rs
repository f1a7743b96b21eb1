//! Execution: a manifest and its modules on files, to rows for outputs.
//!
//! A [`Session`] runs the variants of a program until one's assumptions hold (`attempt`). An attempt runs its passes one
//! after another (`pass_run`): a source is read once for the stages of a pass (`reading`), chunks are copied to the device while
//! the steps before them run (`wave`), each stage folds what it wants of them (`stage_run`), its state
//! moves to larger rungs before anything can overflow (`state`), statuses are looked at a few steps behind (`status`), and
//! nothing is visible before all of them were (`outputs`). Of a row that something is wrong with, the place is told, also behind
//! other stages (`lineage`), and the values (`failed_row`); so are rows for which an assertion is false (`assertions`).
//!
//! All buffers are kept per replica: chunks are dealt to the devices in turn, a wave at a time, and every device folds what it
//! gets into a state of its own. Before the finish rows move, where a device needs others than it has (`exchange`); a result is
//! then the same on every device, or a part of it on each (`result`).

mod account;
mod assertions;
mod attempt;
mod bind;
pub mod cache;
mod call;
pub mod codes;
mod collect;
mod device;
mod emit;
mod error;
mod exchange;
mod failed_row;
mod fingerprint;
mod finish;
mod grow;
mod host_columns;
mod in_flight;
mod lineage;
mod locate;
mod merge;
mod observer;
mod open;
mod options;
mod outputs;
mod pass_run;
mod precompile;
mod private;
mod programs;
mod reading;
mod report;
mod request;
mod residents;
mod result;
mod scalars;
mod session;
mod slice;
mod stage_run;
mod state;
mod status;
mod wave;

#[cfg(test)]
mod tests;

pub use account::{default_memory_limit, parse_bytes, show_bytes};
pub use bind::unknown_name;
pub use collect::{ExportedTable, Results, columns_of};
pub use error::{Exit, RunError};
pub use fingerprint::{compiled_for, compiled_with};
pub use observer::{Observer, Silent};
pub use open::open_client;
pub use options::Options;
pub use outputs::{Discard, Outputs};
pub use precompile::{Asks, Precompiled, ProgramCost, WithCost, likely_programs, precompile, precompile_for};
pub use programs::CompileStats;
pub use report::{RunReport, milliseconds, peak_resident_bytes};
pub use request::{Request, TableInput, Value};
pub use session::{CompiledProgram, Session};
