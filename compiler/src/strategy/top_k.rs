//! `top-k`: the first rows of an order, kept while the chunks come.

use super::{FinishResult, Length, MAX_RUNGS, StateSpec, StepResult, Strategy, buffer};
use crate::encode::{Expr, SortKey};
use crate::lower::{Cx, Lane, Rows, WordKey};
use crate::physical::{Stage, StagePrinter, Together, Verifier, require};
use crate::plan::{VerifyError, grouped};
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::Init;

/// The first rows of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct TopK {
    /// The order.
    pub keys: Vec<SortKey>,
    /// How many rows are kept: a power of two.
    pub rows: usize,
}

impl TopK {
    /// The first of the kept rows and more of them, which come after in input order, so that ties keep it; or whose places are known.
    fn first<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, kept: &[Value<'c>], more: &More<'c>) -> Vec<Value<'c>> {
        let b = cx.b;
        let most = self.rows as i64;
        let best = cx.buffered_rows(&stage.result, &kept[1..], kept[0], most);
        let pairs = kept[1..].iter().zip(&more.columns);
        let all: Vec<_> = pairs.map(|(best, more)| b.concatenate(&[*best, *more], 0)).collect();
        let lanes = most + b.length(more.active);
        let mut together = cx.buffered_rows(&stage.result, &all, b.constant_int(Element::S32, lanes), lanes);
        together.active = b.concatenate(&[best.active, more.active], 0);
        together.origin = b.concatenate(&[best.origin, more.origin], 0);
        let mut words = vec![WordKey {
            lane: Lane { value: b.not(together.active), valid: None },
            interval: None,
            descending: false,
            nulls_first: None,
        }];
        words.extend(cx.sort_keys(&together, &self.keys));
        words.extend(cx.place_keys(&all[all.len() - buffer::place_elements(stage).len()..]));
        let order = cx.argsort(&cx.words(&words), b.constant_int(Element::S32, lanes));
        let first = b.slice_rows(order, 0, most);
        let live = b.reduce_add(b.convert(together.active, Element::S32));
        let count = b.minimum(live, b.constant_int(Element::S32, most));
        std::iter::once(count).chain(all.iter().map(|column| b.gather(*column, first))).collect()
    }
}

/// Rows that contend with those that are kept.
struct More<'c> {
    columns: Vec<Value<'c>>,
    active: Value<'c>,
    origin: Value<'c>,
}

impl Strategy for TopK {
    fn name(&self) -> &'static str {
        "top-k"
    }

    fn title(&self, text: &StagePrinter<'_>) -> String {
        format!("top {} by [{}]", grouped(self.rows as u64), text.order(&self.keys))
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.keys.iter().map(|key| &key.expr).collect()
    }

    /// Ties stay as they arrived.
    fn relies_on_arrival(&self) -> bool {
        true
    }

    fn verify(&self, _verifier: &Verifier<'_>, stage: &Stage) -> Result<(), VerifyError> {
        let wanted = stage.slice.and_then(|(skip, count)| usize::try_from(skip.saturating_add(count)).ok());
        let enough = wanted.is_some_and(|wanted| wanted <= self.rows) && self.rows.is_power_of_two();
        require(enough, || format!("(P9) {} rows are kept of {:?}", self.rows, stage.slice))
    }

    fn together(&self) -> Together<'_> {
        Together::Merged
    }

    /// The count and the best rows so far, in order.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        let buffers = cx.column_elements(&stage.result).into_iter().chain(buffer::place_elements(stage));
        let buffers = buffers.map(|element| StateSpec::fixed(element, &[self.rows as i64], Init::Zero));
        std::iter::once(StateSpec::count()).chain(buffers).collect()
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let mut columns = cx.columns_of(rows, &stage.result);
        if stage.keeps_places() {
            columns.extend(&rows.order);
        }
        let more = More { columns, active: rows.active, origin: rows.origin };
        StepResult::kept(self.first(cx, stage, state, &more))
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        let rows = cx.buffered_rows(&stage.result, &other[1..], other[0], self.rows as i64);
        let more = More { columns: other[1..].to_vec(), active: rows.active, origin: rows.origin };
        self.first(cx, stage, state, &more)
    }

    fn length(&self, _cx: &Cx<'_, '_>, _stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        vec![vec![self.rows as i64]; MAX_RUNGS]
    }

    /// The rows as they are.
    fn finish<'c>(&self, _cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        FinishResult { count: state[0], tensors: state[1..].to_vec() }
    }

    /// They are in order already.
    fn finish_placed<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: usize,
    ) -> FinishResult<'c> {
        self.finish(cx, stage, &state[..state.len() - places])
    }
}
