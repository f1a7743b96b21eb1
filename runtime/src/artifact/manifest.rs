//! The manifest: everything that the runtime must know to run a program, apart from the modules' text.
//!
//! A program is a list of [`Variant`]s, from the one that assumes most to the one that assumes nothing. A variant is a list
//! of [`Stage`]s in an order in which they can run. A stage folds chunks of its drivers' rows:
//!
//! ```text
//! step(state, residents, scalars, chunk, rows, start[, offset]) -> (state, status, [count], [mask, columns], [total])
//! grow(state at rung r) -> state at rung r + 1
//! compact(state, residents, scalars) -> (state, status, count)
//! finish(state, residents, scalars) -> (status, count, tensors)
//! ```
//!
//! Arguments and results are positional, in the order in which the manifest lists them. A value of a nullable column is
//! followed by its validity, `i1` of the same dimensions. State is donated to step, grow and compact, not to finish.

use crate::expr::{Expr, Scalar};
use crate::pjrt::Element;
use crate::types::{Bounds, Field, Type};
use dj_grammar::Span;
use serde::{Deserialize, Serialize};

/// The version of the artifact's format that this build reads and writes.
pub const FORMAT: u32 = 1;

/// A program, ready to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The compiler's version.
    pub compiler: String,
    /// SHA-256 of the source, in hexadecimal.
    pub source_sha256: String,
    /// The file name of the source, for messages.
    pub source_name: String,
    /// What it runs on.
    pub target: Target,
    /// The string domains: each has one dictionary.
    pub domains: Vec<StringDomain>,
    /// Tables over dictionaries, computed on the host.
    pub host_tables: Vec<HostTable>,
    /// The input tables.
    pub tables: Vec<TableSpec>,
    /// Tables that the source declares and no export reads: they may be bound, and are not opened.
    pub unused_tables: Vec<String>,
    /// The run-time parameters.
    pub params: Vec<ParamSpec>,
    /// The ways to run it, from most to no assumptions.
    pub variants: Vec<Variant>,
    /// The outputs.
    pub exports: Vec<ExportSpec>,
}

/// What a program runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The platform.
    pub platform: Platform,
    /// The devices' name for the platform's compiler, such as `v5e:1x1`; empty on CPU.
    pub topology: String,
    /// How many devices run each step.
    pub replicas: usize,
}

/// A platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// XLA:CPU.
    Cpu,
    /// A TPU slice.
    Tpu,
}

impl Platform {
    /// The name in options and in artifacts: `cpu`, `tpu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Tpu => "tpu",
        }
    }
}

impl Target {
    /// One CPU device.
    pub fn cpu() -> Self {
        Self { platform: Platform::Cpu, topology: String::new(), replicas: 1 }
    }

    /// Reads `cpu`, `cpu:N` or `tpu:NAME:TOPOLOGY`, such as `tpu:v5e:2x4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (platform, rest) = text.split_once(':').unwrap_or((text, ""));
        match platform {
            "cpu" if rest.is_empty() => Some(Self::cpu()),
            "cpu" => {
                let replicas = rest.parse().ok().filter(|count| (1..=1024).contains(count))?;
                Some(Self { platform: Platform::Cpu, topology: String::new(), replicas })
            }
            "tpu" => {
                let (_, shape) = rest.split_once(':')?;
                let replicas = shape
                    .split('x')
                    .map(|side| side.parse::<usize>().ok())
                    .try_fold(1_usize, |all, side| all.checked_mul(side.filter(|side| *side > 0)?))?;
                Some(Self { platform: Platform::Tpu, topology: rest.to_owned(), replicas })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.platform {
            Platform::Cpu if self.replicas == 1 => f.write_str("cpu"),
            Platform::Cpu => write!(f, "cpu:{}", self.replicas),
            Platform::Tpu => write!(f, "tpu:{}", self.topology),
        }
    }
}

/// Text columns that are compared, joined or united share a domain: one dictionary of `i32` codes.
///
/// Codes are given in order of first sight: first the literals (literal `i` has code `i`), then the values of the inputs in
/// input order, whatever threads decode them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringDomain {
    /// The program's literals, interned first.
    pub literals: Vec<String>,
}

