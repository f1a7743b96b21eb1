//! `project a (scan t [a, b])` = `scan t [a]`
//!
//! From the exports down: what nothing above reads is neither read, computed nor carried. Operators that hold on to rows
//! (sorts, joins, shared plans) get a projection below them that drops what only a filter read. A left join whose right
//! side has become unread and matches each row once goes altogether.

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::optimize::expressions::column_expr;
use crate::plan::{
    Aggregate, Distinct, Filter, HostExpr, Join, JoinKind, NamedAggregate, NamedExpr, Partitioning, Plan, Program,
    Project, Scan, Shared, SharedPlan, Union, Window, is_unique,
};
use dj_runtime::expr::{ColumnId, Expr, ExprKind};
use dj_runtime::types::Type;
use std::collections::BTreeSet;

pub(in crate::optimize) struct PruneColumns;

impl Pass for PruneColumns {
    fn name(&self) -> &'static str {
        "prune_columns"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        let mut pruner = Pruner { needed: vec![Needed::new(); program.shared.len()], shared: program.shared.clone() };
        for export in &mut program.exports {
            let plan = export.plan.take();
            let all = ids(&plan);
            export.plan = narrow(pruner.prune(plan, &all), &all);
        }
        // From the last: each is read only by later ones and the exports.
        for index in (0..program.shared.len()).rev() {
            let needed = std::mem::take(&mut pruner.needed[index]);
            let plan = program.shared[index].plan.take();
            program.shared[index].plan = narrow(pruner.prune(plan, &needed), &needed);
        }
        program
    }
}

type Needed = BTreeSet<ColumnId>;

struct Pruner {
    /// The columns that are read of each shared plan.
    needed: Vec<Needed>,
    /// The shared plans as they were.
    shared: Vec<SharedPlan>,
}

fn ids(plan: &Plan) -> Needed {
    plan.schema().iter().map(|column| column.id).collect()
}

fn with<'a>(needed: &Needed, exprs: impl IntoIterator<Item = &'a Expr>) -> Needed {
    needed.iter().copied().chain(exprs.into_iter().flat_map(Expr::columns)).collect()
}

/// The plan without the columns that are not needed; one stays, because a relation without columns has no rows.
fn narrow(plan: Plan, needed: &Needed) -> Plan {
    let schema = plan.schema();
    let mut kept: Vec<_> = schema.iter().filter(|column| needed.contains(&column.id)).copied().collect();
    if kept.is_empty() {
        kept.extend(schema.first());
    }
    if kept.len() == schema.len() {
        return plan;
    }
    let span = plan.span();
    let items = kept.into_iter().map(|column| NamedExpr { id: column.id, expr: column_expr(column, span) }).collect();
    Plan::Project(Project { input: Box::new(plan), items, span })
}

impl Pruner {
    /// The plan with at least the needed columns, and no others that it could do without.
    fn prune(&mut self, plan: Plan, needed: &Needed) -> Plan {
        self.note_cells(&plan);
        match plan {
            Plan::Scan(scan) => prune_scan(scan, needed),
            Plan::Filter(filter) => {
                let needed = with(needed, [&filter.predicate]);
                Plan::Filter(Filter { input: Box::new(self.prune(*filter.input, &needed)), ..filter })
            }
            Plan::Project(project) => self.prune_project(project, needed),
            Plan::Aggregate(aggregate) => self.prune_aggregate(aggregate, needed),
            Plan::Join(join) => self.prune_join(join, needed),
            Plan::Sort(mut sort) => {
                let needed = with(needed, sort.keys.iter().map(|key| &key.expr));
                sort.input = Box::new(narrow(self.prune(*sort.input, &needed), &needed));
                Plan::Sort(sort)
            }
            Plan::TopK(mut top) => {
                let needed = with(needed, top.keys.iter().map(|key| &key.expr));
                top.input = Box::new(narrow(self.prune(*top.input, &needed), &needed));
                Plan::TopK(top)
            }
            Plan::Take(mut take) => {
                take.input = Box::new(narrow(self.prune(*take.input, needed), needed));
                Plan::Take(take)
            }
            Plan::Distinct(distinct) => {
                let needed: Needed = needed.iter().chain(&distinct.keys).copied().collect();
                let input = Box::new(narrow(self.prune(*distinct.input, &needed), &needed));
                Plan::Distinct(Distinct { input, ..distinct })
            }
            Plan::Window(window) => self.prune_window(window, needed),
            Plan::Shard(mut shard) => {
                let keys: &[ColumnId] = match &shard.partitioning {
                    Partitioning::Hash(keys) => keys,
                    Partitioning::Replicated => &[],
                };
                let needed: Needed = needed.iter().chain(keys).copied().collect();
                shard.input = Box::new(self.prune(*shard.input, &needed));
                Plan::Shard(shard)
            }
            Plan::Union(union) => self.prune_union(union, needed),
            Plan::Shared(shared) => self.prune_shared(shared, needed),
            Plan::Evaluate(mut evaluate) => {
                let read = evaluate.items.iter().flat_map(HostExpr::columns);
                let needed: Needed = needed.iter().copied().chain(read).collect();
                evaluate.input = Box::new(self.prune(*evaluate.input, &needed));
                Plan::Evaluate(evaluate)
            }
        }
    }

