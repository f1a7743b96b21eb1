//! What is known of a plan's rows and columns: the one place from which the optimizer and the planner decide.
//!
//! Everything here has an origin: what the plan proves whatever the data, what the program declares, or what is recorded of
//! the files bound at compile time. What is only recorded is an assumption, and whoever relies on it says so.

mod estimate;
mod facts;
mod order;
mod rows;
mod uniqueness;

pub use estimate::Estimates;
pub(crate) use estimate::in_order_of_weight;
pub use facts::Facts;
pub(crate) use facts::{MAX_ROWS, aggregate_interval, window_interval};
pub use order::{reads_order_of_inputs, rewrite_by_order};
pub use rows::{row_bound, row_estimate};
pub use uniqueness::{UniqueColumns, Uniqueness, is_unique, one_match};
