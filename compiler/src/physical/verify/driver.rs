//! What a driver reads, and what becomes of a row on its way to the sink: (P1) to (P4) and (P15).

use super::{Row, Verified, Verifier, agree, read_by, require, source_columns};
use crate::encode::{SchemaColumn, Type};
use crate::physical::{Check, Driver, DriverColumn, Op};
use crate::plan::{Table, VerifyError};
use dj_grammar::Span;
use dj_runtime::artifact::{DriverSource, ScanPredicate, ScanValue};
use dj_runtime::expr::{ExprKind, Scalar};

impl Verifier<'_> {
    /// The columns of a driver's rows when they reach the sink.
    pub(super) fn driver(&self, stage: usize, driver: &Driver) -> Result<Row, VerifyError> {
        let mut row = Row::new();
        match (driver.source, source_columns(self.variant, stage, driver.source)?) {
            (DriverSource::Table(table), _) => self.scanned(table, driver)?,
            (DriverSource::Stage(_), Some(result)) => self.read_from(result, driver)?,
            (DriverSource::Stage(from), None) => unreachable!("stage {from} has a result"),
        }
        for column in &driver.columns {
            self.define(&mut row, column.column)?;
        }
        if let Some(id) = driver.row {
            self.define(&mut row, SchemaColumn { id, ty: Type::I64, nullable: false })?;
        }
        for item in &driver.host {
            self.host(stage, &item.expr, &row)?;
            let agrees = item.column.ty.written() == item.expr.ty && (item.column.nullable || !item.expr.nullable);
            require(agrees, || format!("(P2) the host makes {} of another type", self.name(item.column.id)))?;
            self.define(&mut row, item.column)?;
        }
        for op in &driver.ops {
            read_by(op).into_iter().try_for_each(|expr| self.expr(stage, expr, &row))?;
            match op {
                Op::Filter(predicate) => self.condition(stage, predicate, &row)?,
                Op::Project(items) => {
                    for item in items {
                        self.define(&mut row, item.schema())?;
                    }
                }
                Op::Probe(probe) => self.probe(stage, probe, &mut row)?,
            }
        }
        let expanding = driver.ops.iter().filter(|op| op.expands()).count();
        require(expanding <= 1, || format!("(P7) {expanding} joins expand its rows"))?;
        Ok(row)
    }

    pub(super) fn define(&self, row: &mut Row, column: SchemaColumn) -> Verified {
        let columns = &self.encoded.program.columns;
        let known = (column.id.0 as usize) < columns.len() && columns.get(column.id).ty == column.ty.written();
        require(known, || format!("(P2) {} is defined as {}", self.name(column.id), column.ty))?;
        let before = row.insert(column.id, column);
        require(before.is_none(), || format!("(P2) {} is defined twice", self.name(column.id)))
    }

    /// The columns of a table.
    fn scanned(&self, table: usize, driver: &Driver) -> Verified {
        let Some(spec) = self.encoded.program.tables.get(table) else {
            return Err(VerifyError(format!("(P4) it reads table {table}, which is not")));
        };
        driver.columns.iter().try_for_each(|column| self.scanned_column(table, spec, column))?;
        driver.skip.iter().try_for_each(|skip| self.skipped(driver, skip))
    }

    fn skipped(&self, driver: &Driver, skip: &ScanPredicate) -> Verified {
        let type_of = |index: usize| {
            let column = driver.columns.iter().find(|column| column.index == index);
            let unread = || VerifyError(format!("(P15) rows are skipped by column {index}, which is not read"));
            column.map(|column| column.column.ty).ok_or_else(unread)
        };
        match skip {
            ScanPredicate::Compare { column, value, .. } => {
                let ty = type_of(*column)?;
                require(self.is_comparable(ty, value), || format!("(P15) rows of {ty} are skipped by {value:?}"))
            }
            ScanPredicate::IsNull { column, .. } => type_of(*column).map(|_| ()),
            ScanPredicate::Any(lists) => lists.iter().flatten().try_for_each(|skip| self.skipped(driver, skip)),
        }
    }

    fn is_comparable(&self, ty: Type, value: &ScanValue) -> bool {
        match value {
            ScanValue::Literal(Scalar::Int(value)) => {
                ty.integer_range().is_some_and(|(lo, hi)| (lo..=hi).contains(value))
            }
            ScanValue::Literal(Scalar::Float(_)) => ty.is_float(),
            ScanValue::Literal(Scalar::Bool(_)) => ty == Type::Bool,
            ScanValue::Literal(Scalar::Str(_)) => ty.is_code(),
            ScanValue::Literal(Scalar::Null) => false,
            ScanValue::Param(param) => {
                self.encoded.program.params.get(*param).is_some_and(|param| param.field.ty == ty.written())
            }
        }
    }

    fn scanned_column(&self, table: usize, spec: &Table, column: &DriverColumn) -> Verified {
        let Some(held) = spec.columns.get(column.index) else {
            return Err(VerifyError(format!("(P4) table `{}` has no column {}", spec.name, column.index)));
        };
        // Where no null is recorded, decoding checks that there is none.
        let nullable = column.column.nullable || !held.field.nullable || held.recorded.not_null;
        let agrees = held.field.ty == column.column.ty.written() && nullable;
        require(agrees, || format!("(P4) `{}.{}` is read as {}", spec.name, held.field.name, column.column.ty))?;
        let domain = self.encoded.dictionaries.domain_of_source(table, column.index);
        let same = column.column.ty.domain().is_none_or(|read| Some(read) == domain);
        require(same, || format!("(P4) codes of `{}.{}` are read as others", spec.name, held.field.name))?;
        let placed =
            |check: &Check| require(check.span != Span::default(), || format!("(P11) a check of `{}`", check.name));
        column.checks.iter().try_for_each(placed)
    }

    /// The columns of an earlier result.
    fn read_from(&self, result: &[SchemaColumn], driver: &Driver) -> Verified {
        require(driver.skip.is_empty(), || "(P15) rows of a result are skipped".to_owned())?;
        driver.columns.iter().try_for_each(|column| {
            let Some(made) = result.get(column.index) else {
                return Err(VerifyError(format!("(P4) the result has no column {}", column.index)));
            };
            require(column.checks.is_empty(), || "(P14) a result is checked as if it came from files".to_owned())?;
            agree(made, &column.column)
                .map_err(|error| VerifyError(format!("(P4) {}: {}", self.name(column.column.id), error.0)))
        })
    }

    /// An expression of the host, which sees codes as text.
    fn host(&self, stage: usize, expr: &dj_runtime::expr::Expr, row: &Row) -> Verified {
        for operand in expr.operands() {
            self.host(stage, operand, row)?;
        }
        if let ExprKind::Column(id) = &expr.kind {
            let agrees = |column: &SchemaColumn| column.ty.written() == expr.ty && (expr.nullable || !column.nullable);
            let known = row.get(id).is_some_and(agrees);
            return require(known, || format!("(P2) the host reads {} before it is defined", self.name(*id)));
        }
        if let ExprKind::Cell { plan, column } = &expr.kind {
            let from = self.variant.shared.get(*plan).copied().flatten().filter(|from| *from < stage);
            let found = from.and_then(|from| self.variant.stages[from].result.iter().find(|made| made.id == *column));
            let agrees = found.is_some_and(|made| made.ty.written() == expr.ty);
            return require(agrees, || format!("(P1) the host reads a cell of shared plan {plan}"));
        }
        Ok(())
    }
}
