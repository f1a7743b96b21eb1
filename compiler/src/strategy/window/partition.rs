//! Rows in the order of their partitions.

use super::Window;
use crate::encode::Expr;
use crate::lower::{Cx, Lane, Rows, Scope};
use crate::stablehlo::{Combiner, CustomCall, Element, Indices, TensorType, Value};
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
    /// Which row is where, and where each row is: `i32`; `None` where the rows stand as they are buffered.
    order: Option<(Value<'c>, Value<'c>)>,
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
        let read: Vec<_> = window.items.iter().flat_map(|item| item.expressions()).flat_map(Expr::columns).collect();
        let measures = window.items.iter().any(|item| item.frame.measures());
        let keys = window.order.iter().filter(|_| measures).flat_map(|key| key.expr.columns());
        let read: Vec<_> = read.into_iter().chain(keys).collect();
        let columns = rows.columns.iter().filter(|(id, _)| read.contains(id));
        let (ids, lanes): (Vec<_>, Vec<_>) = columns.map(|(id, lane)| (*id, *lane)).unzip();
        let lanes = order.map_or_else(|| lanes.clone(), |order| cx.gather_lanes(&lanes, order));
        let columns: BTreeMap<_, _> = ids.into_iter().zip(lanes).collect();
        let origin = order.map_or(rows.origin, |order| b.convert(order, Element::S64));
        let rows = Rows { columns, origin, order: vec![position], ..rows.clone() };
        let order = order.map(|order| {
            let known = Indices { sorted: false, unique: true };
            let nowhere = b.full_int(Element::S32, &[rows.lanes], 0);
            (order, b.scatter(nowhere, order, position, Combiner::Set, known))
        });
        Self { rows, position, count, order, partition_starts, peer_starts, partition: None, peers: None }
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
        let first = || cx.b.compare(crate::stablehlo::Direction::Eq, self.position, cx.b.zero(Element::S32));
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

    /// Lanes with a value for each row.
    pub(super) fn whole(&self, cx: &Cx<'_, 'c>, lanes: &[Lane<'c>]) -> Vec<Lane<'c>> {
        let b = cx.b;
        let dims = [self.rows.lanes];
        let whole = |value: Value<'c>| if b.dims(value).is_empty() { b.broadcast(value, &dims) } else { value };
        lanes.iter().map(|lane| Lane { value: whole(lane.value), valid: lane.valid.map(whole) }).collect()
    }

    /// Lanes of the rows as they were, in order.
    pub(super) fn bring(&self, cx: &Cx<'_, 'c>, lanes: &[Lane<'c>]) -> Vec<Lane<'c>> {
        self.order.map_or_else(|| lanes.to_vec(), |(order, _)| cx.gather_lanes(lanes, order))
    }

    /// Lanes of the rows in order, as the rows were.
    pub(super) fn put_back(&self, cx: &Cx<'_, 'c>, lanes: &[Lane<'c>]) -> Vec<Lane<'c>> {
        let lanes = self.whole(cx, lanes);
        self.order.map_or_else(|| lanes.clone(), |(_, inverse)| cx.gather_lanes(&lanes, inverse))
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
