//! `filter p (window by k x)` = `window by k (filter p x)`, where `p` reads only `k`
//!
//! Rows of one partition agree on its keys, so all of them pass or none. Float keys are left alone, as those of a `distinct`.

use super::merge_filters::filter_all;
use super::push_filter_through_distinct::split_on_keys;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::conjuncts;
use crate::plan::{Filter, Plan, Window};

pub(in crate::optimize) struct PushFilterThroughWindow;

impl Rule for PushFilterThroughWindow {
    fn name(&self) -> &'static str {
        "push_filter_through_window"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Window(window) => {
                    let (below, above) = split_on_keys(conjuncts(predicate), &window.by);
                    let changed = !below.is_empty();
                    let input = Box::new(filter_all(below, *window.input, span));
                    Rewritten { plan: filter_all(above, Plan::Window(Window { input, ..window }), span), changed }
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
