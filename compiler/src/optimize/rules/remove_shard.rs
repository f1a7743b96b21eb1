//! `shard k x` = `x`, on one device

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::Plan;

pub(in crate::optimize) struct RemoveShard;

impl Rule for RemoveShard {
    fn name(&self) -> &'static str {
        "remove_shard"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Shard(shard) => Rewritten::changed(*shard.input),
            other => Rewritten::unchanged(other),
        }
    }
}
