//! From source text to everything that an artifact holds, one line a stage.

use crate::analyze::{Catalog, analyze, codes};
use crate::encode::{self, EncodedProgram, assume_recorded, encode};
use crate::lower::{LoweredStage, StageLowering};
use crate::physical::{self, Forced, Options as PhysicalOptions, Variant};
use crate::plan::{Estimates, Export, Mesh, Program, Purpose, Table, VerifyError, estimated_plan_text, verify};
use crate::stablehlo::{BuildError, Context, Session};
use dj_grammar::{Diagnostic, ast};
use dj_runtime::artifact::{
    AssertionSpec, Assumption, AssumptionKind, ExportSpec, FORMAT, Manifest, ManifestError, Modules, ModulesError,
    ParamSpec, ProgramId, Stage, TableColumn, TableSpec, Target, Variant as VariantSpec,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a compilation may be told.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the program will run on; where it is not told, the mesh that the program declares, or one CPU device.
    pub target: Option<Target>,
    /// Rows of a chunk at most.
    pub chunk_rows: usize,
    /// Whether the optimizer runs.
    pub optimize: bool,
    /// Whether every stage's result is verified.
    pub verify: bool,
    /// Whether native kernels may be called where the target has them.
    pub kernels: bool,
    /// Strategies that are to be taken wherever they can be, whatever they cost.
    pub forced: Forced,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: None,
            chunk_rows: physical::DEFAULT_CHUNK_ROWS,
            optimize: true,
            verify: cfg!(debug_assertions),
            kernels: true,
            forced: Forced::default(),
        }
    }
}

/// Why a compilation gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The program is wrong; each diagnostic says where.
    #[error("the program has {} errors", .0.len())]
    Program(Vec<Diagnostic>),
    /// A stage gave a plan that breaks its own rules: a bug in DJ.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The program is complete and its manifest breaks the rules that the runtime relies on: a bug in DJ.
    #[error("the manifest breaks {0}")]
    Manifest(#[from] ManifestError),
}

/// A program in every representation, ready to be run or packed.
pub struct Compiled {
    /// The syntax tree.
    pub ast: ast::File,
    /// The plan as analyzed.
    pub plan: Program,
    /// The plan as optimized.
    pub optimized: Program,
    /// The same as text, with how many rows each operator is thought to give.
    pub estimated: String,
    /// The ways to run it, from most to no assumptions.
    pub variants: Vec<CompiledVariant>,
    /// What the runtime needs to know.
    pub manifest: Manifest,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    source: String,
    source_name: String,
    options: Options,
}

/// One way to run a program.
pub struct CompiledVariant {
    /// The program without text, and the dictionaries.
    pub encoded: EncodedProgram,
    /// The stages.
    pub physical: Variant,
    lowered: Vec<LoweredStage>,
}

/// Compiles a source; `source_name` is its file name, for messages.
pub fn compile(
    source: &str,
    source_name: &str,
    catalog: &dyn Catalog,
    unique: &dyn Fn(&str, &str) -> bool,
    options: &Options,
) -> Result<Compiled, CompileError> {
    let (ast, plan, diagnostics) = front(source, catalog);
    let Some(plan) = plan.filter(|_| !has_errors(&diagnostics)) else {
        return Err(CompileError::Program(diagnostics));
    };
    verified(&plan, options)?;
    let optimized = optimize(plan.clone(), unique, options);
    verified(&optimized, options)?;
    let estimated = estimated(&optimized, source, unique);
    let target = options.target.clone().unwrap_or_else(|| declared_target(&plan.mesh));
    let context = Context::for_platform(target.platform);
    let session = context.session();
    let mut variants = Vec::new();
    let bare = encode(&optimized.clone().with_pruned_tables());
    for use_recorded in [true, false] {
        let mut encoded = bare.clone();
        if use_recorded {
            assume_recorded(&mut encoded);
        }
        if options.verify {
            encode::verify(&encoded, &optimized)?;
        }
        let variant = plan_variant(encoded, source, source_name, &session, unique, use_recorded, (options, &target))?;
        if !variants.iter().any(|other: &CompiledVariant| other.is_like(&variant)) {
            variants.push(variant);
        }
    }
    let mut manifest = manifest(&optimized, source, source_name, &variants, target);
    manifest.unused_tables = unused_tables(&ast, &manifest);
    if options.verify {
        manifest.verify()?;
    }
    Ok(Compiled {
        ast,
        plan,
        optimized,
        estimated,
        variants,
        manifest,
        warnings: diagnostics,
        source: source.to_owned(),
        source_name: source_name.to_owned(),
        options: options.clone(),
    })
}

