//! Which rows a frame has, as seen from each row.

use super::Window;
use super::partition::Arranged;
use crate::encode::SortKey;
use crate::lower::{Cx, Lane, order_key};
use crate::plan::{Distance, Frame, FrameUnit};
use crate::stablehlo::{Direction, Element, Value};
use crate::strategy::ranked::Span;

/// No buffer has so many rows, so that a row moved by no more stays within `i32`.
const FAR: i64 = 1 << 30;

/// The rows of each row's frame, and how they are told.
pub(super) struct Rows<'c> {
    /// From the first to behind the last; none where the end is not behind the start. Both lie within the partition, but for
    /// those of an empty frame, which may lie anywhere, below zero too.
    pub(super) span: Span<'c>,
    /// Whether the frame starts with its partition, or ends with it.
    pub(super) from_first: bool,
    pub(super) to_last: bool,
    /// The first and the last row as distances from each, if that is what they are.
    pub(super) rows: Option<(i64, i64)>,
}

/// Positions moved by a number of rows.
pub(super) fn moved<'c>(cx: &Cx<'_, 'c>, position: Value<'c>, by: i64) -> Value<'c> {
    cx.b.add(position, cx.b.constant_int(Element::S32, by.clamp(-FAR, FAR)))
}

/// The keys of an order as words whose unsigned order is that of the rows, and the rows of each partition that have one.
struct Measured<'c> {
    words: Value<'c>,
    within: Span<'c>,
    valid: Option<Value<'c>>,
}

impl Window {
    /// The frame of each row.
    pub(super) fn frame<'c>(&self, cx: &Cx<'_, 'c>, arranged: &mut Arranged<'c>, frame: &Frame) -> Rows<'c> {
        let b = cx.b;
        let partition = arranged.partition(cx);
        let (from_first, to_last) = (frame.start.is_none(), frame.end.is_none());
        let measured = frame.measures().then(|| self.measured(cx, arranged, partition));
        let position = arranged.position;
        let start = match (frame.unit, frame.start) {
            (_, None) => partition.start,
            // Rows behind a row are behind the start of its partition, and rows before it before the end.
            (FrameUnit::Rows, Some(Distance::Whole(by))) if by >= 0 => moved(cx, position, by),
            (FrameUnit::Rows, Some(Distance::Whole(by))) => b.maximum(partition.start, moved(cx, position, by)),
            (_, Some(distance)) => self.end(cx, arranged, measured.as_ref(), distance, false),
        };
        let end = match (frame.unit, frame.end) {
            (_, None) => partition.end,
            (FrameUnit::Rows, Some(Distance::Whole(by))) if by < 0 => moved(cx, position, by.saturating_add(1)),
            (FrameUnit::Rows, Some(Distance::Whole(by))) => {
                b.minimum(partition.end, moved(cx, position, by.saturating_add(1)))
            }
            (_, Some(distance)) => self.end(cx, arranged, measured.as_ref(), distance, true),
        };
        let rows = match (frame.unit, frame.start, frame.end) {
            (FrameUnit::Rows, Some(Distance::Whole(first)), Some(Distance::Whole(last))) => {
                Some((first.clamp(-FAR, FAR), last.clamp(-FAR, FAR)))
            }
            _ => None,
        };
        Rows { span: Span { start, end }, from_first, to_last, rows }
    }

    /// Where the rows start, or end, that are some distance of the key away.
    fn end<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        arranged: &mut Arranged<'c>,
        measured: Option<&Measured<'c>>,
        distance: Distance,
        is_end: bool,
    ) -> Value<'c> {
        let peers = arranged.peers(cx);
        let here = if is_end { peers.end } else { peers.start };
        let Some(measured) = measured.filter(|_| !distance.is_here()) else { return here };
        let b = cx.b;
        let (target, beyond) = target(cx, arranged, &self.order[0], distance);
        let found = search(cx, measured, target, is_end);
        // No row is beyond the values that there are, in the direction in which the distance leads.
        let found = match beyond {
            Some(beyond) if is_end => b.select(beyond.before, measured.within.start, found),
            Some(beyond) => b.select(beyond.after, measured.within.end, found),
            None => found,
        };
        measured.valid.map_or(found, |valid| b.select(valid, found, here))
    }

    fn measured<'c>(&self, cx: &Cx<'_, 'c>, arranged: &Arranged<'c>, partition: Span<'c>) -> Measured<'c> {
        let b = cx.b;
        let key = &self.order[0];
        let lane = arranged.argument(cx, &key.expr);
        let words = word(cx, value(cx, lane), key.descending);
        let Some(valid) = lane.valid else { return Measured { words, within: partition, valid: None } };
        // The nulls of a partition stand together.
        let nulls = b.inclusive_sum(b.convert(b.and(b.not(valid), arranged.rows.active), Element::S32));
        let one = b.constant_int(Element::S32, 1);
        let until = |behind: Value<'c>| {
            let none = b.full_int(Element::S32, &b.dims(behind), 0);
            let last = b.subtract(behind, one);
            let is_some = b.compare(Direction::Ge, last, none);
            b.select(is_some, b.gather(nulls, b.maximum(last, none)), none)
        };
        let nulls = b.subtract(until(partition.end), until(partition.start));
        let within = if key.nulls_first {
            Span { start: b.add(partition.start, nulls), end: partition.end }
        } else {
            Span { start: partition.start, end: b.subtract(partition.end, nulls) }
        };
        Measured { words, within, valid: Some(valid) }
    }
}

