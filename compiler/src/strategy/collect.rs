//! `collect`: rows are buffered, and what looks at all values of a group is computed in the end.
//!
//! Groups are numbered: by the slot that their keys address, where there are few, else by sorting the keys. The rows are then put
//! in order by group and value, once for each different argument (`ranked`), and everything else is added to the groups. Where only
//! quantiles are asked, and a kernel may be called, none are put in order (`selected`).
//!
//! On a mesh the rows of a group meet on one device. Without keys these are all rows: which value stands in the middle is not known
//! before all are counted.

use super::accumulate::{Accumulators, Addresses};
use super::address::multiplies;
use super::ranked::{Ranked, Span, Values, share};
use super::selected::{is_selected, quantiles};
use super::{
    AggregateItem, FinishResult, Group, KeyDim, Length, MAX_RUNGS, StateSpec, StepResult, Strategy, Work, buffer, dense,
};
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Lane, Rows, Runs, WordKey};
use crate::physical::{Stage, StagePrinter, Together, Verifier, require};
use crate::plan::{Ranking, RowCount, VerifyError};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::expr::Interval;

/// Groups whose rows are kept until all are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Collect {
    /// Keys and aggregates.
    pub group: Group,
    /// The keys' domains, where keys address the groups; without keys there are none.
    pub dims: Option<Vec<KeyDim>>,
}

/// The groups of buffered rows.
struct Groups<'c> {
    /// The number of each row's group, `i32`; one past the last for a row that has none.
    number: Value<'c>,
    /// How many groups there is room for.
    length: i64,
    /// Where keys are sorted: a row of each group, `i32`, and how many groups there are.
    found: Option<(Value<'c>, Value<'c>)>,
}

/// What is known of the values of an argument.
struct OfArgument<'c> {
    argument: Expr,
    filter: Option<Expr>,
    found: Found<'c>,
}

