//! `dj.boundaries`: where the runs of equal rows begin, of rows in some order.
//!
//! A row is compared with the one before it where both lie, so that no word is gathered only to be compared; and once for all
//! that is asked of it, such as where keys differ, and where only the first of them do.

use super::ffi::{Call, Fault, Handler};
use super::threads::{Job, share_out};

/// Positions of a job.
const BLOCK: usize = 1 << 16;

/// Arguments: `i32[N]`, which row is at each position, `i32[]`, the number of live positions, for each result `ui64[W]`, the bits
/// of each word that count, then `ui64[M]`, the words of the rows. Results: `i1[N]` each, whether a position is live and its row
/// differs from the one before in bits that count; the first row does. A row outside of the words is their nearest one.
pub(super) struct Boundaries;

impl Handler for Boundaries {
    const NAME: &'static str = super::BOUNDARIES;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let results = call.results();
        let Some(words) = call.arguments().checked_sub(2 + results).filter(|words| *words > 0 && results > 0) else {
            return Err(Fault::invalid("expected an order, how many live positions, the bits that count, and words"));
        };
        let (order, live) = (call.argument::<i32>(0)?, call.scalar::<i32>(1)?);
        let masks = (2..2 + results).map(|mask| call.argument::<u64>(mask)).collect::<Result<Vec<_>, _>>()?;
        let first = 2 + results;
        let columns = (first..first + words).map(|word| call.argument::<u64>(word)).collect::<Result<Vec<_>, _>>()?;
        let marks = (0..results).map(|result| call.predicate_result(result)).collect::<Result<Vec<_>, _>>()?;
        let rows = columns[0].len();
        let fits = columns.iter().all(|column| column.len() == rows && rows > 0)
            && masks.iter().all(|mask| mask.len() == words)
            && marks.iter().all(|marks| marks.len() == order.len());
        if !fits || i32::try_from(rows).is_err() {
            return Err(Fault::invalid(
                "the words, the bits of them, or the order and the results, have different sizes",
            ));
        }
        let live = usize::try_from(live).ok().filter(|live| *live <= order.len());
        let live = live.ok_or_else(|| Fault::invalid("there are not so many live positions"))?;
        boundaries(&order[..live], &columns, &masks, marks);
        Ok(())
    }
}

/// Writes 1 at the positions of `order` whose row differs from the one before in the bits of a mask, and 0 elsewhere.
pub(super) fn boundaries(order: &[i32], words: &[&[u64]], masks: &[&[u64]], marks: Vec<&mut [u8]>) {
    let mut blocks: Vec<Vec<&mut [u8]>> = Vec::new();
    blocks.resize_with(order.len().div_ceil(BLOCK), Vec::new);
    for marks in marks {
        let (live, dead) = marks.split_at_mut(order.len());
        dead.fill(0);
        blocks.iter_mut().zip(live.chunks_mut(BLOCK)).for_each(|(block, marks)| block.push(marks));
    }
    let jobs = blocks.into_iter().enumerate().map(|(block, marks)| {
        let first = block * BLOCK;
        let rows = &order[first..order.len().min(first + BLOCK)];
        let before = first.checked_sub(1).map(|before| order[before]);
        Box::new(move || mark(rows, before, words, masks, marks)) as Job<'_>
    });
    share_out(jobs.collect(), order.len());
}

/// Marks the rows of a block, of which `before` is the row before; the first row differs from none, and is marked.
fn mark(order: &[i32], before: Option<i32>, words: &[&[u64]], masks: &[&[u64]], mut marks: Vec<&mut [u8]>) {
    let last = words[0].len() as i32 - 1;
    let place = |row: i32| row.clamp(0, last) as usize;
    let is_first = before.is_none();
    let mut before = before.or(order.first().copied()).map_or(0, place);
    for (position, row) in order.iter().enumerate() {
        let here = place(*row);
        for (marks, mask) in marks.iter_mut().zip(masks) {
            let differs = |(word, mask): (&&[u64], &u64)| (word[here] ^ word[before]) & mask != 0;
            marks[position] = u8::from((is_first && position == 0) || words.iter().zip(*mask).any(differs));
        }
        before = here;
    }
}
