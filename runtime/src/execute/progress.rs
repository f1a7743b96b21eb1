//! A line on the terminal while a run takes long.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Shorter runs show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counts rows; shows them on stderr where that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: Cell<bool>,
    wanted: bool,
}

impl Progress {
    /// For a run that reads `rows` rows, where that is known.
    pub(super) fn new(wanted: bool, rows: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(rows, ProgressDrawTarget::hidden());
        let template = match rows {
            Some(_) => "{msg} [{wide_bar}] {human_pos}/{human_len} rows, {per_sec}",
            None => "{msg} {spinner} {human_pos} rows, {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, started: Instant::now(), shown: Cell::new(false), wanted }
    }

    /// A stage begins.
    pub(super) fn stage(&self, label: &str) {
        if self.wanted {
            self.bar.set_message(label.chars().take(40).collect::<String>());
        }
    }

    /// Rows were read.
    pub(super) fn add(&self, rows: u64) {
        if !self.wanted {
            return;
        }
        if !self.shown.get() && self.started.elapsed() > PATIENCE {
            self.shown.set(true);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(rows);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
