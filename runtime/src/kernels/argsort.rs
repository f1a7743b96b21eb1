//! `dj.argsort`: the stable ascending order of rows by one or more unsigned 64-bit key words.
//!
//! XLA:CPU sorts several operands, or with a comparator of its own, ten times slower than a radix sort does. Radix sort
//! after Knuth, The Art of Computer Programming 3, 5.2.5, from the most significant digit down: all cores distribute the
//! rows by the first digit of their keys, then share out the buckets, and sort each in the cache.
//!
//! The key of a row is the bits of its words that vary, one word after the other. In a bucket a row is an item, one
//! integer of 64 bits: the next bits of the key, and its number in the low bits, which makes items different, so that
//! every sort of them is stable. What of a key does not fit is looked at only where items are equal without it.

use std::cmp::Ordering;
use std::mem;
use std::ops::Range;
use std::sync::atomic::{self, AtomicBool};

use super::distribute::{JOB_ROWS, distribute, do_all, groups, parts, take_first};
use super::ffi::{Call, Fault, Handler};

/// Up to so many rows a comparison sort wins.
const SMALL: usize = 192;
/// A digit has at most so many bits; wider ones miss the cache and the TLB more than they save passes.
const DIGIT_BITS: u32 = 11;
/// The first digit leaves about two to this power rows in a bucket, which then are sorted in a core's own cache.
const BUCKET_BITS: u32 = 13;
/// So many items are sorted in the cache, more are distributed again.
const IN_CACHE: usize = 1 << 15;
/// In the cache a digit leaves about two to this power items for a comparison sort.
const TOGETHER_BITS: u32 = 3;
/// From so many items on, two digits are sorted by two passes, the least significant one first.
const LEAST_FIRST: usize = 1 << 9;
/// Rows are at most so many jobs. When rows are distributed, each job begins a cache line in each bucket.
const MAX_JOBS: usize = 64;

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
    let (order, others) = order.split_at_mut(live);
    (live..).zip(others).for_each(|(row, place)| *place = row as i32);
    let words: Vec<&[u64]> = words.iter().map(|word| &word[..live]).collect();
    let job_rows = live.div_ceil(MAX_JOBS).max(JOB_ROWS);
    // Rows of equal keys keep their order, so that the last words decide nothing where the rows ascend by them already.
    let ascends = |words: &[&[u64]]| match words {
        [word] => is_sorted(live, job_rows, |rows| word[rows].is_sorted()),
        _ => is_sorted(live, job_rows, |rows| rows.is_sorted_by(|&a, &b| compare(words, a, b).is_le())),
    };
    let deciding = (0..words.len()).find(|&first| ascends(&words[first..])).unwrap_or(words.len());
    let words = &words[..deciding];
    if words.is_empty() || live <= SMALL {
        fill(order, job_rows, |row| row as i32);
    }
    if live <= SMALL {
        order.sort_by(|&a, &b| compare(words, a as usize, b as usize));
    } else if !words.is_empty() {
        sort_rows(&Key::of(words, job_rows), 0, |row| row, order);
    }
}

fn compare(words: &[&[u64]], a: usize, b: usize) -> Ordering {
    words.iter().map(|word| word[a].cmp(&word[b])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Whether rows ascend, by a function that tells it of a range of them.
fn is_sorted(rows: usize, job_rows: usize, ascends: impl Fn(Range<usize>) -> bool + Sync) -> bool {
    // Most rows that are not sorted show it soon.
    if !ascends(0..rows.min(SMALL)) {
        return false;
    }
    let is_sorted = AtomicBool::new(true);
    let (ascends, sorted) = (&ascends, &is_sorted);
    let checks = parts(rows, job_rows).map(|part| {
        move || {
            // A part starts with the last row of the one before.
            if sorted.load(atomic::Ordering::Relaxed) && !ascends(part.start.saturating_sub(1)..part.end) {
                sorted.store(false, atomic::Ordering::Relaxed);
            }
        }
    });
    do_all(checks, rows);
    is_sorted.into_inner()
}

fn fill(order: &mut [i32], job_rows: usize, row_at: impl Fn(usize) -> i32 + Sync) {
    let (rows, row_at) = (order.len(), &row_at);
    let order = order.chunks_mut(job_rows).zip(parts(rows, job_rows));
    do_all(order.map(|(order, at)| move || order.iter_mut().zip(at).for_each(|(place, at)| *place = row_at(at))), rows);
}

/// The keys of all rows.
struct Key<'a> {
    words: &'a [&'a [u64]],
    fields: Vec<Field<'a>>,
    /// How many bits the fields have.
    bits: u32,
    /// How many low bits of an item hold its row.
    row_bits: u32,
    /// A job has at least so many rows.
    job_rows: usize,
}

