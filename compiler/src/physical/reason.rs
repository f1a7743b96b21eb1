//! Why a stage has its strategy: kept by what chooses, told by `djc explain`.

use super::KeyDim;
use crate::plan::Uniqueness;

/// Why a stage has its strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Rows go on as they come.
    Streams,
    /// Without keys there is one group.
    OneGroup,
    /// Whether the keys of a group can address its state.
    Group(Addressing),
    /// There may be many matches: the build keys are not known to be unique.
    ManyMatches,
    /// One match is enough, so it depends on whether the build keys can address a table.
    OneMatch {
        /// Why there is at most one; `None` where any match will do.
        unique: Option<Uniqueness>,
        /// Whether they can.
        addressing: Addressing,
    },
    /// All rows are ordered.
    Order,
    /// So few rows are wanted that they are kept in order while the others pass.
    FewWanted,
    /// More rows are wanted than are kept in order while the others pass.
    ManyWanted {
        /// How many would be.
        limit: u64,
    },
}

/// Whether keys can address a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressing {
    /// They do.
    Dense(Vec<KeyDim>),
    /// A key has no bounded domain.
    Unbounded {
        /// Its position among the keys.
        key: usize,
    },
    /// There are more slots than are worth it.
    TooManySlots {
        /// What the keys are.
        dims: Vec<KeyDim>,
        /// How many slots would be worth it.
        limit: u64,
    },
}

impl Addressing {
    /// The keys' domains, if they address a table.
    pub(super) fn dense(&self) -> Option<&[KeyDim]> {
        match self {
            Self::Dense(dims) => Some(dims),
            Self::Unbounded { .. } | Self::TooManySlots { .. } => None,
        }
    }
}
