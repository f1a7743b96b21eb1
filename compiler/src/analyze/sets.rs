//! `distinct` and `union`.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::joins::{common_keys, key_type};
use super::names::{Found, find, listed};
use super::relation::{Relation, RowBound, ScopeColumn};
use super::types::widen;
use super::values::cast_to;
use crate::plan::{Distinct, Join, JoinKind, NamedExpr, Placement, Plan, Project, SchemaColumn, Union};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ColumnId, Expr};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// `distinct` or `distinct { keys }`
    pub(super) fn distinct(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        keys: Option<&'a [ast::Name]>,
        span: Span,
    ) -> Relation {
        let keys: Vec<ColumnId> = match keys {
            None => input.known().map(|(_, column)| column.id).collect(),
            Some(names) => {
                let found = names.iter().filter_map(|name| self.listed_column(&input, env, name));
                found.filter_map(|column| column.column).map(|column| column.id).collect()
            }
        };
        let plan = Plan::Distinct(Distinct { input: Box::new(input.plan), keys, span });
        Relation { plan, ..input }
    }

    /// `union T`, `union distinct T`
    pub(super) fn set_operation(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        kind: ast::SetKind,
        distinct: bool,
        other: &'a ast::Source,
        span: Span,
    ) -> Relation {
        match kind {
            ast::SetKind::Union => {}
            ast::SetKind::Intersect => return self.rows_in(env, input, JoinKind::Semi, other, span),
            ast::SetKind::Except => return self.rows_in(env, input, JoinKind::Anti, other, span),
        }
        let right = self.source(env, other);
        let place = match other {
            ast::Source::Name(name) => name.span,
            ast::Source::Made { span, .. } => *span,
            ast::Source::Pipeline(pipeline) => pipeline.span,
        };
        if input.open || right.open {
            return Relation::unknown(span);
        }
        self.check_distinct_names(&input, span);
        let union = self.union(input, right, place, span);
        if distinct { self.distinct(env, union, None, span) } else { union }
    }

    /// `intersect T`, `except T`: the distinct rows that are, or are not, among those of `T`; nulls are equal.
    fn rows_in(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        kind: JoinKind,
        other: &'a ast::Source,
        span: Span,
    ) -> Relation {
        let right = self.source(env, other);
        if input.open || right.open {
            return Relation::unknown(span);
        }
        self.check_distinct_names(&input, span);
        self.check_same_names(&input, &right, span);
        let mut on = Vec::new();
        for (name, a) in input.known() {
            let Found::One(ScopeColumn { column: Some(b), .. }) = find(&right.columns, None, name) else { continue };
            let side = |column: SchemaColumn| Expr::column(column.id, column.ty, column.nullable, span);
            if key_type(a.ty, b.ty).is_some() {
                on.push((side(a), side(*b)));
            } else {
                self.report(different_types(name, a.ty, b.ty, span));
            }
        }
        let on = common_keys(on, true);
        let (left, right) = (Box::new(input.plan), Box::new(right.plan));
        let plan = Plan::Join(Join {
            left,
            right,
            kind,
            on,
            nearest: None,
            residual: None,
            nulls_equal: true,
            placement: Placement::Any,
            span,
        });
        self.distinct(env, Relation { plan, rows: input.rows.or_none(), ..input }, None, span)
    }

    fn union(&mut self, left: Relation, right: Relation, place: Span, span: Span) -> Relation {
        self.check_same_names(&left, &right, place);
        let mut columns = Vec::new();
        let mut visible = Vec::new();
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for column in &left.columns {
            let Found::One(other) = find(&right.columns, None, &column.name) else { continue };
            let (Some(a), Some(b)) = (column.column, other.column) else {
                visible.push(ScopeColumn::new(&column.name, None));
                continue;
            };
            let Some(ty) = widen(a.ty, b.ty) else {
                self.report(different_types(&column.name, a.ty, b.ty, place));
                visible.push(ScopeColumn::new(&column.name, None));
                continue;
            };
            let id = self.columns.add(&column.name, ty, self.columns.get(a.id).span);
            let merged = SchemaColumn { id, ty, nullable: a.nullable || b.nullable };
            columns.push(merged);
            visible.push(ScopeColumn::new(&column.name, Some(merged)));
            lefts.push(a);
            rights.push(b);
        }
        let left = self.union_input(left.plan, &lefts, &columns, span);
        let right = self.union_input(right.plan, &rights, &columns, span);
        let plan = Plan::Union(Union { inputs: vec![left, right], columns, span });
        Relation { plan, columns: visible, open: false, rows: RowBound::Many }
    }

    /// An input of a union, with its columns converted to the output's types.
    fn union_input(
        &mut self,
        plan: Plan,
        own: &[SchemaColumn],
        output: &[SchemaColumn],
        span: Span,
    ) -> (Plan, Vec<ColumnId>) {
        if own.iter().zip(output).all(|(own, output)| own.ty == output.ty) {
            return (plan, own.iter().map(|column| column.id).collect());
        }
        let mut items: Vec<NamedExpr> = Vec::new();
        for (own, output) in own.iter().zip(output) {
            let made = self.columns.get(own.id);
            let (name, place) = (made.name.clone(), made.span);
            let expr = cast_to(Expr::column(own.id, own.ty, own.nullable, place), output.ty);
            let id = if own.ty == output.ty { own.id } else { self.columns.add(name, output.ty, place) };
            items.push(NamedExpr { id, expr });
        }
        let ids = items.iter().map(|item| item.id).collect();
        (Plan::Project(Project { input: Box::new(plan), items, span }), ids)
    }

    fn check_same_names(&mut self, left: &Relation, right: &Relation, place: Span) {
        let missing = |from: &'_ Relation, of: &'_ Relation| -> Vec<String> {
            let lacks = |column: &&ScopeColumn| !of.columns.iter().any(|other| other.name == column.name);
            from.columns.iter().filter(lacks).map(|column| column.name.clone()).collect()
        };
        let (right_lacks, left_lacks) = (missing(left, right), missing(right, left));
        if right_lacks.is_empty() && left_lacks.is_empty() {
            return;
        }
        let quoted = |names: &[String]| listed(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut diagnostic = Diagnostic::error(codes::UNION_MISMATCH, "both sides must have the same columns");
        diagnostic = match (right_lacks.as_slice(), left_lacks.as_slice()) {
            ([], extra) => diagnostic.label(place, format!("has {} more", quoted(extra))),
            (lacking, []) => diagnostic.label(place, format!("lacks {}", quoted(lacking))),
            (lacking, extra) => diagnostic.label(place, format!("lacks {} and has {}", quoted(lacking), quoted(extra))),
        };
        self.report(
            diagnostic.help("columns are matched by name: `select` or `rename` them, or derive what is missing"),
        );
    }
}

fn different_types(name: &str, left: Type, right: Type, span: Span) -> Diagnostic {
    Diagnostic::error(codes::MISMATCHED_TYPES, format!("`{name}` is {left} on the left and {right} on the right"))
        .label(span, "the types do not go together")
        .help(format!("convert one: `derive {name} = {name} as {left}`"))
}
