//! `mark`: which values each group has is marked in a table of groups and values, and counted in the end.
//!
//! `count_distinct` of text, or of numbers of a bounded domain, needs no order. What else is asked of the groups is added up as
//! by `dense` and `reduce`.

use super::accumulate::{Accumulators, Addresses};
use super::ranked::Values;
use super::{
    FinishResult, Group, KeyDim, Length, MAX_RUNGS, StateSpec, StepResult, Strategy, Work, address, dense, group,
};
use crate::encode::Expr;
use crate::lower::{Cx, Lane, Rows};
use crate::physical::{Stage, StagePrinter, Together, Verifier, require};
use crate::plan::{AggregateFunction, RowCount, VerifyError};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::Init;

/// More places than this, of all numbers together, are not marked: each takes a byte.
pub(crate) const MAX_PLACES: u64 = 1 << 24;

/// So many places cost nothing worth a sort.
const FEW_PLACES: u64 = 1 << 16;

/// A row is worth so many places: they are looked at once, and the row would be sorted.
const PLACES_OF_ROW: u64 = 16;

/// Groups whose different values are marked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Keys and aggregates; of those that look at all values together, only numbers of different ones.
    pub group: Group,
    /// The keys' domains; none without keys.
    pub dims: Vec<KeyDim>,
    /// The domain of each number's values, in the order of the aggregates.
    pub values: Vec<KeyDim>,
}

/// Whether a table of so many places is worth it for so many rows.
pub(crate) fn is_worth(places: u64, rows: u64) -> bool {
    places <= FEW_PLACES.max(rows.saturating_mul(PLACES_OF_ROW))
}

impl Mark {
    fn accumulators(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Accumulators {
        group::accumulators(cx, stage, self.group.aggregates.iter().filter(|item| !item.function.ranks()))
    }

    /// The domains of the places of each number: the keys', and its values' last.
    fn places(&self) -> impl Iterator<Item = Vec<KeyDim>> {
        self.values.iter().map(|value| self.dims.iter().chain([value]).copied().collect())
    }

    /// The marks with those of the rows.
    fn marked<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, marks: &[Value<'c>]) -> Vec<Value<'c>> {
        let b = cx.b;
        let counted = self.group.aggregates.iter().filter(|item| item.function.ranks());
        let each = counted.zip(self.places()).zip(marks).map(|((item, places), marks)| {
            cx.at(item.span, || {
                let values = Values::of(cx, rows, &item.arguments[0], item.filter.as_ref());
                let mut lanes: Vec<_> = self.group.keys.iter().map(|key| rows.columns[&key.id]).collect();
                lanes.push(Lane { value: values.value, valid: None });
                let counts = values.counts.unwrap_or(rows.active);
                let (place, count) = dense::places(cx, &lanes, counts, &places);
                let marked = b.full_pred(&[rows.lanes], true);
                assert!(b.length(*marks) == count, "a table of {count} places has others");
                b.scatter(*marks, place, marked, Combiner::Set, Indices { sorted: false, unique: false })
            })
        });
        each.collect()
    }
}

impl Strategy for Mark {
    fn name(&self) -> &'static str {
        "mark"
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.group.expressions()
    }

    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        let slots = (!self.dims.is_empty()).then(|| text.first_slots(&text.key_texts(&self.group.keys), &self.dims));
        slots.into_iter().chain(self.group.details(text)).collect()
    }

    fn group(&self) -> Option<&Group> {
        Some(&self.group)
    }

    fn rows_out(&self, rows: Option<RowCount>, work: Work<'_>) -> Option<RowCount> {
        if self.dims.is_empty() { Some(RowCount::at_most(1)) } else { dense::rows_out(&self.dims, rows, work) }
    }

