//! Files in and out: Parquet, CSV and Arrow IPC to chunks, tables to files and terminals.

mod error;
mod source;

pub use error::{IoError, IoErrorKind, ReadError};
pub use source::{ChunkReader, Place, Source};
