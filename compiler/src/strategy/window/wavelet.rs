//! A sequence of numbers that is asked about ranges of its places: a wavelet matrix (Claude, Navarro and Ordóñez, 2015).
//!
//! From the highest bit to the lowest, the numbers are parted: those whose bit is 0 go before those whose bit is 1, in their
//! order. A range of places stays a range in both parts, found by counting the zeros before its ends, so that a question takes
//! as many steps as a number has bits, whatever the range. The levels are not kept: each is made while all questions are on it.

use crate::lower::Cx;
use crate::stablehlo::{Builder, Combiner, Direction, Element, Indices, Value};
use crate::strategy::ranked::Span;

/// Numbers from zero to a greatest one.
#[derive(Clone, Copy)]
pub(super) struct Sequence<'c> {
    numbers: Value<'c>,
    bits: u32,
}

/// One level: which numbers have a 1 there, and how many zeros there are before each place and in all.
struct Level<'c> {
    zeros_before: Value<'c>,
    zeros: Value<'c>,
    parted: Value<'c>,
}

impl<'c> Sequence<'c> {
    /// A sequence of `i32` numbers, none greater than `most`.
    pub(super) fn new(cx: &Cx<'_, 'c>, numbers: Value<'c>, most: i64) -> Self {
        assert_eq!(cx.b.element(numbers), Element::S32, "a sequence is of i32");
        Self { numbers, bits: (64 - most.leading_zeros()).max(1) }
    }

    /// The number at a place among those of each range in order, from zero; any where the range has no such place.
    pub(super) fn at(&self, cx: &Cx<'_, 'c>, range: Span<'c>, place: Value<'c>) -> Value<'c> {
        let b = cx.b;
        let found = b.full_int(Element::S32, &b.dims(place), 0);
        let start = [self.numbers, range.start, range.end, place, found];
        let bits = self.bits;
        let last = b.for_range(b.constant_int(Element::S32, bits.into()), &start, |b, level, state| {
            let [numbers, from, to, place, found] = *state else { unreachable!("five values are carried") };
            let bit = bit_of(b, bits, level);
            let level = Level::of(b, numbers, bit);
            let (from_zero, to_zero) = (level.zeros_up_to(b, from), level.zeros_up_to(b, to));
            let zeros = b.subtract(to_zero, from_zero);
            let is_zero = b.compare(Direction::Lt, place, zeros);
            let one = b.constant_int(Element::S32, 1);
            let found = b.add(
                found,
                b.select(
                    is_zero,
                    b.full_int(Element::S32, &b.dims(found), 0),
                    b.broadcast(b.shift_left(one, bit), &b.dims(found)),
                ),
            );
            vec![
                level.parted,
                b.select(is_zero, from_zero, level.behind(b, from, from_zero)),
                b.select(is_zero, to_zero, level.behind(b, to, to_zero)),
                b.select(is_zero, place, b.subtract(place, zeros)),
                found,
            ]
        });
        last[4]
    }

    /// How many numbers of each range are less than a bound.
    pub(super) fn less(&self, cx: &Cx<'_, 'c>, range: Span<'c>, bound: Value<'c>) -> Value<'c> {
        let b = cx.b;
        let found = b.full_int(Element::S32, &b.dims(bound), 0);
        let start = [self.numbers, range.start, range.end, found];
        let bits = self.bits;
        let last = b.for_range(b.constant_int(Element::S32, bits.into()), &start, |b, level, state| {
            let [numbers, from, to, found] = *state else { unreachable!("four values are carried") };
            let bit = bit_of(b, bits, level);
            let level = Level::of(b, numbers, bit);
            let (from_zero, to_zero) = (level.zeros_up_to(b, from), level.zeros_up_to(b, to));
            // Where the bound has a 1, those with a 0 are less, and the others are asked further.
            let is_one = has_bit(b, bound, bit);
            let zeros = b.subtract(to_zero, from_zero);
            vec![
                level.parted,
                b.select(is_one, level.behind(b, from, from_zero), from_zero),
                b.select(is_one, level.behind(b, to, to_zero), to_zero),
                b.select(is_one, b.add(found, zeros), found),
            ]
        });
        last[3]
    }
}

/// The bit of a level, from the highest: `i32`.
fn bit_of<'c>(b: &Builder<'c>, bits: u32, level: Value<'c>) -> Value<'c> {
    b.subtract(b.constant_int(Element::S32, i64::from(bits) - 1), level)
}

fn has_bit<'c>(b: &Builder<'c>, numbers: Value<'c>, bit: Value<'c>) -> Value<'c> {
    let shifted = b.shift_right_logical(numbers, b.broadcast(bit, &b.dims(numbers)));
    b.compare(Direction::Ne, b.and(shifted, b.constant_int(Element::S32, 1)), b.constant_int(Element::S32, 0))
}

impl<'c> Level<'c> {
    fn of(b: &Builder<'c>, numbers: Value<'c>, bit: Value<'c>) -> Self {
        let is_one = has_bit(b, numbers, bit);
        let is_zero = b.convert(b.not(is_one), Element::S32);
        let up_to = b.inclusive_sum(is_zero);
        let zeros = b.last(up_to);
        let zeros_before = b.subtract(up_to, is_zero);
        let place = b.iota(Element::S32, b.length(numbers));
        let behind = b.add(zeros, b.subtract(place, zeros_before));
        let place = b.select(is_one, behind, zeros_before);
        let none = b.full_int(Element::S32, &b.dims(numbers), 0);
        let parted = b.scatter(none, place, numbers, Combiner::Set, Indices { sorted: false, unique: true });
        Self { zeros_before, zeros, parted }
    }

    /// The zeros before a place, which may be behind all.
    fn zeros_up_to(&self, b: &Builder<'c>, place: Value<'c>) -> Value<'c> {
        let length = b.length(self.zeros_before);
        let greatest = b.constant_int(Element::S32, length - 1);
        let inside = b.compare(Direction::Le, place, greatest);
        let found = b.gather(self.zeros_before, b.minimum(place, greatest));
        b.select(inside, found, b.broadcast(self.zeros, &b.dims(place)))
    }

    /// Where a place goes among the ones.
    fn behind(&self, b: &Builder<'c>, place: Value<'c>, zeros_before: Value<'c>) -> Value<'c> {
        b.add(self.zeros, b.subtract(place, zeros_before))
    }
}
