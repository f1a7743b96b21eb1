//! `derive`, `select`, `drop` and `rename`.

use super::aggregates;
use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::grouping::pass;
use super::relation::{Relation, ScopeColumn};
use super::windows;
use crate::plan::{NamedExpr, Plan, Project, SchemaColumn};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ColumnId, Expr};
use std::collections::BTreeSet;

/// What a `select` gives so far.
#[derive(Default)]
struct Selected {
    columns: Vec<ScopeColumn>,
    named: Vec<NamedExpr>,
}

impl<'a> Builder<'a> {
    /// `derive { a = EXPR, ... }`: one projection for as many items as do not read each other.
    pub(super) fn derive(
        &mut self,
        env: &Env<'a>,
        mut input: Relation,
        items: &'a [ast::Item],
        span: Span,
    ) -> Relation {
        let mut pending: Vec<NamedExpr> = Vec::new();
        let mut names: Vec<(String, Span)> = Vec::new();
        for item in items {
            let expr = self.settled(&input.scope(env), &item.expr);
            let Some(name) = self.item_name(env, item) else { continue };
            if let Some((_, first)) = names.iter().find(|(other, _)| *other == name) {
                self.report(duplicate(&name, item.span, *first));
                continue;
            }
            names.push((name.clone(), item.span));
            let reads = expr.as_ref().map(Expr::columns).unwrap_or_default();
            if pending.iter().any(|item| reads.contains(&item.id)) {
                input.plan = extend(input.plan, std::mem::take(&mut pending), span);
            }
            let column = expr.map(|expr| {
                let named = NamedExpr { id: self.columns.add(&name, expr.ty, item.span), expr };
                let column = named.schema();
                pending.push(named);
                column
            });
            self.replace_column(&mut input, &name, column, item.span);
        }
        if !pending.is_empty() {
            input.plan = extend(input.plan, pending, span);
        }
        let kept = visible(&input);
        if input.plan.schema().len() > kept.len() {
            // What a derived column replaced goes, in the last projection.
            let keep: Vec<ColumnId> = kept.iter().map(|column| column.id).collect();
            if let Plan::Project(project) = &mut input.plan {
                project.items.retain(|item| keep.contains(&item.id));
            }
        }
        input
    }

    /// Puts a derived column in the place of the one that it replaces, or last.
    pub(super) fn replace_column(
        &mut self,
        input: &mut Relation,
        name: &str,
        column: Option<SchemaColumn>,
        span: Span,
    ) {
        let places: Vec<usize> = (0..input.columns.len()).filter(|index| input.columns[*index].name == name).collect();
        match places.as_slice() {
            [] => input.columns.push(ScopeColumn::new(name, column)),
            [place] => input.columns[*place] = ScopeColumn::new(name, column),
            _ => {
                self.report(
                    Diagnostic::error(codes::AMBIGUOUS_NAME, format!("`{name}` would replace one of several columns"))
                        .label(span, format!("{} columns have this name", places.len()))
                        .help("give the new column another name, or drop what is not needed with `select` first"),
                );
                input.columns.push(ScopeColumn::new(name, None));
            }
        }
    }

    /// `select { a, b_*, c = EXPR }`
    pub(super) fn select(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        picks: &'a [ast::Pick<ast::Item>],
        span: Span,
    ) -> Relation {
        let mut made = Selected::default();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut items = Vec::new();
        for pick in picks {
            let ast::Pick::One(item) = pick else { continue };
            let expr = self.settled(&input.scope(env), &item.expr);
            let name = self.item_name(env, item);
            taken.extend(name.clone());
            items.push(name.map(|name| (name, expr)));
        }
        let mut items = items.into_iter();
        for pick in picks {
            match pick {
                ast::Pick::One(item) => {
                    if let Some((name, expr)) = items.next().flatten() {
                        self.select_one(&input, &mut made, name, expr, item.span);
                    }
                }
                ast::Pick::Like(pattern) => {
                    for column in self.alike(&input, pattern, &mut taken) {
                        let expr = column.column.map(|column| pass(column, pattern.span).expr);
                        self.select_one(&input, &mut made, column.name, expr, pattern.span);
                    }
                }
            }
        }
        let Selected { columns, named } = made;
        let plan = Plan::Project(Project { input: Box::new(input.plan), items: named, span });
        Relation { plan, columns, open: false, rows: input.rows }
    }

