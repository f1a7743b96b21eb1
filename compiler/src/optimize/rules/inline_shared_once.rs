//! `let s = x; ... read s ...` = `... x ...`, where nothing else reads `s`

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{NamedExpr, Plan, Program, Project, Shared};
use dj_runtime::expr::{Expr, ExprKind};

pub(in crate::optimize) struct InlineSharedOnce;

impl Pass for InlineSharedOnce {
    fn name(&self) -> &'static str {
        "inline_shared_once"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        for index in (0..program.shared.len()).rev() {
            if Readers::of(&program, index) == (Readers { plans: 1, cells: 0 }) {
                let mut plan = Some(program.shared.remove(index).plan);
                program.walk_mut(&mut |node| inline(node, index, &mut plan));
                renumber(&mut program, index);
            }
        }
        program
    }
}

/// Puts the shared plan in the place of its reader, with the reader's names.
fn inline(node: &mut Plan, index: usize, shared: &mut Option<Plan>) {
    let Plan::Shared(Shared { plan, columns, row: None, span }) = node else { return };
    if *plan != index {
        return;
    }
    if let Some(input) = shared.take() {
        let schema = input.schema();
        let items = columns.iter().map(|(from, to)| {
            let nullable = schema.iter().find(|column| column.id == *from).is_none_or(|column| column.nullable);
            NamedExpr { id: to.id, expr: Expr::column(*from, to.ty, nullable, *span) }
        });
        let items = items.collect();
        *node = Plan::Project(Project { input: Box::new(input), items, span: *span });
    }
}

/// How often a shared plan is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Readers {
    /// As rows.
    pub(super) plans: usize,
    /// As scalars.
    pub(super) cells: usize,
}

impl Readers {
    /// The readers of the shared plan of this index.
    pub(super) fn of(program: &Program, index: usize) -> Self {
        let mut readers = Self::default();
        program.walk(&mut |node| {
            readers.plans += usize::from(matches!(node, Plan::Shared(shared) if shared.plan == index));
            node.walk_own_expressions(&mut |expr| {
                readers.cells += usize::from(matches!(expr.kind, ExprKind::Cell { plan, .. } if plan == index));
            });
        });
        readers
    }
}

/// Makes up for the shared plan of this index having gone.
pub(super) fn renumber(program: &mut Program, gone: usize) {
    refer_to(program, &|plan| plan - usize::from(plan > gone));
}

/// Makes all that reads shared plans read those of other indices.
pub(super) fn refer_to(program: &mut Program, index: &dyn Fn(usize) -> usize) {
    program.walk_mut(&mut |node| {
        if let Plan::Shared(shared) = node {
            shared.plan = index(shared.plan);
        }
        node.rewrite_own_expressions(&mut |mut expr| {
            if let ExprKind::Cell { plan, .. } = &mut expr.kind {
                *plan = index(*plan);
            }
            expr
        });
    });
}
