//! Quantiles of groups whose values are put in no order: a kernel finds what stands at the places that are asked for.

use super::ranked::{Between, Values};
use crate::lower::{Cx, Lane};
use crate::stablehlo::{CustomCall, Element, TensorType, Value};
use dj_runtime::kernels::SELECT;

/// The kernel distributes rows among their groups. Of more groups than this the ends are more than a core's cache has lines, and
/// it would wait for memory with each row.
const MOST_GROUPS: i64 = 1 << 16;

/// Whether quantiles of so many groups are found so.
pub(super) fn is_selected(cx: &Cx<'_, '_>, groups: i64) -> bool {
    cx.calls_kernels() && groups <= MOST_GROUPS
}

/// The quantiles of each of so many groups, for each share; `number` is the group of each of the first `count` rows, `i32`, one past
/// the last of a row without.
pub(super) fn quantiles<'c>(
    cx: &Cx<'_, 'c>,
    values: &Values<'c>,
    (number, count): (Value<'c>, Value<'c>),
    groups: i64,
    shares: &[f64],
) -> Vec<Lane<'c>> {
    let b = cx.b;
    let outside = b.full_int(Element::S32, &b.dims(number), groups);
    let number = values.counts.map_or(number, |counts| b.select(counts, number, outside));
    let of_shares = shares.iter().map(|share| b.constant_float(Element::F64, *share));
    let inputs: Vec<_> = [number, values.value, count].into_iter().chain(of_shares).collect();
    let next_to = vec![TensorType::vector(Element::F64, groups); 2 * shares.len()];
    let results: Vec<_> = [TensorType::vector(Element::S32, groups)].into_iter().chain(next_to).collect();
    let found = b.call_kernel(&inputs, CustomCall { target: SELECT, results: &results, config: &[], aliases: &[] });
    let quantile =
        |(share, next_to): (&f64, &[Value<'c>])| Between::of(cx, found[0], *share).value(cx, next_to[0], next_to[1]);
    shares.iter().zip(found[1..].chunks(2)).map(quantile).collect()
}
