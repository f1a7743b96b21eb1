//! Programs with the query that says what they must give, and the runs that must agree with it.
//!
//! A program in `tests/corpus` opens with a comment:
//!
//! ```text
//! # Nulls in a filter: only true keeps a row.
//! # data: t, dim
//! # order: significant          (optional: the result's rows are in order)
//! # unsupported                 (optional: `djc` says so, and nothing runs)
//! # rows own: select 1::bigint as a   (optional: a table of its own, beside those of `data`)
//! # sql: select id from t
//! #   where k > 3
//! ```

use std::fmt::Write;
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::cli::{Invocation, djc, djrun};
use crate::compare::{Order, Table, same};
use crate::data::{Data, Rows};
use crate::{Result, duckdb};

/// A program and its meaning.
#[derive(Debug, Clone)]
pub struct Program {
    /// The `.dj` file.
    pub path: PathBuf,
    /// The file's name without extension.
    pub name: String,
    /// The tables it reads.
    pub tables: Vec<String>,
    /// The rows of tables that only this program reads, as DuckDB queries.
    pub rows: Vec<(String, String)>,
    /// The DuckDB query over tables of the same names.
    pub sql: String,
    /// Whether the order of the result's rows counts.
    pub order: Order,
    /// Whether it asks for more than there is yet.
    pub unsupported: bool,
}

impl Program {
    /// Reads a program whose header holds its query.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut header = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
        let (mut tables, mut rows) = (Vec::new(), Vec::new());
        let (mut order, mut unsupported) = (Order::Free, false);
        let mut sql = String::new();
        while let Some(line) = header.next() {
            if let Some(list) = line.strip_prefix("data:") {
                tables = list.split(',').map(|name| name.trim().to_owned()).collect();
            } else if let Some((table, query)) = line.strip_prefix("rows ").and_then(|own| own.split_once(':')) {
                rows.push((table.to_owned(), query.trim().to_owned()));
            } else if line == "order: significant" {
                order = Order::Significant;
            } else if line == "unsupported" {
                unsupported = true;
            } else if let Some(first) = line.strip_prefix("sql:") {
                sql = std::iter::once(first.trim()).chain(header.by_ref()).collect::<Vec<_>>().join("\n");
            }
        }
        if sql.is_empty() {
            return Err(format!("{}: the header has no `# sql:`", path.display()).into());
        }
        Ok(Self { path: path.to_owned(), name: stem(path), tables, rows, sql, order, unsupported })
    }

    /// Reads a program whose query lies beside it.
    pub fn with_sql_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let order = ends_in_order(&text);
        let tables = text.lines().filter_map(|line| line.strip_prefix("table ")).map(first_word).collect();
        let query = path.with_extension("sql");
        let sql = std::fs::read_to_string(&query).map_err(|error| format!("{}: {error}", query.display()))?;
        let sql = sql.trim().trim_end_matches(';').to_owned();
        let (path, name) = (path.to_owned(), stem(path));
        Ok(Self { path, name, tables, rows: vec![], sql, order, unsupported: false })
    }
}

/// The tables of a program and the files that it names for them: `table NAME from "FILE"`.
pub fn default_files(text: &str) -> Vec<(String, String)> {
    let tables = text.lines().filter_map(|line| line.strip_prefix("table "));
    let named = tables.filter_map(|rest| Some((first_word(rest), rest.split('"').nth(1)?.to_owned())));
    named.collect()
}

/// Whether the rows of a program's result are in order: its last transform sorts, or takes what was sorted.
fn ends_in_order(text: &str) -> Order {
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let transforms: Vec<String> = code.split('|').map(|step| first_word(step.trim_start())).collect();
    let last = transforms.iter().rev().find(|word| *word != "take");
    if last.is_some_and(|word| word == "sort") { Order::Significant } else { Order::Free }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn first_word(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
}

/// One program on its way through one set of runs.
#[derive(Debug)]
pub struct Case<'a> {
    /// The program.
    pub program: &'a Program,
    /// The generated tables.
    pub data: &'a Data,
    /// A name for this case's files, unlike any other case's.
    pub label: &'a str,
}

