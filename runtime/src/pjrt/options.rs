//! Compile options, written as XLA's `CompileOptionsProto`.

use std::collections::BTreeMap;

use prost::Message;

/// How a module is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileOptions {
    /// How many devices run the program together, each with its own arguments; collectives join them.
    pub replicas: usize,
    /// The backend's optimization level, 0 to 3; `None` leaves the plugin's default. Level 0 compiles faster and runs
    /// slower.
    pub optimization_level: Option<u8>,
    /// On CPU: half the time to compile, for scatters and gathers that take up to twice as long. Other operations take as long, and
    /// all but `stablehlo.tan` give the same bits (decision 17).
    pub quick: bool,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { replicas: 1, optimization_level: None, quick: false }
    }
}

impl CompileOptions {
    /// Options for a program of this many replicas.
    pub fn replicated(replicas: usize) -> CompileOptions {
        CompileOptions { replicas, ..CompileOptions::default() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let integer = |value| OptionOverride { boolean: None, integer: Some(value) };
        let level = self.optimization_level.map(|level| ("xla_backend_optimization_level", integer(level.into())));
        let no_emitters = ("xla_cpu_use_fusion_emitters", OptionOverride { boolean: Some(false), integer: None });
        // Modules are compiled side by side already; each part of one starts a compiler of its own.
        let one_part = ("xla_cpu_parallel_codegen_split_count", integer(1));
        let quick = if self.quick { vec![no_emitters, one_part] } else { vec![] };
        let overrides = level.into_iter().chain(quick).map(|(name, value)| (name.to_owned(), value));
        CompileOptionsProto {
            executable_build_options: Some(ExecutableBuildOptions {
                device_ordinal: -1,
                num_replicas: i64::try_from(self.replicas).unwrap_or(i64::MAX),
                num_partitions: 1,
            }),
            env_option_overrides: overrides.collect(),
        }
        .encode_to_vec()
    }
}

#[derive(Clone, PartialEq, Message)]
struct CompileOptionsProto {
    #[prost(message, optional, tag = "3")]
    executable_build_options: Option<ExecutableBuildOptions>,
    #[prost(btree_map = "string, message", tag = "7")]
    env_option_overrides: BTreeMap<String, OptionOverride>,
}

#[derive(Clone, PartialEq, Message)]
struct ExecutableBuildOptions {
    /// -1: any device.
    #[prost(int64, tag = "1")]
    device_ordinal: i64,
    #[prost(int64, tag = "4")]
    num_replicas: i64,
    #[prost(int64, tag = "5")]
    num_partitions: i64,
}

/// A value for one debug option: one of these.
#[derive(Clone, PartialEq, Message)]
struct OptionOverride {
    #[prost(bool, optional, tag = "2")]
    boolean: Option<bool>,
    #[prost(int64, optional, tag = "3")]
    integer: Option<i64>,
}