/// A table over a dictionary: entry `code` belongs to the dictionary's value of that code.
///
/// On the device: `values [capacity]`, then `valid i1[capacity]` if nullable, then `failed i1[capacity]` if it can fail. It
/// is computed for values that come from the inputs or from host tables of a lower index, and uploaded again when the
/// dictionary grew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostTable {
    /// The domain whose codes address it.
    pub domain: usize,
    /// What an entry holds.
    pub kind: HostTableKind,
    /// The element of `values`.
    pub element: Element,
    /// Whether entries may be null.
    pub nullable: bool,
    /// Whether computing an entry may fail (a cast); the device raises a status where an active lane reads it.
    pub can_fail: bool,
}

/// What an entry of a host table holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HostTableKind {
    /// An expression of the text, which it reads as column 0; text results are interned in `result_domain`.
    Function {
        /// The expression.
        expr: Expr,
        /// Where text results are interned.
        result_domain: Option<usize>,
    },
    /// The position of the value in bytewise order among the dictionary's values: `i32`.
    Rank,
    /// The code of the value at a rank, the inverse of [`HostTableKind::Rank`]: `i32`.
    Unrank,
}

/// An input table: the columns that the program reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// The name, for `--bind`.
    pub name: String,
    /// The default binding.
    pub path: Option<String>,
    /// The statement.
    pub span: Span,
    /// The columns that are read.
    pub columns: Vec<TableColumn>,
}

/// A column of an input table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Name, type and nullability; the bound files must agree.
    pub field: Field,
    /// The string domain of a text column.
    pub domain: Option<usize>,
}

/// A run-time parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// Name, type and nullability.
    pub field: Field,
    /// The default, where there is one.
    pub default: Option<Scalar>,
    /// The string domain of a text parameter.
    pub domain: Option<usize>,
}

/// One way to run the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What it takes for granted of the inputs; checked against the files' metadata at bind and on the data while running.
    pub assumptions: Vec<Assumption>,
    /// The stages, each after those that it reads.
    pub stages: Vec<Stage>,
}

/// Something that was true of the files bound at compile time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// The table's index.
    pub table: usize,
    /// The index among its columns.
    pub column: usize,
    /// What was true.
    pub kind: AssumptionKind,
}

/// What was true of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AssumptionKind {
    /// Its values lie within bounds.
    Bounds(Bounds),
    /// No value occurs twice.
    Unique,
    /// It holds no null.
    NotNull,
}

/// One pass over the rows of its drivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What it does, for people: `group by origin, hour: dense`.
    pub label: String,
    /// The transform that it implements.
    pub span: Span,
    /// Rows of a chunk: the first dimension of every chunk tensor.
    pub chunk_rows: usize,
    /// The passes, in order: all fold into the same state.
    pub drivers: Vec<Driver>,
    /// What every step, compact and finish reads besides state and chunk.
    pub residents: Vec<Resident>,
    /// Scalars that every step, compact and finish reads after the residents.
    pub scalars: Vec<ScalarInput>,
    /// The sizes that scale with the stage's rung: `base << rung`.
    pub capacities: Vec<Capacity>,
    /// The rung to start with, unless the inputs need a larger one.
    pub first_rung: usize,
    /// How many rungs there are modules for.
    pub rungs: usize,
    /// The state tensors.
    pub state: Vec<StateTensor>,
    /// What a status entry means. State tensor 0 is the status, `i64[max(1, sites)]`, zero where all is well, else
    /// `STATUS_BASE - row` of the first failing row.
    pub status: Vec<StatusSite>,
    /// What comes out.
    pub sink: Sink,
    /// More input rows than this cannot be folded without a chance of overflow: an error before it happens.
    pub max_rows: u64,
}

/// A failing row `r` is written to the status as `STATUS_BASE - r`, so that a maximum keeps the first one.
pub const STATUS_BASE: i64 = 1 << 62;

