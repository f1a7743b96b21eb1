//! A process that runs `djc` and `djrun` many times: the plugin is loaded once, and a crash or an endless loop ends the process
//! and not the tester.
//!
//! A request is a line of JSON on its standard input: `djc` or `djrun` and their arguments, or `session`, which is a `djrun` that
//! keeps the artifact open. The answer is a line with the exit code on its standard output. What the commands tell on standard
//! error goes to a file.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::Result;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Code(i32),
    /// The process ended with it.
    Crash,
    /// It was stopped because it took too long.
    Timeout,
}

/// A finished command.
#[derive(Debug, Clone)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// What it told on standard error.
    pub told: String,
}

/// The process.
pub struct Worker {
    executable: PathBuf,
    stderr: PathBuf,
    running: Option<Running>,
    /// Commands until the next fresh process.
    left: usize,
    /// Whether large programs are compiled as small ones are.
    quick: bool,
}

struct Running {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

/// XLA compiles all programs twice as fast so, as DJ compiles small ones; all but the tangent has the same bits (decision 17).
const QUICK: &str = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1";

/// Compiled code adds up in a process.
const COMMANDS: usize = 2000;

impl Worker {
    /// A worker of an executable, which is started when there is something to do, with `worker` as its argument.
    pub fn new(executable: &Path, stderr: &Path) -> Self {
        Self { executable: executable.to_owned(), stderr: stderr.to_owned(), running: None, left: 0, quick: true }
    }

    /// Whether programs are compiled in less time than users wait, for code that may be slower.
    pub fn compile_quickly(&mut self, quick: bool) {
        if self.quick != quick {
            self.stop();
            self.quick = quick;
        }
    }

    /// Runs `djc`, `djrun` or `session`.
    pub fn run(&mut self, program: &str, arguments: &[String], limit: Duration) -> Result<Done> {
        if self.left == 0 {
            self.stop();
        }
        if self.running.is_none() {
            self.running = Some(self.start()?);
            self.left = COMMANDS;
        }
        self.left -= 1;
        let told_before = std::fs::metadata(&self.stderr)?.len();
        let Some(running) = self.running.as_mut() else { return Err("the worker did not start".into()) };
        let request = serde_json::json!([program, arguments]);
        let sent = writeln!(running.requests, "{request}").and_then(|()| running.requests.flush());
        let answer =
            if sent.is_ok() { running.answers.recv_timeout(limit) } else { Err(RecvTimeoutError::Disconnected) };
        let end = match answer {
            Ok(code) if code.trim() == "3" => return Err("the worker's machine or plugin fails".into()),
            Ok(code) => End::Code(code.trim().parse()?),
            Err(RecvTimeoutError::Timeout) => End::Timeout,
            Err(RecvTimeoutError::Disconnected) => End::Crash,
        };
        let mut told = String::new();
        if !matches!(end, End::Code(_)) {
            told = self.stop();
        }
        let mut file = std::fs::File::open(&self.stderr)?;
        file.seek(SeekFrom::Start(told_before))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        told += &String::from_utf8_lossy(&bytes);
        Ok(Done { end, told })
    }

    fn start(&self) -> Result<Running> {
        let stderr = std::fs::File::create(&self.stderr)?;
        let flags = if self.quick { QUICK } else { "" };
        let mut process = Command::new(&self.executable)
            .arg("worker")
            .current_dir(crate::root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .env("XLA_FLAGS", std::env::var_os("XLA_FLAGS").unwrap_or_else(|| flags.into()))
            .spawn()
            .map_err(|error| format!("{}: {error}", self.executable.display()))?;
        let requests = process.stdin.take().ok_or("the worker has no input")?;
        let output = process.stdout.take().ok_or("the worker has no output")?;
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Running { process, requests, answers })
    }

    /// Ends the process, and says how it had ended by itself.
    fn stop(&mut self) -> String {
        let Some(mut running) = self.running.take() else { return String::new() };
        drop(running.requests);
        drop(running.process.kill());
        running.process.wait().map(|status| format!("the worker ended: {status}\n")).unwrap_or_default()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}
