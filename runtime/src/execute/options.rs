//! How to run, and on what.

use std::path::PathBuf;

/// How a session runs programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// States, results and tables may take this many bytes.
    pub memory_limit: u64,
    /// Whether executables are kept in, and taken from, the user's cache.
    pub use_cache: bool,
    /// Whether executables that come with the modules are loaded: native code, which nothing vouches for.
    pub use_packaged: bool,
    /// XLA's backend optimization level, 0 to 3; the plugin's own default if absent.
    pub optimization_level: Option<u8>,
    /// What the default bindings of tables are relative to, if not the working directory.
    pub base: Option<PathBuf>,
    /// Whether to wait for each program and keep its time.
    pub profile: bool,
    /// How often to run again with the input on the device.
    pub repeat: usize,
    /// Whether every chunk is folded into a state of its own, as another device would, and merged: for tests. The modules
    /// for it are lowered on demand, so that artifacts do not have them.
    pub merge_chunks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory_limit: super::account::default_memory_limit(),
            use_cache: true,
            use_packaged: true,
            optimization_level: None,
            base: None,
            profile: false,
            repeat: 0,
            merge_chunks: false,
        }
    }
}
