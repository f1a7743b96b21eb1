//! The data that programs run on: ten choices of rows, as files and as DuckDB's tables.
//!
//! Every file and every table has the same rows in the same order. DuckDB's tables have a column `o` besides, the order.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::files;
use super::schema::{Column, columns_of};
use super::types::Type;
use crate::{Result, duckdb};

/// A choice of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    /// Rows of `t`, `u` and `w`.
    rows: [usize; 3],
    /// How many keys `k` has, and texts `v`.
    span: usize,
    texts: usize,
    /// Whether wild columns reach their types' ends.
    wild: bool,
    /// One null in so many values; 1 is all, 0 is none.
    nulls: usize,
    /// Files of each table.
    files: usize,
    group: usize,
    format: Format,
    /// Whether it takes long.
    pub(crate) long: bool,
}

/// Of which kind files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
    Arrow,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
        }
    }
}

const USUAL: Choice = Choice {
    name: "usual",
    rows: [300, 40, 8],
    span: 13,
    texts: 20,
    wild: true,
    nulls: 8,
    files: 1,
    group: 64,
    format: Format::Parquet,
    long: false,
};

/// The choices; artifacts are compiled for one and run on all.
pub(crate) const CHOICES: [Choice; 10] = [
    USUAL,
    Choice { name: "empty", rows: [0, 40, 8], ..USUAL },
    Choice { name: "one", rows: [1, 0, 1], ..USUAL },
    Choice { name: "seven", rows: [7, 7, 0], format: Format::Arrow, ..USUAL },
    Choice { name: "nulls", rows: [60, 40, 8], nulls: 1, ..USUAL },
    Choice { name: "tame", rows: [1000, 60, 8], span: 5, texts: 3, wild: false, nulls: 0, ..USUAL },
    Choice { name: "csv", rows: [300, 300, 8], format: Format::Csv, ..USUAL },
    Choice {
        name: "files",
        rows: [900, 300, 40],
        span: 900,
        texts: 800,
        files: 3,
        format: Format::Arrow,
        long: true,
        ..USUAL
    },
    Choice { name: "many", rows: [7, 70_000, 8], span: 2, texts: 50_000, group: 20_000, long: true, ..USUAL },
    Choice { name: "long", rows: [70_000, 40, 8], texts: 3000, files: 2, group: 10_000, long: true, ..USUAL },
];

/// The tables of one seed, on disk and in DuckDB.
#[derive(Debug)]
pub(crate) struct Data {
    folder: PathBuf,
    prefix: String,
}

impl Data {
    /// Makes the tables of every choice.
    pub(crate) fn generate(folder: &Path, seed: u64) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        // Most queries are small: threads cost more than they bring. A query that needs much memory is a program of ours that does.
        duckdb::query("set threads = 1; set memory_limit = '4GB'")?;
        let data = Self { folder: folder.to_owned(), prefix: format!("d{seed}") };
        for choice in CHOICES {
            for (at, table) in ["t", "u", "w"].into_iter().enumerate() {
                data.make(choice, table, choice.rows[at], seed)?;
            }
        }
        Ok(data)
    }

    /// The schema of a choice in DuckDB.
    pub(crate) fn schema(&self, choice: Choice) -> String {
        format!("{}_{}", self.prefix, choice.name)
    }

    /// The path, maybe a glob, of a table.
    pub(crate) fn path(&self, choice: Choice, table: &str) -> String {
        let stem = self.folder.join(choice.name).join(table);
        let extension = choice.format.extension();
        format!("{}.{}.{extension}", stem.display(), if choice.files == 1 { "0" } else { "*" })
    }

    fn make(&self, choice: Choice, table: &str, rows: usize, seed: u64) -> Result {
        let (schema, name) = (self.schema(choice), choice.name);
        let salt = seed * 10 + CHOICES.iter().position(|other| other.name == name).unwrap_or(0) as u64;
        let mut sql = format!("create schema if not exists {schema};\n{}", macros(choice, salt));
        let columns: Vec<String> =
            columns_of(table).iter().enumerate().map(|(at, column)| definition(column, at, choice)).collect();
        let _ = writeln!(
            sql,
            "create or replace table {schema}.{table} as select {}, i as o from range({rows}) x(i);",
            columns.join(", ")
        );
        std::fs::create_dir_all(self.folder.join(name))?;
        duckdb::query(&sql)?;
        copy(&format!("{schema}.{table}"), &self.folder.join(name).join(table), table, rows, choice)
    }

    /// Writes rows of a DuckDB table as the only file of a table, and gives its path.
    pub(crate) fn write_rows(&self, from: &str, folder: &Path, table: &str) -> Result<String> {
        let path = folder.join(format!("{table}.0.parquet"));
        let rows = duckdb::query(&format!("select * exclude (o) from {from} order by o"))?;
        files::write(&rows, columns_of(table), &path, USUAL.group)?;
        Ok(path.display().to_string())
    }
}

