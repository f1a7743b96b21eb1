//! The DJ compiler: from a `.dj` program to an artifact.

pub mod stablehlo;
