//! What looks at all values of a frame together: quantiles, numbers of distinct values, and the most frequent one.
//!
//! Where the frame is the partition, its rows are put in order once more, now by value. Of other frames a sequence is asked,
//! which has a number for each row (`wavelet`): for quantiles the place of the row's value among all, for distinct values the
//! row before that has the same value, which lies before the frame for the first of each.

use super::frame;
use super::partition::{Arranged, Span};
use super::wavelet::Sequence;
use crate::encode::{Encoded, Expr, Scalar};
use crate::lower::{Cx, Lane, Scope, WordKey};
use crate::plan::NamedWindow;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};

/// The values of an argument, and the rows whose value counts: those that the filter leaves, without nulls.
struct Values<'c> {
    lane: Lane<'c>,
    counts: Value<'c>,
}

/// The rows put in order by partition, and then by what tells their values apart; those that do not count last.
struct Ordered<'c> {
    /// Which row is where: `i32`.
    order: Value<'c>,
    /// Whether a row counts and is the first of its partition with its value, in that order.
    firsts: Value<'c>,
    /// Whether a row counts, in that order.
    counts: Value<'c>,
}

fn values<'c>(cx: &Cx<'_, 'c>, arranged: &Arranged<'c>, item: &NamedWindow<Encoded>) -> Values<'c> {
    let b = cx.b;
    let mut scope = Scope::of(&arranged.rows);
    if let Some(filter) = &item.filter {
        scope = scope.only(cx, cx.truth(scope, filter));
    }
    let lane = cx.expr(scope, &item.arguments[0]);
    let dims = [arranged.rows.lanes];
    let value = if b.dims(lane.value).is_empty() { b.broadcast(lane.value, &dims) } else { lane.value };
    let counts = lane.valid.map_or(scope.active, |valid| b.and(scope.active, valid));
    Values { lane: Lane { value, valid: None }, counts }
}

/// Linear interpolation between the values next to a share of each frame's; null where it has none.
pub(super) fn quantile<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    frame: &frame::Rows<'c>,
) -> Lane<'c> {
    let b = cx.b;
    let values = values(cx, arranged, item);
    let zero = b.constant_int(Element::S32, 0);
    let counted = up_to(cx, values.counts);
    let number =
        b.maximum(b.subtract(before(cx, counted, frame.span.end), before(cx, counted, frame.span.start)), zero);
    let is_some = b.compare(Direction::Gt, number, zero);
    let others = b.convert(
        b.subtract(b.maximum(number, b.constant_int(Element::S32, 1)), b.constant_int(Element::S32, 1)),
        Element::F64,
    );
    let position = b.multiply(others, b.constant_float(Element::F64, share(&item.arguments[1])));
    let (low, high) = (b.floor(position), b.ceil(position));
    let at = in_frames(cx, arranged, &values, frame);
    let (least, most) = (at(b.convert(low, Element::S32)), at(b.convert(high, Element::S32)));
    let fraction = b.subtract(position, low);
    let between = b.add(least, b.multiply(b.subtract(most, least), fraction));
    let is_whole = b.compare(Direction::Eq, fraction, b.constant_float(Element::F64, 0.0));
    // Between infinities there is no way.
    let is_there = b.or(is_whole, b.compare(Direction::Eq, least, most));
    Lane { value: b.select(is_there, least, between), valid: Some(is_some) }
}

/// What gives each frame's value at a place among its values in order, from zero; any value where there is none.
fn in_frames<'f, 'c>(
    cx: &'f Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    values: &Values<'c>,
    frame: &frame::Rows<'c>,
) -> Box<dyn Fn(Value<'c>) -> Value<'c> + 'f> {
    let b = cx.b;
    let (value, counts) = (values.lane.value, values.counts);
    let greatest = b.constant_int(Element::S32, arranged.rows.lanes - 1);
    let inside = move |row: Value<'c>| b.clamp(b.zero(Element::S32), row, greatest);
    let key = || [counts_first(counts), WordKey::of_group(values.lane, None, false)];
    if frame.from_first && frame.to_last {
        let start = arranged.partition(cx).start;
        let number = arranged.partition_numbers(cx);
        let words: Vec<_> = number.into_iter().map(plain).chain(key()).collect();
        let order = cx.argsort(&cx.words(&words), arranged.count);
        let sorted = b.gather(value, order);
        return Box::new(move |place| b.gather(sorted, inside(b.add(start, place))));
    }
    let order = cx.argsort(&cx.words(&key()), arranged.count);
    let sorted = b.gather(value, order);
    let none = b.full_int(Element::S32, &[arranged.rows.lanes], 0);
    let places = b.scatter(none, order, arranged.position, Combiner::Set, Indices { sorted: false, unique: true });
    let sequence = Sequence::new(cx, places, arranged.rows.lanes - 1);
    let span = frame.span;
    Box::new(move |place| b.gather(sorted, inside(sequence.at(cx, span, place))))
}

