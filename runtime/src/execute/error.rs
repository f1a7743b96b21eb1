//! Why a run ended without results, and with which exit code.

use super::codes;
use crate::artifact::{ArtifactError, ModulesError};
use crate::pjrt::PjrtError;
use dj_grammar::Diagnostic;

/// Why a run ended without results.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program or the data is wrong.
    #[error("{}", summary(.0))]
    Program(Vec<Diagnostic>),
    /// The command is wrong: names, values or options that do not fit the program.
    #[error("{}", summary(.0))]
    Usage(Vec<Diagnostic>),
    /// The plugin, a device or the file system failed.
    #[error("{}", summary(.0))]
    Machine(Vec<Diagnostic>),
    /// A bug in DJ.
    #[error("internal error: {0}")]
    Bug(String),
}

/// The codes with which DJ's commands end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// The program or the data is wrong.
    Program,
    /// Wrong usage.
    Usage,
    /// The plugin or the machine failed.
    Machine,
    /// A bug in DJ.
    Bug,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Program => 1,
            Self::Usage => 2,
            Self::Machine => 3,
            Self::Bug => 70,
        }
    }
}

impl RunError {
    /// The program or the data is wrong.
    pub fn program(diagnostic: Diagnostic) -> Self {
        Self::Program(vec![diagnostic])
    }

    /// The command is wrong.
    pub fn usage(diagnostic: Diagnostic) -> Self {
        Self::Usage(vec![diagnostic])
    }

    /// The plugin or the machine failed.
    pub fn machine(diagnostic: Diagnostic) -> Self {
        Self::Machine(vec![diagnostic])
    }

    /// A bug in DJ.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::Bug(what.into())
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Program(_) => Exit::Program,
            Self::Usage(_) => Exit::Usage,
            Self::Machine(_) => Exit::Machine,
            Self::Bug(_) => Exit::Bug,
        }
    }

    /// What to tell the user; nothing for a bug.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Program(diagnostics) | Self::Usage(diagnostics) | Self::Machine(diagnostics) => diagnostics,
            Self::Bug(_) => &[],
        }
    }
}

/// Two lists that belong together, item by item.
///
/// # Errors
/// If they are not of one length, which is a bug.
pub(super) fn pairs<A, B>(
    what: &str,
    a: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    b: impl IntoIterator<Item = B, IntoIter: ExactSizeIterator>,
) -> Result<impl Iterator<Item = (A, B)>, RunError> {
    let (a, b) = (a.into_iter(), b.into_iter());
    if a.len() == b.len() { Ok(a.zip(b)) } else { Err(RunError::bug(format!("{what}: {} and {}", a.len(), b.len()))) }
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect::<Vec<_>>().join("; ")
}

impl From<PjrtError> for RunError {
    fn from(error: PjrtError) -> Self {
        if let PjrtError::Misuse { .. } = error {
            return Self::bug(error.to_string());
        }
        Self::machine(Diagnostic::error(codes::DEVICE, error.to_string()))
    }
}

impl From<ModulesError> for RunError {
    fn from(error: ModulesError) -> Self {
        match error {
            ModulesError::Missing(_) => Self::program(
                Diagnostic::error(codes::MODULE, error.to_string()).help("compile the program again with this DJ"),
            ),
            ModulesError::Lowering { .. } => Self::bug(error.to_string()),
        }
    }
}

impl From<ArtifactError> for RunError {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::NoTarget { .. } => Self::usage(error.diagnostic()),
            ArtifactError::Io { .. }
            | ArtifactError::Foreign { .. }
            | ArtifactError::Damaged { .. }
            | ArtifactError::OtherFormat { .. }
            | ArtifactError::Build { .. } => Self::program(error.diagnostic()),
        }
    }
}