impl Case<'_> {
    /// `djc run` with `options` on these rows gives what DuckDB gives.
    pub fn run(&self, rows: Rows, options: &[&str]) -> Result {
        let files = self.bound(rows)?;
        let invocation = bind(djc()?.arg("run").arg(&self.program.path).args(FAST).args(options), &files);
        self.check(invocation, &files, rows.name())
    }

    /// The program compiled for all rows gives what DuckDB gives on each choice of rows.
    pub fn run_artifact_elsewhere(&self) -> Result {
        let artifact = self.data.scratch().join(format!("{}.djx", self.label));
        let compile = djc()?.arg("compile").arg(&self.program.path).arg("-o").arg(&artifact).args(FAST);
        bind(compile, &self.bound(Rows::Full)?).succeed()?;
        for rows in Rows::ALL {
            let files = self.bound(rows)?;
            self.check(bind(djrun()?.arg(&artifact).args(FAST), &files), &files, rows.name())
                .map_err(|error| format!("compiled for all rows, run on `{}`: {error}", rows.name()))?;
        }
        Ok(())
    }

    /// `djc run` says that DJ cannot do this yet, before anything runs.
    pub fn run_says_unsupported(&self) -> Result {
        let invocation = bind(djc()?.arg("run").arg(&self.program.path), &self.bound(Rows::Full)?);
        invocation.run()?.code(1)?.prints_nothing()?.complains("not supported yet").map(|_| ())
    }

    fn bound(&self, rows: Rows) -> Result<Vec<(String, PathBuf)>> {
        let shared = self.program.tables.iter().map(|table| Ok((table.clone(), self.data.path(table, rows))));
        let own = self.program.rows.iter().map(|(table, query)| {
            let path = self.data.scratch().join(format!("{}.{table}.{}.parquet", self.label, rows.name()));
            let kept = match rows {
                Rows::Full | Rows::Nulls => "",
                Rows::Empty => " limit 0",
                Rows::One => " limit 1",
            };
            duckdb::query(&format!("copy (from ({query}){kept}) to '{}' (format parquet)", path.display()))?;
            Ok((table.clone(), path))
        });
        shared.chain(own).collect()
    }

    fn check(&self, invocation: Invocation, files: &[(String, PathBuf)], rows: &str) -> Result {
        let out = self.data.scratch().join(format!("{}.{rows}.result.parquet", self.label));
        compare(self.program, invocation, files, &out).map_err(|error| format!("rows `{rows}`: {error}").into())
    }
}

/// Compiles for tests, where the programs are many and the rows few.
const FAST: [&str; 2] = ["--xla-opt-level", "0"];

/// Where DuckDB has the tables of programs: temporary views would hide those of other tests.
const SCHEMA: &str = "program";

/// Runs `invocation` with its result sent to `out`, and compares that with DuckDB's answer over `files`.
pub fn compare(program: &Program, invocation: Invocation, files: &[(String, PathBuf)], out: &Path) -> Result {
    invocation.arg("--out").arg(format!("result={}", out.display())).succeed()?;
    let mut sql = format!("create schema if not exists {SCHEMA}; set search_path = '{SCHEMA}';\n");
    for (table, path) in files {
        let _ = writeln!(sql, "create or replace view \"{table}\" as from '{}';", path.display());
    }
    let wanted = Table::new(&duckdb::query(&(sql + &program.sql))?)?;
    same(&Table::new(&read_parquet(out)?)?, &wanted, program.order)
}

/// Appends `--bind` for every table.
pub fn bind(invocation: Invocation, files: &[(String, PathBuf)]) -> Invocation {
    files.iter().fold(invocation, |invocation, (table, path)| {
        invocation.arg("--bind").arg(format!("{table}={}", path.display()))
    })
}

fn read_parquet(path: &Path) -> Result<Vec<RecordBatch>> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    duckdb::at_least_one(ParquetRecordBatchReaderBuilder::try_new(file)?.build()?)
}
