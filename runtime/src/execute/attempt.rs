//! One attempt: the stages of one variant, in order.

use super::account::{Lease, OverLimit, TextLimit};
use super::assertions::Violations;
use super::bind::Inputs;
use super::codes;
use super::device::Device;
use super::error::{RunError, pairs};
use super::lineage::Lineage;
use super::observer::Observer;
use super::outputs::Outputs;
use super::pass_run::PassRun;
use super::programs::Programs;
use super::report::Activity;
use super::residents::TableUploads;
use super::result::StageResult;
use super::status::Stop;
use super::wave::Wave;
use crate::artifact::{Manifest, ProgramId, ProgramKind, ScanPredicate, SinkKind, Stage, Variant};
use crate::columns::{Dictionaries, DictionaryError, HostTableError, HostTables, INPUT, RowStore, Table};
use crate::expr::Scalar;
use crate::io::Source;
use dj_grammar::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What the stages of one attempt share.
pub(super) struct Attempt<'s, 'p> {
    pub(super) manifest: &'s Manifest,
    pub(super) variant: usize,
    alone: bool,
    pub(super) device: &'s Device,
    pub(super) programs: &'s Programs<'p>,
    pub(super) inputs: &'s Inputs,
    pub(super) observer: &'s dyn Observer,
    outputs: &'s mut dyn Outputs,
    pub(super) dictionaries: Dictionaries,
    /// The memory of the dictionaries.
    texts: Option<Lease>,
    pub(super) host_tables: HostTables,
    pub(super) table_uploads: TableUploads,
    params: Vec<Scalar>,
    results: Vec<Option<StageResult>>,
    /// Where the rows of emitting stages come from, by stage; they outlive the rows.
    lineages: BTreeMap<usize, Rc<Lineage>>,
    /// What was found of each assertion.
    pub(super) violations: Vec<Violations>,
    /// Rows that were read from tables.
    pub(super) rows: u64,
    /// With `--repeat`: the waves of each stage's table-driven drivers.
    pub(super) kept: Option<Kept>,
}

/// Input that stays on the device to run again.
#[derive(Default)]
pub(super) struct Kept {
    /// By stage and driver.
    pub(super) waves: BTreeMap<(usize, usize), Vec<Rc<Wave>>>,
    /// Whether the waves are complete, and so are read instead of the files.
    pub(super) complete: bool,
}

/// How an attempt runs a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Which variant.
    pub(super) variant: usize,
    /// Whether each stage reads its source by itself, so that only one at a time is in memory.
    pub(super) alone: bool,
}

/// What all attempts of a run share.
pub(super) struct RunContext<'s, 'p> {
    pub(super) manifest: &'s Manifest,
    pub(super) device: &'s Device,
    pub(super) programs: &'s Programs<'p>,
    pub(super) inputs: &'s Inputs,
    pub(super) observer: &'s dyn Observer,
    pub(super) outputs: &'s mut dyn Outputs,
}

impl<'s, 'p> Attempt<'s, 'p> {
    /// Dictionaries with the program's literals and parameters, and nothing else yet.
    pub(super) fn new(run: RunContext<'s, 'p>, Way { variant, alone }: Way, keep: bool) -> Result<Self, RunError> {
        let RunContext { manifest, device, programs, inputs, observer, outputs } = run;
        let full = |error: DictionaryError| full_dictionary(&error, dj_grammar::Span::default());
        let mut dictionaries = Dictionaries::new(&manifest.domains).map_err(full)?;
        let mut params = Vec::new();
        for (spec, value) in pairs("parameters and values", &manifest.params, &inputs.params)? {
            params.push(match (value, spec.domain) {
                (Scalar::Str(text), Some(domain)) => {
                    Scalar::Int(dictionaries.intern(domain, text, INPUT).map_err(full)?.into())
                }
                (value, _) => value.clone(),
            });
        }
        outputs.restart()?;
        Ok(Self {
            manifest,
            variant,
            alone,
            device,
            programs,
            inputs,
            observer,
            outputs,
            dictionaries,
            texts: None,
            host_tables: HostTables::new(&manifest.host_tables),
            table_uploads: TableUploads::new(),
            params,
            results: Vec::new(),
            lineages: BTreeMap::new(),
            violations: vec![Violations::default(); manifest.assertions.len()],
            rows: 0,
            kept: keep.then(Kept::default),
        })
    }

