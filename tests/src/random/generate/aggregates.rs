//! Aggregates, plain, filtered and computed with.
#![expect(clippy::wildcard_enum_match_arm, reason = "most types are alike here")]

use super::{Column, Generator};
use crate::random::expr::{Expr, Known};
use crate::random::program::Item;
use crate::random::types::{F64, I64, Type};

/// No data has more rows than this after joins.
const MOST_ROWS: i128 = 2_000_000;

/// An aggregate's call in both languages, and DuckDB's cast of its result to DJ's type.
struct Call {
    ty: Type,
    known: Known,
    dj: &'static str,
    sql: &'static str,
    cast: Option<Type>,
    argument: Option<Expr>,
}

impl Generator {
    /// Some named aggregates.
    pub(super) fn aggregates(&mut self, ordered: bool) -> (Vec<Item>, Vec<Column>) {
        let (mut items, mut columns) = (vec![], vec![]);
        for _ in 0..1 + self.random.below(4) {
            let expr = self.aggregate(ordered);
            let name = self.name("m");
            columns.push(Column { name: name.clone(), ty: expr.ty, known: expr.known });
            items.push(Item { name, expr });
        }
        (items, columns)
    }

    fn aggregate(&mut self, ordered: bool) -> Expr {
        if self.random.one_in(8) {
            return self.computed(ordered);
        }
        let call = if self.random.one_in(6) { self.of_all_values() } else { self.aggregate_call(ordered) };
        let filter = self.random.one_in(4).then(|| self.condition(2));
        finished(call, filter)
    }

    /// An aggregate that looks at all values of a group together.
    fn of_all_values(&mut self) -> Call {
        if self.random.one_in(2) {
            let ty = self.some_type();
            let argument = Some(self.about(ty, 2));
            let (dj, sql) = ("count_distinct($a$f)", "count(distinct $a)");
            return Call { ty: I64, known: Known::Range(0, MOST_ROWS), dj, sql, cast: None, argument };
        }
        let ty = self.random.pick(&[Type::Signed(32), Type::Signed(16), Type::Unsigned(8), Type::Decimal(9, 2), F64]);
        let argument = Some(self.about(ty, 1));
        let (dj, sql) = self.random.pick(&[
            ("median($a$f)", "median($a::double)"),
            ("quantile($a, 0.9$f)", "quantile_cont($a::double, 0.9)"),
            ("quantile($a, 0.0$f)", "quantile_cont($a::double, 0)"),
        ]);
        Call { ty: F64, known: Known::Rough, dj, sql, cast: None, argument }
    }

    /// An aggregate of the window `w`.
    pub(super) fn aggregate_over(&mut self) -> Expr {
        let call = if self.random.one_in(6) { self.of_all_values() } else { self.aggregate_call(false) };
        let filter = self.random.one_in(4).then(|| self.condition(2));
        finished_over(call, filter, " over w")
    }

    /// An expression of aggregates.
    fn computed(&mut self, ordered: bool) -> Expr {
        match self.random.below(4) {
            0 => {
                let args = [finished(self.sum(), None), finished(counted(None), None)];
                let known = if args[0].known == Known::Nothing { Known::Nothing } else { Known::Rough };
                Expr::node(F64, known, "($a / $b)", "($a::double / $b)", args)
            }
            1 => {
                let a = finished(self.extreme_of(Type::Signed(32)), None);
                Expr::node(Type::Bool, Known::Nothing, "($a is null)", "($a is null)", [a])
            }
            2 => {
                let a = finished(self.extreme_of(Type::Text), None);
                let b = self.literal(Type::Text);
                Expr::node(Type::Text, Known::Nothing, "($a ?? $b)", "coalesce($a, $b)", [a, b])
            }
            _ => {
                let ty = self.some_type();
                let (a, b) = (finished(self.extreme_of(ty), None), finished(self.extreme_of(ty), None));
                let _ = ordered;
                Expr::node(Type::Bool, Known::Nothing, "($a < $b)", "($a < $b)", [a, b])
            }
        }
    }

    fn aggregate_call(&mut self, ordered: bool) -> Call {
        let ty = self.some_type();
        match self.random.below(9) {
            0 => counted(None),
            1 => counted(Some(self.about(ty, 2))),
            2 | 3 => self.sum(),
            4 => self.spread(),
            5 if ordered && self.random.one_in(3) => {
                let argument = Some(self.about(Type::Text, 2));
                let (dj, sql) = ("string_agg($a, \"-\"$f)", "string_agg($a, '-' order by o)");
                Call { ty: Type::Text, known: Known::Nothing, dj, sql, cast: None, argument }
            }
            5 if ordered => {
                let argument = self.about(ty, 2);
                let (dj, sql) =
                    self.random.pick(&[("first($a$f)", "first($a order by o)"), ("last($a$f)", "last($a order by o)")]);
                Call { ty, known: argument.known, dj, sql, cast: None, argument: Some(argument) }
            }
            6 => {
                let argument = self.about(Type::Bool, 2);
                let (dj, sql) = self.random.pick(&[("any($a$f)", "bool_or($a)"), ("all($a$f)", "bool_and($a)")]);
                Call { ty: Type::Bool, known: Known::Nothing, dj, sql, cast: None, argument: Some(argument) }
            }
            _ => self.extreme_of(ty),
        }
    }