    fn verify(&self, verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        let ranking = self.group.aggregates.iter().filter(|item| item.function.ranks());
        let ranking: Vec<_> = ranking.collect();
        let counts = ranking.iter().all(|item| item.function == AggregateFunction::CountDistinct);
        let is_each = counts && ranking.len() == self.values.len();
        require(is_each, || {
            format!("(P8) {} tables mark the values of {} aggregates", self.values.len(), ranking.len())
        })?;
        let keys = &self.group.keys;
        require(keys.is_empty() == self.dims.is_empty(), || "(P8) groups of several keys are one".to_owned())?;
        if !keys.is_empty() {
            dense::verify(verifier, keys, &self.dims)?;
        }
        ranking.iter().zip(self.places()).try_for_each(|(item, places)| {
            let value = &item.arguments[0];
            let keys = keys.iter().map(|key| (key.ty, key.nullable, verifier.interval(key.id)));
            let facts: Vec<_> = keys.chain([(value.ty, false, verifier.interval_of(value))]).collect();
            verifier.address(&facts, &places, MAX_PLACES)
        })
    }

    fn max_rows(&self, cx: &Cx<'_, '_>, stage: &Stage) -> u64 {
        self.accumulators(cx, stage).max_rows()
    }

    fn multiplies_dictionaries(&self) -> bool {
        self.places().any(|places| address::multiplies(&places))
    }

    fn together(&self) -> Together<'_> {
        Together::Merged
    }

    /// What rows add up to, in slots; then a table of marks for each number.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        let slots = self.length(cx, stage, Length::Rows);
        let added = self.accumulators(cx, stage).state(cx).into_iter();
        let mut state: Vec<_> = added.map(|(element, init)| StateSpec { element, dims: slots.clone(), init }).collect();
        let marks =
            |places: Vec<_>| StateSpec { element: Element::Pred, dims: cx.slot_dims(&places), init: Init::Zero };
        state.extend(self.places().map(marks));
        state
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        let accumulators = self.accumulators(cx, stage);
        let (added, marks) = state.split_at(state.len() - self.values.len());
        let at = if self.dims.is_empty() {
            Addresses::One
        } else {
            let (slots, count) = dense::numbers(cx, rows, &self.group.keys, &self.dims);
            Addresses::Slots { slots, count, known: Indices { sorted: false, unique: false } }
        };
        let added = cx.add_rows(&accumulators, &accumulators.split(cx, added), rows, at);
        StepResult::kept(added.into_iter().flatten().chain(self.marked(cx, rows, marks)).collect())
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        let parts = state.len() - self.values.len();
        let ((added, marks), (others, more)) = (state.split_at(parts), other.split_at(parts));
        let added = cx.merge_accumulators(&self.accumulators(cx, stage), added, others);
        added.into_iter().chain(marks.iter().zip(more).map(|(mine, theirs)| cx.b.or(*mine, *theirs))).collect()
    }

    fn length(&self, cx: &Cx<'_, '_>, _stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        if self.dims.is_empty() { vec![vec![1]; MAX_RUNGS] } else { cx.slot_dims(&self.dims) }
    }

    /// One row a group, in the order of the keys; without keys one row, also of no rows.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let b = cx.b;
        let accumulators = self.accumulators(cx, stage);
        let (added, marks) = state.split_at(state.len() - self.values.len());
        let states = accumulators.split(cx, added);
        let sizes = accumulators.rows(&states);
        let slots = b.length(sizes);
        let is_one = self.dims.is_empty();
        let some = b.compare(Direction::Gt, sizes, b.constant_int(Element::S64, 0));
        let present = if is_one { b.full_pred(&[1], true) } else { some };
        let mut added = cx.finalize(&accumulators, &states, present).into_iter();
        let mut numbers = marks.iter().map(|marks| {
            let marks = b.reshape(b.convert(*marks, Element::S32), &[slots, b.length(*marks) / slots]);
            let number = b.reduce_with(Combiner::Add, marks, &[1]);
            Lane { value: b.convert(number, Element::S64), valid: None }
        });
        let results = self.group.aggregates.iter().map(|item| {
            let next = if item.function.ranks() { numbers.next() } else { added.next() };
            next.unwrap_or_else(|| unreachable!("there are as many results as aggregates"))
        });
        let results: Vec<_> = results.collect();
        if !is_one {
            return dense::present(cx, &self.group, &self.dims, (None, slots), present, results);
        }
        let results = results.into_iter().zip(self.group.aggregates());
        let tensors = results.flat_map(|(lane, column)| cx.column_tensors(lane, column)).collect();
        FinishResult { count: b.constant_int(Element::S32, 1), tensors }
    }
}
