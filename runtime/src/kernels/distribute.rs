//! Rows in buckets, stably, by all cores: the step that sorts and groups have in common.

use std::mem;
use std::ops::Range;
use std::slice::IterMut;

use super::threads::{Job, share_out};

/// Work on so many rows is worth a job of its own.
pub(super) const JOB_ROWS: usize = 1 << 15;

/// The rows of each job.
pub(super) fn parts(rows: usize, job_rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(job_rows).map(move |start| start..rows.min(start + job_rows))
}

/// Does the parts of some work on `rows` rows, on all cores if there are many.
pub(super) fn do_all<'a, W: FnOnce() + Send + 'a>(parts: impl Iterator<Item = W>, rows: usize) {
    if rows <= JOB_ROWS {
        parts.for_each(|part| part());
    } else {
        share_out(parts.map(|part| Box::new(part) as Job<'a>).collect(), rows);
    }
}

/// Takes the first elements away.
pub(super) fn take_first<'a, T>(list: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (first, rest) = mem::take(list).split_at_mut(count);
    *list = rest;
    first
}

/// Copies what `item_of` gives with its digit to buckets of one digit each, stably. The result is the buckets' sizes.
pub(super) fn distribute<T: Send>(
    job_rows: usize,
    digits: usize,
    digit_of: impl Fn(usize) -> usize + Sync,
    item_of: impl Fn(usize) -> (usize, T) + Sync,
    to: &mut [T],
) -> Vec<usize> {
    let rows = to.len();
    let (digit_of, item_of) = (&digit_of, &item_of);
    let mut counts = vec![vec![0_u32; digits]; rows.div_ceil(job_rows)];
    let parts_with_counts = counts.iter_mut().zip(parts(rows, job_rows));
    do_all(parts_with_counts.map(|(counts, part)| move || part.for_each(|at| counts[digit_of(at)] += 1)), rows);
    // A bucket has the rows of the first part first.
    let mut places: Vec<Vec<IterMut<'_, T>>> = counts.iter().map(|_| Vec::with_capacity(digits)).collect();
    let mut rest = to;
    for digit in 0..digits {
        for (places, counts) in places.iter_mut().zip(&counts) {
            places.push(take_first(&mut rest, counts[digit] as usize).iter_mut());
        }
    }
    let copies = places.into_iter().zip(parts(rows, job_rows)).map(|(mut places, part)| {
        move || {
            for (digit, item) in part.map(item_of) {
                match places[digit].next() {
                    Some(place) => *place = item,
                    None => unreachable!("digit {digit} was counted"),
                }
            }
        }
    });
    do_all(copies, rows);
    (0..digits).map(|digit| counts.iter().map(|counts| counts[digit] as usize).sum()).collect()
}

/// Neighbouring buckets that are a job together.
pub(super) fn groups(sizes: &[usize], job_rows: usize) -> impl Iterator<Item = &[usize]> {
    let mut rows = 0;
    sizes.chunk_by(move |size, _| {
        rows = if rows >= job_rows { *size } else { rows + size };
        rows < job_rows
    })
}