    /// Cells read shared plans from within expressions.
    fn note_cells(&mut self, plan: &Plan) {
        for expr in plan.expressions() {
            expr.walk(&mut |expr| {
                if let ExprKind::Cell { plan, column } = expr.kind {
                    self.needed[plan].insert(column);
                }
            });
        }
    }

    fn prune_project(&mut self, project: Project, needed: &Needed) -> Plan {
        let mut items = project.items;
        items.retain(|item| needed.contains(&item.id));
        let below = with(&Needed::new(), items.iter().map(|item| &item.expr));
        let input = self.prune(*project.input, &below);
        if items.is_empty() {
            return input;
        }
        Plan::Project(Project { input: Box::new(input), items, span: project.span })
    }

    fn prune_aggregate(&mut self, aggregate: Aggregate, needed: &Needed) -> Plan {
        let Aggregate { input, keys, mut aggregates, span } = aggregate;
        let first = aggregates.first().cloned();
        aggregates.retain(|item| needed.contains(&item.id));
        if aggregates.is_empty() && keys.is_empty() {
            aggregates.extend(first);
        }
        let read = aggregates.iter().flat_map(NamedAggregate::expressions);
        let below = with(&keys.iter().map(|key| key.id).collect(), read);
        let input = Box::new(self.prune(*input, &below));
        Plan::Aggregate(Aggregate { input, keys, aggregates, span })
    }

    fn prune_window(&mut self, mut window: Window, needed: &Needed) -> Plan {
        // From the last: each is read only by later ones and what is above.
        let mut needed = needed.clone();
        let mut items = Vec::new();
        for item in window.items.into_iter().rev() {
            if needed.contains(&item.id) {
                needed.extend(item.expressions().flat_map(Expr::columns));
                items.push(item);
            }
        }
        items.reverse();
        if items.is_empty() {
            return self.prune(*window.input, &needed);
        }
        needed.extend(window.by.iter().map(|key| key.id));
        let needed = with(&needed, window.order.iter().map(|key| &key.expr));
        window.input = Box::new(narrow(self.prune(*window.input, &needed), &needed));
        Plan::Window(Window { items, ..window })
    }

    fn prune_join(&mut self, join: Join, needed: &Needed) -> Plan {
        let right_ids = ids(&join.right);
        if join.kind == JoinKind::Left && needed.is_disjoint(&right_ids) && self.matches_once(&join) {
            return self.prune(*join.left, needed);
        }
        let needed = with(needed, join.on.iter().flat_map(|(a, b)| [a, b]).chain(&join.residual));
        let left = Box::new(narrow(self.prune(*join.left, &needed), &needed));
        let right = Box::new(narrow(self.prune(*join.right, &needed), &needed));
        Plan::Join(Join { left, right, ..join })
    }

    /// Whether no left row has two matches.
    fn matches_once(&self, join: &Join) -> bool {
        if join.nearest.is_some() {
            return true;
        }
        let keys: Vec<_> = join.on.iter().filter_map(|(_, right)| right.as_column()).collect();
        is_unique(&join.right, &keys, &self.shared)
    }

    fn prune_union(&mut self, union: Union, needed: &Needed) -> Plan {
        let Union { inputs, columns, span } = union;
        let mut kept: Vec<_> = (0..columns.len()).filter(|at| needed.contains(&columns[*at].id)).collect();
        if kept.is_empty() && !columns.is_empty() {
            kept.push(0);
        }
        let inputs = inputs.into_iter().map(|(input, ids)| {
            let ids: Vec<_> = kept.iter().map(|at| ids[*at]).collect();
            (self.prune(input, &ids.iter().copied().collect()), ids)
        });
        let inputs = inputs.collect();
        Plan::Union(Union { inputs, columns: kept.iter().map(|at| columns[*at]).collect(), span })
    }

    fn prune_shared(&mut self, shared: Shared, needed: &Needed) -> Plan {
        let first = shared.columns.first().copied();
        let mut columns = shared.columns;
        columns.retain(|(_, column)| needed.contains(&column.id));
        if columns.is_empty() {
            columns.extend(first);
        }
        self.needed[shared.plan].extend(columns.iter().map(|(from, _)| *from));
        Plan::Shared(Shared { columns, ..shared })
    }
}

/// If nothing is needed, the column that is cheapest to read stays, for its number of rows.
fn prune_scan(scan: Scan, needed: &Needed) -> Plan {
    let needed = with(needed, &scan.predicates);
    let cheapest = scan.columns.iter().min_by_key(|(_, column)| width(column.ty)).copied();
    let mut columns = scan.columns;
    columns.retain(|(_, column)| needed.contains(&column.id));
    if columns.is_empty() {
        columns.extend(cheapest);
    }
    Plan::Scan(Scan { columns, ..scan })
}

/// Bytes of a value, by which columns are compared; text costs more than any number.
fn width(ty: Type) -> usize {
    match ty {
        Type::Bool | Type::I8 | Type::U8 => 1,
        Type::I16 | Type::U16 => 2,
        Type::I32 | Type::U32 | Type::F32 | Type::Date => 4,
        Type::I64 | Type::U64 | Type::F64 | Type::Timestamp | Type::Duration | Type::Decimal { .. } => 8,
        Type::Str => 16,
    }
}
