//! Compares two tables by value: exact for integers, decimals, text and time, within a tolerance for floats.
//!
//! Types need not be the same, only of one kind: a sum may be `i64` here and `decimal(38, 0)` there.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float64Type, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;

use crate::Result;

/// Whether the order of rows is part of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Row by row.
    Significant,
    /// As multisets of rows.
    Free,
}

/// One value, widened so that equal values of different types are equal.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A null of any type.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer, or a decimal of this many digits after the point; trailing zeros are gone.
    Exact(i128, u8),
    /// A float; the flag says that it was computed in 32 bits.
    Float(f64, bool),
    /// UTF-8 text.
    Text(String),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
}

impl Cell {
    fn exact(mut value: i128, scale: i8) -> Result<Self> {
        let mut scale = u8::try_from(scale)?;
        while scale > 0 && value % 10 == 0 {
            value /= 10;
            scale -= 1;
        }
        Ok(Self::Exact(value, scale))
    }

    /// Equal within the tolerance of floats; NaN equals itself, and -0.0 equals 0.0.
    fn agrees(&self, other: &Self) -> bool {
        let (Self::Float(a, a_narrow), Self::Float(b, b_narrow)) = (self, other) else { return self == other };
        let tolerance = if *a_narrow || *b_narrow { 1e-5 } else { 1e-9 };
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-3)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Exact(..) => 2,
            Self::Float(..) => 3,
            Self::Text(_) => 4,
            Self::Date(_) => 5,
            Self::Timestamp(_) => 6,
            Self::Duration(_) => 7,
        }
    }

    /// Any total order will do: it only pairs the rows of two multisets.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Exact(a, s), Self::Exact(b, t)) => (s, a).cmp(&(t, b)),
            (Self::Float(a, _), Self::Float(b, _)) => {
                if a == b || (a.is_nan() && b.is_nan()) {
                    Ordering::Equal
                } else {
                    // A NaN is one whatever its sign: engines give 0 / 0 either.
                    let unsigned = |x: f64| if x.is_nan() { f64::NAN } else { x };
                    unsigned(*a).total_cmp(&unsigned(*b))
                }
            }
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) | (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Exact(value, 0) => write!(f, "{value}"),
            Self::Exact(value, scale) => {
                let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(*scale) + 1);
                let (whole, part) = digits.split_at(digits.len() - usize::from(*scale));
                write!(f, "{}{whole}.{part}", if *value < 0 { "-" } else { "" })
            }
            Self::Float(value, _) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Date(days) => write!(f, "date {days}"),
            Self::Timestamp(micros) => write!(f, "timestamp {micros}"),
            Self::Duration(micros) => write!(f, "duration {micros}"),
        }
    }
}

/// Rows of cells under named columns.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns' names, in order.
    pub names: Vec<String>,
    /// The rows, each as long as `names`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The rows of `batches`, which share one schema; no batch at all is a table without columns.
    pub fn new(batches: &[RecordBatch]) -> Result<Self> {
        let names = batches
            .first()
            .map_or_else(Vec::new, |batch| batch.schema().fields().iter().map(|field| field.name().clone()).collect());
        let mut rows = Vec::new();
        for batch in batches {
            let columns = batch.columns().iter().map(cells).collect::<Result<Vec<_>>>()?;
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
        }
        Ok(Self { names, rows })
    }

    /// Turns durations into their numbers of microseconds.
    pub fn durations_as_numbers(&mut self) {
        for cell in self.rows.iter_mut().flatten() {
            if let Cell::Duration(micros) = cell {
                *cell = Cell::Exact(i128::from(*micros), 0);
            }
        }
    }

    /// Sorts the rows; floats come last in the comparison, because rounding may set them apart.
    fn sort(&mut self) {
        self.rows.sort_by(|a, b| {
            let pairs = || a.iter().zip(b);
            let float = |cell: &Cell| matches!(cell, Cell::Float(..));
            let exact = pairs().filter(|(a, b)| !float(a) && !float(b)).map(|(a, b)| a.order(b));
            let floats = pairs().filter(|(a, b)| float(a) || float(b)).map(|(a, b)| a.order(b));
            exact.chain(floats).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "Arrow's types, most of which no result has")]
fn cells(column: &ArrayRef) -> Result<Vec<Cell>> {
    let values: Vec<Cell> = match column.data_type() {
        DataType::Null => vec![Cell::Null; column.len()],
        DataType::Boolean => column.as_boolean().iter().map(|v| v.map_or(Cell::Null, Cell::Bool)).collect(),
        kind if kind.is_integer() => exact_cells(&cast(column, &DataType::Decimal128(38, 0))?)?,
        DataType::Decimal128(..) => exact_cells(column)?,
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
            exact_cells(&cast(column, &DataType::Decimal128(38, *scale))?)?
        }
        kind if kind.is_floating() => {
            let narrow = *kind != DataType::Float64;
            let wide = cast(column, &DataType::Float64)?;
            let values = wide.as_primitive::<Float64Type>().iter();
            values.map(|v| v.map_or(Cell::Null, |v| Cell::Float(v, narrow))).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let text = cast(column, &DataType::Utf8)?;
            text.as_string::<i32>().iter().map(|v| v.map_or(Cell::Null, |v| Cell::Text(v.to_owned()))).collect()
        }
        DataType::Date32 => {
            column.as_primitive::<Date32Type>().iter().map(|v| v.map_or(Cell::Null, Cell::Date)).collect()
        }
        DataType::Timestamp(..) => {
            let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let values = micros.as_primitive::<TimestampMicrosecondType>().iter();
            values.map(|v| v.map_or(Cell::Null, Cell::Timestamp)).collect()
        }
        DataType::Duration(_) => {
            let micros = cast(column, &DataType::Duration(TimeUnit::Microsecond))?;
            let values = micros.as_primitive::<DurationMicrosecondType>().iter();
            values.map(|v| v.map_or(Cell::Null, Cell::Duration)).collect()
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let values = column.as_primitive::<IntervalMonthDayNanoType>().iter();
            values.map(|v| v.map_or(Ok(Cell::Null), duration_cell)).collect::<Result<_>>()?
        }
        other => return Err(format!("no comparison for columns of type {other}").into()),
    };
    Ok(values)
}

