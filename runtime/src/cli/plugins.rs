//! Plugins as commands load them.

use crate::artifact::Platform;
use crate::execute::RunError;
use crate::pjrt::{self, Plugin};
use std::path::Path;
use std::sync::Arc;

/// Loads the plugin of a platform, or the one that is named, in an environment that keeps it quiet.
///
/// libtpu says on stderr how it lies in memory while it is loaded, which is nothing to its users: that goes nowhere, unless `DJ_LOG=plugin`
/// asks for it.
///
/// # Errors
/// If no plugin is installed, or it fails.
pub fn load_plugin(platform: Platform, plugin: Option<&Path>) -> Result<Arc<Plugin>, RunError> {
    let path = pjrt::discover(platform, plugin)?;
    pjrt::prepare_environment(&path);
    let is_asked = std::env::var_os("DJ_LOG").is_some_and(|log| log == "plugin");
    let _silence = (platform == Platform::Tpu && !is_asked).then(Silence::begin);
    Ok(Plugin::load(&path)?)
}

/// While it lives, what is written to stderr goes nowhere.
struct Silence {
    #[cfg(unix)]
    stderr: Option<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl Silence {
    fn begin() -> Self {
        let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null");
        let kept = rustix::io::dup(std::io::stderr());
        let stderr = kept.ok().filter(|_| nowhere.is_ok_and(|nowhere| rustix::stdio::dup2_stderr(nowhere).is_ok()));
        Self { stderr }
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(stderr) = &self.stderr {
            // There is nowhere to tell that this fails.
            let _ = rustix::stdio::dup2_stderr(stderr);
        }
    }
}

#[cfg(not(unix))]
impl Silence {
    fn begin() -> Self {
        Self {}
    }
}
