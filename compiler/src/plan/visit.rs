//! How plans are visited and rewritten: every operator and every expression of a plan, and of a whole program.
//!
//! A walk that carries something down or up, such as what is needed of a plan or what may be null, recurses over
//! [`Plan::inputs`] by itself; whatever looks at each operator alone goes through here.

use super::{Plan, Program};
use dj_runtime::expr::{Expr, Form};

impl<F: Form> Plan<F> {
    /// Calls `visit` on every operator, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for input in self.inputs() {
            input.walk(visit);
        }
    }

    /// Calls `visit` on every operator, innermost first, to be changed in place.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        for input in self.inputs_mut() {
            input.walk_mut(visit);
        }
        visit(self);
    }

    /// Calls `visit` on every part of every expression of the operator itself, outermost first.
    pub fn walk_own_expressions<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<F>)) {
        self.expressions().into_iter().for_each(|expr| expr.walk(visit));
    }

    /// Rewrites every part of every expression of the operator itself, innermost first.
    pub fn rewrite_own_expressions(&mut self, with: &mut dyn FnMut(Expr<F>) -> Expr<F>) {
        for expr in self.expressions_mut() {
            *expr = expr.take().rewrite(with);
        }
    }
}

impl<F: Form> Program<F> {
    /// Every plan: the shared ones, each after those that it reads, and then the exports'.
    pub fn plans(&self) -> impl Iterator<Item = &Plan<F>> {
        let exports = self.exports.iter().map(|export| &export.plan);
        self.shared.iter().map(|shared| &shared.plan).chain(exports)
    }

    /// The same, to be changed in place.
    pub fn plans_mut(&mut self) -> impl Iterator<Item = &mut Plan<F>> {
        let exports = self.exports.iter_mut().map(|export| &mut export.plan);
        self.shared.iter_mut().map(|shared| &mut shared.plan).chain(exports)
    }

    /// Calls `visit` on every operator of every plan, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Plan<F>)) {
        self.plans().for_each(|plan| plan.walk(visit));
    }

    /// Calls `visit` on every operator of every plan, innermost first, to be changed in place.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Plan<F>)) {
        self.plans_mut().for_each(|plan| plan.walk_mut(visit));
    }
}