fn exact_cells(column: &ArrayRef) -> Result<Vec<Cell>> {
    let decimals = column.as_primitive::<Decimal128Type>();
    decimals.iter().map(|v| v.map_or(Ok(Cell::Null), |v| Cell::exact(v, decimals.scale()))).collect()
}

/// DuckDB's difference of two timestamps; one with months has no fixed length.
fn duration_cell(interval: IntervalMonthDayNano) -> Result<Cell> {
    if interval.months != 0 {
        return Err("an interval of months has no length in microseconds".into());
    }
    Ok(Cell::Duration(i64::from(interval.days) * 86_400_000_000 + interval.nanoseconds / 1000))
}

/// Fails, and shows the first differences, unless `found` holds the rows of `wanted`.
pub fn same(found: &Table, wanted: &Table, order: Order) -> Result {
    if found.names != wanted.names {
        return Err(format!("columns: found {:?}, wanted {:?}", found.names, wanted.names).into());
    }
    let (mut found, mut wanted) = (found.clone(), wanted.clone());
    if order == Order::Free {
        found.sort();
        wanted.sort();
    }
    let agree = |row: usize| match (found.rows.get(row), wanted.rows.get(row)) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| a.agrees(b)),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let total = found.rows.len().max(wanted.rows.len());
    let differing: Vec<usize> = (0..total).filter(|&row| !agree(row)).collect();
    if differing.is_empty() && found.rows.len() == wanted.rows.len() {
        return Ok(());
    }
    Err(difference(&found, &wanted, &differing)?.into())
}

fn difference(found: &Table, wanted: &Table, differing: &[usize]) -> Result<String> {
    let mut text = format!(
        "{} rows found, {} wanted; {} differ\n  {}",
        found.rows.len(),
        wanted.rows.len(),
        differing.len(),
        wanted.names.join(" | ")
    );
    let shown = |row: Option<&Vec<Cell>>| {
        row.map_or_else(|| "(no row)".to_owned(), |row| row.iter().map(Cell::to_string).collect::<Vec<_>>().join(" | "))
    };
    for &row in differing.iter().take(8) {
        write!(text, "\n  row {row}\n    found  {}", shown(found.rows.get(row)))?;
        write!(text, "\n    wanted {}", shown(wanted.rows.get(row)))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[Cell]]) -> Table {
        Table { names: vec!["a".to_owned(); rows[0].len()], rows: rows.iter().map(|row| row.to_vec()).collect() }
    }

    #[test]
    fn floats_agree_within_rounding_and_nan_with_itself() {
        let sum = Cell::Float(0.1 + 0.2, false);
        assert!(sum.agrees(&Cell::Float(0.3, false)));
        assert!(!sum.agrees(&Cell::Float(0.300_001, false)));
        assert_eq!(Cell::Float(-f64::NAN, false).order(&Cell::Float(1.0, false)), Ordering::Greater);
        assert!(Cell::Float(f64::NAN, false).agrees(&Cell::Float(f64::NAN, false)));
        assert!(Cell::Float(-0.0, false).agrees(&Cell::Float(0.0, false)));
        assert!(!Cell::Float(1.0, false).agrees(&Cell::Exact(1, 0)));
        assert!(!Cell::Float(0.0, false).agrees(&Cell::Null));
    }

    #[test]
    fn decimals_agree_across_scales() {
        let a = Cell::exact(-1500, 3).unwrap();
        assert_eq!(a, Cell::exact(-15, 1).unwrap());
        assert_eq!(a.to_string(), "-1.5");
        assert_eq!(Cell::exact(-5, 2).unwrap().to_string(), "-0.05");
    }

    #[test]
    fn free_order_pairs_rows_whose_floats_differ_by_rounding() {
        let (one, two) = (Cell::Exact(1, 0), Cell::Exact(2, 0));
        let found = table(&[&[Cell::Float(0.1 + 0.2, false), two.clone()], &[Cell::Float(0.3, false), one.clone()]]);
        let wanted = table(&[&[Cell::Float(0.1 + 0.2, false), one], &[Cell::Float(0.3, false), two]]);
        same(&found, &wanted, Order::Free).unwrap();
        assert!(same(&found, &wanted, Order::Significant).is_err());
    }

    #[test]
    fn a_missing_row_is_a_difference() {
        let one = table(&[&[Cell::Exact(1, 0)]]);
        let two = table(&[&[Cell::Exact(1, 0)], &[Cell::Null]]);
        let error = same(&one, &two, Order::Free).unwrap_err();
        assert!(error.to_string().contains("1 rows found, 2 wanted"), "{error}");
    }
}
