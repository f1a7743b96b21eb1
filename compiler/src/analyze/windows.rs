//! `window`: columns that are computed of the rows around each.

use super::builder::Builder;
use super::calls::argument_count;
use super::codes;
use super::env::Env;
use super::projections::{duplicate, extend, is_window_call};
use super::relation::{Relation, Scope, Windowing};
use super::temporal::DAY;
use super::values::{Open, Value};
use crate::plan::{
    AggregateFunction, Distance, Frame, FrameUnit, NamedAggregate, NamedExpr, NamedWindow, Plan, SchemaColumn, SortKey,
    Window, WindowFunction,
};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, Scalar};
use dj_runtime::types::Type;
use std::cell::RefCell;

/// The functions of windows alone.
pub(super) const NAMES: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "forward_fill",
];

impl<'a> Builder<'a> {
    /// `window { by { k }, sort { t }, rows -6..0 } { ma7 = mean(x) }`: the input's columns, then the items; an item of a name
    /// that is there takes its place, as a derived one does.
    pub(super) fn window(&mut self, env: &Env<'a>, input: Relation, window: &'a ast::Window, span: Span) -> Relation {
        let (mut input, keys) = self.keys(env, input, &window.by, span);
        let order = self.sort_keys(env, &input, &window.sort);
        let frame = self.frame(env, window.frame.as_ref(), &order, window.sort.len());
        let windowing =
            Windowing { rows: input.columns.clone(), frame, calls: RefCell::default(), name: RefCell::default() };
        let mut made: Vec<(String, Option<SchemaColumn>, Span)> = Vec::new();
        let mut computed = Vec::new();
        for item in &window.items {
            let name = self.item_name(env, item);
            let scope = Scope { windowing: Some(&windowing), ..input.scope(env) };
            windowing.name.replace(name.clone().filter(|_| is_window_call(&item.expr)));
            let expr = self.settled(&scope, &item.expr);
            windowing.name.replace(None);
            let Some(name) = name else { continue };
            if let Some((_, _, first)) = made.iter().find(|(other, ..)| *other == name) {
                self.report(duplicate(&name, item.span, *first));
                continue;
            }
            let column = expr.map(|expr| {
                let is_call = |id| windowing.calls.borrow().iter().any(|call| call.id == id);
                let own = expr.as_column().filter(|id| is_call(*id) && self.columns.get(*id).name == name);
                let id = own.unwrap_or_else(|| self.columns.add(&name, expr.ty, item.span));
                let named = NamedExpr { id, expr };
                let column = named.schema();
                computed.extend(own.is_none().then_some(named));
                column
            });
            made.push((name, column, item.span));
        }
        let by = keys.iter().filter_map(|key| key.column).collect();
        let items = windowing.calls.into_inner();
        if !items.is_empty() {
            input.plan = Plan::Window(Window { input: Box::new(input.plan), by, order, items, any_order: false, span });
        }
        if !computed.is_empty() {
            input.plan = extend(input.plan, computed, span);
        }
        for (name, column, span) in made {
            self.replace_column(&mut input, &name, column, span);
        }
        input
    }

