//! `filter p (left join x y)` = `filter p (inner join x y)`, where `p` is not true of nulls from `y`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::conjuncts;
use crate::plan::{Filter, Join, JoinKind, Plan, SchemaColumn};
use dj_runtime::expr::{Expr, ExprKind, is_strict};

pub(in crate::optimize) struct TurnLeftJoinIntoInner;

impl Rule for TurnLeftJoinIntoInner {
    fn name(&self) -> &'static str {
        "turn_left_join_into_inner"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Join(join) if join.kind == JoinKind::Left && rejects_nulls(&predicate, &join.right.schema()) => {
                    let input = Box::new(Plan::Join(Join { kind: JoinKind::Inner, ..join }));
                    Rewritten::changed(Plan::Filter(Filter { input, predicate, span }))
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// Whether the predicate is null or false where all columns of `right` are null.
pub(super) fn rejects_nulls(predicate: &Expr, right: &[SchemaColumn]) -> bool {
    conjuncts(predicate.clone()).iter().any(|conjunct| {
        if let ExprKind::Not(operand) = &conjunct.kind
            && let ExprKind::IsNull(tested) = &operand.kind
        {
            return is_null_with(tested, right);
        }
        is_null_with(conjunct, right)
    })
}

/// Whether the expression is null where a column of `right` is.
pub(super) fn is_null_with(expr: &Expr, right: &[SchemaColumn]) -> bool {
    let reads_right = expr.columns().iter().any(|id| right.iter().any(|column| column.id == *id));
    reads_right && is_strict(expr)
}
