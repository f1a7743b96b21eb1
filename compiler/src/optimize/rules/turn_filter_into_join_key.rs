//! `filter (a == b) (inner join x y)` = `inner join on a == b x y`, where `a` reads only `x` and `b` only `y`
//!
//! A cross join becomes one that matches. An expression that can fail stays above, where it sees fewer rows.

use super::merge_filters::filter_all;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjuncts, reads_only};
use crate::plan::{Filter, Join, JoinKind, Plan, SchemaColumn};
use dj_runtime::expr::{CompareOp, Expr, ExprKind, can_fail};

pub(in crate::optimize) struct TurnFilterIntoJoinKey;

impl Rule for TurnFilterIntoJoinKey {
    fn name(&self) -> &'static str {
        "turn_filter_into_join_key"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Join(mut join) if takes_keys(&join) => {
                    let (left, right) = (join.left.schema(), join.right.schema());
                    let keys = join.on.len();
                    let mut rest = Vec::new();
                    for conjunct in conjuncts(predicate) {
                        match key_of(&conjunct, &left, &right) {
                            Some(key) => join.on.push(key),
                            None => rest.push(conjunct),
                        }
                    }
                    let changed = join.on.len() > keys;
                    Rewritten { plan: filter_all(rest, Plan::Join(join), span), changed }
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// Nulls match each other under `nulls equal`, but a null comparison drops the row.
fn takes_keys(join: &Join) -> bool {
    join.kind == JoinKind::Inner && !join.nulls_equal && join.nearest.is_none()
}

/// The pair of keys that an equality of the two sides is.
fn key_of(predicate: &Expr, left: &[SchemaColumn], right: &[SchemaColumn]) -> Option<(Expr, Expr)> {
    let ExprKind::Compare(CompareOp::Equal, a, b) = &predicate.kind else { return None };
    let of_rows = |expr: &Expr| !expr.columns().is_empty();
    if a.ty != b.ty || can_fail(predicate) || !of_rows(a) || !of_rows(b) {
        return None;
    }
    if reads_only(a, left) && reads_only(b, right) {
        return Some(((**a).clone(), (**b).clone()));
    }
    (reads_only(b, left) && reads_only(a, right)).then(|| ((**b).clone(), (**a).clone()))
}
