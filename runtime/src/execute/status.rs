//! Status entries into diagnostics.

use super::codes;
use super::error::RunError;
use super::failed_row::FailedRow;
use crate::artifact::{STATUS_BASE, Stage, StatusKind, StatusSite};
use dj_grammar::Diagnostic;

/// Why an attempt ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// The data is not what the variant takes for granted: the next one may do; the error is for where there is none.
    Replay(RunError),
    /// No variant would do better.
    Failed(RunError),
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A site that was raised, and the first row that raised it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Raised<'a> {
    pub(super) site: &'a StatusSite,
    pub(super) row: u64,
}

/// Which of several sites counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// That of the least row: what steps raise.
    Row,
    /// The first one: what a finish raises, of which one may be wrong because another one is, whatever the rows.
    Site,
}

/// What a status vector reports first: broken assumptions before all else, then what is `first`, then the first site.
pub(super) fn raised<'a>(stage: &'a Stage, status: &[i64], first: First) -> Result<Option<Raised<'a>>, RunError> {
    let mut all = Vec::new();
    for (index, value) in status.iter().enumerate().filter(|(_, value)| **value != 0) {
        let unknown = || RunError::bug(format!("`{}` raised {value} at site {index}, which is none", stage.label));
        let row = STATUS_BASE.checked_sub(*value).and_then(|row| u64::try_from(row).ok());
        let (site, row) = stage.status.get(index).zip(row).ok_or_else(unknown)?;
        all.push(Raised { site, row });
    }
    let row = |raised: &Raised<'_>| if first == First::Row { raised.row } else { 0 };
    Ok(all.into_iter().min_by_key(|raised| (raised.site.kind != StatusKind::Assumption, row(raised))))
}

/// The stop that a raised site means, in the row that raised it.
pub(super) fn stop(raised: Raised<'_>, row: Option<FailedRow>) -> Stop {
    let site = raised.site;
    let code = match site.kind {
        StatusKind::Assumption => {
            let message = format!("an assumption of the last variant does not hold: {}", site.message);
            return Stop::Replay(RunError::bug(message));
        }
        StatusKind::Contract => codes::CONTRACT,
        StatusKind::Overflow | StatusKind::Total => codes::OVERFLOW,
        StatusKind::Cast => codes::CAST,
    };
    let label = if code == codes::OVERFLOW { "overflow" } else { "" };
    let diagnostic = match row {
        Some(row) => row.diagnostic(code, &site.message),
        None => Diagnostic::error(code, site.message.clone()),
    };
    let diagnostic = diagnostic.label(site.span, label);
    Stop::Failed(RunError::program(match &site.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }))
}
