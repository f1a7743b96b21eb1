//! What looks at all values of a group together: quantiles, numbers of distinct values, and the most frequent one.
//!
//! Rows are put in order by group and then by value, those that do not count last. So the values of a group are a run of rows:
//! a quantile is the value at a place of it, and every row that differs from the one before has a value of its own.

use crate::encode::{Expr, Scalar};
use crate::lower::{Cx, Lane, Rows, Scope, WordKey};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};

/// Runs of rows: from the first to behind the last, `i32`.
#[derive(Clone, Copy)]
pub(super) struct Span<'c> {
    pub(super) start: Value<'c>,
    pub(super) end: Value<'c>,
}

/// The values of an argument.
pub(super) struct Values<'c> {
    /// The value of each row.
    pub(super) value: Value<'c>,
    /// The rows whose value counts: those that the filter leaves, without nulls; `None` where all do.
    pub(super) counts: Option<Value<'c>>,
}

impl<'c> Values<'c> {
    /// The values of rows of which the first ones are active.
    pub(super) fn of(cx: &Cx<'_, 'c>, rows: &Rows<'c>, argument: &Expr, filter: Option<&Expr>) -> Self {
        let b = cx.b;
        let mut scope = Scope::of(rows);
        if let Some(filter) = filter {
            scope = scope.only(cx, cx.truth(scope, filter));
        }
        let lane = cx.expr(scope, argument);
        let is_scalar = b.dims(lane.value).is_empty();
        let value = if is_scalar { b.broadcast(lane.value, &[rows.lanes]) } else { lane.value };
        let filtered = filter.map(|_| scope.active);
        Self { value, counts: lane.valid.map_or(filtered, |valid| Some(b.and(scope.active, valid))) }
    }

    /// What puts rows in order by their values, those that do not count last.
    pub(super) fn keys(&self) -> impl Iterator<Item = WordKey<'c>> {
        let lane = |value| Lane { value, valid: None };
        let first = |counts| WordKey { lane: lane(counts), interval: None, descending: true, nulls_first: None };
        self.counts.map(first).into_iter().chain([WordKey::of_group(lane(self.value), None, false)])
    }
}

/// Rows in order by group and then by value.
pub(super) struct Ranked<'c> {
    values: Values<'c>,
    /// The group of each row as it stands in the buffer; `None` where there is one.
    number: Option<Value<'c>>,
    words: Vec<Value<'c>>,
    /// How many rows there are: `i32`.
    count: Value<'c>,
    /// Which row is where: `i32`.
    pub(super) order: Value<'c>,
}

impl<'c> Ranked<'c> {
    /// The first `count` rows by `number`, if there are several groups, and by value.
    pub(super) fn new(cx: &Cx<'_, 'c>, values: Values<'c>, number: Option<WordKey<'c>>, count: Value<'c>) -> Self {
        let group = number.as_ref().map(|number| number.lane.value);
        let words = cx.words(&number.into_iter().chain(values.keys()).collect::<Vec<_>>());
        let order = cx.argsort(&words, count);
        Self { values, number: group, words, count, order }
    }

    /// Whether a row counts, in order; `None` where all do.
    pub(super) fn counts(&self, cx: &Cx<'_, 'c>) -> Option<Value<'c>> {
        self.values.counts.map(|counts| cx.gather_all(&[counts], self.order)[0])
    }

    /// Whether a row counts and is the first of its group with its value, in order.
    pub(super) fn firsts(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Value<'c> {
        let all = vec![u64::MAX; self.words.len()];
        let differs = cx.starts(&self.words, &[all], self.order, rows.active, self.count)[0];
        self.counts(cx).map_or(differs, |counts| cx.b.and(differs, counts))
    }

    /// Linear interpolation between the values next to a share of each group's; null where it has none.
    pub(super) fn quantile(&self, cx: &Cx<'_, 'c>, groups: Span<'c>, share: f64) -> Lane<'c> {
        let counted = match self.counts(cx) {
            Some(counts) => within(cx, up_to(cx, counts), groups),
            None => cx.b.subtract(groups.end, groups.start),
        };
        let last = cx.b.constant_int(Element::S32, cx.b.length(self.order) - 1);
        let row = |place| cx.b.clamp(cx.b.zero(Element::S32), cx.b.add(groups.start, place), last);
        // Of few groups few values are looked at.
        let sorted = (cx.b.length(groups.start) == cx.b.length(self.order))
            .then(|| cx.gather_all(&[self.values.value], self.order)[0]);
        interpolated(cx, counted, share, &|place| match sorted {
            Some(sorted) => cx.b.gather(sorted, row(place)),
            None => cx.b.gather(self.values.value, cx.b.gather(self.order, row(place))),
        })
    }

    /// How many different values each group has.
    pub(super) fn count_distinct(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, groups: Span<'c>) -> Lane<'c> {
        let number = within(cx, up_to(cx, self.firsts(cx, rows)), groups);
        Lane { value: cx.b.convert(number, Element::S64), valid: None }
    }

    /// The value that occurs most often in each of so many groups; of several the one whose first row comes first.
    pub(super) fn mode(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, groups: i64) -> Lane<'c> {
        let b = cx.b;
        let lanes = b.length(self.order);
        let known = Indices { sorted: false, unique: false };
        // Which run each row is of, and how long these are.
        let one = b.constant_int(Element::S32, 1);
        let firsts = self.firsts(cx, rows);
        let runs = b.maximum(b.subtract(up_to(cx, firsts), one), b.constant_int(Element::S32, 0));
        let counted = b.convert(self.counts(cx).unwrap_or(rows.active), Element::S32);
        let lengths = b.scatter(b.full_int(Element::S32, &[lanes], 0), runs, counted, Combiner::Add, known);
        // The longest of a group, and of these the one whose first row comes first.
        let length = b.convert(b.gather(lengths, runs), Element::S64);
        let row = b.convert(self.order, Element::S64);
        let until_last = b.subtract(b.constant_int(Element::S64, i32::MAX.into()), row);
        let word = b.or(b.shift_left(length, b.constant_int(Element::S64, 32)), until_last);
        let word = b.select(firsts, word, b.full_int(Element::S64, &[lanes], -1));
        let number = self.number.map(|number| cx.gather_all(&[number], self.order)[0]);
        let number = number.unwrap_or_else(|| b.full_int(Element::S32, &[lanes], 0));
        let best = b.scatter(b.full_int(Element::S64, &[groups], -1), number, word, Combiner::Max, known);
        let low = b.and(best, b.constant_int(Element::S64, u32::MAX.into()));
        let row = b.convert(b.subtract(b.constant_int(Element::S64, i32::MAX.into()), low), Element::S32);
        let row = b.clamp(b.zero(Element::S32), row, b.constant_int(Element::S32, lanes - 1));
        let is_some = b.compare(Direction::Ge, best, b.constant_int(Element::S64, 0));
        Lane { value: b.gather(self.values.value, row), valid: Some(is_some) }
    }
}

