//! Runs a program on data and compares what it gives with DuckDB's answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;

use super::data::{CHOICES, Choice, Data};
use super::program::Program;
use super::worker::{Done, End, Worker};
use super::{print_dj, print_sql};
use crate::compare::{Order, Table, same};
use crate::{Result, duckdb};

/// How a program is compiled and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// Which choice of rows it is compiled for; none, where all tables are declared and no file is bound.
    pub(crate) compiled_for: Option<usize>,
    /// Options of `djc compile`.
    pub(crate) options: Vec<String>,
}

/// What went wrong. Failures of one kind may have one cause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A command ended with a signal.
    Crash,
    /// A command did not end.
    Timeout,
    /// Exit code 70 or 101.
    Bug,
    /// `djc` refuses the program, with this code.
    Refused(String),
    /// `djrun` fails where DuckDB does not, with this code.
    Error(String),
    /// `djrun` does not fail where DuckDB does, on purpose.
    Accepted,
    /// Other columns.
    Columns,
    /// Other rows.
    Rows,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Crash => f.write_str("crash"),
            Self::Timeout => f.write_str("timeout"),
            Self::Bug => f.write_str("exit 70"),
            Self::Refused(code) => write!(f, "refused {code}"),
            Self::Error(code) => write!(f, "error {code}"),
            Self::Accepted => f.write_str("accepted"),
            Self::Columns => f.write_str("columns"),
            Self::Rows => f.write_str("rows"),
        }
    }
}

/// A failure and where it showed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) choice: Option<usize>,
    pub(crate) configuration: Configuration,
    pub(crate) told: String,
}

/// What DuckDB says to the exports of a program on a choice of rows.
pub(crate) type Answers = BTreeMap<usize, std::result::Result<Vec<Table>, String>>;

/// What programs are judged with.
pub(crate) struct Court<'a> {
    pub(crate) worker: &'a mut Worker,
    pub(crate) data: &'a Data,
    /// Where artifacts and results are written.
    pub(crate) folder: PathBuf,
    pub(crate) limit: Duration,
    /// Whether artifacts have executables and each run is a `djrun`; else they are opened, and their modules compiled, once.
    pub(crate) commands: bool,
}

impl Court<'_> {
    /// DuckDB's answers; an error where DuckDB fails. There is none to rows on which joins of joins give more than can be compared.
    pub(crate) fn answers(&self, program: &Program, choices: &[usize]) -> Answers {
        let schemas = choices.iter().map(|&choice| (choice, self.data.schema(CHOICES[choice])));
        let small = schemas.filter(|(_, schema)| most_rows(program, schema).is_none_or(|rows| rows <= MOST_ROWS));
        small.map(|(choice, schema)| (choice, self.answer(program, &schema))).collect()
    }

    pub(crate) fn answer(&self, program: &Program, schema: &str) -> std::result::Result<Vec<Table>, String> {
        let exports = program.exports.iter();
        let one = |pipeline| Table::new(&ask(schema, &print_sql::export(program, pipeline))?);
        let tables: Result<Vec<Table>> = exports.map(|(_, pipeline)| one(pipeline)).collect();
        tables.map_err(|error| error.to_string())
    }

    /// Compiles a program and runs it on all choices that there are answers for.
    pub(crate) fn judge(
        &mut self,
        program: &Program,
        configuration: &Configuration,
        answers: &Answers,
    ) -> Result<Option<Failure>> {
        let paths = |choice: Choice, table: &str| self.data.path(choice, table);
        let bound = configuration.compiled_for.map(|at| CHOICES[at]);
        let bindings = bound.map(|choice| bindings(program, &|table| paths(choice, table))).unwrap_or_default();
        let fail = |kind, choice, told: &str| {
            Ok(Some(Failure { kind, choice, configuration: configuration.clone(), told: told.to_owned() }))
        };
        if let Some((kind, told)) = self.compile(program, configuration, bindings)? {
            return fail(kind, None, &told);
        }
        for (&at, wanted) in answers {
            let bound = self::bindings(program, &|table| self.data.path(CHOICES[at], table));
            if let Some((kind, told)) = self.run(program, bound, wanted)? {
                return fail(kind, Some(at), &told);
            }
        }
        Ok(None)
    }

    /// Compiles to the folder's artifact.
    pub(crate) fn compile(
        &mut self,
        program: &Program,
        configuration: &Configuration,
        bindings: Vec<String>,
    ) -> Result<Option<(Kind, String)>> {
        let source = self.folder.join("program.dj");
        std::fs::write(&source, print_dj::program(program))?;
        let mut arguments = words(&["djc", "compile"]);
        arguments.push(source.display().to_string());
        arguments.extend(words(&["--xla-opt-level", "0", "-o"]));
        arguments.push(self.artifact().display().to_string());
        arguments.extend(configuration.options.iter().cloned());
        arguments.extend((!self.commands).then(|| "--no-executables".to_owned()));
        arguments.extend(bindings);
        let done = self.worker.run("djc", &arguments, self.limit)?;
        Ok(match done.end {
            End::Code(0) => None,
            End::Code(1 | 2) => Some((Kind::Refused(code_of(&done.told)), done.told)),
            End::Code(_) | End::Crash | End::Timeout => Some(broken(done)),
        })
    }

    fn artifact(&self) -> PathBuf {
        self.folder.join("program.djx")
    }

    /// Runs the folder's artifact and compares.
    pub(crate) fn run(
        &mut self,
        program: &Program,
        bindings: Vec<String>,
        wanted: &std::result::Result<Vec<Table>, String>,
    ) -> Result<Option<(Kind, String)>> {
        let mut arguments = vec!["djrun".to_owned(), self.artifact().display().to_string()];
        arguments.extend(bindings);
        for param in &program.params {
            if let Some(value) = &param.given {
                arguments.extend(["--param".to_owned(), format!("{}={value}", param.name)]);
            }
        }
        for (name, _) in &program.exports {
            let out = self.folder.join(format!("{name}.arrow"));
            drop(std::fs::remove_file(&out));
            arguments.extend(["--out".to_owned(), format!("{name}={}", out.display())]);
        }
        let done = if self.commands {
            arguments.extend(words(&["--xla-opt-level", "0", "--quiet"]));
            self.worker.run("djrun", &arguments, self.limit)?
        } else {
            self.worker.run("session", &arguments, self.limit)?
        };
        match (done.end, wanted) {
            (End::Code(0), Ok(tables)) => self.compare(program, tables),
            (End::Code(0), Err(reason)) if program.daring && is_out_of_range(reason) => {
                Ok(Some((Kind::Accepted, reason.clone())))
            }
            (End::Code(1), Err(_)) if program.daring && !OUT_OF_RANGE.contains(&code_of(&done.told).as_str()) => {
                Ok(Some((Kind::Error(code_of(&done.told)), done.told)))
            }
            // DuckDB computes what the result does not depend on.
            (End::Code(0 | 1), Err(_)) => Ok(None),
            (End::Code(1 | 2), Ok(_)) => Ok(Some((Kind::Error(code_of(&done.told)), done.told))),
            (End::Code(_) | End::Crash | End::Timeout, _) => Ok(Some(broken(done))),
        }
    }

    fn compare(&self, program: &Program, wanted: &[Table]) -> Result<Option<(Kind, String)>> {
        for ((name, pipeline), wanted) in program.exports.iter().zip(wanted) {
            let found = read(&self.folder.join(format!("{name}.arrow")))?;
            let order = if program.is_ordered(pipeline) { Order::Significant } else { Order::Free };
            if let Err(error) = same(&found, wanted, order) {
                let kind = if found.names == wanted.names { Kind::Rows } else { Kind::Columns };
                return Ok(Some((kind, format!("export {name}: {error}"))));
            }
        }
        Ok(None)
    }
}

