//! Questions that rows of one device have for others: where the rows of a build side are shared out among all, a join asks those
//! that have the keys.
//!
//! Rows stay where they are, and what they ask for comes to them. Lanes that ask the same ask once, so that a key which most rows
//! have costs no more than another one. What one device has for another goes in blocks of a fixed size, in as many rounds as the
//! largest number of questions needs, which a step finds out by itself ([decision 27]).
//!
//! [decision 27]: ../../../docs/decisions/0027-joins-ask-for-shared-rows.md

use super::context::Cx;
use super::keys::packed_bits;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};

/// Blocks are larger by this part of an even share, so that questions that are shared out unevenly take one round.
const SLACK: i64 = 4;

/// What gives, for questions and which lanes have one, a tensor of each of some elements.
pub(crate) type Answer<'a, 'c> = &'a dyn Fn(&Cx<'_, 'c>, &[Value<'c>], Value<'c>) -> Vec<Value<'c>>;

/// What lanes ask.
pub(crate) struct Questions<'c> {
    /// Which lanes ask: `pred[lanes]`.
    pub(crate) asks: Value<'c>,
    /// Which device each asks: `i32[lanes]`.
    pub(crate) to: Value<'c>,
    /// What: unsigned integers, or `i32` that are not negative.
    pub(crate) about: Vec<Value<'c>>,
}

/// Questions, each once, those for one device together.
struct Sorted<'c> {
    /// Where the question of each lane is: `i32[lanes]`; anything for a lane that asks nothing.
    of_lane: Value<'c>,
    /// The device that each is for, `i32[lanes]`; behind the last question anything.
    to: Value<'c>,
    about: Vec<Value<'c>>,
    /// How many there are for each device, `i32[devices]`, and how many for those before it.
    counts: Value<'c>,
    before: Value<'c>,
}

impl<'c> Cx<'_, 'c> {
    /// What `answer` gives, on the devices that are asked, for what lanes ask; anything for those that ask nothing.
    ///
    /// `answer` may raise no status. All devices take part, whether they ask or not.
    pub(crate) fn asked(
        &self,
        questions: &Questions<'c>,
        elements: &[Element],
        answer: Answer<'_, 'c>,
    ) -> Vec<Value<'c>> {
        let b = self.b;
        let (devices, groups) = (self.devices(), self.all_devices());
        let sorted = self.sorted_questions(questions);
        let lanes = b.length(sorted.to);
        let even = self.share_of(lanes);
        let block = (even + even / SLACK + 1).min(lanes);
        let place = b.iota(Element::S32, devices * block);
        let wide = b.constant_int(Element::S32, block);
        // Of a place in what is sent or received: the device, and the place in its block.
        let (device, nth) = (b.divide(place, wide), b.remainder(place, wide));
        let before = b.gather(sorted.before, device);
        let rank = b.subtract(b.iota(Element::S32, lanes), b.gather(sorted.before, sorted.to));
        let row_of = b.multiply(sorted.to, wide);
        let none: Vec<_> = elements.iter().map(|element| b.broadcast(b.zero(*element), &[lanes])).collect();
        let answered = b.for_range(self.rounds_of(sorted.counts, block), &none, |b, round, answered| {
            let first = b.multiply(round, wide);
            let left = b.maximum(b.subtract(sorted.counts, first), b.constant_int(Element::S32, 0));
            let coming = b.all_to_all(b.minimum(left, wide), 0, 0, &groups);
            let at = b.add(b.add(before, nth), first);
            let sent = sorted.about.iter().map(|about| b.all_to_all(b.gather(*about, at), 0, 0, &groups));
            let sent: Vec<_> = sent.collect();
            let is_asked = b.compare(Direction::Lt, nth, b.gather(coming, device));
            let given = self.within(b, |cx| answer(cx, &sent, is_asked));
            let made = given.iter().map(|tensor| b.element(*tensor));
            assert!(made.eq(elements.iter().copied()), "answers are not {elements:?}");
            // The answer to a question is in the block of the device that it is for, at the place that it had in this round.
            let nth = b.subtract(rank, first);
            let is_now = b.and(
                b.compare(Direction::Ge, nth, b.constant_int(Element::S32, 0)),
                b.compare(Direction::Lt, nth, wide),
            );
            let at = b.add(row_of, nth);
            let came = given.iter().map(|tensor| b.gather(b.all_to_all(*tensor, 0, 0, &groups), at));
            came.zip(answered).map(|(came, known)| b.select(is_now, came, *known)).collect()
        });
        self.gather_all(&answered, sorted.of_lane)
    }

    /// How many blocks the device with the most questions for another needs: the same on all devices.
    fn rounds_of(&self, counts: Value<'c>, block: i64) -> Value<'c> {
        let b = self.b;
        let most = b.reduce_max(b.all_gather(counts, 0, &self.all_devices()));
        let full = b.add(most, b.constant_int(Element::S32, block - 1));
        b.divide(full, b.constant_int(Element::S32, block))
    }

    fn sorted_questions(&self, questions: &Questions<'c>) -> Sorted<'c> {
        let b = self.b;
        let (lanes, devices) = (b.length(questions.asks), self.devices());
        let nobody = b.full_int(Element::S32, &[lanes], devices);
        let to = b.select(questions.asks, questions.to, nobody);
        let mut words: Vec<_> = questions.about.iter().map(|about| b.convert(*about, Element::U64)).collect();
        // As many bits of a hash as are sorted in two passes: questions that share them may stand mixed, and are asked more than once.
        let hash_bits = (2 * packed_bits(lanes)).saturating_sub(self.device_bits()).clamp(1, u32::BITS);
        let spare = b.constant_uint(Element::U64, (u32::BITS - hash_bits).into());
        let hash = b.shift_right_logical(self.hash_of_words(&words), spare);
        let device = b.shift_left(b.convert(to, Element::U64), b.constant_uint(Element::U64, hash_bits.into()));
        let order = self.argsort_by_bits(
            b.or(device, hash),
            self.device_bits() + hash_bits,
            b.constant_int(Element::S32, lanes),
        );
        words.push(b.convert(to, Element::U64));
        let count = b.reduce_add(b.convert(questions.asks, Element::S32));
        let asks = b.compare(Direction::Lt, b.iota(Element::S32, lanes), b.broadcast(count, &[lanes]));
        let starts = self.starts(&words, &[vec![u64::MAX; words.len()]], order, asks, count)[0];
        let numbers = b.subtract(b.inclusive_sum(b.convert(starts, Element::S32)), b.constant_int(Element::S32, 1));
        let known = Indices { sorted: false, unique: true };
        let none = b.full_int(Element::S32, &[lanes], 0);
        let of_lane = b.scatter(none, order, b.maximum(numbers, none), Combiner::Set, known);
        let (heads, _) = self.selected(starts);
        let at = b.gather(order, heads);
        let to_each = b.full_int(Element::S32, &[devices], 0);
        let counted = b.convert(starts, Element::S32);
        let counts =
            b.scatter(to_each, b.gather(to, order), counted, Combiner::Add, Indices { sorted: true, unique: false });
        Sorted {
            of_lane,
            to: b.gather(to, at),
            about: self.gather_all(&questions.about, at),
            counts,
            before: b.exclusive_sum(counts),
        }
    }
}
