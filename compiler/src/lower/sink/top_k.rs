//! The first rows of an order, kept while the chunks come.

use super::{FinishResult, SinkLowering, StateSpec, StepResult};
use crate::encode::SortKey;
use crate::lower::context::{Cx, Lane, Rows};
use crate::lower::keys::WordKey;
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::Init;

impl SinkLowering<'_> {
    /// The count and the best rows so far, in order.
    pub(super) fn top_k_state(&self, cx: &Cx<'_, '_>, rows: i64) -> Vec<StateSpec> {
        let buffers = cx.column_elements(&self.stage.result).into_iter();
        let buffers = buffers.map(|element| StateSpec::fixed(element, &[rows], Init::Zero));
        std::iter::once(StateSpec::fixed(Element::S32, &[], Init::Zero)).chain(buffers).collect()
    }

    /// Sorts the best rows so far and the chunk together and keeps the first. The best so far stand before the chunk, so
    /// ties keep input order.
    pub(super) fn top_k_step<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        rows: &Rows<'c>,
        keys: &[SortKey],
        state: &[Value<'c>],
    ) -> StepResult<'c> {
        let b = cx.b;
        let kept = b.length(state[1]);
        let best = cx.buffered_rows(&self.stage.result, &state[1..], state[0]);
        let columns = cx.columns_of(rows, &self.stage.result);
        let all: Vec<_> = state[1..].iter().zip(columns).map(|(best, more)| b.concatenate(&[*best, more], 0)).collect();
        let lanes = kept + rows.lanes;
        let mut together = cx.buffered_rows(&self.stage.result, &all, b.constant_int(Element::S32, lanes));
        together.active = b.concatenate(&[best.active, rows.active], 0);
        together.origin = b.concatenate(&[best.origin, rows.origin], 0);
        let mut words = vec![WordKey {
            lane: Lane { value: b.not(together.active), valid: None },
            interval: None,
            descending: false,
            nulls_first: None,
        }];
        words.extend(cx.sort_keys(&together, keys));
        let order = cx.argsort(&cx.words(&words), b.constant_int(Element::S32, lanes));
        let first = b.slice_rows(order, 0, kept);
        let live = b.reduce_add(b.convert(together.active, Element::S32));
        let count = b.minimum(live, b.constant_int(Element::S32, kept));
        let best = all.iter().map(|column| b.gather(*column, first));
        let state = std::iter::once(count).chain(best).collect();
        StepResult { state, count: None, emitted: vec![] }
    }

    /// The rows as they are.
    pub(super) fn top_k_finish<'c>(&self, state: &[Value<'c>]) -> FinishResult<'c> {
        FinishResult { count: state[0], tensors: state[1..].to_vec() }
    }
}
