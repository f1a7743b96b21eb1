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
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { replicas: 1, optimization_level: None }
    }
}

impl CompileOptions {
    /// Options for a program of this many replicas.
    pub fn replicated(replicas: usize) -> CompileOptions {
        CompileOptions { replicas, ..CompileOptions::default() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let level = self.optimization_level.map(|level| {
            ("xla_backend_optimization_level".to_owned(), OptionOverride { integer: Some(i64::from(level)) })
        });
        CompileOptionsProto {
            executable_build_options: Some(ExecutableBuildOptions {
                device_ordinal: -1,
                num_replicas: i64::try_from(self.replicas).unwrap_or(i64::MAX),
                num_partitions: 1,
            }),
            env_option_overrides: level.into_iter().collect(),
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

/// A value for one debug option; the integer member of a `oneof`.
#[derive(Clone, PartialEq, Message)]
struct OptionOverride {
    #[prost(int64, optional, tag = "3")]
    integer: Option<i64>,
}
