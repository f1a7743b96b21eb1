//! What was chosen, why, and what it costs: `djc explain`.
//!
//! Reasons are those that the planner kept ([`Reason`]); sizes are those of the manifest at the rung that the files bound
//! at compile time need.

use super::text::{StagePrinter, VariantText, bounds_text, pass_texts};
use super::{Exchange, Op, Reason, Variant};
use crate::encode::Type;
use crate::lower::reduction_sends;
use crate::plan::{Uniqueness, grouped};
use crate::strategy::address::slots;
use crate::strategy::{Addressing, BuildStrategy, KeyDim, KeyDomain, Strategy};
use dj_runtime::artifact::{Assumption, AssumptionKind, CapacityKind, Manifest, Resident, SinkKind, Stage};
use std::collections::BTreeSet;

/// The choices of the variant of this index: a paragraph a stage, and what is taken for granted.
pub fn explain_text(of: &VariantText<'_>, manifest: &Manifest, index: usize) -> String {
    let mut paragraphs: Vec<String> = (0..of.variant.stages.len())
        .map(|stage| {
            let printer = StagePrinter::new(of, stage);
            let spec = &manifest.variants[index].stages[stage];
            let explained = Explained { of: *of, printer, manifest, variant: index, spec, stage };
            explained.paragraph()
        })
        .collect();
    paragraphs.extend(Some(pass_texts(of).concat()).filter(|text| !text.is_empty()));
    let promises = promises(of, manifest, index);
    if !promises.is_empty() {
        paragraphs.push(promises.into_iter().map(|line| line + "\n").collect());
    }
    paragraphs.join("\n")
}

/// About how many bytes each device sends for a stage of the variant of this index; of rows, as far as their number is known.
pub fn sent_bytes(of: &VariantText<'_>, manifest: &Manifest, index: usize, stage: usize) -> Option<usize> {
    let (printer, spec) = (StagePrinter::new(of, stage), &manifest.variants[index].stages[stage]);
    if manifest.target.replicas == 1 {
        return None;
    }
    Explained { of: *of, printer, manifest, variant: index, spec, stage }.sent(spec.first_rung)
}

/// About how many bytes each device sends while the rows of a stage ask for their matches, where these are shared out among devices: of
/// every row the keys go out, and what is read of the match comes back. No more than that, as rows of a chunk ask once for the same.
pub fn asked_bytes(variant: &Variant, stage: usize) -> Option<usize> {
    let stage = &variant.stages[stage];
    let ops = stage.drivers.iter().flat_map(|driver| &driver.ops);
    let shared = ops.filter_map(|op| match op {
        Op::Probe(probe) => (variant.stages[probe.build].exchange == Exchange::Share).then_some(probe),
        Op::Filter(_) | Op::Project(_) => None,
    });
    let row = shared.map(|probe| {
        let keys: usize = probe.keys.iter().map(|key| key.ty.element().bytes()).sum();
        let columns =
            probe.payload.iter().map(|(_, column)| column.ty.element().bytes() + usize::from(column.nullable));
        keys + 1 + columns.sum::<usize>()
    });
    let row = row.reduce(|all, row| all + row)?;
    let rows = usize::try_from(stage.rows_in?.rows).ok()?.div_ceil(variant.devices);
    Some(rows.saturating_mul(row) / variant.devices * (variant.devices - 1))
}

struct Explained<'a> {
    of: VariantText<'a>,
    printer: StagePrinter<'a>,
    manifest: &'a Manifest,
    variant: usize,
    spec: &'a Stage,
    stage: usize,
}

