//! What Parquet metadata says of a column, in the terms of its DJ type.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use super::parquet_file::{ParquetFile, is_dictionary, rows};
use super::types::unwrapped;
use crate::columns::Dictionary;
use crate::types::{Bounds, Type};
use arrow::datatypes::{DataType, TimeUnit};
use parquet::basic::ColumnOrder;
use parquet::column::page::Page;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::path::Path;

/// Least and greatest value of a row group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Range {
    /// Of everything held as integers, bools included. The ends may be wider than the values.
    Int { lo: i128, hi: i128, exact: bool },
    /// Of floats, NaN aside.
    Float { lo: f64, hi: f64 },
    /// Of text, bytewise. The ends may be wider than the values.
    Text { lo: Vec<u8>, hi: Vec<u8>, exact: bool },
}

/// What the metadata of a row group says of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChunkFacts {
    pub(crate) range: Option<Range>,
    pub(crate) nulls: Option<u64>,
    pub(crate) rows: u64,
}

/// Reads the facts of a top-level column that is declared as `ty`.
pub(crate) fn facts(file: &ParquetFile, group: &RowGroupMetaData, column: usize, ty: Type) -> Option<ChunkFacts> {
    let leaf = file.leaf(column)?;
    let chunk = group.column(leaf);
    let optional = chunk.column_descr().max_def_level() > 0;
    let statistics = chunk.statistics();
    let nulls = if optional { statistics.and_then(Statistics::null_count_opt) } else { Some(0) };
    let data_type = unwrapped(file.schema().field(column).data_type());
    let order = file.metadata().file_metadata().column_order(leaf);
    let range = statistics.and_then(|statistics| range(statistics, data_type, order, ty));
    Some(ChunkFacts { range, nulls, rows: rows(group) })
}

fn range(statistics: &Statistics, data_type: &DataType, order: ColumnOrder, ty: Type) -> Option<Range> {
    let exact = statistics.min_is_exact() && statistics.max_is_exact();
    // Old writers compared everything as signed; their ends are right for signed numbers only.
    let deprecated = statistics.is_min_max_deprecated();
    let int = |lo: i128, hi: i128| (lo <= hi).then_some(Range::Int { lo, hi, exact });
    let unsigned = matches!(ty, Type::U8 | Type::U16 | Type::U32 | Type::U64) && data_type.is_unsigned_integer();
    match statistics {
        Statistics::Boolean(ends) if ty == Type::Bool => int((*ends.min_opt()?).into(), (*ends.max_opt()?).into()),
        Statistics::Int32(ends) if data_type.is_unsigned_integer() => {
            let (lo, hi) = (ends.min_opt()?.cast_unsigned(), ends.max_opt()?.cast_unsigned());
            (unsigned && !deprecated).then(|| int(lo.into(), hi.into())).flatten()
        }
        Statistics::Int64(ends) if data_type.is_unsigned_integer() => {
            let (lo, hi) = (ends.min_opt()?.cast_unsigned(), ends.max_opt()?.cast_unsigned());
            (unsigned && !deprecated).then(|| int(lo.into(), hi.into())).flatten()
        }
        Statistics::Int32(ends) => {
            let (lo, hi) = scaled((*ends.min_opt()?).into(), (*ends.max_opt()?).into(), data_type)?;
            integral(ty).then(|| int(lo, hi)).flatten()
        }
        Statistics::Int64(ends) => {
            let (lo, hi) = scaled((*ends.min_opt()?).into(), (*ends.max_opt()?).into(), data_type)?;
            integral(ty).then(|| int(lo, hi)).flatten()
        }
        Statistics::Float(ends) => floats((*ends.min_opt()?).into(), (*ends.max_opt()?).into(), ty),
        Statistics::Double(ends) => floats(*ends.min_opt()?, *ends.max_opt()?, ty),
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) if deprecated => None,
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) if ty.is_decimal() => {
            int(big_endian(statistics.min_bytes_opt()?)?, big_endian(statistics.max_bytes_opt()?)?)
        }
        Statistics::ByteArray(_) if ty == Type::Str && matches!(order, ColumnOrder::TYPE_DEFINED_ORDER(_)) => {
            let (lo, hi) = (statistics.min_bytes_opt()?.to_vec(), statistics.max_bytes_opt()?.to_vec());
            (lo <= hi).then_some(Range::Text { lo, hi, exact })
        }
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) | Statistics::Int96(_) | Statistics::Boolean(_) => {
            None
        }
    }
}

