//! `dj.scatter_add`: rows' values added to their slots, for any number of columns.
//!
//! XLA:CPU runs a scatter on one thread, in 5 to 8 ns a row, and wants its updates as tensors of the slots' element. Here columns are
//! read as they are, a mask stands beside the column where some rows do not count, a number where all rows have the same
//! value, and columns are shared out among threads. Each slot gets its values in the order of the rows, so that sums of
//! floats do not depend on the number of threads (decision 18).

use super::ffi::{Call, Fault, Handler};
use super::threads::{Job, share_out};
use crate::pjrt::{Element, HostScalar};

/// Arguments: `i32[N]` slots, then for each column its state (`i64[S]` or `f64[S]`), its values (`[N]`, or `[]` for one that all rows
/// have; integers for `i64`, floats for `f64`), and a mask of those that count (`i1[N]`, or `i1[]` for all or none). Results: the states with
/// the values of the rows that count added to their slots; a result may take over its state's memory. A row whose slot is
/// not in `0..S` is added nowhere. Integers wrap.
pub(super) struct ScatterAdd;

impl Handler for ScatterAdd {
    const NAME: &'static str = super::SCATTER_ADD;

    fn run(call: &Call<'_>) -> Result<(), Fault> {
        let columns = call.results();
        if call.arguments() != 1 + 3 * columns {
            return Err(Fault::invalid("expected slots, and a state, values and a mask for each result"));
        }
        let slots = call.argument::<i32>(0)?;
        let columns = (0..columns).map(|column| addition(call, slots, column)).collect::<Result<Vec<_>, _>>()?;
        share_out(columns, slots.len());
        Ok(())
    }
}

/// The addition of a column of a call.
fn addition<'a>(call: &Call<'a>, slots: &'a [i32], column: usize) -> Result<Job<'a>, Fault> {
    let values = 2 + 3 * column;
    match call.element(values) {
        Some(Element::S8) => addition_of::<i8, i64>(call, slots, column),
        Some(Element::S16) => addition_of::<i16, i64>(call, slots, column),
        Some(Element::S32) => addition_of::<i32, i64>(call, slots, column),
        Some(Element::S64) => addition_of::<i64, i64>(call, slots, column),
        Some(Element::U8) => addition_of::<u8, i64>(call, slots, column),
        Some(Element::U16) => addition_of::<u16, i64>(call, slots, column),
        Some(Element::U32) => addition_of::<u32, i64>(call, slots, column),
        Some(Element::F32) => addition_of::<f32, f64>(call, slots, column),
        Some(Element::F64) => addition_of::<f64, f64>(call, slots, column),
        Some(Element::Pred | Element::U64) | None => Err(Fault::invalid(format!("argument {values} cannot be added"))),
    }
}

fn addition_of<'a, V: HostScalar + Into<S>, S: Sum>(
    call: &Call<'a>,
    slots: &'a [i32],
    column: usize,
) -> Result<Job<'a>, Fault> {
    let first = 1 + 3 * column;
    let (values, mask) = (call.argument::<V>(first + 1)?, call.predicate(first + 2)?);
    let state = call.updated::<S>(first, column)?;
    let fits = |len: usize| len == slots.len() || len == 1;
    if !fits(values.len()) || !fits(mask.len()) {
        let (rows, values, mask) = (slots.len(), values.len(), mask.len());
        return Err(Fault::invalid(format!(
            "column {column} has {values} values and a mask of {mask} for {rows} rows"
        )));
    }
    Ok(Box::new(move || scatter_add(slots, state, values, mask)))
}

/// What a slot holds.
pub(super) trait Sum: HostScalar {
    /// Adds a value.
    fn add(&mut self, value: Self);
}

impl Sum for i64 {
    #[inline(always)]
    fn add(&mut self, value: i64) {
        *self = self.wrapping_add(value);
    }
}

impl Sum for f64 {
    #[inline(always)]
    fn add(&mut self, value: f64) {
        *self += value;
    }
}

/// Adds the values of the rows whose mask is not 0 to their slots; a list of one stands for all rows.
pub(super) fn scatter_add<V: Copy + Into<S>, S: Sum>(slots: &[i32], state: &mut [S], values: &[V], mask: &[u8]) {
    let slots = slots.iter().copied();
    // What does not count adds zero: a branch would be mispredicted for every other row.
    let masked = |(value, mask): (S, &u8)| if *mask == 0 { S::default() } else { value };
    match (values, mask) {
        (_, [0]) => {}
        (&[value], [_]) => add_all(state, slots.map(|slot| (slot, value.into()))),
        (values, [_]) => add_all(state, slots.zip(values.iter().map(|value| (*value).into()))),
        (&[value], mask) => add_all(state, slots.zip(mask.iter().map(|mask| masked((value.into(), mask))))),
        (values, mask) => {
            add_all(state, slots.zip(values.iter().map(|value| (*value).into()).zip(mask).map(masked)));
        }
    }
}

fn add_all<S: Sum>(state: &mut [S], rows: impl Iterator<Item = (i32, S)>) {
    for (slot, value) in rows {
        // A negative slot is past the last one too.
        if let Some(sum) = state.get_mut(slot as usize) {
            sum.add(value);
        }
    }
}
