//! Aggregates of frames.
//!
//! What is added up in whole numbers is the difference of two sums of all rows before. Everything else is combined of the
//! frame's rows alone, so that nothing is left of rows outside: a float that left a sum would leave its rounding, and an
//! infinity would stay for good. A frame that begins or ends with its partition is a scan, another one a walk over a tree.

use super::frame;
use super::partition::Arranged;
use super::{is_added, scan, tree};
use crate::encode::Encoded;
use crate::lower::{Cx, Lane, Scope};
use crate::plan::{AggregateFunction, NamedWindow, WindowFunction};
use crate::stablehlo::{Combiner, CustomCall, Direction, Element, TensorType, Value};
use crate::strategy::AggregateItem;
use crate::strategy::accumulate::{Accumulator, AccumulatorKind, Accumulators, Addresses};
use dj_runtime::kernels::RUNNING_SUM;

/// The state of every row's frame, accumulator by accumulator.
pub(super) type States<'c> = Vec<Vec<Value<'c>>>;

/// The aggregates of one frame, for each row in order.
pub(super) fn aggregates<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    items: &[&NamedWindow<Encoded>],
    frame: &frame::Rows<'c>,
) -> Vec<Lane<'c>> {
    let added: Vec<_> = items.iter().copied().filter(|item| end_of(item).is_none()).collect();
    let accumulators = accumulators(cx, &added);
    let states = states(cx, arranged, &accumulators, frame);
    let mut added = cx.finalize_rows(&accumulators, &states, &arranged.rows).into_iter();
    let each = items.iter().map(|item| match end_of(item) {
        Some(end) => cx.at(item.span, || pick(cx, arranged, item, frame, end)),
        None => added.next().unwrap_or_else(|| unreachable!("there are as many results as aggregates")),
    });
    each.collect()
}

/// How many rows can be added up.
pub(super) fn max_rows<'e>(cx: &Cx<'_, '_>, items: impl Iterator<Item = &'e NamedWindow<Encoded>>) -> u64 {
    accumulators(cx, &items.filter(|item| is_added(item)).collect::<Vec<_>>()).max_rows()
}

fn accumulators(cx: &Cx<'_, '_>, items: &[&NamedWindow<Encoded>]) -> Accumulators {
    let item = |item: &&NamedWindow<Encoded>| {
        let WindowFunction::Aggregate(function) = item.function else {
            unreachable!("{:?} is no aggregate", item.function)
        };
        AggregateItem {
            column: item.schema(),
            function,
            arguments: item.arguments.clone(),
            filter: item.filter.clone(),
            span: item.span,
        }
    };
    let mut accumulators = Accumulators::new(cx, &items.iter().map(item).collect::<Vec<_>>(), vec![Element::S32]);
    // Of sums up to each row those of the frames are differences, which f64 would round.
    let whole = accumulators.all.iter_mut().filter(|accumulator| accumulator.kind == AccumulatorKind::WholeSum);
    whole.for_each(|accumulator| accumulator.kind = AccumulatorKind::WideSum);
    accumulators
}

/// Which end of a frame has the row that is picked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

fn end_of(item: &NamedWindow<Encoded>) -> Option<End> {
    let ends = [(AggregateFunction::First, End::First), (AggregateFunction::Last, End::Last)];
    let found = ends.iter().find(|(function, _)| item.function == WindowFunction::Aggregate(*function));
    found.map(|(_, end)| *end)
}

