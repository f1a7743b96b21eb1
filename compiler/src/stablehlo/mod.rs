//! Typed builders of StableHLO: the only place that knows how operations and their attributes are spelled, and the only
//! user of MLIR.
//!
//! A [`Context`] owns MLIR's memory, [`Module::build`] makes one program out of calls on a [`Builder`], and the result is
//! text in MLIR's generic form with source locations, which every PJRT plugin parses:
//!
//! ```ignore
//! let module = Module::build(&context.session(), "sum", &[Argument::new(TensorType::vector(Element::S64, 8))], |b, arguments| {
//!     vec![b.reduce_add(b.multiply(arguments[0], arguments[0]))]
//! })?;
//! ```
//!
//! Nothing newer than StableHLO 1.13 is emitted. A shape or type that does not fit is a bug of the caller: builders panic
//! with a message that names the operation and the operand types, at the caller's line.

mod types;

mod builder;
mod module;
mod print;

mod collective;
mod constant;
mod control;
mod custom_call;
mod elementwise;
mod kept;
mod math;
mod reduce;
mod scan;
mod scatter;
mod shape;
mod sort;

#[cfg(test)]
mod tests;

pub use dj_runtime::pjrt::{Element, Platform};

pub use builder::{Builder, Location, Value};
pub use collective::CollectiveMode;
pub use custom_call::CustomCall;
pub use elementwise::Direction;
pub use kept::Reader;
pub use module::{Argument, BuildError, Context, Module, Session};
pub use reduce::Combiner;
pub use scatter::Indices;
pub use types::TensorType;
