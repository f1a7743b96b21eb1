//! The DJ compiler: from a `.dj` program to an artifact.

pub mod plan;
pub mod stablehlo;
