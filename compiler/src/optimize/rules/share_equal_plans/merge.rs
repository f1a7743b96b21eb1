//! Two plans of the same rows as one plan with the columns of both.

use crate::optimize::expressions::column_expr;
use crate::plan::{
    Aggregate, Join, NamedAggregate, NamedExpr, NamedWindow, Plan, Project, Scan, Shared, SortKey, Union, Window,
};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr};
use std::collections::BTreeMap;

/// Which column of the merged plan each of the other plan's columns is; a column that is not listed has become one of the
/// merged plan as it is.
pub(super) type Same = BTreeMap<ColumnId, ColumnId>;

/// Adds to a plan the columns of another, if both have the same rows in the same order; says whether they have. A plan that
/// could not take all of them is of no use.
pub(super) fn merge(into: &mut Plan, other: &Plan, same: &mut Same) -> bool {
    match (&mut *into, other) {
        (Plan::Project(_), Plan::Project(project)) => merge_projects(into, &project.input, &project.items, same),
        (Plan::Project(_), _) => merge_projects(into, other, &all_columns(other), same),
        (_, Plan::Project(project)) => {
            let (items, span) = (all_columns(into), into.span());
            *into = Plan::Project(Project { input: Box::new(into.take()), items, span });
            merge_projects(into, &project.input, &project.items, same)
        }
        (Plan::Scan(scan), Plan::Scan(other)) => merge_scans(scan, other, same),
        (Plan::Shared(reader), Plan::Shared(other)) => merge_readers(reader, other, same),
        (Plan::Filter(filter), Plan::Filter(other)) => {
            merge(&mut filter.input, &other.input, same) && is_same(&filter.predicate, &other.predicate, same)
        }
        (Plan::Sort(sort), Plan::Sort(other)) => {
            merge(&mut sort.input, &other.input, same) && same_order(&sort.keys, &other.keys, same)
        }
        (Plan::TopK(top), Plan::TopK(other)) => {
            let range = (top.skip, top.count) == (other.skip, other.count);
            range && merge(&mut top.input, &other.input, same) && same_order(&top.keys, &other.keys, same)
        }
        (Plan::Take(take), Plan::Take(other)) => {
            (take.skip, take.count) == (other.skip, other.count) && merge(&mut take.input, &other.input, same)
        }
        (Plan::Distinct(distinct), Plan::Distinct(other)) => {
            merge(&mut distinct.input, &other.input, same)
                && distinct.keys.iter().copied().eq(other.keys.iter().map(|key| meaning(*key, same)))
        }
        (Plan::Aggregate(aggregate), Plan::Aggregate(other)) => merge_aggregates(aggregate, other, same),
        (Plan::Window(window), Plan::Window(other)) => merge_windows(window, other, same),
        (Plan::Join(join), Plan::Join(other)) => merge_joins(join, other, same),
        (Plan::Union(union), Plan::Union(other)) => merge_unions(union, other, same),
        _ => false,
    }
}

fn meaning(id: ColumnId, same: &Same) -> ColumnId {
    same.get(&id).copied().unwrap_or(id)
}

/// The other plan's expression over the merged plan's columns.
fn moved(expr: &Expr, same: &Same) -> Expr {
    expr.clone().renamed(&|id| meaning(id, same))
}

fn is_same(expr: &Expr, other: &Expr, same: &Same) -> bool {
    expr.without_spans() == moved(other, same).without_spans()
}

fn same_order(keys: &[SortKey], other: &[SortKey], same: &Same) -> bool {
    let agree = |(key, other): (&SortKey, &SortKey)| {
        (key.descending, key.nulls_first) == (other.descending, other.nulls_first)
            && is_same(&key.expr, &other.expr, same)
    };
    keys.len() == other.len() && keys.iter().zip(other).all(agree)
}

fn all_columns(plan: &Plan) -> Vec<NamedExpr> {
    let item = |column| column_expr(column, plan.span());
    plan.schema().into_iter().map(|column| NamedExpr { id: column.id, expr: item(column) }).collect()
}

fn merge_projects(into: &mut Plan, input: &Plan, items: &[NamedExpr], same: &mut Same) -> bool {
    let Plan::Project(project) = into else { return false };
    if !merge(&mut project.input, input, same) {
        return false;
    }
    for item in items {
        let expr = moved(&item.expr, same);
        let placeless = expr.without_spans();
        match project.items.iter().find(|known| known.expr.without_spans() == placeless) {
            Some(known) => {
                same.insert(item.id, known.id);
            }
            None => {
                let id = expr.as_column().filter(|_| item.expr.as_column() == Some(item.id)).unwrap_or(item.id);
                same.insert(item.id, id);
                project.items.push(NamedExpr { id, expr });
            }
        }
    }
    true
}

