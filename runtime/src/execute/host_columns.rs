//! Columns that the host computes of the rows of a chunk: text of several texts, of numbers and of times.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only parameters are filled in, and only casts have a form that gives null"
)]

use super::attempt::{Attempt, full_dictionary};
use super::codes;
use super::error::RunError;
use super::status::Stop;
use crate::artifact::{Driver, DriverSource, HostColumn, HostValue, ScalarSource};
use crate::columns::{Chunk, Column, Dictionaries, DictionaryError, INPUT};
use crate::expr::{ColumnId, EvalError, Expr, ExprKind, Row, Scalar, append_text, eval};
use dj_grammar::{Diagnostic, Span};
use std::collections::HashMap;
use std::rc::Rc;

/// How many values of a column are remembered.
const REMEMBERED: usize = 1 << 16;

/// After so many rows it is judged whether remembering helps.
const TRIAL: u64 = 1 << 14;

/// The host's columns of one driver.
pub(super) struct HostColumns<'m> {
    columns: Vec<Computation<'m>>,
    /// For every column of the chunk, the host's included, its string domain.
    domains: Vec<Option<usize>>,
}

/// A row of a chunk, with text as text.
struct ChunkRow<'c> {
    chunk: &'c Chunk,
    row: usize,
    domains: &'c [Option<usize>],
    dictionaries: &'c Dictionaries,
}

/// One column.
struct Computation<'m> {
    spec: &'m HostColumn,
    /// The expression with the values of its scalars; absent for row numbers.
    expr: Option<Rc<Expr>>,
    /// The columns of the chunk that it reads.
    inputs: Vec<usize>,
    memory: Memory,
    /// A text while it is made.
    text: String,
}

/// Values by the bits of the inputs: columns that become text often hold few values.
#[derive(Default)]
struct Memory {
    values: HashMap<Vec<u64>, Scalar>,
    lookups: u64,
    hits: u64,
}

/// The first row that has no value.
pub(super) struct Failed {
    /// Its running number in the driver.
    pub(super) row: u64,
    span: Span,
    cause: Cause,
}

enum Cause {
    Value(EvalError),
    Dictionary(DictionaryError),
    /// The element is too narrow, because recorded bounds were believed.
    Narrow,
}

impl<'m> HostColumns<'m> {
    /// For a driver, with the values of the parameters and cells that its columns read.
    pub(super) fn new(cx: &Attempt<'m, '_>, driver: &'m Driver) -> Result<Self, RunError> {
        let columns = driver.host_columns.iter().map(|spec| {
            let values = spec.scalars.iter().map(|source| scalar(cx, *source)).collect::<Result<Vec<_>, _>>()?;
            let expr = match &spec.value {
                HostValue::Row => None,
                HostValue::Expr(expr) => Some(Rc::new(expr.clone().rewrite(&mut |part| match part.kind {
                    ExprKind::Param(index) => Expr::literal(values[index].clone(), part.ty, part.span),
                    _ => part,
                }))),
            };
            let inputs = expr.iter().flat_map(|expr| expr.columns()).map(|id| id.0 as usize).collect();
            Ok(Computation { spec, expr, inputs, memory: Memory::default(), text: String::new() })
        });
        let columns = columns.collect::<Result<_, RunError>>()?;
        Ok(Self { columns, domains: domains(cx, driver) })
    }

    /// Adds the columns to a chunk of `capacity` rows.
    pub(super) fn add_to(
        &mut self,
        chunk: &mut Chunk,
        capacity: usize,
        dictionaries: &mut Dictionaries,
    ) -> Result<(), Failed> {
        for computation in &mut self.columns {
            let column = computation.column(chunk, capacity, &self.domains, dictionaries)?;
            chunk.columns.push(column);
        }
        Ok(())
    }
}

impl Computation<'_> {
    fn column(
        &mut self,
        chunk: &Chunk,
        capacity: usize,
        domains: &[Option<usize>],
        dictionaries: &mut Dictionaries,
    ) -> Result<Column, Failed> {
        let mut column = Column::zeroed(self.spec.element, capacity, self.spec.nullable);
        let Some(expr) = self.expr.clone() else {
            let numbers: Vec<i128> = (u128::from(chunk.start)..).take(chunk.rows).map(u128::cast_signed).collect();
            let failed = |row| Failed { row, span: Span::default(), cause: Cause::Narrow };
            return if column.set_integers(&numbers) { Ok(column) } else { Err(failed(chunk.start)) };
        };
        for row in 0..chunk.rows {
            let mut compute = |computation: &mut Self| {
                let row = ChunkRow { chunk, row, domains, dictionaries };
                let value = computation.compute(&expr, &row).map_err(Cause::Value)?;
                match (value, computation.spec.domain) {
                    (Computed::Text, Some(domain)) => {
                        let code = dictionaries.intern(domain, &computation.text, INPUT).map_err(Cause::Dictionary)?;
                        Ok(Scalar::Int(code.into()))
                    }
                    (Computed::Text, None) => Ok(Scalar::Null),
                    (Computed::Value(value), _) => Ok(value),
                }
            };
            let value = self.remembered(chunk, row, &mut compute);
            let value = value.and_then(|value| if column.set(row, &value) { Ok(()) } else { Err(Cause::Narrow) });
            value.map_err(|cause| Failed { row: chunk.start + row as u64, span: expr.span, cause })?;
        }
        Ok(column)
    }

    /// The value of a row, computed unless it is remembered; the code of a text.
    fn remembered(
        &mut self,
        chunk: &Chunk,
        row: usize,
        compute: &mut dyn FnMut(&mut Self) -> Result<Scalar, Cause>,
    ) -> Result<Scalar, Cause> {
        if !self.memory.helps() {
            return compute(self);
        }
        let key = bits(chunk, &self.inputs, row);
        if let Some(value) = self.memory.get(&key) {
            return Ok(value);
        }
        let value = compute(self)?;
        self.memory.keep(key, &value);
        Ok(value)
    }

    fn compute(&mut self, expr: &Expr, row: &ChunkRow<'_>) -> Result<Computed, EvalError> {
        if self.spec.domain.is_none() {
            return eval(expr, &mut |column| row.value(column)).map(Computed::Value);
        }
        self.text.clear();
        let is_valid = append_text(expr, row, &mut self.text)?;
        Ok(if is_valid { Computed::Text } else { Computed::Value(Scalar::Null) })
    }
}

