//! The generated tables' columns: of every type tame ones to compute with and wild ones that reach the type's ends.

use super::expr::Known;
use super::types::Type;

/// A column of a generated table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) ty: Type,
    pub(crate) nullable: bool,
    pub(crate) known: Known,
    /// Its values by row `i`: DuckDB over the macro `r(i, c)`, a pseudo-random number of 32 bits, and the placeholder
    /// `{wild}`, whether this table's wild columns reach the ends.
    pub(crate) sql: &'static str,
}

const DAY: i128 = 86_400_000_000;

const fn column(name: &'static str, ty: Type, known: Known, sql: &'static str) -> Column {
    Column { name, ty, nullable: true, known, sql }
}

const fn required(name: &'static str, ty: Type, known: Known, sql: &'static str) -> Column {
    Column { name, ty, nullable: false, known, sql }
}

/// The domains that hold in all data.
pub(crate) fn domain(column: &Column) -> Option<&'static str> {
    match column.name {
        "n" => Some("0..10"),
        "k" => Some("-3..900"),
        "j" => Some("-4..4"),
        "h" => Some("0..12"),
        "m" => Some("-9000.00..11100.00"),
        _ => None,
    }
}

/// The columns of `t` and `u`. `id` ascends and is unique.
pub(crate) const COLUMNS: [Column; 27] = [
    required("id", Type::Signed(64), Known::Range(0, 100_000), "i::bigint"),
    required("n", Type::Signed(32), Known::Range(0, 10), "(r(i, 1) % 11)::integer"),
    column("k", Type::Signed(32), Known::Range(-100, 1000), "(r(i, 2) % {span} - 3)::integer"),
    column("j", Type::Signed(16), Known::Range(-4, 4), "(r(i, 3) % 9)::smallint - 4::smallint"),
    column("h", Type::Unsigned(32), Known::Range(0, 12), "(r(i, 4) % 13)::uinteger"),
    column(
        "a8",
        Type::Signed(8),
        Known::Nothing,
        "w(r(i, 5), (-128)::tinyint, 127::tinyint, (r(i, 6) % 256)::smallint - 128)::tinyint",
    ),
    column(
        "a16",
        Type::Signed(16),
        Known::Nothing,
        "w(r(i, 7), (-32768)::smallint, 32767::smallint, (r(i, 8) % 65536)::integer - 32768)::smallint",
    ),
    column(
        "a32",
        Type::Signed(32),
        Known::Nothing,
        "w(r(i, 9), -2147483648, 2147483647, r(i, 10) - 2147483648)::integer",
    ),
    column(
        "a64",
        Type::Signed(64),
        Known::Nothing,
        "w(r(i, 11)::hugeint, -9223372036854775808::hugeint, 9223372036854775807::hugeint, r(i, 12)::hugeint * 4294967296::hugeint + r(i, 13)::hugeint - 9223372036854775808::hugeint)::bigint",
    ),
    column("b8", Type::Unsigned(8), Known::Nothing, "w(r(i, 14), 0, 255, r(i, 15) % 256)::utinyint"),
    column("b16", Type::Unsigned(16), Known::Nothing, "w(r(i, 16), 0, 65535, r(i, 17) % 65536)::usmallint"),
    column("b32", Type::Unsigned(32), Known::Nothing, "w(r(i, 18), 0, 4294967295, r(i, 19))::uinteger"),
    column(
        "b64",
        Type::Unsigned(64),
        Known::Nothing,
        "w(r(i, 20)::hugeint, 0::hugeint, 18446744073709551615::hugeint, r(i, 21)::hugeint * 4294967296::hugeint + r(i, 22)::hugeint)::ubigint",
    ),
    column(
        "x",
        Type::Float(64),
        Known::Binary(7, 3),
        "case r(i, 23) % 12 when 0 then 'nan'::double when 1 then -0.0 when 2 then 0.0 when 3 then 'inf'::double else (r(i, 24) % 199 - 99)::double / 8 end",
    ),
    column(
        "y",
        Type::Float(32),
        Known::Binary(5, 2),
        "case r(i, 25) % 14 when 0 then 'nan'::float when 1 then (-0.0)::float else (r(i, 26) % 64 - 20)::float / 4 end",
    ),
    column(
        "z",
        Type::Float(64),
        Known::Nothing,
        "case r(i, 27) % 12 when 0 then 1.7976931348623157e308 when 1 then -1.7976931348623157e308 when 2 then '-inf'::double when 3 then 0.1 when 4 then 1e-300 else (r(i, 28) - 2147483648)::double / 3 end",
    ),
    column(
        "m",
        Type::Decimal(9, 2),
        Known::Range(-10_000, 11_100),
        "((r(i, 29) % 20011 - 9000)::decimal(18, 2) / 100)::decimal(9, 2)",
    ),
    column(
        "p",
        Type::Decimal(18, 4),
        Known::Nothing,
        "w(r(i, 30), (-99999999999999.9999)::decimal(18, 4), 99999999999999.9999::decimal(18, 4), ((r(i, 31) - 2147483648)::decimal(19, 0) * 0.7001::decimal(5, 4))::decimal(18, 4))::decimal(18, 4)",
    ),
    column(
        "q",
        Type::Decimal(4, 0),
        Known::Nothing,
        "w(r(i, 32), -9999, 9999, (r(i, 33) % 19999)::integer - 9999)::decimal(4, 0)",
    ),
    column("b", Type::Bool, Known::Nothing, "r(i, 34) % 3 = 0"),
    column("g", Type::Text, Known::Nothing, "['a', 'b', 'B', '', 'ä', 'ab', '日本'][1 + r(i, 35) % 7]"),
    column(
        "s",
        Type::Text,
        Known::Nothing,
        "['', 'x', 'naïve', 'Straße', '50% off', 'under_score', 'tab\tbed', '日本語', ' padded ', 'ZEBRA', '12', '-7', '2024-02-30', 'x,\"y\"', 'NULL'][1 + r(i, 36) % 15] || case when r(i, 37) % 3 = 0 then (r(i, 38) % 17)::varchar else '' end",
    ),
    column("v", Type::Text, Known::Nothing, "'v' || (r(i, 39) % {texts})"),
    column("d", Type::Date, Known::Range(-40_000, 40_000), "date '1970-01-01' + (r(i, 40) % 30000 - 9000)::integer"),
    column(
        "d2",
        Type::Date,
        Known::Nothing,
        "case r(i, 41) % 12 when 0 then date '0001-01-01' when 1 then date '9999-12-31' when 2 then date '1970-01-01' when 3 then date '2000-02-29' else date '1900-01-01' + (r(i, 42) % 100000)::integer end",
    ),
    column(
        "ts",
        Type::Timestamp,
        Known::Range(-40_000 * DAY, 40_000 * DAY),
        "make_timestamp(r(i, 43)::bigint * 500009 - 900000000000001)",
    ),
    column(
        "ts2",
        Type::Timestamp,
        Known::Nothing,
        "case r(i, 44) % 12 when 0 then timestamp '0001-01-01 00:00:00' when 1 then timestamp '9999-12-31 23:59:59.999999' when 2 then timestamp '1969-12-31 23:59:59.999999' else make_timestamp(r(i, 45)::bigint * 999983 - 2000000000000000) end",
    ),
];

