//! The states of all rows of a partition up to each row.
//!
//! Rows are scanned in blocks, each by combining every row with the one 1, 2, 4.. rows before it (Hillis and Steele, 1986);
//! then the totals of the blocks are scanned alike, and each row gets the total of the blocks before it.

use super::aggregate::States;
use crate::lower::Cx;
use crate::stablehlo::{Direction, Element, Value};
use crate::strategy::accumulate::{Accumulators, Addresses};

/// Rows of a block.
const BLOCK: i64 = 256;

/// Combines the states of all rows up to each, from the last row on that starts a partition.
pub(super) fn scan<'c>(
    cx: &Cx<'_, 'c>,
    accumulators: &Accumulators,
    lanes: States<'c>,
    starts: Value<'c>,
) -> States<'c> {
    let b = cx.b;
    let length = b.length(starts);
    let block = BLOCK.min(length);
    assert!(length % block == 0, "a buffer of {length} rows is scanned in blocks of {block}");
    let (scanned, started) = scan_blocks(cx, accumulators, lanes, starts, block);
    let blocks = length / block;
    if blocks == 1 {
        return scanned;
    }
    let last = |value: Value<'c>| b.slice(value, &[block - 1], &[length], &[block]);
    let totals = scanned.iter().map(|parts| parts.iter().map(|part| last(*part)).collect()).collect();
    let totals = scan(cx, accumulators, totals, last(started));
    // The blocks before the first one are empty.
    let before: Vec<_> = accumulators
        .state(cx)
        .into_iter()
        .zip(totals.into_iter().flatten())
        .map(|((element, init), total)| {
            let shifted = b.pad(total, cx.filled(element, &[], init), &[1], &[-1]);
            b.reshape(b.broadcast_in_dim(shifted, &[blocks, block], &[0]), &[length])
        })
        .collect();
    let before = accumulators.split(cx, &before);
    let whole = cx.combine(accumulators, &before, &scanned, Addresses::Same);
    let pairs = scanned.into_iter().zip(whole);
    pairs.map(|(own, whole)| chosen(cx, started, own, whole)).collect()
}

/// Of each block, the states up to each row, and whether a partition starts in the block up to it.
fn scan_blocks<'c>(
    cx: &Cx<'_, 'c>,
    accumulators: &Accumulators,
    lanes: States<'c>,
    starts: Value<'c>,
    block: i64,
) -> (States<'c>, Value<'c>) {
    let b = cx.b;
    let length = b.length(starts);
    let mut carried = vec![starts];
    carried.extend(lanes.into_iter().flatten());
    let place = b.remainder(b.iota(Element::S32, length), b.constant_int(Element::S32, block));
    let steps = b.constant_int(Element::S32, block.ilog2().into());
    let mut scanned = b.for_range(steps, &carried, |inner, step, carried| {
        cx.within(inner, |cx| {
            let b = cx.b;
            let distance = b.shift_left(b.constant_int(Element::S32, 1), step);
            let from = b.subtract(b.constant_int(Element::S32, block), distance);
            let shifted = |value: Value<'c>| {
                let padded = b.pad(value, b.zero(b.element(value)), &[block], &[0]);
                b.dynamic_slice(padded, &[from], &[length])
            };
            let is_first = b.compare(Direction::Lt, place, b.broadcast(distance, &[length]));
            let (started, lanes) = (carried[0], accumulators.split(cx, &carried[1..]));
            let before: Vec<_> = carried[1..].iter().map(|lane| shifted(*lane)).collect();
            let before = accumulators.split(cx, &before);
            let both = cx.combine(accumulators, &before, &lanes, Addresses::Same);
            let stays = b.or(started, is_first);
            let parts = lanes.into_iter().zip(both);
            let kept = parts.flat_map(|(own, both)| chosen(cx, stays, own, both)).collect::<Vec<_>>();
            let started = b.or(started, b.and(shifted(started), b.not(is_first)));
            std::iter::once(started).chain(kept).collect()
        })
    });
    let started = scanned.remove(0);
    (accumulators.split(cx, &scanned), started)
}

/// The first states where `own` is wanted, else the second.
fn chosen<'c>(cx: &Cx<'_, 'c>, wanted: Value<'c>, own: Vec<Value<'c>>, other: Vec<Value<'c>>) -> Vec<Value<'c>> {
    own.into_iter().zip(other).map(|(own, other)| cx.b.select(wanted, own, other)).collect()
}
