//! `dense`: keys address the groups directly; a chunk is scattered into them, or added by a kernel.

use super::accumulate::Addresses;
use super::address::{multiplies, slots};
use super::{Cost, FinishResult, Group, KeyDim, Length, StateSpec, StepResult, Strategy, Work};
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Lane, Rows, product};
use crate::physical::{Exchange, Stage, StagePrinter, Together, Verifier, require};
use crate::plan::{RowCount, VerifyError};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};

/// More slots than this are never addressed directly: each takes eight bytes for every part of an accumulator.
pub(crate) const MAX_SLOTS: u64 = 1 << 24;

/// Nanoseconds that a slot takes: it is filled, looked at in the end, and gathered if it has rows.
const SLOT: u64 = 20;

/// Nanoseconds that a row takes: it is scattered.
const ROW: u64 = 5;

/// Groups that their keys address.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Keys and aggregates.
    pub group: Group,
    /// The keys' domains.
    pub dims: Vec<KeyDim>,
}

impl Dense {
    fn address<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Addresses<'c> {
        let (slots, count) = numbers(cx, rows, &self.group.keys, &self.dims);
        Addresses::Slots { slots, count, known: Indices { sorted: false, unique: false } }
    }
}

/// How many slots keys have at the program's rung.
fn slot_count(cx: &Cx<'_, '_>, dims: &[KeyDim]) -> i64 {
    let extents: Vec<_> = dims.iter().map(|dim| cx.key_slots(dim, cx.rung)).collect();
    product(&extents).unwrap_or_else(|| panic!("63 bits do not count {extents:?} slots"))
}

/// The slot of each row, one past the last for a row that has none; and how many there are.
///
/// A key outside its domain has raised a status already; it must not address another's slot.
pub(super) fn numbers<'c>(
    cx: &Cx<'_, 'c>,
    rows: &Rows<'c>,
    keys: &[SchemaColumn],
    dims: &[KeyDim],
) -> (Value<'c>, i64) {
    let lanes: Vec<Lane<'c>> = keys.iter().map(|key| rows.columns[&key.id]).collect();
    places(cx, &lanes, rows.active, dims)
}

/// The same of any values, of the rows that count.
pub(super) fn places<'c>(cx: &Cx<'_, 'c>, lanes: &[Lane<'c>], counts: Value<'c>, dims: &[KeyDim]) -> (Value<'c>, i64) {
    let (b, count) = (cx.b, slot_count(cx, dims));
    let (address, inside) = cx.address(lanes, dims, &cx.extents(dims));
    let nowhere = b.full_int(Element::S32, &b.dims(counts), count);
    (b.select(b.and(counts, inside), address, nowhere), count)
}

/// No more groups than there are slots, unless a dictionary among the keys grows.
pub(super) fn rows_out(dims: &[KeyDim], rows: Option<RowCount>, work: Work<'_>) -> Option<RowCount> {
    let Some(slots) = slots(dims, work.dictionaries) else { return rows };
    if !dims.iter().any(KeyDim::grows) {
        return Some(rows.map_or(RowCount::at_most(slots), |rows| rows.limited(slots)));
    }
    rows.filter(|rows| rows.rows <= slots).or(Some(RowCount::about(slots)))
}

/// Checks that keys address the slots of their domains.
pub(super) fn verify(verifier: &Verifier<'_>, keys: &[SchemaColumn], dims: &[KeyDim]) -> Result<(), VerifyError> {
    let facts = keys.iter().map(|key| (key.ty, key.nullable, verifier.interval(key.id)));
    verifier.address(&facts.collect::<Vec<_>>(), dims, MAX_SLOTS)?;
    let nulls = keys.iter().map(|key| key.nullable).eq(dims.iter().map(|dim| dim.nullable));
    require(nulls, || "(P8) a key that may be null has no slot for it".to_owned())
}

