//! The DJ compiler: from a `.dj` program to an artifact.

pub mod analyze;
pub mod physical;
pub mod plan;
pub mod stablehlo;
