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
            Plan::Join(mut join) if join.nearest.is_none() => {
                let Some(residual) = join.residual.take() else { return Rewritten::unchanged(Plan::Join(join)) };
                let (of_right, rest) = split(conjuncts(residual), &join.right);
                let keeps_unmatched = matches!(join.kind, JoinKind::Left | JoinKind::Anti);
                let (of_left, rest) = if keeps_unmatched { (Vec::new(), rest) } else { split(rest, &join.left) };
                let changed = !of_left.is_empty() || !of_right.is_empty();
                let left = Box::new(filter_all(of_left, *join.left, join.span));
                let right = Box::new(filter_all(of_right, *join.right, join.span));
                let join = Join { residual: conjunction(rest), left, right, ..join };
                Rewritten { plan: Plan::Join(join), changed }
            }
            other => Rewritten::unchanged(other),
        }
    }
}
