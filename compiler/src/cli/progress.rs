//! What a person at a terminal sees of a compilation, and what a file tells of it afterwards.

use dj_grammar::Diagnostic;
use dj_runtime::artifact::Manifest;
use dj_runtime::execute::{Precompiled, RunError, codes};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Shorter compilations show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// A target, and the seconds that each of its programs was compiled.
type Took = (String, Vec<(String, f64)>);

/// How far the programs of an artifact are.
pub(super) struct Progress {
    quiet: bool,
    bar: ProgressBar,
    shown: OnceLock<()>,
    started: Instant,
    labels: Vec<Vec<String>>,
    /// Of each target the programs that were compiled, and how long that took.
    took: Mutex<Vec<Took>>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} programs, {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { quiet, bar, shown: OnceLock::new(), started: Instant::now(), labels: vec![], took: Mutex::default() }
    }

    /// Begins with so many programs of a target.
    pub(super) fn begin(&mut self, manifest: &Manifest, programs: usize) {
        let target = manifest.target.to_string();
        let labels = manifest.variants.iter().map(|variant| variant.stages.iter().map(|stage| stage.label.clone()));
        self.labels = labels.map(Iterator::collect).collect();
        self.bar.set_position(0);
        self.bar.set_length(programs as u64);
        self.bar.set_message(format!("compiling for {target}"));
        lock(&self.took).push((target, vec![]));
    }

    /// Takes note of a program that is done.
    pub(super) fn tell(&self, program: Precompiled) {
        let label = self.labels.get(program.id.variant).and_then(|stages| stages.get(program.id.stage));
        let name = format!("{} {}", program.id, label.map_or("", String::as_str));
        if let (Some(took), Some((_, all))) = (program.took, lock(&self.took).last_mut()) {
            all.push((name, took.as_secs_f64()));
        }
        if !self.quiet && self.started.elapsed() > PATIENCE {
            self.shown.get_or_init(|| {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
                // A program may take long.
                self.bar.enable_steady_tick(PATIENCE);
            });
        }
        self.bar.set_length(program.done.1 as u64);
        self.bar.set_position(program.done.0 as u64);
    }

    /// Writes `{"total": seconds, "targets": {target: {program: seconds}}}`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<(), RunError> {
        let of_target = |(target, all): &Took| {
            let each = all.iter().map(|(name, took)| (name.clone(), (*took).into()));
            (target.clone(), serde_json::Value::Object(each.collect()))
        };
        let targets: serde_json::Map<_, _> = lock(&self.took).iter().map(of_target).collect();
        let all = serde_json::json!({ "total": self.started.elapsed().as_secs_f64(), "targets": targets });
        dj_runtime::atomic::write(path, format!("{all:#}\n").as_bytes()).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            RunError::program(Diagnostic::error(codes::OUTPUT, message))
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
