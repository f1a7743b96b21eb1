//! Rows in the order of their partitions.

use super::{Part, Window};
use crate::encode::{Encoded, Expr};
use crate::lower::{Cx, Lane, Rows, Scope};
use crate::plan::NamedWindow;
use crate::stablehlo::{Combiner, CustomCall, Direction, Element, Indices, TensorType, Value};
use crate::strategy::ranked::Span;
use dj_runtime::kernels::{RUN_ENDS, RUN_STARTS};
use std::collections::BTreeMap;

/// The rows of a buffer, a partition after the other, each in its order. Every list has a value for each lane.
pub(super) struct Arranged<'c> {
    /// The rows; their place is their position.
    pub(super) rows: Rows<'c>,
    /// The position of each: `i32`.
    pub(super) position: Value<'c>,
    /// How many rows there are: `i32`.
    pub(super) count: Value<'c>,
    /// Which of the buffered rows is where: `i32`; `None` where they stand as they are buffered.
    order: Option<Value<'c>>,
    /// The number of each of the buffered rows among those of the stage: `i64`.
    numbers: Option<Value<'c>>,
    /// Whether partitions, or the order, put them elsewhere, and filters left some out.
    is_sorted: bool,
    is_filtered: bool,
    /// Whether a row is the first of its partition, or of its peers.
    partition_starts: Option<Value<'c>>,
    peer_starts: Option<Value<'c>>,
    partition: Option<Span<'c>>,
    peers: Option<Span<'c>>,
}

impl<'c> Arranged<'c> {
    /// Puts rows in order, of which the first `count` are live.
    pub(super) fn new(cx: &Cx<'_, 'c>, window: &Window, rows: &Rows<'c>, count: Value<'c>) -> Self {
        let b = cx.b;
        let keys = cx.group_keys(rows, &window.by);
        let (words, of_keys) = cx.words_after(&keys, &cx.sort_keys(rows, &window.order));
        let order = (!words.is_empty()).then(|| cx.argsort(&words, count));
        let (mut partition_starts, mut peer_starts) = (None, None);
        if let Some(order) = order {
            let starts = cx.starts(&words, &[of_keys, vec![u64::MAX; words.len()]], order, rows.active, count);
            partition_starts = Some(starts[0]).filter(|_| !keys.is_empty());
            peer_starts = Some(starts[1]);
        }
        let position = b.iota(Element::S32, rows.lanes);
        let read: Vec<_> = window.parts.iter().flat_map(Part::expressions).flat_map(Expr::columns).collect();
        let measures = window.items().any(|item| item.frame.measures());
        let keys = window.order.iter().filter(|_| measures).flat_map(|key| key.expr.columns());
        let read: Vec<_> = read.into_iter().chain(keys).collect();
        let columns = rows.columns.iter().filter(|(id, _)| read.contains(id));
        let (ids, lanes): (Vec<_>, Vec<_>) = columns.map(|(id, lane)| (*id, *lane)).unzip();
        let lanes = order.map_or_else(|| lanes.clone(), |order| cx.gather_lanes(&lanes, order));
        let columns: BTreeMap<_, _> = ids.into_iter().zip(lanes).collect();
        let rows = Rows { columns, order: vec![position], ..rows.clone() };
        let is_sorted = order.is_some();
        Self {
            rows,
            position,
            count,
            order,
            numbers: None,
            is_sorted,
            is_filtered: false,
            partition_starts,
            peer_starts,
            partition: None,
            peers: None,
        }
    }

    /// Lets each row be named by its number, or by its place among those that are buffered if that is not kept.
    pub(super) fn number(&mut self, cx: &Cx<'_, 'c>, numbers: Option<Value<'c>>) {
        self.numbers = numbers;
        self.name(cx);
    }

    fn name(&mut self, cx: &Cx<'_, 'c>) {
        self.rows.origin = match (self.numbers, self.order) {
            (Some(numbers), Some(order)) => cx.b.gather(numbers, order),
            (Some(numbers), None) => numbers,
            (None, Some(order)) => cx.b.convert(order, Element::S64),
            (None, None) => return,
        };
    }

    /// Adds what was computed of each row.
    pub(super) fn add(&mut self, cx: &Cx<'_, 'c>, items: &[NamedWindow<Encoded>], results: &[Lane<'c>]) {
        let dims = [self.rows.lanes];
        let whole = |value: Value<'c>| if cx.b.dims(value).is_empty() { cx.b.broadcast(value, &dims) } else { value };
        for (item, lane) in items.iter().zip(results) {
            let value = cx.to_element(whole(lane.value), cx.column_element(item.id, item.ty));
            self.rows.columns.insert(item.id, Lane { value, valid: lane.valid.map(whole) });
        }
    }

    /// Leaves out the rows that are not to be kept; the others stay in order.
    pub(super) fn keep(&mut self, cx: &Cx<'_, 'c>, keeps: Value<'c>) {
        let b = cx.b;
        let (sources, count) = cx.selected(b.and(self.rows.active, keeps));
        let active = b.compare(Direction::Lt, self.position, b.broadcast(count, &[self.rows.lanes]));
        // The first row that is left of a run starts it.
        let starts = |starts: Value<'c>| {
            let numbers = b.gather(b.inclusive_sum(b.convert(starts, Element::S32)), sources);
            let before = b.pad(numbers, b.constant_int(Element::S32, 0), &[1], &[-1]);
            b.and(active, b.compare(Direction::Ne, numbers, before))
        };
        self.partition_starts = self.partition_starts.map(starts);
        self.peer_starts = self.peer_starts.map(starts);
        (self.partition, self.peers) = (None, None);
        let (ids, lanes): (Vec<_>, Vec<_>) = self.rows.columns.iter().map(|(id, lane)| (*id, *lane)).unzip();
        self.rows.columns = ids.into_iter().zip(cx.gather_lanes(&lanes, sources)).collect();
        self.order = Some(self.order.map_or(sources, |order| b.gather(order, sources)));
        self.name(cx);
        (self.rows.active, self.count, self.is_filtered) = (active, count, true);
    }

