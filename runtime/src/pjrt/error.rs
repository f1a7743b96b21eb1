//! Errors of the PJRT layer: what the runtime was doing, and the plugin's own code and words.

use std::path::PathBuf;

use super::Platform;

/// Why a PJRT operation failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PjrtError {
    /// The plugin reported an error.
    #[error("{during}: {message} ({code})")]
    Plugin {
        /// The kind of error.
        code: ErrorCode,
        /// What the runtime was doing, such as "compiling module `step`".
        during: String,
        /// The plugin's message, trimmed.
        message: String,
    },
    /// No plugin for the platform was found in any of the usual places.
    #[error("no PJRT plugin for {platform} found; run `pip install {}`, or give its path with `--plugin` or {} \
             (`djc doctor` says more); looked in:{}", .platform.package(), .platform.variable(), listed(.looked))]
    NotInstalled {
        /// The platform whose plugin is missing.
        platform: Platform,
        /// Every place that was tried, in order.
        looked: Vec<PathBuf>,
    },
    /// The file is missing, is not a PJRT plugin or speaks another version of the API.
    #[error("cannot load the PJRT plugin {}: {reason}", .path.display())]
    Load {
        /// The plugin's path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The caller broke a rule of this layer, such as passing a buffer of another client.
    #[error("{during}: {reason}")]
    Misuse {
        /// What the runtime was doing.
        during: String,
        /// Which rule.
        reason: String,
    },
}

impl PjrtError {
    /// The plugin's error code, if the plugin reported the error.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            PjrtError::Plugin { code, .. } => Some(*code),
            PjrtError::NotInstalled { .. } | PjrtError::Load { .. } | PjrtError::Misuse { .. } => None,
        }
    }

    /// Whether the plugin does not know an option of the compilation: XLA's versions differ in them.
    pub fn is_of_an_unknown_option(&self) -> bool {
        matches!(self, PjrtError::Plugin { code: ErrorCode::InvalidArgument, message, .. }
            if message.contains("No such compile option"))
    }

    pub(super) fn misuse(during: impl Into<String>, reason: impl Into<String>) -> PjrtError {
        PjrtError::Misuse { during: during.into(), reason: reason.into() }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("\n  {}", path.display())).collect()
}

/// A plugin's error before it is known what it interrupted.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn during(self, what: impl Into<String>) -> PjrtError {
        PjrtError::Plugin { code: self.code, during: what.into(), message: self.message }
    }
}

/// The canonical status codes, which PJRT shares with gRPC and Abseil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The operation was cancelled.
    Cancelled,
    /// Unknown, or a code that is newer than this list.
    Unknown,
    /// The caller passed something invalid; a module that does not verify is reported so.
    InvalidArgument,
    /// A deadline passed.
    DeadlineExceeded,
    /// Something was not found.
    NotFound,
    /// Something exists already.
    AlreadyExists,
    /// Not permitted.
    PermissionDenied,
    /// Out of memory or of another resource.
    ResourceExhausted,
    /// The state does not allow the operation.
    FailedPrecondition,
    /// Aborted.
    Aborted,
    /// Out of range.
    OutOfRange,
    /// The plugin does not implement the operation.
    Unimplemented,
    /// An invariant of the plugin is broken.
    Internal,
    /// The device or service is not there.
    Unavailable,
    /// Data was lost or damaged.
    DataLoss,
    /// Not authenticated.
    Unauthenticated,
}

impl ErrorCode {
    /// The number that PJRT and XLA's FFI give the code.
    pub(crate) const fn to_raw(self) -> i32 {
        match self {
            ErrorCode::Cancelled => 1,
            ErrorCode::Unknown => 2,
            ErrorCode::InvalidArgument => 3,
            ErrorCode::DeadlineExceeded => 4,
            ErrorCode::NotFound => 5,
            ErrorCode::AlreadyExists => 6,
            ErrorCode::PermissionDenied => 7,
            ErrorCode::ResourceExhausted => 8,
            ErrorCode::FailedPrecondition => 9,
            ErrorCode::Aborted => 10,
            ErrorCode::OutOfRange => 11,
            ErrorCode::Unimplemented => 12,
            ErrorCode::Internal => 13,
            ErrorCode::Unavailable => 14,
            ErrorCode::DataLoss => 15,
            ErrorCode::Unauthenticated => 16,
        }
    }

    pub(super) fn from_raw(code: i32) -> ErrorCode {
        match code {
            1 => ErrorCode::Cancelled,
            3 => ErrorCode::InvalidArgument,
            4 => ErrorCode::DeadlineExceeded,
            5 => ErrorCode::NotFound,
            6 => ErrorCode::AlreadyExists,
            7 => ErrorCode::PermissionDenied,
            8 => ErrorCode::ResourceExhausted,
            9 => ErrorCode::FailedPrecondition,
            10 => ErrorCode::Aborted,
            11 => ErrorCode::OutOfRange,
            12 => ErrorCode::Unimplemented,
            13 => ErrorCode::Internal,
            14 => ErrorCode::Unavailable,
            15 => ErrorCode::DataLoss,
            16 => ErrorCode::Unauthenticated,
            _ => ErrorCode::Unknown,
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ErrorCode::Cancelled => "cancelled",
            ErrorCode::Unknown => "unknown",
            ErrorCode::InvalidArgument => "invalid argument",
            ErrorCode::DeadlineExceeded => "deadline exceeded",
            ErrorCode::NotFound => "not found",
            ErrorCode::AlreadyExists => "already exists",
            ErrorCode::PermissionDenied => "permission denied",
            ErrorCode::ResourceExhausted => "resource exhausted",
            ErrorCode::FailedPrecondition => "failed precondition",
            ErrorCode::Aborted => "aborted",
            ErrorCode::OutOfRange => "out of range",
            ErrorCode::Unimplemented => "unimplemented",
            ErrorCode::Internal => "internal",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::DataLoss => "data loss",
            ErrorCode::Unauthenticated => "unauthenticated",
        })
    }
}
