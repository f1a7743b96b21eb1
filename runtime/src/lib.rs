//! The DJ runtime: artifacts, PJRT, columns, input and output, execution.
//!
//! Links neither LLVM nor Python. The compiler depends on this crate for types, expressions and the artifact's format,
//! never the reverse.
//!
//! A program is run by a [`Session`](execute::Session), on files or on whatever gives Arrow record batches
//! ([`TableSource`](io::TableSource)):
//!
//! ```no_run
//! use arrow::array::{Int64Array, RecordBatch};
//! use dj_runtime::execute::{CompiledProgram, Options, Request, Session, open_client};
//! use dj_runtime::io::InMemory;
//! use std::sync::Arc;
//!
//! // Compiled of `table t { v: i64 }`, `param least: i64` and `export r = t | filter v >= least`.
//! let program = CompiledProgram::open("r.djx".as_ref(), None)?;
//! let client = open_client(&program.manifest().target, None)?;
//! let session = Session::new(client, program, Options::default())?;
//!
//! let batch = RecordBatch::try_from_iter([("v", Arc::new(Int64Array::from(vec![1, 2, 3])) as _)])?;
//! let table = InMemory::new(batch.schema(), vec![batch])?;
//! let results = session.collect(&Request::new().table("t", table).param("least", 2))?;
//! assert_eq!(results.exports[0].rows(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A session owns what it needs, may be cloned, and may run on several threads at once. Nothing but `cli` prints, and nothing
//! but [`pjrt::prepare_environment`] changes the process's environment: a run tells an [`Observer`](execute::Observer).

mod abandoned;
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
