//! A program on its devices, ready to run any number of times.

use super::account::Account;
use super::attempt::{Attempt, RunContext, Way};
use super::bind::{Inputs, bind, first_variant};
use super::cache::ExecutableCache;
use super::codes;
use super::collect::{Collect, Results};
use super::device::Device;
use super::error::RunError;
use super::fingerprint::compiled_with;
use super::observer::{Observer, Silent};
use super::options::Options;
use super::outputs::Outputs;
use super::programs::Programs;
use super::report::{Activity, Clock, RunReport, milliseconds, peak_resident_bytes};
use super::request::Request;
use super::status::Stop;
use crate::artifact::{Artifact, ArtifactError, DriverSource, Manifest, Modules, Target};
use crate::pjrt::{Client, CompileOptions};
use dj_grammar::Diagnostic;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A compiled program: what to run, and where its modules come from. Cloning is cheap.
#[derive(Clone)]
pub struct CompiledProgram {
    manifest: Arc<Manifest>,
    modules: Arc<dyn Modules>,
}

impl CompiledProgram {
    /// A program whose modules are at hand.
    pub fn new(manifest: Manifest, modules: impl Modules + 'static) -> Self {
        Self { manifest: Arc::new(manifest), modules: Arc::new(modules) }
    }

    /// The program of an artifact for a target; its first one if there is no wish.
    ///
    /// # Errors
    /// If the artifact holds none for the target.
    pub fn of(artifact: &Arc<Artifact>, target: Option<&Target>) -> Result<Self, ArtifactError> {
        let (manifest, modules) = artifact.program(target)?;
        Ok(Self { manifest: Arc::new(manifest.clone()), modules: Arc::new(modules) })
    }

    /// The program of the artifact in a file, for a target or else the first one.
    ///
    /// # Errors
    /// If the file is no artifact, or holds no program for the target.
    pub fn open(path: &Path, target: Option<&Target>) -> Result<Self, RunError> {
        let artifact = Arc::new(Artifact::open(path)?);
        Ok(Self::of(&artifact, target)?)
    }

    /// What there is to run: tables, parameters, exports.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl std::fmt::Debug for CompiledProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompiledProgram({} for {})", self.manifest.source_name, self.manifest.target)
    }
}

/// A program on its devices. It owns all that it needs and cloning is cheap; several threads may run it at once, each with
/// its own inputs. What is compiled for one run is there for all.
///
/// It prints nothing, and changes nothing of the process: who wants to know how a run goes passes an [`Observer`].
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    program: CompiledProgram,
    programs: Programs<'static>,
    options: Options,
}

impl Session {
    /// A program on a client's devices.
    ///
    /// # Errors
    /// If the program is damaged, or the client has too few devices for its target.
    pub fn new(client: Client, program: CompiledProgram, options: Options) -> Result<Self, RunError> {
        let manifest = program.manifest();
        if let Err(error) = manifest.verify() {
            let reason = format!("its manifest breaks {error}");
            return Err(if program.modules.is_from_file() {
                ArtifactError::Damaged { reason }.into()
            } else {
                RunError::bug(reason)
            });
        }
        let (needed, found) = (manifest.target.replicas, client.device_count());
        if needed > found {
            let message =
                format!("the program was compiled for {} with {needed} devices; here are {found}", manifest.target);
            return Err(RunError::usage(Diagnostic::error(codes::DEVICES, message)));
        }
        let replicas = manifest.target.replicas;
        let compile = CompileOptions { replicas, optimization_level: options.optimization_level, quick: false };
        let with = compiled_with(&manifest.target, &client, &compile);
        let cache = if options.use_cache { ExecutableCache::of_user(&with) } else { None };
        let parts = (Arc::clone(&program.manifest), Arc::clone(&program.modules));
        let programs = Programs::new(client.clone(), parts, with, compile, cache);
        let programs = programs.with_packaged(options.use_packaged).hurried();
        Ok(Self { inner: Arc::new(Inner { client, program, programs, options }) })
    }

    /// What there is to run: tables, parameters, exports.
    pub fn manifest(&self) -> &Manifest {
        self.inner.program.manifest()
    }

    /// Runs the program and returns its results as record batches.
    ///
    /// # Errors
    /// If names or values do not fit the program, the data breaks it, or the machine fails.
    pub fn collect(&self, request: &Request) -> Result<Results, RunError> {
        let mut outputs = Collect::new(self.manifest())?;
        let report = self.run(request, &mut outputs, &Silent)?;
        Ok(outputs.results(report))
    }