fn macros(choice: Choice, salt: u64) -> String {
    let wild =
        if choice.wild { "case q % 10 when 0 then lo when 1 then hi when 2 then 0 else v end" } else { "abs(v) % 50" };
    format!(
        "create or replace temp macro r(i, c) as (hash(i * 1000 + c, {salt}) % 4294967296::ubigint)::bigint;\n\
         create or replace temp macro w(q, lo, hi, v) as {wild};\n"
    )
}

fn definition(column: &Column, at: usize, choice: Choice) -> String {
    let value = column.sql.replace("{span}", &choice.span.to_string()).replace("{texts}", &choice.texts.to_string());
    // In a CSV file, an empty text is none.
    let value =
        if choice.format == Format::Csv && column.ty == Type::Text { format!("nullif({value}, '')") } else { value };
    let value = match (column.nullable, choice.nulls) {
        (false, _) | (true, 0) => value,
        (true, 1) => format!("case when false then {value} end"),
        (true, nulls) => {
            format!("case when r(i, {}) % {nulls} <> 0 and i % 97 <> {} then {value} end", 100 + at, at % 7)
        }
    };
    format!("({value})::{} as {}", column.ty.sql(), column.name)
}

/// Writes a table's files.
fn copy(from: &str, stem: &Path, table: &str, rows: usize, choice: Choice) -> Result {
    let columns = columns_of(table);
    let has_durations = columns.iter().any(|column| column.ty == Type::Duration);
    let each = rows.div_ceil(choice.files).max(1);
    for file in 0..choice.files {
        let path = PathBuf::from(format!("{}.{file}.{}", stem.display(), choice.format.extension()));
        let rows = format!("from {from} where o >= {} and o < {} order by o", file * each, (file + 1) * each);
        let to = match choice.format {
            Format::Csv => "format csv, header".to_owned(),
            Format::Parquet if !has_durations => format!("format parquet, row_group_size {}", choice.group),
            Format::Parquet | Format::Arrow => {
                let rows = duckdb::query(&format!("select * exclude (o) {rows}"))?;
                files::write(&rows, columns, &path, choice.group)?;
                continue;
            }
        };
        let texts = durations_as_text(columns);
        duckdb::query(&format!("copy (select * exclude (o){texts} {rows}) to '{}' ({to})", path.display()))?;
    }
    Ok(())
}

/// What replaces durations in a CSV file: hours, minutes and seconds.
fn durations_as_text(columns: &[Column]) -> String {
    let one = |column: &Column| {
        let name = column.name;
        let size = format!("abs({name}::hugeint)");
        format!(
            "case when {name} < 0 then '-' else '' end || ({size} // 3600000000)::varchar \
             || printf(':%02d:%02d.%06d', ({size} // 60000000 % 60)::bigint, ({size} // 1000000 % 60)::bigint, \
             ({size} % 1000000)::bigint) as {name}"
        )
    };
    let durations: Vec<String> = columns.iter().filter(|column| column.ty == Type::Duration).map(one).collect();
    if durations.is_empty() { String::new() } else { format!(" replace ({})", durations.join(", ")) }
}
