//! Opens artifacts, and refuses what is damaged, foreign or newer.

use super::limits;
use super::store::{
    CHECKSUMS, Contents, MANIFEST, Package, ProgramContents, SOURCE, executable_path, module_path, sha256,
};
use super::{ArtifactError, CompiledWith, FORMAT, Manifest, Modules, ModulesError, ProgramId, Target};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use zip::ZipArchive;

/// The first bytes of a zip with at least one member.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// An opened artifact, its checksums verified.
#[derive(Debug)]
pub struct Artifact {
    members: BTreeMap<String, Vec<u8>>,
    source: String,
    programs: Vec<Opened>,
}

#[derive(Debug)]
struct Opened {
    manifest: Manifest,
    modules: BTreeMap<ProgramId, String>,
}

/// The modules of one program of an artifact.
#[derive(Debug, Clone)]
pub struct ArtifactModules {
    artifact: Arc<Artifact>,
    program: usize,
}

impl Artifact {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, ArtifactError> {
        let bytes = std::fs::read(path).map_err(|source| ArtifactError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes)
    }

    /// Reads an artifact that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        if !bytes.starts_with(ZIP_MAGIC) {
            return Err(ArtifactError::Foreign { reason: "it does not start like one".to_owned() });
        }
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(format!("{error}")))?;
        let mut unpacked = Unpacked::of(bytes.len());
        let package_bytes = match unpacked.read(&mut zip, MANIFEST)? {
            Some(bytes) => bytes,
            None => return Err(ArtifactError::Foreign { reason: format!("a zip without `{MANIFEST}`") }),
        };
        check_format(&package_bytes)?;
        let members = read_members(&mut zip, &mut unpacked)?;
        let package = limits::with_stack(|| from_json::<Package>(MANIFEST, &package_bytes));
        let package =
            package.map_err(|source| ArtifactError::Io { action: "read", path: MANIFEST.into(), source })??;
        let source = text(members.get(SOURCE).cloned().ok_or_else(|| damaged(format!("it lacks `{SOURCE}`")))?)?;
        let programs = package
            .programs
            .into_iter()
            .map(|program| {
                program.manifest.verify().map_err(|error| damaged(format!("its manifest breaks {error}")))?;
                let modules = open_modules(&program.manifest, program.modules, &members)?;
                Ok(Opened { manifest: program.manifest, modules })
            })
            .collect::<Result<Vec<_>, ArtifactError>>()?;
        if programs.is_empty() {
            return Err(damaged("it holds no program".to_owned()));
        }
        Ok(Self { members, source, programs })
    }

    /// The source text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text of a stage of compilation.
    pub fn plan(&self, name: &str) -> Option<Cow<'_, str>> {
        self.members.get(&format!("plans/{name}.txt")).map(|bytes| String::from_utf8_lossy(bytes))
    }

    /// The manifests, one per target, in the order in which they were compiled.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.programs.iter().map(|program| &program.manifest)
    }

    /// The program for a target; the first one if there is no wish.
    pub fn program<'a>(
        self: &'a Arc<Self>,
        target: Option<&Target>,
    ) -> Result<(&'a Manifest, ArtifactModules), ArtifactError> {
        let found = match target {
            None => Some(0),
            Some(target) => self.programs.iter().position(|program| program.manifest.target == *target),
        };
        match found.and_then(|at| Some((at, self.programs.get(at)?))) {
            Some((program, opened)) => Ok((&opened.manifest, ArtifactModules { artifact: Arc::clone(self), program })),
            None => Err(ArtifactError::NoTarget {
                wanted: target.map_or_else(|| "any target".to_owned(), ToString::to_string),
                found: self.manifests().map(|manifest| manifest.target.to_string()).collect(),
            }),
        }
    }

    /// Everything but the executables, such as to write it again with more targets.
    pub fn contents(&self) -> Contents {
        let plans = self.members.iter().filter_map(|(path, bytes)| {
            let name = path.strip_prefix("plans/")?.strip_suffix(".txt")?;
            Some((name.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        });
        let programs = self.programs.iter().map(|program| ProgramContents {
            manifest: program.manifest.clone(),
            modules: program
                .modules
                .iter()
                .map(|(id, path)| (*id, String::from_utf8_lossy(&self.members[path]).into_owned()))
                .collect(),
            executables: Vec::new(),
        });
        Contents { source: self.source.clone(), plans: plans.collect(), programs: programs.collect() }
    }
}

impl ArtifactModules {
    /// The programs that there are modules of, in order.
    pub fn ids(&self) -> impl Iterator<Item = ProgramId> {
        self.artifact.programs[self.program].modules.keys().copied()
    }
}

impl Modules for ArtifactModules {
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError> {
        let path = self.artifact.programs[self.program].modules.get(&id).ok_or(ModulesError::Missing(id))?;
        let bytes = self.artifact.members.get(path).ok_or(ModulesError::Missing(id))?;
        Ok(String::from_utf8_lossy(bytes))
    }

    fn is_from_file(&self) -> bool {
        true
    }

    fn executable(&self, key: &str, with: &CompiledWith) -> Option<Cow<'_, [u8]>> {
        self.artifact.members.get(&executable_path(key, with)).map(|bytes| Cow::Borrowed(bytes.as_slice()))
    }
}

