//! What no device computes becomes columns that the host computes: functions of several texts, and text of other values.
//!
//! [`hoist`] puts a [`Plan::Evaluate`] below every operator with such an expression and lets the operator read its columns.
//! A function of one text column stays where it is: it becomes a table over the column's dictionary
//! ([`super::tables`]).

#![expect(clippy::wildcard_enum_match_arm, reason = "only conditionals choose what they evaluate")]

use super::tables::is_for_host;
use crate::plan::{
    Evaluate, Filter, HostExpr, Join, JoinKind, NamedExpr, Plan, Program, Project, SchemaColumn, expr_text, reads_any,
};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, ExprKind, can_fail};

/// Moves what no device computes to the host.
///
/// Joins that keep unmatched rows have no condition on both sides' text any more: [`super::split`] made them inner ones.
pub(super) fn hoist(program: &mut Program) {
    for index in 0..program.shared.len() {
        let plan = program.shared[index].plan.take();
        program.shared[index].plan = Hoisting { program }.plan(plan);
    }
    for index in 0..program.exports.len() {
        let plan = program.exports[index].plan.take();
        program.exports[index].plan = Hoisting { program }.plan(plan);
    }
}

/// Replaces parts of expressions by columns of the host.
struct Hoisting<'a> {
    program: &'a mut Program,
}

impl Hoisting<'_> {
    fn plan(&mut self, mut plan: Plan) -> Plan {
        for input in plan.inputs_mut() {
            *input = self.plan(input.take());
        }
        match plan {
            Plan::Scan(mut scan) => {
                let span = scan.span;
                // Behind a filter that goes above the scan, nothing stays that may fail on the rows which it drops.
                let mut is_above = false;
                let (above, within): (Vec<_>, _) = scan.predicates.into_iter().partition(|predicate| {
                    let is_hosts = needs_host_column(predicate);
                    is_above |= is_hosts;
                    is_hosts || (is_above && can_fail(predicate))
                });
                scan.predicates = within;
                let filter = |input, predicate| self.over_input(filter(input, predicate, span));
                above.into_iter().fold(Plan::Scan(scan), filter)
            }
            Plan::Join(join) => self.join(join),
            Plan::Aggregate(mut aggregate) => {
                let items = aggregate.aggregates.iter_mut();
                items.for_each(|item| guard_arguments(&mut item.arguments, item.filter.as_ref()));
                self.over_input(Plan::Aggregate(aggregate))
            }
            Plan::Window(mut window) => {
                let items = window.items.iter_mut();
                items.for_each(|item| guard_arguments(&mut item.arguments, item.filter.as_ref()));
                self.over_input(Plan::Window(window))
            }
            other => self.over_input(other),
        }
    }

    /// An operator of one input, which reads what the host computes of the input's rows.
    fn over_input(&mut self, mut plan: Plan) -> Plan {
        let schema = plan.schema();
        let mut items = Vec::new();
        for expr in plan.expressions_mut() {
            self.extract(expr, &mut items);
        }
        let span = plan.span();
        for input in plan.inputs_mut() {
            *input = evaluate(input.take(), std::mem::take(&mut items), span);
        }
        keep(plan, &schema)
    }

    fn join(&mut self, mut join: Join) -> Plan {
        let (schema, span) = (join.schema(), join.span);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (probe, build) in &mut join.on {
            self.extract(probe, &mut left);
            self.extract(build, &mut right);
        }
        let is_of_pair = |residual: &mut Expr| reads_pairs(residual, &join.left.schema(), &join.right.schema());
        let above = join.residual.take_if(is_of_pair);
        assert!(above.is_none() || join.kind == JoinKind::Inner, "text of pairs was left in a join");
        if let Some(residual) = &mut join.residual {
            let columns = join.right.schema();
            self.extract_where(residual, &mut left, &|part| !reads_any(part, &columns));
            self.extract_where(residual, &mut right, &|_| true);
        }
        join.left = Box::new(evaluate(*join.left, left, span));
        join.right = Box::new(evaluate(*join.right, right, span));
        let joined = Plan::Join(join);
        let joined = match above {
            Some(predicate) => self.over_input(filter(joined, predicate, span)),
            None => joined,
        };
        keep(joined, &schema)
    }

    /// Replaces what needs the host by columns, and lists these; all of the expression where a branch of it may fail.
    fn extract(&mut self, expr: &mut Expr, items: &mut Vec<HostExpr>) {
        if fails_in_branch(expr, false) {
            self.replace(expr, items);
        } else {
            self.extract_where(expr, items, &|_| true);
        }
    }

    fn extract_where(&mut self, expr: &mut Expr, items: &mut Vec<HostExpr>, wanted: &dyn Fn(&Expr) -> bool) {
        if !is_for_host(expr) {
            expr.operands_mut().into_iter().for_each(|operand| self.extract_where(operand, items, wanted));
        } else if wanted(expr) {
            self.replace(expr, items);
        }
    }

    fn replace(&mut self, expr: &mut Expr, items: &mut Vec<HostExpr>) {
        let wanted = expr.without_spans();
        let known = items.iter().find(|item| item.expr.without_spans() == wanted).map(|item| item.column.id);
        let id = known.unwrap_or_else(|| {
            let name = expr_text(self.program, expr);
            let id = self.program.columns.add(name, expr.ty, expr.span);
            let column = SchemaColumn { id, ty: expr.ty, nullable: expr.nullable };
            items.push(HostExpr { column, expr: expr.clone(), joined: None });
            id
        });
        *expr = Expr::column(id, expr.ty, expr.nullable, expr.span);
    }
}

