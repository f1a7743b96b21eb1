//! Aggregates that look at all values of a group together: `count_distinct`, `median`, `quantile` and `mode`.
//!
//! Each is a window over the rows of the group, which tells a row's place among its values, and plain aggregates of that:
//!
//! ```text
//! count_distinct(x)   window { by { keys, x } } { r = row_number() }            count(filter r == 1 and x is not null)
//! mode(x)             window { by { keys, x } } { n = count() }                 arg_max(x, n filter x is not null)
//! quantile(x, q)      window { by keys, sort x } { r = row_number(), n = count(x) }, all rows of the partition
//!                     between max(x filter r - 1 == floor(q * (n - 1))) and the same with ceil
//! ```
//!
//! So every strategy for groups computes them, and those of one column share one sort.

use super::aggregates::both;
use super::builder::Builder;
use super::calls::argument_count;
use super::codes;
use super::projections::extend;
use super::relation::{Grouping, Scope, Windowing};
use super::values::{Value, cast_to};
use crate::plan::{
    AggregateFunction, Frame, NamedAggregate, NamedExpr, NamedWindow, Plan, SchemaColumn, SortKey, Window,
    WindowFunction,
};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, Scalar};
use dj_runtime::types::Type;

/// The names of these aggregates.
pub(super) const NAMES: [&str; 4] = ["count_distinct", "median", "quantile", "mode"];

/// What is computed of the rows before they are grouped.
#[derive(Debug, Default)]
pub(super) struct Before {
    values: Vec<NamedExpr>,
    windows: Vec<Places>,
}

/// The places of values among those of their groups.
#[derive(Debug)]
struct Places {
    value: SchemaColumn,
    /// Whether rows are ordered by the value; else they are parted by it.
    in_order: bool,
    items: Vec<NamedWindow>,
    span: Span,
}

impl Before {
    /// The rows with what the aggregates read.
    pub(super) fn of(self, plan: Plan, keys: &[SchemaColumn], span: Span) -> Plan {
        let plan = if self.values.is_empty() { plan } else { extend(plan, self.values, span) };
        self.windows.into_iter().fold(plan, |plan, places| {
            let Places { value, in_order, items, span } = places;
            let own = (!in_order && !keys.contains(&value)).then_some(value);
            let by = keys.iter().copied().chain(own).collect();
            let key = || SortKey { expr: value.read(span), descending: false, nulls_first: false };
            let order = in_order.then(key).into_iter().collect();
            Plan::Window(Window { input: Box::new(plan), by, order, items, span })
        })
    }
}

