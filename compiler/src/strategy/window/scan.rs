//! The states of all rows of a partition up to each row.
//!
//! Rows are scanned in blocks, all of them at once, a row of each at a time; then the totals of the blocks are scanned alike, and
//! each row gets the total of the blocks before it. So every row is combined twice, whatever their number.

use super::aggregate::States;
use crate::lower::Cx;
use crate::stablehlo::{Element, Value};
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
///
/// All blocks take a step together: their first rows, their second rows and so on.
fn scan_blocks<'c>(
    cx: &Cx<'_, 'c>,
    accumulators: &Accumulators,
    lanes: States<'c>,
    starts: Value<'c>,
    block: i64,
) -> (States<'c>, Value<'c>) {
    let b = cx.b;
    let length = b.length(starts);
    let blocks = length / block;
    let turned = |value: Value<'c>| b.transpose(b.reshape(value, &[blocks, block]), &[1, 0]);
    let mut sources = vec![turned(starts)];
    sources.extend(lanes.iter().flatten().map(|lane| turned(*lane)));
    // The last step's values, then what is scanned so far.
    let mut carried = vec![b.full_pred(&[blocks], false)];
    carried.extend(super::aggregate::empty(cx, accumulators, blocks));
    let width = carried.len();
    carried.extend(&sources);
    let steps = b.constant_int(Element::S32, block);
    let scanned = b.for_range(steps, &carried, |inner, step, carried| {
        cx.within(inner, |cx| {
            let b = cx.b;
            let zero = b.constant_int(Element::S32, 0);
            let row = |source: Value<'c>| b.reshape(b.dynamic_slice(source, &[step, zero], &[1, blocks]), &[blocks]);
            let (before, made) = carried.split_at(width);
            let own: Vec<_> = sources.iter().map(|source| row(*source)).collect();
            let (starts, lanes) = (own[0], accumulators.split(cx, &own[1..]));
            let both = cx.combine(accumulators, &accumulators.split(cx, &before[1..]), &lanes, Addresses::Same);
            let mut next = vec![b.or(before[0], starts)];
            next.extend(lanes.into_iter().zip(both).flat_map(|(own, both)| chosen(cx, starts, own, both)));
            let put = |(made, value): (&Value<'c>, &Value<'c>)| {
                b.dynamic_update_slice(*made, b.reshape(*value, &[1, blocks]), &[step, zero])
            };
            let made: Vec<_> = made.iter().zip(&next).map(put).collect();
            next.into_iter().chain(made).collect()
        })
    });
    let mut scanned: Vec<_> =
        scanned[width..].iter().map(|value| b.reshape(b.transpose(*value, &[1, 0]), &[length])).collect();
    let started = scanned.remove(0);
    (accumulators.split(cx, &scanned), started)
}

/// The first states where `own` is wanted, else the second.
fn chosen<'c>(cx: &Cx<'_, 'c>, wanted: Value<'c>, own: Vec<Value<'c>>, other: Vec<Value<'c>>) -> Vec<Value<'c>> {
    own.into_iter().zip(other).map(|(own, other)| cx.b.select(wanted, own, other)).collect()
}
