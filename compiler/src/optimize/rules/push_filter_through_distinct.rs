//! `filter p (distinct k x)` = `distinct k (filter p x)`, where `p` reads only `k`
//!
//! Rows of one group agree on the keys, so all of them pass or none. Float keys are left alone: −0.0 and 0.0 are one group,
//! but `1 / k` tells them apart.

use super::merge_filters::filter_all;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjuncts, reads_only};
use crate::plan::{Distinct, Filter, Plan, SchemaColumn};
use dj_runtime::expr::{ColumnId, Expr, can_fail};

pub(in crate::optimize) struct PushFilterThroughDistinct;

impl Rule for PushFilterThroughDistinct {
    fn name(&self) -> &'static str {
        "push_filter_through_distinct"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Distinct(distinct) => {
                    let keys = of_keys(&distinct.input.schema(), &distinct.keys);
                    let (below, above) = split_on_keys(conjuncts(predicate), &keys);
                    let changed = !below.is_empty();
                    let input = Box::new(filter_all(below, *distinct.input, span));
                    Rewritten { plan: filter_all(above, Plan::Distinct(Distinct { input, ..distinct }), span), changed }
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

fn of_keys(schema: &[SchemaColumn], keys: &[ColumnId]) -> Vec<SchemaColumn> {
    schema.iter().filter(|column| keys.contains(&column.id)).copied().collect()
}

/// The predicates that are the same for all rows of a group, and the others.
///
/// One that can fail may rely on those before it, so it goes below only where they all do.
pub(super) fn split_on_keys(predicates: Vec<Expr>, keys: &[SchemaColumn]) -> (Vec<Expr>, Vec<Expr>) {
    let exact: Vec<_> = keys.iter().filter(|key| !key.ty.is_float()).copied().collect();
    let of_keys = |predicate: &Expr| !keys.is_empty() && reads_only(predicate, &exact);
    let mut all_sank = true;
    predicates.into_iter().partition(|predicate| {
        let sinks = of_keys(predicate) && (all_sank || !can_fail(predicate));
        all_sank &= sinks;
        sinks
    })
}