/// The value of the first or last row of each frame that counts.
fn pick<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    item: &NamedWindow<Encoded>,
    frame: &frame::Rows<'c>,
    end: End,
) -> Lane<'c> {
    let b = cx.b;
    let lanes = arranged.rows.lanes;
    let (start, behind) = (frame.span.start, frame.span.end);
    let last = b.subtract(behind, b.constant_int(Element::S32, 1));
    let inside = |row: Value<'c>| b.clamp(b.zero(Element::S32), row, b.constant_int(Element::S32, lanes - 1));
    let mut scope = Scope::of(&arranged.rows);
    let row = match &item.filter {
        None => match end {
            End::First => start,
            End::Last => last,
        },
        Some(filter) => {
            let counts = cx.truth(scope, filter);
            scope = scope.only(cx, counts);
            match end {
                // The first row from the start on that counts, and the last one up to the end.
                End::First => {
                    let never = b.full_int(Element::S32, &[lanes], i32::MAX.into());
                    let backwards = b.reverse(b.select(counts, arranged.position, never), &[0]);
                    let next = b.reverse(b.inclusive_scan(Combiner::Min, backwards), &[0]);
                    b.gather(next, inside(start))
                }
                End::Last => {
                    let never = b.full_int(Element::S32, &[lanes], -1);
                    let before = b.inclusive_scan(Combiner::Max, b.select(counts, arranged.position, never));
                    b.gather(before, inside(last))
                }
            }
        }
    };
    let lane = cx.expr(scope, &item.arguments[0]);
    let found = b.and(b.compare(Direction::Ge, row, start), b.compare(Direction::Lt, row, behind));
    let row = b.select(found, row, arranged.position);
    let valid = lane.valid.map(|valid| b.gather(valid, row));
    Lane { value: b.gather(lane.value, row), valid: cx.both(Some(found), valid) }
}

/// What each row's frame remembers.
fn states<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    accumulators: &Accumulators,
    frame: &frame::Rows<'c>,
) -> States<'c> {
    let b = cx.b;
    let lanes = cx.contribute(&arranged.rows, accumulators);
    let is_some = b.compare(Direction::Lt, frame.span.start, frame.span.end);
    let (whole, others): (Vec<_>, Vec<_>) = (0..lanes.len()).partition(|index| adds_whole(&accumulators.all[*index]));
    let mut states = vec![vec![]; lanes.len()];
    for index in whole {
        let of_frame = |lane: &Value<'c>| difference(cx, b.inclusive_sum(*lane), frame, is_some);
        let accumulator = &accumulators.all[index];
        states[index] = cx.at(accumulator.span, || {
            if counts_rows(accumulator) {
                let rows = b.convert(b.subtract(frame.span.end, frame.span.start), Element::S64);
                return vec![b.maximum(rows, b.constant_int(Element::S64, 0))];
            }
            lanes[index].iter().map(of_frame).collect()
        });
    }
    if others.is_empty() {
        return states;
    }
    let some = accumulators.only(&others);
    let lanes: States<'c> = others.iter().map(|index| lanes[*index].clone()).collect();
    let combined = cx.at(some.all[0].span, || combined(cx, arranged, &some, lanes, frame));
    let empty = some.split(cx, &empty(cx, &some, arranged.rows.lanes));
    for ((index, combined), empty) in others.into_iter().zip(combined).zip(empty) {
        let parts = combined.into_iter().zip(empty);
        states[index] = parts.map(|(combined, empty)| b.select(is_some, combined, empty)).collect();
    }
    states
}

/// Whether what is remembered is the number of rows, whatever they hold.
fn counts_rows(accumulator: &Accumulator) -> bool {
    accumulator.kind == AccumulatorKind::Count && accumulator.arguments.is_empty() && accumulator.filter.is_none()
}

/// Whether what is remembered is a sum of whole numbers, whatever wraps on the way.
fn adds_whole(accumulator: &Accumulator) -> bool {
    matches!(accumulator.kind, AccumulatorKind::Count | AccumulatorKind::Sum | AccumulatorKind::WideSum)
}

/// Of sums up to each row, those of the frames.
fn difference<'c>(cx: &Cx<'_, 'c>, sums: Value<'c>, frame: &frame::Rows<'c>, is_some: Value<'c>) -> Value<'c> {
    let b = cx.b;
    let zero = b.full_int(Element::S64, &b.dims(sums), 0);
    let one = b.constant_int(Element::S32, 1);
    let none = b.full_int(Element::S32, &b.dims(sums), 0);
    let up_to = |behind: Value<'c>| {
        let last = b.subtract(b.select(is_some, behind, none), one);
        let is_any = b.compare(Direction::Ge, last, none);
        b.select(is_any, b.gather(sums, b.maximum(last, none)), zero)
    };
    b.subtract(up_to(frame.span.end), up_to(frame.span.start))
}

