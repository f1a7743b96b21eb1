//! What a program takes on TPUs that are not here: `djc explain --target tpu:v5e:2x4`.
//!
//! Its programs are compiled for them, and their compiler tells how much memory each needs and how many bytes it moves. The rest is
//! arithmetic: a stage takes a step for each chunk of each device, then moves what its exchange moves, and finishes once.

use super::chips::{Device, device_of};
use crate::compile::Compiled;
use crate::physical::{Stage, VariantText, asked_bytes, bytes_text, sent_bytes};
use dj_runtime::artifact::{ProgramId, ProgramKind};
use dj_runtime::execute::ProgramCost;
use std::fmt::Write;

/// A program compiled for a target, and what its compiler told.
pub(super) struct Costs<'a> {
    compiled: &'a Compiled,
    device: Option<Device>,
    programs: &'a [(ProgramId, ProgramCost)],
}

/// The sums of a target.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Totals {
    /// How many devices there are.
    pub(super) devices: usize,
    /// Seconds of all compilations.
    pub(super) compile: f64,
    /// The most bytes of a device's memory that some program needs.
    pub(super) memory: u64,
    /// Bytes that each device sends.
    pub(super) sent: usize,
    /// Seconds of a run, if it is known how many rows there are.
    pub(super) run: Option<f64>,
}

impl<'a> Costs<'a> {
    pub(super) fn new(compiled: &'a Compiled, programs: &'a [(ProgramId, ProgramCost)]) -> Self {
        Self { compiled, device: device_of(&compiled.manifest.target.topology), programs }
    }

    /// A paragraph for each stage, and what they come to.
    pub(super) fn report(&self) -> String {
        let target = &self.compiled.manifest.target;
        let mut text = format!("{target}: {}\n", self.machine());
        for index in 0..self.stages().len() {
            let _ = writeln!(text, "\nstage {index}: {}", self.compiled.manifest.variants[0].stages[index].label);
            for (id, cost) in self.of_stage(index) {
                let _ = writeln!(text, "  {:<10}{}", id.kind.to_string(), self.line(cost));
            }
            let _ = writeln!(text, "  {:<10}{}", "time", self.time_text(index));
        }
        let totals = self.totals();
        let _ = writeln!(text, "\nfits: {}, the largest program", self.memory_text(totals.memory));
        let run = totals.run.map_or_else(|| "unknown, as some of the stages".to_owned(), seconds_text);
        let _ = writeln!(text, "runs: {run}, once its rows are on the devices");
        let _ = writeln!(text, "compiled in {}, all programs together", seconds_text(totals.compile));
        text
    }

    pub(super) fn totals(&self) -> Totals {
        let stages = 0..self.stages().len();
        let costs = self.programs.iter().map(|(_, cost)| cost);
        Totals {
            devices: self.compiled.manifest.target.replicas,
            compile: costs.clone().map(|cost| cost.compile).sum(),
            memory: costs.map(ProgramCost::memory).max().unwrap_or(0),
            sent: stages.clone().flat_map(|stage| [self.sent(stage), self.asked(stage)]).flatten().sum(),
            run: stages.map(|stage| Some(self.time(stage)?.sum())).sum(),
        }
    }

    /// `3.1 of 17.2 GB`
    pub(super) fn memory_text(&self, bytes: u64) -> String {
        let used = shown(bytes);
        match self.device {
            Some(device) if bytes > device.memory => {
                let all = shown(device.memory);
                format!("no, {used} are more than the {all} of a device: take more devices, or fewer rows in a chunk")
            }
            Some(device) => format!("{used} of {}", shown(device.memory)),
            None => used,
        }
    }

    fn machine(&self) -> String {
        let devices = self.compiled.manifest.target.replicas;
        let named = if devices == 1 { "one device".to_owned() } else { format!("{devices} devices") };
        match self.device {
            Some(Device { memory, bandwidth, .. }) => {
                format!("{named}, {} of memory at {:.0} GB/s each", shown(memory), bandwidth / 1e9)
            }
            None => named,
        }
    }

