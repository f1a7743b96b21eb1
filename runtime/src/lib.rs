//! The DJ runtime: artifacts, PJRT, columns, input and output, execution.
//!
//! Links neither LLVM nor Python. The compiler depends on this crate for types, expressions and the artifact's format,
//! never the reverse.

pub mod artifact;
pub mod atomic;
pub mod cli;
pub mod columns;
pub mod execute;
pub mod expr;
pub mod io;
pub mod kernels;
pub mod pjrt;
pub mod types;
