//! The order of rows: which integers say where a row stands, and which stages rely on how their chunks arrive.
//!
//! A row's place among those of its stage is a list of integers, compared one after the other: the driver, the row's number,
//! and the number of the match where a join gives several. A step makes them for the sinks that read them ([`RowOrder`]):
//! those sinks may be given chunks in any order.
//!
//! The other strategies that keep an order take rows as they come (`Strategy::relies_on_arrival`): a sort is stable, so that ties
//! stay as they arrived. That is a requirement, which a stage's [`Arrival`] must meet. Carrying the order in their buffers
//! too would cost more than it gives while one device reads one input after the other.

use super::{Driver, Op, Probe, Stage};
use crate::strategy::Matches;

/// How a stage's chunks arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The drivers one after the other, and of each the rows in their order: one device reads one input.
    InOrder,
    /// As it happens: from several devices, or from disk.
    Any,
}

/// The integers that say where a row stands among those of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowOrder {
    /// Whether there are several drivers, so that which one it is counts first.
    pub drivers: bool,
    /// Whether a row may have several matches, so that which one it is counts after the row's number.
    pub matches: bool,
}

/// One of the integers of a [`RowOrder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPart {
    /// Which driver a row comes from.
    Driver,
    /// The row's number among those of its driver.
    Row,
    /// Which of the row's matches it is.
    Match,
}

impl RowOrder {
    /// The parts, the most significant first.
    pub(crate) fn parts(self) -> Vec<OrderPart> {
        let driver = self.drivers.then_some(OrderPart::Driver);
        driver.into_iter().chain([OrderPart::Row]).chain(self.matches.then_some(OrderPart::Match)).collect()
    }
}

impl Stage {
    /// The order that a step must know of its rows, if the sink reads it.
    pub(crate) fn row_order(&self) -> Option<RowOrder> {
        let order = RowOrder { drivers: self.drivers.len() > 1, matches: self.drivers.iter().any(Driver::expands) };
        self.sink.strategy().reads_order().then_some(order)
    }
}

impl Driver {
    /// Whether one row may become several.
    pub(crate) fn expands(&self) -> bool {
        self.ops.iter().any(Op::expands)
    }
}

impl Op {
    /// Whether one row may become several.
    pub(crate) fn expands(&self) -> bool {
        matches!(self, Self::Probe(Probe { matches: Matches::Many, .. }))
    }
}
