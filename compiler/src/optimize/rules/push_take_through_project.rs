//! `take n (project c x)` = `project c (take n x)`
//!
//! Computes only what is taken, and brings a take next to the sort that it fuses with.

use crate::optimize::driver::{Rewritten, Rule, RuleContext};

use crate::plan::{Plan, Project, Take};

pub(in crate::optimize) struct PushTakeThroughProject;

impl Rule for PushTakeThroughProject {
    fn name(&self) -> &'static str {
        "push_take_through_project"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Take(mut take) => match *take.input {
                Plan::Project(project) => {
                    take.input = project.input;
                    let input = Box::new(Plan::Take(take));
                    Rewritten::changed(Plan::Project(Project { input, ..project }))
                }
                other => Rewritten::unchanged(Plan::Take(Take { input: Box::new(other), ..take })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}
