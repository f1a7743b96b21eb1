//! `dj.run_starts`, `dj.run_ends`: the run that each row is of, where it is marked which rows begin one.
//!
//! One walk over the rows, where XLA:CPU takes a scan in rows of a matrix, and reverses what it scans from the end.

use super::ffi::{Call, Fault, Handler};

/// Arguments: `i1[N]`, the rows that begin a run. Result: `i32[N]`, the first row of each row's run; 0 before the first run.
pub(super) struct RunStarts;

/// Arguments: `i1[N]`, the rows that begin a run, and `i32[]`, behind the last row of the last one. Result: `i32[N]`, behind the last
/// row of each row's run.
pub(super) struct RunEnds;

impl Handler for RunStarts {
    const NAME: &'static str = super::RUN_STARTS;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let (marks, starts) = (call.predicate(0)?, call.result::<i32>(0)?);
        fits(marks, starts)?;
        run_starts(marks, starts);
        Ok(())
    }
}

impl Handler for RunEnds {
    const NAME: &'static str = super::RUN_ENDS;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let (marks, last, ends) = (call.predicate(0)?, call.scalar::<i32>(1)?, call.result::<i32>(0)?);
        fits(marks, ends)?;
        run_ends(marks, last, ends);
        Ok(())
    }
}

fn fits(marks: &[u8], result: &[i32]) -> Result<(), Fault> {
    if marks.len() == result.len() && i32::try_from(marks.len()).is_ok() {
        return Ok(());
    }
    Err(Fault::invalid(format!("{} marks, and a result of {}", marks.len(), result.len())))
}

/// Writes the first row of each row's run.
pub(super) fn run_starts(marks: &[u8], starts: &mut [i32]) {
    let mut start = 0;
    for ((row, mark), result) in (0..).zip(marks).zip(starts) {
        start = if *mark == 0 { start } else { row };
        *result = start;
    }
}

/// Writes behind the last row of each row's run, of which the last ends at `last`.
pub(super) fn run_ends(marks: &[u8], last: i32, ends: &mut [i32]) {
    let mut end = last;
    let rows = 0..marks.len() as i32;
    for ((row, mark), result) in rows.zip(marks).zip(ends).rev() {
        *result = end;
        end = if *mark == 0 { end } else { row.min(last) };
    }
}
