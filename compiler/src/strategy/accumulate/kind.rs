//! What a group remembers of an argument, by aggregate.

use crate::lower::Cx;
use crate::plan::AggregateFunction;
use crate::stablehlo::Element;
use crate::strategy::AggregateItem;
use dj_runtime::artifact::Init;
use dj_runtime::expr::Interval;

/// The kinds of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::strategy) enum AccumulatorKind {
    /// How many values: `i64`.
    Count,
    /// Their sum in `i64`, proved not to overflow.
    Sum,
    /// Their sum as `low + high * 2^32`, two `i64`.
    WideSum,
    /// Their sum in `i64`, where none is negative, and in f64, which tells how often that wrapped.
    WholeSum,
    /// Their sum in f64.
    FloatSum,
    /// The least, as an order-preserving `u64` key, or a text's code.
    Min,
    /// The greatest.
    Max,
    /// The value of the first row in input order: the parts of its order, the value, whether it is valid.
    First,
    /// The value of the last row.
    Last,
    /// The value of the row with the least second argument, the first in input order of several: the argument as an
    /// order-preserving `u64` key, or a text's code; then as for `First`.
    ArgMin,
    /// The same of the greatest, whose key is the complement.
    ArgMax,
    /// Their product in f64.
    Product,
    /// Count, mean, what the mean lost by rounding, and sum of squared distances from the sum of these two, f64 each.
    Moments,
    /// The moments of pairs of values: the count; then of either side mean, rest and squares as for `Moments`; then the sum of
    /// the products of both distances.
    PairMoments,
}

impl AccumulatorKind {
    /// Whether its parts are added up, each by itself.
    pub(super) fn adds(self) -> bool {
        match self {
            Self::Count | Self::Sum | Self::WideSum | Self::WholeSum | Self::FloatSum => true,
            Self::Min
            | Self::Max
            | Self::First
            | Self::Last
            | Self::ArgMin
            | Self::ArgMax
            | Self::Product
            | Self::Moments
            | Self::PairMoments => false,
        }
    }

    /// Whether one row's value is picked.
    pub(super) fn picks(self) -> bool {
        matches!(self, Self::First | Self::Last | Self::ArgMin | Self::ArgMax)
    }

    /// How many parts of the state are compared before the row's place.
    pub(in crate::strategy) fn key_parts(self) -> usize {
        usize::from(matches!(self, Self::ArgMin | Self::ArgMax))
    }

    /// The part of an order that every row's beats.
    pub(in crate::strategy) fn never(self, element: Element) -> Init {
        Init::Bits(match (self, element) {
            (Self::First | Self::ArgMin | Self::ArgMax, Element::S32) => i32::MAX as u64,
            (Self::First | Self::ArgMin | Self::ArgMax, Element::S64) => i64::MAX as u64,
            (Self::ArgMin | Self::ArgMax, Element::U64) | (Self::Last, Element::S64) => u64::MAX,
            (Self::Last, Element::S32) => u32::MAX.into(),
            (kind, element) => unreachable!("{kind:?} does not compare places of {element}"),
        })
    }

    /// How many rows can be added up.
    pub(super) fn max_rows(self) -> u64 {
        match self {
            Self::WideSum => MAX_WIDE_ROWS,
            Self::WholeSum => MAX_WHOLE_ROWS,
            Self::Sum => MAX_SUM_ROWS,
            _ => u64::MAX,
        }
    }
}

/// Rows that a 64-bit sum of halves can add up.
const MAX_WIDE_ROWS: u64 = (1 << 31) - 1;

/// Rows whose f64 sum is less than a fourth beside the true one, if none is negative.
const MAX_WHOLE_ROWS: u64 = 1 << 48;

/// Rows that a proved 64-bit sum can add up.
const MAX_SUM_ROWS: u64 = 1 << 32;

/// Why no accumulator is of `string_agg`, nor of what looks at all values together.
pub(super) const NOTHING_ADDS: &str =
    "the host joins texts (encode::join_texts), and values are ranked together (strategy::ranked)";

/// What an aggregate remembers.
pub(super) fn kind_of(cx: &Cx<'_, '_>, item: &AggregateItem) -> AccumulatorKind {
    match item.function {
        AggregateFunction::Count => AccumulatorKind::Count,
        AggregateFunction::Sum | AggregateFunction::Mean => match item.arguments.first() {
            Some(argument) if argument.ty.is_float() => AccumulatorKind::FloatSum,
            argument => sum_of(argument.and_then(|argument| cx.interval(argument)), item.function),
        },
        AggregateFunction::Min | AggregateFunction::All => AccumulatorKind::Min,
        AggregateFunction::Max | AggregateFunction::Any => AccumulatorKind::Max,
        AggregateFunction::First => AccumulatorKind::First,
        AggregateFunction::Last => AccumulatorKind::Last,
        AggregateFunction::Product => AccumulatorKind::Product,
        AggregateFunction::Quantile
        | AggregateFunction::CountDistinct
        | AggregateFunction::Mode
        | AggregateFunction::StringAgg => unreachable!("{NOTHING_ADDS}"),
        AggregateFunction::ArgMin => AccumulatorKind::ArgMin,
        AggregateFunction::ArgMax => AccumulatorKind::ArgMax,
        AggregateFunction::Variance | AggregateFunction::StandardDeviation => AccumulatorKind::Moments,
        AggregateFunction::Covariance | AggregateFunction::Correlation => AccumulatorKind::PairMoments,
    }
}

/// How integers within an interval are added up.
fn sum_of(interval: Option<Interval>, function: AggregateFunction) -> AccumulatorKind {
    match interval {
        // `MAX_SUM_ROWS` of these add up in 64 bits.
        Some(interval) if interval.magnitude() < 1 << 31 => AccumulatorKind::Sum,
        // A mean has a value where the sum does not fit.
        Some(interval) if interval.lo >= 0 && function == AggregateFunction::Sum => AccumulatorKind::WholeSum,
        _ => AccumulatorKind::WideSum,
    }
}
