//! What the end-to-end tests share: running the built programs, generated data, DuckDB as the reference, comparison.
//!
//! Tests see DJ as its users do: two programs, files, exit codes and text. Only the process that runs random programs links
//! the compiler, to run many commands in one process.

pub mod cli;
pub mod compare;
pub mod corpus;
pub mod data;
pub mod duckdb;
pub mod pages;
pub mod random;

use std::path::{Path, PathBuf};

/// Any failure of a test, as text for its reader.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A test's outcome.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// The checkout's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap_or_else(|_| PathBuf::from(".."))
}

/// The files in `folder` (relative to the root) whose name ends in `.extension`, sorted by name.
pub fn files(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .map_err(|error| format!("{folder}: {error}"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    found.retain(|path| path.extension().is_some_and(|found| found == extension));
    found.sort();
    Ok(found)
}
