//! The DJ compiler: from a `.dj` program to an artifact.

pub mod analyze;
pub mod cli;
mod compile;
pub mod encode;
#[cfg(test)]
mod filetests;
mod lower;
pub mod optimize;
pub mod physical;
pub mod plan;
pub mod stablehlo;
pub mod strategy;
pub use compile::{CompileError, Compiled, CompiledVariant, Options, compile};
