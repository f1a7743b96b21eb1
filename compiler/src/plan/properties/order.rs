//! Who reads the order of rows.

use crate::plan::{Frame, JoinKind, Plan, Program, Window, WindowFunction};
use dj_runtime::expr::Form;

/// For each input of an operator, whether the order of its rows shows in the operator's result, where `is_read` says whether
/// the order of that does.
pub fn reads_order_of_inputs<F: Form>(plan: &Plan<F>, is_read: bool) -> Vec<bool> {
    match plan {
        Plan::Scan(_) | Plan::Shared(_) => vec![],
        // Ties of a sort stay as they came.
        Plan::Filter(_) | Plan::Project(_) | Plan::Sort(_) | Plan::Shard(_) => vec![is_read],
        Plan::Evaluate(evaluate) => vec![is_read || evaluate.items.iter().any(|item| item.joined.is_some())],
        Plan::Aggregate(aggregate) => vec![aggregate.aggregates.iter().any(|item| item.function.reads_order())],
        Plan::Join(join) => {
            let of_right = match join.kind {
                JoinKind::Inner | JoinKind::Left => is_read,
                JoinKind::Semi | JoinKind::Anti => false,
            };
            // Of several nearest rows it is the first or the last.
            vec![is_read, of_right || join.nearest.is_some()]
        }
        Plan::Take(_) | Plan::TopK(_) => vec![true],
        Plan::Distinct(distinct) => {
            let schema = distinct.input.schema();
            vec![!schema.iter().all(|column| distinct.keys.contains(&column.id))]
        }
        Plan::Union(union) => vec![is_read; union.inputs.len()],
        Plan::Window(window) => vec![is_read || !is_of_whole_partitions(window)],
    }
}

/// Rewrites every operator of a program, those above first; `rewrite` is told whether something reads the order of the
/// operator's rows.
pub fn rewrite_by_order(program: &mut Program, rewrite: &dyn Fn(&mut Plan, bool)) {
    let mut order_is_read = vec![false; program.shared.len()];
    program.exports.iter_mut().for_each(|export| visit(&mut export.plan, true, &mut order_is_read, rewrite));
    // From the last: each is read only by later ones and the exports.
    for index in (0..program.shared.len()).rev() {
        let is_read = order_is_read[index];
        visit(&mut program.shared[index].plan, is_read, &mut order_is_read, rewrite);
    }
}

/// Rewrites a plan; notes for each shared plan whether the order of its rows is read.
fn visit(plan: &mut Plan, is_read: bool, order_is_read: &mut [bool], rewrite: &dyn Fn(&mut Plan, bool)) {
    rewrite(plan, is_read);
    if let Plan::Shared(reader) = plan {
        order_is_read[reader.plan] |= is_read;
    }
    let of_inputs = reads_order_of_inputs(plan, is_read);
    for (input, is_read) in plan.inputs_mut().into_iter().zip(of_inputs) {
        visit(input, is_read, order_is_read, rewrite);
    }
}

/// Whether every item is an aggregate of its whole partition that is the same in any order.
fn is_of_whole_partitions<F: Form>(window: &Window<F>) -> bool {
    window.items.iter().all(|item| match item.function {
        WindowFunction::Aggregate(function) => !function.reads_order() && item.frame == Frame::PARTITION,
        WindowFunction::RowNumber
        | WindowFunction::Rank
        | WindowFunction::DenseRank
        | WindowFunction::PercentRank
        | WindowFunction::CumulativeShare
        | WindowFunction::Tile(_)
        | WindowFunction::Shift(_)
        | WindowFunction::Fill => false,
    })
}
