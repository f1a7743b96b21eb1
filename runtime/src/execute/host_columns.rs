//! Columns that the host computes of the rows of a chunk: text of several texts, of numbers and of times.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only parameters are filled in, and only casts have a form that gives null"
)]

use super::account::{OverLimit, TextLimit};
use super::attempt::{Attempt, full_dictionary};
use super::codes;
use super::error::RunError;
use super::failed_row::FailedRow;
use super::reading::View;
use super::status::Stop;
use crate::artifact::{Driver, DriverSource, HostColumn, HostValue, JoinedTexts, ScalarSource};
use crate::columns::{Column, Dictionaries, DictionaryError, INPUT};
use crate::expr::{ColumnId, EvalError, Expr, ExprKind, MAX_TEXT_BYTES, Row, Scalar, append_text, eval};
use dj_grammar::Span;
use std::cell::Cell;
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
    /// Why the row behind the last chunk has no value.
    failed: Option<Failed>,
}

/// A row of a chunk, with text as text.
struct ChunkRow<'c> {
    chunk: &'c View,
    row: usize,
    domains: &'c [Option<usize>],
    dictionaries: &'c Dictionaries,
    /// A code that is of no text, and its domain: reading a value cannot fail, so it is kept for who asked for it.
    unknown: Cell<Option<(i32, usize)>>,
}

/// One column.
struct Computation<'m> {
    spec: &'m HostColumn,
    /// The expression with the values of its scalars; absent for row numbers.
    expr: Option<Rc<Expr>>,
    /// The columns of the chunk that it reads.
    inputs: Vec<usize>,
    memory: Memory,
    /// A text while it is made; of several rows, so far.
    text: String,
    /// The text of a row, where that is of several.
    own: String,
    /// Whether some row had a text so far.
    has_text: bool,
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
    /// The texts take more than they may.
    Memory(OverLimit),
    /// The element is too narrow, because recorded bounds were believed.
    Narrow,
    /// A text without a dictionary.
    NoDomain,
    /// A code that its dictionary does not have.
    NoText {
        code: i32,
        domain: usize,
    },
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
            let (text, own) = (String::new(), String::new());
            Ok(Computation { spec, expr, inputs, memory: Memory::default(), text, own, has_text: false })
        });
        let columns = columns.collect::<Result<_, RunError>>()?;
        Ok(Self { columns, domains: domains(cx, driver), failed: None })
    }

    /// Adds the columns to a chunk of `capacity` rows. Where a row has no value, the rows before it remain of the chunk, and
    /// [`HostColumns::take_failed`] says why; of later chunks none does. All texts together may take `limit`.
    pub(super) fn add_to(
        &mut self,
        chunk: &mut View,
        capacity: usize,
        dictionaries: &mut Dictionaries,
        limit: TextLimit,
    ) {
        if self.failed.is_some() {
            chunk.rows = 0;
        }
        for computation in &mut self.columns {
            let mut column = Column::zeroed(computation.spec.element, capacity, computation.spec.nullable);
            if let Err((row, failed)) = computation.fill(&mut column, chunk, &self.domains, dictionaries, limit) {
                chunk.rows = row;
                self.failed = Some(failed);
            }
            chunk.columns.push(Rc::new(column));
        }
    }

    /// Why the texts of the last chunk cannot be made, where they take all memory: there is none left to go on with the rows before.
    pub(super) fn take_lack_of_memory(&mut self) -> Option<Failed> {
        self.failed.take_if(|failed| matches!(failed.cause, Cause::Memory(_)))
    }

    /// Why the row behind the last chunk has no value.
    pub(super) fn take_failed(&mut self) -> Option<Failed> {
        self.failed.take()
    }
}

