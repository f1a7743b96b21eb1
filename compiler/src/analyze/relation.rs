//! A relation during analysis: its plan, and the names by which its columns are known.

use crate::plan::{Frame, NamedWindow, Plan, SchemaColumn, Union};
use dj_grammar::Span;
use dj_runtime::expr::Expr;
use std::cell::RefCell;

use super::env::Env;
use crate::plan::NamedAggregate;

/// A plan and its visible columns. The plan may have more columns than are visible.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// What computes it; a placeholder where something is wrong.
    pub(super) plan: Plan,
    /// The visible columns, in order.
    pub(super) columns: Vec<ScopeColumn>,
    /// Whether its columns are unknown because of an error: any name may be one of them.
    pub(super) open: bool,
    /// How many rows it may have.
    pub(super) rows: RowBound,
}

/// A column by the names that it goes by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScopeColumn {
    /// Its name.
    pub(super) name: String,
    /// What may stand before the dot.
    pub(super) qualifiers: Vec<String>,
    /// The column; `None` where its expression is wrong.
    pub(super) column: Option<SchemaColumn>,
}

/// How many rows a relation may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowBound {
    /// Exactly one.
    One,
    /// None or one.
    AtMostOne,
    /// Any number.
    Many,
}

/// The names that an expression can read.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// The columns; in a group, the keys.
    pub(super) columns: &'s [ScopeColumn],
    /// Whether unknown names may be columns that an error hides.
    pub(super) open: bool,
    /// The arguments of the function whose body this is.
    pub(super) env: &'s Env<'a>,
    /// Where aggregates go, in the items of `group` and `aggregate`.
    pub(super) grouping: Option<&'s Grouping>,
    /// Where window functions go, in the items of `window`.
    pub(super) windowing: Option<&'s Windowing>,
}

/// What the items of a `window` share.
pub(super) struct Windowing {
    /// The columns of the rows.
    pub(super) rows: Vec<ScopeColumn>,
    /// The rows that an aggregate is of.
    pub(super) frame: Frame,
    /// The functions found so far.
    pub(super) calls: RefCell<Vec<NamedWindow>>,
    /// The name of the item that is itself the next function.
    pub(super) name: RefCell<Option<String>>,
}

/// What the items of a `group` share.
pub(super) struct Grouping {
    /// The columns of the rows that are grouped.
    pub(super) rows: Vec<ScopeColumn>,
    /// What every aggregate counts only where it is true, as in a column of a pivot.
    pub(super) only: Option<Expr>,
    /// Whether there are keys: then no group is empty.
    pub(super) keyed: bool,
    /// The aggregates found so far.
    pub(super) aggregates: RefCell<Vec<NamedAggregate>>,
    /// The name of the item that is itself the next aggregate.
    pub(super) name: RefCell<Option<String>>,
}

impl Relation {
    /// What stands for a relation that could not be analyzed.
    pub(super) fn unknown(span: Span) -> Self {
        let plan = Plan::Union(Union { inputs: Vec::new(), columns: Vec::new(), span });
        Self { plan, columns: Vec::new(), open: true, rows: RowBound::Many }
    }

    /// The columns that are known.
    pub(super) fn known(&self) -> impl Iterator<Item = (&str, SchemaColumn)> {
        self.columns.iter().filter_map(|column| Some((column.name.as_str(), column.column?)))
    }

    /// The scope of its columns.
    pub(super) fn scope<'s, 'a>(&'s self, env: &'s Env<'a>) -> Scope<'s, 'a> {
        Scope { columns: &self.columns, open: self.open, env, grouping: None, windowing: None }
    }

    /// The same columns, known by one qualifier alone.
    pub(super) fn qualified(mut self, qualifier: &str) -> Self {
        for column in &mut self.columns {
            column.qualifiers = vec![qualifier.to_owned()];
        }
        self
    }
}

impl ScopeColumn {
    /// A column without a qualifier.
    pub(super) fn new(name: impl Into<String>, column: Option<SchemaColumn>) -> Self {
        Self { name: name.into(), qualifiers: Vec::new(), column }
    }

    /// Whether `qualifier` may stand before it.
    pub(super) fn goes_by(&self, qualifier: &str) -> bool {
        self.qualifiers.iter().any(|own| own == qualifier)
    }
}

impl RowBound {
    /// The bound after rows may have been dropped.
    pub(super) fn or_none(self) -> Self {
        match self {
            Self::One | Self::AtMostOne => Self::AtMostOne,
            Self::Many => Self::Many,
        }
    }
}
