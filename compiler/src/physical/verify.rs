//! Checks that a physical plan means what its program says, and that it can be lowered as it stands. What must hold:
//!
//! - (P1) a stage reads results of earlier stages only: through its drivers, its joins, and cells of shared plans;
//! - (P2) in a driver a column is defined before it is read, and once, with one type, and nothing that may be null is read as if
//!   it could not;
//! - (P3) an expression's operands have the types that it asks for, and conditions are bool;
//! - (P4) who reads the rows of a result agrees with it on every column: which, of what type, and whether it may be null; a
//!   build side has no rows to read;
//! - (P5) who joins a build side agrees with it: how matches are found, on every pair of keys, on whether nulls match, and on
//!   the columns that are taken over;
//! - (P6) a join finds at most one match only where there is only one, or any will do; where that is proved, the stages prove
//!   it again; where it is recorded, the build side checks it, and it is an assumption of the variant;
//! - (P7) a driver's rows are expanded by one join at most, and no condition decides among many matches but in an inner join;
//! - (P8) a key that addresses has the domain of its type: of codes their dictionary, else all that the values may be; and a
//!   slot for null where it may be null;
//! - (P9) sizes fit: chunks, kept rows, and the slots that keys address at rung 0;
//! - (P10) chunks arrive in order where one device takes them all, and only there: of several devices each keeps the places of its
//!   rows where a sink relies on their order;
//! - (P11) what may raise a status has a place in the source;
//! - (P12) an export, and a shared plan that is not repeated by its readers, is a stage whose result has the plan's columns, in
//!   order;
//! - (P13) a result's columns are there at the end of every driver; those of groups are their keys and aggregates;
//! - (P14) what is believed of a column that an expression or a key reads follows from what is checked of scanned values,
//!   whatever stages these passed on the way;
//! - (P15) row groups are skipped by columns of the table that are read, and by values of their types;
//! - (P16) every stage has a reason for its strategy;
//! - (P18) a frame that measures by values has one key to measure;
//! - (P17) every stage is in one pass; the stages of a pass of several have one driver each, all over one source, and chunks of
//!   one size; and what a stage reads are results of earlier passes;
//! - (P20) what is computed of rows in the order of a window reads what they bring along and what was computed before;
//! - (P19) what several devices have folded comes together as the finish needs it: states are merged, or rows move by keys that
//!   are known at the end of every driver; on one device nothing moves.

mod beliefs;
mod driver;
mod joins;
mod keys;
mod passes;
mod unique;

use super::{Arrival, Exchange, Op, Stage, Variant};
use crate::encode::{EncodedProgram, Expr, ExprKind, Plan, Scalar, SchemaColumn, Type};
use crate::plan::{VerifyError, well_typed};
use crate::strategy::{BuildStrategy, Window};
use dj_grammar::Span;
use dj_runtime::artifact::{DriverSource, MAX_CHUNK_ROWS};
use dj_runtime::expr::{ColumnId, Failure, Interval, Origin, failure};
use std::collections::BTreeMap;

type Verified = Result<(), VerifyError>;

/// The columns that a row has at some point.
type Row = BTreeMap<ColumnId, SchemaColumn>;

/// Checks the invariants (P1..) of a variant of an encoded program.
///
/// # Errors
/// The first one that does not hold: a bug in DJ.
pub fn verify(encoded: &EncodedProgram, variant: &Variant) -> Result<(), VerifyError> {
    let verifier = Verifier { encoded, variant };
    let reasons = variant.reasons.len() == variant.stages.len();
    require(reasons, || format!("(P16) {} stages have {} reasons", variant.stages.len(), variant.reasons.len()))?;
    for index in 0..variant.stages.len() {
        verifier.stage(index).map_err(|error| VerifyError(format!("stage {index}: {}", error.0)))?;
    }
    verifier.beliefs()?;
    verifier.results()?;
    verifier.passes()
}

pub(crate) fn require(holds: bool, message: impl FnOnce() -> String) -> Verified {
    if holds { Ok(()) } else { Err(VerifyError(message())) }
}

/// What is verified.
pub(crate) struct Verifier<'a> {
    encoded: &'a EncodedProgram,
    variant: &'a Variant,
}

