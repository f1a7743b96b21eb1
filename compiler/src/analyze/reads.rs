//! The expressions that the operators of a plan evaluate.

use crate::plan::Plan;
use dj_runtime::expr::Expr;

/// The expressions of one operator, not of its inputs.
pub(super) fn expressions(plan: &Plan) -> Vec<&Expr> {
    match plan {
        Plan::Scan(scan) => scan.predicates.iter().collect(),
        Plan::Filter(filter) => vec![&filter.predicate],
        Plan::Project(project) => project.items.iter().map(|item| &item.expr).collect(),
        Plan::Aggregate(aggregate) => {
            let of = aggregate.aggregates.iter();
            of.flat_map(|aggregate| aggregate.argument.iter().chain(&aggregate.filter)).collect()
        }
        Plan::Join(join) => join.on.iter().flat_map(|(a, b)| [a, b]).chain(&join.residual).collect(),
        Plan::Sort(sort) => sort.keys.iter().map(|key| &key.expr).collect(),
        Plan::TopK(top) => top.keys.iter().map(|key| &key.expr).collect(),
        Plan::Take(_) | Plan::Distinct(_) | Plan::Union(_) | Plan::Shared(_) => Vec::new(),
    }
}
