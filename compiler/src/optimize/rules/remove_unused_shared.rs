//! A shared plan that nothing reads goes.

use super::inline_shared_once::{Readers, renumber};
use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::Program;

pub(in crate::optimize) struct RemoveUnusedShared;

impl Pass for RemoveUnusedShared {
    fn name(&self) -> &'static str {
        "remove_unused_shared"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        // From the last, because a plan that goes no longer reads earlier ones.
        for index in (0..program.shared.len()).rev() {
            let readers = Readers::of(&program, index);
            if readers.plans == 0 && readers.cells == 0 {
                program.shared.remove(index);
                renumber(&mut program, index);
            }
        }
        program
    }
}
