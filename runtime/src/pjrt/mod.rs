//! A thin safe layer over the PJRT C API: plugins, clients, executables, buffers and topologies.
//!
//! A [`Plugin`] is a shared library; it makes a [`Client`] with N devices, or compiles for a [`Topology`] whose devices
//! are elsewhere. A client compiles StableHLO text into an [`Executable`] of R replicas, which turns one list of
//! [`Buffer`]s per replica into another. Work is asynchronous: an error of a program shows where its outputs are read
//! ([`Buffer::to_host`]) or awaited ([`Buffer::wait`]), and every program that consumes such an output fails too.

mod abi;
mod api;
mod buffer;
mod bytes;
mod client;
mod discover;
mod element;
mod error;
mod event;
mod executable;
mod options;
mod plugin;
mod structs;
mod topology;

#[cfg(test)]
pub(crate) mod tests;

pub use api::Attribute;
pub use buffer::{Buffer, HostData};
pub use bytes::{ALIGNMENT, AlignedBytes, as_bytes};
pub use client::{Client, ClientOptions};
pub use discover::{Platform, discover};
pub use element::{Element, HostScalar, Shape};
pub use error::{ErrorCode, PjrtError};
pub use event::Event;
pub use executable::{Argument, Executable};
pub use options::CompileOptions;
pub use plugin::{FfiHandler, Plugin, prepare_environment};
pub use topology::{CompiledExecutable, MemoryStats, Topology};