    fn extreme_of(&mut self, ty: Type) -> Call {
        let argument = self.about(ty, 2);
        let (dj, sql) = self.random.pick(&[("min($a$f)", "min($a)"), ("max($a$f)", "max($a)")]);
        Call { ty, known: argument.known, dj, sql, cast: None, argument: Some(argument) }
    }

    /// A sum that stays within its type.
    fn sum(&mut self) -> Call {
        for _ in 0..4 {
            let ty = self.random.pick(&[
                I64,
                Type::Signed(32),
                Type::Signed(8),
                Type::Unsigned(32),
                Type::Unsigned(16),
                F64,
                Type::Float(32),
                Type::Decimal(9, 2),
                Type::Decimal(4, 0),
            ]);
            let argument = self.about(ty, 2);
            let result = match ty {
                Type::Float(_) => F64,
                Type::Decimal(_, scale) => Type::Decimal(18, scale),
                _ => I64,
            };
            let known = match argument.known {
                Known::Binary(whole, fraction) if whole + fraction < 30 => Known::Binary(whole + 21, fraction),
                _ => {
                    match argument.range().map(|(lo, hi)| (lo.saturating_mul(MOST_ROWS), hi.saturating_mul(MOST_ROWS)))
                    {
                        Some((lo, hi)) if result.holds((lo.min(0), hi.max(0))) => Known::Range(lo.min(0), hi.max(0)),
                        _ => continue,
                    }
                }
            };
            let cast = Some(result);
            return Call { ty: result, known, dj: "sum($a$f)", sql: "sum($a)", cast, argument: Some(argument) };
        }
        counted(None)
    }

    /// A mean, a variance or a deviation.
    fn spread(&mut self) -> Call {
        let ty =
            self.random.pick(&[Type::Signed(32), Type::Signed(16), Type::Unsigned(8), Type::Decimal(9, 2), I64, F64]);
        let argument = self.about(ty, 1);
        let small = argument.range().is_some_and(|(lo, hi)| lo.abs().max(hi.abs()) < 1 << 20);
        let exact = matches!(argument.known, Known::Binary(..));
        if !(small || exact) {
            return self.sum();
        }
        let (dj, sql) = if exact {
            ("mean($a$f)", "avg($a)")
        } else {
            self.random.pick(&[
                ("mean($a$f)", "avg($a)"),
                ("var($a$f)", "var_samp($a)"),
                ("std($a$f)", "stddev_samp($a)"),
            ])
        };
        Call { ty: F64, known: Known::Rough, dj, sql, cast: None, argument: Some(argument) }
    }

    /// A plain aggregate for a pivot, which adds the filter itself.
    pub(super) fn plain_aggregate(&mut self) -> Expr {
        let ty = self.some_type();
        let call = match self.random.below(3) {
            0 => counted(None),
            1 => self.sum(),
            _ => self.extreme_of(ty),
        };
        let args: Vec<Expr> = call.argument.into_iter().collect();
        Expr::node(call.ty, call.known, call.dj.replace("$f", ""), call.sql, args)
    }
}

/// A sum that may be out of its type's range.
pub(super) fn finished_sum(ty: Type, argument: Expr, filter: Option<Expr>) -> Expr {
    let result = if let Type::Decimal(_, scale) = ty { Type::Decimal(18, scale) } else { I64 };
    let (known, cast) = (Known::Nothing, Some(result));
    finished(Call { ty: result, known, dj: "sum($a$f)", sql: "sum($a)", cast, argument: Some(argument) }, filter)
}

fn counted(argument: Option<Expr>) -> Call {
    let known = Known::Range(0, MOST_ROWS);
    let (dj, sql) = if argument.is_some() { ("count($a$f)", "count($a)") } else { ("count($f)", "count(*)") };
    Call { ty: I64, known, dj, sql, cast: None, argument }
}

/// The call with its filter.
fn finished(call: Call, filter: Option<Expr>) -> Expr {
    finished_over(call, filter, "")
}

/// The same of the rows that a window leaves.
fn finished_over(call: Call, filter: Option<Expr>, over: &str) -> Expr {
    let gap = if call.argument.is_some() { "$b" } else { "$a" };
    let (dj, sql) = if filter.is_some() {
        let space = if call.argument.is_some() { " " } else { "" };
        (call.dj.replace("$f", &format!("{space}filter {gap}")), format!("{} filter ({gap})", call.sql))
    } else {
        (call.dj.replace("$f", ""), call.sql.to_owned())
    };
    let sql = format!("{sql}{over}");
    let sql = call.cast.map_or_else(|| sql.clone(), |ty| format!("({sql})::{}", ty.sql()));
    let args: Vec<Expr> = call.argument.into_iter().chain(filter).collect();
    Expr::node(call.ty, call.known, dj, sql, args)
}
