//! Runs `djc` and `djrun` as a user would and checks what they say.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::{Result, root};

/// The folder of the built programs: the one above this test's own (`target/debug/deps`).
pub fn bin_dir() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent()).ok_or("this test's own path has no folder")?;
    Ok(folder.to_owned())
}

/// A built program, ready to get its arguments; it runs in the checkout's root.
pub fn program(name: &str) -> Result<Invocation> {
    let path = bin_dir()?.join(name);
    if !path.is_file() {
        return Err(format!("{} is not built: cargo build --workspace --bins", path.display()).into());
    }
    let mut command = Command::new(path);
    command.current_dir(root()).stdin(Stdio::null());
    Ok(Invocation { command })
}

/// The compiler.
pub fn djc() -> Result<Invocation> {
    program("djc")
}

/// The runtime.
pub fn djrun() -> Result<Invocation> {
    program("djrun")
}

/// A program and its arguments so far.
pub struct Invocation {
    /// What will run.
    pub command: Command,
}

impl Invocation {
    /// Appends one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Appends several arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs to the end and keeps what was printed.
    pub fn run(mut self) -> Result<Run> {
        let Output { status, stdout, stderr } = self.command.output()?;
        Ok(Run {
            shown: format!("{:?}", self.command),
            code: status.code(),
            stdout: String::from_utf8(stdout)?,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// Runs to the end and fails unless the exit code is 0.
    pub fn succeed(self) -> Result<Run> {
        self.run()?.code(0)
    }
}

/// A finished run. Its checks return it, so that they chain.
#[derive(Debug)]
pub struct Run {
    shown: String,
    code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Run {
    /// The exit code is `wanted`.
    pub fn code(self, wanted: i32) -> Result<Self> {
        let found = self.code;
        self.check(found == Some(wanted), &format!("exit code {found:?}, wanted {wanted}"))
    }

    /// Standard output holds `text`.
    pub fn prints(self, text: &str) -> Result<Self> {
        let holds = self.stdout.contains(text);
        self.check(holds, &format!("stdout lacks `{text}`"))
    }

    /// Standard error holds `text`.
    pub fn complains(self, text: &str) -> Result<Self> {
        let holds = self.stderr.contains(text);
        self.check(holds, &format!("stderr lacks `{text}`"))
    }

    /// Nothing on standard output.
    pub fn prints_nothing(self) -> Result<Self> {
        let empty = self.stdout.is_empty();
        self.check(empty, "stdout is not empty")
    }

    /// No panic, and so no bug of ours in what the user did.
    pub fn blames_the_user(self) -> Result<Self> {
        let panicked = self.stderr.contains("panicked at") || self.code == Some(70) || self.code.is_none();
        self.check(!panicked, "a user error surfaced as a bug or a signal")
    }

    fn check(self, holds: bool, otherwise: &str) -> Result<Self> {
        if holds {
            return Ok(self);
        }
        let Self { shown, stdout, stderr, .. } = self;
        Err(format!("{otherwise}\n  ran: {shown}\n--- stdout\n{stdout}\n--- stderr\n{stderr}").into())
    }
}
