//! Rows kept in a buffer: sorting, and what build sides share with it.

use super::{FinishResult, SinkLowering, StateSpec, StepResult};
use crate::encode::SortKey;
use crate::lower::context::{Cx, Rows};
use crate::lower::expr::Scope;
use crate::lower::keys::WordKey;
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::Init;

impl SinkLowering<'_> {
    /// The count and a buffer for every tensor of a column.
    pub(super) fn buffer_state(&self, cx: &Cx<'_, '_>) -> Vec<StateSpec> {
        let dims = cx.buffer_dims(self.stage.chunk_rows);
        let buffers = cx.column_elements(&self.stage.result).into_iter();
        let buffers = buffers.map(|element| StateSpec { element, dims: dims.clone(), init: Init::Zero });
        std::iter::once(StateSpec::fixed(Element::S32, &[], Init::Zero)).chain(buffers).collect()
    }

    /// Appends the chunk's rows.
    pub(super) fn buffer_step<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let columns = cx.columns_of(rows, &self.stage.result);
        let (buffers, count) = cx.append(rows, columns, &state[1..], state[0]);
        let state = std::iter::once(count).chain(buffers).collect();
        StepResult { state, count: Some(count), emitted: vec![] }
    }

    /// The buffered rows in order.
    pub(super) fn sort_finish<'c>(&self, cx: &Cx<'_, 'c>, keys: &[SortKey], state: &[Value<'c>]) -> FinishResult<'c> {
        let count = state[0];
        let rows = cx.buffered_rows(&self.stage.result, &state[1..], count);
        let words = cx.sort_words(&rows, keys);
        let order = cx.argsort(&words, count);
        let tensors = state[1..].iter().map(|buffer| cx.b.gather(*buffer, order)).collect();
        FinishResult { count, tensors }
    }
}

impl<'c> Cx<'_, 'c> {
    /// The words whose order is that of the sort keys.
    pub(super) fn sort_words(&self, rows: &Rows<'c>, keys: &[SortKey]) -> Vec<Value<'c>> {
        self.words(&self.sort_keys(rows, keys))
    }

    /// The sort keys of every row.
    pub(super) fn sort_keys(&self, rows: &Rows<'c>, keys: &[SortKey]) -> Vec<WordKey<'c>> {
        let key = |key: &SortKey| WordKey {
            lane: self.expr(Scope::of(rows), &key.expr),
            interval: self.interval(&key.expr),
            descending: key.descending,
            nulls_first: key.expr.nullable.then_some(key.nulls_first),
        };
        keys.iter().map(key).collect()
    }
}
