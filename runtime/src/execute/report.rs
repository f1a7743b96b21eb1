//! What a run says about itself: timings, counts and, on request, every program's time.

use crate::artifact::ProgramId;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a run says about itself; `--timings` writes it as JSON. Times are in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// Opening the plugin and its devices.
    pub plugin: f64,
    /// Compiling programs, summed over all threads.
    pub compile: f64,
    /// Loading executables that were compiled before, summed over all threads.
    pub load: f64,
    /// Waiting for rows to be read and decoded.
    pub read: f64,
    /// Copying to the device.
    pub to_device: f64,
    /// Running programs and waiting for them.
    pub execute: f64,
    /// Copying to the host.
    pub to_host: f64,
    /// Writing or printing the results.
    pub write: f64,
    /// From start to end.
    pub total: f64,
    /// The most memory that the process had, in bytes.
    pub peak_bytes: u64,
    /// The most memory that states, results and tables had, in bytes.
    pub tensor_bytes: u64,
    /// Rows that were read from the inputs.
    pub rows: u64,
    /// The variant that gave the results.
    pub variant: usize,
    /// How often the run began again because an assumption did not hold.
    pub replays: usize,
    /// Programs that were compiled.
    pub compiled: usize,
    /// How many of these are small, and were compiled quickly for code that may be slower.
    pub compiled_quickly: usize,
    /// Programs that were loaded.
    pub loaded: usize,
    /// With `--repeat`: the time of each repetition, its input on the device already. In JSON, this is `execute`.
    #[serde(skip)]
    pub repetitions: Vec<f64>,
    /// With `--repeat`: their median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// If [`super::Options::profile`] asks for one: Chrome's trace format, and totals by program.
    #[serde(skip)]
    pub profile: Option<serde_json::Value>,
}

impl RunReport {
    /// As JSON; with repetitions, `execute` is the list of their times.
    pub fn to_json(&self) -> serde_json::Value {
        let value = serde_json::to_value(self);
        let mut value = value.unwrap_or_else(|error| unreachable!("numbers and names are JSON: {error}"));
        if !self.repetitions.is_empty() {
            value["execute"] = serde_json::json!(self.repetitions);
        }
        value
    }

    /// Sets the repetitions and their median.
    pub(super) fn set_repetitions(&mut self, times: &[Duration]) {
        self.repetitions = times.iter().copied().map(milliseconds).collect();
        let mut sorted = self.repetitions.clone();
        sorted.sort_by(f64::total_cmp);
        self.median = match sorted.len() {
            0 => None,
            n if n % 2 == 1 => Some(sorted[n / 2]),
            n => Some(f64::midpoint(sorted[n / 2 - 1], sorted[n / 2])),
        };
    }
}

/// Milliseconds with their fraction.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The most memory that the process had so far, in bytes; 0 where the system does not tell.
pub fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// What the main thread spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Read,
    ToDevice,
    Execute,
    ToHost,
    Write,
}

/// Sums up times, and keeps every interval where a profile is wanted.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    sums: [Cell<Duration>; 5],
    trace: Option<RefCell<Vec<TraceEvent>>>,
    stages: RefCell<BTreeMap<usize, StageRows>>,
    exchanges: RefCell<BTreeMap<usize, Exchanged>>,
}

/// How many rows each device got in the exchange of a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Exchanged {
    pub(super) stage: usize,
    pub(super) label: String,
    pub(super) rows: Vec<u64>,
}

/// How many rows a stage read and gave, beside what the compiler expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct StageRows {
    pub(super) stage: usize,
    pub(super) label: String,
    pub(super) rows_in: u64,
    pub(super) rows_out: u64,
    pub(super) expected_rows_out: Option<u64>,
}

/// An interval in Chrome's trace format.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TraceEvent {
    name: String,
    cat: &'static str,
    /// A complete event.
    ph: &'static str,
    /// Start, in microseconds.
    ts: f64,
    /// Duration, in microseconds.
    dur: f64,
    pid: u32,
    tid: u32,
}

impl Clock {
    pub(super) fn new(with_trace: bool) -> Self {
        let trace = with_trace.then(|| RefCell::new(Vec::new()));
        let (stages, exchanges) = (RefCell::default(), RefCell::default());
        Self { started: Instant::now(), sums: Default::default(), trace, stages, exchanges }
    }

    /// Whether every program is waited for, so that its time is its own.
    pub(super) fn is_tracing(&self) -> bool {
        self.trace.is_some()
    }