/// The syntax tree of a source, its plan unless it has errors, and all its problems.
///
/// A statement with a syntax error is missing from the tree, so that what it would have made only seems to be missing: such
/// problems are left out.
pub(crate) fn front(source: &str, catalog: &dyn Catalog) -> (ast::File, Option<Program>, Vec<Diagnostic>) {
    let (ast, mut diagnostics) = dj_grammar::parse(source);
    let is_broken = has_errors(&diagnostics);
    let (plan, found) = analyze(&ast, source, catalog);
    diagnostics.extend(found.into_iter().filter(|problem| !is_broken || !codes::of_missing_names(problem.code)));
    (ast, plan.filter(|_| !is_broken), diagnostics)
}

/// The CPU devices of a mesh; one if there is none.
fn declared_target(mesh: &[Mesh]) -> Target {
    let sides: Vec<_> = mesh.iter().map(|axis| axis.size.to_string()).collect();
    if sides.is_empty() {
        return Target::cpu();
    }
    let target = Target::parse(&format!("cpu:{}", sides.join("x")));
    target.unwrap_or_else(|| unreachable!("the axes of a mesh were looked at: {sides:?}"))
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == dj_grammar::Severity::Error)
}

fn verified(program: &Program, options: &Options) -> Result<(), VerifyError> {
    if options.verify { verify(program) } else { Ok(()) }
}

fn optimize(program: Program, unique: &dyn Fn(&str, &str) -> bool, options: &Options) -> Program {
    if !options.optimize {
        return program;
    }
    let tables = program.tables.clone();
    let is_unique = |table: usize, column: usize| is_unique(&tables[table], column, unique);
    crate::optimize::optimize(program, &crate::optimize::Options { verify: options.verify, unique: &is_unique })
}

fn estimated(program: &Program, source: &str, unique: &dyn Fn(&str, &str) -> bool) -> String {
    let is_unique = |table: usize, column: usize| is_unique(&program.tables[table], column, unique);
    estimated_plan_text(program, source, &Estimates::new(program, &is_unique))
}

/// Whether no value of a table's column occurs twice, as far as that is recorded or found in the bound files.
fn is_unique(table: &Table, column: usize, unique: &dyn Fn(&str, &str) -> bool) -> bool {
    let column = &table.columns[column];
    column.recorded.unique || unique(&table.name, &column.field.name)
}

/// Plans and lowers the stages of one variant.
fn plan_variant(
    encoded: EncodedProgram,
    source: &str,
    source_name: &str,
    session: &Session<'_>,
    unique: &dyn Fn(&str, &str) -> bool,
    use_recorded: bool,
    (options, target): (&Options, &Target),
) -> Result<CompiledVariant, VerifyError> {
    let physical_options = PhysicalOptions {
        target: target.clone(),
        chunk_rows: options.chunk_rows,
        use_recorded,
        forced: options.forced.clone(),
    };
    let is_unique = |table: usize, column: usize| is_unique(&encoded.program.tables[table], column, unique);
    let physical = physical::plan(&encoded, &physical_options, &is_unique);
    if options.verify {
        physical::verify(&encoded, &physical)?;
    }
    let mut lowered: Vec<LoweredStage> = Vec::new();
    for stage in 0..physical.stages.len() {
        let manifests: Vec<_> = lowered.iter().map(|stage| stage.manifest.clone()).collect();
        let lowering = StageLowering {
            program: &encoded.program,
            dictionaries: &encoded.dictionaries,
            variant: &physical,
            stage,
            lowered: &manifests,
            target,
            kernels: options.kernels,
            source,
            source_name,
        };
        lowered.push(lowering.lower(session));
    }
    Ok(CompiledVariant { encoded, physical, lowered })
}

fn manifest(
    program: &Program,
    source: &str,
    source_name: &str,
    variants: &[CompiledVariant],
    target: Target,
) -> Manifest {
    let dictionaries = &variants[0].encoded.dictionaries;
    let tables = variants[0].encoded.program.tables.iter().enumerate().map(|(table, spec)| TableSpec {
        name: spec.name.clone(),
        path: spec.path.clone(),
        made: spec.made.clone(),
        span: spec.span,
        columns: spec
            .columns
            .iter()
            .enumerate()
            .map(|(column, spec)| TableColumn {
                field: spec.field.clone(),
                domain: dictionaries.domain_of_source(table, column),
                is_inferred: spec.is_inferred,
            })
            .collect(),
    });
    let params = program.params.iter().enumerate();
    let params =
        params.map(|(index, param)| ParamSpec { domain: dictionaries.domain_of_param(index), ..param.clone() });
    let (mut exports, mut assertions) = (Vec::new(), Vec::new());
    for (index, Export { purpose, span, .. }) in program.exports.iter().enumerate() {
        let (span, stages) = (*span, variants.iter().map(|variant| variant.physical.exports[index]).collect());
        match purpose {
            Purpose::Output(name) => exports.push(ExportSpec { name: name.clone(), span, stages }),
            Purpose::Assertion(message) => {
                assertions.push(AssertionSpec { message: message.clone(), span, stages });
            }
        }
    }
    Manifest {
        format: FORMAT,
        compiler: env!("CARGO_PKG_VERSION").to_owned(),
        source_sha256: dj_runtime::artifact::store::sha256(source.as_bytes()),
        source_name: source_name.to_owned(),
        target,
        domains: dictionaries.domains.clone(),
        host_tables: dictionaries.host_tables.clone(),
        tables: tables.collect(),
        unused_tables: vec![],
        params: params.collect(),
        exports,
        assertions,
        variants: variants.iter().map(variant_spec).collect(),
    }
}