impl Explained<'_> {
    fn paragraph(&self) -> String {
        let rung = self.spec.first_rung;
        let mut lines = vec![("strategy", self.strategy()), ("rows", self.printer.rows())];
        if !self.spec.capacities.is_empty() {
            let sizes: Vec<_> = (0..self.spec.capacities.len()).map(|capacity| self.capacity(capacity, rung)).collect();
            lines.push((
                "capacity",
                format!("{}; rung {rung} of 0..{}", sizes.join(", "), self.spec.rungs.saturating_sub(1)),
            ));
        }
        lines.push(("memory", self.memory(rung)));
        lines.push(("exchange", self.exchange(rung)));
        let asked = asked_bytes(self.of.variant, self.stage);
        lines.extend(asked.map(|bytes| ("asks", format!("each device sends about {}", bytes_text(bytes)))));
        let lines: String = lines.iter().map(|(name, text)| format!("  {name:<9}{text}\n")).collect();
        self.printer.heading() + &lines
    }

    /// The strategy and why.
    fn strategy(&self) -> String {
        let reason = match &self.of.variant.reasons[self.stage] {
            Reason::Streams => "rows leave as they come".to_owned(),
            Reason::Shared => "rows are shared out, and a table of texts that grows cannot be".to_owned(),
            Reason::Forced => "`--strategy` asks for it".to_owned(),
            Reason::OneGroup => "there are no keys, so there is one group".to_owned(),
            Reason::Group(addressing) => self.addressing(addressing),
            Reason::Grows => {
                "rows are sorted by keys, because slots of texts and other keys would grow with them".to_owned()
            }
            Reason::Nearest => "of sorted keys the nearest is found".to_owned(),
            Reason::ManyMatches => "build keys are not known to be unique".to_owned(),
            Reason::OneMatch { unique, addressing } => {
                format!("{}; {}", self.unique(unique.as_ref()), self.addressing(addressing))
            }
            Reason::Order => "all rows are put in order".to_owned(),
            Reason::Window => "a row needs others of its partition".to_owned(),
            Reason::FewWanted => "the first rows are kept in order while the others pass".to_owned(),
            Reason::ManyWanted { limit } => {
                format!("more than {} rows are wanted, so all are put in order", grouped(*limit))
            }
        };
        format!("{}: {reason}", self.name())
    }

    fn strategy_of_stage(&self) -> &dyn Strategy {
        self.of.variant.stages[self.stage].sink.strategy()
    }

    /// The strategy, and of a build side how matches are found.
    fn name(&self) -> &'static str {
        let strategy = self.strategy_of_stage();
        strategy.build().map_or(strategy.name(), BuildStrategy::description)
    }

    fn unique(&self, unique: Option<&Uniqueness>) -> String {
        match unique {
            None => "any match will do".to_owned(),
            Some(Uniqueness::Proven) => "the plan makes build keys unique".to_owned(),
            Some(Uniqueness::Recorded(table, column)) => {
                let table = &self.of.encoded.program.tables[*table];
                format!("`{}` is unique in the files bound to `{}`", table.columns[*column].field.name, table.name)
            }
        }
    }

    fn addressing(&self, addressing: &Addressing) -> String {
        let keys = self.printer.keys();
        match addressing {
            Addressing::Dense(dims) => self.printer.first_slots(&keys, dims),
            Addressing::Unbounded { key } => {
                let (name, ty) = &keys[*key];
                let what = if ty.is_code() {
                    "has no dictionary that is known to be small"
                } else if ty.is_float() {
                    "is a float"
                } else {
                    "has no bounded domain"
                };
                format!("key `{name}` {what}")
            }
            Addressing::TooManySlots { dims, slots, limit } => self.too_many(&keys, dims, *slots, *limit),
            Addressing::TooDear { dims, cost, instead } => format!(
                "{} would take about {}, and this about {}",
                self.printer.slots(slots(dims, &self.of.encoded.dictionaries), &keys, dims),
                duration_text(*cost),
                duration_text(*instead)
            ),
        }
    }

    fn too_many(&self, keys: &[(String, Type)], dims: &[KeyDim], slots: Option<u64>, limit: u64) -> String {
        let unbounded = keys.iter().zip(dims).find(|((_, ty), dim)| match dim.domain {
            KeyDomain::Range { lo, hi } => ty.integer_range() == Some((lo.into(), hi.into())),
            KeyDomain::Dictionary(_) => false,
        });
        match unbounded {
            Some(((key, _), _)) => format!("key `{key}` has no bounded domain"),
            None => format!("{} are more than {} at most", self.printer.slots(slots, keys, dims), grouped(limit)),
        }
    }

    fn capacity(&self, capacity: usize, rung: usize) -> String {
        let size = grouped(self.spec.capacity(capacity, rung) as u64);
        match self.spec.capacities[capacity].holds {
            CapacityKind::Rows => format!("{size} collected rows"),
            CapacityKind::Dictionary(domain) => format!("{size} strings of {}", self.domain(domain)),
            CapacityKind::Result { stage, tensor } => {
                let what = if self.is_table(stage, tensor) { "slots" } else { "rows" };
                format!("{size} {what} of stage {stage}")
            }
        }
    }

    /// Whether a tensor of a result says at which row a key's is.
    fn is_table(&self, stage: usize, tensor: usize) -> bool {
        let SinkKind::Fold { tensors, .. } = &self.manifest.variants[self.variant].stages[stage].sink.kind else {
            return false;
        };
        let build = self.of.variant.stages[stage].sink.strategy().build();
        build.is_some_and(BuildStrategy::has_table) && tensor + 1 == tensors.len()
    }

    /// The table columns that a dictionary serves.
    fn domain(&self, domain: usize) -> String {
        let names: BTreeSet<_> = self
            .manifest
            .tables
            .iter()
            .flat_map(|table| &table.columns)
            .filter(|column| column.domain == Some(domain))
            .map(|column| column.field.name.as_str())
            .collect();
        if names.is_empty() { "computed text".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    }

    /// What moves between devices, and about how many bytes each sends.
    fn exchange(&self, rung: usize) -> String {
        let devices = self.manifest.target.replicas;
        if devices == 1 {
            return "none: one device".to_owned();
        }
        let Some(text) = self.printer.exchange() else {
            return "none: rows leave as they come".to_owned();
        };
        let text = text.strip_prefix("exchange: ").unwrap_or(&text).to_owned();
        match self.sent(rung) {
            Some(bytes) => format!("{text}: each device sends about {}", bytes_text(bytes)),
            None => text,
        }
    }

    /// About how many bytes each device sends; of rows, as far as their number is known.
    fn sent(&self, rung: usize) -> Option<usize> {
        let devices = self.manifest.target.replicas;
        let stage = &self.of.variant.stages[self.stage];
        if matches!(stage.exchange, Exchange::Reduce | Exchange::ReduceScatter) {
            let tensors = self.spec.state.iter().skip(1);
            let state: usize =
                tensors.map(|tensor| tensor.dims[rung].iter().product::<usize>() * tensor.element.bytes()).sum();
            // In every round a state goes to each other member of the group; or all shares but a device's own go to the others.
            let sent = state * reduction_sends(&self.manifest.target);
            return Some(if stage.exchange == Exchange::Reduce { sent } else { state / devices * (devices - 1) });
        }
        let row: usize = self.spec.state.iter().skip(2).map(|tensor| tensor.element.bytes()).sum();
        let rows = usize::try_from(stage.rows_in?.rows).ok()?.div_ceil(devices);
        let others = devices - 1;
        let times = match stage.exchange {
            Exchange::None | Exchange::Reduce | Exchange::ReduceScatter => return None,
            Exchange::Hash(_) | Exchange::Range(_) | Exchange::Share => rows.saturating_mul(row) / devices * others,
            Exchange::Gather => rows.saturating_mul(row),
            Exchange::Broadcast => rows.saturating_mul(row).saturating_mul(others),
        };
        Some(times)
    }

    fn memory(&self, rung: usize) -> String {
        let state =
            self.spec.state.iter().map(|tensor| tensor.dims[rung].iter().product::<usize>() * tensor.element.bytes());
        let residents = self.spec.residents.iter().map(|resident| match resident {
            Resident::HostTable { table, capacity } => {
                let table = &self.manifest.host_tables[*table];
                let entry = table.element.bytes() + usize::from(table.nullable) + usize::from(table.can_fail);
                self.spec.capacity(*capacity, rung) * entry
            }
            Resident::Result { tensors, .. } => {
                tensors.iter().map(|tensor| self.spec.length(tensor.dim, rung) * tensor.element.bytes()).sum()
            }
        });
        let chunk = self.spec.drivers.iter().map(|driver| {
            let lanes: Vec<_> =
                driver.lanes().map(|(element, nullable)| element.bytes() + usize::from(nullable)).collect();
            driver.arguments.iter().map(|argument| lanes[*argument]).sum::<usize>() * self.spec.chunk_rows
        });
        let chunk = chunk.max().unwrap_or_else(|| panic!("(P13) no driver gives rows to stage {}", self.stage));
        let (state, residents): (usize, usize) = (state.sum(), residents.sum());
        let resident = if residents == 0 { String::new() } else { format!("residents {}, ", bytes_text(residents)) };
        let rows = grouped(self.spec.chunk_rows as u64);
        format!("state {}, {resident}chunk {} ({rows} rows)", bytes_text(state), bytes_text(chunk))
    }
}

