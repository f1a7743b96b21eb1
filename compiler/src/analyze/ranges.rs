//! `range(1, 13)`, `range(@2024-01-01, @2025-01-01, 1d)`: a source whose rows are made, of one column `range`.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::relation::{Relation, RowBound, Scope, ScopeColumn};
use super::temporal::DAY;
use super::types::widen;
use super::values::{Open, Value};
use crate::plan::{Plan, RowCount, Scan, SchemaColumn, Table, TableColumn};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::artifact::{MadeRange, RangeStep};
use dj_runtime::expr::{Expr, ExprKind, Scalar, eval_constant};
use dj_runtime::types::{Bounds, Field, Type};

impl<'a> Builder<'a> {
    /// The rows that a function makes.
    pub(super) fn made(
        &mut self,
        env: &Env<'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        span: Span,
    ) -> Relation {
        match self.range(env, name, arguments, span) {
            Some(range) => self.scan_range(range, span),
            None => Relation::unknown(span),
        }
    }

    fn range(
        &mut self,
        env: &Env<'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        span: Span,
    ) -> Option<(MadeRange, Type)> {
        if name.node != "range" {
            self.report(
                Diagnostic::error(codes::UNKNOWN_FUNCTION, format!("no function `{}` makes rows", name.node))
                    .label(name.span, "a table belongs here")
                    .help("the numbers 1 to 12 are `range(1, 13)`; a function that continues a pipeline stands behind a `|`"),
            );
            return None;
        }
        let scope = Scope { columns: &[], open: false, env, grouping: None, windowing: None };
        let values: Vec<_> = arguments.iter().map(|argument| self.expr(&scope, argument)).collect();
        let values = values.into_iter().collect::<Option<Vec<Value>>>()?;
        let zero = || Value { open: Open::Integer(0), ..Value::typed(Expr::literal(Scalar::Int(0), Type::I64, span)) };
        let (start, end, step) = match <[Value; 3]>::try_from(values) {
            Ok([start, end, step]) => (start, end, Some(step)),
            Err(mut values) => match (values.pop(), values.pop()) {
                (Some(end), Some(start)) => (start, end, None),
                (Some(end), None) => (zero(), end, None),
                (None, _) => (zero(), zero(), None),
            },
        };
        if !(1..=3).contains(&arguments.len()) {
            let wrong = format!("`range` takes one to three arguments, not {}", arguments.len());
            let help = "`range(END)`, `range(START, END)` or `range(START, END, STEP)`; the end is left out";
            self.report(Diagnostic::error(codes::ARGUMENT_COUNT, wrong).label(span, "").help(help));
            return None;
        }
        let ty = self.range_type(&start, &end, span)?;
        let step = self.range_step(step.as_ref(), ty, span)?;
        Some((MadeRange { start: self.range_end(start, ty)?, end: self.range_end(end, ty)?, step }, ty))
    }

    /// i64, date or timestamp.
    fn range_type(&mut self, start: &Value, end: &Value, span: Span) -> Option<Type> {
        let of = |value: &Value| match value.open {
            Open::Integer(_) => Some(Type::I64),
            Open::No if value.expr.ty.is_integer() => Some(Type::I64),
            Open::No => Some(value.expr.ty).filter(|ty| matches!(ty, Type::Date | Type::Timestamp)),
            Open::Fraction(_) | Open::Null | Open::Months(_) => None,
        };
        let ty = of(start).zip(of(end)).and_then(|(start, end)| widen(start, end));
        if ty.is_none() {
            let found = format!("from {} to {}", start.type_text(), end.type_text());
            self.report(
                Diagnostic::error(codes::MISMATCHED_TYPES, "a range is of integers, dates or timestamps")
                    .label(span, found)
                    .help("`range(1, 13)`, `range(@2024-01-01, @2025-01-01)`"),
            );
        }
        ty
    }

    /// An end, which is known before any row is read.
    fn range_end(&mut self, end: Value, ty: Type) -> Option<Expr> {
        let end = end.convert(ty);
        let mut is_known = true;
        end.walk(&mut |part| is_known &= !matches!(part.kind, ExprKind::Cell { .. }));
        if !is_known {
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, "the ends of a range are of literals and parameters")
                    .label(end.span, "this is only known when the program runs")
                    .help("make a range that is long enough, and filter it: `range(1, 1000) | filter range <= t.last`"),
            );
            return None;
        }
        match eval_constant(&end) {
            Ok(known) => Some(Expr::literal(known, ty, end.span)),
            // It has a parameter, or fails where it is read.
            Err(_) => Some(end),
        }
    }

    fn range_step(&mut self, step: Option<&Value>, ty: Type, span: Span) -> Option<RangeStep> {
        let whole =
            |scalar: Option<Scalar>| scalar.and_then(|value| value.as_int()).and_then(|by| i64::try_from(by).ok());
        let found = match (ty, step.map(|step| (step.open, step))) {
            (Type::I64 | Type::Date, None) => Some(RangeStep::Whole(1)),
            (Type::I64, Some((open @ Open::Integer(_), _))) => whole(open.scalar_of(Type::I64)).map(RangeStep::Whole),
            (Type::Date | Type::Timestamp, Some((Open::Months(months), _))) => Some(RangeStep::Months(months)),
            (Type::Date | Type::Timestamp, Some((Open::No, step))) if step.expr.ty == Type::Duration => {
                let unit = if ty == Type::Date { DAY } else { 1 };
                let micros = eval_constant(&step.expr).ok().and_then(|micros| micros.as_int());
                let steps = micros.filter(|micros| micros % unit == 0);
                steps.and_then(|micros| i64::try_from(micros / unit).ok()).map(RangeStep::Whole)
            }
            _ => None,
        };
        let found = found.filter(|step| !matches!(step, RangeStep::Whole(0) | RangeStep::Months(0)));
        if found.is_none() {
            let place = step.map_or(span, Value::span);
            let help = if ty == Type::Date {
                "by days or months: `7d`, `1mo`"
            } else if ty == Type::Timestamp {
                "by a duration or months: `15min`, `1d`, `1mo`"
            } else {
                "by a literal integer: `range(0, 100, 5)`"
            };
            let problem = Diagnostic::error(codes::MISMATCHED_TYPES, format!("a range of {ty} needs another step"));
            self.report(problem.label(place, "not a step that gets anywhere").help(help));
        }
        found
    }

    fn scan_range(&mut self, (made, ty): (MadeRange, Type), span: Span) -> Relation {
        let name = self.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        let nullable = false;
        let rows = made.rows().map(RowCount::at_most);
        let column = TableColumn {
            field: Field { name: "range".to_owned(), ty, nullable },
            span,
            is_inferred: false,
            declared: made.bounds().map(|(lo, hi)| Bounds::Int { lo: lo.into(), hi: hi.into() }),
            recorded: crate::plan::Recorded::default(),
        };
        let table = Table { name, path: None, span, columns: vec![column], rows, made: Some(made) };
        let id = self.columns.add("range", ty, span);
        let column = SchemaColumn { id, ty, nullable };
        let plan = Plan::Scan(Scan {
            table: self.made_table(table),
            columns: vec![(0, column)],
            predicates: Vec::new(),
            span,
        });
        Relation { plan, columns: vec![ScopeColumn::new("range", Some(column))], open: false, rows: RowBound::Many }
            .qualified("range")
    }
}
