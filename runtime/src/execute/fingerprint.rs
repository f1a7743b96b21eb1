//! What an executable was compiled with: it is used only where all of it is the same.

use super::programs::quick_rule;
use crate::artifact::store::sha256;
use crate::artifact::{CompiledWith, Platform, Target};
use crate::pjrt::{Client, CompileOptions, PjrtError, Plugin, Topology};

/// What a client's programs are compiled with.
pub fn compiled_with(target: &Target, client: &Client, options: &CompileOptions) -> CompiledWith {
    let platform = [client.platform_name(), client.platform_version(), client.device_kind()];
    fingerprint(target, client.plugin(), &platform, options)
}

/// What programs for devices that are elsewhere are compiled with: the same as by a client of those devices.
///
/// # Errors
/// If the plugin does not tell.
pub fn compiled_for(target: &Target, topology: &Topology, options: &CompileOptions) -> Result<CompiledWith, PjrtError> {
    let platform = [topology.platform_name()?, topology.platform_version()?, topology.device_kind()?];
    Ok(fingerprint(target, topology.plugin(), &platform.each_ref().map(String::as_str), options))
}

fn fingerprint(target: &Target, plugin: &Plugin, platform: &[&str], options: &CompileOptions) -> CompiledWith {
    let mut parts: Vec<String> = platform.iter().map(|part| (*part).to_owned()).collect();
    parts.extend([
        format!("{:?}", plugin.api_version()),
        format!("{options:?}"),
        std::env::var("XLA_FLAGS").unwrap_or_default(),
    ]);
    parts.extend(plugin.attributes().iter().map(|(name, value)| format!("{name}={value}")));
    // Two builds of a plugin may carry one version; their sizes tell them apart without reading hundreds of megabytes.
    parts.push(std::fs::metadata(plugin.path()).map_or(0, |file| file.len()).to_string());
    match target.platform {
        Platform::Cpu => parts.extend([processor(), quick_rule()]),
        Platform::Tpu | Platform::Cuda => {}
    }
    let fingerprint = sha256(parts.join("\n").as_bytes())[..24].to_owned();
    CompiledWith { target: target.to_string(), fingerprint }
}

/// The processor's architecture and features: XLA:CPU compiles for just these.
fn processor() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = |name: &str| cpuinfo.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    format!("{} {} {} {}", std::env::consts::ARCH, line("model name"), line("flags"), line("Features"))
}
