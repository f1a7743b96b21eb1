//! `filter p (project c x)` = `project c (filter p[c] x)`
//!
//! Sinks filters towards the scan, so that fewer rows are read and every operator above sees less. The predicate sees the
//! rows that it saw before, so it may be one that can fail.

use super::merge_projects::inline;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::size;
use crate::plan::{Filter, Plan, Project};

pub(in crate::optimize) struct PushFilterThroughProject;

impl Rule for PushFilterThroughProject {
    fn name(&self) -> &'static str {
        "push_filter_through_project"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Project(project) => {
                    let inlined = inline(predicate.clone(), &project.items);
                    if size(&inlined) > MAX_SIZE {
                        let input = Box::new(Plan::Project(project));
                        return Rewritten::unchanged(Plan::Filter(Filter { input, predicate, span }));
                    }
                    let input = Box::new(Plan::Filter(Filter { input: project.input, predicate: inlined, span }));
                    Rewritten::changed(Plan::Project(Project { input, ..project }))
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// A predicate that would grow beyond this many nodes stays where it is.
const MAX_SIZE: usize = 256;
