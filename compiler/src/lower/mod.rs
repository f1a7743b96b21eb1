//! Physical stages to StableHLO: one module per program and rung, and the manifest's description of each stage.
//!
//! A stage is lowered in two passes over the same code: the first discovers what its programs read and report (residents,
//! scalars, capacities, status sites), the second emits a program whose arguments are just those. What a stage keeps of its
//! rows is its strategy's business ([`crate::strategy`]).

mod ask;
mod buffers;
mod context;
mod expr;
mod host;
mod keys;
mod mesh;
mod passing;
mod probe;
mod program;
mod rows;
mod stage;

pub(crate) use buffers::product;
pub(crate) use context::{Cx, Lane, Rows};
pub(crate) use expr::{Scope, order_key};
pub(crate) use keys::{Runs, WordKey, join_word_count};
pub(crate) use mesh::reduction_sends;
pub(crate) use probe::Match;
pub(crate) use program::Given;
pub(crate) use rows::order_element;
pub(crate) use stage::{LoweredStage, StageLowering};

#[cfg(test)]
mod tests;
