//! Build sides of joins: a table addressed by the keys, or rows sorted by the keys' words.

use super::{FinishResult, SinkLowering, StepResult, product};
use crate::encode::Expr;
use crate::lower::context::{Cx, Rows};
use crate::lower::expr::Scope;
use crate::physical::KeyDim;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::StatusKind;

/// Whether a lookup's result says how many slots each key has: where they are not the same at every rung.
pub(in crate::lower) fn has_extents(dims: &[KeyDim]) -> bool {
    dims.iter().any(KeyDim::grows)
}

impl SinkLowering<'_> {
    /// Appends the chunk's rows; those with a null key match nothing and are left out, unless nulls match.
    pub(super) fn build_step<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        rows: &Rows<'c>,
        keys: &[Expr],
        nulls_equal: bool,
        state: &[Value<'c>],
    ) -> StepResult<'c> {
        let mut rows = rows.clone();
        if !nulls_equal {
            for key in keys.iter().filter(|key| key.nullable) {
                if let Some(valid) = cx.expr(Scope::of(&rows), key).valid {
                    rows.active = cx.b.and(rows.active, valid);
                    rows.dense = false;
                }
            }
        }
        self.buffer_step(cx, &rows, state)
    }

    /// The rows as buffered; the slots of every key, where they depend on the rung; and for every slot the row whose keys
    /// address it, −1 where there is none.
    pub(super) fn lookup_finish<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        keys: &[Expr],
        dims: &[KeyDim],
        check_unique: bool,
        state: &[Value<'c>],
    ) -> FinishResult<'c> {
        let b = cx.b;
        let count = state[0];
        let rows = cx.buffered_rows(&self.stage.result, &state[1..], count);
        let lanes: Vec<_> = keys.iter().map(|key| cx.expr(Scope::of(&rows), key)).collect();
        let extents: Vec<_> = dims.iter().map(|dim| cx.key_slots(dim, cx.rung)).collect();
        let slots = product(&extents).unwrap_or_else(|| panic!("63 bits do not count a table of {extents:?} slots"));
        let (address, inside) = cx.address(&lanes, dims, &cx.extents(dims));
        let nowhere = b.full_int(Element::S32, &[rows.lanes], slots);
        let target = b.select(b.and(rows.active, inside), address, nowhere);
        let known = Indices { sorted: false, unique: false };
        let numbers = b.iota(Element::S32, rows.lanes);
        let table = b.scatter(b.full_int(Element::S32, &[slots], -1), target, numbers, Combiner::Max, known);
        let outside = b.and(rows.active, b.not(inside));
        let message = "a join key lies outside the bounds recorded at compile time".to_owned();
        cx.raise(StatusKind::Assumption, self.stage.span, message, outside, rows.origin);
        if check_unique {
            let zero = b.full_int(Element::S32, &[rows.lanes], 0);
            let kept = b.gather(table, b.select(inside, address, zero));
            let lost = b.and(b.compare(Direction::Ne, kept, numbers), b.and(rows.active, inside));
            self.raise_duplicates(cx, &rows, lost);
        }
        let told = has_extents(dims).then(|| b.vector_int(Element::S32, &extents));
        let tensors = state[1..].iter().copied().chain(told).chain([table]).collect();
        FinishResult { count, tensors }
    }

    /// The rows sorted by their words, the words, and where each run of equal words ends.
    pub(super) fn merge_finish<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        keys: &[Expr],
        check_unique: bool,
        nulls_equal: bool,
        state: &[Value<'c>],
    ) -> FinishResult<'c> {
        let b = cx.b;
        let count = state[0];
        let rows = cx.buffered_rows(&self.stage.result, &state[1..], count);
        let lanes: Vec<_> = keys.iter().map(|key| cx.expr(Scope::of(&rows), key)).collect();
        let words = cx.join_words(&lanes, keys, nulls_equal);
        let order = cx.argsort(&words, count);
        let sorted: Vec<_> = words.iter().map(|word| b.gather(*word, order)).collect();
        let starts = b.and(cx.boundaries(&sorted), rows.active);
        if check_unique {
            self.raise_duplicates(cx, &rows, b.and(rows.active, b.not(starts)));
        }
        let length = rows.lanes;
        let numbers = b.subtract(b.inclusive_sum(b.convert(starts, Element::S32)), b.constant_int(Element::S32, 1));
        let nowhere = b.full_int(Element::S32, &[length], length);
        let runs = b.select(rows.active, numbers, nowhere);
        let ends = b.add(b.iota(Element::S32, length), b.constant_int(Element::S32, 1));
        let known = Indices { sorted: true, unique: false };
        let run_ends = b.scatter(b.full_int(Element::S32, &[length], 0), runs, ends, Combiner::Max, known);
        let zero = b.full_int(Element::S32, &[length], 0);
        let run_end = b.gather(run_ends, b.select(rows.active, numbers, zero));
        let columns = state[1..].iter().map(|buffer| b.gather(*buffer, order));
        let tensors = columns.chain(sorted.iter().copied()).chain([run_end]).collect();
        FinishResult { count, tensors }
    }

    fn raise_duplicates<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, lanes: Value<'c>) {
        let message = "a join key occurs twice, though it was unique at compile time".to_owned();
        cx.raise(StatusKind::Assumption, self.stage.span, message, lanes, rows.origin);
    }
}