impl Computation<'_> {
    /// Fills a column; the error has the index of the first row of the chunk that has no value.
    fn fill(
        &mut self,
        column: &mut Column,
        chunk: &View,
        domains: &[Option<usize>],
        dictionaries: &mut Dictionaries,
        limit: TextLimit,
    ) -> Result<(), (usize, Failed)> {
        let failed = |row, span, cause| (row, Failed { row: chunk.start + row as u64, span, cause });
        let Some(expr) = self.expr.clone() else {
            let numbers: Vec<i128> = (u128::from(chunk.start)..).take(chunk.rows).map(u128::cast_signed).collect();
            let fit = column.set_integers(&numbers);
            return if fit { Ok(()) } else { Err(failed(0, Span::default(), Cause::Narrow)) };
        };
        for row in 0..chunk.rows {
            let mut compute = |computation: &mut Self| {
                let row = ChunkRow { chunk, row, domains, dictionaries, unknown: Cell::new(None) };
                let value = match &computation.spec.joined {
                    Some(joined) => computation.join(&expr, joined, &row),
                    None => computation.compute(&expr, &row),
                };
                if let Some((code, domain)) = row.unknown.get() {
                    return Err(Cause::NoText { code, domain });
                }
                let value = value.map_err(Cause::Value)?;
                match (value, computation.spec.domain) {
                    (Computed::Text, Some(domain)) => {
                        let code = dictionaries.intern(domain, &computation.text, INPUT).map_err(Cause::Dictionary)?;
                        limit.check(dictionaries.bytes()).map_err(Cause::Memory)?;
                        Ok(Scalar::Int(code.into()))
                    }
                    (Computed::Value(value), _) if computation.spec.joined.is_some() => {
                        let bytes = dictionaries.bytes() + computation.text.len() as u64;
                        limit.check(bytes).map_err(Cause::Memory)?;
                        Ok(value)
                    }
                    (Computed::Text, None) => Err(Cause::NoDomain),
                    (Computed::Value(value), _) => Ok(value),
                }
            };
            let value = self.remembered(chunk, row, &mut compute);
            let value = value.and_then(|value| if column.set(row, &value) { Ok(()) } else { Err(Cause::Narrow) });
            value.map_err(|cause| failed(row, expr.span, cause))?;
        }
        Ok(())
    }

    /// The value of a row, computed unless it is remembered; the code of a text.
    fn remembered(
        &mut self,
        chunk: &View,
        row: usize,
        compute: &mut dyn FnMut(&mut Self) -> Result<Scalar, Cause>,
    ) -> Result<Scalar, Cause> {
        if self.spec.joined.is_some() || !self.memory.helps() {
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

impl Computation<'_> {
    /// The texts of the rows of a run up to this one: of all, if it is the last.
    fn join(&mut self, expr: &Expr, joined: &JoinedTexts, row: &ChunkRow<'_>) -> Result<Computed, EvalError> {
        let whole = |column: usize| row.chunk.columns[column].scalar(row.row).as_int();
        let (number, count) = (whole(joined.number), whole(joined.count));
        if number == Some(1) {
            self.text.clear();
            self.has_text = false;
        }
        self.own.clear();
        if append_text(expr, row, &mut self.own)? {
            let separator = if self.has_text { joined.separator.as_str() } else { "" };
            if self.text.len() + separator.len() + self.own.len() > MAX_TEXT_BYTES {
                return Err(EvalError::TooLong);
            }
            self.text.push_str(separator);
            self.text.push_str(&self.own);
            self.has_text = true;
        }
        let is_done = number == count && self.has_text;
        Ok(if is_done { Computed::Text } else { Computed::Value(Scalar::Null) })
    }
}

/// What a row's value is.
enum Computed {
    /// The text that was made.
    Text,
    /// No text.
    Value(Scalar),
}

impl ChunkRow<'_> {
    /// The text of a code; none, and noted, if it is of none.
    fn text_of(&self, code: i32, domain: usize) -> Option<&str> {
        let text = self.dictionaries.domain(domain).text(code);
        if text.is_none() {
            self.unknown.set(Some((code, domain)));
        }
        text
    }
}

impl Row for ChunkRow<'_> {
    fn value(&self, column: ColumnId) -> Scalar {
        let index = column.0 as usize;
        match self.domains[index] {
            None => self.chunk.columns[index].scalar(self.row),
            Some(_) => self.text(column).map_or(Scalar::Null, Scalar::str),
        }
    }

    fn text(&self, column: ColumnId) -> Option<&str> {
        let index = column.0 as usize;
        let column = &self.chunk.columns[index];
        let domain = self.domains[index].filter(|_| column.is_valid(self.row))?;
        self.text_of(column.values.as_slice::<i32>()[self.row], domain)
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
fn bits(chunk: &View, inputs: &[usize], row: usize) -> Vec<u64> {
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
            let value = cx.cell(stage, column)?;
            match (value, cx.spec().stages[stage].sink.columns[column].domain) {
                (Scalar::Int(code), Some(domain)) => {
                    let text = i32::try_from(code).ok().and_then(|code| cx.dictionaries.domain(domain).text(code));
                    text.map(Scalar::str).ok_or_else(|| no_text(code, domain))
                }
                (value, _) => Ok(value),
            }
        }
    }
}

fn no_text(code: i128, domain: usize) -> RunError {
    RunError::bug(format!("code {code} is of no text in string domain {domain}"))
}

impl Failed {
    /// What is wrong with the row.
    pub(super) fn message(&self) -> String {
        match &self.cause {
            Cause::Value(error) => error.to_string(),
            Cause::Memory(over) => over.message("the text"),
            Cause::Narrow => "a value of the host does not fit its element".to_owned(),
            Cause::Dictionary(_) | Cause::NoDomain | Cause::NoText { .. } => String::new(),
        }
    }

    /// As the end of an attempt.
    pub(super) fn stop(self, row: &FailedRow) -> Stop {
        let message = self.message();
        let (code, error) = match self.cause {
            Cause::Memory(_) => {
                let diagnostic = row.diagnostic(codes::MEMORY, &message).at(self.span);
                return Stop::Failed(RunError::program(diagnostic.help(OverLimit::HELP)));
            }
            Cause::Dictionary(error) => return Stop::Failed(full_dictionary(&error, self.span)),
            Cause::Narrow => {
                return Stop::Replay(RunError::bug(format!("{message}, {}", row.place)));
            }
            Cause::NoDomain => return RunError::bug("a column of the host gives text and has no dictionary").into(),
            Cause::NoText { code, domain } => return no_text(code.into(), domain).into(),
            Cause::Value(error @ EvalError::Overflow { .. }) => (codes::OVERFLOW, error),
            Cause::Value(error @ EvalError::TooLong) => (codes::MEMORY, error),
            Cause::Value(error) => (codes::CAST, error),
        };
        let diagnostic = row.diagnostic(code, &message).at(self.span);
        Stop::Failed(RunError::program(match error {
            EvalError::Cast { to, .. } => {
                diagnostic.help(format!("write `as? {to}` to get null where a value does not fit"))
            }
            _ => diagnostic,
        }))
    }
}