/// How many different values each frame has.
pub(super) fn count_distinct<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    frame: &frame::Rows<'c>,
) -> Lane<'c> {
    let b = cx.b;
    let values = values(cx, arranged, item);
    let ordered = ordered(cx, arranged, &values);
    let lanes = arranged.rows.lanes;
    let zero = b.constant_int(Element::S32, 0);
    let number = if frame.from_first && frame.to_last {
        let firsts = up_to(cx, ordered.firsts);
        b.subtract(before(cx, firsts, frame.span.end), before(cx, firsts, frame.span.start))
    } else {
        // One more than the row before with the same value, of none 0; rows that do not count come after all.
        let one = b.constant_int(Element::S32, 1);
        let earlier = b.pad(b.add(ordered.order, one), b.zero(Element::S32), &[1], &[-1]);
        let earlier = b.select(ordered.firsts, b.full_int(Element::S32, &[lanes], 0), earlier);
        let earlier = b.select(ordered.counts, earlier, b.full_int(Element::S32, &[lanes], lanes));
        let none = b.full_int(Element::S32, &[lanes], 0);
        let known = Indices { sorted: false, unique: true };
        let earlier = b.scatter(none, ordered.order, earlier, Combiner::Set, known);
        let is_some = b.compare(Direction::Lt, frame.span.start, frame.span.end);
        let end = b.select(is_some, frame.span.end, frame.span.start);
        let span = Span { start: frame.span.start, end };
        Sequence::new(cx, earlier, lanes).less(cx, span, b.add(frame.span.start, one))
    };
    Lane { value: b.convert(b.maximum(number, zero), Element::S64), valid: None }
}

/// The value that occurs most often in each partition; of several the one that occurs first.
pub(super) fn mode<'c>(cx: &Cx<'_, 'c>, arranged: &mut Arranged<'c>, item: &NamedWindow<Encoded>) -> Lane<'c> {
    let b = cx.b;
    let values = values(cx, arranged, item);
    let ordered = ordered(cx, arranged, &values);
    let lanes = arranged.rows.lanes;
    let known = Indices { sorted: false, unique: false };
    // Which run each row is of, and how long these are.
    let one = b.constant_int(Element::S32, 1);
    let runs = b.maximum(b.subtract(up_to(cx, ordered.firsts), one), b.constant_int(Element::S32, 0));
    let counted = b.convert(ordered.counts, Element::S32);
    let lengths = b.scatter(b.full_int(Element::S32, &[lanes], 0), runs, counted, Combiner::Add, known);
    // The longest of a partition, and of these the one whose first row comes first.
    let length = b.convert(b.gather(lengths, runs), Element::S64);
    let row = b.convert(ordered.order, Element::S64);
    let until_last = b.subtract(b.constant_int(Element::S64, i32::MAX.into()), row);
    let word = b.or(b.shift_left(length, b.constant_int(Element::S64, 32)), until_last);
    let word = b.select(ordered.firsts, word, b.full_int(Element::S64, &[lanes], -1));
    let nothing = b.full_int(Element::S64, &[lanes], -1);
    let best = match arranged.partition_numbers(cx) {
        Some(number) => {
            let most = b.scatter(nothing, b.gather(number, ordered.order), word, Combiner::Max, known);
            b.gather(most, number)
        }
        None => {
            let slot = b.full_int(Element::S32, &[lanes], 0);
            b.gather(b.scatter(nothing, slot, word, Combiner::Max, known), slot)
        }
    };
    let low = b.and(best, b.constant_int(Element::S64, u32::MAX.into()));
    let row = b.convert(b.subtract(b.constant_int(Element::S64, i32::MAX.into()), low), Element::S32);
    let row = b.clamp(b.zero(Element::S32), row, b.constant_int(Element::S32, lanes - 1));
    let is_some = b.compare(Direction::Ge, best, b.constant_int(Element::S64, 0));
    Lane { value: b.gather(values.lane.value, row), valid: Some(is_some) }
}

fn ordered<'c>(cx: &Cx<'_, 'c>, arranged: &Arranged<'c>, values: &Values<'c>) -> Ordered<'c> {
    let b = cx.b;
    let key = [counts_first(values.counts), WordKey::of_group(values.lane, None, false)];
    let words: Vec<_> = arranged.partition_numbers(cx).into_iter().map(plain).chain(key).collect();
    let words = cx.words(&words);
    let order = cx.argsort(&words, arranged.count);
    let sorted: Vec<_> = words.iter().map(|word| b.gather(*word, order)).collect();
    let counts = b.gather(values.counts, order);
    Ordered { order, firsts: b.and(cx.boundaries(&sorted), counts), counts }
}

/// Rows that count before those that do not.
fn counts_first(counts: Value<'_>) -> WordKey<'_> {
    let lane = Lane { value: counts, valid: None };
    WordKey { lane, interval: None, descending: true, nulls_first: None }
}

fn plain(value: Value<'_>) -> WordKey<'_> {
    WordKey::of_group(Lane { value, valid: None }, None, false)
}

/// How many rows up to each are marked: `i32`.
fn up_to<'c>(cx: &Cx<'_, 'c>, marked: Value<'c>) -> Value<'c> {
    cx.b.inclusive_sum(cx.b.convert(marked, Element::S32))
}

/// Of numbers up to each row, those before some rows.
fn before<'c>(cx: &Cx<'_, 'c>, numbers: Value<'c>, row: Value<'c>) -> Value<'c> {
    let b = cx.b;
    let none = b.full_int(Element::S32, &b.dims(row), 0);
    let last = b.subtract(row, b.constant_int(Element::S32, 1));
    let is_any = b.compare(Direction::Ge, last, none);
    b.select(is_any, b.gather(numbers, b.maximum(last, none)), none)
}

/// The literal share of a quantile.
fn share(argument: &Expr) -> f64 {
    match argument.as_literal() {
        Some(Scalar::Float(share)) => *share,
        other => unreachable!("the share of a quantile is {other:?}"),
    }
}