    /// An expression of each row.
    pub(super) fn argument(&self, cx: &Cx<'_, 'c>, expr: &Expr) -> Lane<'c> {
        cx.expr(Scope::of(&self.rows), expr)
    }

    /// The partition of each row.
    pub(super) fn partition(&mut self, cx: &Cx<'_, 'c>) -> Span<'c> {
        *self.partition.get_or_insert_with(|| span(cx, self.partition_starts, self.position, self.count))
    }

    /// The rows that the order leaves equal to each, itself among them.
    pub(super) fn peers(&mut self, cx: &Cx<'_, 'c>) -> Span<'c> {
        *self.peers.get_or_insert_with(|| span(cx, self.peer_starts, self.position, self.count))
    }

    /// Whether each row is the first of its partition.
    pub(super) fn starts(&self, cx: &Cx<'_, 'c>) -> Value<'c> {
        let first = || cx.b.compare(Direction::Eq, self.position, cx.b.zero(Element::S32));
        self.partition_starts.unwrap_or_else(first)
    }

    /// The number of each row's partition: `i32`; `None` where there is one.
    pub(super) fn partition_numbers(&self, cx: &Cx<'_, 'c>) -> Option<Value<'c>> {
        self.partition_starts.map(|starts| cx.b.inclusive_sum(cx.b.convert(starts, Element::S32)))
    }

    /// The number of each row's peers among all: `i32`.
    pub(super) fn peer_numbers(&self, cx: &Cx<'_, 'c>) -> Value<'c> {
        let b = cx.b;
        match self.peer_starts {
            Some(starts) => b.inclusive_sum(b.convert(starts, Element::S32)),
            None => b.full_int(Element::S32, &[self.rows.lanes], 0),
        }
    }

    /// Lanes of the buffered rows, in order.
    pub(super) fn bring(&self, cx: &Cx<'_, 'c>, lanes: &[Lane<'c>]) -> Vec<Lane<'c>> {
        self.order.map_or_else(|| lanes.to_vec(), |order| cx.gather_lanes(lanes, order))
    }

    /// Lanes of the buffered rows, and lanes of the rows in order, both as the rows came.
    pub(super) fn put_back(
        &self,
        cx: &Cx<'_, 'c>,
        buffered: &[Lane<'c>],
        lanes: &[Lane<'c>],
    ) -> (Vec<Lane<'c>>, Vec<Lane<'c>>) {
        let b = cx.b;
        let Some(order) = self.order.filter(|_| self.is_sorted) else {
            return (self.bring(cx, buffered), lanes.to_vec());
        };
        let known = Indices { sorted: false, unique: true };
        let nowhere = b.full_int(Element::S32, &[self.rows.lanes], 0);
        if !self.is_filtered {
            let inverse = b.scatter(nowhere, order, self.position, Combiner::Set, known);
            return (buffered.to_vec(), cx.gather_lanes(lanes, inverse));
        }
        // Which buffered rows are left, and how many of them come before each.
        let outside = b.full_int(Element::S32, &[self.rows.lanes], self.rows.lanes);
        let left = b.select(self.rows.active, order, outside);
        let one = b.full_int(Element::S32, &[self.rows.lanes], 1);
        let before = b.exclusive_scan(Combiner::Add, b.scatter(nowhere, left, one, Combiner::Set, known));
        let place = b.select(self.rows.active, b.gather(before, order), outside);
        let inverse = b.scatter(nowhere, place, self.position, Combiner::Set, known);
        (cx.gather_lanes(buffered, b.gather(order, inverse)), cx.gather_lanes(lanes, inverse))
    }
}

/// The runs that begin at some rows; one of all `count` rows where none is told.
fn span<'c>(cx: &Cx<'_, 'c>, starts: Option<Value<'c>>, position: Value<'c>, count: Value<'c>) -> Span<'c> {
    let b = cx.b;
    let dims = b.dims(position);
    let Some(starts) = starts else {
        return Span { start: b.full_int(Element::S32, &dims, 0), end: b.broadcast(count, &dims) };
    };
    if cx.calls_kernels() {
        let results = [TensorType::vector(Element::S32, b.length(position))];
        let call = |target, inputs: &[Value<'c>]| {
            b.call_kernel(inputs, CustomCall { target, results: &results, config: &[], aliases: &[] })[0]
        };
        return Span { start: call(RUN_STARTS, &[starts]), end: call(RUN_ENDS, &[starts, count]) };
    }
    let nothing = b.full_int(Element::S32, &dims, 0);
    let start = b.inclusive_max(b.select(starts, position, nothing));
    let never = b.full_int(Element::S32, &dims, i32::MAX.into());
    // The next start behind each row: a scan from the end.
    let backwards = b.reverse(b.select(starts, position, never), &[0]);
    let next = b.reverse(b.exclusive_scan(Combiner::Min, backwards), &[0]);
    Span { start, end: b.minimum(next, b.broadcast(count, &dims)) }
}