/// What was found out about values.
enum Found<'c> {
    /// Their order.
    Ranked(Ranked<'c>),
    /// Shares and their quantiles, where nothing else is asked.
    Selected(Vec<(f64, Lane<'c>)>),
}

impl Collect {
    /// The columns that the rows are kept with.
    fn carried(&self) -> Vec<SchemaColumn> {
        let mut columns = self.group.keys.clone();
        for column in self.group.expressions().into_iter().flat_map(buffer::columns_of) {
            buffer::note(&mut columns, column);
        }
        columns
    }

    /// What rows are added to, one after the other. Which one comes first is told by its place in the buffer.
    fn accumulators(&self, cx: &Cx<'_, '_>) -> Accumulators {
        let added = self.group.aggregates.iter().filter(|item| !item.function.ranks());
        Accumulators::new(cx, &added.cloned().collect::<Vec<_>>(), vec![Element::S32])
    }

    fn groups<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, count: Value<'c>) -> Groups<'c> {
        let b = cx.b;
        let keys = &self.group.keys;
        if keys.is_empty() {
            let outside = b.convert(b.not(rows.active), Element::S32);
            return Groups { number: outside, length: 1, found: None };
        }
        if let Some(dims) = &self.dims {
            let (number, length) = dense::numbers(cx, rows, keys, dims);
            return Groups { number, length, found: None };
        }
        let words = cx.words(&cx.group_keys(rows, keys));
        let Runs { order, starts, slots, .. } = cx.runs(rows, &words, count);
        let length = rows.lanes;
        let known = Indices { sorted: false, unique: true };
        let nothing = b.full_int(Element::S32, &[length], 0);
        let number = b.scatter(nothing, order, slots, Combiner::Set, known);
        let first_slots = b.select(starts, slots, b.full_int(Element::S32, &[length], length));
        let firsts = b.scatter(nothing, first_slots, order, Combiner::Set, known);
        let found = Some((firsts, b.reduce_add(b.convert(starts, Element::S32))));
        Groups { number, length, found }
    }

    /// What rows add up to in each group.
    fn added<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        accumulators: &Accumulators,
        rows: &Rows<'c>,
        groups: &Groups<'c>,
    ) -> Vec<Vec<Value<'c>>> {
        let state = accumulators.state(cx).into_iter();
        let empty: Vec<_> = state.map(|(element, init)| cx.filled(element, &[groups.length], init)).collect();
        let known = Indices { sorted: false, unique: false };
        let at = if self.group.keys.is_empty() {
            Addresses::One
        } else {
            Addresses::Slots { slots: groups.number, count: groups.length, known }
        };
        cx.add_rows(accumulators, &accumulators.split(cx, &empty), rows, at)
    }

    /// The aggregates of each group.
    fn results<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        rows: &Rows<'c>,
        count: Value<'c>,
        groups: &Groups<'c>,
    ) -> (Vec<Lane<'c>>, Value<'c>) {
        let b = cx.b;
        let accumulators = self.accumulators(cx);
        let states = self.added(cx, &accumulators, rows, groups);
        let sizes = accumulators.rows(&states);
        let present = b.compare(Direction::Gt, sizes, b.constant_int(Element::S64, 0));
        let is_one = self.group.keys.is_empty();
        let active = if is_one { b.full_pred(&[1], true) } else { present };
        let mut added = cx.finalize(&accumulators, &states, active).into_iter();
        // The groups' rows stand one behind the other, in the order of their numbers.
        let sizes = b.convert(sizes, Element::S32);
        let end = b.inclusive_sum(sizes);
        let span = Span { start: b.subtract(end, sizes), end };
        let mut known: Vec<OfArgument<'c>> = Vec::new();
        let each = self.group.aggregates.iter().map(|item| {
            let Some(ranking) = item.function.ranking() else {
                return added.next().unwrap_or_else(|| unreachable!("there are as many results as aggregates"));
            };
            cx.at(item.span, || {
                let lane = match (self.found(cx, &mut known, item, rows, count, groups), ranking) {
                    (Found::Selected(quantiles), _) => {
                        let share = share(&item.arguments);
                        let found = quantiles.iter().find(|(of, _)| of.to_bits() == share.to_bits());
                        found.unwrap_or_else(|| unreachable!("the quantile of {share} was not asked for")).1
                    }
                    (Found::Ranked(ranked), Ranking::Quantile) => ranked.quantile(cx, span, share(&item.arguments)),
                    (Found::Ranked(ranked), Ranking::CountDistinct) => ranked.count_distinct(cx, rows, span),
                    (Found::Ranked(ranked), Ranking::Mode) => ranked.mode(cx, rows, groups.length),
                };
                let element = cx.column_element(item.column.id, item.column.ty);
                Lane { value: cx.to_element(lane.value, element), valid: lane.valid }
            })
        });
        (each.collect(), present)
    }

    /// What is found out of the values of an aggregate, if no aggregate before has the same: the rows are put in order by group and
    /// value, if more is asked than quantiles.
    fn found<'k, 'c>(
        &self,
        cx: &Cx<'_, 'c>,
        known: &'k mut Vec<OfArgument<'c>>,
        item: &AggregateItem,
        rows: &Rows<'c>,
        count: Value<'c>,
        groups: &Groups<'c>,
    ) -> &'k Found<'c> {
        let of =
            |item: &AggregateItem| (item.arguments[0].without_spans(), item.filter.as_ref().map(Expr::without_spans));
        let (argument, filter) = of(item);
        let at = known.iter().position(|known| known.argument == argument && known.filter == filter);
        let at = at.unwrap_or_else(|| {
            let values = Values::of(cx, rows, &item.arguments[0], item.filter.as_ref());
            let same = |other: &&AggregateItem| other.function.ranking().is_some() && of(other) == of(item);
            let all: Vec<_> = self.group.aggregates.iter().filter(same).collect();
            let are_quantiles = all.iter().all(|item| item.function.ranking() == Some(Ranking::Quantile));
            let found = if are_quantiles && is_selected(cx, groups.length) {
                let mut shares: Vec<f64> = all.iter().map(|item| share(&item.arguments)).collect();
                shares.sort_by(f64::total_cmp);
                shares.dedup_by_key(|share| share.to_bits());
                let lanes = quantiles(cx, &values, (groups.number, count), groups.length, &shares);
                Found::Selected(shares.into_iter().zip(lanes).collect())
            } else {
                let number = WordKey {
                    lane: Lane { value: groups.number, valid: None },
                    interval: Some(Interval::proven(0, groups.length.into())),
                    descending: false,
                    nulls_first: None,
                };
                let has_keys = !self.group.keys.is_empty();
                Found::Ranked(Ranked::new(cx, values, has_keys.then_some(number), count))
            };
            known.push(OfArgument { argument, filter, found });
            known.len() - 1
        });
        &known[at].found
    }
}

