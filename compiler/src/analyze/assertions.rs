//! `assert CONDITION "MESSAGE"`: the rows for which the condition is false leave the program beside its outputs, of which none
//! is shown if there are any.
//!
//! What follows an assertion is optimized as if it were not there: a filter or a `take` behind it decides what is put out,
//! and not which rows are looked at.

use super::builder::Builder;
use super::env::Env;
use super::grouping::pass;
use super::relation::Relation;
use crate::plan::{Export, Filter, Plan, Project, Purpose};
use dj_grammar::{Span, Spanned, ast};
use dj_runtime::expr::{ColumnId, Expr, ExprKind};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// The same rows, and beside them those for which the condition is false. Of these are shown the columns that the
    /// condition reads, and the keys of the groups that they are of.
    pub(super) fn assert(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        condition: &'a ast::Expr,
        message: &'a Spanned<String>,
        span: Span,
    ) -> Relation {
        let keys = keys(&input.plan);
        let (input, plan) = self.share(input, &message.node, span);
        let tested = self.read_shared(input.clone(), plan, span);
        if let Some(holds) = self.condition(&tested.scope(env), condition) {
            let pairs = input.columns.iter().zip(&tested.columns);
            let pairs = pairs.filter_map(|(own, read)| Some((own.column?.id, read.column?)));
            let told = pairs.filter(|(own, read)| keys.contains(own) || holds.columns().contains(&read.id));
            let mut told: Vec<_> = told.map(|(_, read)| read).collect();
            if told.is_empty() {
                told.extend(tested.known().map(|(_, column)| column).next());
            }
            let (nullable, span) = (holds.nullable, condition.span);
            let violated = Expr { kind: ExprKind::Not(Box::new(holds)), ty: Type::Bool, nullable, span };
            let rows = Plan::Filter(Filter { input: Box::new(tested.plan), predicate: violated, span });
            let items = told.into_iter().map(|column| pass(column, span)).collect();
            let plan = Plan::Project(Project { input: Box::new(rows), items, span });
            self.assertions.push(Export { purpose: Purpose::Assertion(message.node.clone()), span, plan });
        }
        self.read_shared(input, plan, span)
    }
}

/// The keys of the groups that rows are of; nothing where they are not of groups.
fn keys(plan: &Plan) -> Vec<ColumnId> {
    match plan {
        Plan::Aggregate(aggregate) => aggregate.keys.iter().map(|key| key.id).collect(),
        Plan::Filter(_)
        | Plan::Project(_)
        | Plan::Sort(_)
        | Plan::Take(_)
        | Plan::TopK(_)
        | Plan::Window(_)
        | Plan::Shard(_) => plan.inputs().into_iter().flat_map(keys).collect(),
        Plan::Scan(_) | Plan::Shared(_) | Plan::Join(_) | Plan::Distinct(_) | Plan::Union(_) | Plan::Evaluate(_) => {
            Vec::new()
        }
    }
}
