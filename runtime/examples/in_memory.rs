//! Runs an artifact on rows in memory: `cargo run --example in_memory -- sums.djx`, where `sums.djx` was compiled of
//!
//! ```text
//! table t { k: i64, v: i64 }
//! param least: i64
//! export sums = t | filter v >= least | group { k } { v = sum(v) } | sort k
//! ```

use arrow::array::{Int64Array, RecordBatch};
use dj_runtime::execute::{CompiledProgram, Options, Request, Session, open_client};
use dj_runtime::io::InMemory;
use std::path::PathBuf;
use std::sync::Arc;

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("name an artifact")?);
    let program = CompiledProgram::open(&path, None)?;
    let client = open_client(&program.manifest().target, None)?;
    let session = Session::new(client, program, Options::default())?;

    let batch = RecordBatch::try_from_iter([
        ("k", Arc::new(Int64Array::from(vec![1, 2, 1, 2])) as _),
        ("v", Arc::new(Int64Array::from(vec![10, 20, 30, -5])) as _),
    ])?;
    let table = InMemory::new(batch.schema(), vec![batch])?;
    let results = session.collect(&Request::new().table("t", table).param("least", 0))?;
    for export in &results.exports {
        println!("{}: {} rows", export.name, export.rows());
        for batch in &export.batches {
            println!("{batch:?}");
        }
    }
    Ok(())
}