    /// The frame of a window with so many keys in its order, of which some may be wrong.
    fn frame(&mut self, env: &Env<'a>, frame: Option<&'a ast::Frame>, order: &[SortKey], keys: usize) -> Frame {
        let Some(frame) = frame else {
            return if keys == 0 { Frame::PARTITION } else { Frame::UP_TO_PEERS };
        };
        let unit = if frame.range { FrameUnit::Range } else { FrameUnit::Rows };
        let mut end = |bound: Option<&'a ast::Expr>| {
            let bound = bound?;
            let distance = match unit {
                FrameUnit::Rows => self.whole_number(bound, "the end of a frame").map(Distance::Whole),
                FrameUnit::Range => self.distance(env, bound, order, keys),
            };
            // One that is wrong has been told.
            Some(distance.unwrap_or(Distance::Whole(0)))
        };
        Frame { unit, start: end(frame.lo.as_ref()), end: end(frame.hi.as_ref()) }
    }

    /// A literal integer; null is none.
    fn whole_number(&mut self, expr: &'a ast::Expr, what: &str) -> Option<i64> {
        let scalar = self.constant(expr, Type::I64, what)?;
        let number = scalar.as_int().and_then(|number| i64::try_from(number).ok());
        if number.is_none() {
            let problem = Diagnostic::error(codes::NOT_CONSTANT, format!("{what} must be an integer"));
            self.report(problem.label(expr.span, "this is null"));
        }
        number
    }

    /// A distance in the key of an order.
    fn distance(&mut self, env: &Env<'a>, bound: &'a ast::Expr, order: &[SortKey], keys: usize) -> Option<Distance> {
        let scope = Scope { columns: &[], open: false, env, grouping: None, windowing: None };
        let value = self.expr(&scope, bound)?;
        if value.open == Open::Integer(0) {
            return Some(Distance::Whole(0));
        }
        if keys != 1 {
            self.report(no_measure(bound.span, keys));
            return None;
        }
        let ty = order.first()?.expr.ty;
        let found = match (ty, value.open) {
            (Type::Date | Type::Timestamp, Open::Months(months)) => Some(Distance::Months(months)),
            (Type::Date, Open::No) if value.expr.ty == Type::Duration => {
                let micros = value.expr.as_literal().and_then(Scalar::as_int).filter(|micros| micros % DAY == 0);
                micros.and_then(|micros| i64::try_from(micros / DAY).ok()).map(Distance::Whole)
            }
            (Type::Timestamp | Type::Duration, Open::No) if value.expr.ty == Type::Duration => {
                value.expr.as_literal().and_then(whole)
            }
            (Type::F32 | Type::F64, Open::Integer(_) | Open::Fraction(_)) => match value.open.scalar_of(Type::F64) {
                Some(Scalar::Float(by)) => Some(Distance::Float(by)),
                _ => None,
            },
            _ if ty.is_integer() && matches!(value.open, Open::Integer(_)) => {
                value.open.scalar_of(Type::I64).as_ref().and_then(whole)
            }
            (Type::Decimal { scale, .. }, Open::Integer(_) | Open::Fraction(_)) => {
                value.open.scalar_of(Type::wide_decimal(scale)).as_ref().and_then(whole)
            }
            _ => None,
        };
        if found.is_none() {
            self.report(wrong_distance(&value, ty));
        }
        found
    }

    /// The keys of an order.
    pub(super) fn sort_keys(&mut self, env: &Env<'a>, input: &Relation, items: &'a [ast::SortItem]) -> Vec<SortKey> {
        let mut keys = Vec::new();
        for item in items {
            if let Some(expr) = self.settled(&input.scope(env), &item.expr) {
                let nulls_first = item.nulls_first.unwrap_or(false);
                keys.push(SortKey { expr, descending: item.descending, nulls_first });
            }
        }
        keys
    }

    /// A call of a function that only windows have.
    pub(super) fn window_call(
        &mut self,
        scope: &Scope<'_, 'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        filter: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Value> {
        let picked = match name.node.as_str() {
            "first_value" => Some(AggregateFunction::First),
            "last_value" => Some(AggregateFunction::Last),
            _ => None,
        };
        if let Some(function) = picked.filter(|_| scope.windowing.is_some()) {
            return self.aggregate(scope, function, name, arguments, filter, span);
        }
        self.no_filter(filter, name);
        let Some(windowing) = scope.windowing else {
            self.report(misplaced(&name.node, span));
            return None;
        };
        let column_name = windowing.name.take().unwrap_or_else(|| self.text(span).to_owned());
        let rows = Scope { columns: &windowing.rows, windowing: None, ..*scope };
        let (function, arguments, ty, nullable) = match name.node.as_str() {
            "lag" | "lead" => self.shift(&rows, name, arguments, span)?,
            "ntile" => {
                let [parts] = arguments else { return self.wrong_count(name, arguments, 1, span) };
                let number = self.whole_number(parts, "the number of parts")?;
                let Some(parts) = u64::try_from(number).ok().filter(|parts| *parts > 0) else {
                    self.report(no_parts(arguments[0].span));
                    return None;
                };
                (WindowFunction::Tile(parts), vec![], Type::I64, false)
            }
            "forward_fill" => {
                let [argument] = arguments else { return self.wrong_count(name, arguments, 1, span) };
                let argument = self.settled(&rows, argument)?;
                let (ty, nullable) = (argument.ty, argument.nullable);
                (WindowFunction::Fill, vec![argument], ty, nullable)
            }
            other => {
                if !arguments.is_empty() {
                    return self.wrong_count(name, arguments, 0, span);
                }
                let function = match other {
                    "row_number" => WindowFunction::RowNumber,
                    "rank" => WindowFunction::Rank,
                    "dense_rank" => WindowFunction::DenseRank,
                    "percent_rank" => WindowFunction::PercentRank,
                    "cume_dist" => WindowFunction::CumulativeShare,
                    _ => unreachable!("`{other}` is no window function"),
                };
                let is_share = matches!(function, WindowFunction::PercentRank | WindowFunction::CumulativeShare);
                (function, vec![], if is_share { Type::F64 } else { Type::I64 }, false)
            }
        };
        let id = self.columns.add(column_name, ty, span);
        let (filter, frame) = (None, windowing.frame);
        windowing.calls.borrow_mut().push(NamedWindow { id, function, arguments, filter, frame, ty, nullable, span });
        Some(Value::typed(Expr::column(id, ty, nullable, span)))
    }

    fn wrong_count<T>(&mut self, name: &ast::Name, arguments: &[ast::Expr], wanted: usize, span: Span) -> Option<T> {
        self.report(argument_count(&name.node, arguments.len(), wanted, span));
        None
    }

    /// `lag(x, n, default)` and `lead`, with the type of both values.
    fn shift(
        &mut self,
        rows: &Scope<'_, 'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        span: Span,
    ) -> Option<(WindowFunction, Vec<Expr>, Type, bool)> {
        let (argument, by, default) = match arguments {
            [argument] => (argument, None, None),
            [argument, by] => (argument, Some(by), None),
            [argument, by, default] => (argument, Some(by), Some(default)),
            _ => return self.wrong_count(name, arguments, if arguments.is_empty() { 1 } else { 3 }, span),
        };
        let by = match by {
            Some(by) => self.whole_number(by, "the number of rows")?,
            None => 1,
        };
        let by = if name.node == "lead" { by.saturating_neg() } else { by };
        let argument = self.expr(rows, argument)?;
        let Some(default) = default else {
            let argument = self.settle(argument)?;
            let ty = argument.ty;
            return Some((WindowFunction::Shift(by), vec![argument], ty, true));
        };
        let default = self.expr(rows, default)?;
        let ty = self.unify(&format!("`{}`", name.node), &[&argument, &default], span)?;
        let (argument, default) = (argument.convert(ty), default.convert(ty));
        let nullable = argument.nullable || default.nullable;
        Some((WindowFunction::Shift(by), vec![argument, default], ty, nullable))
    }
}

