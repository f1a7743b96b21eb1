//! `take`: a range of the rows by position, of all rows or of the rows of each key.
//!
//! A number of rows that is known when the program is compiled bounds what a device must hold. One that is a parameter's is
//! compared with the rows' numbers.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::relation::{Relation, RowBound, Scope};
use super::values::{Open, Value};
use crate::plan::{Filter, Frame, NamedWindow, Plan, SchemaColumn, SortKey, Take, Window, WindowFunction};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

/// A position of a row.
enum Position {
    /// From one.
    Known(u64),
    /// A parameter's value.
    Given(Value),
}

impl<'a> Builder<'a> {
    /// `take 10`, `take 11..20`, `take n`, `take 2 by { key } sort { -v }`
    pub(super) fn take(&mut self, env: &Env<'a>, input: Relation, take: &'a ast::Take, span: Span) -> Relation {
        let from = take.from.as_ref().map(|from| self.position(env, from));
        let to = self.position(env, &take.to);
        let (Some(from), Some(to)) = (from.unwrap_or(Some(Position::Known(1))), to) else { return input };
        let is_empty = match (&from, &to) {
            (Position::Known(0), _) => true,
            (Position::Known(from), Position::Known(to)) => to < from && (*from, *to) != (1, 0),
            (Position::Known(_) | Position::Given(_), _) => false,
        };
        if is_empty {
            self.report(empty_range(take, &from));
            return input;
        }
        if let (Position::Known(from), Position::Known(to)) = (&from, &to)
            && take.by.is_empty()
        {
            let (skip, count) = (from - 1, to - (from - 1));
            let rows = if count <= 1 { RowBound::AtMostOne } else { input.rows.or_none() };
            let plan = Plan::Take(Take { input: Box::new(input.plan), skip, count, span });
            return Relation { plan, rows, ..input };
        }
        let by: Vec<_> = take.by.iter().map(|name| self.listed_column(&input, env, name)).collect();
        let order = self.sort_keys(env, &input, &take.sort);
        let by: Vec<_> = by.into_iter().flatten().filter_map(|column| column.column).collect();
        let id = self.columns.add("row_number", Type::I64, span);
        let plan = numbered(input.plan, id, by, order, span);
        let bounds = [(CompareOp::GreaterEqual, from), (CompareOp::LessEqual, to)];
        let predicates =
            bounds.into_iter().filter_map(|(op, position)| self.compared(id, op, position, span)).collect();
        let predicate = Expr { kind: ExprKind::And(predicates), ty: Type::Bool, nullable: false, span };
        let plan = Plan::Filter(Filter { input: Box::new(plan), predicate, span });
        Relation { plan, rows: input.rows.or_none(), ..input }
    }

    fn position(&mut self, env: &Env<'a>, count: &'a ast::Count) -> Option<Position> {
        let expr = match count {
            ast::Count::Number(number) => return Some(Position::Known(number.node)),
            ast::Count::Value(expr) => expr,
        };
        let scope = Scope { columns: &[], open: false, env, grouping: None, windowing: None };
        let value = self.expr(&scope, expr)?;
        match (value.open, value.known_type()) {
            (Open::Integer(number), _) if u64::try_from(number).is_ok() => {
                u64::try_from(number).ok().map(Position::Known)
            }
            (Open::No, Some(ty)) if ty.is_integer() && !value.expr.nullable => Some(Position::Given(value)),
            _ => {
                let is =
                    if value.expr.nullable && value.open == Open::No { "may be null" } else { "is no number of rows" };
                self.report(
                    Diagnostic::error(codes::BAD_TAKE, format!("`{}` {is}", self.text(expr.span)))
                        .label(expr.span, format!("this is {}", value.type_text()))
                        .help("take a number, such as `take 10`, or a parameter: `param n: i64`"),
                );
                None
            }
        }
    }

    /// How the number of a row compares with a position.
    fn compared(&mut self, id: ColumnId, op: CompareOp, position: Position, span: Span) -> Option<Expr> {
        let number = Expr::column(id, Type::I64, false, span);
        match position {
            Position::Known(row) => {
                let row = i64::try_from(row).unwrap_or(i64::MAX);
                let row = Expr::literal(Scalar::Int(row.into()), Type::I64, span);
                let kind = ExprKind::Compare(op, Box::new(number), Box::new(row));
                Some(Expr { kind, ty: Type::Bool, nullable: false, span })
            }
            Position::Given(value) => Some(self.compare(op, Value::typed(number), value, span)?.expr),
        }
    }
}

/// The rows with their numbers: among those of equal keys, in an order.
fn numbered(input: Plan, id: ColumnId, by: Vec<SchemaColumn>, order: Vec<SortKey>, span: Span) -> Plan {
    let number = NamedWindow {
        id,
        function: WindowFunction::RowNumber,
        arguments: vec![],
        filter: None,
        frame: Frame::PARTITION,
        ty: Type::I64,
        nullable: false,
        span,
    };
    Plan::Window(Window { input: Box::new(input), by, order, items: vec![number], any_order: false, span })
}

fn empty_range(take: &ast::Take, from: &Position) -> Diagnostic {
    let text = if matches!(from, Position::Known(0)) {
        "rows are counted from one"
    } else {
        "the first row is after the last"
    };
    let first = take.from.as_ref().unwrap_or(&take.to).span();
    Diagnostic::error(codes::BAD_TAKE, "the range of rows is empty")
        .label(first.to(take.to.span()), text)
        .help("`take 11..20` gives ten rows after the first ten")
}
