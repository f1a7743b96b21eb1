//! `project (columns of x) x` = `x`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::Plan;

pub(in crate::optimize) struct RemoveIdentityProject;

impl Rule for RemoveIdentityProject {
    fn name(&self) -> &'static str {
        "remove_identity_project"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Project(project) => {
                let schema = project.input.schema();
                let same = schema.len() == project.items.len()
                    && schema
                        .iter()
                        .zip(&project.items)
                        .all(|(column, item)| column.id == item.id && item.expr.as_column() == Some(item.id));
                if same { Rewritten::changed(*project.input) } else { Rewritten::unchanged(Plan::Project(project)) }
            }
            other => Rewritten::unchanged(other),
        }
    }
}
