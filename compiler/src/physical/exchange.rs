//! How what the devices of a mesh have folded comes together.
//!
//! Chunks are dealt to the devices in turn, so each has some of the rows. A strategy says what its finish needs of them
//! ([`Together`]), and the planner inserts the [`Exchange`] that brings them.

use crate::encode::{SchemaColumn, SortKey};
use dj_runtime::artifact::Moves;

/// What the finish of a strategy needs of the rows, so that what the devices give is the result, or parts of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Together<'a> {
    /// Nothing: rows leave with each step.
    Apart,
    /// The states of all devices, merged.
    Merged,
    /// All rows with equal keys on one device.
    Keys(&'a [SchemaColumn]),
    /// Rows in order: those of a device before those of the next.
    Ordered(&'a [SortKey]),
    /// Rows where joins find them.
    Found,
}

/// Fewer slots than this are not worth a share of their own: a message costs as much as so many.
const LEAST_SHARE: u64 = 256;

/// What moves between the devices before the finish.
#[derive(Debug, Clone, PartialEq)]
pub enum Exchange {
    /// Nothing.
    None,
    /// All states are merged, on every device.
    Reduce,
    /// All states are merged, on each device those of its share of the slots.
    ReduceScatter,
    /// Every row goes to the device that a hash of its keys says.
    Hash(Vec<SchemaColumn>),
    /// Every row goes to the device of its range: ranges are chosen by a sample, and cut between rows, so that equal keys may be apart.
    Range(Vec<SortKey>),
    /// Every row goes to the first device.
    Gather,
    /// Every row goes to every device.
    Broadcast,
    /// Every row of a build side goes to the device that has its key, and joins ask that one.
    Share,
}

impl Exchange {
    /// What brings the rows together among several devices; `slots` is how many a state has of which a finish may take a part.
    ///
    /// Nobody needs a whole table of groups: its rows are read one after the other. So it is shared out, unless that takes longer than
    /// to merge it everywhere.
    pub(crate) fn among(devices: usize, together: Together<'_>, slots: Option<u64>) -> Self {
        if devices == 1 {
            return Self::None;
        }
        let shares = slots.is_some_and(|slots| slots >= LEAST_SHARE * devices as u64);
        match together {
            Together::Apart => Self::None,
            Together::Merged if shares => Self::ReduceScatter,
            Together::Merged => Self::Reduce,
            Together::Keys([]) => Self::Gather,
            Together::Keys(keys) => Self::Hash(keys.to_vec()),
            Together::Ordered(keys) => Self::Range(keys.to_vec()),
            Together::Found => Self::Broadcast,
        }
    }

    /// Whether it brings the rows together.
    pub(crate) fn meets(&self, together: Together<'_>) -> bool {
        match (together, self) {
            (Together::Apart, Self::None)
            | (Together::Merged, Self::Reduce | Self::ReduceScatter)
            | (Together::Found, Self::Broadcast | Self::Share)
            | (Together::Keys(_) | Together::Ordered(_), Self::Gather) => true,
            // Rows of equal keys are equal in some of them.
            (Together::Keys(keys), Self::Hash(by)) => !by.is_empty() && by.iter().all(|key| keys.contains(key)),
            (Together::Ordered(keys), Self::Range(by)) => keys == by,
            _ => false,
        }
    }

    /// Which rows move.
    pub(crate) fn moves(&self) -> Moves {
        match self {
            Self::None | Self::Reduce => Moves::None,
            Self::ReduceScatter => Moves::Scatter,
            Self::Hash(_) | Self::Range(_) => Moves::Partition,
            Self::Share => Moves::Share,
            Self::Gather => Moves::Gather,
            Self::Broadcast => Moves::Broadcast,
        }
    }
}
