//! The plan of groups in two steps.

use super::{Item, Side, Split, side_of};
use crate::optimize::expressions::column_expr;
use crate::plan::{
    Aggregate, AggregateFunction, Columns, Join, NamedAggregate, NamedExpr, Plan, Project, SchemaColumn,
};
use dj_grammar::Span;
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

/// The groups of joined rows, of one side's groups.
pub(super) fn build(split: Split<'_>, columns: &mut Columns) -> Plan {
    let span = split.aggregate.span;
    let mut keys = SideKeys::default();
    let on: Vec<_> = split.on().map(|key| keys.add(key, columns)).collect();
    for key in &split.of_side {
        keys.0.retain(|known| known.id != key.id);
        keys.0.push(key.clone());
    }
    let partials: Vec<_> = split.items.iter().map(|item| item.of_side(columns)).collect();
    let grouped = Box::new(keys.groups_of(side_of(split.join, split.side).clone(), partials.clone(), span));
    let Join { left, right, on: pairs, .. } = split.join.clone();
    let pairs = pairs.into_iter().zip(on).map(|((left, right), key)| match split.side {
        Side::Left => (key, right),
        Side::Right => (left, key),
    });
    let on = pairs.collect();
    let (left, right) = match split.side {
        Side::Left => (grouped, right),
        Side::Right => (left, grouped),
    };
    let joined = Plan::Join(Join { left, right, on, ..split.join.clone() });
    let of_joined = joined.schema();
    let merged = split.items.iter().zip(&partials).map(|(item, partial)| item.merged(partial, &of_joined));
    let merged: Vec<_> = merged.collect();
    merge(&split, joined, merged, columns)
}

/// The keys of one side's groups.
#[derive(Default)]
struct SideKeys(Vec<NamedExpr>);

impl SideKeys {
    /// The column that an expression becomes among the keys.
    fn add(&mut self, expr: &Expr, columns: &mut Columns) -> Expr {
        let column = |key: &NamedExpr| column_expr(key.schema(), expr.span);
        if let Some(known) = self.0.iter().find(|key| key.expr.without_spans() == expr.without_spans()) {
            return column(known);
        }
        let id = expr.as_column().unwrap_or_else(|| columns.add("key", expr.ty, expr.span));
        let key = NamedExpr { id, expr: expr.clone() };
        let added = column(&key);
        self.0.push(key);
        added
    }

    /// Groups of one side's rows.
    fn groups_of(self, side: Plan, aggregates: Vec<NamedAggregate>, span: Span) -> Plan {
        let keys = self.0.iter().map(NamedExpr::schema).collect();
        let is_column = |key: &NamedExpr| key.expr.as_column() == Some(key.id);
        let input = if self.0.iter().all(is_column) {
            side
        } else {
            let read = aggregates.iter().flat_map(NamedAggregate::expressions).flat_map(Expr::columns);
            let read: Vec<_> = read.collect();
            let is_passed =
                |column: &SchemaColumn| read.contains(&column.id) && !self.0.iter().any(|key| key.id == column.id);
            let passed = side.schema().into_iter().filter(is_passed);
            let passed = passed.map(|column| NamedExpr { id: column.id, expr: column_expr(column, span) });
            let items = passed.chain(self.0.iter().cloned()).collect();
            Plan::Project(Project { input: Box::new(side), items, span })
        };
        Plan::Aggregate(Aggregate { input: Box::new(input), keys, aggregates, span })
    }
}

impl Item {
    /// The aggregate of one side's rows.
    fn of_side(&self, columns: &mut Columns) -> NamedAggregate {
        let item = &self.aggregate;
        let info = columns.get(item.id).clone();
        let id = columns.add(info.name, item.ty, info.span);
        // A group has a row.
        let may_lack_values = item.filter.is_some() || item.arguments.iter().any(|argument| argument.nullable);
        let nullable = item.function != AggregateFunction::Count && may_lack_values;
        NamedAggregate { id, nullable, ..item.clone() }
    }

    /// The aggregate that puts the partial ones together.
    fn merged(&self, partial: &NamedAggregate, joined: &[SchemaColumn]) -> NamedAggregate {
        let item = &self.aggregate;
        let column = joined.iter().find(|column| column.id == partial.id);
        let column = column.unwrap_or_else(|| panic!("a join without the column {:?} of its side", partial.id));
        let part = column_expr(*column, item.span);
        let argument = match self.unmatched {
            Some(count) => or_else(part, count),
            None => part,
        };
        NamedAggregate { function: self.merge, arguments: vec![argument], filter: None, ..item.clone() }
    }
}

/// The groups of joined rows, with the keys that are computed of these below, and counts of no rows above.
fn merge(split: &Split<'_>, joined: Plan, mut merged: Vec<NamedAggregate>, columns: &mut Columns) -> Plan {
    let Aggregate { keys, span, .. } = split.aggregate;
    let span = *span;
    let pass = |column: SchemaColumn| NamedExpr { id: column.id, expr: column_expr(column, span) };
    let input = if split.of_joined.iter().all(|key| key.expr.as_column() == Some(key.id)) {
        joined
    } else {
        let passed = joined.schema().into_iter().filter(|column| split.of_joined.iter().all(|key| key.id != column.id));
        let items = passed.map(pass).chain(split.of_joined.iter().cloned()).collect();
        Plan::Project(Project { input: Box::new(joined), items, span })
    };
    if !keys.is_empty() {
        return Plan::Aggregate(Aggregate { input: Box::new(input), keys: keys.clone(), aggregates: merged, span });
    }
    let mut items = Vec::new();
    for (item, parts) in merged.iter_mut().zip(&split.items) {
        let result = item.schema();
        if parts.aggregate.function == AggregateFunction::Count {
            let info = columns.get(item.id).clone();
            item.id = columns.add(info.name, item.ty, info.span);
            item.nullable = true;
            items.push(NamedExpr { id: result.id, expr: or_else(column_expr(item.schema(), item.span), 0) });
        } else {
            items.push(pass(result));
        }
    }
    let one = Aggregate { input: Box::new(input), keys: vec![], aggregates: merged, span };
    Plan::Project(Project { input: Box::new(Plan::Aggregate(one)), items, span })
}

/// `value ?? otherwise`, if the value may be null.
fn or_else(value: Expr, otherwise: i64) -> Expr {
    if !value.nullable {
        return value;
    }
    let (ty, span) = (value.ty, value.span);
    let otherwise = Expr::literal(Scalar::Int(otherwise.into()), Type::I64, span);
    Expr { kind: ExprKind::Coalesce(vec![value, otherwise]), ty, nullable: false, span }
}
