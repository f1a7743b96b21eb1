//! Where the executor gets a program's module from.

use super::ProgramId;
use std::borrow::Cow;

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    /// The artifact lacks it.
    #[error("there is no module for program {0}")]
    Missing(ProgramId),
    /// It could not be lowered.
    #[error("cannot lower program {id}: {reason}")]
    Lowering {
        /// The program.
        id: ProgramId,
        /// Why.
        reason: String,
    },
}

/// What an executable was compiled with; one compiled with anything else is not used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompiledWith {
    /// The target, as [`super::Target`] prints it.
    pub target: String,
    /// A fingerprint of the platform, the plugin's version and, on CPU, the processor's features: a plain file name.
    pub fingerprint: String,
}

/// The modules of a program: those of an opened artifact, or the compiler itself, which lowers them when asked.
pub trait Modules {
    /// The StableHLO text of a program.
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError>;

    /// A serialized executable of a program, if there is one that was compiled with just this.
    fn executable(&self, id: ProgramId, with: &CompiledWith) -> Option<Cow<'_, [u8]>> {
        let _ = (id, with);
        None
    }
}

/// Modules that are all at hand.
impl Modules for std::collections::BTreeMap<ProgramId, String> {
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError> {
        self.get(&id).map(|text| Cow::Borrowed(text.as_str())).ok_or(ModulesError::Missing(id))
    }
}
