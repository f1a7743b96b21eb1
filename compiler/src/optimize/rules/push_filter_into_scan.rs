//! `filter p (scan t)` = `scan t where p`
//!
//! The stage that scans evaluates the predicates, and skips row groups whose bounds contradict one.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::conjuncts;
use crate::plan::{Filter, Plan};

pub(in crate::optimize) struct PushFilterIntoScan;

impl Rule for PushFilterIntoScan {
    fn name(&self) -> &'static str {
        "push_filter_into_scan"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Scan(mut scan) => {
                    for predicate in conjuncts(predicate) {
                        let placeless = predicate.without_spans();
                        if scan.predicates.iter().all(|other| other.without_spans() != placeless) {
                            scan.predicates.push(predicate);
                        }
                    }
                    Rewritten::changed(Plan::Scan(scan))
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
