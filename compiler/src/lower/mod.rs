//! Physical stages to StableHLO: one module per program and rung, and the manifest's description of each stage.
//!
//! A stage is lowered in two passes over the same code: the first discovers what its programs read and report (residents,
//! scalars, capacities, status sites), the second emits a program whose arguments are just those.

mod accumulate;
mod context;
mod expr;
mod host;
mod keys;
mod passing;
mod probe;
mod program;
mod rows;
mod sink;
mod stage;

pub(crate) use stage::{LoweredStage, StageLowering};

#[cfg(test)]
mod tests;
