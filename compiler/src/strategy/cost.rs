//! What a strategy takes, as far as the planner compares.

use crate::encode::Dictionaries;

/// What is known of what is to be folded.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The dictionaries, which say how many texts there may be.
    pub(crate) dictionaries: &'a Dictionaries,
}

/// Nanoseconds of one core, as measured on db-benchmark. What all strategies for one operator have in common is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// For each row.
    pub(crate) row: u64,
    /// Once, however many rows there are.
    pub(crate) once: u64,
}

impl Cost {
    /// For so many rows.
    pub(crate) fn of(self, rows: u64) -> u64 {
        self.row.saturating_mul(rows).saturating_add(self.once)
    }
}
