//! `join x (shard k y)` = `join x y`, of which `y` is placed so; `shard k x` = `x` elsewhere, as operators bring rows together themselves

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::{Partitioning, Placement, Plan};

pub(in crate::optimize) struct PlaceBuilds;

impl Rule for PlaceBuilds {
    fn name(&self) -> &'static str {
        "place_builds"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        let (mut plan, wanted) = unplaced(plan);
        let mut changed = wanted.is_some();
        if let Plan::Join(join) = &mut plan
            && let Plan::Shard(_) = &*join.right
        {
            let (right, wanted) = unplaced((*join.right).clone());
            *join.right = right;
            join.placement = wanted.unwrap_or(join.placement);
            changed = true;
        }
        Rewritten { plan, changed }
    }
}

/// A plan without what says where its rows are to be, and the last of that.
fn unplaced(mut plan: Plan) -> (Plan, Option<Placement>) {
    let mut wanted = None;
    while let Plan::Shard(shard) = plan {
        let placement = match shard.partitioning {
            Partitioning::Hash(_) => Placement::SharedOut,
            Partitioning::Replicated => Placement::Everywhere,
        };
        wanted.get_or_insert(placement);
        plan = *shard.input;
    }
    (plan, wanted)
}
