//! `take n (sort k x)` = `top n k x`
//!
//! A buffer of `n` rows replaces one of all rows.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Plan, Take, TopK};

pub(in crate::optimize) struct FuseSortTake;

impl Rule for FuseSortTake {
    fn name(&self) -> &'static str {
        "fuse_sort_take"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Take(take) => match *take.input {
                Plan::Sort(sort) => Rewritten::changed(Plan::TopK(TopK {
                    input: sort.input,
                    keys: sort.keys,
                    skip: take.skip,
                    count: take.count,
                    span: take.span,
                })),
                other => Rewritten::unchanged(Plan::Take(Take { input: Box::new(other), ..take })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
