//! The order of rows: which integers say where a row stands, and which stages rely on how their chunks arrive.
//!
//! A row's place among those of its stage is a list of integers, compared one after the other: the driver, the row's number,
//! and the number of the match where a join gives several. A step makes them for the sinks that read them ([`RowOrder`]):
//! those sinks may be given chunks in any order.
//!
//! The other strategies that keep an order take rows as they come (`Strategy::relies_on_arrival`): a sort is stable, so that ties
//! stay as they arrived. That is a requirement, which a stage's [`Arrival`] must meet. One device reads one input after the other,
//! and nothing has to be kept for it. Among several, rows that are buffered keep their places ([`Stage::places`]), by which they
//! are put in order before the finish.

use super::{Driver, Exchange, Op, Probe, Stage};
use crate::strategy::Matches;

/// How a stage's chunks arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The drivers one after the other, and of each the rows in their order: one device reads one input.
    InOrder,
    /// Dealt to several devices.
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
    /// The order that a step must know of its rows, if the sink reads it or keeps it.
    pub(crate) fn row_order(&self) -> Option<RowOrder> {
        (self.sink.strategy().reads_order() || self.keeps_places()).then(|| self.order())
    }

    /// The parts of the order that the state keeps of every row, because rows arrive in none and the finish relies on one.
    pub(crate) fn places(&self) -> Vec<OrderPart> {
        if self.keeps_places() { self.order().parts() } else { vec![] }
    }

    /// Whether there are any.
    pub(crate) fn keeps_places(&self) -> bool {
        let strategy = self.sink.strategy();
        self.arrival == Arrival::Any && strategy.relies_on_arrival() && !strategy.emits()
    }

    /// The parts of the order by which the host puts the rows of all devices together: that in which they came, where the result
    /// keeps it and devices have parts of it.
    pub(crate) fn result_places(&self) -> Vec<OrderPart> {
        let are_out = matches!(self.exchange, Exchange::Hash(_)) && self.sink.strategy().keeps_order();
        if are_out { self.places() } else { vec![] }
    }

    fn order(&self) -> RowOrder {
        RowOrder { drivers: self.drivers.len() > 1, matches: self.drivers.iter().any(Driver::expands) }
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
