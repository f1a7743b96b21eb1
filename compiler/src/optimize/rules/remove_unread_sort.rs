//! `aggregate k (sort o x)` = `aggregate k x`, where no aggregate reads the order

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Aggregate, Plan};

pub(in crate::optimize) struct RemoveUnreadSort;

impl Rule for RemoveUnreadSort {
    fn name(&self) -> &'static str {
        "remove_unread_sort"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Aggregate(aggregate) if !reads_order(&aggregate) => {
                let mut changed = false;
                let input = Box::new(without_sort(*aggregate.input, &mut changed));
                Rewritten { plan: Plan::Aggregate(Aggregate { input, ..aggregate }), changed }
            }
            other => Rewritten::unchanged(other),
        }
    }
}

fn reads_order(aggregate: &Aggregate) -> bool {
    aggregate.aggregates.iter().any(|item| item.function.reads_order())
}

/// The same rows in any order: sorts go as long as nothing between reads positions.
fn without_sort(plan: Plan, changed: &mut bool) -> Plan {
    match plan {
        Plan::Sort(sort) => {
            *changed = true;
            without_sort(*sort.input, changed)
        }
        Plan::Filter(mut filter) => {
            filter.input = Box::new(without_sort(*filter.input, changed));
            Plan::Filter(filter)
        }
        Plan::Project(mut project) => {
            project.input = Box::new(without_sort(*project.input, changed));
            Plan::Project(project)
        }
        other => other,
    }
}