    fn select_one(&mut self, input: &Relation, made: &mut Selected, name: String, expr: Option<Expr>, span: Span) {
        let mut qualifiers = Vec::new();
        let column = expr.map(|expr| {
            let id = expr.as_column();
            let source = input.columns.iter().find(|column| id.is_some() && column.column.map(|c| c.id) == id);
            let passed =
                source.filter(|source| source.name == name && id.is_some_and(|id| self.columns.get(id).name == name));
            qualifiers = passed.map(|source| source.qualifiers.clone()).unwrap_or_default();
            let taken = made.named.iter().any(|other: &NamedExpr| Some(other.id) == id);
            let id = match (passed, id) {
                (Some(_), Some(id)) if !taken => id,
                _ => self.columns.add(&name, expr.ty, span),
            };
            let item = NamedExpr { id, expr };
            let column = item.schema();
            made.named.push(item);
            column
        });
        self.push_column(&mut made.columns, ScopeColumn { name, qualifiers, column }, span);
    }

    /// `drop { a, b_* }`
    pub(super) fn drop(
        &mut self,
        env: &Env<'a>,
        mut input: Relation,
        picks: &'a [ast::Pick<ast::Name>],
        span: Span,
    ) -> Relation {
        let dropped: Vec<_> = self.picked(env, &input, picks).into_iter().flatten().map(|(column, _)| column).collect();
        input.columns.retain(|column| !dropped.contains(column));
        if input.columns.is_empty() && !input.open && !dropped.is_empty() {
            self.report(Diagnostic::error(codes::UNNAMED_ITEM, "no column is left").label(span, "drops every column"));
        }
        self.project_visible(input, span)
    }

    /// `rename { new = old }`
    pub(super) fn rename(
        &mut self,
        env: &Env<'a>,
        mut input: Relation,
        names: &'a [(ast::Name, ast::Name)],
        span: Span,
    ) -> Relation {
        let found: Vec<_> = names.iter().map(|(new, old)| (new, self.listed_column(&input, env, old))).collect();
        let mut items: Vec<NamedExpr> = Vec::new();
        let mut columns: Vec<ScopeColumn> = Vec::new();
        for column in &input.columns {
            let renamed = found.iter().find(|(_, old)| old.as_ref() == Some(column)).map(|(new, _)| *new);
            let Some(schema) = column.column else {
                let name = renamed.map_or(&column.name, |new| &new.node);
                columns.push(ScopeColumn { name: name.clone(), ..column.clone() });
                continue;
            };
            match renamed {
                None => {
                    items.push(pass(schema, span));
                    columns.push(column.clone());
                }
                Some(new) => {
                    let id = self.columns.add(&new.node, schema.ty, new.span);
                    let expr = Expr::column(schema.id, schema.ty, schema.nullable, new.span);
                    items.push(NamedExpr { id, expr });
                    let qualifiers = column.qualifiers.clone();
                    columns.push(ScopeColumn {
                        name: new.node.clone(),
                        qualifiers,
                        column: Some(SchemaColumn { id, ..schema }),
                    });
                }
            }
        }
        for (new, _) in names {
            if columns.iter().filter(|column| column.name == new.node).count() > 1 {
                self.report(
                    Diagnostic::error(codes::DUPLICATE_COLUMN, format!("there is a column `{}` already", new.node))
                        .label(new.span, "this name is taken"),
                );
                let mut seen = false;
                columns.retain(|column| column.name != new.node || !std::mem::replace(&mut seen, true));
            }
        }
        input.columns = columns;
        input.plan = Plan::Project(Project { input: Box::new(input.plan), items: place(items), span });
        input
    }

