//! `join asof`: each row with the nearest row of another table.

use super::builder::{Builder, literal_range};
use super::codes;
use super::env::Env;
use super::joins::{Matching, column_after, common_keys, key_as};
use super::relation::{Relation, Scope};
use super::temporal::DAY;
use super::types::widen;
use super::values::{Open, Value};
use crate::plan::{Join, JoinKind, Nearest, Placement, Plan};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// `join asof T on ts by { key } within 5min forward`: of the rows that are equal in `by` the one with the greatest `ts` that
    /// is not greater; `forward`: the least that is not less.
    pub(super) fn asof_join(&mut self, env: &Env<'a>, left: Relation, join: &'a ast::Join, span: Span) -> Relation {
        let right = self.right_side(env, join);
        let ast::JoinCondition::AsOf { on, by, within, forward, left: keeps_left } = &join.condition else {
            unreachable!("the grammar has the condition of a nearest row behind `asof`")
        };
        let kind = if *keeps_left { JoinKind::Left } else { JoinKind::Inner };
        let nearest = if *forward { Nearest::After } else { Nearest::Before };
        let mut matching = self.using(env, &left, &right, by);
        let times = self.using(env, &left, &right, std::slice::from_ref(on));
        matching.merged.extend(times.merged);
        matching.on = common_keys(matching.on, false);
        let mut residual = None;
        if let Some((time, other)) = times.on.into_iter().next().and_then(|pair| self.measured(pair, on)) {
            let (earlier, later) = if *forward { (&time, &other) } else { (&other, &time) };
            residual = within.as_ref().and_then(|within| self.within(env, within, earlier, later));
            matching.on.push((time, other));
        } else {
            matching.wrong = true;
        }
        self.nearest_rows(left, right, Asof { matching, kind, nearest, residual }, span)
    }

    fn nearest_rows(&mut self, left: Relation, right: Relation, asof: Asof, span: Span) -> Relation {
        let Asof { matching, kind, nearest, residual } = asof;
        if matching.wrong {
            // Without its key the join means nothing.
            let relation = Relation::unknown(span);
            return Relation { columns: left.columns, ..relation };
        }
        let open = left.open || right.open;
        let rows = if kind == JoinKind::Left { left.rows } else { left.rows.or_none() };
        let mut columns = left.columns;
        let kept = right.columns.into_iter().filter(|column| !matching.merges(column));
        columns.extend(kept.map(|column| column_after(column, kind)));
        let (left, right, on) = (Box::new(left.plan), Box::new(right.plan), matching.on);
        let join = Join {
            left,
            right,
            kind,
            on,
            nearest: Some(nearest),
            residual,
            nulls_equal: false,
            placement: Placement::Any,
            span,
        };
        Relation { plan: Plan::Join(join), columns, open, rows }
    }

    /// The keys of which the nearest is looked for, in a type of both.
    fn measured(&mut self, (left, right): (Expr, Expr), name: &ast::Name) -> Option<(Expr, Expr)> {
        let ty = widen(left.ty, right.ty).filter(|ty| !matches!(ty, Type::Str | Type::Bool));
        let Some(ty) = ty else {
            let (a, b) = (left.ty, right.ty);
            let message = format!("nothing is near to `{}`, which is {a} and {b}", name.node);
            self.report(
                Diagnostic::error(codes::ARGUMENT_TYPE, message)
                    .label(name.span, "must be a number or a time, of one type")
                    .help("what must be equal belongs behind `by`"),
            );
            return None;
        };
        Some((key_as(left, ty), key_as(right, ty)))
    }

    /// Whether a key is no more than a distance behind another: `later <= earlier + distance`, where that is a value of the type.
    fn within(&mut self, env: &Env<'a>, bound: &'a ast::Expr, earlier: &Expr, later: &Expr) -> Option<Expr> {
        let scope = Scope { columns: &[], open: false, env, grouping: None, windowing: None };
        let value = self.expr(&scope, bound)?;
        let ty = earlier.ty;
        let Some(distance) = distance(&value, ty) else {
            self.report(wrong_distance(&value, ty));
            return None;
        };
        let span = bound.span;
        let is_negative = match distance.as_literal() {
            Some(Scalar::Int(distance)) => *distance < 0,
            Some(Scalar::Float(distance)) => *distance < 0.0,
            _ => false,
        };
        if is_negative {
            self.report(
                Diagnostic::error(codes::LITERAL_RANGE, "no row is nearer than at distance zero")
                    .label(span, "this is negative")
                    .help("`asof` looks back, and `asof forward` ahead; `within` says how far"),
            );
            return None;
        }
        let both = earlier.nullable || later.nullable;
        let build = |kind, ty, nullable| Expr { kind, ty, nullable, span };
        let sum = ExprKind::Arithmetic(ArithmeticOp::Add, Box::new(earlier.clone()), Box::new(distance.clone()));
        let sum = build(sum, ty, earlier.nullable);
        let is_near = ExprKind::Compare(CompareOp::LessEqual, Box::new(later.clone()), Box::new(sum));
        let is_near = build(is_near, Type::Bool, both);
        let Some((_, most)) = ty.integer_range() else { return Some(is_near) };
        let last = most - distance.as_literal().and_then(Scalar::as_int)?;
        let last = Box::new(Expr::literal(Scalar::Int(last), ty, span));
        let is_last = ExprKind::Compare(CompareOp::Greater, Box::new(earlier.clone()), last);
        let is_last = build(is_last, Type::Bool, earlier.nullable);
        Some(build(ExprKind::Or(vec![is_last, is_near]), Type::Bool, both))
    }
}

/// A join of nearest rows.
struct Asof {
    matching: Matching,
    kind: JoinKind,
    nearest: Nearest,
    residual: Option<Expr>,
}

/// A literal distance between values of a type, as what is added to one.
fn distance(value: &Value, ty: Type) -> Option<Expr> {
    let span = value.span();
    let duration = || (value.known_type() == Some(Type::Duration)).then(|| value.expr.as_literal()?.as_int()).flatten();
    if ty == Type::Date {
        let days = duration().filter(|micros| micros % DAY == 0)? / DAY;
        return Some(Expr::literal(Scalar::Int(days), Type::I32, span));
    }
    if ty.is_temporal() {
        return Some(Expr::literal(Scalar::Int(duration()?), Type::Duration, span));
    }
    let is_number = matches!(value.open, Open::Integer(_) | Open::Fraction(_));
    value.open.scalar_of(ty).filter(|_| is_number).map(|scalar| Expr::literal(scalar, ty, span))
}

fn wrong_distance(value: &Value, ty: Type) -> Diagnostic {
    if matches!(value.open, Open::Integer(_) | Open::Fraction(_)) && ty.is_numeric() {
        return literal_range(value, ty);
    }
    let found = value.type_text();
    let diagnostic =
        Diagnostic::error(codes::MISMATCHED_TYPES, format!("`within` takes a distance of {ty}, not {found}"))
            .label(value.span(), format!("this is {found}"));
    diagnostic.help(if ty == Type::Date {
        "write whole days: `within 7d`"
    } else if ty.is_temporal() {
        "write a duration: `within 5min`"
    } else {
        "write a literal number: `within 5`"
    })
}
