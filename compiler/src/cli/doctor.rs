//! `djc doctor`: what is installed, what is missing and how to get it.

use super::args;
use super::output::print;
use dj_runtime::execute::{Exit, default_memory_limit, show_bytes};
use dj_runtime::pjrt::{Client, ClientOptions, PjrtError, Platform, Plugin, discover};
use std::path::PathBuf;

/// Prints what there is; fails if programs cannot be run here.
pub(super) fn doctor(_: &args::Doctor) -> Exit {
    let mut text = format!("djc        {}\n", env!("CARGO_PKG_VERSION"));
    text.push_str(&format!("processor  {}\n", processor()));
    text.push_str(&format!("memory     {} for states and results\n", show_bytes(default_memory_limit())));
    text.push_str(&format!("cache      {}\n", cache()));
    let cpu = cpu_plugin();
    let runs = cpu.is_ok();
    text.push_str(&section("cpu", cpu));
    for platform in [Platform::Tpu, Platform::Cuda] {
        let found = discover(platform, None).map(|path| Found { path, facts: "found".to_owned() });
        text.push_str(&section(platform.name(), found));
    }
    text.push_str(if runs {
        "Programs can be compiled and run. LLVM is part of djc and djrun does without; neither needs Python.\n"
    } else {
        "Programs can be checked and compiled, but not run, before the cpu plugin is installed.\n"
    });
    match (print(&text), runs) {
        (Exit::Done, false) => Exit::Machine,
        (exit, _) => exit,
    }
}

/// What a plugin says of itself.
struct Found {
    path: PathBuf,
    facts: String,
}

/// The CPU's plugin, asked. Others are not: they write logs wherever they are loaded, and there may be no device.
fn cpu_plugin() -> Result<Found, PjrtError> {
    let path = discover(Platform::Cpu, None)?;
    dj_runtime::pjrt::prepare_environment(&path);
    let plugin = Plugin::load(&path)?;
    let (major, minor) = plugin.api_version();
    let client = Client::new(&plugin, &ClientOptions::cpu(1))?;
    let facts = format!("PJRT {major}.{minor}, {} {}", client.platform_name(), client.platform_version());
    Ok(Found { path, facts })
}

fn section(platform: &str, found: Result<Found, PjrtError>) -> String {
    match found {
        Ok(found) => format!("{platform:<10} {}\n           {}\n", found.facts, found.path.display()),
        Err(error) => {
            let text: Vec<String> = error.to_string().lines().map(|line| format!("           {line}")).collect();
            format!("{platform:<10} not available\n{}\n", text.join("\n"))
        }
    }
}

/// The features that decide which executables fit this processor.
fn processor() -> String {
    let mut features = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let known = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ];
        features.extend(known.iter().filter(|(_, found)| *found).map(|(name, _)| *name));
    }
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} with {count} threads", features.join(" "))
}

/// Where compiled programs are kept.
fn cache() -> String {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    base.map_or_else(
        || "none: neither XDG_CACHE_HOME nor HOME is set".to_owned(),
        |base| base.join("dj/exe").display().to_string(),
    )
}
