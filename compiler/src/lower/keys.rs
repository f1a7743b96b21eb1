//! Keys as integers: addresses into dense tables, and words whose unsigned order is the order of the rows.

#![expect(clippy::wildcard_enum_match_arm, reason = "only the 64-bit unsigned element is written differently")]

use super::context::{Cx, Lane, Rows};
use super::expr::{order_bits, order_key};
use crate::encode::{Expr, SchemaColumn};
use crate::stablehlo::{Builder, CustomCall, Direction, Element, TensorType, Value};
use crate::strategy::{KeyDim, KeyDomain};
use dj_runtime::expr::Interval;
use dj_runtime::kernels::{ARGSORT, BOUNDARIES, GATHER};

/// A key that becomes bits of a word.
pub(crate) struct WordKey<'c> {
    /// The values.
    pub(crate) lane: Lane<'c>,
    /// Where the values lie, so that fewer bits are enough; `None` takes all of the element's.
    pub(crate) interval: Option<Interval>,
    /// Largest first.
    pub(crate) descending: bool,
    /// Where nulls go: `Some(true)` first, `Some(false)` last, `None` where there are none.
    pub(crate) nulls_first: Option<bool>,
}

/// Rows in the order of their words, and the runs of equal ones among them. Every list has a value for each lane.
pub(crate) struct Runs<'c> {
    /// Which row is where: `i32`.
    pub(crate) order: Value<'c>,
    /// The words in that order, `u64` each.
    pub(crate) words: Vec<Value<'c>>,
    /// Whether a row is active and begins a run.
    pub(crate) starts: Value<'c>,
    /// The number of a row's run, `i32`; the last one's for a row that is not active.
    pub(crate) numbers: Value<'c>,
    /// The same, but one past all numbers for a row that is not active.
    pub(crate) slots: Value<'c>,
}

/// What gives, of a digit of each row and the rows' places, the places in the order of the digits.
type Pass<'a, 'c> = &'a dyn Fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>;

impl<'c> WordKey<'c> {
    /// A key of which only equality matters; `nullable` reserves a bit even where this side has no nulls.
    pub(crate) fn of_group(lane: Lane<'c>, interval: Option<Interval>, nullable: bool) -> Self {
        Self { lane, interval, descending: false, nulls_first: nullable.then_some(false) }
    }
}