/// The groups of the slots that have rows, in the order of their keys, of results slot by slot: all slots, or so many from the `first` on.
pub(super) fn present<'c>(
    cx: &Cx<'_, 'c>,
    group: &Group,
    dims: &[KeyDim],
    (first, slots): (Option<Value<'c>>, i64),
    present: Value<'c>,
    results: Vec<Lane<'c>>,
) -> FinishResult<'c> {
    let b = cx.b;
    let (positions, count) = b.positions(present);
    let nowhere = b.full_int(Element::S32, &[slots], slots);
    let target = b.select(present, positions, nowhere);
    let known = Indices { sorted: false, unique: true };
    let numbers = b.iota(Element::S32, slots);
    let sources = b.scatter(b.full_int(Element::S32, &[slots], 0), target, numbers, Combiner::Set, known);
    let numbers = first.map_or(sources, |first| b.add(sources, first));
    let elements: Vec<_> = group.keys.iter().map(|key| cx.column_element(key.id, key.ty)).collect();
    let mut tensors = Vec::new();
    for (lane, key) in cx.key_values(numbers, dims, &elements).into_iter().zip(&group.keys) {
        tensors.extend(cx.column_tensors(lane, key));
    }
    for (lane, column) in results.into_iter().zip(group.aggregates()) {
        let value = b.gather(lane.value, sources);
        let valid = lane.valid.map(|valid| b.gather(valid, sources));
        tensors.extend(cx.column_tensors(Lane { value, valid }, column));
    }
    FinishResult { count, tensors }
}

impl Strategy for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.group.expressions()
    }

    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        let slots = text.first_slots(&text.key_texts(&self.group.keys), &self.dims);
        std::iter::once(slots).chain(self.group.details(text)).collect()
    }

    fn group(&self) -> Option<&Group> {
        Some(&self.group)
    }

    fn rows_out(&self, rows: Option<RowCount>, work: Work<'_>) -> Option<RowCount> {
        rows_out(&self.dims, rows, work)
    }

    fn cost(&self, work: Work<'_>) -> Cost {
        let slots = slots(&self.dims, work.dictionaries).unwrap_or(u64::MAX);
        Cost { row: ROW, once: SLOT.saturating_mul(slots) }
    }

    fn verify(&self, verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        verify(verifier, &self.group.keys, &self.dims)
    }

    fn multiplies_dictionaries(&self) -> bool {
        multiplies(&self.dims)
    }

    fn together(&self) -> Together<'_> {
        Together::Merged
    }

    fn shared_slots(&self, work: Work<'_>) -> Option<u64> {
        slots(&self.dims, work.dictionaries)
    }

    /// A slot for each combination of key values, in a tensor for each part of an accumulator.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        let slots = cx.slot_dims(&self.dims);
        let spec = |(element, init)| StateSpec { element, dims: slots.clone(), init };
        self.group.accumulators(cx, stage).state(cx).into_iter().map(spec).collect()
    }

    /// Every row adds to the slot of its keys.
    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let accumulators = self.group.accumulators(cx, stage);
        let at = self.address(cx, rows);
        let states = cx.add_rows(&accumulators, &accumulators.split(cx, state), rows, at);
        StepResult::kept(states.into_iter().flatten().collect())
    }

    /// Slot by slot.
    fn merge<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        cx.merge_accumulators(&self.group.accumulators(cx, stage), state, other)
    }

    /// As many as there are slots, or as a device has of them.
    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        let dims = cx.slot_dims(&self.dims);
        if stage.exchange != Exchange::ReduceScatter {
            return dims;
        }
        // What is beyond counting is beyond the rungs too.
        let share = |dims: &Vec<i64>| product(dims).map_or_else(|| dims.clone(), |slots| vec![cx.share_of(slots)]);
        dims.iter().map(share).collect()
    }

    /// The slots that have rows, in the order of their keys.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let b = cx.b;
        let accumulators = self.group.accumulators(cx, stage);
        let states = accumulators.split(cx, state);
        let present = b.compare(Direction::Gt, accumulators.rows(&states), b.constant_int(Element::S64, 0));
        let results = cx.finalize(&accumulators, &states, present);
        let slots = cx.b.length(present);
        let first = (stage.exchange == Exchange::ReduceScatter).then(|| cx.first_of_share(slots));
        self::present(cx, &self.group, &self.dims, (first, slots), present, results)
    }
}
