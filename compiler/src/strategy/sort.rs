//! `sort`: rows are buffered, and put in order at the end.

use super::{FinishResult, Length, StateSpec, StepResult, Strategy, buffer};
use crate::encode::{Expr, SchemaColumn, SortKey};
use crate::lower::{Cx, Rows};
use crate::physical::{Stage, StagePrinter, Together};
use crate::stablehlo::Value;

/// All rows in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// The order.
    pub keys: Vec<SortKey>,
}

impl Sort {
    /// The buffered rows in order; those of equal keys by their places, or else as they stand.
    fn sorted<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: &[Value<'c>],
    ) -> FinishResult<'c> {
        let (count, buffers) = (state[0], &state[1..]);
        let rows = cx.buffered_rows(&stage.result, buffers, count, buffer::capacity(cx, stage));
        let keys: Vec<_> = cx.sort_keys(&rows, &self.keys).into_iter().chain(cx.place_keys(places)).collect();
        let order = cx.argsort(&cx.words(&keys), count);
        FinishResult { count, tensors: cx.gather_all(buffers, order) }
    }
}

impl Strategy for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn title(&self, text: &StagePrinter<'_>) -> String {
        format!("sort [{}]", text.order(&self.keys))
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.keys.iter().map(|key| &key.expr).collect()
    }

    /// The sort is stable, so that ties stay as they arrived.
    fn relies_on_arrival(&self) -> bool {
        true
    }

    fn appends(&self) -> bool {
        true
    }

    fn together(&self) -> Together<'_> {
        Together::Ordered(&self.keys)
    }

    fn buffered(&self, stage: &Stage) -> Vec<SchemaColumn> {
        stage.result.clone()
    }

    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        buffer::state_of_columns(cx, stage, &stage.result)
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        cx.raise_early(rows, self.expressions());
        StepResult::kept(buffer::append(cx, stage, rows, cx.columns_of(rows, &stage.result), state))
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        cx.buffer_dims(stage.chunk_rows)
    }

    /// The buffered rows in order.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        self.sorted(cx, stage, state, &[])
    }

    /// In order by keys and places at once.
    fn finish_placed<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: usize,
    ) -> FinishResult<'c> {
        let (state, places) = state.split_at(state.len() - places);
        self.sorted(cx, stage, state, places)
    }
}
