//! `dj.argsort`: the stable ascending order of rows by one or more unsigned 64-bit key words.
//!
//! XLA:CPU sorts several operands, or with a comparator of its own, ten times slower than a radix sort does. Radix sort
//! after Knuth, The Art of Computer Programming 3, 5.2.5: a row becomes one integer of the key bits that vary, above its
//! position, and each pass distributes the integers by one digit. Against a plain eleven-bit radix sort of (key, row)
//! pairs that takes 40% (20 bits vary) to 75% (64 bits) of the time at ten million rows.

use super::ffi::{Call, Fault, Handler};

/// Below this many rows a comparison sort wins.
const SMALL: usize = 192;
/// A pass distributes by at most so many bits; wider digits miss the cache and the TLB more than they save passes.
const DIGIT_BITS: u32 = 11;
/// Keys of so many bits are distributed from the least significant digit up, longer ones from the most significant down.
const LEAST_FIRST_BITS: u32 = 33;
/// So many items are sorted by comparison once they are together.
const IN_CACHE: usize = 8192;
/// A row number takes the low bits of a row's integer.
const MAX_KEY_BITS: u32 = 128 - u32::BITS;

/// Arguments: `ui64[N]` words, the first of which decides first, then `i32[]`, the number of live rows. Result: `i32[N]`,
/// the rows in order; positions at and after the live rows hold themselves. A count outside `0..=N` is an error.
pub(super) struct Argsort;

impl Handler for Argsort {
    const NAME: &'static str = super::ARGSORT;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let Some(count_position) = call.arguments().checked_sub(1).filter(|&words| words > 0) else {
            return Err(Fault::invalid("expected key words and the number of live rows"));
        };
        let words = (0..count_position).map(|word| call.argument::<u64>(word)).collect::<Result<Vec<_>, _>>()?;
        let live = call.scalar::<i32>(count_position)?;
        let order = call.result::<i32>(0)?;
        if words.iter().any(|word| word.len() != order.len()) || i32::try_from(order.len()).is_err() {
            return Err(Fault::invalid("the words and the result have different sizes, or more than 2^31 rows"));
        }
        match usize::try_from(live) {
            Ok(live) if live <= order.len() => argsort(&words, live, order),
            Ok(_) | Err(_) => return Err(Fault::invalid(format!("{live} live rows of {}", order.len()))),
        }
        Ok(())
    }
}

/// Writes the stable ascending order of rows `0..live` by `words`, lexicographically, then the other rows as they are.
pub(super) fn argsort(words: &[&[u64]], live: usize, order: &mut [i32]) {
    for (row, place) in order.iter_mut().enumerate() {
        *place = row as i32;
    }
    let words: Vec<&[u64]> = words.iter().map(|word| &word[..live]).collect();
    let order = &mut order[..live];
    if is_sorted(&words) {
        return;
    }
    if live <= SMALL {
        let key = |row: i32| words.iter().map(move |word| word[row as usize]);
        order.sort_by(|&a, &b| key(a).cmp(key(b)));
        return;
    }
    let fields: Vec<Field<'_>> = words.iter().filter_map(|word| Field::of(word)).collect();
    // The least significant group of words first; each sort is stable, so later groups outrank it.
    let mut rest = fields.as_slice();
    let mut is_first = true;
    while let Some(group) = last_group(rest) {
        rest = &rest[..rest.len() - group.len()];
        sort_group(group, order, is_first);
        is_first = false;
    }
}

fn is_sorted(words: &[&[u64]]) -> bool {
    match words {
        [word] => word.is_sorted(),
        _ => {
            let rows = words.first().map_or(0, |word| word.len());
            let key = |row: usize| words.iter().map(move |word| word[row]);
            (1..rows).all(|row| key(row - 1).le(key(row)))
        }
    }
}

/// The bits of a word from its lowest to its highest that varies.
#[derive(Clone, Copy)]
struct Field<'a> {
    word: &'a [u64],
    shift: u32,
    bits: u32,
}