    fn stages(&self) -> &'a [Stage] {
        &self.compiled.variants[0].physical.stages
    }

    fn of_stage(&self, stage: usize) -> impl Iterator<Item = (ProgramId, &'a ProgramCost)> {
        let programs = self.programs.iter().filter(move |(id, _)| id.variant == 0 && id.stage == stage);
        programs.map(|(id, cost)| (*id, cost))
    }

    fn line(&self, cost: &ProgramCost) -> String {
        let time = self.seconds(cost).map_or(String::new(), |seconds| format!(" in about {}", seconds_text(seconds)));
        format!(
            "{} of memory ({} arguments, {} results, {} between); {} moved{time}; compiled in {}",
            shown(cost.memory()),
            shown(cost.arguments),
            shown(cost.results),
            shown(cost.temporary),
            shown(cost.accessed as u64),
            seconds_text(cost.compile),
        )
    }

    /// How long a program runs: as its compiler says, or as long as its bytes take.
    fn seconds(&self, cost: &ProgramCost) -> Option<f64> {
        cost.seconds.or_else(|| Some(cost.accessed / self.device?.bandwidth))
    }

    fn sent(&self, stage: usize) -> Option<usize> {
        let variant = &self.compiled.variants[0];
        let text =
            VariantText { variant: &variant.physical, encoded: &variant.encoded, source: self.compiled.source() };
        sent_bytes(&text, &self.compiled.manifest, 0, stage)
    }

    /// What the rows of a stage ask for.
    fn asked(&self, stage: usize) -> Option<usize> {
        asked_bytes(&self.compiled.variants[0].physical, stage)
    }

    fn time(&self, stage: usize) -> Option<Time> {
        let rows = self.stages()[stage].rows_in?.rows;
        let devices = self.compiled.manifest.target.replicas;
        let chunk = (self.stages()[stage].chunk_rows * devices) as u64;
        let mut time = Time { count: rows.div_ceil(chunk).max(1), steps: 0.0, asks: 0.0, exchange: 0.0, finish: 0.0 };
        let mut step = 0.0_f64;
        for (id, cost) in self.of_stage(stage) {
            let seconds = self.seconds(cost)?;
            match id.kind {
                ProgramKind::Step(_) => step = step.max(seconds),
                ProgramKind::Finish | ProgramKind::Partition => time.finish += seconds,
                ProgramKind::Exchange => time.exchange += seconds,
                ProgramKind::Merge | ProgramKind::Compact => {}
            }
        }
        time.steps = time.count as f64 * step;
        if let Some(device) = self.device {
            let seconds = |bytes: Option<usize>| bytes.map_or(0.0, |bytes| bytes as f64 / device.links);
            time.exchange += seconds(self.sent(stage));
            time.asks = seconds(self.asked(stage));
        }
        Some(time)
    }

    /// Why the time of a stage is not known.
    fn unknown(&self, stage: usize) -> String {
        let why = match self.stages()[stage].rows_in {
            None => "no number of rows is: name one with `--rows`",
            Some(_) => "its compiler does not tell, and how fast its memory is, is not known here",
        };
        format!("unknown, because {why}")
    }

    fn time_text(&self, stage: usize) -> String {
        let Some(time) = self.time(stage) else { return self.unknown(stage) };
        let steps = if time.count == 1 { "one step".to_owned() } else { format!("{} steps", time.count) };
        let sent = self.sent(stage).map_or(String::new(), |bytes| {
            format!(", an exchange of {} {}", bytes_text(bytes), seconds_text(time.exchange))
        });
        let asked = self
            .asked(stage)
            .map_or(String::new(), |bytes| format!(", asking for {} {}", bytes_text(bytes), seconds_text(time.asks)));
        format!("{steps} {}{asked}{sent}, the finish {}", seconds_text(time.steps), seconds_text(time.finish))
    }
}

/// Where the time of a stage goes, in seconds.
struct Time {
    /// How many steps each device takes.
    count: u64,
    steps: f64,
    /// How long what rows ask for is under way.
    asks: f64,
    exchange: f64,
    finish: f64,
}

impl Time {
    fn sum(&self) -> f64 {
        self.steps + self.asks + self.exchange + self.finish
    }
}

/// A target of a comparison: its sums and the text of its memory, or why there are none.
pub(super) type Row = (String, Result<(Totals, String), String>);

/// A line for each target: what it takes, and how well it is used in comparison with the first one.
pub(super) fn table(rows: &[Row]) -> String {
    let head = ["target", "devices", "compiled", "memory", "sent by each", "runs", "efficiency"];
    let first = rows.iter().find_map(|(_, row)| row.as_ref().ok()).map(|(totals, _)| *totals);
    let cells = rows.iter().map(|(target, row)| match row {
        Ok((totals, memory)) => {
            let busy = |totals: &Totals| totals.run.map(|run| run * totals.devices as f64);
            let efficiency = first.and_then(|first| Some(busy(&first)? / busy(totals)?));
            let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
            vec![
                target.clone(),
                totals.devices.to_string(),
                seconds_text(totals.compile),
                memory.clone(),
                bytes_text(totals.sent),
                or_unknown(totals.run.map(seconds_text)),
                or_unknown(efficiency.map(|share| format!("{:.0}%", share * 100.0))),
            ]
        }
        Err(error) => vec![target.clone(), error.clone()],
    });
    let cells: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(cells).collect();
    let width = |column: usize| {
        let whole = cells.iter().filter(|row| row.len() == head.len());
        whole.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    cells.iter().map(line).collect()
}

/// Bytes of memory, which a host may count with fewer bits.
fn shown(bytes: u64) -> String {
    bytes_text(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// `30 us`, `1.5 s`, `12 min`
fn seconds_text(seconds: f64) -> String {
    match seconds {
        _ if seconds < 1e-3 => format!("{:.0} us", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.1} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Totals, seconds_text, table};

    #[test]
    fn times_have_a_fitting_unit() {
        let texts = [2.5e-5, 0.0015, 1.25, 119.0, 600.0].map(seconds_text);
        assert_eq!(texts, ["25 us", "1.5 ms", "1.2 s", "119.0 s", "10 min"]);
    }

    #[test]
    fn targets_are_compared_with_the_first_that_fits() {
        let totals = |devices, run| Totals { devices, run: Some(run), compile: 2.0, memory: 5, sent: 7 };
        let rows = [
            ("tpu:v5e:1x1".to_owned(), Err("does not fit".to_owned())),
            ("tpu:v5e:2x2".to_owned(), Ok((totals(4, 10.0), "5 B".to_owned()))),
            ("tpu:v5e:2x4".to_owned(), Ok((totals(8, 6.25), "5 B".to_owned()))),
        ];
        let text = table(&rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "target       devices  compiled  memory  sent by each  runs    efficiency");
        assert_eq!(lines[1], "tpu:v5e:1x1  does not fit");
        assert_eq!(lines[3], "tpu:v5e:2x4  8        2.0 s     5 B     7 B           6.2 s   80%");
    }
}
