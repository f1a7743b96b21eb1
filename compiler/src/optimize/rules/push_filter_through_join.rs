//! `filter (p and q) (join x y)` = `join (filter p x) (filter q y)`
//!
//! `p` reads only the left side; `q` only the right, and only of an inner join: the right columns of a left join are null
//! where nothing matches. A side has rows that the join drops, so a predicate that can fail stays above.

use super::merge_filters::filter_all;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjuncts, reads_only};
use crate::plan::{Filter, Join, JoinKind, Plan};
use dj_runtime::expr::{Expr, can_fail};

pub(in crate::optimize) struct PushFilterThroughJoin;

impl Rule for PushFilterThroughJoin {
    fn name(&self) -> &'static str {
        "push_filter_through_join"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Join(join) => {
                    let (left, rest) = split(conjuncts(predicate), &join.left);
                    // Without some of its rows, another one of the right side would be the nearest.
                    let inner = join.kind == JoinKind::Inner && join.nearest.is_none();
                    let (right, rest) = if inner { split(rest, &join.right) } else { (Vec::new(), rest) };
                    let changed = !left.is_empty() || !right.is_empty();
                    let left = Box::new(filter_all(left, *join.left, span));
                    let right = Box::new(filter_all(right, *join.right, span));
                    Rewritten { plan: filter_all(rest, Plan::Join(Join { left, right, ..join }), span), changed }
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// The predicates that may be evaluated on `side` before the join, and the others.
pub(super) fn split(predicates: Vec<Expr>, side: &Plan) -> (Vec<Expr>, Vec<Expr>) {
    let schema = side.schema();
    predicates.into_iter().partition(|predicate| {
        let of_rows = !predicate.columns().is_empty();
        of_rows && reads_only(predicate, &schema) && !can_fail(predicate)
    })
}
