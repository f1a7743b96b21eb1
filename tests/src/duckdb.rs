//! DuckDB as a helper process (`scripts/duckdb_server.py`), one for all tests of a binary.

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use arrow::ipc::reader::StreamReader;
use arrow::record_batch::{RecordBatch, RecordBatchReader};

use crate::{Result, root};

/// The rows of the last statement of `sql`.
pub fn query(sql: &str) -> Result<Vec<RecordBatch>> {
    static SERVER: OnceLock<Mutex<Option<Server>>> = OnceLock::new();
    let mut server = SERVER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if server.is_none() {
        *server = Some(Server::start()?);
    }
    let Some(running) = server.as_mut() else { return Err("the DuckDB helper did not start".into()) };
    let answer = running.ask(sql).inspect_err(|_| *server = None)?;
    let payload = answer.map_err(|error| format!("DuckDB: {error}\n--- sql\n{sql}"))?;
    at_least_one(StreamReader::try_new(payload.as_slice(), None)?)
}

/// The batches of `reader`, or an empty one, so that a result without rows still has its columns.
pub fn at_least_one(reader: impl RecordBatchReader) -> Result<Vec<RecordBatch>> {
    let schema = reader.schema();
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(if batches.is_empty() { vec![RecordBatch::new_empty(schema)] } else { batches })
}

struct Server {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Ends by itself when its standard input closes.
    _process: Child,
}

impl Server {
    fn start() -> Result<Self> {
        let python = match std::env::var_os("DJ_PYTHON") {
            Some(path) => path.into(),
            None => root().join(".cache/venv/bin/python"),
        };
        let mut process = Command::new(&python)
            .arg(root().join("scripts/duckdb_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; run scripts/setup test", python.display()))?;
        let requests = process.stdin.take().ok_or("the DuckDB helper has no input")?;
        let answers = process.stdout.take().ok_or("the DuckDB helper has no output")?;
        Ok(Self { requests, answers: BufReader::new(answers), _process: process })
    }

    /// The outer error is the helper's end; the inner is DuckDB's own text.
    fn ask(&mut self, sql: &str) -> Result<std::result::Result<Vec<u8>, String>> {
        let request = serde_json::json!({ "sql": sql }).to_string();
        self.requests.write_all(&u32::try_from(request.len())?.to_le_bytes())?;
        self.requests.write_all(request.as_bytes())?;
        self.requests.flush()?;

        let mut status = [0];
        self.answers.read_exact(&mut status).map_err(|error| format!("the DuckDB helper ended: {error}"))?;
        let mut length = [0; 8];
        self.answers.read_exact(&mut length)?;
        let mut payload = vec![0; usize::try_from(u64::from_le_bytes(length))?];
        self.answers.read_exact(&mut payload)?;
        Ok(if status == [0] { Ok(payload) } else { Err(String::from_utf8_lossy(&payload).into_owned()) })
    }
}