/// The bits of a word from its highest to its lowest that varies.
struct Field<'a> {
    word: &'a [u64],
    /// How many bits of the word are above.
    above: u32,
    bits: u32,
}

impl<'a> Key<'a> {
    fn of(words: &'a [&'a [u64]], job_rows: usize) -> Key<'a> {
        let rows = words.first().map_or(0, |word| word.len());
        let fields: Vec<Field<'_>> = words.iter().filter_map(|word| Field::of(word, job_rows)).collect();
        let bits = fields.iter().map(|field| field.bits).sum();
        Key { words, fields, bits, row_bits: usize::BITS - (rows - 1).leading_zeros(), job_rows }
    }

    /// A function that gives at most 64 bits of the key of a row, those from `start` on counted from the highest. They are
    /// the highest bits of its result; what follows is not defined.
    fn window(&self, start: u32, bits: u32) -> impl Fn(usize) -> u64 + Sync + use<'a> {
        let (mut end, mut pieces) = (0, Vec::new());
        for &Field { word, above, bits: len } in &self.fields {
            let at = end;
            end += len;
            if at < start + bits && end > start {
                let cut = start.saturating_sub(at);
                let mask = u64::MAX << (u64::BITS - (len - cut));
                pieces.push((word, above + cut, mask, at.saturating_sub(start)));
            }
        }
        move |row| pieces.iter().fold(0, |bits, (word, up, mask, down)| bits | (((word[row] << up) & mask) >> down))
    }
}

impl<'a> Field<'a> {
    /// `None` if all rows have one value.
    fn of(word: &'a [u64], job_rows: usize) -> Option<Field<'a>> {
        let first = *word.first()?;
        let mut varying = vec![0; word.len().div_ceil(job_rows)];
        let parts = varying.iter_mut().zip(word.chunks(job_rows));
        let differ = |word: &[u64]| word.iter().fold(0, |varying, value| varying | (value ^ first));
        do_all(parts.map(|(varying, word)| move || *varying = differ(word)), word.len());
        let varying: u64 = varying.iter().fold(0, |all, varying| all | varying);
        let above = varying.leading_zeros();
        (varying != 0).then(|| Field { word, above, bits: u64::BITS - above - varying.trailing_zeros() })
    }
}

/// The highest bits of an integer, which may be none.
#[inline(always)]
fn highest(integer: u64, bits: u32) -> usize {
    (integer >> 1 >> (u64::BITS - 1 - bits)) as usize
}

/// Sorts ascending rows that have the same key before bit `start`; `order` becomes the rows.
fn sort_rows(key: &Key<'_>, start: u32, row_at: impl Fn(usize) -> usize + Sync, order: &mut [i32]) {
    let (rows, bits) = (order.len(), key.bits - start);
    let digit_bits = rows.ilog2().saturating_sub(BUCKET_BITS).min(DIGIT_BITS).min(bits);
    let short_bits = DIGIT_BITS.min(i32::BITS - key.row_bits);
    if digit_bits > 0 && bits <= DIGIT_BITS + short_bits {
        let rest_bits = short_bits.min(bits - digit_bits);
        return sort_short(key, start, rest_bits, row_at, order);
    }
    let end = start + digit_bits;
    let stretch = Stretch { key, start: end, held: (key.bits - end).min(u64::BITS - key.row_bits), equal: 0 };
    let digits = key.window(start, digit_bits);
    let window = key.window(start, digit_bits + stretch.held);
    let rest_mask = u64::MAX << (u64::BITS - 1 - stretch.held) << 1;
    let item_of = |at| {
        let row = row_at(at);
        let head = window(row);
        (highest(head, digit_bits), ((head << digit_bits) & rest_mask) | row as u64)
    };
    let mut items = vec![0; rows];
    let digit_of = |at| highest(digits(row_at(at)), digit_bits);
    let sizes = distribute(key.job_rows, 1 << digit_bits, digit_of, item_of, &mut items);
    sort_buckets(stretch, &sizes, &mut items, order);
}

/// Sorts by so few bits that `order` has room for them above the rows, `rest_bits` after the first digit.
fn sort_short(key: &Key<'_>, start: u32, rest_bits: u32, row_at: impl Fn(usize) -> usize + Sync, order: &mut [i32]) {
    let (rows, digit_bits) = (order.len(), key.bits - start - rest_bits);
    let window = key.window(start, key.bits - start);
    let digit_of = |at| highest(window(row_at(at)), digit_bits);
    let item_of = |at| {
        let row = row_at(at);
        let head = window(row);
        let rest = highest(head << digit_bits, rest_bits);
        (highest(head, digit_bits), (rest << key.row_bits | row) as i32)
    };
    let sizes = distribute(key.job_rows, 1 << digit_bits, digit_of, item_of, order);
    if rest_bits == 0 {
        return;
    }
    let mut order = order;
    let rest_of = |item: i32| (item as u32 >> key.row_bits) as usize;
    let row_of = |item: i32| item & ((1_u32 << key.row_bits) - 1) as i32;
    let sorts = groups(&sizes, key.job_rows).map(|sizes| {
        let mut order = take_first(&mut order, sizes.iter().sum());
        move || {
            for size in sizes {
                let order = take_first(&mut order, *size);
                let items = order.to_vec();
                place_by_digit(&items, rest_bits, rest_of, |place, item| order[place] = row_of(item));
            }
        }
    });
    do_all(sorts, rows);
}

/// Puts each item at the place of its digit, stably. The result is the ends of the buckets.
fn place_by_digit<T: Copy>(
    items: &[T],
    digit_bits: u32,
    digit_of: impl Fn(T) -> usize,
    mut put: impl FnMut(usize, T),
) -> Vec<u32> {
    let mut places = vec![0_u32; 1 << digit_bits];
    items.iter().for_each(|item| places[digit_of(*item)] += 1);
    let mut start = 0;
    for place in &mut places {
        start += mem::replace(place, start);
    }
    for item in items {
        let place = &mut places[digit_of(*item)];
        put(*place as usize, *item);
        *place += 1;
    }
    places
}

/// The stretch of the key that items hold.
#[derive(Clone, Copy)]
struct Stretch<'k> {
    key: &'k Key<'k>,
    /// The first bit of the key that is in the items.
    start: u32,
    /// How many bits are.
    held: u32,
    /// So many of them, from the first on, are equal in the items at hand.
    equal: u32,
}

