//! The artifact: what the compiler hands to the runtime.

pub mod manifest;

pub use manifest::*;
