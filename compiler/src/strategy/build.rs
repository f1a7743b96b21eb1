//! What all strategies for build sides have in common: the keys, and the rows that have them.

use super::{StepResult, buffer};
use crate::encode::Expr;
use crate::lower::{Cx, Lane, Rows, Scope};
use crate::physical::{Stage, StagePrinter};
use crate::plan::{Nearest, Uniqueness};
use crate::stablehlo::Value;
use dj_runtime::artifact::StatusKind;

/// The keys of a build side.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildKeys {
    /// The keys.
    pub exprs: Vec<Expr>,
    /// How many rows may have the same.
    pub matches: Matches,
}

/// How many matches a join looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matches {
    /// One: why there are no more; `None` where any will do.
    One(Option<Uniqueness>),
    /// All: the step expands.
    Many,
    /// One: the nearest by the last key of those that are equal in the others.
    Nearest(Nearest),
}

impl BuildKeys {
    /// `build [k]: lookup`
    pub(super) fn title(&self, strategy: &str, text: &StagePrinter<'_>) -> String {
        format!("build [{}]: {strategy}", text.exprs(&self.exprs))
    }

    /// The keys that must be equal, and the one that must be nearest, if there is one.
    pub(super) fn equal(&self) -> (&[Expr], &[Expr]) {
        let nearest = usize::from(matches!(self.matches, Matches::Nearest(_)));
        self.exprs.split_at(self.exprs.len() - nearest)
    }

    /// What is checked of the keys.
    pub(super) fn details(&self) -> Option<String> {
        self.check_unique().then(|| "check that no key comes twice, recorded".to_owned())
    }

    /// Whether two rows of one key must be looked for, because uniqueness is recorded, not proved.
    pub(crate) fn check_unique(&self) -> bool {
        matches!(self.matches, Matches::One(Some(Uniqueness::Recorded(..))))
    }

    /// Appends the chunk's rows; those with a null key match nothing and are left out, unless nulls match.
    pub(super) fn step<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        rows: &Rows<'c>,
        nulls_equal: bool,
        state: &[Value<'c>],
    ) -> StepResult<'c> {
        let mut rows = rows.clone();
        if !nulls_equal {
            for key in self.exprs.iter().filter(|key| key.nullable) {
                if let Some(valid) = cx.expr(Scope::of(&rows), key).valid {
                    rows.active = cx.b.and(rows.active, valid);
                    rows.dense = false;
                }
            }
        }
        cx.raise_early(&rows, &self.exprs);
        StepResult::kept(buffer::append(cx, stage, &rows, cx.columns_of(&rows, &stage.result), state))
    }

    /// The keys of buffered rows.
    pub(super) fn lanes<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Vec<Lane<'c>> {
        self.exprs.iter().map(|key| cx.expr(Scope::of(rows), key)).collect()
    }

    /// Says of rows that they have a key that another has.
    pub(super) fn raise_duplicates<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, lanes: Value<'c>) {
        let message = "a join key occurs twice, though it was unique at compile time".to_owned();
        cx.raise(StatusKind::Assumption, stage.span, message, lanes, rows.origin);
    }
}
