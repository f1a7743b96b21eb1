//! Groups addressed by their keys: `dense`, and `reduce` as its case of one slot.

use super::{FinishResult, SinkLowering, StateSpec, StepResult};
use crate::encode::SchemaColumn;
use crate::lower::accumulate::Addresses;
use crate::lower::context::{Cx, Lane, Rows};
use crate::physical::KeyDim;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};

impl SinkLowering<'_> {
    /// One tensor a lane of an accumulator, one slot a combination of key values.
    pub(super) fn slots_state(&self, cx: &Cx<'_, '_>, dims: &[KeyDim]) -> Vec<StateSpec> {
        let accumulators = self.accumulators();
        let slots = if dims.is_empty() { vec![vec![1]; super::MAX_RUNGS] } else { cx.slot_dims(dims) };
        let spec = |(element, init)| StateSpec { element, dims: slots.clone(), init };
        accumulators.state(cx).into_iter().map(spec).collect()
    }

    /// Every row adds to the slot of its keys.
    pub(super) fn slots_step<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        rows: &Rows<'c>,
        keys: &[SchemaColumn],
        dims: &[KeyDim],
        state: &[Value<'c>],
    ) -> StepResult<'c> {
        let accumulators = self.accumulators();
        let b = cx.b;
        let lanes: Vec<Lane<'c>> = keys.iter().map(|key| rows.columns[&key.id]).collect();
        let count = b.length(state[0]);
        let nowhere = b.full_int(Element::S32, &[rows.lanes], count);
        let slots = if keys.is_empty() {
            b.select(rows.active, b.full_int(Element::S32, &[rows.lanes], 0), nowhere)
        } else {
            // A key outside its domain has raised a status already; it must not address another's slot.
            let (address, inside) = cx.address(&lanes, dims, &cx.extents(dims));
            b.select(b.and(rows.active, inside), address, nowhere)
        };
        let at = Addresses { slots, count, known: Indices { sorted: false, unique: false } };
        let contributions = cx.contribute(rows, accumulators);
        let states = cx.combine(accumulators, &accumulators.split(cx, state), &contributions, at);
        StepResult { state: states.into_iter().flatten().collect(), count: None, emitted: vec![] }
    }

    /// The slots that have rows, in the order of their keys; one row where there are no keys.
    pub(super) fn slots_finish<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        keys: &[SchemaColumn],
        dims: &[KeyDim],
        state: &[Value<'c>],
    ) -> FinishResult<'c> {
        let b = cx.b;
        let accumulators = self.accumulators();
        let states = accumulators.split(cx, state);
        let slots = b.length(state[0]);
        let aggregates: Vec<_> = accumulators.recipes.iter().map(|recipe| recipe.item.column).collect();
        if keys.is_empty() {
            let active = b.full_pred(&[slots], true);
            let results = cx.finalize(accumulators, &states, active);
            let tensors = results.into_iter().zip(&aggregates);
            let tensors = tensors.flat_map(|(lane, column)| cx.column_tensors(lane, column)).collect();
            return FinishResult { count: b.constant_int(Element::S32, 1), tensors };
        }
        let present = b.compare(Direction::Gt, states[0][0], b.constant_int(Element::S64, 0));
        let results = cx.finalize(accumulators, &states, present);
        let (positions, count) = b.positions(present);
        let nowhere = b.full_int(Element::S32, &[slots], slots);
        let target = b.select(present, positions, nowhere);
        let known = Indices { sorted: false, unique: true };
        let numbers = b.iota(Element::S32, slots);
        let sources = b.scatter(b.full_int(Element::S32, &[slots], 0), target, numbers, Combiner::Set, known);
        let elements: Vec<_> = keys.iter().map(|key| cx.column_element(key.id, key.ty)).collect();
        let mut tensors = Vec::new();
        for (lane, key) in cx.key_values(sources, dims, &elements).into_iter().zip(keys) {
            tensors.extend(cx.column_tensors(lane, key));
        }
        for (lane, column) in results.into_iter().zip(&aggregates) {
            let value = b.gather(lane.value, sources);
            let valid = lane.valid.map(|valid| b.gather(valid, sources));
            tensors.extend(cx.column_tensors(Lane { value, valid }, column));
        }
        FinishResult { count, tensors }
    }
}
