//! `sort`: rows are buffered as groups of one, sorted by key, and added up where keys are equal.

use super::accumulate::{Accumulators, Addresses};
use super::{Cost, FinishResult, Group, Length, StateSpec, StepResult, Strategy, Work, buffer};
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Rows, Runs};
use crate::physical::{Stage, Together};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::Init;

/// Nanoseconds that a row takes: it is sorted, and gathered in the new order.
const ROW: u64 = 85;

/// Nanoseconds that it takes to sort anything: buffers have room for two chunks, and are gathered as a whole.
const ONCE: u64 = 1_310_720;

/// Groups that are found by sorting.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSort {
    /// Keys and aggregates.
    pub group: Group,
}

/// Buffered rows reduced to one a group.
struct Groups<'c> {
    /// The keys' tensors, as buffered.
    keys: Vec<Value<'c>>,
    /// The accumulators' states.
    states: Vec<Vec<Value<'c>>>,
    /// How many groups there are: `i32`.
    count: Value<'c>,
}

impl GroupSort {
    fn groups<'c>(&self, cx: &Cx<'_, 'c>, accumulators: &Accumulators, state: &[Value<'c>]) -> Groups<'c> {
        let b = cx.b;
        let keys = &self.group.keys;
        let count = state[0];
        let widths: usize = keys.iter().map(|key| 1 + usize::from(key.nullable)).sum();
        let (key_buffers, part_buffers) = state[1..].split_at(widths);
        let length = b.length(key_buffers[0]);
        let rows = cx.buffered_rows(keys, key_buffers, count, length);
        let words = cx.words(&cx.group_keys(&rows, keys));
        let Runs { order, starts, slots, .. } = cx.runs(&rows, &words, count);
        let at = Addresses::Slots { slots, count: length, known: Indices { sorted: true, unique: false } };
        let parts = cx.gather_all(part_buffers, order);
        let empty = accumulators.state(cx).into_iter().map(|(element, init)| cx.filled(element, &[length], init));
        let empty = accumulators.split(cx, &empty.collect::<Vec<_>>());
        let states = cx.combine(accumulators, &empty, &accumulators.split(cx, &parts), at);
        let first_slots = b.select(starts, slots, b.full_int(Element::S32, &[length], length));
        let zeros = b.full_int(Element::S32, &[length], 0);
        let firsts = b.scatter(zeros, first_slots, order, Combiner::Set, Indices { sorted: false, unique: true });
        let keys = key_buffers.iter().map(|buffer| b.gather(*buffer, firsts)).collect();
        Groups { keys, states, count: b.reduce_add(b.convert(starts, Element::S32)) }
    }
}

impl Strategy for GroupSort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.group.expressions()
    }

    fn group(&self) -> Option<&Group> {
        Some(&self.group)
    }

    fn cost(&self, _work: Work<'_>) -> Cost {
        Cost { row: ROW, once: ONCE }
    }

    fn appends(&self) -> bool {
        true
    }

    fn together(&self) -> Together<'_> {
        Together::Keys(&self.group.keys)
    }

    fn buffered(&self, _stage: &Stage) -> Vec<SchemaColumn> {
        self.group.keys.clone()
    }

    /// Buffers of the keys and of every part of an accumulator.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        let keys = cx.column_elements(&self.group.keys).into_iter().map(|element| (element, Init::Zero));
        buffer::state(cx, stage, keys.chain(self.group.accumulators(cx, stage).state(cx)))
    }

    /// Appends the chunk's rows as groups of one.
    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let mut columns = cx.columns_of(rows, &self.group.keys);
        columns.extend(cx.contribute(rows, &self.group.accumulators(cx, stage)).into_iter().flatten());
        StepResult::kept(buffer::append(cx, stage, rows, columns, state))
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    fn compacts(&self) -> bool {
        true
    }

    /// One row a group.
    fn compact<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> Vec<Value<'c>> {
        let groups = self.groups(cx, &self.group.accumulators(cx, stage), state);
        let buffers = groups.keys.into_iter().chain(groups.states.into_iter().flatten());
        std::iter::once(groups.count).chain(buffers).collect()
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        cx.buffer_dims(stage.chunk_rows)
    }

    /// One row a group, in the order of the keys.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let accumulators = self.group.accumulators(cx, stage);
        let groups = self.groups(cx, &accumulators, state);
        let length = buffer::capacity(cx, stage);
        let live = cx.b.broadcast(groups.count, &[length]);
        let active = cx.b.compare(Direction::Lt, cx.b.iota(Element::S32, length), live);
        let results = cx.finalize(&accumulators, &groups.states, active);
        let results = results.into_iter().zip(self.group.aggregates());
        let results = results.flat_map(|(lane, column)| cx.column_tensors(lane, column));
        FinishResult { count: groups.count, tensors: groups.keys.into_iter().chain(results).collect() }
    }
}
