//! `take a (take b x)` = `take c x`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Plan, Take, TopK};

pub(in crate::optimize) struct MergeTakes;

impl Rule for MergeTakes {
    fn name(&self) -> &'static str {
        "merge_takes"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Take(take) => match *take.input {
                Plan::Take(inner) => {
                    let (skip, count) = within(take.skip, take.count, inner.skip, inner.count);
                    Rewritten::changed(Plan::Take(Take { input: inner.input, skip, count, span: take.span }))
                }
                Plan::TopK(inner) => {
                    let (skip, count) = within(take.skip, take.count, inner.skip, inner.count);
                    Rewritten::changed(Plan::TopK(TopK { skip, count, ..inner }))
                }
                other => Rewritten::unchanged(Plan::Take(Take { input: Box::new(other), ..take })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// A range of a range.
fn within(skip: u64, count: u64, inner_skip: u64, inner_count: u64) -> (u64, u64) {
    (inner_skip.saturating_add(skip), count.min(inner_count.saturating_sub(skip)))
}
