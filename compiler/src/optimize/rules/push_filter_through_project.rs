//! `filter p (project c x)` = `project c (filter p[c] x)`
//!
//! Sinks filters towards the scan, so that fewer rows are read and every operator above sees less. The predicate sees the
//! rows that it saw before, so it may be one that can fail; one that would be computed of long expressions again stays, and
//! so do those behind it that can fail. Filters that meet are merged at once, so that a chain of them sinks in one go.

use super::merge_filters::{filter_all, merged};
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{conjuncts, inline, size};
use crate::plan::{Filter, NamedExpr, Plan, Project};
use dj_runtime::expr::{Expr, can_fail};

pub(in crate::optimize) struct PushFilterThroughProject;

impl Rule for PushFilterThroughProject {
    fn name(&self) -> &'static str {
        "push_filter_through_project"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Project(project) => {
                    let (below, above) = split(conjuncts(predicate), &project.items);
                    let changed = !below.is_empty();
                    let input = Box::new(filter_all(below, *project.input, span));
                    Rewritten { plan: filter_all(above, Plan::Project(Project { input, ..project }), span), changed }
                }
                Plan::Filter(inner) => Rewritten::changed(merged(inner, predicate, span)),
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// A predicate that would grow beyond this many nodes stays where it is.
const MAX_SIZE: usize = 64;

/// The predicates that go below, over the input's columns, and the others.
fn split(predicates: Vec<Expr>, items: &[NamedExpr]) -> (Vec<Expr>, Vec<Expr>) {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for predicate in predicates {
        let inlined = inline(predicate.clone(), items);
        let grows = size(&inlined) > MAX_SIZE.max(size(&predicate));
        if grows || (!above.is_empty() && can_fail(&predicate)) {
            above.push(predicate);
        } else {
            below.push(inlined);
        }
    }
    (below, above)
}
