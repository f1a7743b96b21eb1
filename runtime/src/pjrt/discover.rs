//! Finds the plugin of a platform: where an option or the environment says, or where `pip install` put it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::PjrtError;

/// A kind of device that programs run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// The processor, as one or several devices.
    Cpu,
    /// Google's Tensor Processing Units.
    Tpu,
    /// NVIDIA's GPUs.
    Cuda,
}

impl Platform {
    /// The name in options and in artifacts: `cpu`, `tpu`, `cuda`.
    pub const fn name(self) -> &'static str {
        match self {
            Platform::Cpu => "cpu",
            Platform::Tpu => "tpu",
            Platform::Cuda => "cuda",
        }
    }

    /// The environment variable that holds the path of the platform's plugin.
    pub const fn variable(self) -> &'static str {
        match self {
            Platform::Cpu => "DJ_CPU_PLUGIN",
            Platform::Tpu => "DJ_TPU_PLUGIN",
            Platform::Cuda => "DJ_CUDA_PLUGIN",
        }
    }

    /// The Python package that carries the plugin, as `pip install` takes it.
    pub const fn package(self) -> &'static str {
        match self {
            Platform::Cpu => "xla-cpu-pjrt==0.0.1",
            Platform::Tpu => "libtpu",
            Platform::Cuda => "jax-cuda13-pjrt",
        }
    }

    /// The plugin's path inside a folder of Python packages.
    const fn packaged(self) -> &'static str {
        match self {
            Platform::Cpu => "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
            Platform::Tpu => "libtpu/libtpu.so",
            Platform::Cuda => "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
        }
    }

    const fn file_name(self) -> &'static str {
        match self {
            Platform::Cpu => "xla_cpu_pjrt.so",
            Platform::Tpu => "libtpu.so",
            Platform::Cuda => "xla_cuda_plugin.so",
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The path of the platform's plugin.
///
/// An explicit path or the platform's environment variable decides alone. Otherwise the places are, in this order:
/// `$DJ_HOME/plugins`; the Python environment `.cache/venv` of the executable's folder and of its ancestors, as far as
/// nobody else writes there; `$VIRTUAL_ENV`; the user's and the system's Python packages; the system's library folders. The
/// working directory is none of them: a plugin is native code (`docs/decisions/0012-what-is-trusted.md`).
pub fn discover(platform: Platform, explicit: Option<&Path>) -> Result<PathBuf, PjrtError> {
    Surroundings::of_process(platform, explicit).search(platform)
}

/// What the search depends on.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) explicit: Option<PathBuf>,
    pub(super) variable: Option<PathBuf>,
    pub(super) dj_home: Option<PathBuf>,
    pub(super) executable: Option<PathBuf>,
    pub(super) virtual_env: Option<PathBuf>,
    pub(super) home: Option<PathBuf>,
    /// `/` but in tests.
    pub(super) root: PathBuf,
}

impl Surroundings {
    fn of_process(platform: Platform, explicit: Option<&Path>) -> Surroundings {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Surroundings {
            explicit: explicit.map(Path::to_path_buf),
            variable: variable(platform.variable()),
            dj_home: variable("DJ_HOME"),
            executable: std::env::current_exe().ok(),
            virtual_env: variable("VIRTUAL_ENV"),
            home: variable("HOME"),
            root: PathBuf::from("/"),
        }
    }

    pub(super) fn search(&self, platform: Platform) -> Result<PathBuf, PjrtError> {
        if let Some(path) = &self.explicit {
            return named(path, "no such file");
        }
        if let Some(path) = &self.variable {
            return named(path, &format!("no such file ({} names it)", platform.variable()));
        }
        let mut looked = Vec::new();
        for candidate in self.candidates(platform) {
            if candidate.is_file() {
                return Ok(candidate);
            }
            looked.push(candidate);
        }
        Err(PjrtError::NotInstalled { platform, looked })
    }

    fn candidates(&self, platform: Platform) -> Vec<PathBuf> {
        let mut candidates = Vec::new();
        if let Some(home) = &self.dj_home {
            candidates.push(home.join("plugins").join(platform.file_name()));
            candidates.push(home.join("plugins").join(platform.packaged()));
        }
        let mut environments: Vec<PathBuf> = Vec::new();
        let beside = self.executable.as_deref().map(guarded_ancestors).unwrap_or_default();
        environments.extend(beside.iter().map(|folder| folder.join(".cache/venv")).filter(|folder| folder.is_dir()));
        environments.extend(self.virtual_env.clone());
        environments.extend(self.home.as_ref().map(|home| home.join(".local")));
        environments.extend([self.root.join("usr/local"), self.root.join("usr")]);
        for environment in environments {
            candidates.extend(package_folders(&environment).into_iter().map(|folder| folder.join(platform.packaged())));
        }
        candidates.extend(["usr/lib", "usr/local/lib"].map(|lib| self.root.join(lib).join(platform.file_name())));
        let mut seen = std::collections::BTreeSet::new();
        candidates.retain(|candidate| seen.insert(candidate.clone()));
        candidates
    }
}

/// The folders above a program, up to the first in which someone else could put a file.
#[cfg(unix)]
fn guarded_ancestors(program: &Path) -> Vec<&Path> {
    use std::os::unix::fs::MetadataExt;
    const ALL_WRITE: u32 = 0o002;
    let Ok(own) = std::fs::metadata(program).map(|found| found.uid()) else { return Vec::new() };
    let is_guarded = |folder: &&Path| {
        std::fs::metadata(folder)
            .is_ok_and(|found| (found.uid() == own || found.uid() == 0) && found.mode() & ALL_WRITE == 0)
    };
    program.ancestors().skip(1).take_while(is_guarded).collect()
}

#[cfg(not(unix))]
fn guarded_ancestors(program: &Path) -> Vec<&Path> {
    program.ancestors().skip(1).collect()
}

fn named(path: &Path, otherwise: &str) -> Result<PathBuf, PjrtError> {
    if path.is_file() {
        Ok(path.to_path_buf())
    } else {
        Err(PjrtError::Load { path: path.to_path_buf(), reason: otherwise.to_owned() })
    }
}

/// The folders of Python packages in an environment, newest Python first; a pattern if there is none, so that the
/// error can name it.
fn package_folders(environment: &Path) -> Vec<PathBuf> {
    let lib = environment.join("lib");
    let mut pythons: Vec<(u32, PathBuf)> = std::fs::read_dir(&lib)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let minor = name.strip_prefix("python3")?.trim_start_matches('.');
            Some((minor.parse().unwrap_or(0), entry.path()))
        })
        .collect();
    pythons.sort_by(|a, b| b.cmp(a));
    if pythons.is_empty() {
        return vec![lib.join("python3*/site-packages")];
    }
    let folders =
        pythons.into_iter().flat_map(|(_, python)| ["site-packages", "dist-packages"].map(|f| python.join(f)));
    folders.filter(|folder| folder.is_dir()).collect()
}