    /// Notes the rows of a stage, if a profile is wanted; the last run of a stage counts.
    pub(super) fn rows(&self, of_stage: impl FnOnce() -> StageRows) {
        if self.is_tracing() {
            let rows = of_stage();
            self.stages.borrow_mut().insert(rows.stage, rows);
        }
    }

    /// Notes what moved between devices for a stage, if a profile is wanted; the last run of a stage counts.
    pub(super) fn exchanged(&self, of_stage: impl FnOnce() -> Exchanged) {
        if self.is_tracing() {
            let exchanged = of_stage();
            self.exchanges.borrow_mut().insert(exchanged.stage, exchanged);
        }
    }

    /// Forgets the rows of stages: other ones follow.
    pub(super) fn start_stages(&self) {
        self.stages.borrow_mut().clear();
        self.exchanges.borrow_mut().clear();
    }

    pub(super) fn sum(&self, activity: Activity) -> Duration {
        self.sums[activity as usize].get()
    }

    /// Runs `what` and adds its time.
    pub(super) fn time<T>(&self, activity: Activity, name: impl FnOnce() -> String, what: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = what();
        let took = started.elapsed();
        let sum = &self.sums[activity as usize];
        sum.set(sum.get() + took);
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(TraceEvent {
                name: name(),
                cat: activity.name(),
                ph: "X",
                ts: (started - self.started).as_secs_f64() * 1e6,
                dur: took.as_secs_f64() * 1e6,
                pid: 1,
                tid: 1,
            });
        }
        result
    }

    /// The profile: all intervals, for each program how often it ran and for how long, how long compiling took, and the rows of
    /// each stage.
    pub(super) fn profile(&self, compiled: &[(ProgramId, Duration)]) -> Option<serde_json::Value> {
        let trace = self.trace.as_ref()?.borrow();
        let mut programs = BTreeMap::<&str, (u64, f64)>::new();
        for event in trace.iter().filter(|event| event.cat == Activity::Execute.name()) {
            let entry = programs.entry(&event.name).or_default();
            entry.0 += 1;
            entry.1 += event.dur / 1e3;
        }
        let programs: serde_json::Map<_, _> = programs
            .into_iter()
            .map(|(name, (count, ms))| (name.to_owned(), serde_json::json!({ "count": count, "ms": ms })))
            .collect();
        let compiled: serde_json::Map<_, _> =
            compiled.iter().map(|(id, took)| (id.to_string(), milliseconds(*took).into())).collect();
        let stages: Vec<_> = self.stages.borrow().values().cloned().collect();
        let exchanges: Vec<_> = self.exchanges.borrow().values().cloned().collect();
        Some(serde_json::json!({
            "traceEvents": *trace,
            "programs": programs,
            "compiled": compiled,
            "stages": stages,
            "exchanges": exchanges,
        }))
    }
}

impl Activity {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ToDevice => "to_device",
            Self::Execute => "execute",
            Self::ToHost => "to_host",
            Self::Write => "write",
        }
    }
}

/// How a program is called in a profile: its label and its name.
pub(super) fn program_name(label: &str, id: ProgramId) -> String {
    format!("{id} {label}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let mut report = RunReport::default();
        report.set_repetitions(&[3, 1, 2].map(Duration::from_millis));
        assert_eq!(report.median, Some(2.0));
        report.set_repetitions(&[4, 1].map(Duration::from_millis));
        assert_eq!(report.median, Some(2.5));
        report.set_repetitions(&[]);
        assert_eq!(report.median, None);
    }

    #[test]
    fn a_profile_counts_programs() {
        let clock = Clock::new(true);
        for _ in 0..2 {
            clock.time(Activity::Execute, || "step".to_owned(), || ());
        }
        clock.time(Activity::Read, || "read".to_owned(), || ());
        for rows_out in [1, 2] {
            let label = "group".to_owned();
            clock.rows(|| StageRows { stage: 0, label, rows_in: 9, rows_out, expected_rows_out: Some(3) });
        }
        let profile = clock.profile(&[]).unwrap();
        assert_eq!(profile["programs"]["step"]["count"], 2);
        assert_eq!(profile["stages"].as_array().unwrap().len(), 1);
        assert_eq!(profile["stages"][0]["rows_out"], 2);
        assert_eq!(profile["stages"][0]["expected_rows_out"], 3);
        assert_eq!(profile["traceEvents"].as_array().unwrap().len(), 3);
    }
}