impl<'k> Stretch<'k> {
    /// The bits that are not sorted yet.
    fn left(self) -> u32 {
        self.held - self.equal
    }

    fn end(self) -> u32 {
        self.start + self.held
    }

    /// Whether nothing of the key is left after a sort by so many bits.
    fn is_last_digit(self, bits: u32) -> bool {
        bits == self.left() && self.end() == self.key.bits
    }

    fn row_of(self, item: u64) -> i32 {
        (item & ((1 << self.key.row_bits) - 1)) as i32
    }

    fn key_of(self, item: u64) -> u64 {
        item >> self.key.row_bits
    }

    fn digit_of(self, item: u64, bits: u32) -> usize {
        highest(item << self.equal, bits)
    }

    /// After a sort by so many bits.
    fn after(self, bits: u32) -> Stretch<'k> {
        Stretch { equal: self.equal + bits, ..self }
    }

    /// Skips the bits that turn out to be equal in all items.
    fn skip_equal(self, items: &[u64]) -> Stretch<'k> {
        let varying = items.iter().fold(0, |varying, item| varying | (item ^ items[0]));
        Stretch { equal: varying.leading_zeros().clamp(self.equal, self.held), ..self }
    }
}

/// Sorts each bucket of items, by all of the key that is left.
fn sort_buckets(stretch: Stretch<'_>, sizes: &[usize], mut items: &mut [u64], mut order: &mut [i32]) {
    let rows = items.len();
    let sorts = groups(sizes, stretch.key.job_rows).map(|sizes| {
        let count = sizes.iter().sum();
        let (mut items, mut order) = (take_first(&mut items, count), take_first(&mut order, count));
        move || {
            let mut spare = Vec::new();
            for size in sizes {
                sort_bucket(stretch, take_first(&mut items, *size), &mut spare, take_first(&mut order, *size));
            }
        }
    });
    do_all(sorts, rows);
}

fn sort_bucket(stretch: Stretch<'_>, items: &mut [u64], spare: &mut Vec<u64>, order: &mut [i32]) {
    let stretch = stretch.skip_equal(items);
    if stretch.left() == 0 {
        emit(stretch, items, order);
    } else if items.len() > IN_CACHE {
        split(stretch, items, order);
    } else {
        sort_in_cache(stretch, items, spare, order);
    }
}