/// What a row's value is.
enum Computed {
    /// The text that was made.
    Text,
    /// No text.
    Value(Scalar),
}

impl Row for ChunkRow<'_> {
    fn value(&self, column: ColumnId) -> Scalar {
        let index = column.0 as usize;
        decoded(self.chunk.columns[index].scalar(self.row), self.domains[index], self.dictionaries)
    }

    fn text(&self, column: ColumnId) -> Option<&str> {
        let index = column.0 as usize;
        let column = &self.chunk.columns[index];
        let domain = self.domains[index].filter(|_| column.is_valid(self.row))?;
        Some(self.dictionaries.value(domain, column.values.as_slice::<i32>()[self.row]))
    }
}

impl Memory {
    /// Whether at least half of the values were known.
    fn helps(&self) -> bool {
        self.lookups < TRIAL || self.hits * 2 >= self.lookups
    }

    fn get(&mut self, key: &[u64]) -> Option<Scalar> {
        self.lookups += 1;
        let value = self.values.get(key).cloned();
        self.hits += u64::from(value.is_some());
        value
    }

    fn keep(&mut self, key: Vec<u64>, value: &Scalar) {
        if self.values.len() < REMEMBERED {
            self.values.insert(key, value.clone());
        }
        if !self.helps() {
            self.values = HashMap::new();
        }
    }
}

/// The inputs' bits of a row: a word for each value, then which of them are null.
fn bits(chunk: &Chunk, inputs: &[usize], row: usize) -> Vec<u64> {
    let mut words = Vec::with_capacity(inputs.len() + 1);
    let mut nulls = 0;
    for index in inputs {
        let column = &chunk.columns[*index];
        let valid = column.is_valid(row);
        nulls = nulls << 1 | u64::from(!valid);
        words.push(if valid { column.bits(row) } else { 0 });
    }
    words.push(nulls);
    words
}

/// The string domain of every column of a driver's chunk.
fn domains(cx: &Attempt<'_, '_>, driver: &Driver) -> Vec<Option<usize>> {
    let domain = |column: usize| match driver.source {
        DriverSource::Table(table) => cx.manifest.tables[table].columns[column].domain,
        DriverSource::Stage(stage) => cx.spec().stages[stage].sink.columns[column].domain,
    };
    let read = driver.columns.iter().map(|column| domain(column.column));
    read.chain(driver.host_columns.iter().map(|column| column.domain)).collect()
}

/// The value of a parameter or cell; text as text.
fn scalar(cx: &Attempt<'_, '_>, source: ScalarSource) -> Result<Scalar, RunError> {
    match source {
        ScalarSource::Param(param) => Ok(cx.inputs.params[param].clone()),
        ScalarSource::Cell { stage, column } => {
            let domain = cx.spec().stages[stage].sink.columns[column].domain;
            Ok(decoded(cx.cell(stage, column)?, domain, &cx.dictionaries))
        }
    }
}

/// A column's value, its code as text.
fn decoded(value: Scalar, domain: Option<usize>, dictionaries: &Dictionaries) -> Scalar {
    match (value, domain) {
        (Scalar::Int(code), Some(domain)) => {
            Scalar::str(i32::try_from(code).map_or("", |code| dictionaries.value(domain, code)))
        }
        (value, _) => value,
    }
}

impl Failed {
    /// As the end of an attempt; `place` says where the row comes from.
    pub(super) fn stop(self, place: &str) -> Stop {
        let (code, error) = match self.cause {
            Cause::Dictionary(error) => return Stop::Failed(full_dictionary(&error, self.span)),
            Cause::Narrow => {
                return Stop::Replay(RunError::bug(format!("a value of the host does not fit its element, {place}")));
            }
            Cause::Value(error @ EvalError::Overflow { .. }) => (codes::OVERFLOW, error),
            Cause::Value(error @ EvalError::TooLong) => (codes::MEMORY, error),
            Cause::Value(error) => (codes::CAST, error),
        };
        let diagnostic = Diagnostic::error(code, format!("{error}, {place}")).at(self.span);
        Stop::Failed(RunError::program(match error {
            EvalError::Cast { to, .. } => {
                diagnostic.help(format!("write `as? {to}` to get null where a value does not fit"))
            }
            _ => diagnostic,
        }))
    }
}
