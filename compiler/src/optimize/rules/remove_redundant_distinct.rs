//! `distinct k x` = `x`, where no two rows of `x` agree on `k`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Plan, is_unique};

pub(in crate::optimize) struct RemoveRedundantDistinct;

impl Rule for RemoveRedundantDistinct {
    fn name(&self) -> &'static str {
        "remove_redundant_distinct"
    }

    fn rewrite(&self, plan: Plan, context: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Distinct(distinct) if is_unique(&distinct.input, &distinct.keys, &context.program.shared) => {
                Rewritten::changed(*distinct.input)
            }
            other => Rewritten::unchanged(other),
        }
    }
}