/// One source of a stage's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// Where the rows come from.
    pub source: DriverSource,
    /// The columns of a chunk, in argument order.
    pub columns: Vec<ChunkColumn>,
    /// Predicates that every row needed satisfies: row groups whose statistics exclude them need not be read.
    pub skip: Vec<ScanPredicate>,
    /// Whether one chunk may give more rows than it has (a many-to-many join): the step takes `offset: i64` and returns
    /// `total: i64`, and is called again with the next multiple of `chunk_rows` until all are out.
    pub expands: bool,
}

/// Where a driver's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriverSource {
    /// An input table.
    Table(usize),
    /// The result of an earlier stage of the variant.
    Stage(usize),
}

/// A column of a chunk: `values [chunk_rows]`, then `valid i1[chunk_rows]` if nullable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkColumn {
    /// The index among the columns of the source.
    pub column: usize,
    /// The element on the device; it may be narrower than the type's own where the bounds allow it.
    pub element: Element,
    /// Whether a validity follows.
    pub nullable: bool,
}

/// `column op value` on a scanned column, for skipping row groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanPredicate {
    /// The index among the table's columns.
    pub column: usize,
    /// The comparison.
    pub op: crate::expr::CompareOp,
    /// A value of the column's type.
    pub value: Scalar,
}

/// Tensors that stay on the device while a stage runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Resident {
    /// A host table at the capacity of this index.
    HostTable {
        /// The table.
        table: usize,
        /// The index among the stage's capacities.
        capacity: usize,
    },
    /// The count (`i32[]`) and then all result tensors of an earlier stage, each padded to these dimensions.
    Result {
        /// The stage.
        stage: usize,
        /// For each of its result tensors, what it looks like here.
        tensors: Vec<ResidentTensor>,
    },
}

/// A resident tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentTensor {
    /// The element.
    pub element: Element,
    /// The length.
    pub dim: Dim,
    /// What fills it up to its length, as an integer of the element.
    pub pad: i64,
}

/// A scalar that a program reads: a value, then its validity `i1[]` if nullable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalarInput {
    /// Where it comes from.
    pub source: ScalarSource,
    /// Its element.
    pub element: Element,
    /// Whether a validity follows.
    pub nullable: bool,
}

/// Where a scalar comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalarSource {
    /// A parameter.
    Param(usize),
    /// The only row of an earlier stage's result.
    Cell {
        /// The stage.
        stage: usize,
        /// The index among its result columns.
        column: usize,
    },
}

/// A length in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dim {
    /// The same at every rung.
    Fixed(usize),
    /// The stage's capacity of this index.
    Capacity(usize),
}

/// A size that doubles with every rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The size at rung 0.
    pub base: usize,
    /// What must fit.
    pub holds: CapacityKind,
}

/// What must fit into a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityKind {
    /// The collected rows, and room for one more chunk.
    Rows,
    /// The dictionary of a string domain.
    Dictionary(usize),
    /// Tensor `tensor` of the result of `stage`.
    Result {
        /// The stage.
        stage: usize,
        /// The index among its result tensors.
        tensor: usize,
    },
}

/// A tensor of a stage's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateTensor {
    /// The element.
    pub element: Element,
    /// The dimensions at each rung from 0; all the same where it does not grow.
    pub dims: Vec<Vec<usize>>,
    /// What fills it before the first chunk.
    pub init: Init,
}

/// What a state tensor holds before the first chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Init {
    /// Zero, or false.
    Zero,
    /// One bit pattern, in the low bytes.
    Bits(u64),
}

/// What it means that an entry of the status is not zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusSite {
    /// What happened.
    pub kind: StatusKind,
    /// Where the program asked for it.
    pub span: Span,
    /// The message's one line, without the row: `integer overflow in `a + b``.
    pub message: String,
    /// How to go on.
    pub help: Option<String>,
}

/// What a status reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusKind {
    /// An assumption of the variant does not hold: replay with the next one.
    Assumption,
    /// A value lies outside its declared domain.
    Contract,
    /// An integer, decimal or sum does not fit its type.
    Overflow,
    /// A value cannot be converted.
    Cast,
    /// An `assert` failed.
    Assert,
}

/// What comes out of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sink {
    /// How.
    pub kind: SinkKind,
    /// The columns of the result; empty for a build side, which has only tensors.
    pub columns: Vec<ResultColumn>,
    /// Rows of the result to leave out at the start, and how many to keep at most.
    pub slice: Option<(u64, u64)>,
}

