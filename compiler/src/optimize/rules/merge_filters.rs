//! `filter p (filter q x)` = `filter (q and p) x`
//!
//! The inner predicate stays first, so that the outer one is evaluated only on rows that it saw before.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjunction, conjuncts};
use crate::plan::{Filter, Plan};
use dj_grammar::Span;
use dj_runtime::expr::Expr;

pub(in crate::optimize) struct MergeFilters;

impl Rule for MergeFilters {
    fn name(&self) -> &'static str {
        "merge_filters"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Filter(inner) => Rewritten::changed(merged(inner, predicate, span)),
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// The filter with a further predicate behind its own.
pub(super) fn merged(inner: Filter, predicate: Expr, span: Span) -> Plan {
    let mut both = conjuncts(inner.predicate);
    both.extend(conjuncts(predicate));
    filter_all(both, *inner.input, span)
}

/// The rows of `input` on which all predicates are true.
pub(super) fn filter_all(predicates: Vec<Expr>, input: Plan, span: Span) -> Plan {
    match conjunction(predicates) {
        Some(predicate) => Plan::Filter(Filter { input: Box::new(input), predicate, span }),
        None => input,
    }
}
