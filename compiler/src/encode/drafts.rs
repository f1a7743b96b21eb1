//! What encoding finds of dictionaries before they have numbers: sets of texts that must share one, by union-find.

use super::form::Type;
use dj_runtime::expr::{ColumnId, Expr};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something of the program that holds text and has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// A column of an input table.
    Source(usize, usize),
    /// A column of a plan.
    Column(ColumnId),
    /// The results of a host table.
    Table(usize),
    /// A parameter.
    Param(usize),
}

/// A table over a dictionary that has no number yet.
#[derive(Debug)]
pub(super) struct DraftTable {
    /// The text whose codes address it, without spans: what makes two tables one.
    pub(super) base: Expr,
    /// The union-find's variable of that text.
    pub(super) var: usize,
    /// What it computes of column 0; `None` for ranks.
    pub(super) function: Option<Expr>,
}

/// What encoding found of dictionaries.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    /// Sets of texts that share a dictionary: each variable's parent, itself at a root.
    parents: Vec<usize>,
    /// The variables of what has a name.
    pub(super) holders: BTreeMap<Holder, usize>,
    /// The literals, one entry for each place.
    pub(super) literals: Vec<Arc<str>>,
    /// The tables over dictionaries.
    pub(super) tables: Vec<DraftTable>,
    /// The variables of columns that `min` or `max` compares.
    pub(super) ranked: Vec<usize>,
}

impl Drafts {
    /// The representative of a variable's set.
    pub(super) fn root(&self, mut var: usize) -> usize {
        while self.parents[var] != var {
            var = self.parents[var];
        }
        var
    }

    /// A variable of its own.
    pub(super) fn fresh(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    /// The variable of a holder, made if it is new.
    pub(super) fn of(&mut self, holder: Holder) -> usize {
        if let Some(var) = self.holders.get(&holder) {
            return *var;
        }
        let var = self.fresh();
        self.holders.insert(holder, var);
        var
    }

    /// Two texts share a dictionary; values of other types have none.
    pub(super) fn unite(&mut self, a: Type, b: Type) {
        if let (Type::Code(a), Type::Code(b)) = (a, b) {
            let (a, b) = (self.root(a), self.root(b));
            self.parents[a.max(b)] = a.min(b);
        }
    }
}
