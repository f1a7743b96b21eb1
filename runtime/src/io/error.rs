//! What can go wrong with files, and how to say it.

use crate::columns::{DictionaryError, NarrowError};
use dj_grammar::{Code, Diagnostic};
use std::path::{Path, PathBuf};

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IoErrorKind {
    /// DJ0401: nothing is there.
    NotFound,
    /// DJ0402: it cannot be opened or read.
    Unreadable,
    /// DJ0403: it is damaged, truncated, empty, or not of the format that its name says.
    Damaged,
    /// DJ0404: a column is missing.
    MissingColumn,
    /// DJ0405: a column has another type, or one that DJ does not have.
    WrongType,
    /// DJ0406: a null in a column that is declared without.
    UnexpectedNull,
    /// DJ0407: a value cannot be held by the declared type, or a field of a CSV file is not of it.
    BadValue,
    /// DJ0408: the files of one binding do not agree.
    FilesDiffer,
    /// DJ0409: a format that cannot be read or written.
    UnknownFormat,
    /// DJ0410: it cannot be written.
    Unwritable,
    /// DJ0411: too many distinct texts.
    DictionaryFull,
}

impl IoErrorKind {
    /// The number of its diagnostic.
    pub fn code(self) -> Code {
        Code(match self {
            Self::NotFound => "DJ0401",
            Self::Unreadable => "DJ0402",
            Self::Damaged => "DJ0403",
            Self::MissingColumn => "DJ0404",
            Self::WrongType => "DJ0405",
            Self::UnexpectedNull => "DJ0406",
            Self::BadValue => "DJ0407",
            Self::FilesDiffer => "DJ0408",
            Self::UnknownFormat => "DJ0409",
            Self::Unwritable => "DJ0410",
            Self::DictionaryFull => "DJ0411",
        })
    }
}

/// A problem with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IoError {
    /// What kind of problem.
    pub kind: IoErrorKind,
    /// One lower-case line that stands alone; it names the file, and the row and the column where they matter.
    pub message: String,
    /// How to go on.
    pub help: Vec<String>,
    /// The file.
    pub path: Option<PathBuf>,
    /// The row in the file, from one; a header is not counted.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
}

impl IoError {
    pub(crate) fn new(kind: IoErrorKind, path: &Path, message: impl Into<String>) -> Self {
        let path = Some(path.to_owned());
        Self { kind, message: message.into(), help: Vec::new(), path, row: None, column: None }
    }

    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        if error.kind() == ErrorKind::NotFound {
            return Self::not_found(path);
        }
        let damaged = matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData);
        let kind = if damaged { IoErrorKind::Damaged } else { IoErrorKind::Unreadable };
        Self::new(kind, path, format!("cannot read {}: {error}", show(path)))
    }

    pub(crate) fn not_found(path: &Path) -> Self {
        Self::new(IoErrorKind::NotFound, path, format!("there is no file {}", show(path)))
    }

    pub(crate) fn damaged(path: &Path, what: impl std::fmt::Display) -> Self {
        Self::new(IoErrorKind::Damaged, path, format!("{} cannot be read: {what}", show(path)))
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub(crate) fn column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }
}

/// A row of a file, from zero, in a message: by its line where the file has lines.
pub(crate) fn place_of(row: u64, line: Option<u64>, path: &Path) -> String {
    match line {
        Some(line) => format!("line {line} of {}", show(path)),
        None => format!("row {} of {}", row + 1, show(path)),
    }
}

/// A path in a message.
pub(crate) fn show(path: &Path) -> String {
    format!("`{}`", path.display())
}

impl From<ReadError> for Diagnostic {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error.into(),
            // The last variant takes nothing for granted, so nobody sees the second.
            ReadError::Dictionary(_) | ReadError::Assumption(_) => {
                Diagnostic::error(IoErrorKind::DictionaryFull.code(), error.to_string())
            }
        }
    }
}

impl From<IoError> for Diagnostic {
    fn from(error: IoError) -> Self {
        let diagnostic = Diagnostic::error(error.kind.code(), error.message);
        error.help.into_iter().fold(diagnostic, Diagnostic::help)
    }
}

/// Why a chunk cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The data or the file is wrong.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The data does not fit what the variant takes for granted: run the next one.
    #[error(transparent)]
    Assumption(#[from] NarrowError),
    /// Too many distinct texts.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),
}
