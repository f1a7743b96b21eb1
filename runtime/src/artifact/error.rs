//! Why an artifact cannot be written or read.

use super::FORMAT;
use dj_grammar::{Code, Diagnostic};
use std::path::PathBuf;

/// Why an artifact cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The artifact.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is some other file.
    #[error("this is not a DJ artifact: {reason}")]
    Foreign {
        /// How one can tell.
        reason: String,
    },
    /// It was an artifact once.
    #[error("the artifact is damaged: {reason}")]
    Damaged {
        /// What does not fit.
        reason: String,
    },
    /// Another version of DJ wrote it.
    #[error("the artifact has format {found}, and this DJ reads format {FORMAT}")]
    OtherFormat {
        /// Its format.
        found: u64,
    },
    /// It was not compiled for the target.
    #[error("the artifact holds no program for {wanted}, only for {}", .found.join(", "))]
    NoTarget {
        /// The target that was asked for.
        wanted: String,
        /// The targets that it was compiled for.
        found: Vec<String>,
    },
    /// A part cannot be encoded.
    #[error("cannot build the artifact: {reason}")]
    Build {
        /// Why.
        reason: String,
    },
}

impl ArtifactError {
    /// The number of the page that explains it.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Foreign { .. } => "DJ0501",
            Self::Damaged { .. } => "DJ0502",
            Self::OtherFormat { .. } => "DJ0503",
            Self::NoTarget { .. } => "DJ0504",
            Self::Io { .. } | Self::Build { .. } => "DJ0505",
        })
    }

    /// As users see it.
    pub fn diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code(), self.to_string());
        match self {
            Self::Foreign { .. } => diagnostic.help("`djc compile FILE -o OUT.djx` writes an artifact"),
            Self::Damaged { .. } => diagnostic.help("compile it again, or copy it again from where it came"),
            Self::OtherFormat { found } if *found > FORMAT.into() => {
                diagnostic.help("update DJ, or compile the source with this version")
            }
            Self::OtherFormat { .. } => diagnostic.help("compile the source with this version"),
            Self::NoTarget { .. } => diagnostic.help("compile the source with `--target`"),
            Self::Io { .. } | Self::Build { .. } => diagnostic,
        }
    }
}
