//! `take n (left join x y)` = `left join (take n x) y`, where no row of `x` has two matches
//!
//! The rows of `x` come out once each, in their order, so the first of them are known before `y` is looked at: of those in an
//! order only so many are kept. A `take` goes down only to a sort, because rows that stream end with the last that is taken
//! anyway; the first rows of an order do wherever its keys are of `x`.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::reads_only;
use crate::plan::{Join, JoinKind, Plan, SharedPlan, Take, TopK, one_match};

pub(in crate::optimize) struct PushTakeThroughLeftJoin;

impl Rule for PushTakeThroughLeftJoin {
    fn name(&self) -> &'static str {
        "push_take_through_left_join"
    }

    fn rewrite(&self, plan: Plan, context: &RuleContext<'_>) -> Rewritten {
        let shared = &context.program.shared;
        match plan {
            Plan::Take(take) => match *take.input {
                Plan::Join(join) if keeps_rows(&join, shared) && ends_in_sort(&join.left, shared) => {
                    let left = Box::new(Plan::Take(Take { input: join.left, ..take }));
                    Rewritten::changed(Plan::Join(Join { left, ..join }))
                }
                other => Rewritten::unchanged(Plan::Take(Take { input: Box::new(other), ..take })),
            },
            Plan::TopK(top) => match *top.input {
                Plan::Join(join) if keeps_rows(&join, shared) && reads_left(&top.keys, &join) => {
                    let left = Box::new(Plan::TopK(TopK { input: join.left, ..top }));
                    Rewritten::changed(Plan::Join(Join { left, ..join }))
                }
                other => Rewritten::unchanged(Plan::TopK(TopK { input: Box::new(other), ..top })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// Whether a join gives each of its left rows once.
fn keeps_rows(join: &Join, shared: &[SharedPlan]) -> bool {
    join.kind == JoinKind::Left && one_match(join, shared, &|_, _| false).is_some()
}

fn reads_left(keys: &[crate::plan::SortKey], join: &Join) -> bool {
    let left = join.left.schema();
    keys.iter().all(|key| reads_only(&key.expr, &left))
}

/// Whether the plan puts all its rows in order before the first comes out, and a `take` would get to where it does.
pub(super) fn ends_in_sort(plan: &Plan, shared: &[SharedPlan]) -> bool {
    match plan {
        Plan::Sort(_) => true,
        Plan::Project(project) => ends_in_sort(&project.input, shared),
        Plan::Join(join) => keeps_rows(join, shared) && ends_in_sort(&join.left, shared),
        Plan::Union(union) => union.inputs.iter().any(|(input, _)| ends_in_sort(input, shared)),
        _ => false,
    }
}
