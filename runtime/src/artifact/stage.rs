//! The stages of a variant: what the runtime must know to run each.
//!
//! [`super::manifest`] shows the programs of a stage and their arguments and results.

#[cfg(doc)]
use super::HostTable;
use super::abi::Missing;
use super::{Exchange, Moves, ProgramKind};
use crate::expr::{Expr, Scalar};
use crate::pjrt::Element;
use crate::types::Field;
use dj_grammar::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rows of its drivers, on their way into one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What it does, for people: `group by origin, hour: dense`.
    pub label: String,
    /// The transform that it implements.
    pub span: Span,
    /// Rows of a chunk: the first dimension of every chunk tensor.
    pub chunk_rows: usize,
    /// The sources of its rows, in order: all fold into the same state.
    pub drivers: Vec<Driver>,
    /// What every program reads besides state and chunk.
    pub residents: Vec<Resident>,
    /// Scalars that every program reads after the residents.
    pub scalars: Vec<ScalarInput>,
    /// The sizes that grow with the stage's rung.
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
    /// How many rows are thought to come out with the files bound at compile time: for people, nothing rests on it.
    pub expected_rows: Option<u64>,
    /// How the states of several devices come together.
    pub exchange: Exchange,
}

/// A failing row `r` is written to the status as `STATUS_BASE - r`, so that a maximum keeps the first one.
pub const STATUS_BASE: i64 = 1 << 62;

/// One source of a stage's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// Where the rows come from.
    pub source: DriverSource,
    /// The columns of a chunk that are read.
    pub columns: Vec<ChunkColumn>,
    /// Columns that the host computes of every row; in a chunk they follow those that are read.
    pub host_columns: Vec<HostColumn>,
    /// The columns of the chunk that are arguments of the step, in order.
    pub arguments: Vec<usize>,
    /// For every column of an emitting stage's result, the column of the chunk that it is, if the host takes its values
    /// from there; the step does not return it.
    pub passed: Vec<Option<usize>>,
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

impl Driver {
    /// The element of every column of a chunk, and whether a validity follows.
    pub fn lanes(&self) -> impl Iterator<Item = (Element, bool)> {
        let read = self.columns.iter().map(|column| (column.element, column.nullable));
        read.chain(self.host_columns.iter().map(|column| (column.element, column.nullable)))
    }
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

/// A column of a chunk that the host computes row by row, because a device holds no text: `concat(a, b)`, `n as str`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostColumn {
    /// Its value.
    pub value: HostValue,
    /// Where it is the text of several rows, what makes one of theirs.
    pub joined: Option<JoinedTexts>,
    /// The parameters and cells that it reads.
    pub scalars: Vec<ScalarSource>,
    /// The string domain of a text column.
    pub domain: Option<usize>,
    /// The element on the device.
    pub element: Element,
    /// Whether a validity follows.
    pub nullable: bool,
}

/// The texts of a run of rows, one after the other, become one text; the last row of the run has it, the others have null. Null
/// texts are left out, and of none the result is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedTexts {
    /// The chunk's column with the number of a row in its run, from 1.
    pub number: usize,
    /// The chunk's column with the number of rows of its run.
    pub count: usize,
    /// What stands between two texts.
    pub separator: String,
}

/// The value of a host's column in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HostValue {
    /// The row's number among those of the driver, from 0.
    Row,
    /// An expression: column `i` is the chunk's `i`-th, the host's earlier ones included, with text as text; parameter `i`
    /// is the `i`-th of the column's scalars.
    Expr(Expr),
}

/// What is true of every row that is needed, for skipping row groups. Columns are the table's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ScanPredicate {
    /// `column op value`
    Compare {
        /// The column.
        column: usize,
        /// The comparison.
        op: crate::expr::CompareOp,
        /// A value of the column's type.
        value: ScanValue,
    },
    /// `column is null`, or `is not null`.
    IsNull {
        /// The column.
        column: usize,
        /// Whether it is null.
        is: bool,
    },
    /// All predicates of one of the lists.
    Any(Vec<Vec<ScanPredicate>>),
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ScanValue {
    /// A constant.
    Literal(Scalar),
    /// The parameter of this index.
    Param(usize),
}

impl ScanPredicate {
    /// `column op value`
    pub fn compare(column: usize, op: crate::expr::CompareOp, value: Scalar) -> Self {
        Self::Compare { column, op, value: ScanValue::Literal(value) }
    }

    /// The predicate with the values of parameters.
    #[must_use]
    pub fn with_params(&self, params: &[Scalar]) -> Self {
        match self {
            Self::Compare { column, op, value: ScanValue::Param(param) } => {
                Self::Compare { column: *column, op: *op, value: ScanValue::Literal(params[*param].clone()) }
            }
            Self::Compare { .. } | Self::IsNull { .. } => self.clone(),
            Self::Any(lists) => {
                let list = |list: &Vec<Self>| list.iter().map(|part| part.with_params(params)).collect();
                Self::Any(lists.iter().map(list).collect())
            }
        }
    }
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

/// A size that doubles with every rung, once the sizes beside it have come near it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The size at rung 0.
    pub base: usize,
    /// The last rung at which it has this size.
    pub level: usize,
    /// What must fit.
    pub holds: CapacityKind,
}

