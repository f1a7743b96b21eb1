//! `window w x` = `window w x in any order`, where nothing above reads the order of the rows
//!
//! What is computed of partitions stands in their order: where the rows may stay in it, nothing is put back.

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Plan, Program, reads_order_of_inputs};

pub(in crate::optimize) struct FreeWindowOrder;

impl Pass for FreeWindowOrder {
    fn name(&self) -> &'static str {
        "free_window_order"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        let mut order_is_read = vec![false; program.shared.len()];
        program.exports.iter_mut().for_each(|export| free(&mut export.plan, true, &mut order_is_read));
        // From the last: each is read only by later ones and the exports.
        for index in (0..program.shared.len()).rev() {
            let is_read = order_is_read[index];
            free(&mut program.shared[index].plan, is_read, &mut order_is_read);
        }
        program
    }
}

/// Frees windows of a plan, of which `is_read` says whether the order of its rows is read; notes for each shared plan whether
/// that of its rows is.
fn free(plan: &mut Plan, is_read: bool, order_is_read: &mut [bool]) {
    match plan {
        Plan::Window(window) => window.any_order = !is_read,
        Plan::Shared(reader) => order_is_read[reader.plan] |= is_read,
        _ => {}
    }
    let of_inputs = reads_order_of_inputs(plan, is_read);
    for (input, is_read) in plan.inputs_mut().into_iter().zip(of_inputs) {
        free(input, is_read, order_is_read);
    }
}
