//! The manifest: everything that the runtime must know to run a program, apart from the modules' text.
//!
//! A program is a list of [`Variant`]s, from the one that assumes most to the one that assumes nothing. A variant is a list
//! of [`Stage`]s, and of passes over their sources in an order in which they can run. A stage folds chunks of its drivers' rows;
//! the stages of a pass fold the same ones.
//!
//! What a program takes and gives, and in which order, [`super::abi`] says. A value of a nullable column is followed by its
//! validity, `i1` of the same dimensions. State is donated to all programs but finish; between rungs the host moves it.

use super::{MAX_REPLICAS, Stage};
use crate::expr::{Expr, Scalar};
use crate::pjrt::Element;
pub use crate::pjrt::Platform;
use crate::types::{Bounds, Field, Type};
use dj_grammar::Span;
use serde::{Deserialize, Serialize};

/// The version of the artifact's format that this build reads and writes.
pub const FORMAT: u32 = 13;

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
    /// What must be without rows, or no output is shown.
    pub assertions: Vec<AssertionSpec>,
}

impl Manifest {
    /// Every program, of all variants and rungs, in order.
    pub fn programs(&self) -> Vec<ProgramId> {
        let mut ids = Vec::new();
        for (variant, spec) in self.variants.iter().enumerate() {
            for (stage, spec) in spec.stages.iter().enumerate() {
                for rung in 0..spec.rungs.max(1) {
                    let programs = spec.programs().into_iter();
                    ids.extend(programs.map(|kind| ProgramId { variant, stage, kind, rung }));
                }
            }
        }
        ids
    }
}

/// What a program runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The platform.
    pub platform: Platform,
    /// The devices' name for the platform's compiler, such as `v5e:1x1`; elsewhere the axes of a mesh that has several, such as `2x4`.
    pub topology: String,
    /// How many devices run each step.
    pub replicas: usize,
}

impl Target {
    /// One CPU device.
    pub fn cpu() -> Self {
        Self { platform: Platform::Cpu, topology: String::new(), replicas: 1 }
    }

    /// Reads `cpu`, `cpu:N`, `cpu:HOSTSxN`, the same of `cuda`, or `tpu:NAME:TOPOLOGY`, such as `tpu:v5e:2x4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (platform, rest) = text.split_once(':').unwrap_or((text, ""));
        let of = |platform| {
            let sides = if text.contains(':') { sides(rest)? } else { vec![1] };
            let replicas = product(&sides).filter(|count| *count <= MAX_REPLICAS)?;
            let topology = if sides.len() > 1 { rest.to_owned() } else { String::new() };
            Some(Self { platform, topology, replicas })
        };
        match platform {
            "cpu" => of(Platform::Cpu),
            "cuda" => of(Platform::Cuda),
            "tpu" => {
                let replicas = product(&sides(rest.split_once(':')?.1)?)?;
                Some(Self { platform: Platform::Tpu, topology: rest.to_owned(), replicas })
            }
            _ => None,
        }
    }

    /// The lengths of the mesh's axes, of which devices along the last are the nearest to each other.
    pub fn axes(&self) -> Vec<usize> {
        let several = if self.platform == Platform::Tpu { None } else { sides(&self.topology) };
        several.unwrap_or_else(|| vec![self.replicas])
    }
}

/// The lengths of the sides of `2x4`: at least one, none of them zero.
fn sides(text: &str) -> Option<Vec<usize>> {
    text.split('x').map(|side| side.parse().ok().filter(|side| *side > 0)).collect()
}

fn product(sides: &[usize]) -> Option<usize> {
    sides.iter().try_fold(1_usize, |all, side| all.checked_mul(*side))
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.platform {
            platform if !self.topology.is_empty() => write!(f, "{platform}:{}", self.topology),
            platform if self.replicas == 1 => platform.fmt(f),
            platform => write!(f, "{platform}:{}", self.replicas),
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
    /// What makes its rows, where no file has them.
    pub made: Option<MadeRange>,
}

/// `range(start, end, step)`: rows that are made, of one column: integers, dates or timestamps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeRange {
    /// The first value; of literals and parameters, as the end.
    pub start: Expr,
    /// The value before which it ends.
    pub end: Expr,
    /// From one value to the next.
    pub step: RangeStep,
}

