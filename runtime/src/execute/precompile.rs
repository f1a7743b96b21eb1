//! Programs compiled ahead, for an artifact to carry.

use super::error::RunError;
use super::fingerprint::{compiled_for, compiled_with};
use super::programs::Programs;
use crate::artifact::{Executable, Manifest, Modules, Platform, ProgramId, program_key};
use crate::pjrt::{Client, CompileOptions, Topology};
use std::sync::Arc;

/// The programs that a run is likely to need: those of the first variant, of every stage at its first rung, and on CPU at
/// the next (a TPU program takes seconds to compile, a CPU program a tenth of one).
pub fn likely_programs(manifest: &Manifest) -> Vec<ProgramId> {
    let mut ids = Vec::new();
    for (variant, spec) in manifest.variants.iter().enumerate().take(1) {
        for (stage, spec) in spec.stages.iter().enumerate() {
            let next = Some(spec.next_rung(spec.first_rung)).filter(|rung| *rung < spec.rungs);
            let further = next.filter(|_| manifest.target.platform == Platform::Cpu);
            for rung in std::iter::once(spec.first_rung).chain(further) {
                ids.extend(spec.programs().into_iter().map(|kind| ProgramId { variant, stage, kind, rung }));
            }
        }
    }
    ids
}

/// Compiles programs on a client's devices; the target says for how many replicas, whatever the options say.
///
/// # Errors
/// If a module is missing, or the plugin refuses it.
pub fn precompile(
    client: &Client,
    manifest: &Manifest,
    modules: &dyn Modules,
    ids: &[ProgramId],
    options: &CompileOptions,
) -> Result<Vec<Executable>, RunError> {
    let options = CompileOptions { replicas: manifest.target.replicas, ..options.clone() };
    let with = compiled_with(&manifest.target, client, &options);
    let owned = (Arc::new(manifest.clone()), Arc::new(modules) as Arc<dyn Modules + '_>);
    let programs = Programs::new(client.clone(), owned, with.clone(), options, None);
    programs.prepare(ids.iter().copied());
    ids.iter()
        .map(|&id| Ok(Executable { id, with: with.clone(), bytes: programs.get(id)?.executable.serialize()? }))
        .collect()
}

/// Compiles programs for devices that are elsewhere; the target says for how many replicas, whatever the options say.
///
/// # Errors
/// If a module is missing, or the plugin refuses it.
pub fn precompile_for(
    topology: &Topology,
    manifest: &Manifest,
    modules: &dyn Modules,
    ids: &[ProgramId],
    options: &CompileOptions,
) -> Result<Vec<Executable>, RunError> {
    let options = CompileOptions { replicas: manifest.target.replicas, ..options.clone() };
    let with = compiled_for(&manifest.target, topology, &options)?;
    let mut known = std::collections::BTreeMap::<String, Vec<u8>>::new();
    ids.iter()
        .map(|&id| {
            let text = modules.module(id)?;
            let key = program_key(&text);
            let bytes = match known.get(&key) {
                Some(bytes) => bytes.clone(),
                None => topology.compile(&text, &options)?.serialize()?,
            };
            known.insert(key, bytes.clone());
            Ok(Executable { id, with: with.clone(), bytes })
        })
        .collect()
}
