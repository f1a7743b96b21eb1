//! A program on its devices, ready to run any number of times.

use super::account::{Account, show_bytes};
use super::attempt::{Attempt, Shared};
use super::bind::{Inputs, bind, first_variant};
use super::cache::ExecutableCache;
use super::codes;
use super::device::Device;
use super::error::RunError;
use super::fingerprint::compiled_with;
use super::options::{Options, Request, replicas_of};
use super::outputs::Outputs;
use super::programs::Programs;
use super::progress::Progress;
use super::report::{Activity, Clock, RunReport, milliseconds, peak_resident_bytes};
use super::status::Stop;
use crate::artifact::{DriverSource, Manifest, Modules};
use crate::pjrt::{Client, CompileOptions};
use dj_grammar::Diagnostic;
use std::time::Instant;

/// A program on its devices.
pub struct Session<'a> {
    client: Client,
    manifest: &'a Manifest,
    programs: Programs<'a>,
    options: Options,
    profile: Option<serde_json::Value>,
}

impl<'a> Session<'a> {
    /// A program on a client's devices.
    ///
    /// # Errors
    /// If the client has too few devices for the program's target.
    pub fn new(
        client: Client,
        manifest: &'a Manifest,
        modules: &'a dyn Modules,
        options: Options,
    ) -> Result<Self, RunError> {
        let (needed, found) = (manifest.target.replicas, client.device_count());
        if needed > found {
            let message =
                format!("the program was compiled for {} with {needed} devices; here are {found}", manifest.target);
            return Err(RunError::usage(Diagnostic::error(codes::DEVICES, message)));
        }
        let replicas = replicas_of(&manifest.target);
        if replicas < needed && options.notes {
            eprintln!(
                "note: the program runs on {replicas} of {needed} devices: exchanges between them are not planned yet"
            );
        }
        let compile = CompileOptions { replicas, optimization_level: options.optimization_level };
        let with = compiled_with(&manifest.target, &client, &compile);
        let cache = if options.use_cache { ExecutableCache::of_user(&with) } else { None };
        let programs = Programs::new(client.clone(), modules, with, compile, cache);
        let programs = programs.with_packaged(options.use_packaged);
        Ok(Self { client, manifest, programs, options, profile: None })
    }

    /// Runs the program; `outputs` shows its results at the end, or nothing.
    ///
    /// # Errors
    /// If names or values do not fit the program, the data breaks it, or the machine fails.
    pub fn run(&mut self, request: &Request, outputs: &mut dyn Outputs) -> Result<RunReport, RunError> {
        let started = Instant::now();
        let inputs = bind(self.manifest, request, &self.options)?;
        let device = Device {
            client: self.client.clone(),
            replicas: replicas_of(&self.manifest.target),
            account: Account::new(self.options.memory_limit),
            clock: Clock::new(self.options.profile),
        };
        let progress = Progress::new(self.options.progress, rows_to_read(self.manifest, &inputs));
        let mut report = RunReport { variant: first_variant(self.manifest, &inputs.sources), ..RunReport::default() };
        let before = self.programs.stats();
        loop {
            let shared = Shared {
                manifest: self.manifest,
                device: &device,
                programs: &mut self.programs,
                inputs: &inputs,
                progress: &progress,
                outputs: &mut *outputs,
            };
            let mut attempt = Attempt::new(shared, report.variant, self.options.repeat > 0)?;
            match attempt.run() {
                Ok(()) => {
                    report.rows = attempt.rows;
                    repeat(&mut attempt, self.options.repeat, &mut report)?;
                    attempt.commit()?;
                    break;
                }
                Err(Stop::Replay(reason)) if report.variant + 1 < self.manifest.variants.len() => {
                    if self.options.verbose {
                        // What is a bug in the last variant is expected of any other.
                        let reason = if let RunError::Bug(what) = &reason { what.clone() } else { reason.to_string() };
                        eprintln!("starting again with fewer assumptions: {reason}");
                    }
                    report.variant += 1;
                    report.replays += 1;
                }
                Err(Stop::Replay(error) | Stop::Failed(error)) => return Err(error),
            }
        }
        let after = self.programs.stats();
        report.compile = milliseconds(after.compile - before.compile);
        report.load = milliseconds(after.load - before.load);
        report.compiled = after.compiled - before.compiled;
        report.loaded = after.loaded - before.loaded;
        self.profile = device.clock.profile(&after.each[before.each.len()..]);
        fill_in(&mut report, &device, started);
        if let (true, Some(median)) = (self.options.notes, report.median) {
            eprintln!("note: {} runs on the device's input took {median:.2} ms in the median", self.options.repeat);
        }
        if self.options.verbose {
            tell(&report);
        }
        Ok(report)
    }

    /// The profile of the last run, if [`Options::profile`] asks for one: Chrome's trace format, and totals by program.
    pub fn profile(&self) -> Option<&serde_json::Value> {
        self.profile.as_ref()
    }
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

fn tell(report: &RunReport) {
    eprintln!(
        "{} rows in {:.0} ms: read {:.0}, to device {:.0}, execute {:.0}, to host {:.0}, write {:.0}; {} programs \
         compiled in {:.0} ms and {} loaded in {:.0} ms; variant {}; {} for states and results",
        report.rows,
        report.total,
        report.read,
        report.to_device,
        report.execute,
        report.to_host,
        report.write,
        report.compiled,
        report.compile,
        report.loaded,
        report.load,
        report.variant,
        show_bytes(report.tensor_bytes),
    );
}

/// Rows that the drivers of the first variant read, where all files tell how many they have.
fn rows_to_read(manifest: &Manifest, inputs: &Inputs) -> Option<u64> {
    let drivers = manifest.variants.first()?.stages.iter().flat_map(|stage| &stage.drivers);
    let tables = drivers.filter_map(|driver| match driver.source {
        DriverSource::Table(table) => Some(table),
        DriverSource::Stage(_) => None,
    });
    tables.map(|table| inputs.sources.get(table)?.as_ref()?.rows()).sum()
}
