//! What is done with the rows in order, one after the other.

use crate::encode::{Encoded, Expr, NamedExpr, SchemaColumn};
use crate::physical::{StagePrinter, require};
use crate::plan::{NamedWindow, VerifyError};
use dj_runtime::expr::ColumnId;
use std::collections::BTreeSet;

/// One thing that is done with the rows in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Columns that are computed of the rows around each.
    Items(Vec<NamedWindow<Encoded>>),
    /// Columns that are computed of each row; all read the row as it was before.
    Derive(Vec<NamedExpr>),
    /// Rows on which the predicate is true go on.
    Filter(Expr),
}

impl Part {
    /// Columns that are computed of the rows around each.
    pub(super) fn items(&self) -> impl Iterator<Item = &NamedWindow<Encoded>> {
        let items: &[NamedWindow<Encoded>] = match self {
            Self::Items(items) => items,
            Self::Derive(_) | Self::Filter(_) => &[],
        };
        items.iter()
    }

    /// The columns that are computed.
    pub(super) fn made(&self) -> Vec<SchemaColumn> {
        match self {
            Self::Items(items) => items.iter().map(NamedWindow::schema).collect(),
            Self::Derive(items) => items.iter().map(NamedExpr::schema).collect(),
            Self::Filter(_) => vec![],
        }
    }

    pub(crate) fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Items(items) => items.iter().flat_map(NamedWindow::expressions).collect(),
            Self::Derive(items) => items.iter().map(|item| &item.expr).collect(),
            Self::Filter(predicate) => vec![predicate],
        }
    }

    pub(super) fn lines(&self, text: &StagePrinter<'_>) -> Vec<String> {
        match self {
            Self::Items(items) => items.iter().map(|item| text.window(item)).collect(),
            Self::Derive(items) => vec![text.derive(items)],
            Self::Filter(predicate) => vec![text.filter(predicate)],
        }
    }
}

/// Checks that parts read what rows bring along and what parts before have made, and make columns that are new.
pub(super) fn verify(parts: &[Part], carried: &[SchemaColumn]) -> Result<(), VerifyError> {
    let begins = matches!(parts.first(), Some(Part::Items(_)));
    require(begins, || "(P20) a window begins with something else than its items".to_owned())?;
    let mut known: BTreeSet<ColumnId> = carried.iter().map(|column| column.id).collect();
    parts.iter().try_for_each(|part| {
        let mut read = part.expressions().into_iter().flat_map(Expr::columns);
        let unknown = read.find(|id| !known.contains(id));
        require(unknown.is_none(), || format!("(P20) a window reads {unknown:?} before it is made"))?;
        part.made().into_iter().try_for_each(|column| {
            require(known.insert(column.id), || format!("(P20) a window makes {:?} again", column.id))
        })
    })
}