/// States of frames whose rows are combined one with another; any where a frame is empty.
fn combined<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    accumulators: &Accumulators,
    lanes: States<'c>,
    frame: &frame::Rows<'c>,
) -> States<'c> {
    let b = cx.b;
    let one = b.constant_int(Element::S32, 1);
    let at = |states: States<'c>, row: Value<'c>| -> States<'c> {
        let row = b.clamp(b.zero(Element::S32), row, b.constant_int(Element::S32, arranged.rows.lanes - 1));
        states.into_iter().map(|parts| parts.into_iter().map(|part| b.gather(part, row)).collect()).collect()
    };
    let starts = arranged.starts(cx);
    if frame.from_first {
        let scanned = running(cx, accumulators, lanes, starts);
        return at(scanned, b.subtract(frame.span.end, one));
    }
    if frame.to_last {
        // Backwards, a partition begins with its last row: that before which the next one starts.
        let backwards = |value: Value<'c>| b.reverse(value, &[0]);
        let lasts = b.pad(starts, b.constant_pred(true), &[-1], &[1]);
        let lanes = lanes.into_iter().map(|parts| parts.into_iter().map(backwards).collect()).collect();
        let scanned = scan::scan(cx, accumulators, lanes, backwards(lasts));
        let scanned = scanned.into_iter().map(|parts| parts.into_iter().map(backwards).collect()).collect();
        return at(scanned, frame.span.start);
    }
    match frame.rows {
        Some((first, last)) if last - first < NARROW => {
            shifted(cx, arranged, accumulators, &lanes, first..=last, frame)
        }
        _ => tree::walk(cx, accumulators, &lanes, frame),
    }
}

/// The states up to each row; sums of floats by a kernel, where there is one.
fn running<'c>(cx: &Cx<'_, 'c>, accumulators: &Accumulators, lanes: States<'c>, starts: Value<'c>) -> States<'c> {
    let b = cx.b;
    let is_sum = |index: &usize| accumulators.all[*index].kind == AccumulatorKind::FloatSum;
    let (sums, others): (Vec<usize>, Vec<usize>) =
        (0..lanes.len()).partition(|index| cx.calls_kernels() && is_sum(index));
    let mut states = vec![vec![]; lanes.len()];
    for index in sums {
        let results = [TensorType::vector(Element::F64, b.length(starts))];
        let call = CustomCall { target: RUNNING_SUM, results: &results, config: &[], aliases: &[] };
        let sum = |values: &Value<'c>| b.call_kernel(&[starts, *values], call)[0];
        states[index] = cx.at(accumulators.all[index].span, || lanes[index].iter().map(sum).collect());
    }
    if !others.is_empty() {
        let scanned = others.iter().map(|index| lanes[*index].clone()).collect();
        let scanned = scan::scan(cx, &accumulators.only(&others), scanned, starts);
        others.into_iter().zip(scanned).for_each(|(index, state)| states[index] = state);
    }
    states
}

/// Frames of no more rows are combined row by row.
const NARROW: i64 = 16;

/// The states of frames of so many rows before and after: those of the rows moved to where they are seen from.
fn shifted<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    accumulators: &Accumulators,
    lanes: &States<'c>,
    rows: std::ops::RangeInclusive<i64>,
    frame: &frame::Rows<'c>,
) -> States<'c> {
    let b = cx.b;
    let length = arranged.rows.lanes;
    let none = empty(cx, accumulators, length);
    let mut states = accumulators.split(cx, &none);
    for by in rows.filter(|by| by.abs() < length) {
        let row = b.add(arranged.position, b.constant_int(Element::S32, by));
        let after = b.compare(Direction::Ge, row, frame.span.start);
        let inside = b.and(after, b.compare(Direction::Lt, row, frame.span.end));
        let moved = lanes.iter().flatten().zip(&none).map(|(lane, none)| {
            let zero = b.zero(b.element(*lane));
            // Of positive moves the first rows go, of negative ones the last.
            let (low, high) = (-by, by);
            b.select(inside, b.pad(*lane, zero, &[low], &[high]), *none)
        });
        let moved = accumulators.split(cx, &moved.collect::<Vec<_>>());
        states = cx.combine(accumulators, &states, &moved, Addresses::Same);
    }
    states
}

/// The state of a frame without rows, for each row.
pub(super) fn empty<'c>(cx: &Cx<'_, 'c>, accumulators: &Accumulators, lanes: i64) -> Vec<Value<'c>> {
    let state = accumulators.state(cx).into_iter();
    state.map(|(element, init)| cx.filled(element, &[lanes], init)).collect()
}
