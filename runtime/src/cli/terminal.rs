//! What a person at a terminal sees of a run: a line while it takes long, notes, and on request what is going on.

use crate::execute::{Observer, RunReport, show_bytes};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Shorter runs show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Tells on stderr.
pub(super) struct Terminal {
    quiet: bool,
    verbose: bool,
    bar: ProgressBar,
    started: Instant,
    shown: OnceLock<()>,
}

impl Terminal {
    pub(super) fn new(quiet: bool, verbose: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { quiet, verbose, bar, started: Instant::now(), shown: OnceLock::new() }
    }

    /// Prints a line where the progress does not stand.
    fn tell(&self, line: &str) {
        self.bar.suspend(|| {
            // There is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

impl Observer for Terminal {
    fn started(&self, rows: Option<u64>) {
        let template = match rows {
            Some(_) => "{msg} [{wide_bar}] {human_pos}/{human_len} rows, {per_sec}",
            None => "{msg} {spinner} {human_pos} rows, {per_sec}",
        };
        if let Some(rows) = rows {
            self.bar.set_length(rows);
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
    }

    fn stage(&self, label: &str) {
        if !self.quiet {
            self.bar.set_message(label.chars().take(40).collect::<String>());
        }
    }

    fn rows(&self, count: u64) {
        if self.quiet {
            return;
        }
        if self.started.elapsed() > PATIENCE {
            self.shown.get_or_init(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        }
        self.bar.inc(count);
    }

    fn note(&self, note: &str) {
        if !self.quiet {
            self.tell(&format!("note: {note}"));
        }
    }

    fn replaying(&self, reason: &str) {
        if self.verbose {
            self.tell(&format!("starting again with fewer assumptions: {reason}"));
        }
    }

    fn finished(&self, report: &RunReport) {
        self.bar.finish_and_clear();
        if let Some(median) = report.median {
            let times = report.repetitions.len();
            self.note(&format!("{times} runs on the device's input took {median:.2} ms in the median"));
        }
        if self.verbose {
            self.tell(&summary(report));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn summary(report: &RunReport) -> String {
    format!(
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
    )
}

/// Text without what would steer a terminal: an artifact's texts are whatever its writer put there.
pub fn without_controls(text: String) -> String {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(steers) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let plain = "a\tb\né…\n".to_owned();
        assert_eq!(without_controls(plain.clone()), plain);
        assert_eq!(without_controls("a\u{1b}[31m\r\u{7}\u{9b}b\n".to_owned()), "a\\u{1b}[31m\\r\\u{7}\\u{9b}b\n");
    }
}
