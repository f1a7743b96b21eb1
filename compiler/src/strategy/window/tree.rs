//! The states of the rows between two positions, for each row: a walk over a segment tree.
//!
//! Level `k` of the tree has the states of `2^k` rows each. A frame is walked from both ends: an end that is not at a pair of
//! nodes takes a node along, and both go up a level (Bentley, 1977). So every state is of rows of the frame alone.

use super::aggregate::{States, empty};
use super::frame;
use crate::lower::Cx;
use crate::stablehlo::{Direction, Element, Value};
use crate::strategy::accumulate::{Accumulators, Addresses};

/// The states of the frames; of an empty one that of no rows.
pub(super) fn walk<'c>(
    cx: &Cx<'_, 'c>,
    accumulators: &Accumulators,
    lanes: &States<'c>,
    frame: &frame::Rows<'c>,
) -> States<'c> {
    let b = cx.b;
    let length = b.length(frame.span.start);
    assert!((length as u64).is_power_of_two(), "a tree over {length} rows");
    let most = frame.rows.map(|(first, last)| (last - first + 1).max(0).unsigned_abs());
    let nodes = build(cx, accumulators, lanes, length, most);
    let count = b.constant_int(Element::S32, 2 * length);
    let one = b.constant_int(Element::S32, 1);
    let none = empty(cx, accumulators, length);
    let start = b.minimum(frame.span.start, frame.span.end);
    let mut carried = vec![b.constant_int(Element::S32, 0), start, frame.span.end];
    carried.extend(&none);
    let is_open = |b: &crate::stablehlo::Builder<'c>, carried: &[Value<'c>]| {
        b.reduce_or(b.compare(Direction::Lt, carried[1], carried[2]))
    };
    let walked = b.while_loop(&carried, is_open, |inner, carried| {
        cx.within(inner, |cx| {
            let b = cx.b;
            let (level, mut low, mut high) = (carried[0], carried[1], carried[2]);
            let base = b.subtract(count, b.shift_right_logical(count, level));
            let mut states = accumulators.split(cx, &carried[3..]);
            let take = |states: &States<'c>, node: Value<'c>, takes: Value<'c>| {
                let node = b.add(b.select(takes, node, b.full_int(Element::S32, &[length], 0)), base);
                let taken = nodes.iter().zip(&none).map(|(nodes, none)| b.select(takes, b.gather(*nodes, node), *none));
                let taken = accumulators.split(cx, &taken.collect::<Vec<_>>());
                cx.combine(accumulators, states, &taken, Addresses::Same)
            };
            let is_odd = |value: Value<'c>| b.compare(Direction::Eq, b.and(value, one), one);
            let takes = b.and(b.compare(Direction::Lt, low, high), is_odd(low));
            states = take(&states, low, takes);
            low = b.add(low, b.convert(takes, Element::S32));
            let takes = b.and(b.compare(Direction::Lt, low, high), is_odd(high));
            states = take(&states, b.subtract(high, one), takes);
            high = b.subtract(high, b.convert(takes, Element::S32));
            let up = |value: Value<'c>| b.shift_right_logical(value, b.broadcast(one, &[length]));
            // An empty span stays empty.
            let mut next = vec![b.add(level, one), up(low), up(high)];
            next.extend(states.into_iter().flatten());
            next
        })
    });
    accumulators.split(cx, &walked[3..])
}

/// The levels of the tree one behind the other, the rows themselves first; as many as frames of `most` rows need.
fn build<'c>(
    cx: &Cx<'_, 'c>,
    accumulators: &Accumulators,
    lanes: &States<'c>,
    length: i64,
    most: Option<u64>,
) -> Vec<Value<'c>> {
    let b = cx.b;
    let levels = most.map_or(u32::MAX, |most| 64 - most.leading_zeros());
    let mut all: Vec<Vec<Value<'c>>> = lanes.iter().flatten().map(|lane| vec![*lane]).collect();
    let mut level = lanes.clone();
    let (mut size, mut height) = (length, 0);
    while size > 1 && height < levels {
        let half = |from: i64| -> States<'c> {
            let every_second = |part: &Value<'c>| b.slice(*part, &[from], &[size], &[2]);
            level.iter().map(|parts| parts.iter().map(every_second).collect()).collect()
        };
        level = cx.combine(accumulators, &half(0), &half(1), Addresses::Same);
        for (all, part) in all.iter_mut().zip(level.iter().flatten()) {
            all.push(*part);
        }
        size /= 2;
        height += 1;
    }
    all.into_iter().map(|levels| b.concatenate(&levels, 0)).collect()
}
