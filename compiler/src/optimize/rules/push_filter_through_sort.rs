//! `filter p (sort k x)` = `sort k (filter p x)`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Filter, Plan, Sort};

pub(in crate::optimize) struct PushFilterThroughSort;

impl Rule for PushFilterThroughSort {
    fn name(&self) -> &'static str {
        "push_filter_through_sort"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Sort(sort) => {
                    let input = Box::new(Plan::Filter(Filter { input: sort.input, predicate, span }));
                    Rewritten::changed(Plan::Sort(Sort { input, ..sort }))
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
