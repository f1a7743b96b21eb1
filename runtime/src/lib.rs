//! The DJ runtime: artifacts, PJRT, columns, input and output, execution.

pub mod pjrt;
