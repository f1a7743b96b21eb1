//! Which texts share a dictionary, by union-find.

#![expect(clippy::wildcard_enum_match_arm, reason = "only conditionals, comparisons and lists choose among texts")]

use super::host_tables::Pending;
use super::{Strings, device_expressions, for_each_plan, visit_plans};
use crate::plan::{Plan, Program};
use dj_runtime::expr::{ColumnId, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;
use std::collections::BTreeMap;

/// Something that holds text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Var {
    /// A column of an input table.
    Source(usize, usize),
    /// A column of a plan.
    Column(ColumnId),
    /// The results of a host table.
    Table(usize),
    /// A parameter.
    Param(usize),
    /// What a host table is computed of, where that is made of literals alone.
    Base(usize),
}

/// Sets of texts, each with one dictionary.
#[derive(Debug, Default)]
pub(super) struct Domains {
    parents: BTreeMap<Var, Var>,
}

impl Domains {
    /// Unites whatever is compared, joined, united, merged or renamed.
    pub(super) fn infer(program: &Program, tables: &Pending) -> Self {
        let mut domains = Self::default();
        for (index, param) in program.params.iter().enumerate() {
            if param.field.ty == Type::Str {
                domains.add(Var::Param(index));
            }
        }
        visit_plans(program, &mut |plan| domains.visit(plan));
        for (index, table) in tables.tables.iter().enumerate() {
            if table.function.as_ref().is_some_and(|function| function.ty == Type::Str) {
                domains.add(Var::Table(index));
            }
            if var_of(&table.base).is_none() {
                domains.add(Var::Base(index));
            }
            domains.expr(&table.base);
        }
        domains
    }

    /// Every text of the program, in a fixed order.
    pub(super) fn vars(&self) -> Vec<Var> {
        self.parents.keys().copied().collect()
    }

    /// The representative of a set.
    pub(super) fn root(&self, mut var: Var) -> Var {
        while let Some(parent) = self.parents.get(&var)
            && *parent != var
        {
            var = *parent;
        }
        var
    }

    fn add(&mut self, var: Var) {
        self.parents.entry(var).or_insert(var);
    }

    fn unite(&mut self, a: Option<Var>, b: Option<Var>) {
        for var in [a, b].into_iter().flatten() {
            self.add(var);
        }
        if let (Some(a), Some(b)) = (a, b) {
            let (a, b) = (self.root(a), self.root(b));
            let (first, second) = if a <= b { (a, b) } else { (b, a) };
            self.parents.insert(second, first);
        }
    }

    fn visit(&mut self, plan: &Plan) {
        let column = |id: ColumnId| Some(Var::Column(id));
        match plan {
            Plan::Scan(scan) => {
                for (index, made) in scan.columns.iter().filter(|(_, made)| made.ty == Type::Str) {
                    self.unite(Some(Var::Source(scan.table, *index)), column(made.id));
                }
            }
            Plan::Project(project) => {
                for item in project.items.iter().filter(|item| item.expr.ty == Type::Str) {
                    self.unite(column(item.id), var_of(&item.expr));
                    self.merge(&item.expr, column(item.id));
                }
            }
            Plan::Aggregate(aggregate) => {
                for item in aggregate.aggregates.iter().filter(|item| item.ty == Type::Str) {
                    self.unite(column(item.id), item.argument.as_ref().and_then(var_of));
                    if let Some(argument) = &item.argument {
                        self.merge(argument, column(item.id));
                    }
                }
            }
            Plan::Join(join) => {
                for (left, right) in join.on.iter().filter(|(left, _)| left.ty == Type::Str) {
                    self.unite(var_of(left), var_of(right));
                }
            }
            Plan::Union(union) => {
                for (position, made) in union.columns.iter().enumerate().filter(|(_, made)| made.ty == Type::Str) {
                    for (_, ids) in &union.inputs {
                        self.unite(column(made.id), column(ids[position]));
                    }
                }
            }
            Plan::Shared(shared) => {
                for (source, made) in shared.columns.iter().filter(|(_, made)| made.ty == Type::Str) {
                    self.unite(column(made.id), column(*source));
                }
            }
            Plan::Evaluate(evaluate) => {
                let texts = evaluate.items.iter().filter(|item| item.expr.ty == Type::Str);
                texts.for_each(|item| self.add(Var::Column(item.id)));
                // What the host compares and merges it sees as text.
                return;
            }
            Plan::Filter(_) | Plan::Sort(_) | Plan::Take(_) | Plan::TopK(_) | Plan::Distinct(_) => {}
        }
        for expr in plan.expressions() {
            self.expr(expr);
        }
    }