/// Distributes many items once more.
fn split(stretch: Stretch<'_>, items: &[u64], order: &mut [i32]) {
    let job_rows = stretch.key.job_rows;
    let bits = stretch.left().min(DIGIT_BITS);
    let digit_of = |at| stretch.digit_of(items[at], bits);
    if stretch.is_last_digit(bits) {
        distribute(job_rows, 1 << bits, digit_of, |at| (digit_of(at), stretch.row_of(items[at])), order);
        return;
    }
    // A key that most rows have would stay together digit after digit, so it gets a bucket of its own within its digit's.
    let mut sample = [1, 2, 3].map(|quarter| stretch.key_of(items[items.len() / 4 * quarter]));
    sample.sort_unstable();
    let [_, frequent, _] = sample;
    let bucket_of = |at: usize| {
        let key = stretch.key_of(items[at]);
        digit_of(at) + usize::from(key >= frequent) + usize::from(key > frequent)
    };
    let mut to = vec![0; items.len()];
    let sizes = distribute(job_rows, (1 << bits) + 2, bucket_of, |at| (bucket_of(at), items[at]), &mut to);
    sort_buckets(stretch.after(bits), &sizes, &mut to, order);
}

/// Sorts items whose keys differ by radix sort, which leaves few items for a comparison sort where many bits are left.
fn sort_in_cache(stretch: Stretch<'_>, items: &mut [u64], spare: &mut Vec<u64>, order: &mut [i32]) {
    let (rows, left) = (items.len(), stretch.left());
    spare.resize(rows.max(spare.len()), 0);
    let spare = &mut spare[..rows];
    let bits = rows.ilog2().saturating_sub(TOGETHER_BITS).min(left);
    let digit_of = |item| stretch.digit_of(item, bits);
    if stretch.is_last_digit(bits) {
        place_by_digit(items, bits, digit_of, |place, item| order[place] = stretch.row_of(item));
    } else if rows >= LEAST_FIRST && left <= 2 * DIGIT_BITS {
        let (low, high) = (left.div_ceil(2), left / 2);
        let low_of = |item| stretch.after(high).digit_of(item, low);
        place_by_digit(items, low, low_of, |place, item| spare[place] = item);
        place_by_digit(spare, high, |item| stretch.digit_of(item, high), |place, item| items[place] = item);
        emit(stretch, items, order);
    } else if bits == 0 {
        items.sort_unstable();
        emit(stretch, items, order);
    } else {
        let mut start = 0;
        for end in place_by_digit(items, bits, digit_of, |place, item| spare[place] = item) {
            spare[mem::replace(&mut start, end as usize)..end as usize].sort_unstable();
        }
        emit(stretch, spare, order);
    }
}

/// Writes the rows of sorted items, and sorts those that have the same key as far as the items hold it.
fn emit(stretch: Stretch<'_>, items: &[u64], order: &mut [i32]) {
    fill(order, stretch.key.job_rows, |at| stretch.row_of(items[at]));
    if stretch.end() < stretch.key.bits {
        let is_tie = |a: &u64, b: &u64| stretch.key_of(*a) == stretch.key_of(*b);
        break_ties(stretch.key, stretch.end(), ties(items, 0, is_tie).collect(), order);
    }
}

/// Where more than one neighbour are equal, with `start` added.
fn ties<T>(list: &[T], start: usize, is_tie: impl Fn(&T, &T) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut end = start;
    list.chunk_by(is_tie).filter_map(move |ties| {
        end += ties.len();
        (ties.len() > 1).then(|| end - ties.len()..end)
    })
}

/// Sorts ascending rows of `order` at each of some positions; there they have the same key before bit `start`.
fn break_ties(key: &Key<'_>, start: u32, mut positions: Vec<Range<usize>>, order: &mut [i32]) {
    positions.retain(|tied| {
        let rows = &mut order[tied.clone()];
        let ascends =
            |part: Range<usize>| rows[part].is_sorted_by(|&a, &b| compare(key.words, a as usize, b as usize).is_le());
        if rows.len() > SMALL && !is_sorted(rows.len(), key.job_rows, ascends) {
            let ascending = rows.to_vec();
            sort_rows(key, start, |at| ascending[at] as usize, rows);
        }
        rows.len() <= SMALL
    });
    // All keys are read at once, not when they are compared, so that the memory is waited for only once.
    let window = key.window(start, u64::BITS);
    let rows = positions.iter().flat_map(|tied| &order[tied.clone()]);
    let mut heads: Vec<(u64, i32)> = rows.map(|row| (window(*row as usize), *row)).collect();
    let (mut rest, mut next) = (heads.as_mut_slice(), Vec::new());
    for tied in positions {
        let heads = take_first(&mut rest, tied.len());
        heads.sort_unstable();
        if start + u64::BITS < key.bits {
            next.extend(ties(heads, tied.start, |a, b| a.0 == b.0));
        }
        order[tied].iter_mut().zip(heads).for_each(|(place, (_, row))| *place = *row);
    }
    if !next.is_empty() {
        break_ties(key, start + u64::BITS, next, order);
    }
}