/// Whether some part of an expression is for the host.
fn needs_host_column(expr: &Expr) -> bool {
    is_for_host(expr) || expr.operands().into_iter().any(needs_host_column)
}

/// Whether a part that is for the host may fail where it is not always evaluated: as a column it would be.
fn fails_in_branch(expr: &Expr, in_branch: bool) -> bool {
    if is_for_host(expr) {
        return in_branch && can_fail(expr);
    }
    let is_choice =
        matches!(expr.kind, ExprKind::Case { .. } | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Coalesce(_));
    let mut operands = expr.operands().into_iter().enumerate();
    operands.any(|(index, operand)| fails_in_branch(operand, in_branch || (is_choice && index > 0)))
}

/// Whether a join's condition has parts for the host that are defined on pairs of rows only.
pub(super) fn reads_pairs(residual: &Expr, left: &[SchemaColumn], right: &[SchemaColumn]) -> bool {
    if is_for_host(residual) {
        return can_fail(residual) || (reads_any(residual, left) && reads_any(residual, right));
    }
    residual.operands().into_iter().any(|operand| reads_pairs(operand, left, right))
}

/// Arguments that the host computes are computed of every row, so those that may fail get their filter for a condition.
fn guard_arguments(arguments: &mut [Expr], filter: Option<&Expr>) {
    let Some(filter) = filter else { return };
    for argument in arguments.iter_mut().filter(|argument| needs_host_column(argument) && can_fail(argument)) {
        let (ty, span) = (argument.ty, argument.span);
        let kind = ExprKind::Case { arms: vec![(filter.clone(), argument.take())], otherwise: None };
        *argument = Expr { kind, ty, nullable: true, span };
    }
}

fn filter(input: Plan, predicate: Expr, span: Span) -> Plan {
    Plan::Filter(Filter { input: Box::new(input), predicate, span })
}

fn evaluate(input: Plan, items: Vec<HostExpr>, span: Span) -> Plan {
    if items.is_empty() { input } else { Plan::Evaluate(Evaluate { input: Box::new(input), items, span }) }
}

/// The columns of a schema, and no others.
pub(super) fn keep(plan: Plan, schema: &[SchemaColumn]) -> Plan {
    let ids = |columns: &[SchemaColumn]| columns.iter().map(|column| column.id).collect::<Vec<ColumnId>>();
    if ids(&plan.schema()) == ids(schema) {
        return plan;
    }
    let span = plan.span();
    let items = schema.iter().map(|column| NamedExpr { id: column.id, expr: column.read(span) });
    Plan::Project(Project { items: items.collect(), input: Box::new(plan), span })
}
