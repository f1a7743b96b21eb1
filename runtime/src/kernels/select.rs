//! `dj.select`: the values that would stand next to some shares of each group, were its values in order.
//!
//! What asks for the middle of a group needs no order of the others. Rows are distributed to their groups once, whatever their
//! values, and a group is partitioned around each place that is asked for (quickselect: Hoare, Algorithm 65), which takes about as
//! long as reading it two or three times. A group that is a large part of all rows would leave cores idle: of it they first
//! count how often each digit occurs and keep only the values that share the digits of the wanted one.

use super::distribute::{JOB_ROWS, distribute, do_all, groups, parts, take_first};
use super::ffi::{Call, Fault, Handler};

/// Rows are at most so many jobs.
const MAX_JOBS: usize = 64;
/// A group of so many rows is looked at by all cores.
const SHARED: usize = 1 << 18;
/// Values of a group that is looked at by all cores are told apart by so many bits at a time.
const DIGIT_BITS: u32 = 11;
/// From so many places on, sorting is less work.
const SORTED_PLACES: usize = 8;

/// Arguments: `i32[N]`, the group of each row, `f64[N]`, its value, `i32[]`, how many rows there are, then `f64[]` shares. Results:
/// `i32[G]`, how many rows each group has, and for each share two of `f64[G]`: the values next to this share of the way from the
/// first to the last one of a group in ascending order, NaN behind all others and -0.0 as 0.0; zero of no values. A row whose group
/// is not in `0..G` is in none.
pub(super) struct Select;

impl Handler for Select {
    const NAME: &'static str = super::SELECT;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let Some(shares) = call.arguments().checked_sub(3).filter(|shares| call.results() == 1 + 2 * shares) else {
            return Err(Fault::invalid(
                "expected groups, values, how many rows there are, and two results for each share",
            ));
        };
        let (numbers, values) = (call.argument::<i32>(0)?, call.argument::<f64>(1)?);
        let live = call.scalar::<i32>(2)?;
        let shares = (0..shares).map(|share| call.scalar::<f64>(3 + share)).collect::<Result<Vec<_>, _>>()?;
        let sizes = call.result::<i32>(0)?;
        let results = (1..=2 * shares.len()).map(|result| call.result::<f64>(result));
        let results = results.collect::<Result<Vec<_>, _>>()?;
        let live = usize::try_from(live).ok().filter(|live| *live <= numbers.len() && *live <= values.len());
        let Some(live) = live.filter(|_| results.iter().all(|result| result.len() == sizes.len())) else {
            return Err(Fault::invalid("there are not so many rows, or the results have different sizes"));
        };
        select(&numbers[..live], &values[..live], &shares, sizes, results);
        Ok(())
    }
}

/// Writes how many rows each group has, and the values next to each share; see [`Select`].
pub(super) fn select(numbers: &[i32], values: &[f64], shares: &[f64], sizes: &mut [i32], mut results: Vec<&mut [f64]>) {
    let (rows, length) = (numbers.len(), sizes.len());
    // Each job counts for all groups how many rows it has of them.
    let job_rows = rows.div_ceil(MAX_JOBS).max(JOB_ROWS).max(4 * length);
    let group_of = |row: usize| usize::try_from(numbers[row]).map_or(length, |group| group.min(length));
    let mut keys = vec![0; rows];
    let counts = distribute(job_rows, length + 1, group_of, |row| (group_of(row), key_of(values[row])), &mut keys);
    let counts = &counts[..length];
    sizes.iter_mut().zip(counts).for_each(|(size, count)| *size = *count as i32);
    let (mut rest, mut jobs, mut large) = (keys.as_mut_slice(), Vec::new(), Vec::new());
    let pieces = counts.chunk_by(|a, b| *a < SHARED && *b < SHARED);
    for counts in pieces.flat_map(|counts| groups(counts, job_rows)) {
        let keys = take_first(&mut rest, counts.iter().sum());
        let mut results: Vec<_> = results.iter_mut().map(|result| take_first(result, counts.len())).collect();
        if counts.len() == 1 && keys.len() >= SHARED {
            large.push((keys, results));
            continue;
        }
        jobs.push(move || {
            let mut keys = keys;
            for (at, count) in counts.iter().enumerate() {
                let keys = take_first(&mut keys, *count);
                select_each(keys, wanted(shares, *count), |list, key| results[list][at] = value_of(key));
            }
        });
    }
    do_all(jobs.into_iter(), rows);
    for (keys, mut results) in large {
        for (place, list) in wanted(shares, keys.len()) {
            results[list][0] = value_of(nth(keys, place));
        }
    }
}

