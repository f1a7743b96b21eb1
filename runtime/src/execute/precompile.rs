//! Programs compiled ahead, for an artifact to carry.

use super::cache::ExecutableCache;
use super::error::RunError;
use super::fingerprint::{compiled_for, compiled_with};
use super::programs::{Programs, lock};
use crate::artifact::{Executable, Manifest, Modules, Platform, ProgramId, program_key};
use crate::pjrt::{Attribute, Client, CompileOptions, CompiledExecutable, Topology};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// What is told of programs that are compiled ahead, each time that one is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precompiled {
    /// The program.
    pub id: ProgramId,
    /// How long its compiler took; `None` of one that an earlier compilation left, or that another program is equal to.
    pub took: Option<Duration>,
    /// How many are done, of how many.
    pub done: (usize, usize),
}

/// Compiles programs on a client's devices, on all cores; the target says for how many replicas, whatever the options say.
///
/// # Errors
/// If a module is missing, or the plugin refuses it.
pub fn precompile(
    client: &Client,
    manifest: &Manifest,
    modules: &dyn Modules,
    ids: &[ProgramId],
    options: &CompileOptions,
    tell: &(dyn Fn(Precompiled) + Sync),
) -> Result<Vec<Executable>, RunError> {
    let options = CompileOptions { replicas: manifest.target.replicas, ..options.clone() };
    let with = compiled_with(&manifest.target, client, &options);
    let owned = (Arc::new(manifest.clone()), Arc::new(modules) as Arc<dyn Modules + '_>);
    let programs = Programs::new(client.clone(), owned, with.clone(), options, None);
    programs.prepare(ids.iter().copied());
    let each = ids.iter().enumerate().map(|(index, &id)| {
        let bytes = programs.get(id)?.executable.serialize()?;
        let took = programs.stats().each.iter().find(|(of, _)| *of == id).map(|(_, took)| *took);
        tell(Precompiled { id, took, done: (index + 1, ids.len()) });
        Ok(Executable { id, with: with.clone(), bytes })
    });
    each.collect()
}

/// What a program takes on each device, as its compiler tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProgramCost {
    /// Bytes of the arguments.
    pub arguments: u64,
    /// Bytes of the results.
    pub results: u64,
    /// Bytes of results that are in the memory of arguments.
    pub shared: u64,
    /// Bytes of what is in between.
    pub temporary: u64,
    /// Bytes of the code.
    pub code: u64,
    /// Bytes that are read from memory and written to it.
    pub accessed: f64,
    /// The compiler's estimate of the run time in seconds, if it has one.
    pub seconds: Option<f64>,
    /// How long it was compiled, in seconds.
    pub compile: f64,
}

impl ProgramCost {
    fn of(compiled: &CompiledExecutable, took: Duration) -> Result<Self, RunError> {
        let memory = compiled.memory_stats()?;
        let costs = compiled.cost_analysis()?;
        let cost = |name: &str| {
            let (_, value) = costs.iter().find(|(known, _)| known == name)?;
            if let Attribute::Float(value) = value { Some(f64::from(*value)) } else { None }
        };
        let unclear = |what: &str| RunError::bug(format!("the plugin tells no {what} of a program"));
        let bytes = |bytes: i64| u64::try_from(bytes).map_err(|_| unclear("sizes"));
        Ok(Self {
            arguments: bytes(memory.arguments)?,
            results: bytes(memory.outputs)?,
            shared: bytes(memory.aliased)?,
            temporary: bytes(memory.temporary)?,
            code: bytes(memory.generated_code)?,
            accessed: cost("bytes accessed").ok_or_else(|| unclear("bytes that are moved"))?,
            // What it has no model for counts as -1.
            seconds: cost("optimal_seconds").filter(|seconds| *seconds > 0.0),
            compile: took.as_secs_f64(),
        })
    }

    /// Bytes of a device's memory while it runs.
    pub fn memory(&self) -> u64 {
        self.arguments + self.results.saturating_sub(self.shared) + self.temporary + self.code
    }
}

/// A program that was compiled ahead, and what it takes, if that was asked for or is known.
pub type WithCost = (Executable, Option<ProgramCost>);

/// What is asked of programs for devices that are elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// Whether those that were compiled before may be taken, and others are kept.
    pub cache: bool,
    /// Whether it must be known what they take; not every plugin tells.
    pub costs: bool,
}