/// Reads only the format's number: a manifest of another format may have any other shape.
fn check_format(package: &[u8]) -> Result<(), ArtifactError> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u64,
    }
    let foreign = |_| ArtifactError::Foreign { reason: format!("its `{MANIFEST}` is not DJ's") };
    let found = serde_json::from_slice::<Format>(package).map_err(foreign)?.format;
    if found == u64::from(FORMAT) { Ok(()) } else { Err(ArtifactError::OtherFormat { found }) }
}

/// Reads all members and compares them with `checksums.json`.
fn read_members(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    unpacked: &mut Unpacked,
) -> Result<BTreeMap<String, Vec<u8>>, ArtifactError> {
    let missing = || damaged(format!("it lacks `{CHECKSUMS}`"));
    let checksums: BTreeMap<String, String> =
        from_json(CHECKSUMS, &unpacked.read(zip, CHECKSUMS)?.ok_or_else(missing)?)?;
    if zip.len() != checksums.len() + 1 {
        return Err(damaged(format!("it has {} members instead of {}", zip.len(), checksums.len() + 1)));
    }
    checksums
        .into_iter()
        .map(|(path, sha)| {
            let bytes = unpacked.read(zip, &path)?.ok_or_else(|| damaged(format!("it lacks `{path}`")))?;
            if sha256(&bytes) != sha {
                return Err(damaged(format!("the checksum of `{path}` does not match")));
            }
            Ok((path, bytes))
        })
        .collect()
}

/// How much of an artifact may be unpacked still.
struct Unpacked {
    left: u64,
}

impl Unpacked {
    /// Of a file of so many bytes.
    fn of(packed: usize) -> Self {
        Self { left: limits::unpacked(packed as u64) }
    }

    fn read(&mut self, zip: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> Result<Option<Vec<u8>>, ArtifactError> {
        let member = match zip.by_name(path) {
            Ok(member) => member,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(damaged(format!("`{path}`: {error}"))),
        };
        let mut bytes = Vec::new();
        // One byte more than is allowed tells that there is too much.
        match member.take(self.left + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > self.left => {
                Err(damaged(format!("it unpacks to more than {} times its size", limits::RATIO)))
            }
            Ok(_) => {
                self.left -= bytes.len() as u64;
                Ok(Some(bytes))
            }
            Err(error) => Err(damaged(format!("`{path}`: {error}"))),
        }
    }
}

/// Replaces the checksums in a program's index by the paths of the members, each of which must hold what its name says.
fn open_modules(
    manifest: &Manifest,
    index: BTreeMap<String, String>,
    members: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<ProgramId, String>, ArtifactError> {
    index
        .into_iter()
        .map(|(id, sha)| {
            let id = ProgramId::parse(&id).ok_or_else(|| damaged(format!("`{id}` names no program")))?;
            let path = module_path(manifest, &sha);
            let bytes = members.get(&path).ok_or_else(|| damaged(format!("it lacks `{path}`")))?;
            if sha256(bytes) != sha {
                return Err(damaged(format!("`{path}` is another module")));
            }
            let text = std::str::from_utf8(bytes).map_err(|_| damaged(format!("`{path}` is not text")))?;
            limits::check_module(text).map_err(|problem| damaged(format!("`{path}` {problem}")))?;
            Ok((id, path))
        })
        .collect()
}

fn from_json<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, ArtifactError> {
    limits::check_json(bytes).map_err(|problem| damaged(format!("`{path}` {problem}")))?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // Expressions nest deeper than the parser's own limit allows.
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| damaged(format!("`{path}`: {error}")))
}

fn text(bytes: Vec<u8>) -> Result<String, ArtifactError> {
    String::from_utf8(bytes).map_err(|_| damaged(format!("`{SOURCE}` is not text")))
}

fn damaged(reason: String) -> ArtifactError {
    ArtifactError::Damaged { reason }
}