impl Capacity {
    /// The size at a rung, if 64 bits hold it.
    pub fn at(&self, rung: usize) -> Option<usize> {
        let doublings = u32::try_from(rung.saturating_sub(self.level)).ok()?;
        self.base.checked_mul(2_usize.checked_pow(doublings)?)
    }
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
    /// The dimensions at each rung from 0, one for each thing that grows on its own; all the same where none does. On the
    /// device a tensor that has any has one, of their product.
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
    /// An integer or decimal of a row does not fit its type.
    Overflow,
    /// A value cannot be converted.
    Cast,
    /// A sum of several rows does not fit its type: what stands in the place of a row is none.
    Total,
}

/// What comes out of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sink {
    /// How.
    pub kind: SinkKind,
    /// The columns of the result.
    pub columns: Vec<ResultColumn>,
    /// Rows of the result to leave out at the start, and how many to keep at most.
    pub slice: Option<(u64, u64)>,
}

/// Where a column of a fold's result is among its tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnTensors {
    /// The values.
    pub values: usize,
    /// Which of them are not null.
    pub validity: Option<usize>,
}

impl Sink {
    /// Where each column of a fold's result is among its tensors.
    pub fn column_tensors(&self) -> Vec<ColumnTensors> {
        let mut next = 0;
        let places = |column: &ResultColumn| {
            let values = next;
            let validity = column.field.nullable.then_some(values + 1);
            next = validity.unwrap_or(values) + 1;
            ColumnTensors { values, validity }
        };
        self.columns.iter().map(places).collect()
    }
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

impl StateTensor {
    /// The dimensions that a program sees at a rung: one, the product of all, unless there is none.
    ///
    /// # Errors
    /// If there is no such rung, or there are too many elements.
    pub fn device_dims(&self, rung: usize) -> Result<Vec<usize>, Missing> {
        let dims = self.dims.get(rung).ok_or(Missing { what: "rung of a state tensor", index: rung })?;
        if dims.is_empty() {
            return Ok(vec![]);
        }
        let size = dims.iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
        Ok(vec![size.ok_or(Missing { what: "size of a state tensor at rung", index: rung })?])
    }
}

impl Stage {
    /// The stages whose results it reads: as rows, as residents, as scalars and for what the host computes.
    pub fn results_read(&self) -> BTreeSet<usize> {
        let rows = self.drivers.iter().filter_map(|driver| match driver.source {
            DriverSource::Table(_) => None,
            DriverSource::Stage(stage) => Some(stage),
        });
        let residents = self.residents.iter().filter_map(|resident| match resident {
            Resident::HostTable { .. } => None,
            Resident::Result { stage, .. } => Some(*stage),
        });
        let computed = self.drivers.iter().flat_map(|driver| &driver.host_columns);
        let scalars = self.scalars.iter().map(|scalar| scalar.source);
        let scalars = scalars.chain(computed.flat_map(|column| column.scalars.iter().copied()));
        let cells = scalars.filter_map(|source| match source {
            ScalarSource::Param(_) => None,
            ScalarSource::Cell { stage, .. } => Some(stage),
        });
        rows.chain(residents).chain(cells).collect()
    }

    /// The value of a capacity at a rung.
    pub fn capacity(&self, index: usize, rung: usize) -> usize {
        let capacity = &self.capacities[index];
        capacity.at(rung).unwrap_or_else(|| panic!("(M8) {capacity:?} passes 64 bits at rung {rung}"))
    }

    /// The least rung beyond one at which more rows fit, where rows are collected; else the one behind it. It may be one that
    /// there is not.
    pub fn next_rung(&self, rung: usize) -> usize {
        let buffers: Vec<_> = self.capacities.iter().filter(|capacity| capacity.holds == CapacityKind::Rows).collect();
        let grows = |next: &usize| buffers.iter().all(|buffer| buffer.at(*next) > buffer.at(rung));
        (rung + 1..self.rungs).find(grows).unwrap_or(self.rungs.max(rung + 1))
    }

    /// A length at a rung.
    pub fn length(&self, dim: Dim, rung: usize) -> usize {
        match dim {
            Dim::Fixed(length) => length,
            Dim::Capacity(index) => self.capacity(index, rung),
        }
    }

    /// The programs that the stage has at each rung.
    pub fn programs(&self) -> Vec<ProgramKind> {
        let steps = (0..self.drivers.len()).map(ProgramKind::Step);
        let SinkKind::Fold { compacts, .. } = self.sink.kind else { return steps.collect() };
        let compact = compacts.then_some(ProgramKind::Compact);
        let moves: &[ProgramKind] = match self.exchange.moves {
            Moves::None | Moves::Scatter => &[],
            Moves::Partition | Moves::Share => &[ProgramKind::Partition, ProgramKind::Exchange],
            Moves::Gather | Moves::Broadcast => &[ProgramKind::Exchange],
        };
        steps.chain(compact).chain(moves.iter().copied()).chain([ProgramKind::Finish]).collect()
    }

    /// How many rows buffers have room for at a rung, where steps append.
    pub fn rows_capacity(&self, rung: usize) -> Option<usize> {
        let capacities = self.capacities.iter().enumerate();
        let of_rows = capacities.filter(|(_, capacity)| capacity.holds == CapacityKind::Rows);
        of_rows.map(|(index, _)| self.capacity(index, rung)).min()
    }
}
