//! Tests that run programs on the CPU plugin, which `DJ_CPU_PLUGIN` or `pip install` must provide.

mod discover;
mod execute;
mod layout;
mod overhead;
mod topology;

use std::sync::Arc;

use super::{AlignedBytes, Buffer, as_bytes, discover as find_plugin};
use super::{Client, ClientOptions, CompileOptions, Executable, HostData, HostScalar, Platform, Plugin};

pub(crate) fn cpu_plugin() -> Arc<Plugin> {
    let path = find_plugin(Platform::Cpu, None).unwrap_or_else(|error| panic!("{error}"));
    Plugin::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn cpu_client(devices: usize) -> Client {
    Client::new(&cpu_plugin(), &ClientOptions::cpu(devices)).unwrap()
}

/// Compiles quickly, not well.
pub(crate) fn compile(client: &Client, module: &str, replicas: usize) -> Executable {
    client
        .compile(module, &CompileOptions { optimization_level: Some(0), ..CompileOptions::replicated(replicas) })
        .unwrap()
}

pub(crate) fn vector<T: HostScalar>(client: &Client, values: &[T]) -> Buffer {
    vector_on(client, values, 0)
}

pub(crate) fn vector_on<T: HostScalar>(client: &Client, values: &[T], device: usize) -> Buffer {
    let dims = [i64::try_from(values.len()).unwrap()];
    let bytes = Arc::new(AlignedBytes::from_slice(values));
    client.buffer_from_host(HostData::Shared(bytes), T::ELEMENT, &dims, device).unwrap()
}

pub(crate) fn scalar<T: HostScalar>(client: &Client, value: T) -> Buffer {
    client.buffer_from_host(HostData::Copied(as_bytes(&[value])), T::ELEMENT, &[], 0).unwrap()
}
