//! `project c (project d x)` = `project c[d] x`
//!
//! Not where an expression of `d` that costs anything would be computed more than once.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{size, substitute};
use crate::plan::{NamedExpr, Plan, Project};
use dj_runtime::expr::{Expr, ExprKind};
use std::collections::BTreeMap;

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

/// The expression with the items' columns exchanged for what the items compute.
pub(super) fn inline(expr: Expr, items: &[NamedExpr]) -> Expr {
    substitute(expr, &|id| items.iter().find(|item| item.id == id).map(|item| item.expr.clone()))
}

/// Whether the expression is as cheap as the column that holds it.
pub(super) fn is_free(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Param(_))
}

/// Whether the expression is not too large to be one.
pub(super) fn is_small(expr: &Expr) -> bool {
    size(expr) <= MAX_SIZE
}

/// An expression that grows beyond this many nodes is easier to read, and to compile, in two steps.
const MAX_SIZE: usize = 256;

fn can_merge(outer: &[NamedExpr], inner: &[NamedExpr]) -> bool {
    let mut uses = BTreeMap::new();
    for item in outer {
        item.expr.walk(&mut |expr| {
            if let ExprKind::Column(id) = expr.kind {
                *uses.entry(id).or_insert(0_usize) += 1;
            }
        });
    }
    let once = |item: &NamedExpr| is_free(&item.expr) || uses.get(&item.id).is_none_or(|count| *count == 1);
    let total: usize = outer.iter().chain(inner).map(|item| size(&item.expr)).max().unwrap_or(0);
    total <= MAX_SIZE && inner.iter().all(once)
}
