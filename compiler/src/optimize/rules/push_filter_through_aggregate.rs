//! `filter p (aggregate k x)` = `aggregate k (filter p x)`, where `p` reads only `k`
//!
//! Rows of one group agree on the keys, so all of them pass or none. Without keys there is a row even for no rows, so
//! nothing sinks. Float keys are left alone: −0.0 and 0.0 are one group, but `1 / k` tells them apart.

use super::merge_filters::filter_all;
use super::push_filter_through_distinct::split_on_keys;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::conjuncts;
use crate::plan::{Aggregate, Filter, Plan};

pub(in crate::optimize) struct PushFilterThroughAggregate;

impl Rule for PushFilterThroughAggregate {
    fn name(&self) -> &'static str {
        "push_filter_through_aggregate"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Aggregate(aggregate) => {
                    let keys = aggregate.keys.clone();
                    let (below, above) = split_on_keys(conjuncts(predicate), &keys);
                    let changed = !below.is_empty();
                    let input = Box::new(filter_all(below, *aggregate.input, span));
                    Rewritten {
                        plan: filter_all(above, Plan::Aggregate(Aggregate { input, ..aggregate }), span),
                        changed,
                    }
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
