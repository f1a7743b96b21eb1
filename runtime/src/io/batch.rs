//! From tables to Arrow record batches.

use super::csv_value;
use crate::artifact::ResultColumn;
use crate::columns::{Column, Dictionaries, Table};
use crate::pjrt::Element;
use crate::types::Type;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringBuilder,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// The Arrow type of a type: text as `Utf8`, decimals of 128 bits, times in microseconds without a zone.
pub fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::I8 => DataType::Int8,
        Type::I16 => DataType::Int16,
        Type::I32 => DataType::Int32,
        Type::I64 => DataType::Int64,
        Type::U8 => DataType::UInt8,
        Type::U16 => DataType::UInt16,
        Type::U32 => DataType::UInt32,
        Type::U64 => DataType::UInt64,
        Type::F32 => DataType::Float32,
        Type::F64 => DataType::Float64,
        Type::Date => DataType::Date32,
        Type::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::Duration => DataType::Duration(TimeUnit::Microsecond),
        Type::Decimal { precision, scale } => DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(0)),
        Type::Str => DataType::Utf8,
    }
}

/// The Arrow schema of result columns.
pub fn arrow_schema(columns: &[ResultColumn]) -> SchemaRef {
    let field =
        |column: &ResultColumn| Field::new(&column.field.name, arrow_type(column.field.ty), column.field.nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A table as one record batch.
///
/// # Errors
/// If a text column has more than 2 GiB of text.
pub fn to_record_batch(
    table: &Table,
    columns: &[ResultColumn],
    dictionaries: &Dictionaries,
) -> Result<RecordBatch, ArrowError> {
    rows_to_record_batch(table, columns, dictionaries, 0..table.rows)
}

/// Some rows of a table as a record batch.
pub(crate) fn rows_to_record_batch(
    table: &Table,
    columns: &[ResultColumn],
    dictionaries: &Dictionaries,
    rows: Range<usize>,
) -> Result<RecordBatch, ArrowError> {
    let arrays = columns
        .iter()
        .zip(&table.columns)
        .map(|(spec, column)| column_to_array(column, spec, dictionaries, rows.clone()));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(arrow_schema(columns), arrays, &options)
}

/// Some rows of a column.
pub(super) fn column_to_array(
    column: &Column,
    spec: &ResultColumn,
    dictionaries: &Dictionaries,
    rows: Range<usize>,
) -> Result<ArrayRef, ArrowError> {
    let natural = spec.field.ty.element();
    let widened;
    let (column, rows) = if column.element == natural {
        (column, rows)
    } else {
        widened = column.converted(natural, rows).ok_or_else(|| {
            ArrowError::CastError(format!("column `{}` is {}, not {}", spec.field.name, column.element, spec.field.ty))
        })?;
        (&widened, 0..widened.len())
    };
    let nulls = column.validity.as_ref().filter(|_| spec.field.nullable).map(|validity| {
        let validity = &validity[rows.clone()];
        NullBuffer::new(BooleanBuffer::collect_bool(validity.len(), |row| validity[row] != 0))
    });
    let source = Values { column, rows, nulls };
    Ok(match spec.field.ty {
        Type::Bool => source.bools(),
        Type::I8 => source.numbers::<Int8Type>(),
        Type::I16 => source.numbers::<Int16Type>(),
        Type::I32 => source.numbers::<Int32Type>(),
        Type::I64 => source.numbers::<Int64Type>(),
        Type::U8 => source.numbers::<UInt8Type>(),
        Type::U16 => source.numbers::<UInt16Type>(),
        Type::U32 => source.numbers::<UInt32Type>(),
        Type::U64 => source.numbers::<UInt64Type>(),
        Type::F32 => source.numbers::<Float32Type>(),
        Type::F64 => source.numbers::<Float64Type>(),
        Type::Date => source.numbers::<Date32Type>(),
        Type::Timestamp => source.numbers::<TimestampMicrosecondType>(),
        Type::Duration => source.numbers::<DurationMicrosecondType>(),
        Type::Decimal { precision, scale } => source.decimals(precision, scale)?,
        Type::Str => source.text(dictionaries, spec.domain)?,
    })
}

/// Rows of a column of its type's own element.
struct Values<'a> {
    column: &'a Column,
    rows: Range<usize>,
    nulls: Option<NullBuffer>,
}

impl Values<'_> {
    fn bools(self) -> ArrayRef {
        let values = &self.column.values[self.rows];
        let bits = BooleanBuffer::collect_bool(values.len(), |row| values[row] != 0);
        Arc::new(BooleanArray::new(bits, self.nulls))
    }

    fn numbers<T: ArrowPrimitiveType>(self) -> ArrayRef {
        let values: ScalarBuffer<T::Native> = self.column.values.as_slice::<T::Native>()[self.rows].to_vec().into();
        Arc::new(PrimitiveArray::<T>::new(values, self.nulls))
    }

    fn decimals(self, precision: u8, scale: u8) -> Result<ArrayRef, ArrowError> {
        let values = self.column.values.as_slice::<i64>()[self.rows].iter().map(|value| i128::from(*value));
        let array = Decimal128Array::new(values.collect(), self.nulls);
        Ok(Arc::new(array.with_precision_and_scale(precision, i8::try_from(scale).unwrap_or(0))?))
    }

    fn text(self, dictionaries: &Dictionaries, domain: Option<usize>) -> Result<ArrayRef, ArrowError> {
        let codes = &self.column.values.as_slice::<i32>()[self.rows];
        let Some(domain) = domain else {
            return Err(ArrowError::SchemaError("a text column without a string domain".to_owned()));
        };
        let dictionary = dictionaries.domain(domain);
        let is_valid = |row: usize| self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let unknown = |code: &&i32| dictionary.text(**code).is_none();
        let rows = codes.iter().enumerate();
        if let Some(code) = rows.filter(|(row, _)| is_valid(*row)).map(|(_, code)| code).find(unknown) {
            return Err(ArrowError::SchemaError(format!("code {code} is of no text in string domain {domain}")));
        }
        let texts = codes.iter().enumerate().map(|(row, code)| is_valid(row).then(|| dictionary.value(*code)));
        let bytes: usize = texts.clone().map(|text| text.map_or(0, str::len)).sum();
        if i32::try_from(bytes).is_err() {
            return Err(ArrowError::MemoryError("more than 2 GiB of text in one batch".to_owned()));
        }
        let mut builder = StringBuilder::with_capacity(codes.len(), bytes);
        texts.for_each(|text| builder.append_option(text));
        let array = builder.finish();
        debug_assert_eq!(array.len(), codes.len());
        Ok(Arc::new(array))
    }
}

/// Writes the value of a row as text: nothing for null.
pub(crate) fn write_value(
    out: &mut String,
    column: &Column,
    spec: &ResultColumn,
    dictionaries: &Dictionaries,
    row: usize,
) {
    if !column.is_valid(row) {
        return;
    }
    match (spec.field.ty, column.element) {
        (Type::Bool, _) => out.push_str(if column.values[row] != 0 { "true" } else { "false" }),
        (ty, Element::F32) => csv_value::write_float(out, column.values.as_slice::<f32>()[row].into(), ty),
        (ty, Element::F64) => csv_value::write_float(out, column.values.as_slice::<f64>()[row], ty),
        (Type::Str, _) => {
            let code = column.integer(row).and_then(|code| i32::try_from(code).ok());
            if let (Some(domain), Some(code)) = (spec.domain, code) {
                out.push_str(dictionaries.value(domain, code));
            }
        }
        (ty, _) => {
            if let Some(value) = column.integer(row) {
                csv_value::write_integer(out, value, ty);
            }
        }
    }
}
