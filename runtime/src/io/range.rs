//! Rows that are made and not read: the values of a range.

use super::batch::arrow_type;
use super::table_source::{RecordBatches, TableSource};
use crate::artifact::RangeStep;
use crate::expr::calendar::{Civil, MICROS_PER_DAY};
use crate::types::Type;
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Rows of a batch.
const BATCH_ROWS: usize = 1 << 16;

/// `start`, `start + step`, and so on before `end`: integers, days or microseconds, in a column `range`.
#[derive(Debug, Clone)]
pub struct RangeRows {
    /// i64, date or timestamp.
    ty: Type,
    start: i64,
    end: i64,
    step: RangeStep,
}

impl RangeRows {
    /// A range of values of a type.
    pub fn new(ty: Type, start: i64, end: i64, step: RangeStep) -> Self {
        Self { ty, start, end, step }
    }

    /// The value after another; `None` where there is none before the end.
    fn after(&self, value: i64) -> Option<i64> {
        let next = match self.step {
            RangeStep::Whole(by) => value.checked_add(by)?,
            RangeStep::Months(by) => self.months_after(value, by)?,
        };
        self.holds(next).then_some(next)
    }

    fn months_after(&self, value: i64, by: i64) -> Option<i64> {
        if self.ty == Type::Date {
            return Some(Civil::from_days(value).add_months(by)?.to_days());
        }
        let (days, time) = (value.div_euclid(MICROS_PER_DAY), value.rem_euclid(MICROS_PER_DAY));
        Civil::from_days(days).add_months(by)?.to_days().checked_mul(MICROS_PER_DAY)?.checked_add(time)
    }

    fn holds(&self, value: i64) -> bool {
        if self.step.is_forward() { value < self.end } else { value > self.end }
    }

    fn array(&self, values: Vec<i64>) -> Result<ArrayRef, ArrowError> {
        if self.ty == Type::Date {
            let days = values.into_iter().map(i32::try_from).collect::<Result<Vec<_>, _>>();
            return Ok(Arc::new(Date32Array::from(days.map_err(|error| ArrowError::ComputeError(error.to_string()))?)));
        }
        let is_time = self.ty == Type::Timestamp;
        Ok(if is_time { Arc::new(TimestampMicrosecondArray::from(values)) } else { Arc::new(Int64Array::from(values)) })
    }
}

impl TableSource for RangeRows {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("range", arrow_type(self.ty), false)]))
    }

    fn rows(&self) -> Option<u64> {
        match self.step {
            RangeStep::Whole(by) => Some(whole_steps(self.start, self.end, by)),
            RangeStep::Months(_) => None,
        }
    }

    fn batches(&self, columns: &[usize]) -> Result<RecordBatches, ArrowError> {
        let (range, columns) = (self.clone(), columns.to_vec());
        let mut next = Some(self.start).filter(|start| self.holds(*start));
        Ok(Box::new(std::iter::from_fn(move || {
            next?;
            let mut values = Vec::with_capacity(BATCH_ROWS);
            while let Some(value) = next.filter(|_| values.len() < BATCH_ROWS) {
                values.push(value);
                next = range.after(value);
            }
            let batch = range.array(values).and_then(|values| RecordBatch::try_new(range.schema(), vec![values]));
            Some(batch.and_then(|batch| batch.project(&columns)))
        })))
    }
}

/// How many values there are from `start` on before `end`.
pub fn whole_steps(start: i64, end: i64, by: i64) -> u64 {
    let length = i128::from(end) - i128::from(start);
    let length = if by > 0 { length } else { -length };
    let steps = u128::try_from(length).map_or(0, |length| length.div_ceil(by.unsigned_abs().into()));
    u64::try_from(steps).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::{Date32Type, Int64Type};

    fn integers(start: i64, end: i64, by: i64) -> Vec<i64> {
        let range = RangeRows::new(Type::I64, start, end, RangeStep::Whole(by));
        let batches = range.batches(&[0]).unwrap().map(Result::unwrap);
        let values = batches.flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
        let values: Vec<i64> = values.collect();
        assert_eq!(range.rows(), Some(values.len() as u64), "{start} {end} {by}");
        values
    }

    #[test]
    fn an_end_is_left_out() {
        assert_eq!(integers(1, 4, 1), [1, 2, 3]);
        assert_eq!(integers(0, 10, 4), [0, 4, 8]);
        assert_eq!(integers(0, 8, 4), [0, 4]);
        assert_eq!(integers(5, 0, -2), [5, 3, 1]);
        assert_eq!(integers(4, 0, -2), [4, 2]);
        assert!(integers(1, 1, 1).is_empty());
        assert!(integers(2, 1, 1).is_empty());
        assert_eq!(integers(i64::MAX - 2, i64::MAX, 1), [i64::MAX - 2, i64::MAX - 1]);
        assert_eq!(integers(i64::MIN, i64::MAX, i64::MAX), [i64::MIN, -1, i64::MAX - 1]);
        assert_eq!(integers(0, 200_000, 1).len(), 200_000);
    }

    #[test]
    fn months_are_added_to_the_value_before() {
        let day = |year, month, day| Civil { year, month, day }.to_days();
        let range = RangeRows::new(Type::Date, day(2024, 1, 31), day(2024, 5, 1), RangeStep::Months(1));
        let batch = range.batches(&[0]).unwrap().next().unwrap().unwrap();
        let days = batch.column(0).as_primitive::<Date32Type>().values().to_vec();
        let wanted = [day(2024, 1, 31), day(2024, 2, 29), day(2024, 3, 29), day(2024, 4, 29)];
        assert_eq!(days, wanted.map(|day| i32::try_from(day).unwrap()));
    }
}
