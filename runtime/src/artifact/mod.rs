//! The artifact: what the compiler hands to the runtime.
//!
//! [`manifest`] says what to run, [`verify`] what must hold of it, [`abi`] what its programs take and give, [`store`] writes
//! and reads the `.djx` file that holds it with the modules, and [`Modules`] is how the executor asks for a program's text,
//! whether it comes from a file or from the compiler.

pub mod abi;
mod error;
pub mod exchange;
mod limits;
pub mod manifest;
mod modules;
mod reader;
pub mod stage;
pub mod store;
pub mod verify;

pub use abi::{Abi, Part, Slot, SlotKind};
pub use error::ArtifactError;
pub use exchange::{Exchange, Moves};
pub use manifest::*;
pub use modules::{CompiledWith, Modules, ModulesError, program_key};
pub use reader::{Artifact, ArtifactModules};
pub use stage::*;
pub use store::{Contents, Executable, ProgramContents};
pub use verify::{MAX_CHUNK_ROWS, MAX_REPLICAS, ManifestError};