/// What the variant takes for granted of the data, and what happens where that is wrong.
fn promises(of: &VariantText<'_>, manifest: &Manifest, index: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let assumptions = &manifest.variants[index].assumptions;
    if !assumptions.is_empty() {
        let next = index + 1;
        lines.push(format!("assumes, or variant {next} runs instead:"));
        lines.extend(assumptions.iter().map(|assumption| assumption_text(manifest, assumption)));
    }
    let mut declared = Vec::new();
    let columns = of.variant.stages.iter().flat_map(|stage| &stage.drivers).flat_map(|driver| &driver.columns);
    for column in columns {
        let Some(check) = column.checks.iter().find(|check| check.declared) else { continue };
        let line = format!("  {} in {}", check.name, bounds_text(check.bounds, column.column.ty.written()));
        if !declared.contains(&line) {
            declared.push(line);
        }
    }
    if !declared.is_empty() {
        lines.push("declares, or the run ends with an error that names the row:".to_owned());
        lines.append(&mut declared);
    }
    lines
}

fn assumption_text(manifest: &Manifest, assumption: &Assumption) -> String {
    let table = &manifest.tables[assumption.table];
    let field = &table.columns[assumption.column].field;
    let name = format!("  {}.{}", table.name, field.name);
    match assumption.kind {
        AssumptionKind::Bounds(bounds) => format!("{name} in {}", bounds_text(bounds, field.ty)),
        AssumptionKind::Unique => format!("{name} is unique"),
        AssumptionKind::NotNull => format!("{name} is not null"),
    }
}

/// `1.3 ms`
fn duration_text(nanoseconds: u64) -> String {
    let units = [(1_000_000_000_u64, "s"), (1_000_000, "ms"), (1_000, "µs")];
    match units.iter().find(|(size, _)| nanoseconds >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", nanoseconds as f64 / *size as f64),
        None => format!("{nanoseconds} ns"),
    }
}

/// `3.1 MB`
pub fn bytes_text(bytes: usize) -> String {
    let units = [(1_000_000_000_usize, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", bytes as f64 / *size as f64),
        None => format!("{bytes} B"),
    }
}
