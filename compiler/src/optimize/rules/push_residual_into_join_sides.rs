//! `join on (k and p and q) x y` = `join on k (filter p x) (filter q y)`
//!
//! `q` reads only the right side. `p` reads only the left, of an inner or semi join: a left or anti join keeps the rows
//! that match nothing.

use super::merge_filters::filter_all;
use super::push_filter_through_join::split;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjunction, conjuncts};
use crate::plan::{Join, JoinKind, Plan};

pub(in crate::optimize) struct PushResidualIntoJoinSides;

impl Rule for PushResidualIntoJoinSides {
    fn name(&self) -> &'static str {
        "push_residual_into_join_sides"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Join(Join { residual: Some(residual), left, right, kind, on, nulls_equal, span }) => {
                let (of_right, rest) = split(conjuncts(residual), &right);
                let keeps_unmatched = matches!(kind, JoinKind::Left | JoinKind::Anti);
                let (of_left, rest) = if keeps_unmatched { (Vec::new(), rest) } else { split(rest, &left) };
                let changed = !of_left.is_empty() || !of_right.is_empty();
                let left = Box::new(filter_all(of_left, *left, span));
                let right = Box::new(filter_all(of_right, *right, span));
                let join = Join { residual: conjunction(rest), left, right, kind, on, nulls_equal, span };
                Rewritten { plan: Plan::Join(join), changed }
            }
            other => Rewritten::unchanged(other),
        }
    }
}