fn integral(ty: Type) -> bool {
    ty.is_integral()
}

/// The ends of a stored column in the unit of its DJ type: microseconds, days.
fn scaled(lo: i128, hi: i128, data_type: &DataType) -> Option<(i128, i128)> {
    let (multiply, divide): (i128, i128) = match data_type {
        DataType::Timestamp(unit, _) | DataType::Duration(unit) => match unit {
            TimeUnit::Second => (1_000_000, 1),
            TimeUnit::Millisecond => (1_000, 1),
            TimeUnit::Microsecond => (1, 1),
            TimeUnit::Nanosecond => (1, 1_000),
        },
        DataType::Date64 => (1, 86_400_000),
        _ => (1, 1),
    };
    let up = |value: i128| -(-value).div_euclid(divide);
    Some(((lo * multiply).div_euclid(divide), up(hi * multiply)))
}

fn floats(lo: f64, hi: f64, ty: Type) -> Option<Range> {
    // A writer that lets NaN in has not compared the rest either. Zero stands for both zeros.
    (ty.is_float() && lo <= hi).then_some(Range::Float { lo, hi })
}

/// A two's complement integer of up to 16 bytes.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let fill = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut wide = [fill; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

/// What is known of a column over whole files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ColumnFacts {
    pub(crate) bounds: Option<Bounds>,
    pub(crate) not_null: bool,
}

/// The facts of a column over all row groups of all files.
pub(crate) fn combine(chunks: impl Iterator<Item = Option<ChunkFacts>>) -> ColumnFacts {
    let mut all = ColumnFacts { bounds: None, not_null: true };
    let mut known = true;
    for chunk in chunks {
        let Some(chunk) = chunk else {
            known = false;
            all.not_null = false;
            continue;
        };
        if chunk.rows == 0 {
            continue;
        }
        all.not_null &= chunk.nulls == Some(0);
        match chunk.range {
            _ if chunk.nulls == Some(chunk.rows) => {}
            Some(Range::Int { lo, hi, .. }) => all.bounds = Some(widen(all.bounds, Bounds::Int { lo, hi })),
            Some(Range::Float { lo, hi }) => all.bounds = Some(widen(all.bounds, Bounds::Float { lo, hi })),
            Some(Range::Text { .. }) | None => known = false,
        }
    }
    all.bounds = all.bounds.filter(|_| known);
    all
}

fn widen(bounds: Option<Bounds>, more: Bounds) -> Bounds {
    match (bounds, more) {
        (Some(Bounds::Int { lo: a, hi: b }), Bounds::Int { lo, hi }) => Bounds::Int { lo: lo.min(a), hi: hi.max(b) },
        (Some(Bounds::Float { lo: a, hi: b }), Bounds::Float { lo, hi }) => {
            Bounds::Float { lo: lo.min(a), hi: hi.max(b) }
        }
        (None | Some(_), more) => more,
    }
}

/// Adds the texts in the dictionaries of a column to `texts`: an upper bound of its distinct texts, if it is
/// dictionary-encoded throughout and has few row groups. `None` if it cannot be told cheaply.
pub(crate) fn add_texts(file: &ParquetFile, path: &Path, column: usize, texts: &mut Dictionary) -> Option<()> {
    const MANY_GROUPS: usize = 256;
    const MANY_TEXTS: usize = 1 << 22;
    let leaf = file.leaf(column)?;
    let groups = file.row_groups();
    let encoded = |group: &RowGroupMetaData| group.num_rows() == 0 || is_dictionary(group.column(leaf));
    if groups.len() > MANY_GROUPS || !groups.iter().all(encoded) {
        return None;
    }
    let reader = SerializedFileReader::new(file.reopen(path).ok()?).ok()?;
    for group in (0..groups.len()).filter(|group| groups[*group].num_rows() > 0) {
        let mut pages = reader.get_row_group(group).ok()?.get_column_page_reader(leaf).ok()?;
        let Page::DictionaryPage { buf, num_values, .. } = pages.get_next_page().ok()?? else { return None };
        add_plain_texts(&buf, num_values, texts)?;
        if texts.len() > MANY_TEXTS {
            return None;
        }
    }
    Some(())
}

/// Texts of Parquet's plain encoding: a length of four bytes, then the text.
fn add_plain_texts(mut bytes: &[u8], count: u32, texts: &mut Dictionary) -> Option<()> {
    for _ in 0..count {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        texts.intern(std::str::from_utf8(text).ok()?).ok()?;
        bytes = rest;
    }
    Some(())
}
