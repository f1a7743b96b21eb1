//! Right, full and cross joins, in terms of the joins that the plan has.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::joins::Matching;
use super::relation::{Relation, RowBound, ScopeColumn};
use super::types::widen;
use super::values::cast_to;
use crate::plan::{Join, JoinKind, NamedExpr, Placement, Plan, Project, SchemaColumn, Union, conjunction};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ColumnId, Expr, Scalar};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// `join right T`: a left join of `T` with the pipeline; the rows are in the order of `T`.
    pub(super) fn right_join(&mut self, env: &Env<'a>, left: Relation, join: &'a ast::Join, span: Span) -> Relation {
        let right = self.right_side(env, join);
        let matching = self.matching(env, &left, &right, join, span);
        let open = left.open || right.open;
        let mut columns = Vec::new();
        for column in &left.columns {
            // Of equal names, the right's has a value on every row.
            let merged = matching.merged.iter().find(|(own, _)| column.column.is_some_and(|column| column.id == *own));
            let kept = merged.and_then(|(_, id)| right.known().find(|(_, other)| other.id == *id));
            let nullable = column.column.map(|column| SchemaColumn { nullable: true, ..column });
            columns.push(ScopeColumn { column: kept.map_or(nullable, |(_, kept)| Some(kept)), ..column.clone() });
        }
        columns.extend(right.columns.iter().filter(|column| !matching.merges(column)).cloned());
        let plan = flipped(left.plan, right.plan, matching, JoinKind::Left, join.nulls_equal, span);
        Relation { plan, columns, open, rows: RowBound::Many }
    }

    /// `join cross T`: all pairs of rows, as a join on a constant.
    pub(super) fn cross_join(&mut self, env: &Env<'a>, left: Relation, join: &'a ast::Join, span: Span) -> Relation {
        let right = self.right_side(env, join);
        let open = left.open || right.open;
        let columns = left.columns.into_iter().chain(right.columns).collect();
        let one = || Expr::literal(Scalar::Int(1), Type::I32, span);
        let (left, right) = (Box::new(left.plan), Box::new(right.plan));
        let on = vec![(one(), one())];
        let plan = Plan::Join(Join {
            left,
            right,
            kind: JoinKind::Inner,
            on,
            nearest: None,
            residual: None,
            nulls_equal: false,
            placement: Placement::Any,
            span,
        });
        Relation { plan, columns, open, rows: RowBound::Many }
    }

    /// `join full T`: a left join, then the rows of `T` that match nothing. Equal names are coalesced.
    pub(super) fn full_join(&mut self, env: &Env<'a>, left: Relation, join: &'a ast::Join, span: Span) -> Relation {
        let right = self.right_side(env, join);
        if left.open || right.open {
            return Relation::unknown(span);
        }
        let (left, left_plan) = self.share(left, "left side of a full join", span);
        let (right, right_plan) = self.share(right, "right side of a full join", span);
        let mut read = |relation: &Relation, plan| self.read_shared(relation.clone(), plan, span);
        let (a, b) = (read(&left, left_plan), read(&right, right_plan));
        let (c, d) = (read(&left, left_plan), read(&right, right_plan));
        let matched = self.matching(env, &a, &b, join, span);
        let unmatched = self.matching(env, &c, &d, join, span);
        if matched.wrong {
            return Relation::unknown(span);
        }
        let sides = Sides { left: &a, right: &b, other_left: &c, other_right: &d };
        let outputs = self.full_columns(&sides, &matched, &unmatched, span);
        let residual = conjunction(matched.residual);
        let (kind, nulls_equal) = (JoinKind::Left, join.nulls_equal);
        let (one, two) = (Box::new(a.plan), Box::new(b.plan));
        let first = Plan::Join(Join {
            left: one,
            right: two,
            kind,
            on: matched.on,
            nearest: None,
            residual,
            nulls_equal,
            placement: Placement::Any,
            span,
        });
        let second = flipped(c.plan, d.plan, unmatched, JoinKind::Anti, nulls_equal, span);
        let (mut inputs, mut columns, mut visible) = ((Vec::new(), Vec::new()), Vec::new(), Vec::new());
        for output in outputs {
            inputs.0.push(output.matched);
            inputs.1.push(output.unmatched);
            columns.push(output.schema);
            visible.push(output.column);
        }
        let inputs = vec![projected(first, inputs.0, span), projected(second, inputs.1, span)];
        let plan = Plan::Union(Union { inputs, columns, span });
        Relation { plan, columns: visible, open: false, rows: RowBound::Many }
    }

    /// The columns of a full join: for each its value in both parts.
    fn full_columns(&mut self, sides: &Sides<'_>, matched: &Matching, unmatched: &Matching, span: Span) -> Vec<Output> {
        let mut outputs = Vec::new();
        for (column, other) in sides.left.columns.iter().zip(&sides.other_left.columns) {
            let (Some(own), Some(other)) = (column.column, other.column) else { continue };
            let merged = unmatched.merged.iter().find(|(left, _)| *left == other.id);
            let key = merged.and_then(|(_, id)| sides.other_right.known().find(|(_, column)| column.id == *id));
            match key {
                Some((_, key)) => {
                    // Keys are compared exactly; one column of both needs a type that holds both.
                    let Some(ty) = widen(own.ty, key.ty) else {
                        self.report(no_common_key(&column.name, own.ty, key.ty, span));
                        continue;
                    };
                    outputs.push(self.output(column, (read(own, span), read(key, span)), ty, span));
                }
                None => {
                    let null = Expr::literal(Scalar::Null, own.ty, span);
                    outputs.push(self.output(column, (read(own, span), null), own.ty, span));
                }
            }
        }
        for (column, other) in sides.right.columns.iter().zip(&sides.other_right.columns) {
            let (Some(own), Some(other)) = (column.column, other.column) else { continue };
            if !matched.merges(column) {
                let own = SchemaColumn { nullable: true, ..own };
                outputs.push(self.output(column, (read(own, span), read(other, span)), own.ty, span));
            }
        }
        outputs
    }

    fn output(&mut self, column: &ScopeColumn, (matched, unmatched): (Expr, Expr), ty: Type, span: Span) -> Output {
        let (matched, unmatched) = (cast_to(matched, ty), cast_to(unmatched, ty));
        let mut named = |expr: Expr| NamedExpr { id: self.columns.add(&column.name, ty, span), expr };
        let (matched, unmatched) = (named(matched), named(unmatched));
        let nullable = matched.expr.nullable || unmatched.expr.nullable;
        let schema = SchemaColumn { id: self.columns.add(&column.name, ty, span), ty, nullable };
        let column = ScopeColumn { column: Some(schema), ..column.clone() };
        Output { column, schema, matched, unmatched }
    }
}

