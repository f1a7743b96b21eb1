//! Why a stage has its strategy: kept by what chooses, told by `djc explain`.

use crate::plan::Uniqueness;
use crate::strategy::Addressing;

/// Why a stage has its strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Rows go on as they come.
    Streams,
    /// Without keys there is one group.
    OneGroup,
    /// Whether the keys of a group can address its state.
    Group(Addressing),
    /// Rows are buffered, and a table of texts and other keys would grow with them.
    Grows,
    /// There may be many matches: the build keys are not known to be unique.
    ManyMatches,
    /// Only sorted keys tell which row is nearest.
    Nearest,
    /// One match is enough, so it depends on whether the build keys can address a table.
    OneMatch {
        /// Why there is at most one; `None` where any match will do.
        unique: Option<Uniqueness>,
        /// Whether they can.
        addressing: Addressing,
    },
    /// Rows are shared out among devices, which a table of growing texts is not.
    Shared,
    /// `--strategy` asks for it.
    Forced,
    /// All rows are ordered.
    Order,
    /// What is computed of a row may need any other one.
    Window,
    /// So few rows are wanted that they are kept in order while the others pass.
    FewWanted,
    /// More rows are wanted than are kept in order while the others pass.
    ManyWanted {
        /// How many would be.
        limit: u64,
    },
}
