//! `take n (union x (sort k y))` = `take n (union x (take n (sort k y)))`
//!
//! Of each input no more rows are wanted than of all. An input that streams ends with the last row that is taken anyway.

use super::push_take_through_left_join::ends_in_sort;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Plan, Take};

pub(in crate::optimize) struct PushTakeThroughUnion;

impl Rule for PushTakeThroughUnion {
    fn name(&self) -> &'static str {
        "push_take_through_union"
    }

    fn rewrite(&self, mut plan: Plan, context: &RuleContext<'_>) -> Rewritten {
        let mut changed = false;
        if let Plan::Take(take) = &mut plan
            && let Plan::Union(union) = &mut *take.input
        {
            for (input, _) in &mut union.inputs {
                if ends_in_sort(input, &context.program.shared) {
                    let count = take.skip.saturating_add(take.count);
                    *input = Plan::Take(Take { input: Box::new(input.take()), skip: 0, count, span: take.span });
                    changed = true;
                }
            }
        }
        Rewritten { plan, changed }
    }
}
