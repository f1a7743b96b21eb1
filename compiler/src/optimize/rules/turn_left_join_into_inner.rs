//! `filter p (left join x y)` = `filter p (inner join x y)`, where `p` is not true of nulls from `y`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::rejects_nulls;
use crate::plan::{Filter, Join, JoinKind, Plan};

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