/// An aggregate of the rows of a frame.
pub(super) fn of_frame(call: NamedAggregate, frame: Frame) -> NamedWindow {
    let NamedAggregate { id, function, arguments, filter, ty, nullable, span } = call;
    NamedWindow { id, function: WindowFunction::Aggregate(function), arguments, filter, frame, ty, nullable, span }
}

fn whole(scalar: &Scalar) -> Option<Distance> {
    // The least of all has no opposite, which an order down asks for.
    scalar.as_int().and_then(|by| i64::try_from(by).ok()).filter(|by| *by != i64::MIN).map(Distance::Whole)
}

fn no_measure(span: Span, keys: usize) -> Diagnostic {
    let found = if keys == 0 { "the window has no order" } else { "the order has several keys" };
    Diagnostic::error(codes::BAD_FRAME, "a `range` measures by one key")
        .label(span, format!("{found} to measure by"))
        .help("give the window one key, as in `sort { t }`; `rows` counts rows, and 0 is the row with its peers")
}

fn wrong_distance(value: &Value, ty: Type) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(codes::BAD_FRAME, format!("{} is no distance between values of {ty}", value.type_text()))
            .label(value.span(), format!("the order is by {ty}"));
    diagnostic.help(if ty == Type::Date {
        "write whole days or months: `range -7d..0`, `range -3mo..0`"
    } else if ty == Type::Timestamp {
        "write a duration or months: `range -15min..0`, `range -1mo..0`"
    } else if ty == Type::Duration {
        "write a duration: `range -15min..0`"
    } else if ty.is_numeric() {
        "write a literal number of that type: `range -3..0`"
    } else {
        "only numbers and times have distances: count rows, as in `rows -6..0`"
    })
}

fn misplaced(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::MISPLACED_AGGREGATE, format!("`{name}` has no window here"))
        .label(span, "belongs in the items of `window`")
        .help(format!("`window {{ by {{ k }}, sort {{ t }} }} {{ v = {name}(...) }}` adds it as a column"))
}

fn no_parts(span: Span) -> Diagnostic {
    Diagnostic::error(codes::BAD_FRAME, "`ntile` takes the number of parts, from 1")
        .label(span, "this is no such number")
}
