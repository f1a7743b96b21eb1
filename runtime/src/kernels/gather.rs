//! `dj.gather`: the rows that a list of places names, of any number of columns.
//!
//! XLA:CPU gathers a column on one thread, in some 12 ns a row where the places are in no order: it waits for each row's
//! memory before it asks for the next. Here a loop does nothing else, so that several rows are on their way at a time, and the
//! places are shared out among threads.

use super::ffi::{Call, Fault, Handler};
use super::threads::{Job, share_out};
use crate::pjrt::{Element, HostScalar};

/// Places of a job: enough that starting it costs nothing, few enough that all threads are done at about the same time.
const BLOCK: usize = 1 << 16;

/// Arguments: `i32[M]` places, then columns `[N]` of any element. Results: `[M]` each, the columns' rows at the places. A place
/// outside of a column is that of its nearest row.
pub(super) struct Gather;

impl Handler for Gather {
    const NAME: &'static str = super::GATHER;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let columns = call.results();
        if call.arguments() != 1 + columns {
            return Err(Fault::invalid("expected places and a column for each result"));
        }
        let places = call.argument::<i32>(0)?;
        let mut jobs = Vec::new();
        for column in 0..columns {
            jobs.extend(of_column(call, places, column)?);
        }
        share_out(jobs, places.len());
        Ok(())
    }
}

fn of_column<'a>(call: &Call<'a>, places: &'a [i32], column: usize) -> Result<Vec<Job<'a>>, Fault> {
    match call.element(1 + column) {
        Some(Element::Pred) => jobs(places, call.predicate(1 + column)?, call.predicate_result(column)?, column),
        Some(Element::S8) => jobs_of::<i8>(call, places, column),
        Some(Element::S16) => jobs_of::<i16>(call, places, column),
        Some(Element::S32) => jobs_of::<i32>(call, places, column),
        Some(Element::S64) => jobs_of::<i64>(call, places, column),
        Some(Element::U8) => jobs_of::<u8>(call, places, column),
        Some(Element::U16) => jobs_of::<u16>(call, places, column),
        Some(Element::U32) => jobs_of::<u32>(call, places, column),
        Some(Element::U64) => jobs_of::<u64>(call, places, column),
        Some(Element::F32) => jobs_of::<f32>(call, places, column),
        Some(Element::F64) => jobs_of::<f64>(call, places, column),
        None => Err(Fault::invalid(format!("argument {} is of an unknown element", 1 + column))),
    }
}

fn jobs_of<'a, T: HostScalar + Sync>(call: &Call<'a>, places: &'a [i32], column: usize) -> Result<Vec<Job<'a>>, Fault> {
    jobs(places, call.argument::<T>(1 + column)?, call.result::<T>(column)?, column)
}

fn jobs<'a, T: Copy + Send + Sync>(
    places: &'a [i32],
    rows: &'a [T],
    result: &'a mut [T],
    column: usize,
) -> Result<Vec<Job<'a>>, Fault> {
    if result.len() != places.len() || rows.is_empty() || i32::try_from(rows.len()).is_err() {
        let (places, rows, result) = (places.len(), rows.len(), result.len());
        return Err(Fault::invalid(format!(
            "column {column} has {rows} rows and a result of {result} for {places} places"
        )));
    }
    let blocks = places.chunks(BLOCK).zip(result.chunks_mut(BLOCK));
    Ok(blocks.map(|(places, result)| Box::new(move || gather(places, rows, result)) as Job<'a>).collect())
}

/// Writes the rows at some places; there is at least one row.
pub(super) fn gather<T: Copy>(places: &[i32], rows: &[T], result: &mut [T]) {
    let last = rows.len() as i32 - 1;
    for (place, result) in places.iter().zip(result) {
        *result = rows[(*place).clamp(0, last) as usize];
    }
}
