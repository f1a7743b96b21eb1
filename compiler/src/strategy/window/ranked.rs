//! Quantiles, numbers of distinct values and the most frequent value of frames.
//!
//! Where the frame is the partition, its rows are put in order once more, now by value (`strategy/ranked.rs`). Of other frames a
//! sequence is asked, which has a number for each row (`wavelet`): for quantiles the place of the row's value among all, for
//! distinct values the row before that has the same value, which lies before the frame for the first of each.

use super::frame;
use super::partition::Arranged;
use super::wavelet::Sequence;
use crate::encode::Encoded;
use crate::lower::{Cx, Lane, WordKey};
use crate::plan::{NamedWindow, Ranking};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use crate::strategy::ranked::{Ranked, Span, Values, interpolated, share, up_to, within};

/// An aggregate that looks at all values of each frame together.
pub(super) fn aggregate<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    ranking: Ranking,
    frame: &frame::Rows<'c>,
) -> Lane<'c> {
    let values = Values::of(cx, &arranged.rows, &item.arguments[0], item.filter.as_ref());
    if frame.from_first && frame.to_last {
        return of_partitions(cx, arranged, item, ranking, values);
    }
    match ranking {
        Ranking::Quantile => quantile(cx, arranged, item, &values, frame),
        Ranking::CountDistinct => count_distinct(cx, arranged, values, frame),
        Ranking::Mode => unreachable!("a mode is of whole partitions"),
    }
}

/// Of whole partitions, for each row.
fn of_partitions<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    ranking: Ranking,
    values: Values<'c>,
) -> Lane<'c> {
    let partition = arranged.partition(cx);
    let number = arranged.partition_numbers(cx);
    let ranked = Ranked::new(cx, values, number.map(plain), arranged.count);
    match ranking {
        Ranking::Quantile => ranked.quantile(cx, partition, share(&item.arguments)),
        Ranking::CountDistinct => ranked.count_distinct(cx, &arranged.rows, partition),
        Ranking::Mode => {
            let lanes = arranged.rows.lanes;
            // Partitions are numbered from one.
            let Some(number) = number else { return each(cx, ranked.mode(cx, &arranged.rows, 1), lanes) };
            cx.gather_lanes(&[ranked.mode(cx, &arranged.rows, lanes + 1)], number)[0]
        }
    }
}

/// The only value of a lane, for each row.
fn each<'c>(cx: &Cx<'_, 'c>, lane: Lane<'c>, lanes: i64) -> Lane<'c> {
    let all = |value: Value<'c>| cx.b.broadcast(cx.b.reshape(value, &[]), &[lanes]);
    Lane { value: all(lane.value), valid: lane.valid.map(all) }
}

fn quantile<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    item: &NamedWindow<Encoded>,
    values: &Values<'c>,
    frame: &frame::Rows<'c>,
) -> Lane<'c> {
    let b = cx.b;
    let lanes = arranged.rows.lanes;
    let greatest = b.constant_int(Element::S32, lanes - 1);
    let order = cx.argsort(&cx.words(&values.keys().collect::<Vec<_>>()), arranged.count);
    let sorted = b.gather(values.value, order);
    let none = b.full_int(Element::S32, &[lanes], 0);
    let places = b.scatter(none, order, arranged.position, Combiner::Set, Indices { sorted: false, unique: true });
    let sequence = Sequence::new(cx, places, lanes - 1);
    let counted = within(cx, up_to(cx, values.counts.unwrap_or(arranged.rows.active)), frame.span);
    interpolated(cx, counted, share(&item.arguments), &|place| {
        b.gather(sorted, b.clamp(b.zero(Element::S32), sequence.at(cx, frame.span, place), greatest))
    })
}

fn count_distinct<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &Arranged<'c>,
    values: Values<'c>,
    frame: &frame::Rows<'c>,
) -> Lane<'c> {
    let b = cx.b;
    let lanes = arranged.rows.lanes;
    let ranked = Ranked::new(cx, values, arranged.partition_numbers(cx).map(plain), arranged.count);
    // One more than the row before with the same value, of none 0; rows that do not count come after all.
    let one = b.constant_int(Element::S32, 1);
    let earlier = b.pad(b.add(ranked.order, one), b.zero(Element::S32), &[1], &[-1]);
    let earlier = b.select(ranked.firsts(cx, &arranged.rows), b.full_int(Element::S32, &[lanes], 0), earlier);
    let counts = ranked.counts(cx).unwrap_or(arranged.rows.active);
    let earlier = b.select(counts, earlier, b.full_int(Element::S32, &[lanes], lanes));
    let none = b.full_int(Element::S32, &[lanes], 0);
    let known = Indices { sorted: false, unique: true };
    let earlier = b.scatter(none, ranked.order, earlier, Combiner::Set, known);
    let is_some = b.compare(Direction::Lt, frame.span.start, frame.span.end);
    let end = b.select(is_some, frame.span.end, frame.span.start);
    let span = Span { start: frame.span.start, end };
    let number = Sequence::new(cx, earlier, lanes).less(cx, span, b.add(frame.span.start, one));
    Lane { value: b.convert(b.maximum(number, b.constant_int(Element::S32, 0)), Element::S64), valid: None }
}

fn plain(value: Value<'_>) -> WordKey<'_> {
    WordKey::of_group(Lane { value, valid: None }, None, false)
}
