//! What runs together, and in which order.

use super::{At, Verified};
use crate::artifact::{Stage, Variant};

/// The passes of a variant whose stages were verified.
pub(super) fn verify(variant: &Variant, at: At<'_>) -> Verified {
    let mut done = vec![false; variant.stages.len()];
    for pass in &variant.passes {
        let mut stages = Vec::new();
        for stage in pass {
            let spec = at.get(21, &variant.stages, *stage, "stage")?;
            let early = spec.results_read().into_iter().find(|from| !done[*from]);
            at.must(21, early.is_none(), || format!("stage {stage} reads stage {early:?} before it has run"))?;
            stages.push(spec);
        }
        at.must(21, is_one_reading(&stages), || format!("the stages {pass:?} are not of one reading"))?;
        for stage in pass {
            at.must(21, !done[*stage], || format!("stage {stage} is in several passes"))?;
            done[*stage] = true;
        }
    }
    let left = done.iter().position(|done| !done);
    at.must(21, left.is_none(), || format!("stage {left:?} is in no pass"))
}

/// Whether one reading serves all stages.
fn is_one_reading(stages: &[&Stage]) -> bool {
    let read = |stage: &Stage| match &stage.drivers[..] {
        [driver] => Some((driver.source, stage.chunk_rows)),
        _ => None,
    };
    match stages {
        [] => false,
        [_] => true,
        [first, rest @ ..] => read(first).is_some() && rest.iter().all(|stage| read(stage) == read(first)),
    }
}