    /// Runs the program; `outputs` takes its results, and shows them at the end or never.
    ///
    /// # Errors
    /// If names or values do not fit the program, the data breaks it, or the machine fails.
    pub fn run(
        &self,
        request: &Request,
        outputs: &mut dyn Outputs,
        observer: &dyn Observer,
    ) -> Result<RunReport, RunError> {
        let started = Instant::now();
        let Inner { client, program, programs, options } = &*self.inner;
        let manifest = program.manifest();
        let inputs = bind(manifest, request, options)?;
        let device = Device {
            client: client.clone(),
            replicas: manifest.target.replicas,
            account: Account::new(options.memory_limit),
            clock: Clock::new(options.profile),
            merge_chunks: options.merge_chunks,
        };
        observer.started(rows_to_read(manifest, &inputs)?);
        let mut report = RunReport { variant: first_variant(manifest, &inputs.sources)?, ..RunReport::default() };
        let before = programs.stats();
        let mut alone = false;
        loop {
            let outputs = &mut *outputs;
            let run = RunContext { manifest, device: &device, programs, inputs: &inputs, observer, outputs };
            let mut attempt = Attempt::new(run, Way { variant: report.variant, alone }, options.repeat > 0)?;
            match attempt.run() {
                Ok(()) => {
                    report.rows = attempt.rows;
                    repeat(&mut attempt, options.repeat, &mut report)?;
                    attempt.commit()?;
                    break;
                }
                // The states of stages that run together are in memory at once.
                Err(Stop::Replay(error) | Stop::Failed(error))
                    if !alone && runs_together(manifest, report.variant) && lacks_memory(&error) =>
                {
                    observer.replaying(&error.to_string());
                    alone = true;
                    report.replays += 1;
                }
                Err(Stop::Replay(reason)) if report.variant + 1 < manifest.variants.len() => {
                    // What is a bug in the last variant is expected of any other.
                    observer.replaying(&if let RunError::Bug(what) = reason { what } else { reason.to_string() });
                    report.variant += 1;
                    report.replays += 1;
                }
                Err(Stop::Replay(error) | Stop::Failed(error)) => return Err(error),
            }
        }
        let after = programs.stats();
        report.compile = milliseconds(after.compile.saturating_sub(before.compile));
        report.load = milliseconds(after.load.saturating_sub(before.load));
        report.compiled = after.compiled - before.compiled;
        report.compiled_quickly = after.compiled_quickly - before.compiled_quickly;
        report.loaded = after.loaded - before.loaded;
        report.profile = device.clock.profile(&after.each[before.each.len()..]);
        fill_in(&mut report, &device, started);
        observer.finished(&report);
        Ok(report)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("program", &self.inner.program).finish_non_exhaustive()
    }
}

/// Whether a variant has stages that run together.
fn runs_together(manifest: &Manifest, variant: usize) -> bool {
    manifest.variants[variant].passes.iter().any(|pass| pass.len() > 1)
}

/// Whether a run ended because it may not use more memory.
fn lacks_memory(error: &RunError) -> bool {
    error.diagnostics().iter().any(|diagnostic| diagnostic.code == codes::MEMORY)
}

/// Runs again with the input on the device.
fn repeat(attempt: &mut Attempt<'_, '_>, times: usize, report: &mut RunReport) -> Result<(), RunError> {
    if times == 0 {
        return Ok(());
    }
    attempt.start_repeating();
    let mut took = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        match attempt.run() {
            Ok(()) => took.push(started.elapsed()),
            Err(Stop::Replay(error) | Stop::Failed(error)) => return Err(error),
        }
    }
    report.set_repetitions(&took);
    Ok(())
}

fn fill_in(report: &mut RunReport, device: &Device, started: Instant) {
    let sum = |activity| milliseconds(device.clock.sum(activity));
    report.read = sum(Activity::Read);
    report.to_device = sum(Activity::ToDevice);
    report.execute = sum(Activity::Execute);
    report.to_host = sum(Activity::ToHost);
    report.write = sum(Activity::Write);
    report.total = milliseconds(started.elapsed());
    report.tensor_bytes = device.account.peak();
    report.peak_bytes = peak_resident_bytes();
}

/// Rows that the passes of the first variant read, where all inputs tell how many they have.
fn rows_to_read(manifest: &Manifest, inputs: &Inputs) -> Result<Option<u64>, RunError> {
    let mut sum = Some(0_u64);
    let passes = manifest.variants.first().into_iter().flat_map(|variant| {
        // The stages of a pass read one source.
        variant.passes.iter().filter_map(|pass| pass.first()).map(|stage| &variant.stages[*stage])
    });
    for driver in passes.flat_map(|stage| &stage.drivers) {
        if let DriverSource::Table(table) = driver.source {
            let source = inputs.sources.get(table).and_then(Option::as_ref);
            let source = source.ok_or_else(|| RunError::bug(format!("table {table} is read and not open")))?;
            sum = sum.zip(source.rows()).and_then(|(sum, rows)| sum.checked_add(rows));
        }
    }
    Ok(sum)
}
