//! What an executable was compiled with: it is used only where all of it is the same.

use crate::artifact::store::sha256;
use crate::artifact::{CompiledWith, Platform, Target};
use crate::pjrt::{Client, CompileOptions};

/// What this process compiles with.
pub fn compiled_with(target: &Target, client: &Client, options: &CompileOptions) -> CompiledWith {
    let plugin = client.plugin();
    let mut parts = vec![
        client.platform_name().to_owned(),
        client.platform_version().to_owned(),
        client.device_kind().to_owned(),
        format!("{:?}", plugin.api_version()),
        format!("{options:?}"),
        std::env::var("XLA_FLAGS").unwrap_or_default(),
    ];
    parts.extend(plugin.attributes().iter().map(|(name, value)| format!("{name}={value}")));
    // Two builds of a plugin may carry one version; their sizes tell them apart without reading hundreds of megabytes.
    parts.push(std::fs::metadata(plugin.path()).map_or(0, |file| file.len()).to_string());
    match target.platform {
        Platform::Cpu => parts.push(processor()),
        Platform::Tpu => {}
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
