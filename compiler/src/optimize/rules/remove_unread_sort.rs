//! `sort o x` = `x`, where nothing above reads the order of the rows

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Plan, Program, reads_order_of_inputs};

pub(in crate::optimize) struct RemoveUnreadSort;

impl Pass for RemoveUnreadSort {
    fn name(&self) -> &'static str {
        "remove_unread_sort"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        let mut order_is_read = vec![false; program.shared.len()];
        program.exports.iter_mut().for_each(|export| remove(&mut export.plan, true, &mut order_is_read));
        // From the last: each is read only by later ones and the exports.
        for index in (0..program.shared.len()).rev() {
            let is_read = order_is_read[index];
            remove(&mut program.shared[index].plan, is_read, &mut order_is_read);
        }
        program
    }
}

/// Removes sorts of a plan, of which `is_read` says whether the order of its rows is read; notes for each shared plan whether
/// that of its rows is.
fn remove(plan: &mut Plan, is_read: bool, order_is_read: &mut [bool]) {
    while let Plan::Sort(sort) = plan
        && !is_read
    {
        *plan = sort.input.take();
    }
    if let Plan::Shared(reader) = plan {
        order_is_read[reader.plan] |= is_read;
    }
    let of_inputs = reads_order_of_inputs(plan, is_read);
    for (input, is_read) in plan.inputs_mut().into_iter().zip(of_inputs) {
        remove(input, is_read, order_is_read);
    }
}
