//! `window by k' b (project k' = e (window by k a (project k = e x)))` = `window by k b (window by k a (project k = e x))`
//!
//! Every window computes its own keys. Those that one below has computed already are read, so that both have the same.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{NamedExpr, Plan, Project, SchemaColumn, Window};
use dj_runtime::expr::ColumnId;

pub(in crate::optimize) struct ReuseWindowKeys;

impl Rule for ReuseWindowKeys {
    fn name(&self) -> &'static str {
        "reuse_window_keys"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        let schema = plan.schema();
        let Plan::Window(mut window) = plan else { return Rewritten::unchanged(plan) };
        let is_reused =
            if let Plan::Project(between) = &mut *window.input { reuse(&mut window.by, between) } else { false };
        if !is_reused {
            return Rewritten::unchanged(Plan::Window(window));
        }
        let span = window.span;
        let items = schema.iter().map(|column| NamedExpr { id: column.id, expr: column.read(span) }).collect();
        Rewritten::changed(Plan::Project(Project { input: Box::new(Plan::Window(window)), items, span }))
    }
}

/// Lets keys be columns that a window below has for the same keys; whether any is.
fn reuse(by: &mut [SchemaColumn], between: &mut Project) -> bool {
    let mut changed = false;
    for key in by {
        let Some(known) = computed_below(between, key.id) else { continue };
        if between.items.iter().all(|item| item.id != known.id) {
            between.items.push(NamedExpr { id: known.id, expr: known.read(between.span) });
        }
        (*key, changed) = (known, true);
    }
    changed
}

/// The key of a window below a projection that is computed as a column of the projection is.
fn computed_below(between: &Project, key: ColumnId) -> Option<SchemaColumn> {
    let wanted = between.items.iter().find(|item| item.id == key && item.expr.as_column().is_none())?;
    let mut below = &*between.input;
    while let Plan::Filter(filter) = below {
        below = &filter.input;
    }
    let Plan::Window(Window { by, input, .. }) = below else { return None };
    let Plan::Project(project) = &**input else { return None };
    let known = project.items.iter().find(|item| item.expr.without_spans() == wanted.expr.without_spans())?.id;
    by.iter().find(|key| key.id == known).copied()
}