/// Rows whose target lies beyond the values that the type of the key has.
struct Beyond<'c> {
    before: Value<'c>,
    after: Value<'c>,
}

/// A key as a 64-bit number: floats as such, whole numbers signed, those that are not shifted so that their order is kept.
fn value<'c>(cx: &Cx<'_, 'c>, lane: Lane<'c>) -> Value<'c> {
    let b = cx.b;
    match b.element(lane.value) {
        Element::F32 | Element::F64 => b.convert(lane.value, Element::F64),
        Element::U64 => b.xor(b.bitcast(lane.value, Element::S64), b.least(Element::S64)),
        Element::Pred => unreachable!("a truth value measures nothing"),
        Element::S8 | Element::S16 | Element::S32 | Element::S64 | Element::U8 | Element::U16 | Element::U32 => {
            cx.to_element(lane.value, Element::S64)
        }
    }
}

/// A number as a word whose unsigned order is that of the rows.
fn word<'c>(cx: &Cx<'_, 'c>, value: Value<'c>, descending: bool) -> Value<'c> {
    let word = order_key(cx.b, value).0;
    if descending { cx.b.not(word) } else { word }
}

/// The word of the key that is some distance away; and which lie beyond all values.
fn target<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    key: &SortKey,
    distance: Distance,
) -> (Value<'c>, Option<Beyond<'c>>) {
    let b = cx.b;
    let own = value(cx, arranged.argument(cx, &key.expr));
    let direct = |by: i64| if key.descending { by.saturating_neg() } else { by };
    match distance {
        Distance::Whole(by) => {
            let by = b.constant_int(Element::S64, direct(by));
            let moved = b.add(own, by);
            let is_negative = b.compare(Direction::Lt, by, b.zero(Element::S64));
            let under = b.and(is_negative, b.compare(Direction::Gt, moved, own));
            let over = b.and(b.not(is_negative), b.compare(Direction::Lt, moved, own));
            let moved = b.select(under, b.broadcast(b.least(Element::S64), &b.dims(own)), moved);
            let moved = b.select(over, b.broadcast(b.greatest(Element::S64), &b.dims(own)), moved);
            let (before, after) = if key.descending { (over, under) } else { (under, over) };
            (word(cx, moved, key.descending), Some(Beyond { before, after }))
        }
        Distance::Float(by) => {
            let by = if key.descending { -by } else { by };
            (word(cx, b.add(own, b.constant_float(Element::F64, by)), key.descending), None)
        }
        Distance::Months(by) => {
            let by = direct(by);
            let lane = arranged.argument(cx, &key.expr);
            let (moved, beyond) = cx.add_months(lane.value, key.expr.ty, b.constant_int(Element::S64, by));
            let moved = cx.to_element(moved, Element::S64);
            let none = b.full_pred(&b.dims(beyond), false);
            let is_before = (by < 0) != key.descending;
            let (before, after) = if is_before { (beyond, none) } else { (none, beyond) };
            (word(cx, moved, key.descending), Some(Beyond { before, after }))
        }
    }
}

/// The first row of those with a key whose word is not less than each target, or that is greater where `is_end`.
fn search<'c>(cx: &Cx<'_, 'c>, measured: &Measured<'c>, target: Value<'c>, is_end: bool) -> Value<'c> {
    let b = cx.b;
    let steps = 64 - (b.length(target) as u64).leading_zeros();
    let steps = b.constant_int(Element::S32, steps.into());
    let Span { start, end } = measured.within;
    let found = b.for_range(steps, &[start, end], |b, _, bounds| {
        let (low, high) = (bounds[0], bounds[1]);
        let open = b.compare(Direction::Lt, low, high);
        let middle = b.divide(b.add(low, high), b.constant_int(Element::S32, 2));
        let here = b.gather(measured.words, middle);
        let direction = if is_end { Direction::Le } else { Direction::Lt };
        let is_before = b.compare(direction, here, target);
        let right = b.and(open, is_before);
        let left = b.and(open, b.not(is_before));
        let behind = b.add(middle, b.constant_int(Element::S32, 1));
        vec![b.select(right, behind, low), b.select(left, middle, high)]
    });
    found[0]
}
