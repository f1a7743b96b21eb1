//! The list of strategies.

use super::{Collect, Dense, Emit, GroupSort, Lookup, Mark, Merge, Reduce, Sort, Strategy, TopK, Window};

/// Where a stage's rows go.
#[derive(Debug, Clone, PartialEq)]
pub enum Sink {
    /// Out, chunk by chunk.
    Emit(Emit),
    /// Into one group.
    Reduce(Reduce),
    /// Into groups that their keys address.
    Dense(Dense),
    /// Into a buffer that is sorted by the keys of groups.
    GroupSort(GroupSort),
    /// Into groups that their keys address, and tables of the values that they have.
    Mark(Mark),
    /// Into a buffer whose values are put in order within their groups.
    Collect(Collect),
    /// Into a buffer that is sorted at the end.
    Sort(Sort),
    /// Into a buffer of the first rows of an order.
    TopK(TopK),
    /// Into a buffer, beside which columns are computed at the end.
    Window(Window),
    /// Into a table that the keys of a join address.
    Lookup(Lookup),
    /// Into a buffer that is sorted by the keys of a join.
    Merge(Merge),
}

impl Sink {
    /// How the rows are folded.
    pub(crate) fn strategy(&self) -> &dyn Strategy {
        match self {
            Self::Emit(strategy) => strategy,
            Self::Reduce(strategy) => strategy,
            Self::Dense(strategy) => strategy,
            Self::GroupSort(strategy) => strategy,
            Self::Mark(strategy) => strategy,
            Self::Collect(strategy) => strategy,
            Self::Sort(strategy) => strategy,
            Self::TopK(strategy) => strategy,
            Self::Window(strategy) => strategy,
            Self::Lookup(strategy) => strategy,
            Self::Merge(strategy) => strategy,
        }
    }
}