impl Strategy for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.group.expressions()
    }

    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        let dims = self.dims.as_ref().filter(|dims| !dims.is_empty());
        let slots = dims.map(|dims| text.first_slots(&text.key_texts(&self.group.keys), dims));
        slots.into_iter().chain(self.group.details(text)).collect()
    }

    fn group(&self) -> Option<&Group> {
        Some(&self.group)
    }

    /// Which row comes first is told by its place in the buffer.
    fn relies_on_arrival(&self) -> bool {
        self.group.reads_order()
    }

    fn reads_order(&self) -> bool {
        false
    }

    fn rows_out(&self, rows: Option<RowCount>, work: Work<'_>) -> Option<RowCount> {
        match &self.dims {
            None => rows,
            Some(dims) if dims.is_empty() => Some(RowCount::at_most(1)),
            Some(dims) => dense::rows_out(dims, rows, work),
        }
    }

    fn verify(&self, verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        let is_one = self.dims.as_ref().is_some_and(Vec::is_empty);
        require(is_one == self.group.keys.is_empty(), || {
            "(P8) groups of several keys are collected as one".to_owned()
        })?;
        match &self.dims {
            Some(dims) if !is_one => {
                require(!multiplies(dims), || "(P8) rows multiply a table of texts".to_owned())?;
                dense::verify(verifier, &self.group.keys, dims)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn max_rows(&self, cx: &Cx<'_, '_>, _stage: &Stage) -> u64 {
        self.accumulators(cx).max_rows()
    }

    fn appends(&self) -> bool {
        true
    }

    fn together(&self) -> Together<'_> {
        Together::Keys(&self.group.keys)
    }

    fn buffered(&self, _stage: &Stage) -> Vec<SchemaColumn> {
        self.carried()
    }

    /// A buffer of each column that is a key or that some aggregate reads.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        buffer::state_of_columns(cx, stage, &self.carried())
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        for item in &self.group.aggregates {
            cx.raise_early_where(rows, item.filter.as_ref(), &item.arguments);
        }
        StepResult::kept(buffer::append(cx, stage, rows, cx.columns_of(rows, &self.carried()), state))
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        match &self.dims {
            None => cx.buffer_dims(stage.chunk_rows),
            Some(dims) if dims.is_empty() => vec![vec![1]; MAX_RUNGS],
            Some(dims) => cx.slot_dims(dims),
        }
    }

    /// One row a group, in the order of the keys; without keys one row, also of no rows.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let b = cx.b;
        let (count, buffers) = (state[0], &state[1..]);
        let rows = cx.buffered_rows(&self.carried(), buffers, count, buffer::capacity(cx, stage));
        let rows = Rows { order: vec![b.iota(Element::S32, rows.lanes)], ..rows };
        let groups = self.groups(cx, &rows, count);
        let (results, present) = self.results(cx, &rows, count, &groups);
        let keys = &self.group.keys;
        if let Some(dims) = self.dims.as_ref().filter(|dims| !dims.is_empty()) {
            return dense::present(cx, &self.group, dims, (None, groups.length), present, results);
        }
        let results = results.into_iter().zip(self.group.aggregates());
        let results = results.flat_map(|(lane, column)| cx.column_tensors(lane, column));
        let Some((firsts, count)) = groups.found else {
            return FinishResult { count: b.constant_int(Element::S32, 1), tensors: results.collect() };
        };
        let of_keys = cx.gather_all(&cx.columns_of(&rows, keys), firsts);
        FinishResult { count, tensors: of_keys.into_iter().chain(results).collect() }
    }
}
