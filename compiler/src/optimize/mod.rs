//! The optimizer: a plan becomes a plan that gives the same rows for less.
//!
//! Rules are one file each, named for what they do, with their equation in the first line. `BATCHES` is the whole
//! registry: what runs, in which order, and why. The driver checks that every step keeps the schema, and verifies the
//! program after every step that changed it (in debug builds, and where asked).

mod driver;
mod expressions;
mod rules;
#[cfg(test)]
mod tests;

use crate::plan::{Program, UniqueColumns};
use driver::Direction::{Down, Up};
use driver::{Batch, Repeat, Step};

/// How to optimize.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether to verify the program after every step that changed it, in release builds too.
    pub verify: bool,
    /// Which columns of the bound files hold no value twice: an estimate, on which no result rests.
    pub unique: UniqueColumns<'a>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { verify: false, unique: &|_, _| false }
    }
}

/// Predicates sink and operators merge.
static SINK: &[Step] = &[
    Step::Rule(Up, &rules::FoldConstants),
    Step::Rule(Up, &rules::RemoveTrueFilter),
    Step::Rule(Up, &rules::MergeFilters),
    Step::Rule(Up, &rules::MergeProjects),
    Step::Rule(Up, &rules::RemoveIdentityProject),
    Step::Rule(Down, &rules::TurnLeftJoinIntoInner),
    Step::Rule(Down, &rules::TurnFilterIntoJoinKey),
    Step::Rule(Down, &rules::PushFilterThroughProject),
    Step::Rule(Down, &rules::PushFilterThroughJoin),
    Step::Rule(Down, &rules::PushResidualIntoJoinSides),
    Step::Rule(Down, &rules::PushFilterThroughUnion),
    Step::Rule(Down, &rules::PushFilterThroughSort),
    Step::Rule(Down, &rules::PushFilterThroughDistinct),
    Step::Rule(Down, &rules::PushFilterThroughAggregate),
    Step::Rule(Down, &rules::PushFilterThroughWindow),
    Step::Rule(Down, &rules::PushFilterIntoScan),
    Step::Rule(Down, &rules::PushTakeThroughProject),
    Step::Rule(Down, &rules::PushTakeThroughLeftJoin),
    Step::Rule(Down, &rules::PushTakeThroughUnion),
    Step::Rule(Up, &rules::ReuseWindowKeys),
    Step::Rule(Up, &rules::MergeWindows),
    Step::Rule(Up, &rules::MergeTakes),
    Step::Rule(Up, &rules::FuseSortTake),
    Step::Rule(Up, &rules::RemoveRedundantDistinct),
];

/// Everything that the optimizer does, in order.
static BATCHES: &[Batch] = &[
    // From above, so that a join sees where its build side is to be.
    Batch { name: "place", repeat: Repeat::Once, steps: &[Step::Rule(Down, &rules::PlaceBuilds)] },
    // Plans that are read once are inlined before anything else, so that filters and pruning pass through them.
    Batch {
        name: "inline",
        repeat: Repeat::Once,
        steps: &[Step::Pass(&rules::RemoveUnusedShared), Step::Pass(&rules::InlineSharedOnce)],
    },
    // Of a long pipeline whose every step adds a column most are read by one other step or by none: without them a
    // projection is as wide as what is read of it, and not as the pipeline is long.
    Batch { name: "narrow", repeat: Repeat::Once, steps: &[Step::Pass(&rules::PruneColumns)] },
    // A sort whose order nothing reads goes before it is fused with anything.
    Batch { name: "order", repeat: Repeat::Once, steps: &[Step::Pass(&rules::RemoveUnreadSort)] },
    // Predicates sink and operators merge. Each rule makes work for others (a folded constant frees a conjunct, which sinks
    // through a join, which becomes an inner one), so they repeat until all rest.
    Batch { name: "sink", repeat: Repeat::FixedPoint, steps: SINK },
    // What has sunk to one side of a join holds for the keys of the other, and sinks there.
    Batch { name: "copy", repeat: Repeat::Once, steps: &[Step::Pass(&rules::CopyFiltersAcrossJoins)] },
    Batch { name: "sink copies", repeat: Repeat::FixedPoint, steps: SINK },
    // Filters are where they stay, so what is equal now is equal for good; before columns are pruned for one reader each.
    Batch {
        name: "share",
        repeat: Repeat::FixedPoint,
        steps: &[Step::Pass(&rules::ShareEqualPlans), Step::Pass(&rules::ReadThroughShared)],
    },
    // What is left of filters says how many rows there are, and so in which order they are joined best.
    Batch { name: "joins", repeat: Repeat::Once, steps: &[Step::Pass(&rules::ReorderJoins)] },
    // The order of joins is settled, so it is known of which pairs groups are made.
    Batch { name: "aggregates", repeat: Repeat::Once, steps: &[Step::Pass(&rules::AggregateBelowJoin)] },
    // Columns that nothing reads any more go last, because sinking a filter may remove a column's only reader. What is left
    // of shared plans may then be read once.
    Batch {
        name: "prune",
        repeat: Repeat::Once,
        steps: &[
            Step::Pass(&rules::PruneColumns),
            Step::Pass(&rules::RemoveUnusedShared),
            Step::Pass(&rules::InlineSharedOnce),
        ],
    },
    // Pruning narrows rows with projections that merge with those above and below, and inlining brings filters next to
    // scans.
    Batch {
        name: "tidy",
        repeat: Repeat::FixedPoint,
        steps: &[
            Step::Rule(Up, &rules::MergeProjects),
            Step::Rule(Up, &rules::RemoveIdentityProject),
            Step::Rule(Up, &rules::MergeFilters),
            Step::Rule(Down, &rules::PushFilterThroughProject),
            Step::Rule(Down, &rules::PushFilterIntoScan),
        ],
    },
    // Sorts and joins are where they stay, so it is known who reads the order of rows.
    Batch { name: "free", repeat: Repeat::Once, steps: &[Step::Pass(&rules::FreeWindowOrder)] },
];

/// The program with its plans rewritten; exports keep their schemas, but for columns that turn out never to be null.
pub fn optimize(program: Program, options: &Options<'_>) -> Program {
    BATCHES.iter().fold(program, |program, batch| driver::run(batch, program, options))
}
