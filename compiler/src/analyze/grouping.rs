//! `group` and `aggregate`.

use super::builder::Builder;
use super::env::Env;
use super::projections::{is_aggregate_call, place};
use super::relation::{Grouping, Relation, RowBound, Scope, ScopeColumn};
use crate::plan::{Aggregate, NamedExpr, Plan, Project, SchemaColumn};
use dj_grammar::{Span, ast};
use dj_runtime::expr::{ColumnId, Expr};
use std::cell::RefCell;

/// The items of a `group` so far.
pub(super) struct Items {
    pub(super) grouping: Grouping,
    keys: Vec<ScopeColumn>,
    columns: Vec<ScopeColumn>,
    made: Vec<NamedExpr>,
    open: bool,
}

impl Items {
    /// None yet, of rows grouped by keys.
    pub(super) fn new(input: &Relation, keys: Vec<ScopeColumn>) -> Self {
        let grouping = Grouping {
            rows: input.columns.clone(),
            only: None,
            keyed: !keys.is_empty(),
            aggregates: RefCell::new(Vec::new()),
            name: RefCell::new(None),
        };
        Self { grouping, columns: keys.clone(), keys, made: Vec::new(), open: input.open }
    }
}

impl<'a> Builder<'a> {
    /// `group { keys } { name = AGG }`, and `aggregate { name = AGG }` without keys.
    pub(super) fn group(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        keys: &'a [ast::Item],
        aggregates: &'a [ast::Item],
        span: Span,
    ) -> Relation {
        let (input, keys) = self.keys(env, input, keys, span);
        let mut items = Items::new(&input, keys);
        for item in aggregates {
            let name = self.item_name(env, item);
            self.group_item(env, &mut items, name, item);
        }
        self.grouped(input, items, span)
    }

    /// Adds an item: an expression over keys and aggregates.
    pub(super) fn group_item(&mut self, env: &Env<'a>, items: &mut Items, name: Option<String>, item: &'a ast::Item) {
        let scope =
            Scope { columns: &items.keys, open: items.open, env, grouping: Some(&items.grouping), windowing: None };
        items.grouping.name.replace(name.clone().filter(|_| is_aggregate_call(&item.expr)));
        let expr = self.settled(&scope, &item.expr);
        items.grouping.name.replace(None);
        let Some(name) = name else { return };
        let column = expr.map(|expr| {
            let named = self.output_column(&name, expr, item.span, &items.grouping);
            let column = named.schema();
            items.made.push(named);
            column
        });
        self.push_column(&mut items.columns, ScopeColumn::new(name, column), item.span);
    }

    /// The relation of all items: an aggregation, and a projection where items are more than aggregates.
    pub(super) fn grouped(&mut self, input: Relation, items: Items, span: Span) -> Relation {
        let Items { grouping, keys, columns, made, open } = items;
        let rows = if grouping.keyed { RowBound::Many } else { RowBound::One };
        let known: Vec<SchemaColumn> = keys.iter().filter_map(|key| key.column).collect();
        let aggregates = grouping.aggregates.into_inner();
        let direct = aggregates.iter().map(|aggregate| aggregate.id).eq(made.iter().map(|item| item.id));
        let aggregate = Aggregate { input: Box::new(input.plan), keys: known.clone(), aggregates, span };
        let mut plan = Plan::Aggregate(aggregate);
        if !direct {
            let kept = known.iter().map(|key| pass(*key, span)).chain(made).collect();
            plan = Plan::Project(Project { input: Box::new(plan), items: kept, span });
        }
        Relation { plan, columns, open, rows }
    }

    /// The column of an item: that of the aggregate which it is, or a new one.
    fn output_column(&mut self, name: &str, expr: Expr, span: Span, grouping: &Grouping) -> NamedExpr {
        let own = |id: ColumnId| grouping.aggregates.borrow().iter().any(|aggregate| aggregate.id == id);
        if let Some(id) = expr.as_column()
            && own(id)
            && self.columns.get(id).name == name
        {
            return NamedExpr { id, expr };
        }
        NamedExpr { id: self.columns.add(name, expr.ty, span), expr }
    }

    /// The keys, and the input with those computed that are expressions.
    pub(super) fn keys(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        keys: &'a [ast::Item],
        span: Span,
    ) -> (Relation, Vec<ScopeColumn>) {
        let mut columns: Vec<ScopeColumn> = Vec::new();
        let mut computed = Vec::new();
        for item in keys {
            let scope = input.scope(env);
            let expr = self.settled(&scope, &item.expr);
            let Some(name) = self.item_name(env, item) else { continue };
            let column = expr.map(|expr| {
                let passed = expr.as_column().filter(|id| self.columns.get(*id).name == name);
                let id = passed.unwrap_or_else(|| self.columns.add(&name, expr.ty, item.span));
                let key = SchemaColumn { id, ty: expr.ty, nullable: expr.nullable };
                if passed.is_none() {
                    computed.push(NamedExpr { id, expr });
                }
                key
            });
            let qualifiers = self.qualifiers_of(&input, column.map(|column| column.id));
            self.push_column(&mut columns, ScopeColumn { name, qualifiers, column }, item.span);
        }
        if computed.is_empty() {
            return (input, columns);
        }
        let mut items: Vec<NamedExpr> = input.known().map(|(_, column)| pass(column, span)).collect();
        items.extend(computed);
        let plan = Plan::Project(Project { input: Box::new(input.plan), items: place(items), span });
        (Relation { plan, ..input }, columns)
    }

    fn qualifiers_of(&self, input: &Relation, id: Option<ColumnId>) -> Vec<String> {
        let same = |column: &&ScopeColumn| id.is_some() && column.column.map(|column| column.id) == id;
        input.columns.iter().find(same).map(|column| column.qualifiers.clone()).unwrap_or_default()
    }
}

/// A column that passes through a projection.
pub(super) fn pass(column: SchemaColumn, span: Span) -> NamedExpr {
    NamedExpr { id: column.id, expr: Expr::column(column.id, column.ty, column.nullable, span) }
}