/// Between the values next to a share of so many, which `at` gives by their place in order; null of none.
pub(super) fn interpolated<'c>(
    cx: &Cx<'_, 'c>,
    number: Value<'c>,
    share: f64,
    at: &dyn Fn(Value<'c>) -> Value<'c>,
) -> Lane<'c> {
    let between = Between::of(cx, number, share);
    between.value(cx, at(between.low), at(between.high))
}

/// The places next to a share of so many values: `i32`, from 0.
pub(super) struct Between<'c> {
    pub(super) low: Value<'c>,
    pub(super) high: Value<'c>,
    /// How far the share is from the lower one to the higher one, `f64`.
    fraction: Value<'c>,
    /// Whether there are any values.
    is_some: Value<'c>,
}

impl<'c> Between<'c> {
    pub(super) fn of(cx: &Cx<'_, 'c>, number: Value<'c>, share: f64) -> Self {
        let b = cx.b;
        let one = b.constant_int(Element::S32, 1);
        let is_some = b.compare(Direction::Gt, number, b.zero(Element::S32));
        let others = b.convert(b.subtract(b.maximum(number, one), one), Element::F64);
        let position = b.multiply(others, b.constant_float(Element::F64, share));
        let (low, high) = (b.floor(position), b.ceil(position));
        let fraction = b.subtract(position, low);
        Self { low: b.convert(low, Element::S32), high: b.convert(high, Element::S32), fraction, is_some }
    }

    /// Linear interpolation between the values at both places; null where there are none.
    pub(super) fn value(&self, cx: &Cx<'_, 'c>, least: Value<'c>, most: Value<'c>) -> Lane<'c> {
        let b = cx.b;
        // Of both a share: the way from one to the other may be longer than any number.
        let rest = b.subtract(b.constant_float(Element::F64, 1.0), self.fraction);
        let between = b.add(b.multiply(least, rest), b.multiply(most, self.fraction));
        let is_whole = b.compare(Direction::Eq, self.fraction, b.constant_float(Element::F64, 0.0));
        // Between equal infinities there is no way.
        let is_there = b.or(is_whole, b.compare(Direction::Eq, least, most));
        let value = b.select(is_there, least, between);
        // Zeros are equal, so it is not to be seen which one was first.
        let is_zero = b.compare(Direction::Eq, value, b.zero(Element::F64));
        let value = b.select(is_zero, b.full_float(Element::F64, &b.dims(value), 0.0), value);
        Lane { value, valid: Some(self.is_some) }
    }
}

/// How many rows up to each are marked: `i32`.
pub(super) fn up_to<'c>(cx: &Cx<'_, 'c>, marked: Value<'c>) -> Value<'c> {
    cx.b.inclusive_sum(cx.b.convert(marked, Element::S32))
}

/// Of numbers up to each row, those of the rows of some runs; none of an empty one.
pub(super) fn within<'c>(cx: &Cx<'_, 'c>, numbers: Value<'c>, span: Span<'c>) -> Value<'c> {
    let b = cx.b;
    let none = b.full_int(Element::S32, &b.dims(span.start), 0);
    let before = |row: Value<'c>| {
        let last = b.subtract(row, b.constant_int(Element::S32, 1));
        let is_any = b.compare(Direction::Ge, last, none);
        b.select(is_any, b.gather(numbers, b.maximum(last, none)), none)
    };
    b.maximum(b.subtract(before(span.end), before(span.start)), none)
}

/// The literal share of a quantile.
pub(super) fn share(arguments: &[Expr]) -> f64 {
    match arguments.get(1).and_then(Expr::as_literal) {
        Some(Scalar::Float(share)) => *share,
        other => unreachable!("the share of a quantile is {other:?}"),
    }
}
