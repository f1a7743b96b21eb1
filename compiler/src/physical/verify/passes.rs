//! What runs together: (P17).

use super::{Verified, Verifier, require};
use crate::physical::Stage;

impl Verifier<'_> {
    pub(super) fn passes(&self) -> Verified {
        let stages = &self.variant.stages;
        let mut done = vec![false; stages.len()];
        for (index, pass) in self.variant.passes.iter().enumerate() {
            let known = !pass.is_empty() && pass.iter().all(|stage| *stage < stages.len());
            require(known, || format!("(P17) pass {index} is of stages {pass:?}"))?;
            self.together(index, pass)?;
            for stage in pass {
                let read = stages[*stage].results_read(&self.variant.shared);
                let early = read.into_iter().find(|from| !done[*from]);
                require(early.is_none(), || format!("(P17) stage {stage} reads stage {early:?} too early"))?;
            }
            for stage in pass {
                require(!done[*stage], || format!("(P17) stage {stage} is in several passes"))?;
                done[*stage] = true;
            }
        }
        let left = done.iter().position(|done| !done);
        require(left.is_none(), || format!("(P17) stage {left:?} is in no pass"))
    }

    /// Whether one reading serves all stages of a pass.
    fn together(&self, index: usize, pass: &[usize]) -> Verified {
        let stages: Vec<&Stage> = pass.iter().map(|stage| &self.variant.stages[*stage]).collect();
        if stages.len() == 1 {
            return Ok(());
        }
        let read = |stage: &Stage| match &stage.drivers[..] {
            [driver] => Some((driver.source, stage.chunk_rows)),
            _ => None,
        };
        let first = read(stages[0]);
        let same = first.is_some() && stages.iter().all(|stage| read(stage) == first);
        require(same, || format!("(P17) the stages {pass:?} of pass {index} are not of one reading"))
    }
}
