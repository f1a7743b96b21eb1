//! `window w [b] (window w [a] x)` = `window w [a, b] x`, where `b` reads nothing of `a`
//!
//! Windows of the same partitions in the same order share one sort, whatever their frames.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{NamedWindow, Plan, SortKey, Window};
use dj_runtime::expr::Expr;

pub(in crate::optimize) struct MergeWindows;

impl Rule for MergeWindows {
    fn name(&self) -> &'static str {
        "merge_windows"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Window(mut outer) => match *outer.input {
                Plan::Window(inner) if shares_order(&outer, &inner) => {
                    let items = inner.items.into_iter().chain(outer.items).collect();
                    Rewritten::changed(Plan::Window(Window { input: inner.input, items, ..outer }))
                }
                other => {
                    outer.input = Box::new(other);
                    Rewritten::unchanged(Plan::Window(outer))
                }
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// Whether the rows of both are arranged alike, and the outer window reads no column of the inner one.
fn shares_order(outer: &Window, inner: &Window) -> bool {
    let reads = outer.items.iter().flat_map(NamedWindow::expressions).chain(outer.order.iter().map(|key| &key.expr));
    let read: Vec<_> = reads.flat_map(Expr::columns).chain(outer.by.iter().map(|key| key.id)).collect();
    let is_apart = inner.items.iter().all(|item| !read.contains(&item.id));
    is_apart && outer.by == inner.by && SortKey::same_order(&outer.order, &inner.order)
}