    /// Unites what one expression compares or merges.
    fn expr(&mut self, expr: &Expr) {
        expr.walk(&mut |part| {
            if let ExprKind::Compare(_, left, right) = &part.kind
                && left.ty == Type::Str
            {
                self.unite(var_of(left), var_of(right));
            }
            if let Some((left, right)) = ranked_texts(part) {
                self.unite(var_of(left), var_of(right));
            }
            if part.ty == Type::Str {
                self.merge(part, var_of(part));
            }
        });
    }

    fn merge(&mut self, expr: &Expr, into: Option<Var>) {
        for choice in choices(expr) {
            self.unite(into, var_of(choice));
        }
    }
}

/// The texts whose ranks a comparison compares: ranks of one dictionary.
fn ranked_texts(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let ExprKind::Compare(_, left, right) = &expr.kind else { return None };
    let ranked = |side: &'_ Expr| matches!(&side.kind, ExprKind::Table { .. }) && side.ty == Type::I32;
    let (ExprKind::Table { column: a, .. }, ExprKind::Table { column: b, .. }) = (&left.kind, &right.kind) else {
        return None;
    };
    (ranked(left) && ranked(right)).then_some((a, b))
}

/// The texts of which a conditional takes one.
fn choices(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Coalesce(operands) => operands.iter().collect(),
        ExprKind::Case { arms, otherwise } => arms.iter().map(|(_, value)| value).chain(otherwise.as_deref()).collect(),
        _ => vec![],
    }
}

/// What holds the text of an expression; `None` for literals.
pub(super) fn var_of(expr: &Expr) -> Option<Var> {
    if expr.ty != Type::Str {
        return None;
    }
    match &expr.kind {
        ExprKind::Column(id) | ExprKind::Cell { column: id, .. } => Some(Var::Column(*id)),
        ExprKind::Table { table, .. } => Some(Var::Table(*table)),
        ExprKind::Param(param) => Some(Var::Param(*param)),
        _ => choices(expr).into_iter().find_map(var_of),
    }
}

/// Replaces every text literal by its code.
pub(super) fn encode_literals(program: &mut Program, strings: &mut Strings) {
    for_each_plan(program, &mut |plan| {
        let results = results_of(plan);
        let mut results = results.into_iter();
        for expr in device_expressions(plan) {
            let expected = results.next().flatten();
            encode(expr, expected, strings);
        }
        if let Plan::Join(join) = plan {
            for (left, right) in &mut join.on {
                let domain = var_of(left).or(var_of(right));
                encode(left, domain, strings);
                encode(right, domain, strings);
            }
        }
    });
}

/// For every one of [`device_expressions`], the column that it becomes.
fn results_of(plan: &Plan) -> Vec<Option<Var>> {
    let column = |id: ColumnId| Some(Var::Column(id));
    match plan {
        Plan::Project(project) => project.items.iter().map(|item| column(item.id)).collect(),
        Plan::Aggregate(aggregate) => {
            let of = |item: &crate::plan::NamedAggregate| {
                let argument = item.argument.iter().map(|_| column(item.id)).collect::<Vec<_>>();
                argument.into_iter().chain(item.filter.iter().map(|_| None)).collect::<Vec<_>>()
            };
            aggregate.aggregates.iter().flat_map(of).collect()
        }
        _ => vec![],
    }
}

fn encode(expr: &mut Expr, expected: Option<Var>, strings: &mut Strings) {
    let domain = |strings: &Strings, var: Option<Var>| var.and_then(|var| strings.vars.get(&var).copied());
    let own = var_of(expr).or(expected);
    if let ExprKind::Literal(Scalar::Str(text)) = &expr.kind {
        if let Some(domain) = domain(strings, expected) {
            let code = strings.literal(domain, &text.clone());
            expr.kind = ExprKind::Literal(Scalar::Int(code));
        }
        return;
    }
    let expected = match &mut expr.kind {
        ExprKind::Compare(_, left, right) => var_of(left).or(var_of(right)),
        ExprKind::InList { operand, list } => {
            let var = var_of(operand);
            if let Some(domain) = domain(strings, var) {
                for value in list {
                    if let Scalar::Str(text) = value {
                        *value = Scalar::Int(strings.literal(domain, &text.clone()));
                    }
                }
            }
            var
        }
        ExprKind::Table { table, column } => var_of(column).or(Some(Var::Base(*table))),
        _ => own,
    };
    for operand in expr.operands_mut() {
        encode(operand, expected, strings);
    }
}
