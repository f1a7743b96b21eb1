//! The devices that a target names.

use super::error::RunError;
use crate::artifact::{Platform, Target};
use crate::kernels;
use crate::pjrt::{self, Client, ClientOptions, Plugin};
use std::path::Path;

/// Loads the plugin of a target and opens as many of its devices as the target has.
///
/// The environment stays as it is, and so a plugin may log to stderr: [`pjrt::prepare_environment`] keeps it quiet.
///
/// # Errors
/// If no plugin is installed, or it fails.
pub fn open_client(target: &Target, plugin: Option<&Path>) -> Result<Client, RunError> {
    let path = pjrt::discover(target.platform, plugin)?;
    let plugin = Plugin::load(&path)?;
    match target.platform {
        Platform::Cpu => kernels::register(&plugin)?,
        Platform::Tpu | Platform::Cuda => {}
    }
    let client = Client::new(&plugin, &ClientOptions { platform: target.platform, devices: target.replicas });
    client.map_err(|error| match (target.platform, RunError::from(error)) {
        (Platform::Tpu | Platform::Cuda, RunError::Machine(mut problems)) => {
            let help = format!("the program is for {target}, which is not here; compile it with `--target cpu` too");
            problems = problems.into_iter().map(|problem| problem.help(help.clone())).collect();
            RunError::Machine(problems)
        }
        (_, error) => error,
    })
}