    /// The same relation with a plan that has the visible columns only.
    pub(super) fn project_visible(&self, input: Relation, span: Span) -> Relation {
        let items = visible(&input).into_iter().map(|column| pass(column, span)).collect();
        let plan = Plan::Project(Project { input: Box::new(input.plan), items: place(items), span });
        Relation { plan, ..input }
    }

    /// The name of an item: the one it is given, or that of the column that it is.
    pub(super) fn item_name(&mut self, env: &Env<'a>, item: &'a ast::Item) -> Option<String> {
        if let Some(name) = &item.name {
            return Some(name.node.clone());
        }
        let mut expr = &item.expr;
        let mut env = env;
        while let ast::ExprKind::Name(name) = &expr.kind {
            match env.as_ref().and_then(|frame| Some((frame, frame.argument(name)?))) {
                Some((frame, argument)) => (expr, env) = (argument, &frame.caller),
                None => return Some(name.clone()),
            }
        }
        if let ast::ExprKind::Qualified { name, .. } = &expr.kind {
            return Some(name.node.clone());
        }
        self.report(
            Diagnostic::error(codes::UNNAMED_ITEM, "an expression that becomes a column needs a name")
                .label(item.span, "has no name")
                .help(format!("name it: `name = {}`", self.text(item.span))),
        );
        None
    }

    /// Adds a column to a list whose names are distinct.
    pub(super) fn push_column(&mut self, columns: &mut Vec<ScopeColumn>, column: ScopeColumn, span: Span) {
        // Where no further problem is told, none is looked for.
        if !self.is_full() && columns.iter().any(|other| other.name == column.name) {
            self.report(
                Diagnostic::error(codes::DUPLICATE_COLUMN, format!("two columns are named `{}`", column.name))
                    .label(span, "this name is taken")
                    .help(format!("give it another name: `other_{} = ...`", column.name)),
            );
            return;
        }
        columns.push(column);
    }
}

pub(super) fn duplicate(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DUPLICATE_COLUMN, format!("two columns are named `{name}`"))
        .label(span, "named again here")
        .label(first, "first named here")
}

/// The columns of the plan that are visible.
pub(super) fn visible(relation: &Relation) -> Vec<SchemaColumn> {
    relation.known().map(|(_, column)| column).collect()
}

/// The rows of `plan` with further columns.
///
/// They join those of a projection that computes nothing which they read: a pipeline of a thousand steps that each add a
/// column is one projection, and not a thousand as wide as what came before them.
pub(super) fn extend(plan: Plan, new: Vec<NamedExpr>, span: Span) -> Plan {
    let mut plan = plan;
    if let Plan::Project(project) = &mut plan
        && new.iter().all(|item| reads_below(&item.expr, project))
    {
        project.items.extend(new);
        return plan;
    }
    let items = plan.schema().into_iter().map(|column| pass(column, span)).chain(new).collect();
    Plan::Project(Project { input: Box::new(plan), items, span })
}

/// Whether all columns that an expression reads of a projection are those below it, under the same identity.
fn reads_below(expr: &Expr, project: &Project) -> bool {
    let is_passed =
        |id: &ColumnId| project.items.iter().any(|item| item.id == *id && item.expr.as_column() == Some(*id));
    expr.columns().iter().all(is_passed)
}

/// The items, each column once.
pub(super) fn place(items: Vec<NamedExpr>) -> Vec<NamedExpr> {
    let mut placed: Vec<NamedExpr> = Vec::new();
    for item in items {
        if !placed.iter().any(|other| other.id == item.id) {
            placed.push(item);
        }
    }
    placed
}

/// Whether an item is one aggregate and nothing else.
pub(super) fn is_aggregate_call(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Call { name, .. } if aggregates::from_name(&name.node).is_some())
}

/// Whether an item is one function of a window and nothing else.
pub(super) fn is_window_call(expr: &ast::Expr) -> bool {
    let is_window = |name: &str| windows::NAMES.contains(&name);
    is_aggregate_call(expr) || matches!(&expr.kind, ast::ExprKind::Call { name, .. } if is_window(&name.node))
}