/// More rows of a result are not compared.
const MOST_ROWS: u64 = 2_000_000;

/// What DuckDB says to a query over the tables of a schema.
fn ask(schema: &str, sql: &str) -> Result<Vec<RecordBatch>> {
    duckdb::query(&format!("set search_path = '{schema}'; set error_on_division_by_zero = false;\n{sql}"))
}

/// The rows of the largest result, if DuckDB can count them.
fn most_rows(program: &Program, schema: &str) -> Option<u64> {
    let count = |pipeline| {
        let sql = print_sql::export(program, pipeline);
        let counted = ask(schema, &format!("select count(*)::bigint as rows from (\n{sql}\n)")).ok()?;
        let rows = counted.first()?.column(0).as_primitive_opt::<Int64Type>()?.value(0);
        u64::try_from(rows).ok()
    };
    program.exports.iter().filter_map(|(_, pipeline)| count(pipeline)).max()
}

fn broken(done: Done) -> (Kind, String) {
    let kind = match done.end {
        End::Code(_) => Kind::Bug,
        End::Crash => Kind::Crash,
        End::Timeout => Kind::Timeout,
    };
    (kind, done.told)
}

/// What may fail on purpose: arithmetic, a conversion, an assertion.
const OUT_OF_RANGE: [&str; 3] = ["DJ0601", "DJ0603", "DJ0604"];

/// Whether DuckDB fails for such a reason.
fn is_out_of_range(reason: &str) -> bool {
    ["Out of Range Error", "Conversion Error", "Invalid Input Error: asserted"].iter().any(|kind| reason.contains(kind))
}

/// `--bind` for every table that the program reads.
pub(crate) fn bindings(program: &Program, path: &dyn Fn(&str) -> String) -> Vec<String> {
    let text = print_dj::program(program);
    let tables = program.tables.iter().filter(|table| text.contains(&format!("table {}", table.name)));
    tables.flat_map(|table| ["--bind".to_owned(), format!("{}={}", table.name, path(table.name))]).collect()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

/// The first error's code.
fn code_of(told: &str) -> String {
    let at = told.find("error[DJ").map(|at| at + 6).or_else(|| told.find("DJ0"));
    at.and_then(|at| told.get(at..at + 6)).unwrap_or("without a code").to_owned()
}

/// The rows of a file; durations are numbers, as DuckDB has them here.
fn read(path: &Path) -> Result<Table> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut table = Table::new(&duckdb::at_least_one(FileReader::try_new(file, None)?)?)?;
    table.durations_as_numbers();
    Ok(table)
}
