//! `project c (project d x)` = `project c[d] x`
//!
//! Not where an expression of `d` that costs anything would be computed more than once.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{can_inline, inline};
use crate::plan::{NamedExpr, Plan, Project};

pub(in crate::optimize) struct MergeProjects;

impl Rule for MergeProjects {
    fn name(&self) -> &'static str {
        "merge_projects"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Project(Project { input, items, span }) => match *input {
                Plan::Project(inner) if can_merge(&items, &inner.items) => {
                    let items =
                        items.into_iter().map(|item| NamedExpr { expr: inline(item.expr, &inner.items), ..item });
                    Rewritten::changed(Plan::Project(Project { input: inner.input, items: items.collect(), span }))
                }
                other => Rewritten::unchanged(Plan::Project(Project { input: Box::new(other), items, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

fn can_merge(outer: &[NamedExpr], inner: &[NamedExpr]) -> bool {
    can_inline(&outer.iter().map(|item| &item.expr).collect::<Vec<_>>(), inner)
}