/// The columns of `w`: one row for each key.
pub(crate) const SMALL_COLUMNS: [Column; 7] = [
    required("key", Type::Signed(32), Known::Range(-100, 1000), "(i - 2)::integer"),
    required(
        "name",
        Type::Text,
        Known::Nothing,
        "['zero', 'one', 'two', 'three', 'Four', 'fünf', 'six', 'seven'][1 + i % 8]",
    ),
    column("weight", Type::Float(64), Known::Binary(11, 1), "i * 1.5::double"),
    column("letter", Type::Text, Known::Nothing, "chr((97 + i % 8)::integer)"),
    column("code", Type::Unsigned(64), Known::Range(0, 1000), "i::ubigint"),
    column(
        "pause",
        Type::Duration,
        Known::Range(-40 * DAY, 40 * DAY),
        "case r(i, 50) % 6 when 0 then 0 when 1 then -1 when 2 then 86400000000 else (r(i, 51) - 2147483648) * 977 end::bigint",
    ),
    column(
        "span",
        Type::Duration,
        Known::Nothing,
        "w(r(i, 52)::hugeint, -9223372036854775807::hugeint, 9223372036854775807::hugeint, (r(i, 53)::hugeint - 2147483648) * 4294967::hugeint)::bigint",
    ),
];

/// The columns of a table.
pub(crate) fn columns_of(table: &str) -> &'static [Column] {
    if table == "w" { &SMALL_COLUMNS } else { &COLUMNS }
}
