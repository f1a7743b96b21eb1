//! Groups, and what is computed of each.

use super::{Plan, SchemaColumn};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, Form, Text};

/// Rows of `input` grouped by `keys`, one row per group; without keys, one row.
///
/// **Schema**: the keys, then the aggregates. **Nulls**: null keys form one group. **NaN**: one group; −0.0 is 0.0.
/// **Empty input**: no rows; one row if there are no keys. **Order**: ends the input's order.
/// **Constraints**: (C1) keys are columns of the input (a projection below computes them); (C2) ids are distinct.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// The grouping columns of the input, which keep their identity.
    pub keys: Vec<SchemaColumn<F>>,
    /// What is computed of each group.
    pub aggregates: Vec<NamedAggregate<F>>,
    /// The transform.
    pub span: Span,
}

/// An aggregate and the column that it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedAggregate<F: Form = Text> {
    /// The column.
    pub id: ColumnId,
    /// Which aggregate.
    pub function: AggregateFunction,
    /// Its arguments, which may be any expressions of the input; none for `count()`.
    pub arguments: Vec<Expr<F>>,
    /// `filter`: only rows on which it is true count.
    pub filter: Option<Expr<F>>,
    /// The type of the result.
    pub ty: F::Type,
    /// Whether the result may be null.
    pub nullable: bool,
    /// The call.
    pub span: Span,
}

/// An aggregate. All but the counts skip nulls and are null on no values; first and last keep nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// `count()`, `count(x)`: i64.
    Count,
    /// `sum(x)`: i64 for integers, a decimal of the same scale, f64; overflow is an error.
    Sum,
    /// `mean(x)`: f64.
    Mean,
    /// `min(x)`: the operand's type; NaN is the largest.
    Min,
    /// `max(x)`
    Max,
    /// `var(x)`: of a sample, f64; null for one value.
    Variance,
    /// `std(x)`: of a sample, f64; null for one value.
    StandardDeviation,
    /// `first(x)`: by input order, nulls included.
    First,
    /// `last(x)`: by input order, nulls included.
    Last,
    /// `any(x)`: whether some value is true.
    Any,
    /// `all(x)`: whether every value is true.
    All,
    /// `product(x)`: f64.
    Product,
    /// `arg_min(x, by)`: `x` where `by` is least, by input order where several are; rows where `by` is null do not count, nulls
    /// of `x` do.
    ArgMin,
    /// `arg_max(x, by)`
    ArgMax,
    /// `cov(x, y)`: of a sample, f64; pairs with a null do not count; null for fewer than two pairs.
    Covariance,
    /// `corr(x, y)`: f64; pairs with a null do not count; NaN where one side does not vary.
    Correlation,
    /// `quantile(x, share)` of f64, the share a literal: the linear interpolation between the two values next to that share of all,
    /// f64; null of no values.
    Quantile,
    /// `count_distinct(x)`: how many different values there are, i64; nulls are none.
    CountDistinct,
    /// `mode(x)`: the most frequent value, of several the first by input order; nulls are none.
    Mode,
    /// `string_agg(x, separator)`: the texts in input order, with the separator, a literal, between them. The host joins them, so
    /// that encoded plans have none.
    StringAgg,
}

/// What an aggregate says of all values together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    /// [`AggregateFunction::Quantile`]
    Quantile,
    /// [`AggregateFunction::CountDistinct`]
    CountDistinct,
    /// [`AggregateFunction::Mode`]
    Mode,
}

impl AggregateFunction {
    /// Whether the result depends on the order of the rows.
    pub fn reads_order(self) -> bool {
        match self {
            Self::First | Self::Last | Self::ArgMin | Self::ArgMax | Self::Mode | Self::StringAgg => true,
            Self::Count
            | Self::Sum
            | Self::Mean
            | Self::Min
            | Self::Max
            | Self::Variance
            | Self::StandardDeviation
            | Self::Any
            | Self::All
            | Self::Product
            | Self::Covariance
            | Self::Correlation
            | Self::Quantile
            | Self::CountDistinct => false,
        }
    }

    /// Whether it looks at all values together: nothing less than these says what it is.
    pub fn ranks(self) -> bool {
        self.ranking().is_some()
    }

    /// What it says of all values together, if it looks at these.
    pub fn ranking(self) -> Option<Ranking> {
        match self {
            Self::Quantile => Some(Ranking::Quantile),
            Self::CountDistinct => Some(Ranking::CountDistinct),
            Self::Mode => Some(Ranking::Mode),
            Self::Count
            | Self::Sum
            | Self::Mean
            | Self::Min
            | Self::Max
            | Self::Variance
            | Self::StandardDeviation
            | Self::First
            | Self::Last
            | Self::Any
            | Self::All
            | Self::Product
            | Self::ArgMin
            | Self::ArgMax
            | Self::Covariance
            | Self::Correlation
            | Self::StringAgg => None,
        }
    }

    /// Which of its arguments it compares by order.
    pub fn compared(self) -> Option<usize> {
        match self {
            Self::Min | Self::Max => Some(0),
            Self::ArgMin | Self::ArgMax => Some(1),
            Self::Count
            | Self::Sum
            | Self::Mean
            | Self::Variance
            | Self::StandardDeviation
            | Self::First
            | Self::Last
            | Self::Any
            | Self::All
            | Self::Product
            | Self::Covariance
            | Self::Correlation
            | Self::Quantile
            | Self::CountDistinct
            | Self::Mode
            | Self::StringAgg => None,
        }
    }
}

impl<F: Form> NamedAggregate<F> {
    /// What it reads of a row: the arguments and the filter.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr<F>> {
        self.arguments.iter().chain(&self.filter)
    }

    /// The column that the aggregate becomes.
    pub fn schema(&self) -> SchemaColumn<F> {
        SchemaColumn { id: self.id, ty: self.ty, nullable: self.nullable }
    }
}
