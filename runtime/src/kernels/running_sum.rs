//! `dj.running_sum`: of each row the sum of the values of its run up to it.
//!
//! Values are added one after the other in their order, so that nothing of one run is left in another's sum, and none depends on
//! where blocks of rows begin.

use super::ffi::{Call, Fault, Handler};
use super::threads::{Job, share_out};

/// Rows of a job at least.
const BLOCK: usize = 1 << 16;

/// Arguments: `i1[N]`, the rows that begin a run, and `f64[N]` values. Result: `f64[N]`, the sums.
pub(super) struct RunningSum;

impl Handler for RunningSum {
    const NAME: &'static str = super::RUNNING_SUM;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let (marks, values, sums) = (call.predicate(0)?, call.argument::<f64>(1)?, call.result::<f64>(0)?);
        if marks.len() != values.len() || values.len() != sums.len() {
            let (marks, values, sums) = (marks.len(), values.len(), sums.len());
            return Err(Fault::invalid(format!("{marks} marks, {values} values, and a result of {sums}")));
        }
        running_sum(marks, values, sums);
        Ok(())
    }
}

/// Writes the sums; runs are shared out among threads.
pub(super) fn running_sum<'a>(marks: &'a [u8], values: &'a [f64], sums: &'a mut [f64]) {
    let rows = values.len();
    let (mut marks, mut values, mut sums) = (marks, values, sums);
    let mut jobs: Vec<Job<'a>> = Vec::new();
    while !sums.is_empty() {
        // A job ends where a run does.
        let open = marks.iter().skip(BLOCK).position(|mark| *mark != 0);
        let len = open.map_or(marks.len(), |more| BLOCK + more);
        let (own_marks, own_values) = (&marks[..len], &values[..len]);
        let (own_sums, rest) = sums.split_at_mut(len);
        (marks, values, sums) = (&marks[len..], &values[len..], rest);
        jobs.push(Box::new(move || add(own_marks, own_values, own_sums)));
    }
    share_out(jobs, rows);
}

fn add(marks: &[u8], values: &[f64], sums: &mut [f64]) {
    let mut sum = 0.0;
    for ((mark, value), result) in marks.iter().zip(values).zip(sums) {
        sum = if *mark == 0 { sum } else { 0.0 } + value;
        *result = sum;
    }
}
