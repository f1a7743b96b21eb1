//! `reduce`: without keys there is one group, and a chunk is reduced into it.

use super::accumulate::Addresses;
use super::{FinishResult, Group, Length, MAX_RUNGS, StateSpec, StepResult, Strategy, Work};
use crate::encode::Expr;
use crate::lower::{Cx, Rows};
use crate::physical::{Stage, Together, Verifier, require};
use crate::plan::{RowCount, VerifyError};
use crate::stablehlo::{Element, Value};

/// One group of all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduce {
    /// The aggregates, and no keys.
    pub group: Group,
}

impl Strategy for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.group.expressions()
    }

    fn group(&self) -> Option<&Group> {
        Some(&self.group)
    }

    fn rows_out(&self, _rows: Option<RowCount>, _work: Work<'_>) -> Option<RowCount> {
        Some(RowCount::at_most(1))
    }

    fn verify(&self, _verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        require(self.group.keys.is_empty(), || "(P8) groups of several keys are reduced to one".to_owned())
    }

    fn together(&self) -> Together<'_> {
        Together::Merged
    }

    /// One slot for each part of an accumulator.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        let accumulators = self.group.accumulators(cx, stage).state(cx);
        accumulators.into_iter().map(|(element, init)| StateSpec::fixed(element, &[1], init)).collect()
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let accumulators = self.group.accumulators(cx, stage);
        let states = cx.add_rows(&accumulators, &accumulators.split(cx, state), rows, Addresses::One);
        StepResult::kept(states.into_iter().flatten().collect())
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        cx.merge_accumulators(&self.group.accumulators(cx, stage), state, other)
    }

    fn length(&self, _cx: &Cx<'_, '_>, _stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        vec![vec![1]; MAX_RUNGS]
    }

    /// One row, also of no rows.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let accumulators = self.group.accumulators(cx, stage);
        let active = cx.b.full_pred(&[1], true);
        let results = cx.finalize(&accumulators, &accumulators.split(cx, state), active);
        let tensors = results.into_iter().zip(self.group.aggregates());
        let tensors = tensors.flat_map(|(lane, column)| cx.column_tensors(lane, column)).collect();
        FinishResult { count: cx.b.constant_int(Element::S32, 1), tensors }
    }
}
