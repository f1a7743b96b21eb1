//! `filter true x` = `x`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::Plan;
use dj_runtime::expr::Scalar;

pub(in crate::optimize) struct RemoveTrueFilter;

impl Rule for RemoveTrueFilter {
    fn name(&self) -> &'static str {
        "remove_true_filter"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(filter) if filter.predicate.as_literal() == Some(&Scalar::Bool(true)) => {
                Rewritten::changed(*filter.input)
            }
            other => Rewritten::unchanged(other),
        }
    }
}