fn merge_scans(scan: &mut Scan, other: &Scan, same: &mut Same) -> bool {
    if scan.table != other.table || scan.predicates.len() != other.predicates.len() {
        return false;
    }
    for (index, column) in &other.columns {
        match scan.columns.iter().find(|(known, _)| known == index) {
            Some((_, known)) => {
                same.insert(column.id, known.id);
            }
            None => scan.columns.push((*index, *column)),
        }
    }
    scan.predicates.iter().zip(&other.predicates).all(|(predicate, other)| is_same(predicate, other, same))
}

fn merge_readers(reader: &mut Shared, other: &Shared, same: &mut Same) -> bool {
    if reader.plan != other.plan || reader.row.is_some() || other.row.is_some() {
        return false;
    }
    for (from, column) in &other.columns {
        match reader.columns.iter().find(|(known, _)| known == from) {
            Some((_, known)) => {
                same.insert(column.id, known.id);
            }
            None => reader.columns.push((*from, *column)),
        }
    }
    true
}

fn merge_aggregates(aggregate: &mut Aggregate, other: &Aggregate, same: &mut Same) -> bool {
    let merged = merge(&mut aggregate.input, &other.input, same);
    let keys = aggregate.keys.iter().map(|key| key.id);
    if !merged || !keys.eq(other.keys.iter().map(|key| meaning(key.id, same))) {
        return false;
    }
    for item in &other.aggregates {
        let item = NamedAggregate {
            arguments: item.arguments.iter().map(|argument| moved(argument, same)).collect(),
            filter: item.filter.as_ref().map(|filter| moved(filter, same)),
            ..item.clone()
        };
        match aggregate.aggregates.iter().find(|known| is_one(known, &item)) {
            Some(known) => {
                same.insert(item.id, known.id);
            }
            None => aggregate.aggregates.push(item),
        }
    }
    true
}

/// Whether two aggregates are one, whatever they are called.
fn is_one(a: &NamedAggregate, b: &NamedAggregate) -> bool {
    let bare = |item: &NamedAggregate| NamedAggregate {
        id: ColumnId(0),
        span: Span::default(),
        arguments: item.arguments.iter().map(Expr::without_spans).collect(),
        filter: item.filter.as_ref().map(Expr::without_spans),
        ..item.clone()
    };
    bare(a) == bare(b)
}

fn merge_windows(window: &mut Window, other: &Window, same: &mut Same) -> bool {
    let merged = merge(&mut window.input, &other.input, same);
    let by = window.by.iter().map(|key| key.id);
    let agree = merged && by.eq(other.by.iter().map(|key| meaning(key.id, same)));
    if !agree || !same_order(&window.order, &other.order, same) {
        return false;
    }
    let bare = |item: &NamedWindow| NamedWindow {
        id: ColumnId(0),
        span: Span::default(),
        arguments: item.arguments.iter().map(Expr::without_spans).collect(),
        filter: item.filter.as_ref().map(Expr::without_spans),
        ..item.clone()
    };
    for item in &other.items {
        let item = NamedWindow {
            arguments: item.arguments.iter().map(|argument| moved(argument, same)).collect(),
            filter: item.filter.as_ref().map(|filter| moved(filter, same)),
            ..item.clone()
        };
        match window.items.iter().find(|known| bare(known) == bare(&item)) {
            Some(known) => {
                same.insert(item.id, known.id);
            }
            None => window.items.push(item),
        }
    }
    true
}

fn merge_joins(join: &mut Join, other: &Join, same: &mut Same) -> bool {
    let kind = (join.kind, join.nearest, join.nulls_equal) == (other.kind, other.nearest, other.nulls_equal);
    if !kind || join.on.len() != other.on.len() {
        return false;
    }
    if !merge(&mut join.left, &other.left, same) || !merge(&mut join.right, &other.right, same) {
        return false;
    }
    let keys = join.on.iter().zip(&other.on);
    let mut keys = keys.flat_map(|((a, b), (c, d))| [(a, c), (b, d)]).chain(join.residual.iter().zip(&other.residual));
    join.residual.is_some() == other.residual.is_some() && keys.all(|(expr, other)| is_same(expr, other, same))
}

fn merge_unions(union: &mut Union, other: &Union, same: &mut Same) -> bool {
    if union.inputs.len() != other.inputs.len() || union.columns.len() != other.columns.len() {
        return false;
    }
    for ((input, ids), (other, other_ids)) in union.inputs.iter_mut().zip(&other.inputs) {
        let merged = merge(input, other, same);
        if !merged || !ids.iter().copied().eq(other_ids.iter().map(|id| meaning(*id, same))) {
            return false;
        }
    }
    same.extend(other.columns.iter().zip(&union.columns).map(|(other, column)| (other.id, column.id)));
    true
}