fn unused_tables(file: &ast::File, manifest: &Manifest) -> Vec<String> {
    let declared = file.statements.iter().filter_map(|statement| match statement {
        ast::Statement::Table(table) => Some(&table.name.node),
        ast::Statement::Param(_)
        | ast::Statement::Function(_)
        | ast::Statement::Let(_)
        | ast::Statement::Export(_)
        | ast::Statement::Mesh(_) => None,
    });
    declared.filter(|name| manifest.tables.iter().all(|table| table.name != **name)).cloned().collect()
}

fn variant_spec(variant: &CompiledVariant) -> VariantSpec {
    let mut assumptions = Vec::new();
    for driver in variant.physical.stages.iter().flat_map(|stage| &stage.drivers) {
        let dj_runtime::artifact::DriverSource::Table(table) = driver.source else { continue };
        for column in &driver.columns {
            for check in column.checks.iter().filter(|check| !check.declared) {
                let kind = AssumptionKind::Bounds(check.bounds);
                let assumption = Assumption { table, column: column.index, kind };
                if !assumptions.contains(&assumption) {
                    assumptions.push(assumption);
                }
            }
            let declared = &variant.encoded.program.tables[table].columns[column.index].field;
            let assumption = Assumption { table, column: column.index, kind: AssumptionKind::NotNull };
            if declared.nullable && !column.column.nullable && !assumptions.contains(&assumption) {
                assumptions.push(assumption);
            }
        }
    }
    for (table, column) in &variant.physical.unique {
        assumptions.push(Assumption { table: *table, column: *column, kind: AssumptionKind::Unique });
    }
    let stages = variant.lowered.iter().map(|stage| stage.manifest.clone()).collect();
    VariantSpec { assumptions, stages, passes: variant.physical.passes.clone() }
}

impl CompiledVariant {
    /// Whether it has the same programs: stages may be equal and their dictionaries of another size.
    fn is_like(&self, other: &Self) -> bool {
        self.physical.stages == other.physical.stages && self.manifests() == other.manifests()
    }

    /// The manifests of its stages.
    fn manifests(&self) -> Vec<Stage> {
        self.lowered.iter().map(|stage| stage.manifest.clone()).collect()
    }
}

impl Compiled {
    /// The source text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The StableHLO text of one program.
    pub fn module_text(&self, id: ProgramId) -> Result<String, BuildError> {
        let manifests = self.variants[id.variant].manifests();
        self.lower(&Context::for_platform(self.manifest.target.platform).session(), &manifests, id)
    }

    /// The StableHLO text of every program, of all variants and rungs; all cores take part.
    pub fn module_texts(&self) -> Result<BTreeMap<ProgramId, String>, BuildError> {
        let ids = self.manifest.programs();
        let manifests: Vec<_> = self.variants.iter().map(CompiledVariant::manifests).collect();
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(ids.len()).max(1);
        // Taken one by one, because steps and finishes alternate and take different times.
        let next = AtomicUsize::new(0);
        let work = || {
            let context = Context::for_platform(self.manifest.target.platform);
            let session = context.session();
            let mine = std::iter::from_fn(|| ids.get(next.fetch_add(1, Ordering::Relaxed)));
            mine.map(|id| Ok((*id, self.lower(&session, &manifests[id.variant], *id)?))).collect::<Vec<_>>()
        };
        let texts = std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let mut texts = work();
            for other in others {
                texts.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            texts
        });
        texts.into_iter().collect()
    }

    fn lower(&self, session: &Session<'_>, manifests: &[Stage], id: ProgramId) -> Result<String, BuildError> {
        let variant = &self.variants[id.variant];
        let lowering = StageLowering {
            program: &variant.encoded.program,
            dictionaries: &variant.encoded.dictionaries,
            variant: &variant.physical,
            stage: id.stage,
            lowered: manifests,
            target: &self.manifest.target,
            kernels: self.options.kernels,
            source: &self.source,
            source_name: &self.source_name,
        };
        lowering.module(session, &variant.lowered[id.stage], id.kind, id.rung)
    }
}

/// Further rungs are lowered when they are asked for.
impl Modules for Compiled {
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError> {
        let known = self.variants.get(id.variant).is_some_and(|variant| id.stage < variant.lowered.len());
        if !known {
            return Err(ModulesError::Missing(id));
        }
        let failed = |error: BuildError| ModulesError::Lowering { id, reason: error.to_string() };
        self.module_text(id).map(Cow::Owned).map_err(failed)
    }
}
