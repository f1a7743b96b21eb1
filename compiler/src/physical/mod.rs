//! The physical plan: stages that stream chunks, their strategies and capacities.
//!
//! [`plan`] cuts a relational program into [`Stage`]s. A stage streams the rows of its drivers through [`Op`]s into one
//! [`Sink`]; whatever needs all rows before it can answer (a group, a sort, the build side of a join) ends a stage.
//!
//! There are up to two variants: the first relies on what the files bound at compile time say (bounds, uniqueness,
//! dictionary sizes), the last on nothing but types and declarations.

mod checks;
mod choose;
mod evaluate;
mod exchange;
mod explain;
mod fuse;
mod narrow;
mod order;
mod passes;
mod planner;
mod reads;
mod reason;
mod share;
mod skips;
mod text;
mod verify;

pub use choose::{Choice, Forced};
pub use exchange::Exchange;
pub(crate) use exchange::Together;
pub use explain::{asked_bytes, bytes_text, explain_text, sent_bytes};
pub use order::{Arrival, OrderPart, RowOrder};
pub use planner::plan;
pub use reason::Reason;
pub(crate) use text::StagePrinter;
pub use text::{VariantText, physical_text};
pub use verify::verify;
pub(crate) use verify::{Verifier, require};

use crate::encode::{Encoded, Expr, NamedExpr, SchemaColumn};
use crate::plan::{Facts, HostExpr, RowCount};
use crate::strategy::{Matches, Sink};
use dj_grammar::Span;
use dj_runtime::artifact::{DriverSource, ScanPredicate, Target};
use dj_runtime::expr::ColumnId;

/// What the planner may choose from.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the program will run on.
    pub target: Target,
    /// Rows of a chunk at most.
    pub chunk_rows: usize,
    /// Whether to rely on what is recorded of the bound files.
    pub use_recorded: bool,
    /// Strategies that are to be taken wherever they can be, whatever they cost.
    pub forced: Forced,
}

/// Rows of a chunk unless told otherwise: chunks of a few columns stay in a core's cache.
pub const DEFAULT_CHUNK_ROWS: usize = 262_144;

/// A program cut into stages, in one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// On how many devices it runs.
    pub devices: usize,
    /// The stages, each after those that it reads.
    pub stages: Vec<Stage>,
    /// Which stages run together over one reading of their source, in the order in which they run; each is in one pass.
    pub passes: Vec<Vec<usize>>,
    /// For every stage, why it has its strategy.
    pub reasons: Vec<Reason>,
    /// For every export, the stage whose result it is.
    pub exports: Vec<usize>,
    /// For every shared plan, the stage whose result it is; `None` where its readers do themselves what it does.
    pub shared: Vec<Option<usize>>,
    /// Columns of tables whose recorded uniqueness the variant relies on.
    pub unique: Vec<(usize, usize)>,
    /// What is known of the columns.
    pub facts: Facts,
}

/// The rows of its drivers, on their way into one sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The transform that it implements.
    pub span: Span,
    /// Rows of a chunk.
    pub chunk_rows: usize,
    /// The sources of its rows, in order.
    pub drivers: Vec<Driver>,
    /// How their chunks arrive.
    pub arrival: Arrival,
    /// What moves between the devices before the finish.
    pub exchange: Exchange,
    /// Where the rows go.
    pub sink: Sink,
    /// The columns of the result, in order.
    pub result: Vec<SchemaColumn>,
    /// Rows of the result to leave out, and to keep at most.
    pub slice: Option<(u64, u64)>,
    /// How many rows come in, where that is known or guessed for the bound files.
    pub rows_in: Option<RowCount>,
    /// How many rows come out, where that is known or guessed for the bound files.
    pub rows_out: Option<RowCount>,
}

/// One source of a stage's rows and what is done with them on the way to the sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// Where the rows come from.
    pub source: DriverSource,
    /// The source's columns that are read.
    pub columns: Vec<DriverColumn>,
    /// The rows' numbers among those of the source, if they are a column.
    pub row: Option<ColumnId>,
    /// Columns that the host computes of the row as it was read; each may read the earlier ones.
    pub host: Vec<HostExpr<Encoded>>,
    /// What is done, in order.
    pub ops: Vec<Op>,
    /// For skipping row groups.
    pub skip: Vec<ScanPredicate>,
}

impl Driver {
    /// The columns of a chunk that are not read but made by the host, in order.
    pub(crate) fn host_ids(&self) -> impl Iterator<Item = ColumnId> {
        self.row.into_iter().chain(self.host.iter().map(|item| item.column.id))
    }
}

/// A column of a driver's chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverColumn {
    /// The index among the source's columns.
    pub index: usize,
    /// The column that it becomes.
    pub column: SchemaColumn,
    /// What the step checks of every value: all that the plan relies on.
    pub checks: Vec<Check>,
}

/// A check of a scanned column.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What must hold.
    pub bounds: dj_runtime::types::Bounds,
    /// Whether it is a declared contract (an error) or a recorded assumption (replay).
    pub declared: bool,
    /// The declaration, or the table's name.
    pub span: Span,
    /// The column's name.
    pub name: String,
}

/// What happens to a row on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Rows on which the predicate is true go on.
    Filter(Expr),
    /// More columns; all read the row as it was before.
    Project(Vec<NamedExpr>),
    /// Columns of the matching build row.
    Probe(Probe),
}

impl Op {
    /// The expressions that it computes; columns that only get another name aside.
    pub(crate) fn computed(&self) -> Vec<&Expr> {
        match self {
            Self::Filter(predicate) => vec![predicate],
            Self::Project(items) => {
                items.iter().map(|item| &item.expr).filter(|expr| expr.as_column().is_none()).collect()
            }
            Self::Probe(probe) => probe.keys.iter().chain(&probe.residual).collect(),
        }
    }
}

/// A join's probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The build side's stage, whose strategy finds the matches.
    pub build: usize,
    /// How many are looked for.
    pub matches: Matches,
    /// The probe's keys.
    pub keys: Vec<Expr>,
    /// Which rows go on.
    pub kind: crate::plan::JoinKind,
    /// The build side's result columns that become columns of the row.
    pub payload: Vec<(usize, SchemaColumn)>,
    /// A further condition on the pair.
    pub residual: Option<Expr>,
    /// Whether null keys match.
    pub nulls_equal: bool,
    /// The transform.
    pub span: Span,
}

/// Finds a column of a schema.
pub(crate) fn find(schema: &[SchemaColumn], id: ColumnId) -> Option<usize> {
    schema.iter().position(|column| column.id == id)
}
