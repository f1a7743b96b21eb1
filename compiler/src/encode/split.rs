//! `join left l r on k where p` = `join left l (project [row, r] (filter p (join inner l r on k))) on row`
//!
//! where `row` numbers the rows of `l`, which both read; for semi and anti joins alike. A join that keeps or drops a row by
//! a condition on its matches must see all of them first, and a step sees a chunk of matches at a time. With one match at
//! most there is nothing to wait for, and the condition stays in the join.

#![expect(clippy::wildcard_enum_match_arm, reason = "only joins and what names a shared plan change")]

use super::hoist::{keep, reads_pairs};
use crate::plan::{
    Filter, Join, JoinKind, NamedExpr, Plan, Program, Project, SchemaColumn, Shared, SharedPlan, one_match,
};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, ExprKind};
use dj_runtime::types::Type;
use std::collections::BTreeMap;

/// Splits every join of a program whose condition decides among many matches, or makes text of both sides.
///
/// Only what is proved of the right side counts, not what is recorded: the variants of a program number its text alike, so
/// they must be one program.
pub(super) fn split_conditional_joins(program: &mut Program) {
    let shared = std::mem::take(&mut program.shared);
    let mut exports = std::mem::take(&mut program.exports);
    let mut splitting = Splitting { program, moved: Vec::new() };
    for SharedPlan { name, plan } in shared {
        let plan = splitting.plan(plan);
        let index = splitting.share(name, plan);
        splitting.moved.push(index);
    }
    for export in &mut exports {
        export.plan = splitting.plan(export.plan.take());
    }
    program.exports = exports;
}

struct Splitting<'a> {
    /// Its shared plans are those that are done.
    program: &'a mut Program,
    /// For every shared plan of before, its index now.
    moved: Vec<usize>,
}

impl Splitting<'_> {
    fn share(&mut self, name: String, plan: Plan) -> usize {
        self.program.shared.push(SharedPlan { name, plan });
        self.program.shared.len() - 1
    }

    fn plan(&mut self, mut plan: Plan) -> Plan {
        for input in plan.inputs_mut() {
            *input = self.plan(input.take());
        }
        for expr in plan.expressions_mut() {
            *expr = expr.take().rewrite(&mut |mut part| {
                if let ExprKind::Cell { plan, .. } = &mut part.kind {
                    *plan = self.moved[*plan];
                }
                part
            });
        }
        match plan {
            Plan::Shared(shared) => Plan::Shared(Shared { plan: self.moved[shared.plan], ..shared }),
            Plan::Join(join) if self.decides_among_many(&join) => self.split(join),
            other => other,
        }
    }

    fn decides_among_many(&self, join: &Join) -> bool {
        let Some(residual) = &join.residual else { return false };
        let many = one_match(join, &self.program.shared, &|_, _| false).is_none();
        let of_pairs = || reads_pairs(residual, &join.left.schema(), &join.right.schema());
        join.kind != JoinKind::Inner && (many || of_pairs())
    }

    fn split(&mut self, join: Join) -> Plan {
        let (schema, span) = (join.schema(), join.span);
        let columns = join.left.schema();
        let kept = self.number(*join.left, span);
        let (row, read) = (self.row(span), self.row(span));
        let renamed: BTreeMap<ColumnId, SchemaColumn> =
            columns.iter().map(|column| (column.id, self.renamed(*column))).collect();
        let again = |(from, column): &(ColumnId, SchemaColumn)| (*from, renamed[&column.id]);
        let again = Shared { columns: kept.columns.iter().map(again).collect(), row: Some(read), ..kept.clone() };
        let of_again = |expr: Expr| expr.renamed(&|id| renamed.get(&id).map_or(id, |column| column.id));
        let right = join.right.schema();
        let on = join.on.into_iter().map(|(left, right)| (of_again(left), right)).collect();
        let left = Box::new(Plan::Shared(again));
        let pairs = Join { left, right: join.right, kind: JoinKind::Inner, on, residual: None, ..join };
        let pairs = match join.residual {
            Some(residual) => {
                Plan::Filter(Filter { input: Box::new(Plan::Join(pairs)), predicate: of_again(residual), span })
            }
            None => Plan::Join(pairs),
        };
        let wanted = if schema.len() > columns.len() { right } else { vec![] };
        let items =
            std::iter::once(read).chain(wanted).map(|column| NamedExpr { id: column.id, expr: column.read(span) });
        let matches = Plan::Project(Project { items: items.collect(), input: Box::new(pairs), span });
        let joined = Join {
            left: Box::new(Plan::Shared(Shared { row: Some(row), ..kept })),
            right: Box::new(matches),
            kind: join.kind,
            on: vec![(row.read(span), read.read(span))],
            nearest: None,
            residual: None,
            nulls_equal: false,
            placement: join.placement,
            span,
        };
        keep(Plan::Join(joined), &schema)
    }

    /// A plan as a shared one, which it may be already.
    fn number(&mut self, plan: Plan, span: Span) -> Shared {
        if let Plan::Shared(shared) = plan {
            return shared;
        }
        let columns = plan.schema().into_iter().map(|column| (column.id, column)).collect();
        let plan = self.share("the left side of a join".to_owned(), plan);
        Shared { plan, columns, row: None, span }
    }

    fn row(&mut self, span: Span) -> SchemaColumn {
        SchemaColumn { id: self.program.columns.add("row", Type::I64, span), ty: Type::I64, nullable: false }
    }

    fn renamed(&mut self, column: SchemaColumn) -> SchemaColumn {
        let known = self.program.columns.get(column.id).clone();
        SchemaColumn { id: self.program.columns.add(known.name, known.ty, known.span), ..column }
    }
}