fn no_common_key(name: &str, left: Type, right: Type, span: Span) -> Diagnostic {
    let message = format!("a full join has no type for `{name}`, which is {left} on the left and {right} on the right");
    Diagnostic::error(codes::MISMATCHED_TYPES, message)
        .label(span, "one column has the keys of both sides")
        .help(format!("convert one side: `(table | derive {name} = {name} as {left})`"))
        .help(format!("or keep both: `on left.{name} == right.{name}`"))
}

/// The sides of a full join, each read twice.
struct Sides<'r> {
    left: &'r Relation,
    right: &'r Relation,
    other_left: &'r Relation,
    other_right: &'r Relation,
}

/// A column of a full join.
struct Output {
    column: ScopeColumn,
    schema: SchemaColumn,
    matched: NamedExpr,
    unmatched: NamedExpr,
}

/// A join with the sides exchanged.
fn flipped(left: Plan, right: Plan, matching: Matching, kind: JoinKind, nulls_equal: bool, span: Span) -> Plan {
    let on = matching.on.into_iter().map(|(left, right)| (right, left)).collect();
    let residual = conjunction(matching.residual);
    Plan::Join(Join {
        left: Box::new(right),
        right: Box::new(left),
        kind,
        on,
        nearest: None,
        residual,
        nulls_equal,
        placement: Placement::Any,
        span,
    })
}

fn read(column: SchemaColumn, span: Span) -> Expr {
    Expr::column(column.id, column.ty, column.nullable, span)
}

/// An input of a union.
fn projected(plan: Plan, items: Vec<NamedExpr>, span: Span) -> (Plan, Vec<ColumnId>) {
    let ids = items.iter().map(|item| item.id).collect();
    (Plan::Project(Project { input: Box::new(plan), items, span }), ids)
}