/// How a stage's rows come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SinkKind {
    /// Every step returns `mask i1[chunk_rows]` and its columns; the host keeps the selected rows.
    Emit,
    /// The state is folded; `finish` returns a count `i32[]` and tensors. The columns of the result are the first
    /// tensors (values, and validity where nullable).
    Fold {
        /// Whether steps append up to `chunk_rows` rows each to buffers of the `Rows` capacity, and return `count: i32`.
        appends: bool,
        /// Whether there is a `compact` program to try before growing.
        compacts: bool,
        /// All tensors of the result: those of the columns, then others (address tables, keys).
        tensors: Vec<ResultTensor>,
    },
}

/// A column of a stage's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Name, type and nullability.
    pub field: Field,
    /// The string domain of a text column.
    pub domain: Option<usize>,
    /// The element on the device.
    pub element: Element,
}

/// A tensor of a stage's result, one-dimensional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultTensor {
    /// The element.
    pub element: Element,
    /// Its length at each rung from 0.
    pub dims: Vec<usize>,
}

/// An output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportSpec {
    /// The name.
    pub name: String,
    /// The statement.
    pub span: Span,
    /// For each variant, the stage whose result it is.
    pub stages: Vec<usize>,
}

/// A program of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProgramKind {
    /// The step of the driver of this index.
    Step(usize),
    /// From this rung to the next.
    Grow,
    /// Sort and reduce what was appended, in place.
    Compact,
    /// The result.
    Finish,
}

/// The name of one compiled program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramId {
    /// The variant's index.
    pub variant: usize,
    /// The stage's index.
    pub stage: usize,
    /// Which of its programs.
    pub kind: ProgramKind,
    /// At which rung.
    pub rung: usize,
}

impl std::fmt::Display for ProgramId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}.s{}.", self.variant, self.stage)?;
        match self.kind {
            ProgramKind::Step(driver) => write!(f, "step{driver}")?,
            ProgramKind::Grow => f.write_str("grow")?,
            ProgramKind::Compact => f.write_str("compact")?,
            ProgramKind::Finish => f.write_str("finish")?,
        }
        write!(f, ".r{}", self.rung)
    }
}

impl ProgramId {
    /// Reads what [`ProgramId`] prints: `v0.s2.step0.r1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let variant = parts.next()?.strip_prefix('v')?.parse().ok()?;
        let stage = parts.next()?.strip_prefix('s')?.parse().ok()?;
        let kind = match parts.next()? {
            "grow" => ProgramKind::Grow,
            "compact" => ProgramKind::Compact,
            "finish" => ProgramKind::Finish,
            step => ProgramKind::Step(step.strip_prefix("step")?.parse().ok()?),
        };
        let rung = parts.next()?.strip_prefix('r')?.parse().ok()?;
        parts.next().is_none().then_some(Self { variant, stage, kind, rung })
    }
}

impl Stage {
    /// The value of a capacity at a rung.
    pub fn capacity(&self, index: usize, rung: usize) -> usize {
        self.capacities[index].base << rung
    }

    /// A length at a rung.
    pub fn length(&self, dim: Dim, rung: usize) -> usize {
        match dim {
            Dim::Fixed(length) => length,
            Dim::Capacity(index) => self.capacity(index, rung),
        }
    }

    /// The programs that the stage has at a rung.
    pub fn programs(&self, rung: usize) -> Vec<ProgramKind> {
        let mut programs: Vec<_> = (0..self.drivers.len()).map(ProgramKind::Step).collect();
        if rung + 1 < self.rungs {
            programs.push(ProgramKind::Grow);
        }
        if let SinkKind::Fold { compacts, .. } = self.sink.kind {
            if compacts {
                programs.push(ProgramKind::Compact);
            }
            programs.push(ProgramKind::Finish);
        }
        programs
    }
}

/// The type that a table column must have to be read as `ty`, for messages.
pub fn describe(ty: Type, nullable: bool) -> String {
    format!("{ty}{}", if nullable { "?" } else { "" })
}
