//! Windows: what is computed of the rows around a row.

use super::{AggregateFunction, Plan, SchemaColumn, SortKey};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, Form, Text};

/// The rows of `input`, in order, with more columns: each is computed of the rows of a row's partition, taken in an order.
///
/// **Schema**: the input's, then the items. **Nulls**: null keys form one partition; in the order they stand as for a sort.
/// **NaN**: one partition; −0.0 is 0.0. **Empty input**: no rows. **Order**: kept, unless any will do; what the order of a
/// partition leaves open follows it.
/// **Constraints**: (C1) keys are columns of the input (a projection below computes them); (C2) ids are distinct and new;
/// (C3) an item reads columns of the input and earlier items; (C4) a frame that reaches some distance in value has one key of
/// the order to measure it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Window<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// The columns that tell partitions apart.
    pub by: Vec<SchemaColumn<F>>,
    /// The order of a partition's rows; rows that it leaves equal are peers.
    pub order: Vec<SortKey<F>>,
    /// What is added.
    pub items: Vec<NamedWindow<F>>,
    /// Whether the rows may come in any order, because nothing reads it.
    pub any_order: bool,
    /// The transform.
    pub span: Span,
}

/// A window function and the column that it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedWindow<F: Form = Text> {
    /// The column.
    pub id: ColumnId,
    /// Which function.
    pub function: WindowFunction,
    /// Its arguments.
    pub arguments: Vec<Expr<F>>,
    /// `filter`: only rows on which it is true count.
    pub filter: Option<Expr<F>>,
    /// The rows that an aggregate is of.
    pub frame: Frame,
    /// The type of the result.
    pub ty: F::Type,
    /// Whether the result may be null.
    pub nullable: bool,
    /// The call.
    pub span: Span,
}

/// What is computed of a row's partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowFunction {
    /// An aggregate of the rows of the frame; `first` and `last` by the order of the partition.
    Aggregate(AggregateFunction),
    /// `row_number()`: from 1, i64.
    RowNumber,
    /// `rank()`: one more than rows before the first peer, i64.
    Rank,
    /// `dense_rank()`: one more than different orders before, i64.
    DenseRank,
    /// `percent_rank()`: the rows before the first peer as a share of all others, f64; 0 of one row.
    PercentRank,
    /// `cume_dist()`: the rows up to the last peer as a share of all, f64.
    CumulativeShare,
    /// `ntile(n)`: which of so many parts, from 1, i64; the first parts have one row more where they are not equal.
    Tile(u64),
    /// `lag(x, n, default)`: the argument of the row so many rows before, nulls included; the second argument where there is no
    /// such row, null if there is none. Negative is `lead`.
    Shift(i64),
    /// `forward_fill(x)`: the last value up to the row that is not null.
    Fill,
}

/// The rows of a partition that an aggregate is of: from a first to a last one, as seen from a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// What the distances count.
    pub unit: FrameUnit,
    /// The first row; `None` is the partition's.
    pub start: Option<Distance>,
    /// The last row; `None` is the partition's.
    pub end: Option<Distance>,
}

/// What a frame's distances count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    /// Rows.
    Rows,
    /// Differences of the order's key, in its direction; a row's peers are at distance zero, and nulls near nulls alone.
    Range,
}

/// How far from a row; negative is before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// Rows, or units of the key as a column holds it: days, microseconds, digits of a decimal.
    Whole(i64),
    /// Of a float.
    Float(f64),
    /// Calendar months of a date or timestamp.
    Months(i64),
}

impl Frame {
    /// All rows of the partition.
    pub const PARTITION: Self = Self { unit: FrameUnit::Rows, start: None, end: None };

    /// All rows up to the row and its peers.
    pub const UP_TO_PEERS: Self = Self { unit: FrameUnit::Range, start: None, end: Some(Distance::Whole(0)) };

    /// Whether every row is in its own frame, so that no frame is empty.
    pub fn has_own_row(&self) -> bool {
        self.start.is_none_or(|start| !start.is_after()) && self.end.is_none_or(|end| !end.is_before())
    }

    /// Whether an end is measured by values, so that there must be one key to measure.
    pub fn measures(&self) -> bool {
        self.unit == FrameUnit::Range && [self.start, self.end].into_iter().flatten().any(|end| !end.is_here())
    }
}

impl Distance {
    /// Whether it leads to no other row than the peers.
    pub fn is_here(self) -> bool {
        !self.is_before() && !self.is_after()
    }

    fn is_before(self) -> bool {
        match self {
            Self::Whole(distance) | Self::Months(distance) => distance < 0,
            Self::Float(distance) => distance < 0.0,
        }
    }

    fn is_after(self) -> bool {
        match self {
            Self::Whole(distance) | Self::Months(distance) => distance > 0,
            Self::Float(distance) => distance > 0.0,
        }
    }
}

impl WindowFunction {
    /// Which of its arguments it compares by order.
    pub fn compared(self) -> Option<usize> {
        match self {
            Self::Aggregate(function) => function.compared(),
            Self::RowNumber
            | Self::Rank
            | Self::DenseRank
            | Self::PercentRank
            | Self::CumulativeShare
            | Self::Tile(_)
            | Self::Shift(_)
            | Self::Fill => None,
        }
    }

    /// Whether any argument may be the result, and not only the first.
    pub fn gives_any_argument(self) -> bool {
        matches!(self, Self::Shift(_))
    }

    /// Whether the result depends on the frame.
    pub fn reads_frame(self) -> bool {
        matches!(self, Self::Aggregate(_))
    }
}

impl<F: Form> SortKey<F> {
    /// Whether two lists of keys put rows in the same order, wherever they are written.
    pub fn same_order(keys: &[Self], others: &[Self]) -> bool {
        let direction = |key: &Self| (key.descending, key.nulls_first);
        let same = |(key, other): (&Self, &Self)| {
            direction(key) == direction(other) && key.expr.without_spans() == other.expr.without_spans()
        };
        keys.len() == others.len() && keys.iter().zip(others).all(same)
    }
}

impl<F: Form> Window<F> {
    /// The output's columns, in order.
    pub fn schema(&self) -> Vec<SchemaColumn<F>> {
        self.input.schema().into_iter().chain(self.items.iter().map(NamedWindow::schema)).collect()
    }
}

impl<F: Form> NamedWindow<F> {
    /// The column that the result becomes.
    pub fn schema(&self) -> SchemaColumn<F> {
        SchemaColumn { id: self.id, ty: self.ty, nullable: self.nullable }
    }

    /// What it reads of a row: the arguments and the filter.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr<F>> {
        self.arguments.iter().chain(&self.filter)
    }
}