impl MadeRange {
    /// All spans at zero, to be compared.
    #[must_use]
    pub fn without_spans(&self) -> Self {
        Self { start: self.start.without_spans(), end: self.end.without_spans(), step: self.step }
    }
}

/// From one value of a range to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RangeStep {
    /// So much more: days of a date, microseconds of a timestamp.
    Whole(i64),
    /// So many months later: the same day, or the last one of a shorter month.
    Months(i64),
}

impl RangeStep {
    /// Whether values grow.
    pub fn is_forward(self) -> bool {
        match self {
            Self::Whole(by) | Self::Months(by) => by > 0,
        }
    }
}

impl MadeRange {
    /// The ends, where they are known when the program is compiled.
    fn known(&self) -> Option<(i64, i64)> {
        let end = |expr: &Expr| expr.as_literal().and_then(Scalar::as_int).and_then(|end| i64::try_from(end).ok());
        end(&self.start).zip(end(&self.end))
    }

    /// How many rows there are, where that is known when the program is compiled.
    pub fn rows(&self) -> Option<u64> {
        let (start, end) = self.known()?;
        match self.step {
            RangeStep::Whole(by) => Some(crate::io::whole_steps(start, end, by)),
            RangeStep::Months(_) => None,
        }
    }

    /// The least and the greatest value that there may be, where that is known when the program is compiled.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        let (start, end) = self.known()?;
        let (lo, hi) = if self.step.is_forward() { (start, end.checked_sub(1)?) } else { (end.checked_add(1)?, start) };
        (lo <= hi).then_some((lo, hi))
    }
}

/// A column of an input table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Name, type and nullability; the bound files must agree.
    pub field: Field,
    /// The string domain of a text column.
    pub domain: Option<usize>,
    /// Whether the type was inferred from the texts of a file: a text for which inference would choose another type is an
    /// error, where a declaration takes all that can be converted.
    pub is_inferred: bool,
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
    /// Which stages run together over one reading of their source, in the order in which they run; each is in one pass.
    pub passes: Vec<Vec<usize>>,
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

/// An assertion: it fails where its stage gives a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssertionSpec {
    /// What the program says of it.
    pub message: String,
    /// The condition.
    pub span: Span,
    /// For each variant, the stage whose rows are those for which the condition is false.
    pub stages: Vec<usize>,
}

/// A program of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProgramKind {
    /// The step of the driver of this index.
    Step(usize),
    /// Add what another replica has folded.
    Merge,
    /// Sort and reduce what was appended, in place.
    Compact,
    /// Bring the rows that go to one device together, and count them.
    Partition,
    /// Move blocks of rows from device to device.
    Exchange,
    /// The result.
    Finish,
}

impl ProgramKind {
    /// Whether devices wait for each other in it, where there are several.
    pub fn communicates(self) -> bool {
        match self {
            Self::Step(_) | Self::Merge | Self::Compact => false,
            Self::Partition | Self::Exchange | Self::Finish => true,
        }
    }
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
        write!(f, "v{}.s{}.{}.r{}", self.variant, self.stage, self.kind, self.rung)
    }
}

impl std::fmt::Display for ProgramKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step(driver) => write!(f, "step{driver}"),
            Self::Merge => f.write_str("merge"),
            Self::Compact => f.write_str("compact"),
            Self::Partition => f.write_str("partition"),
            Self::Exchange => f.write_str("exchange"),
            Self::Finish => f.write_str("finish"),
        }
    }
}

impl ProgramId {
    /// Reads what [`ProgramId`] prints: `v0.s2.step0.r1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let variant = parts.next()?.strip_prefix('v')?.parse().ok()?;
        let stage = parts.next()?.strip_prefix('s')?.parse().ok()?;
        let kind = match parts.next()? {
            "merge" => ProgramKind::Merge,
            "compact" => ProgramKind::Compact,
            "partition" => ProgramKind::Partition,
            "exchange" => ProgramKind::Exchange,
            "finish" => ProgramKind::Finish,
            step => ProgramKind::Step(step.strip_prefix("step")?.parse().ok()?),
        };
        let rung = parts.next()?.strip_prefix('r')?.parse().ok()?;
        parts.next().is_none().then_some(Self { variant, stage, kind, rung })
    }
}

/// The type that a table column must have to be read as `ty`, for messages.
pub fn describe(ty: Type, nullable: bool) -> String {
    format!("{ty}{}", if nullable { "?" } else { "" })
}