impl Verifier<'_> {
    fn stage(&self, index: usize) -> Verified {
        let stage = &self.variant.stages[index];
        require(stage.span != Span::default(), || "(P11) it is of no transform".to_owned())?;
        let chunk = 1..=MAX_CHUNK_ROWS;
        require(chunk.contains(&stage.chunk_rows), || format!("(P9) chunks of {} rows", stage.chunk_rows))?;
        let devices = self.variant.devices;
        let in_order = (stage.arrival == Arrival::InOrder) == (devices == 1);
        require(in_order, || format!("(P10) rows of {devices} devices arrive {:?}", stage.arrival))?;
        let together = stage.sink.strategy().together();
        let meets = if devices == 1 { stage.exchange == Exchange::None } else { stage.exchange.meets(together) };
        require(meets, || format!("(P19) {:?} of {devices} devices does not bring {together:?}", stage.exchange))?;
        let shares =
            stage.exchange != Exchange::Share || stage.sink.strategy().build().is_some_and(BuildStrategy::shares);
        require(shares, || "(P19) rows are shared out that joins do not know where to ask for".to_owned())?;
        require(!stage.drivers.is_empty(), || "(P13) no driver gives its rows".to_owned())?;
        for driver in &stage.drivers {
            let row = self.driver(index, driver)?;
            self.sink(index, &row)?;
        }
        stage.sink.strategy().verify(self, stage)
    }

    /// What is known of a column's values.
    pub(crate) fn interval(&self, id: ColumnId) -> Option<Interval> {
        self.variant.facts.interval(id)
    }

    /// What is known of an expression's values.
    pub(crate) fn interval_of(&self, expr: &Expr) -> Option<Interval> {
        self.variant.facts.interval_of(expr)
    }

    /// What a sink computes of a row, and what of the row comes out.
    fn sink(&self, index: usize, row: &Row) -> Verified {
        let stage = &self.variant.stages[index];
        let strategy = stage.sink.strategy();
        // What of a window's own columns is read too early is seen by the window itself (P20).
        let made = strategy.window().into_iter().flat_map(Window::made).map(|column| (column.id, column));
        let known: Row = row.iter().map(|(id, column)| (*id, *column)).chain(made).collect();
        strategy.expressions().into_iter().try_for_each(|expr| self.expr(index, expr, &known))?;
        strategy.keys().iter().try_for_each(|key| self.is_there(key, row, "key"))?;
        let Some(group) = strategy.group() else {
            let made: Vec<_> = strategy.window().into_iter().flat_map(Window::made).collect();
            let carried = stage.result.iter().filter(|column| !made.contains(column));
            return carried.into_iter().try_for_each(|column| self.is_there(column, row, "result"));
        };
        for item in &group.aggregates {
            require(item.span != Span::default(), || format!("(P11) {:?} has no place", item.function))?;
            item.filter.iter().try_for_each(|filter| self.condition(index, filter, row))?;
        }
        let agrees = group.result().eq(&stage.result);
        require(agrees, || "(P13) the result is not the keys and the aggregates".to_owned())
    }

    fn is_there(&self, column: &SchemaColumn, row: &Row, what: &str) -> Verified {
        let Some(known) = row.get(&column.id) else {
            return Err(VerifyError(format!("(P13) {what}: {} is not there at the end", self.name(column.id))));
        };
        agree(known, column)
            .map_err(|error| VerifyError(format!("(P13) {what}: {}: {}", self.name(column.id), error.0)))
    }

    /// An expression over a row; `stage` is the one that computes it.
    fn expr(&self, stage: usize, expr: &Expr, row: &Row) -> Verified {
        for operand in expr.operands() {
            self.expr(stage, operand, row)?;
        }
        require(well_typed(expr, &of_type), || format!("(P3) {:?} of {:?}", expr.ty, expr.kind))?;
        let known = |id: ColumnId| self.variant.facts.interval(id);
        let is_placed = expr.span != Span::default() || failure(expr, &known) == Failure::Impossible(Origin::Proven);
        require(is_placed, || format!("(P11) {:?} may fail, and has no place", expr.kind))?;
        match &expr.kind {
            ExprKind::Column(id) => {
                let Some(column) = row.get(id) else {
                    return Err(VerifyError(format!("(P2) {} is read before it is defined", self.name(*id))));
                };
                let read = SchemaColumn { id: *id, ty: expr.ty, nullable: expr.nullable };
                agree(column, &read).map_err(|error| VerifyError(format!("(P2) {}: {}", self.name(*id), error.0)))
            }
            ExprKind::Cell { plan, column } => self.cell(stage, *plan, *column, expr.ty),
            ExprKind::Literal(_)
            | ExprKind::Param(_)
            | ExprKind::Table { .. }
            | ExprKind::Negate(_)
            | ExprKind::Not(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::Compare(..)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::IsNull(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Case { .. }
            | ExprKind::InList { .. }
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Call(..) => Ok(()),
        }
    }

    fn condition(&self, stage: usize, expr: &Expr, row: &Row) -> Verified {
        require(expr.ty == Type::Bool, || format!("(P3) a condition is {}", expr.ty))?;
        self.expr(stage, expr, row)
    }

    /// A cell of a shared plan that a stage reads.
    fn cell(&self, stage: usize, plan: usize, column: ColumnId, ty: Type) -> Verified {
        let from = self.variant.shared.get(plan).copied().flatten();
        let Some(from) = from.filter(|from| *from < stage) else {
            return Err(VerifyError(format!("(P1) a cell of shared plan {plan}, which is stage {from:?}")));
        };
        let found = self.variant.stages[from].result.iter().find(|known| known.id == column);
        let agrees = found.is_some_and(|known| known.ty == ty);
        require(agrees, || format!("(P4) stage {from} gives no {} of {ty} for a cell", self.name(column)))
    }

    /// Exports and shared plans.
    fn results(&self) -> Verified {
        let program = &self.encoded.program;
        let shared = program.shared.iter().map(|shared| (shared.name.as_str(), &shared.plan));
        let exports = program.exports.iter().map(|export| (export.purpose.name(), &export.plan));
        let counts = (program.shared.len(), program.exports.len());
        let stages = (self.variant.shared.len(), self.variant.exports.len());
        require(counts == stages, || format!("(P12) {counts:?} shared plans and exports are {stages:?} stages"))?;
        let shared = shared.zip(&self.variant.shared).filter_map(|(plan, stage)| Some((plan, stage.as_ref()?)));
        let pairs = shared.chain(exports.zip(&self.variant.exports));
        pairs.into_iter().try_for_each(|((name, plan), stage)| self.result_of(name, plan, *stage))
    }

    fn result_of(&self, name: &str, plan: &Plan, stage: usize) -> Verified {
        let Some(stage) = self.variant.stages.get(stage) else {
            return Err(VerifyError(format!("(P12) `{name}` is stage {stage}, which is not")));
        };
        let wanted = plan.schema();
        let same = wanted.len() == stage.result.len()
            && stage
                .result
                .iter()
                .zip(&wanted)
                .all(|(made, wanted)| made.id == wanted.id && agree(made, wanted).is_ok());
        require(same && !is_build(stage), || format!("(P12) `{name}` is {wanted:?}, its stage {:?}", stage.result))
    }

    fn name(&self, id: ColumnId) -> String {
        let columns = &self.encoded.program.columns;
        let name = if (id.0 as usize) < columns.len() { &columns.get(id).name } else { "?" };
        format!("`{name}` (#{})", id.0)
    }
}

/// Whether the stage keeps rows for joins.
fn is_build(stage: &Stage) -> bool {
    stage.sink.strategy().build().is_some()
}

/// Whether a column may be read so.
fn agree(column: &SchemaColumn, read: &SchemaColumn) -> Verified {
    require(column.ty == read.ty, || format!("{:?} is read as {:?}", column.ty, read.ty))?;
    require(read.nullable || !column.nullable, || "it may be null, and is read as if it could not".to_owned())
}

/// Whether a constant can be one of a type.
fn of_type(value: &Scalar, ty: Type) -> bool {
    match value {
        Scalar::Null => true,
        Scalar::Bool(_) => ty == Type::Bool,
        Scalar::Int(value) => ty.integer_range().is_some_and(|(lo, hi)| (lo..=hi).contains(value)),
        Scalar::Float(_) => ty.is_float(),
        Scalar::Code(_) => ty.is_code(),
        Scalar::Unit(_) => ty == Type::Unit,
    }
}

/// The columns that a driver takes from its source, before it is looked at what they are.
fn source_columns(
    variant: &Variant,
    stage: usize,
    source: DriverSource,
) -> Result<Option<&[SchemaColumn]>, VerifyError> {
    match source {
        DriverSource::Table(_) => Ok(None),
        DriverSource::Stage(from) => {
            require(from < stage, || format!("(P1) it reads stage {from}"))?;
            let stage = &variant.stages[from];
            require(!is_build(stage), || format!("(P4) it reads the rows of stage {from}, which is a build side"))?;
            Ok(Some(&stage.result))
        }
    }
}

/// The expressions of an operation that read a row as it was before.
fn read_by(op: &Op) -> Vec<&Expr> {
    match op {
        Op::Filter(predicate) => vec![predicate],
        Op::Project(items) => items.iter().map(|item| &item.expr).collect(),
        Op::Probe(probe) => probe.keys.iter().collect(),
    }
}

#[cfg(test)]
mod tests;