/// Compiles programs for devices that are elsewhere, on all cores; the target says for how many replicas, whatever the options say.
/// What was compiled before is taken from the user's cache, and what is compiled is left there, if it is to be used.
///
/// # Errors
/// If a module is missing, or the plugin refuses it.
pub fn precompile_for(
    topology: &Topology,
    manifest: &Manifest,
    modules: &dyn Modules,
    ids: &[ProgramId],
    options: &CompileOptions,
    asks: Asks,
    tell: &(dyn Fn(Precompiled) + Sync),
) -> Result<Vec<WithCost>, RunError> {
    let options = CompileOptions { replicas: manifest.target.replicas, ..options.clone() };
    let with = compiled_for(&manifest.target, topology, &options)?;
    let cache = ExecutableCache::of_user(&with).filter(|_| asks.cache);
    let mut texts = BTreeMap::new();
    let mut keys = Vec::new();
    for &id in ids {
        let text = modules.module(id)?.into_owned();
        keys.push(program_key(&text));
        texts.entry(keys[keys.len() - 1].clone()).or_insert((id, text));
    }
    let work = Work { topology, options: &options, cache: cache.as_ref(), costs: asks.costs, texts: &texts, tell };
    let built = work.build()?;
    if let Some(cache) = &cache {
        cache.prune();
    }
    let each = ids.iter().zip(&keys).map(|(&id, key)| {
        let (bytes, cost) =
            built.get(key).cloned().ok_or_else(|| RunError::bug(format!("module {key} was not compiled")))?;
        Ok((Executable { id, with: with.clone(), bytes }, cost))
    });
    each.collect()
}

/// An executable's bytes, and what it takes.
type Built = (Vec<u8>, Option<ProgramCost>);

/// Modules that are compiled for a topology.
struct Work<'a> {
    topology: &'a Topology,
    options: &'a CompileOptions,
    cache: Option<&'a ExecutableCache>,
    costs: bool,
    texts: &'a BTreeMap<String, (ProgramId, String)>,
    tell: &'a (dyn Fn(Precompiled) + Sync),
}

impl Work<'_> {
    /// The executable of each module, by all cores; those that are likely to take longest are begun first.
    fn build(&self) -> Result<BTreeMap<String, Built>, RunError> {
        let mut left: Vec<(&String, &(ProgramId, String))> = self.texts.iter().collect();
        left.sort_by_key(|(_, (_, text))| text.len());
        let (left, built) = (Mutex::new(left), Mutex::new(Ok(BTreeMap::new())));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..cores.min(self.texts.len()) {
                scope.spawn(|| {
                    // The lock is given back before the work.
                    let next = || lock(&left).pop();
                    while let Some((key, (id, text))) = next() {
                        let made = self.executable(key, text);
                        self.keep(&mut lock(&built), (key, *id), made);
                        if lock(&built).is_err() {
                            lock(&left).clear();
                        }
                    }
                });
            }
        });
        built.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn executable(&self, key: &str, text: &str) -> Result<(Built, Option<Duration>), RunError> {
        let known = self.cache.and_then(|cache| known(cache, key)).filter(|(_, cost)| cost.is_some() || !self.costs);
        if let Some(built) = known {
            return Ok((built, None));
        }
        let started = Instant::now();
        let compiled = self.topology.compile(text, self.options)?;
        let (bytes, took) = (compiled.serialize()?, started.elapsed());
        let cost = match ProgramCost::of(&compiled, took) {
            Err(error) if self.costs => return Err(error),
            cost => cost.ok(),
        };
        if let Some(cache) = self.cache {
            cache.put(key, &bytes);
            if let Some(cost) = &cost {
                let text = serde_json::to_vec(cost).map_err(|error| RunError::bug(error.to_string()))?;
                cache.put(&cost_of(key), &text);
            }
        }
        Ok(((bytes, cost), Some(took)))
    }

    /// Adds what was made of a module to what is built; of several errors the first one stays.
    fn keep(
        &self,
        built: &mut Result<BTreeMap<String, Built>, RunError>,
        (key, id): (&str, ProgramId),
        made: Result<(Built, Option<Duration>), RunError>,
    ) {
        let Ok(all) = built else { return };
        match made {
            Ok((made, took)) => {
                all.insert(key.to_owned(), made);
                (self.tell)(Precompiled { id, took, done: (all.len(), self.texts.len()) });
            }
            Err(error) => *built = Err(error),
        }
    }
}

/// An executable that was compiled before, and its cost if that was kept.
fn known(cache: &ExecutableCache, key: &str) -> Option<Built> {
    let cost = cache.get(&cost_of(key)).and_then(|text| serde_json::from_slice(&text).ok());
    Some((cache.get(key)?, cost))
}

/// The name of the entry with the cost of a module.
fn cost_of(key: &str) -> String {
    format!("{key}.cost")
}