impl<'a> Builder<'a> {
    /// A call of one of these aggregates.
    pub(super) fn ordered_aggregate(
        &mut self,
        scope: &Scope<'_, 'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        filter: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Value> {
        let (rows, only) = match (scope.grouping, scope.windowing) {
            (Some(grouping), _) => (&grouping.rows, grouping.only.clone()),
            (None, Some(windowing)) => (&windowing.rows, None),
            (None, None) => {
                self.report(super::aggregates::misplaced(&name.node, span));
                return None;
            }
        };
        let wanted = if name.node == "quantile" { 2 } else { 1 };
        if arguments.len() != wanted {
            self.report(argument_count(&name.node, arguments.len(), wanted, span));
            return None;
        }
        let rows = Scope { columns: rows, grouping: None, windowing: None, ..*scope };
        let argument = self.settled(&rows, &arguments[0]);
        let filter = self.filter_of(&rows, filter);
        let quantile = match name.node.as_str() {
            "median" => Some(0.5),
            "quantile" => Some(self.quantile_share(&arguments[1])?),
            _ => None,
        };
        let (argument, filter) = (argument?, both(filter?, only));
        let argument = match quantile {
            Some(_) if !argument.ty.is_numeric() => {
                let (ty, place) = (argument.ty, argument.span);
                let message = format!("`{}` takes a number, not {ty}", name.node);
                self.report(Diagnostic::error(codes::ARGUMENT_TYPE, message).label(place, format!("this is {ty}")));
                return None;
            }
            Some(_) => cast_to(argument, Type::F64),
            None => argument,
        };
        let Some(grouping) = scope.grouping else {
            let function = match (quantile, name.node.as_str()) {
                (Some(_), _) => WindowFunction::Quantile,
                (None, "mode") => WindowFunction::Mode,
                (None, _) => WindowFunction::CountDistinct,
            };
            let share = quantile.map(|share| float(share, span));
            return self.of_frame(scope.windowing?, function, argument, share, filter, span);
        };
        grouping.name.take();
        let value = self.value_before(grouping, argument, filter);
        Some(Value::typed(match (quantile, name.node.as_str()) {
            (Some(share), _) => self.quantile(grouping, value, share, span),
            (None, "mode") => self.mode(grouping, value, span),
            (None, _) => self.count_distinct(grouping, value, span),
        }))
    }

    /// The same of the rows of a frame.
    fn of_frame(
        &mut self,
        windowing: &Windowing,
        function: WindowFunction,
        argument: Expr,
        share: Option<Expr>,
        filter: Option<Expr>,
        span: Span,
    ) -> Option<Value> {
        let frame = windowing.frame;
        if function == WindowFunction::Mode && frame != Frame::PARTITION {
            self.report(
                Diagnostic::error(codes::BAD_FRAME, "`mode` looks at all rows of a partition")
                    .label(span, "this window has a frame, or an order")
                    .help("compute it in a window without `sort` and `rows`"),
            );
            return None;
        }
        let counts = function == WindowFunction::CountDistinct;
        let (ty, nullable) = if counts { (Type::I64, false) } else { (argument.ty, true) };
        let name = windowing.name.take().unwrap_or_else(|| self.text(span).to_owned());
        let id = self.columns.add(name, ty, span);
        let arguments = [argument].into_iter().chain(share).collect();
        windowing.calls.borrow_mut().push(NamedWindow { id, function, arguments, filter, frame, ty, nullable, span });
        Some(Value::typed(Expr::column(id, ty, nullable, span)))
    }

    /// The share of the values that a quantile leaves behind it.
    fn quantile_share(&mut self, share: &'a ast::Expr) -> Option<f64> {
        let scalar = self.constant(share, Type::F64, "the share of a quantile")?;
        let found = if let Scalar::Float(share) = scalar { Some(share) } else { None };
        let found = found.filter(|share| (0.0..=1.0).contains(share));
        if found.is_none() {
            self.report(
                Diagnostic::error(codes::LITERAL_RANGE, "the share of a quantile lies between 0 and 1")
                    .label(share.span, "this does not")
                    .help("the 90th percentile is `quantile(x, 0.9)`"),
            );
        }
        found
    }

    /// The column of the values that count: null where the filter leaves a row out.
    fn value_before(&mut self, grouping: &Grouping, argument: Expr, filter: Option<Expr>) -> SchemaColumn {
        let span = argument.span;
        let value = match filter {
            None => argument,
            Some(filter) => {
                let ty = argument.ty;
                Expr {
                    kind: ExprKind::Case { arms: vec![(filter, argument)], otherwise: None },
                    ty,
                    nullable: true,
                    span,
                }
            }
        };
        if let Some(id) = value.as_column() {
            return SchemaColumn { id, ty: value.ty, nullable: value.nullable };
        }
        let bare = value.without_spans();
        let mut before = grouping.before.borrow_mut();
        if let Some(known) = before.values.iter().find(|item| item.expr.without_spans() == bare) {
            return known.schema();
        }
        let made = NamedExpr { id: self.columns.add(self.text(span), value.ty, span), expr: value };
        before.values.push(made.clone());
        made.schema()
    }

    /// The columns that windows over the rows of a group give, made if they are new.
    fn places(
        &mut self,
        grouping: &Grouping,
        value: SchemaColumn,
        in_order: bool,
        wanted: &[(WindowFunction, &str)],
        span: Span,
    ) -> Vec<Expr> {
        let mut before = grouping.before.borrow_mut();
        let at = before.windows.iter().position(|places| places.value == value && places.in_order == in_order);
        let at = at.unwrap_or_else(|| {
            before.windows.push(Places { value, in_order, items: vec![], span });
            before.windows.len() - 1
        });
        let items = &mut before.windows[at].items;
        let one = |&(function, name): &(WindowFunction, &str)| {
            let known = items.iter().find(|item| item.function == function).map(|item| item.id);
            let id = known.unwrap_or_else(|| {
                let id = self.columns.add(name, Type::I64, span);
                let counts_values = in_order && function == WindowFunction::Aggregate(AggregateFunction::Count);
                let arguments = counts_values.then(|| value.read(span)).into_iter().collect();
                let (filter, frame, ty) = (None, Frame::PARTITION, Type::I64);
                items.push(NamedWindow { id, function, arguments, filter, frame, ty, nullable: false, span });
                id
            });
            Expr::column(id, Type::I64, false, span)
        };
        wanted.iter().map(one).collect()
    }

    /// A plain aggregate of the group.
    fn plain(
        &mut self,
        grouping: &Grouping,
        function: AggregateFunction,
        arguments: Vec<Expr>,
        filter: Option<Expr>,
        ty: Type,
        span: Span,
    ) -> Expr {
        let nullable = function != AggregateFunction::Count;
        let id = self.columns.add(self.text(span), ty, span);
        let call = NamedAggregate { id, function, arguments, filter, ty, nullable, span };
        grouping.aggregates.borrow_mut().push(call);
        Expr::column(id, ty, nullable, span)
    }

    fn count_distinct(&mut self, grouping: &Grouping, value: SchemaColumn, span: Span) -> Expr {
        let number = (WindowFunction::RowNumber, "row_number");
        let number = self.places(grouping, value, false, &[number], span).remove(0);
        let is_first = compare(CompareOp::Equal, number, integer(1, span));
        let filter = both(Some(is_first), value.nullable.then(|| not_null(value, span)));
        self.plain(grouping, AggregateFunction::Count, vec![], filter, Type::I64, span)
    }

    fn mode(&mut self, grouping: &Grouping, value: SchemaColumn, span: Span) -> Expr {
        let count = (WindowFunction::Aggregate(AggregateFunction::Count), "count");
        let count = self.places(grouping, value, false, &[count], span).remove(0);
        let filter = value.nullable.then(|| not_null(value, span));
        let arguments = vec![value.read(span), count];
        self.plain(grouping, AggregateFunction::ArgMax, arguments, filter, value.ty, span)
    }

    /// Linear interpolation between the values next to the share.
    fn quantile(&mut self, grouping: &Grouping, value: SchemaColumn, share: f64, span: Span) -> Expr {
        let wanted =
            [(WindowFunction::RowNumber, "row_number"), (WindowFunction::Aggregate(AggregateFunction::Count), "count")];
        let places = self.places(grouping, value, true, &wanted, span);
        let one = || float(1.0, span);
        let before = |number: Expr| arithmetic(ArithmeticOp::Subtract, cast_to(number, Type::F64), one());
        let position = |count: Expr| arithmetic(ArithmeticOp::Multiply, before(count), float(share, span));
        let near = |function: Function| {
            let wanted = call(function, position(places[1].clone()));
            compare(CompareOp::Equal, before(places[0].clone()), wanted)
        };
        let most = AggregateFunction::Max;
        let mut at =
            |function| self.plain(grouping, most, vec![value.read(span)], Some(near(function)), Type::F64, span);
        let (low, high) = (at(Function::Floor), at(Function::Ceil));
        let count = self.plain(grouping, most, vec![places[1].clone()], None, Type::I64, span);
        let position = position(count);
        let fraction = arithmetic(ArithmeticOp::Subtract, position.clone(), call(Function::Floor, position));
        let is_whole = compare(CompareOp::Equal, fraction.clone(), float(0.0, span));
        // Between infinities there is no way.
        let is_same = compare(CompareOp::Equal, low.clone(), high.clone());
        let nullable = is_whole.nullable || is_same.nullable;
        let is_there = Expr { kind: ExprKind::Or(vec![is_whole, is_same]), ty: Type::Bool, nullable, span };
        let step = arithmetic(ArithmeticOp::Subtract, high, low.clone());
        let between = arithmetic(ArithmeticOp::Multiply, step, fraction);
        let between = arithmetic(ArithmeticOp::Add, low.clone(), between);
        let kind = ExprKind::Case { arms: vec![(is_there, low)], otherwise: Some(Box::new(between)) };
        Expr { kind, ty: Type::F64, nullable: true, span }
    }
}

fn integer(value: i128, span: Span) -> Expr {
    Expr::literal(Scalar::Int(value), Type::I64, span)
}

fn float(value: f64, span: Span) -> Expr {
    Expr::literal(Scalar::Float(value), Type::F64, span)
}

fn compare(op: CompareOp, left: Expr, right: Expr) -> Expr {
    let (nullable, span) = (left.nullable || right.nullable, left.span);
    Expr { kind: ExprKind::Compare(op, Box::new(left), Box::new(right)), ty: Type::Bool, nullable, span }
}

/// Of two floats.
fn arithmetic(op: ArithmeticOp, left: Expr, right: Expr) -> Expr {
    let (nullable, span) = (left.nullable || right.nullable, left.span);
    Expr { kind: ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty: Type::F64, nullable, span }
}

/// A function of a float that gives one.
fn call(function: Function, operand: Expr) -> Expr {
    let (nullable, span) = (operand.nullable, operand.span);
    Expr { kind: ExprKind::Call(function, vec![operand]), ty: Type::F64, nullable, span }
}

fn not_null(value: SchemaColumn, span: Span) -> Expr {
    let is_null = ExprKind::IsNull(Box::new(value.read(span)));
    let is_null = Expr { kind: is_null, ty: Type::Bool, nullable: false, span };
    Expr { kind: ExprKind::Not(Box::new(is_null)), ty: Type::Bool, nullable: false, span }
}
