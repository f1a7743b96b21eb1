//! Who reads the order of rows.

use crate::plan::{Frame, JoinKind, Plan, Window, WindowFunction};
use dj_runtime::expr::Form;

/// For each input of an operator, whether the order of its rows shows in the operator's result, where `is_read` says whether
/// the order of that does.
pub fn reads_order_of_inputs<F: Form>(plan: &Plan<F>, is_read: bool) -> Vec<bool> {
    match plan {
        Plan::Scan(_) | Plan::Shared(_) => vec![],
        // Ties of a sort stay as they came.
        Plan::Filter(_) | Plan::Project(_) | Plan::Sort(_) | Plan::Shard(_) | Plan::Evaluate(_) => vec![is_read],
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
