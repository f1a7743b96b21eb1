//! `let s = read u; ... read s ...` = `... read u ...`

use super::inline_shared_once::renumber;
use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Plan, Program, Shared};
use dj_runtime::expr::{ColumnId, ExprKind};

pub(in crate::optimize) struct ReadThroughShared;

impl Pass for ReadThroughShared {
    fn name(&self) -> &'static str {
        "read_through_shared"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        for index in (0..program.shared.len()).rev() {
            let Plan::Shared(reader @ Shared { row: None, .. }) = &program.shared[index].plan else { continue };
            let reader = reader.clone();
            program.walk_mut(&mut |node| read_through(node, index, &reader));
            program.shared.remove(index);
            renumber(&mut program, index);
        }
        program
    }
}

/// Makes what reads the shared plan of this index read what that reads.
fn read_through(node: &mut Plan, index: usize, through: &Shared) {
    let source = |id: ColumnId| {
        let column = through.columns.iter().find(|(_, column)| column.id == id);
        column.unwrap_or_else(|| unreachable!("a shared plan has the columns that are read of it")).0
    };
    if let Plan::Shared(reader) = node
        && reader.plan == index
    {
        reader.plan = through.plan;
        reader.columns.iter_mut().for_each(|(from, _)| *from = source(*from));
    }
    node.rewrite_own_expressions(&mut |mut expr| {
        if let ExprKind::Cell { plan, column } = &mut expr.kind
            && *plan == index
        {
            (*plan, *column) = (through.plan, source(*column));
        }
        expr
    });
}
