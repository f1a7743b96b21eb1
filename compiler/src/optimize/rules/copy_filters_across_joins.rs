//! `join on a == b (filter p(a) x) y` = `join on a == b (filter p(a) x) (filter p(b) y)`
//!
//! What is true of a key is true of the keys that it matches, so the other side need not have more. From left to right this
//! holds for every kind of join, because a right row matters only to left rows that it matches; from right to left only for
//! those that keep no left row without a match. A predicate goes from join to join along equal keys.

use super::merge_filters::filter_all;
use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::optimize::expressions::{conjuncts, reads_only, size, substitute};
use crate::plan::{Join, JoinKind, Plan, Program, Project};
use dj_runtime::expr::{ColumnId, Expr, ExprKind, can_fail, makes_longer};

/// A larger predicate is not computed twice.
const MAX_SIZE: usize = 32;

pub(in crate::optimize) struct CopyFiltersAcrossJoins;

impl Pass for CopyFiltersAcrossJoins {
    fn name(&self) -> &'static str {
        "copy_filters_across_joins"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        let mut copier = Copier { shared: Vec::new() };
        for source in &mut program.shared {
            copier.copy(&mut source.plan, Vec::new());
            let known = copier.known(&source.plan);
            copier.shared.push(known);
        }
        program.exports.iter_mut().for_each(|export| copier.copy(&mut export.plan, Vec::new()));
        program
    }
}

struct Copier {
    /// What is true of every row of each shared plan.
    shared: Vec<Vec<Expr>>,
}

impl Copier {
    /// Copies filters below a plan, on whose rows `more` may be demanded too; it is on single columns.
    fn copy(&self, plan: &mut Plan, more: Vec<Expr>) {
        match plan {
            Plan::Join(join) => {
                let (left, right, rest) = self.of_sides(join, more);
                self.copy(&mut join.left, left);
                self.copy(&mut join.right, right);
                wrap(plan, rest);
            }
            Plan::Filter(filter) => self.copy(&mut filter.input, more),
            Plan::Project(project) => {
                let (below, above) = through_project(project, more);
                self.copy(&mut project.input, below);
                wrap(plan, above);
            }
            _ => {
                plan.inputs_mut().into_iter().for_each(|input| self.copy(input, Vec::new()));
                wrap(plan, more);
            }
        }
    }

    /// What may be demanded of the left rows, of the right rows, and of pairs only.
    fn of_sides(&self, join: &Join, more: Vec<Expr>) -> (Vec<Expr>, Vec<Expr>, Vec<Expr>) {
        let (of_left, of_right) = (join.left.schema(), join.right.schema());
        let (mut left, rest): (Vec<_>, Vec<_>) = more.into_iter().partition(|p| reads_only(p, &of_left));
        let is_inner = join.kind == JoinKind::Inner && join.nearest.is_none();
        let (mut right, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|p| is_inner && reads_only(p, &of_right));
        let (known_left, known_right) = (self.known(&join.left), self.known(&join.right));
        let pairs = equal_keys(join);
        loop {
            let to_right = pairs.iter().flat_map(|(a, b)| moved(known_left.iter().chain(&left), a.as_column(), b));
            let to_right = fresh(to_right.collect(), &known_right, &right);
            let keeps_unmatched = matches!(join.kind, JoinKind::Left | JoinKind::Anti);
            let from_right = known_right.iter().chain(&right).chain(&to_right);
            let to_left = pairs
                .iter()
                .filter(|_| !keeps_unmatched)
                .flat_map(|(a, b)| moved(from_right.clone(), b.as_column(), a));
            let to_left = fresh(to_left.collect(), &known_left, &left);
            if to_right.is_empty() && to_left.is_empty() {
                return (left, right, rest);
            }
            right.extend(to_right);
            left.extend(to_left);
        }
    }

