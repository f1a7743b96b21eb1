//! The `.djx` file: a zip of the manifest, the modules, executables, the plans and the source.
//!
//! ```text
//! manifest.json                          format, and per target the manifest and which program has which module
//! source.dj
//! plans/NAME.txt
//! modules/PLATFORM/SHA256.mlir           programs with the same text share a member
//! exe/TARGET/FINGERPRINT/KEY.bin         KEY is the `program_key` of the module that it was compiled from
//! checksums.json                         SHA-256 of every member before it
//! ```
//!
//! The checksums find damage; who can write an artifact can write them. Nothing vouches for an executable, which is native
//! code: see `docs/decisions/0012-what-is-trusted.md`.
//!
//! The same contents give the same bytes: members stand in this order, sorted by name, with one fixed time.

use super::limits;
use super::{ArtifactError, CompiledWith, FORMAT, Manifest, ProgramId, program_key};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SOURCE: &str = "source.dj";
pub(super) const CHECKSUMS: &str = "checksums.json";

/// What an artifact is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// The source text.
    pub source: String,
    /// The text of each stage of compilation, by name: `ast`, `plan`, `optimized`, `physical`, `explain`.
    pub plans: BTreeMap<String, String>,
    /// One program per target.
    pub programs: Vec<ProgramContents>,
}

/// A program for one target.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramContents {
    /// What to run.
    pub manifest: Manifest,
    /// The StableHLO text of every program.
    pub modules: BTreeMap<ProgramId, String>,
    /// Programs that are compiled already.
    pub executables: Vec<Executable>,
}

/// A serialized executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// The program.
    pub id: ProgramId,
    /// What it was compiled with.
    pub with: CompiledWith,
    /// What the plugin serialized.
    pub bytes: Vec<u8>,
}

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Package {
    pub(super) format: u64,
    pub(super) programs: Vec<PackagedProgram>,
}

/// A program in `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PackagedProgram {
    pub(super) manifest: Manifest,
    /// The SHA-256 of each program's module.
    pub(super) modules: BTreeMap<String, String>,
}

/// The bytes of an artifact.
pub fn to_bytes(contents: &Contents) -> Result<Vec<u8>, ArtifactError> {
    let mut archive = Archive { zip: ZipWriter::new(Cursor::new(Vec::new())), checksums: BTreeMap::new() };
    let mut modules = BTreeMap::new();
    let mut executables = BTreeMap::new();
    let mut programs = Vec::new();
    for program in &contents.programs {
        let target = &program.manifest.target;
        let mut index = BTreeMap::new();
        for (id, text) in &program.modules {
            let sha = sha256(text.as_bytes());
            modules.insert(module_path(&program.manifest, &sha), text.as_bytes());
            index.insert(id.to_string(), sha);
        }
        for executable in program.executables.iter().filter(|executable| executable.with.target == target.to_string()) {
            let id = executable.id;
            let module =
                program.modules.get(&id).ok_or_else(|| build(format!("an executable of {id} has no module")))?;
            executables.insert(executable_path(&program_key(module), &executable.with), executable.bytes.as_slice());
        }
        programs.push(PackagedProgram { manifest: program.manifest.clone(), modules: index });
    }
    archive.add_json(MANIFEST, &Package { format: FORMAT.into(), programs })?;
    archive.add(SOURCE, contents.source.as_bytes())?;
    for (name, text) in &contents.plans {
        archive.add(&format!("plans/{name}.txt"), text.as_bytes())?;
    }
    for (path, bytes) in modules.into_iter().chain(executables) {
        archive.add(&path, bytes)?;
    }
    archive.finish()
}

/// Writes an artifact: a temporary file beside `path`, then a rename.
pub fn write(path: &Path, contents: &Contents) -> Result<(), ArtifactError> {
    let bytes = to_bytes(contents)?;
    crate::atomic::write(path, &bytes).map_err(|source| ArtifactError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn module_path(manifest: &Manifest, sha: &str) -> String {
    format!("modules/{}/{sha}.mlir", manifest.target.platform.name())
}

pub(super) fn executable_path(key: &str, with: &CompiledWith) -> String {
    // A target such as `tpu:2x4` is not a file name everywhere.
    format!("exe/{}/{}/{key}.bin", with.target.replace(':', "-"), with.fingerprint)
}

struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    checksums: BTreeMap<String, String>,
}

impl Archive {
    fn add_json<T: Serialize>(&mut self, path: &str, value: &T) -> Result<(), ArtifactError> {
        let mut text = serde_json::to_vec_pretty(value).map_err(build)?;
        limits::check_json(&text).map_err(|problem| build(format!("`{path}` {problem}")))?;
        text.push(b'\n');
        self.add(path, &text)
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), ArtifactError> {
        self.checksums.insert(path.to_owned(), sha256(bytes));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(bytes.len() >= (1 << 31));
        self.zip.start_file(path, options).map_err(build)?;
        self.zip.write_all(bytes).map_err(build)
    }

    fn finish(mut self) -> Result<Vec<u8>, ArtifactError> {
        let checksums = std::mem::take(&mut self.checksums);
        self.add_json(CHECKSUMS, &checksums)?;
        Ok(self.zip.finish().map_err(build)?.into_inner())
    }
}

fn build(error: impl std::fmt::Display) -> ArtifactError {
    ArtifactError::Build { reason: error.to_string() }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
