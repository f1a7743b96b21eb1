//! `sort o x` = `x`, where nothing above reads the order of the rows

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Plan, Program, rewrite_by_order};

pub(in crate::optimize) struct RemoveUnreadSort;

impl Pass for RemoveUnreadSort {
    fn name(&self) -> &'static str {
        "remove_unread_sort"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        rewrite_by_order(&mut program, &|plan, is_read| {
            while let Plan::Sort(sort) = plan
                && !is_read
            {
                *plan = sort.input.take();
            }
        });
        program
    }
}