/// The places next to each share of so many values, and the results that they are for; ascending.
fn wanted(shares: &[f64], count: usize) -> Vec<(usize, usize)> {
    let last = count.saturating_sub(1);
    let next_to = |(at, share): (usize, &f64)| {
        let place = last as f64 * share;
        [(place.floor() as usize, 2 * at), (place.ceil() as usize, 2 * at + 1)]
    };
    let mut places: Vec<_> = shares.iter().enumerate().flat_map(next_to).collect();
    places.sort_unstable();
    places
}

/// Gives the key at each place to its result.
fn select_each(keys: &mut [u64], places: Vec<(usize, usize)>, mut give: impl FnMut(usize, u64)) {
    if keys.is_empty() {
        return places.iter().for_each(|(_, list)| give(*list, ZERO));
    }
    if places.len() > SORTED_PLACES {
        keys.sort_unstable();
        return places.iter().for_each(|(place, list)| give(*list, keys[*place]));
    }
    // Behind a place that was looked at are no lesser keys.
    let (mut start, mut last) = (0, None);
    for (place, list) in places {
        let key = match last {
            Some((known, key)) if known == place => key,
            _ => *keys[start..].select_nth_unstable(place - start).1,
        };
        give(list, key);
        (start, last) = (place + 1, Some((place, key)));
    }
}

/// The key that stands at a place of so many in order.
fn nth(keys: &[u64], place: usize) -> u64 {
    let (mut kept, mut place) = (None, place);
    loop {
        let keys = kept.as_deref().unwrap_or(keys);
        let varying = vary(keys);
        if varying == 0 {
            return keys[0];
        }
        if keys.len() < SHARED {
            let mut keys = keys.to_vec();
            return *keys.select_nth_unstable(place).1;
        }
        // All bits above are equal.
        let down = (u64::BITS - varying.leading_zeros()).saturating_sub(DIGIT_BITS);
        let digit_of = |key: u64| (key >> down) as usize & ((1 << DIGIT_BITS) - 1);
        let mut counts = vec![vec![0_usize; 1 << DIGIT_BITS]; keys.len().div_ceil(SHARED)];
        let of_parts = counts.iter_mut().zip(keys.chunks(SHARED));
        do_all(
            of_parts.map(|(counts, keys)| move || keys.iter().for_each(|key| counts[digit_of(*key)] += 1)),
            keys.len(),
        );
        let mut digit = 0;
        let total = |digit: usize| counts.iter().map(|counts| counts[digit]).sum::<usize>();
        while place >= total(digit) {
            place -= total(digit);
            digit += 1;
        }
        let mut left = vec![vec![]; counts.len()];
        let of_parts = left.iter_mut().zip(parts(keys.len(), SHARED));
        let filters = of_parts
            .map(|(left, part)| move || left.extend(keys[part].iter().copied().filter(|key| digit_of(*key) == digit)));
        do_all(filters, keys.len());
        kept = Some(left.concat());
    }
}