impl<'c> Cx<'_, 'c> {
    /// The slots of a key at a rung.
    pub(crate) fn key_slots(&self, dim: &KeyDim, rung: usize) -> i64 {
        let texts = |domain| {
            let capacity = self.dictionary_capacity(domain);
            self.interface.borrow().size(capacity, rung) as u64
        };
        let slots = dim.slots(texts).and_then(|slots| i64::try_from(slots).ok());
        slots.unwrap_or_else(|| panic!("63 bits do not count the slots of a key that addresses: {dim:?}"))
    }

    /// The slots of keys at this program's rung, `i32` each.
    pub(crate) fn extents(&self, dims: &[KeyDim]) -> Vec<Value<'c>> {
        dims.iter().map(|dim| self.b.constant_int(Element::S32, self.key_slots(dim, self.rung))).collect()
    }

    /// The slot that the keys address, `i32[lanes]`, and the lanes whose keys lie within their domains.
    ///
    /// `extents` has the slots of every key, `i32` each: the address of a table is that of the rung at which it was made.
    pub(crate) fn address(&self, keys: &[Lane<'c>], dims: &[KeyDim], extents: &[Value<'c>]) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        assert!(keys.len() == dims.len() && dims.len() == extents.len(), "every key of an address has a domain");
        let mut address: Option<Value<'c>> = None;
        let mut inside: Option<Value<'c>> = None;
        for ((key, dim), extent) in keys.iter().zip(dims).zip(extents) {
            let (slot, within) = self.key_slot(key, dim, *extent);
            address = Some(address.map_or(slot, |address| b.add(b.multiply(address, *extent), slot)));
            inside = Some(inside.map_or(within, |inside| b.and(inside, within)));
        }
        address.zip(inside).unwrap_or_else(|| panic!("an address has at least one key"))
    }

    fn key_slot(&self, key: &Lane<'c>, dim: &KeyDim, extent: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let (slot, within) = match dim.domain {
            KeyDomain::Range { lo, hi } => self.offset_within(key.value, lo, hi),
            KeyDomain::Dictionary(_) => {
                let texts = if dim.nullable { b.subtract(extent, b.constant_int(Element::S32, 1)) } else { extent };
                let known = b.compare(Direction::Lt, key.value, texts);
                let is_code = b.compare(Direction::Ge, key.value, b.constant_int(Element::S32, 0));
                (key.value, b.and(is_code, known))
            }
        };
        // Null has the first slot, and the values those behind it.
        let slot = if dim.nullable { b.add(slot, b.constant_int(Element::S32, 1)) } else { slot };
        match (key.valid, dim.nullable) {
            (Some(valid), true) => {
                let null = b.full_int(Element::S32, &b.dims(slot), 0);
                (b.select(valid, slot, null), b.or(within, b.not(valid)))
            }
            (Some(valid), false) => (slot, b.and(within, valid)),
            (None, _) => (slot, within),
        }
    }

    /// How far integers are from `lo`, `i32[lanes]`, and which lie in `lo..=hi`; what lies outside has any distance.
    fn offset_within(&self, value: Value<'c>, lo: i64, hi: i64) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let element = b.element(value);
        let fits = |value: i64| i32::try_from(value).is_ok();
        let narrow = element.bytes() < 4 || element == Element::S32;
        let work = if narrow && fits(lo) && fits(hi) { Element::S32 } else { Element::S64 };
        let value = self.to_element(value, work);
        let above = b.compare(Direction::Ge, value, b.constant_int(work, lo));
        let below = b.compare(Direction::Le, value, b.constant_int(work, hi));
        let offset = b.subtract(value, b.constant_int(work, lo));
        (self.to_element(offset, Element::S32), b.and(above, below))
    }

    /// The key values of slots, the inverse of [`Cx::address`].
    pub(crate) fn key_values(&self, slots: Value<'c>, dims: &[KeyDim], elements: &[Element]) -> Vec<Lane<'c>> {
        let b = self.b;
        let mut rest = slots;
        let mut lanes = Vec::new();
        for (dim, element) in dims.iter().zip(elements).rev() {
            let size = b.constant_int(Element::S32, self.key_slots(dim, self.rung));
            let slot = b.remainder(rest, size);
            rest = b.divide(rest, size);
            let lo = match dim.domain {
                KeyDomain::Range { lo, .. } => lo,
                KeyDomain::Dictionary(_) => 0,
            };
            let valid = dim.nullable.then(|| b.compare(Direction::Ne, slot, b.constant_int(Element::S32, 0)));
            let offset = b.convert(slot, Element::S64);
            let nulls = b.constant_int(Element::S64, i64::from(dim.nullable));
            let offset = if dim.nullable { b.subtract(offset, nulls) } else { offset };
            let wide = b.add(offset, b.constant_int(Element::S64, lo));
            let value = if *element == Element::Pred {
                b.compare(Direction::Ne, wide, b.constant_int(Element::S64, 0))
            } else {
                self.to_element(wide, *element)
            };
            lanes.push(Lane { value, valid });
        }
        lanes.reverse();
        lanes
    }

    /// Columns of which only equality matters, as keys.
    pub(crate) fn group_keys(&self, rows: &Rows<'c>, columns: &[SchemaColumn]) -> Vec<WordKey<'c>> {
        let key = |column: &SchemaColumn| {
            let interval = self.lowering.variant.facts.interval(column.id);
            WordKey::of_group(rows.columns[&column.id], interval, column.nullable)
        };
        columns.iter().map(key).collect()
    }

    /// The keys packed into as few unsigned 64-bit words as they need, most significant first.
    pub(crate) fn words(&self, keys: &[WordKey<'c>]) -> Vec<Value<'c>> {
        self.words_after(&[], keys).0
    }

    /// The words of some keys and of more behind them, and which bits of each are of the first ones.
    pub(crate) fn words_after(&self, first: &[WordKey<'c>], more: &[WordKey<'c>]) -> (Vec<Value<'c>>, Vec<u64>) {
        let b = self.b;
        let of = |keys: &[WordKey<'c>]| keys.iter().flat_map(|key| self.word_parts(key)).collect::<Vec<_>>();
        let (first, more) = (of(first), of(more));
        let parts = first.iter().map(|part| (part, true)).chain(more.iter().map(|part| (part, false)));
        let is_joined = joined(first.iter().chain(&more).map(|(_, bits)| *bits));
        let (mut words, mut masks): (Vec<Value<'c>>, Vec<u64>) = (Vec::new(), Vec::new());
        for (((value, bits), is_first), is_joined) in parts.zip(is_joined) {
            let mask = if is_first { u64::MAX >> (u64::BITS - bits) } else { 0 };
            match (words.last_mut(), masks.last_mut()) {
                (Some(word), Some(known)) if is_joined => {
                    *word = b.or(b.shift_left(*word, b.constant_uint(Element::U64, (*bits).into())), *value);
                    *known = (*known << bits) | mask;
                }
                _ => {
                    words.push(*value);
                    masks.push(mask);
                }
            }
        }
        (words, masks)
    }

    /// The words of a join's keys: the same for equal keys of both sides, whatever is known of either.
    pub(crate) fn join_words(&self, lanes: &[Lane<'c>], keys: &[Expr], nulls_equal: bool) -> Vec<Value<'c>> {
        let key = |(lane, key): (&Lane<'c>, &Expr)| {
            let value = self.to_element(lane.value, key.ty.element());
            WordKey::of_group(Lane { value, valid: lane.valid }, None, nulls_equal)
        };
        self.words(&lanes.iter().zip(keys).map(key).collect::<Vec<_>>())
    }

    /// The bits of one key: its null flag, if any, and its value.
    fn word_parts(&self, key: &WordKey<'c>) -> Vec<(Value<'c>, u32)> {
        let b = self.b;
        let (mut value, mut bits) = order_key(b, key.lane.value);
        if let Some(interval) = key.interval
            && let Some(narrow) = bits_for(interval)
            && narrow < bits
            && !matches!(b.element(key.lane.value), Element::F32 | Element::F64 | Element::Pred)
        {
            let wide = self.to_element(key.lane.value, if fits_i64(interval) { Element::S64 } else { Element::U64 });
            let lo = match b.element(wide) {
                Element::U64 => b.constant_uint(Element::U64, interval.lo as u64),
                _ => b.constant_int(Element::S64, interval.lo as i64),
            };
            let offset = b.subtract(wide, lo);
            value = if b.element(offset) == Element::U64 { offset } else { b.bitcast(offset, Element::U64) };
            bits = narrow.max(1);
            // A value outside (its status is raised) must not reach into its neighbour's bits.
            value = b.and(value, b.constant_uint(Element::U64, (1 << bits) - 1));
        }
        if key.descending {
            let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            value = b.xor(value, b.constant_uint(Element::U64, mask));
        }
        let Some(nulls_first) = key.nulls_first else { return vec![(value, bits)] };
        let dims = b.dims(value);
        let valid = key.lane.valid.unwrap_or_else(|| b.full_pred(&dims, true));
        let value = b.select(valid, value, b.full_uint(Element::U64, &dims, 0));
        let flag = if nulls_first { valid } else { b.not(valid) };
        vec![(b.convert(flag, Element::U64), 1), (value, bits)]
    }

    /// The row numbers in the order of their words, stable; rows from `live` on stay behind all others.
    ///
    /// `words`: `u64[N]` each, at least one; `live`: `i32`. Returns `i32[N]`.
    pub(crate) fn argsort(&self, words: &[Value<'c>], live: Value<'c>) -> Value<'c> {
        let b = self.b;
        let length = b.length(words[0]);
        if self.calls_kernels() {
            let mut inputs = words.to_vec();
            inputs.push(live);
            let results = [TensorType::vector(Element::S32, length)];
            let call = CustomCall { target: ARGSORT, results: &results, config: &[], aliases: &[] };
            return b.call_kernel(&inputs, call)[0];
        }
        self.sort_by_digits(words, live)
    }

    /// The same by halves of words, the least significant first, each time by one of them and the place that a row has by those before.
    ///
    /// XLA:TPU compiles a sort for as long as it has operands, with twice as many of 64 bits: some seconds for the one here, a minute
    /// for several words together. So there is one in a loop, of native integers.
    fn sort_by_digits(&self, words: &[Value<'c>], live: Value<'c>) -> Value<'c> {
        let b = self.b;
        let low = b.constant_uint(Element::U64, u32::MAX.into());
        let halves =
            |word: &Value<'c>| [b.and(*word, low), b.shift_right_logical(*word, b.constant_uint(Element::U64, 32))];
        let digits: Vec<_> = words.iter().rev().flat_map(halves).map(|half| b.convert(half, Element::U32)).collect();
        let most = b.constant_uint(Element::U32, u32::MAX.into());
        self.sort_by(&digits, most, live, &|b, digit, place| b.sort(&[digit, place], 2, false)[1])
    }

    /// The row numbers in the order of digits, the least significant first. Of a digit of each row and places in order `pass` gives
    /// the places in the order of the digits; rows from `live` on have the `most` that a digit may be.
    fn sort_by(&self, digits: &[Value<'c>], most: Value<'c>, live: Value<'c>, pass: Pass<'_, 'c>) -> Value<'c> {
        let b = self.b;
        let length = b.length(digits[0]);
        let place = b.iota(Element::S32, length);
        let is_live = b.compare(Direction::Lt, place, b.broadcast(live, &[length]));
        let row = |digit: &Value<'c>| b.reshape(*digit, &[1, length]);
        let all = b.concatenate(&digits.iter().map(row).collect::<Vec<_>>(), 0);
        let passes = b.constant_int(Element::S32, digits.len() as i64);
        let sorted = b.for_range(passes, &[place], |b, index, carried| {
            let digit = b.dynamic_slice(all, &[index, b.constant_int(Element::S32, 0)], &[1, length]);
            let digit = b.gather(b.reshape(digit, &[length]), carried[0]);
            // Rows that do not count are behind all others from the beginning, and stay there.
            let digit = b.select(is_live, digit, b.broadcast(most, &[length]));
            vec![b.gather(carried[0], pass(b, digit, place))]
        });
        sorted[0]
    }

    /// The row numbers in the order of a key of which only so many low bits are not zero, as [`Cx::argsort`] gives them.
    ///
    /// `key`: `u64[N]`. Digits are packed with the places that rows have by those before: of one operand XLA:TPU compiles a sort in a
    /// third of the time that it takes for two.
    pub(crate) fn argsort_by_bits(&self, key: Value<'c>, bits: u32, live: Value<'c>) -> Value<'c> {
        let b = self.b;
        if self.calls_kernels() {
            return self.argsort(&[key], live);
        }
        let (place_bits, digit_bits) = (place_bits(b.length(key)), packed_bits(b.length(key)));
        let most = b.constant_int(Element::S32, (1 << digit_bits) - 1);
        let digit = |pass: u32| {
            let shifted = b.shift_right_logical(key, b.constant_uint(Element::U64, (pass * digit_bits).into()));
            b.and(b.convert(shifted, Element::S32), most)
        };
        let digits: Vec<_> = (0..bits.div_ceil(digit_bits).max(1)).map(digit).collect();
        self.sort_by(&digits, most, live, &|b, digit, place| {
            let packed = b.or(b.shift_left(digit, b.constant_int(Element::S32, place_bits.into())), place);
            b.and(b.sort(&[packed], 1, false)[0], b.constant_int(Element::S32, (1 << place_bits) - 1))
        })
    }

    /// The rows of columns at some places, `i32` each; a place outside is that of the nearest row.
    pub(crate) fn gather_all(&self, columns: &[Value<'c>], places: Value<'c>) -> Vec<Value<'c>> {
        let b = self.b;
        if columns.is_empty() || !self.calls_kernels() {
            return columns.iter().map(|column| b.gather(*column, places)).collect();
        }
        let length = b.length(places);
        let inputs: Vec<_> = [places].iter().chain(columns).copied().collect();
        let results: Vec<_> = columns.iter().map(|column| TensorType::vector(b.element(*column), length)).collect();
        b.call_kernel(&inputs, CustomCall { target: GATHER, results: &results, config: &[], aliases: &[] })
    }

    /// The values of lanes at some places.
    pub(crate) fn gather_lanes(&self, lanes: &[Lane<'c>], places: Value<'c>) -> Vec<Lane<'c>> {
        let columns: Vec<_> = lanes.iter().flat_map(|lane| [lane.value].into_iter().chain(lane.valid)).collect();
        let mut gathered = self.gather_all(&columns, places).into_iter();
        let mut next = || gathered.next().unwrap_or_else(|| unreachable!("there are as many results as columns"));
        lanes.iter().map(|lane| Lane { value: next(), valid: lane.valid.map(|_| next()) }).collect()
    }

    /// The runs of equal words among rows of which the first `count` are active.
    pub(crate) fn runs(&self, rows: &Rows<'c>, words: &[Value<'c>], count: Value<'c>) -> Runs<'c> {
        let b = self.b;
        let order = self.argsort(words, count);
        let starts = self.starts(words, &[vec![u64::MAX; words.len()]], order, rows.active, count)[0];
        let words = self.gather_all(words, order);
        let until_here = b.inclusive_sum(b.convert(starts, Element::S32));
        let numbers = b.subtract(until_here, b.constant_int(Element::S32, 1));
        let slots = b.select(rows.active, numbers, b.full_int(Element::S32, &[rows.lanes], rows.lanes));
        Runs { order, words, starts, numbers, slots }
    }

    /// For each mask, whether a row differs from the one before it in an order in bits of the words that the mask has; of the
    /// order the first `count` rows are `active`, and the first row of all is marked.
    pub(crate) fn starts(
        &self,
        words: &[Value<'c>],
        masks: &[Vec<u64>],
        order: Value<'c>,
        active: Value<'c>,
        count: Value<'c>,
    ) -> Vec<Value<'c>> {
        let b = self.b;
        if !self.calls_kernels() {
            let words = self.gather_all(words, order);
            return masks.iter().map(|mask| b.and(self.boundaries(&words, mask), active)).collect();
        }
        let one = |bits: &u64| b.full_uint(Element::U64, &[1], *bits);
        let masks: Vec<_> =
            masks.iter().map(|mask| b.concatenate(&mask.iter().map(one).collect::<Vec<_>>(), 0)).collect();
        let inputs: Vec<_> = [order, count].iter().chain(&masks).chain(words).copied().collect();
        let results = vec![TensorType::vector(Element::Pred, b.length(order)); masks.len()];
        b.call_kernel(&inputs, CustomCall { target: BOUNDARIES, results: &results, config: &[], aliases: &[] })
    }

    fn boundaries(&self, words: &[Value<'c>], mask: &[u64]) -> Value<'c> {
        let b = self.b;
        let length = b.length(words[0]);
        let differs = words.iter().zip(mask).filter(|(_, mask)| **mask != 0).map(|(word, mask)| {
            let word =
                if *mask == u64::MAX { *word } else { b.and(*word, b.full_uint(Element::U64, &[length], *mask)) };
            let before = b.pad(word, b.constant_uint(Element::U64, 0), &[1], &[-1]);
            b.compare(Direction::Ne, word, before)
        });
        let first = b.compare(Direction::Eq, b.iota(Element::S32, length), b.constant_int(Element::S32, 0));
        differs.fold(first, |any, differs| b.or(any, differs))
    }
}

/// How many bits tell so many places.
fn place_bits(length: i64) -> u32 {
    i64::BITS - (length - 1).max(1).leading_zeros()
}

/// How many bits of a key are sorted at once with the places of so many rows.
pub(crate) fn packed_bits(length: i64) -> u32 {
    assert!(place_bits(length) < i32::BITS - 1, "{length} rows are too many to be told by 30 bits");
    i32::BITS - 1 - place_bits(length)
}

/// How parts of so many bits are packed into words: whether each shares its word with the part before.
fn joined(parts: impl Iterator<Item = u32>) -> impl Iterator<Item = bool> {
    parts.scan(64, |used, bits| {
        let is_joined = *used + bits <= 64;
        *used = if is_joined { *used + bits } else { bits };
        Some(is_joined)
    })
}

/// How many words [`Cx::join_words`] gives.
pub(crate) fn join_word_count(keys: &[Expr], nulls_equal: bool) -> usize {
    let parts = keys.iter().flat_map(|key| nulls_equal.then_some(1).into_iter().chain([order_bits(key.ty.element())]));
    joined(parts).filter(|is_joined| !is_joined).count()
}

fn fits_i64(interval: Interval) -> bool {
    i64::try_from(interval.lo).is_ok() && i64::try_from(interval.hi).is_ok()
}

/// The bits that an interval's values need as offsets from its start; `None` if 64 or more.
fn bits_for(interval: Interval) -> Option<u32> {
    let most = u64::try_from(interval.hi - interval.lo).ok()?;
    let bits = 64 - most.leading_zeros();
    (bits < 64).then_some(bits)
}