    /// The variant's description.
    pub(super) fn spec(&self) -> &'s Variant {
        &self.manifest.variants[self.variant]
    }

    /// Runs all stages. What breaks an assertion is told of rather than what comes of it.
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        match self.run_passes() {
            Ok(()) => self.violated(true).map_or(Ok(()), |violated| Err(Stop::Failed(violated))),
            Err(Stop::Failed(failed @ RunError::Program(_))) => {
                Err(Stop::Failed(self.violated(false).unwrap_or(failed)))
            }
            Err(stop @ (Stop::Failed(_) | Stop::Replay(_))) => Err(stop),
        }
    }

    fn run_passes(&mut self) -> Result<(), Stop> {
        self.lineages.clear();
        self.device.clock.start_stages();
        let variant = self.spec();
        self.results = variant.stages.iter().map(|_| None).collect();
        self.programs.prepare(likely_programs(self.variant, variant));
        let passes = self.passes();
        for (index, pass) in passes.iter().enumerate() {
            pass.iter().for_each(|stage| self.observer.stage(&variant.stages[*stage].label));
            let mut run = PassRun::new(self, pass);
            let rows = run.fold(self)?;
            for (done, run) in run.runs.into_iter().enumerate() {
                let (stage, spec) = (run.index, run.stage);
                self.results[stage] = run.result(self, rows)?;
                self.export(stage, spec)?;
                // The finish of a stage may need what its steps read.
                let later = passes[index + 1..].iter().flatten();
                self.drop_unused(pass[done + 1..].iter().chain(later).copied());
            }
        }
        Ok(())
    }

    /// What runs together.
    fn passes(&self) -> Vec<Vec<usize>> {
        let passes = &self.spec().passes;
        if self.alone { passes.iter().flatten().map(|stage| vec![*stage]).collect() } else { passes.clone() }
    }

    /// Shows the results.
    pub(super) fn commit(&mut self) -> Result<(), RunError> {
        let (outputs, dictionaries) = (&mut *self.outputs, &self.dictionaries);
        self.device.clock.time(Activity::Write, || "commit".to_owned(), || outputs.commit(dictionaries))
    }

    /// From now on the input comes from the device, and results go nowhere.
    pub(super) fn start_repeating(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.complete = true;
        }
    }

    /// Whether results go nowhere.
    pub(super) fn is_repeating(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.complete)
    }

    /// Hands a folded result to its exports and assertions.
    fn export(&mut self, index: usize, stage: &Stage) -> Result<(), RunError> {
        let SinkKind::Fold { .. } = stage.sink.kind else { return Ok(()) };
        if self.is_repeating() {
            return self.result(index)?.wait(self.device);
        }
        for export in self.exports_of(index) {
            let rows = self.host(index)?;
            rows.portions().try_for_each(|portion| self.export_rows(export, portion))?;
        }
        for assertion in self.assertions_of(index) {
            let rows = self.host(index)?;
            let mut portions = rows.portions();
            portions.try_for_each(|portion| self.violate(assertion, &stage.sink.columns, portion, &|_| None))?;
        }
        Ok(())
    }

    /// More rows of an export.
    pub(super) fn export_rows(&mut self, export: usize, rows: &Table) -> Result<(), RunError> {
        if self.is_repeating() {
            return Ok(());
        }
        let (outputs, dictionaries) = (&mut *self.outputs, &self.dictionaries);
        self.device.clock.time(Activity::Write, || "write".to_owned(), || outputs.rows(export, rows, dictionaries))
    }

    /// The exports whose rows a stage gives.
    pub(super) fn exports_of(&self, stage: usize) -> Vec<usize> {
        let gives = |export: &usize| self.manifest.exports[*export].stages.get(self.variant) == Some(&stage);
        (0..self.manifest.exports.len()).filter(gives).collect()
    }

    /// The assertions that are false for the rows that a stage gives.
    pub(super) fn assertions_of(&self, stage: usize) -> Vec<usize> {
        let gives = |assertion: &usize| self.manifest.assertions[*assertion].stages.get(self.variant) == Some(&stage);
        (0..self.manifest.assertions.len()).filter(gives).collect()
    }

    /// Whether a later stage reads the result.
    pub(super) fn is_read_later(&self, stage: usize) -> bool {
        self.spec().stages.iter().any(|later| later.results_read().contains(&stage))
    }

    /// Drops the results that no later stage reads.
    fn drop_unused(&mut self, later: impl Iterator<Item = usize>) {
        let spec = self.spec();
        let stages = later.map(|stage| &spec.stages[stage]);
        let read: BTreeSet<usize> = stages.flat_map(Stage::results_read).collect();
        for (index, result) in self.results.iter_mut().enumerate() {
            if !read.contains(&index) {
                *result = None;
            }
        }
    }

    /// The result of an earlier stage.
    pub(super) fn result(&self, stage: usize) -> Result<&StageResult, RunError> {
        let missing = || RunError::bug(format!("the result of stage {stage} is not there"));
        self.results.get(stage).and_then(Option::as_ref).ok_or_else(missing)
    }

    /// Where the rows of an earlier stage come from, if that is known.
    pub(super) fn lineage(&self, stage: usize) -> Option<Rc<Lineage>> {
        self.lineages.get(&stage).cloned()
    }

    /// Keeps where the rows of a stage come from.
    pub(super) fn keep_lineage(&mut self, stage: usize, lineage: Lineage) {
        self.lineages.insert(stage, Rc::new(lineage));
    }

    /// The rows of a table.
    pub(super) fn source(&self, table: usize) -> Result<&'s Source, RunError> {
        let source = self.inputs.sources.get(table).and_then(Option::as_ref);
        source.ok_or_else(|| RunError::bug(format!("table {table} is read and not open")))
    }

    /// What readers of tables skip by, with the values of parameters.
    pub(super) fn with_params(&self, skips: &[&[ScanPredicate]]) -> Vec<Vec<ScanPredicate>> {
        let params = &self.inputs.params;
        skips.iter().map(|skip| skip.iter().map(|predicate| predicate.with_params(params)).collect()).collect()
    }

    /// The rows of an earlier stage on the host.
    pub(super) fn host(&self, stage: usize) -> Result<Rc<RowStore>, RunError> {
        self.result(stage)?.host(self.device, &self.spec().stages[stage].sink)
    }

    /// How many of a stage's result tensors are its columns.
    pub(super) fn column_tensors(&self, stage: usize) -> usize {
        let places = self.spec().stages[stage].sink.column_tensors();
        places.last().map_or(0, |last| last.validity.unwrap_or(last.values) + 1)
    }

    /// The value of a parameter; the code of a text.
    pub(super) fn param(&self, param: usize) -> Result<Scalar, RunError> {
        self.params.get(param).cloned().ok_or_else(|| RunError::bug(format!("there is no parameter {param}")))
    }

    /// The value in the only row of an earlier result; null if it has none.
    pub(super) fn cell(&self, stage: usize, column: usize) -> Result<Scalar, RunError> {
        let table = self.host(stage)?;
        match table.rows() {
            0 => Ok(Scalar::Null),
            1 => {
                let missing = || RunError::bug(format!("the result of stage {stage} has no column {column}"));
                table.scalar(0, column).ok_or_else(missing)
            }
            rows => {
                let stage = &self.spec().stages[stage];
                let name = &stage.sink.columns[column].field.name;
                let message = format!("`{name}` is used as a single value, but there are {rows} rows");
                let diagnostic = Diagnostic::error(codes::MANY_ROWS, message).at(stage.span);
                Err(RunError::program(diagnostic.help("aggregate the rows to one, or keep one with `take 1`")))
            }
        }
    }

    /// Takes memory into use for a stage.
    pub(super) fn lease(&self, stage: &Stage, bytes: u64) -> Result<Lease, RunError> {
        self.device.account.lease(bytes).map_err(|over| over_limit(stage, over))
    }

    /// What the texts of this run may take.
    pub(super) fn text_limit(&self) -> TextLimit {
        self.device.account.text_limit(self.texts.as_ref())
    }

    /// Computes the host tables' entries for the texts that are new, and counts the memory of all texts.
    pub(super) fn refresh_host_tables(&mut self, stage: &Stage) -> Result<(), RunError> {
        let limit = self.text_limit();
        let updated = self.host_tables.update_with(&mut self.dictionaries, limit.most(), &|expr, column| {
            crate::expr::eval(expr, column).map_err(|error| error.to_string())
        });
        updated.map_err(|error| match error {
            HostTableError::Dictionary(error) => full_dictionary(&error, stage.span),
            HostTableError::TooLarge { bytes } => match limit.check(bytes) {
                Err(over) => over_limit(stage, over),
                Ok(()) => RunError::bug(format!("texts of {bytes} bytes are too large and are not")),
            },
            HostTableError::OutOfOrder { .. } | HostTableError::Failed { .. } => RunError::bug(error.to_string()),
        })?;
        let bytes = self.dictionaries.bytes();
        if self.texts.as_ref().map(Lease::bytes) != Some(bytes) {
            self.texts = None;
            self.texts = Some(self.lease(stage, bytes)?);
        }
        Ok(())
    }
}

fn over_limit(stage: &Stage, over: OverLimit) -> RunError {
    let message = over.message(&format!("`{}`", stage.label));
    RunError::program(Diagnostic::error(codes::MEMORY, message).at(stage.span).help(OverLimit::HELP))
}

/// Too many distinct texts, read or made at a place.
pub(super) fn full_dictionary(error: &DictionaryError, span: dj_grammar::Span) -> RunError {
    let code = crate::io::IoErrorKind::DictionaryFull.code();
    RunError::program(Diagnostic::error(code, error.to_string()).at(span))
}

/// The programs that a variant starts with; compacting may never be needed.
fn likely_programs(variant: usize, spec: &Variant) -> Vec<ProgramId> {
    let of_stage = |(index, stage): (usize, &Stage)| {
        let rung = stage.first_rung;
        let kinds = stage.programs().into_iter().filter(|kind| *kind != ProgramKind::Compact);
        kinds.map(|kind| ProgramId { variant, stage: index, kind, rung }).collect::<Vec<_>>()
    };
    spec.stages.iter().enumerate().flat_map(of_stage).collect()
}