/// The bits that are not the same in all keys.
fn vary(keys: &[u64]) -> u64 {
    let mut varying = vec![0; keys.len().div_ceil(SHARED)];
    let first = keys[0];
    let of_parts = varying.iter_mut().zip(keys.chunks(SHARED));
    let differ = |keys: &[u64]| keys.iter().fold(0, |varying, key| varying | (key ^ first));
    do_all(of_parts.map(|(varying, keys)| move || *varying = differ(keys)), keys.len());
    varying.into_iter().fold(0, |all, varying| all | varying)
}

/// The key of zero.
const ZERO: u64 = 1 << 63;

/// The unsigned integer whose order is that of a float.
#[inline(always)]
fn key_of(value: f64) -> u64 {
    // A number that is nearer to zero than any normal one is zero to XLA, in whose float mode this runs.
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
    if bits >> 63 == 1 { !bits } else { bits ^ ZERO }
}

fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ ZERO } else { !key })
}

#[cfg(test)]
mod tests {
    use super::select;

    /// Bits without order.
    fn numbers(rows: usize, seed: u64, mask: u64) -> impl Iterator<Item = u64> {
        (0..rows as u64).map(move |row| {
            let mixed = (row + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) & mask
        })
    }

    /// What [`select`] finds, by sorting.
    fn selected(numbers: &[i32], values: &[f64], shares: &[f64], groups: usize) -> (Vec<i32>, Vec<Vec<f64>>) {
        let mut all = vec![vec![]; groups];
        for (number, value) in numbers.iter().zip(values) {
            if let Some(group) = usize::try_from(*number).ok().and_then(|number| all.get_mut(number)) {
                group.push(if value.is_nan() { f64::NAN } else { value + 0.0 });
            }
        }
        all.iter_mut().for_each(|group: &mut Vec<f64>| group.sort_by(f64::total_cmp));
        let place = |group: &Vec<f64>, share: &f64| (group.len() as f64 - 1.0).max(0.0) * share;
        let at = |group: &Vec<f64>, place: f64| group.get(place as usize).copied().unwrap_or(0.0);
        let next_to = |share: &f64| {
            let low = all.iter().map(|group| at(group, place(group, share).floor())).collect();
            [low, all.iter().map(|group| at(group, place(group, share).ceil())).collect()]
        };
        (all.iter().map(|group| group.len() as i32).collect(), shares.iter().flat_map(next_to).collect())
    }

    #[test]
    fn select_agrees_with_a_sort() {
        let shares = [0.5, 0.25, 0.75, 0.0, 1.0, 0.333];
        for (rows, groups) in
            [(0, 1), (1, 1), (2, 3), (1000, 1), (1000, 7), (50_000, 300), (700_000, 1), (700_000, 2), (600_000, 5000)]
        {
            for mask in [0, 1 << 63, 0xffff, 0x800f_ffff_ffff_ffff, u64::MAX] {
                let values = numbers(rows, 7, mask).map(|bits| f64::from_bits(bits ^ (0x3ff << 52)));
                let values: Vec<f64> = values.collect();
                // Most rows are in the first group or in the last one, and some in none.
                let most = if mask == u64::MAX { groups - 1 } else { 0 };
                let spread =
                    |bits: u64| if bits.is_multiple_of(3) { most } else { (bits >> 8) as i32 % (groups + 2) - 1 };
                let own: Vec<i32> = numbers(rows, 9, u64::MAX).map(spread).collect();
                for shares in [&shares[..1], &shares[..2], &shares] {
                    let mut sizes = vec![-1; groups as usize];
                    let mut results = vec![vec![-1.0; groups as usize]; 2 * shares.len()];
                    select(&own, &values, shares, &mut sizes, results.iter_mut().map(Vec::as_mut_slice).collect());
                    let (counts, wanted) = selected(&own, &values, shares, groups as usize);
                    let bits = |all: &[Vec<f64>]| all.iter().flatten().map(|value| value.to_bits()).collect::<Vec<_>>();
                    assert_eq!(sizes, counts);
                    assert!(bits(&results) == bits(&wanted), "{rows} rows, {groups} groups, {mask:x}, {shares:?}");
                }
            }
        }
    }
}
