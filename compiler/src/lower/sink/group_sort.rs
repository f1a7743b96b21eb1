//! Groups found by sorting: rows are buffered as groups of one, sorted by key, and added up where keys are equal.

use super::{FinishResult, SinkLowering, StateSpec, StepResult};
use crate::encode::SchemaColumn;
use crate::lower::accumulate::Addresses;
use crate::lower::context::{Cx, Lane, Rows};
use crate::lower::keys::WordKey;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::Init;

/// Buffered rows reduced to one a group.
struct Groups<'c> {
    /// The keys' tensors, as buffered.
    keys: Vec<Value<'c>>,
    /// The accumulators' states.
    states: Vec<Vec<Value<'c>>>,
    /// How many groups there are: `i32`.
    count: Value<'c>,
}

impl SinkLowering<'_> {
    /// The count, and buffers of the keys and of every lane of an accumulator.
    pub(super) fn group_sort_state(&self, cx: &Cx<'_, '_>) -> Vec<StateSpec> {
        let (Some(accumulators), crate::physical::Sink::Aggregate { keys, .. }) =
            (&self.accumulators, &self.stage.sink)
        else {
            unreachable!("only groups have accumulators")
        };
        let dims = cx.buffer_dims(self.stage.chunk_rows);
        let keys = cx.column_elements(keys).into_iter().map(|element| (element, Init::Zero));
        let buffers = keys.chain(accumulators.state(cx));
        let buffers = buffers.map(|(element, init)| StateSpec { element, dims: dims.clone(), init });
        std::iter::once(StateSpec::fixed(Element::S32, &[], Init::Zero)).chain(buffers).collect()
    }

    /// Appends the chunk's rows as groups of one.
    pub(super) fn group_sort_step<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        rows: &Rows<'c>,
        keys: &[SchemaColumn],
        state: &[Value<'c>],
    ) -> StepResult<'c> {
        let mut columns = cx.columns_of(rows, keys);
        columns.extend(cx.contribute(rows, self.accumulators()).into_iter().flatten());
        let (buffers, count) = cx.append(rows, columns, &state[1..], state[0]);
        let state = std::iter::once(count).chain(buffers).collect();
        StepResult { state, count: Some(count), emitted: vec![] }
    }

    /// The state with one row a group, and the count.
    pub(in crate::lower) fn group_sort_compact<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        state: &[Value<'c>],
    ) -> (Vec<Value<'c>>, Value<'c>) {
        let crate::physical::Sink::Aggregate { keys, .. } = &self.stage.sink else {
            unreachable!("only groups are compacted")
        };
        let groups = self.reduce(cx, keys, state);
        let buffers = groups.keys.into_iter().chain(groups.states.into_iter().flatten());
        (std::iter::once(groups.count).chain(buffers).collect(), groups.count)
    }

    /// One row a group.
    pub(super) fn group_sort_finish<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        keys: &[SchemaColumn],
        state: &[Value<'c>],
    ) -> FinishResult<'c> {
        let groups = self.reduce(cx, keys, state);
        let mut tensors = groups.keys;
        let accumulators = self.accumulators();
        let length = cx.b.length(state[1]);
        let live = cx.b.broadcast(groups.count, &[length]);
        let active = cx.b.compare(Direction::Lt, cx.b.iota(Element::S32, length), live);
        let results = cx.finalize(accumulators, &groups.states, active);
        for (lane, recipe) in results.into_iter().zip(&accumulators.recipes) {
            tensors.extend(cx.column_tensors(lane, &recipe.item.column));
        }
        FinishResult { count: groups.count, tensors }
    }

    fn reduce<'c>(&self, cx: &Cx<'_, 'c>, keys: &[SchemaColumn], state: &[Value<'c>]) -> Groups<'c> {
        let b = cx.b;
        let count = state[0];
        let widths: usize = keys.iter().map(|key| 1 + usize::from(key.nullable)).sum();
        let (key_buffers, lane_buffers) = state[1..].split_at(widths);
        let length = b.length(key_buffers[0]);
        let rows = cx.buffered_rows(keys, key_buffers, count);
        let word_keys = keys.iter().map(|key| {
            let interval = cx.lowering.variant.facts.interval(key.id);
            WordKey::of_group(rows.columns[&key.id], interval, key.nullable)
        });
        let words = cx.words(&word_keys.collect::<Vec<_>>());
        let order = cx.argsort(&words, count);
        let sorted: Vec<_> = words.iter().map(|word| b.gather(*word, order)).collect();
        let starts = b.and(cx.boundaries(&sorted), rows.active);
        let marks = b.convert(starts, Element::S32);
        let numbers = b.subtract(b.inclusive_sum(marks), b.constant_int(Element::S32, 1));
        let nowhere = b.full_int(Element::S32, &[length], length);
        let slots = b.select(rows.active, numbers, nowhere);
        let known = Indices { sorted: true, unique: false };

        let lanes: Vec<Lane<'c>> =
            lane_buffers.iter().map(|lane| Lane { value: b.gather(*lane, order), valid: None }).collect();
        let lanes: Vec<_> = lanes.into_iter().map(|lane| lane.value).collect();
        let accumulators = self.accumulators();
        let empty: Vec<_> =
            accumulators.state(cx).into_iter().map(|(element, init)| cx.filled(element, &[length], init)).collect();
        let at = Addresses { slots, count: length, known };
        let states = cx.combine(accumulators, &accumulators.split(cx, &empty), &accumulators.split(cx, &lanes), at);
        let first_slots = b.select(starts, numbers, nowhere);
        let zeros = b.full_int(Element::S32, &[length], 0);
        let firsts = b.scatter(zeros, first_slots, order, Combiner::Set, Indices { sorted: false, unique: true });
        let keys = key_buffers.iter().map(|buffer| b.gather(*buffer, firsts)).collect();
        Groups { keys, states, count: b.reduce_add(marks) }
    }
}