impl<'a> Field<'a> {
    /// `None` if all rows have one value.
    fn of(word: &'a [u64]) -> Option<Field<'a>> {
        let first = *word.first()?;
        let varying = word.iter().fold(0, |varying, value| varying | (value ^ first));
        let shift = varying.trailing_zeros();
        (varying != 0).then(|| Field { word, shift, bits: u64::BITS - varying.leading_zeros() - shift })
    }

    fn get(&self, row: usize) -> u64 {
        (self.word[row] >> self.shift) & (u64::MAX >> (u64::BITS - self.bits))
    }
}

/// The longest tail of `fields` that fits into one integer; `None` if there is none.
fn last_group<'f, 'a>(fields: &'f [Field<'a>]) -> Option<&'f [Field<'a>]> {
    let mut bits = 0;
    let fits = |field: &&Field<'_>| {
        bits += field.bits;
        bits <= MAX_KEY_BITS
    };
    let len = fields.iter().rev().take_while(fits).count();
    (len > 0).then(|| &fields[fields.len() - len..])
}

/// Sorts `order` by a group of fields, with the narrowest integers that hold the group and a row number.
fn sort_group(group: &[Field<'_>], order: &mut [i32], is_first: bool) {
    let row_bits = usize::BITS - (order.len() - 1).leading_zeros();
    let bits: u32 = group.iter().map(|field| field.bits).sum();
    let source = if is_first { None } else { Some(order.to_vec()) };
    let row_at = |position: usize| source.as_ref().map_or(position, |rows| rows[position] as usize);
    let key = Key { low: row_bits, bits };
    // A position keeps the sort stable, and stands for its row.
    if bits + row_bits <= u64::BITS {
        let key_of = |row| group.iter().fold(0, |key, field| (key << field.bits) | field.get(row));
        radix_sort(|position| key_of(row_at(position)) << row_bits | position as u64, key, order);
    } else {
        let key_of = |row| group.iter().fold(0, |key, field| (key << field.bits) | u128::from(field.get(row)));
        radix_sort(|position| key_of(row_at(position)) << row_bits | position as u128, key, order);
    }
    if let Some(rows) = source {
        order.iter_mut().for_each(|place| *place = rows[*place as usize]);
    }
}

/// An integer that a radix sort moves: a key above a position.
trait Item: Copy + Ord {
    /// The bits of `mask` from `shift` up.
    fn digit(self, shift: u32, mask: usize) -> usize;
    /// So many zeros, without touching the memory where the allocator knows it to be zero.
    fn zeros(len: usize) -> Vec<Self>;
}

macro_rules! items {
    ($($item:ty)*) => { $(
        impl Item for $item {
            #[inline(always)]
            fn digit(self, shift: u32, mask: usize) -> usize {
                (self >> shift) as usize & mask
            }

            fn zeros(len: usize) -> Vec<$item> {
                vec![0; len]
            }
        }
    )* };
}

items! { u64 u128 }

/// Where the part of the key is that is not sorted yet: `bits` bits from bit `low` up.
#[derive(Clone, Copy)]
struct Key {
    low: u32,
    bits: u32,
}

impl Key {
    /// The shift of the most significant digit, the key without it, and a count for each of its values.
    fn split_digit(self) -> (u32, Key, Vec<u32>) {
        let digit_bits = self.bits.min(DIGIT_BITS);
        let rest = Key { bits: self.bits - digit_bits, ..self };
        (self.low + rest.bits, rest, vec![0; 1 << digit_bits])
    }
}

/// Writes the positions of `order.len()` items in the order of their keys, stably.
fn radix_sort<T: Item>(item: impl Fn(usize) -> T, key: Key, order: &mut [i32]) {
    if key.bits <= LEAST_FIRST_BITS {
        least_digit_first(item, key, order);
    } else {
        most_digit_first(item, key, order);
    }
}

/// Distributes all items by one digit after the other, from the least significant one.
fn least_digit_first<T: Item>(item: impl Fn(usize) -> T, key: Key, order: &mut [i32]) {
    let passes = key.bits.div_ceil(DIGIT_BITS);
    let digit_bits = key.bits.div_ceil(passes);
    let buckets = 1_usize << digit_bits;
    let shifts: Vec<u32> = (0..passes).map(|pass| key.low + pass * digit_bits).collect();
    // The counts of a digit do not depend on the order, so one pass counts all digits.
    let mut counts = vec![0_u32; buckets * shifts.len()];
    for item in (0..order.len()).map(&item) {
        for (count, &shift) in counts.chunks_exact_mut(buckets).zip(&shifts) {
            count[item.digit(shift, buckets - 1)] += 1;
        }
    }
    let (mut from, mut to) = (T::zeros(order.len()), T::zeros(order.len()));
    let mut is_first = true;
    for (count, &shift) in counts.chunks_exact_mut(buckets).zip(&shifts) {
        if count.iter().any(|&count| count as usize == order.len()) {
            continue;
        }
        if is_first {
            distribute((0..order.len()).map(&item), &mut to, count, shift);
        } else {
            distribute(from.iter().copied(), &mut to, count, shift);
        }
        std::mem::swap(&mut from, &mut to);
        is_first = false;
    }
    emit(&from, key, order);
}

/// Distributes the items by their most significant digit, and each bucket likewise until it fits into the cache.
fn most_digit_first<T: Item>(item: impl Fn(usize) -> T, key: Key, order: &mut [i32]) {
    let (mut items, mut spare) = (T::zeros(order.len()), T::zeros(order.len()));
    let (shift, rest, mut ends) = key.split_digit();
    count((0..order.len()).map(&item), &mut ends, shift);
    distribute((0..order.len()).map(item), &mut items, &mut ends, shift);
    sort_buckets(&ends, &mut items, &mut spare, rest, order);
}

/// Sorts each bucket by the rest of the key. `spare` is only touched where a bucket is large.
fn sort_buckets<T: Item>(ends: &[u32], items: &mut [T], spare: &mut [T], key: Key, order: &mut [i32]) {
    let mut start = 0;
    for &end in ends {
        let bucket = std::mem::replace(&mut start, end as usize)..end as usize;
        let (items, spare, order) = (&mut items[bucket.clone()], &mut spare[bucket.clone()], &mut order[bucket]);
        if key.bits > 0 && items.len() > IN_CACHE {
            let (shift, rest, mut ends) = key.split_digit();
            count(items.iter().copied(), &mut ends, shift);
            distribute(items.iter().copied(), spare, &mut ends, shift);
            sort_buckets(&ends, spare, items, rest, order);
        } else {
            if key.bits > 0 {
                // The position below the key makes all items different, so that this is stable too.
                items.sort_unstable();
            }
            emit(items, key, order);
        }
    }
}

/// Counts the values of a digit.
fn count<T: Item>(items: impl Iterator<Item = T>, counts: &mut [u32], shift: u32) {
    let mask = counts.len() - 1;
    items.for_each(|item| counts[item.digit(shift, mask)] += 1);
}

/// Copies the items to the places of their digits; `counts` becomes the ends of the buckets.
fn distribute<T: Item>(items: impl Iterator<Item = T>, to: &mut [T], counts: &mut [u32], shift: u32) {
    let mask = counts.len() - 1;
    let mut start = 0;
    for count in &mut *counts {
        start += std::mem::replace(count, start);
    }
    for item in items {
        let place = &mut counts[item.digit(shift, mask)];
        to[*place as usize] = item;
        *place += 1;
    }
}

/// Writes the positions of items in their order.
fn emit<T: Item>(items: &[T], key: Key, order: &mut [i32]) {
    let mask = (1 << key.low) - 1;
    order.iter_mut().zip(items).for_each(|(place, item)| *place = item.digit(0, mask) as i32);
}
