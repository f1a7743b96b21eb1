//! `window w x` = `window w x in any order`, where nothing above reads the order of the rows
//!
//! What is computed of partitions stands in their order: where the rows may stay in it, nothing is put back.

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Plan, Program, rewrite_by_order};

pub(in crate::optimize) struct FreeWindowOrder;

impl Pass for FreeWindowOrder {
    fn name(&self) -> &'static str {
        "free_window_order"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        rewrite_by_order(&mut program, &|plan, is_read| {
            if let Plan::Window(window) = plan {
                window.any_order = !is_read;
            }
        });
        program
    }
}