    /// Predicates on single columns that are true of every row of a plan, as far as they may be copied.
    fn known(&self, plan: &Plan) -> Vec<Expr> {
        let below = |input: &Plan| self.known(input);
        match plan {
            Plan::Scan(scan) => scan.predicates.iter().cloned().flat_map(conjuncts).filter(may_be_copied).collect(),
            Plan::Filter(filter) => {
                let own = conjuncts(filter.predicate.clone()).into_iter().filter(may_be_copied);
                own.chain(below(&filter.input)).collect()
            }
            Plan::Project(project) => {
                let known = below(&project.input);
                let renamed = project.items.iter().flat_map(|item| {
                    let read = Expr::column(item.id, item.expr.ty, item.expr.nullable, item.expr.span);
                    moved(known.iter(), item.expr.as_column(), &read)
                });
                renamed.collect()
            }
            Plan::Aggregate(aggregate) => {
                let of_keys = |predicate: &Expr| reads_only(predicate, &aggregate.keys);
                below(&aggregate.input).into_iter().filter(of_keys).collect()
            }
            Plan::Sort(_)
            | Plan::Take(_)
            | Plan::TopK(_)
            | Plan::Distinct(_)
            | Plan::Window(_)
            | Plan::Shard(_)
            | Plan::Evaluate(_) => below(plan.inputs()[0]),
            Plan::Join(join) if join.kind == JoinKind::Inner => {
                let mut known = below(&join.left);
                known.extend(below(&join.right));
                for (left, right) in equal_keys(join) {
                    let mut both = moved(known.iter(), left.as_column(), right);
                    both.extend(moved(known.iter(), right.as_column(), left));
                    let more = fresh(both, &known, &[]);
                    known.extend(more);
                }
                known
            }
            Plan::Join(join) => below(&join.left),
            Plan::Shared(reader) => {
                let known = &self.shared[reader.plan];
                let columns = reader.columns.iter();
                let renamed =
                    columns.flat_map(|(from, column)| moved(known.iter(), Some(*from), &column.read(reader.span)));
                renamed.collect()
            }
            Plan::Union(_) => Vec::new(),
        }
    }
}

/// The pairs of keys of which one is equal to the other in every pair of rows.
fn equal_keys(join: &Join) -> &[(Expr, Expr)] {
    &join.on[..join.on.len() - usize::from(join.nearest.is_some())]
}

/// Whether equal values, of which floats may have two forms, all satisfy the predicate or none, and computing it again costs
/// little. That a key is not null says nothing new.
fn may_be_copied(predicate: &Expr) -> bool {
    let [column] = predicate.columns()[..] else { return false };
    let mut is_plain = true;
    predicate.walk(&mut |part| {
        let is_float = part.as_column() == Some(column) && part.ty.is_float();
        is_plain &= !is_float || compares(predicate, column);
        is_plain &= !matches!(part.kind, ExprKind::IsNull(_) | ExprKind::Cell { .. });
    });
    is_plain && size(predicate) <= MAX_SIZE && !can_fail(predicate) && !makes_longer(predicate)
}

/// Whether the predicate only compares the column with constants.
fn compares(predicate: &Expr, column: ColumnId) -> bool {
    match &predicate.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => operands.iter().all(|operand| compares(operand, column)),
        ExprKind::Not(operand) => compares(operand, column),
        ExprKind::Compare(_, a, b) => [a, b].iter().all(|side| {
            side.as_column() == Some(column) || matches!(side.kind, ExprKind::Literal(_) | ExprKind::Param(_))
        }),
        ExprKind::InList { operand, .. } => operand.as_column() == Some(column),
        _ => false,
    }
}

/// The predicates on the column `from` as such on `to`, which is equal to it, as far as these may be copied in turn: what floats
/// compute of each other grows with each copy, and may tell the two forms of zero apart.
fn moved<'a>(predicates: impl Iterator<Item = &'a Expr>, from: Option<ColumnId>, to: &Expr) -> Vec<Expr> {
    let Some(from) = from.filter(|_| !can_fail(to)) else { return Vec::new() };
    let of_from = predicates.filter(|predicate| predicate.columns() == [from]);
    let moved = of_from.map(|predicate| {
        // What may be null is said again after the rewrite, which only narrows.
        substitute(predicate.clone(), &|_| Some(to.clone())).rewrite(&mut |mut part| {
            part.nullable |= !part.operands().is_empty();
            part
        })
    });
    moved.filter(may_be_copied).collect()
}

/// The predicates that are in none of the lists, each once.
fn fresh(predicates: Vec<Expr>, known: &[Expr], more: &[Expr]) -> Vec<Expr> {
    let mut fresh: Vec<Expr> = Vec::new();
    for predicate in predicates {
        let placeless = predicate.without_spans();
        if !known.iter().chain(more).chain(&fresh).any(|other| other.without_spans() == placeless) {
            fresh.push(predicate);
        }
    }
    fresh
}

/// Those on columns that a projection passes through, as such on its input's columns, and the others.
fn through_project(project: &Project, predicates: Vec<Expr>) -> (Vec<Expr>, Vec<Expr>) {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for predicate in predicates {
        let source = project.items.iter().find(|item| predicate.columns() == [item.id]);
        match source.filter(|item| item.expr.as_column().is_some()) {
            Some(item) => below.push(substitute(predicate, &|_| Some(item.expr.clone()))),
            None => above.push(predicate),
        }
    }
    (below, above)
}

fn wrap(plan: &mut Plan, predicates: Vec<Expr>) {
    if !predicates.is_empty() {
        let span = predicates[0].span;
        *plan = filter_all(predicates, plan.take(), span);
    }
}
