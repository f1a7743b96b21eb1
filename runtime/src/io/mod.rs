//! Files in and out: Parquet, CSV and Arrow IPC to chunks, tables to files and terminals.
//!
//! Input: a binding resolves to files (`files`), each opened by its format (`file`, `parquet_file`, `csv_file`, `ipc_file`)
//! into Arrow batches, which a thread decodes into chunks (`decode`, `text`, `reader`). `statistics` and `skip` read Parquet
//! metadata.
//!
//! Output: tables become Arrow batches (`batch`), files (`writer`) and text (`print`).

mod batch;
mod csv_file;
mod csv_infer;
mod csv_records;
mod csv_text;
mod csv_value;
mod decode;
mod error;
mod file;
mod files;
mod ipc_check;
mod ipc_file;
mod parquet_file;
mod parquet_writer;
mod print;
mod range;
mod reader;
mod sample;
mod schema;
mod skip;
mod source;
mod statistics;
mod table_source;
mod text;
mod types;
mod unique;
mod writer;

pub use batch::{arrow_schema, arrow_type, to_record_batch};
pub use error::{IoError, IoErrorKind, ReadError};
pub(crate) use file::is_reading;
pub use files::files_of;
pub use print::Printed;
pub use range::{RangeRows, whole_steps};
pub use reader::{ChunkReader, Place, Places};
pub use sample::sampled_rows;
pub use schema::{FileSchema, NO_NAME, Others, Recorded, SAME_NAME, schema, schema_as};
pub use source::Source;
pub use table_source::{InMemory, RecordBatches, TableSource};
pub use unique::is_unique;
pub use writer::{TableWriter, WrittenTable};

#[cfg(test)]
mod tests;
