//! Conditions.

use super::Generator;
use crate::random::expr::{Expr, Known, gap};
use crate::random::types::{F64, I64, Type};

impl Generator {
    pub(super) fn truth(&mut self, depth: usize) -> Expr {
        match self.random.below(12) {
            0 | 1 => {
                let word = self.random.pick(&["and", "or"]);
                let args = [self.expr(Type::Bool, depth), self.expr(Type::Bool, depth)];
                truth(format!("($a {word} $b)"), format!("($a {word} $b)"), args)
            }
            2 => truth("(not $a)", "(not $a)", [self.expr(Type::Bool, depth)]),
            3 => {
                let ty = self.some_type();
                let word = self.random.pick(&["is null", "is not null"]);
                let value = self.expr(ty, depth);
                truth(format!("($a {word})"), format!("($a {word})"), [value])
            }
            4 => {
                let not = self.random.pick(&["", "not "]);
                let pattern = self.random.pick(&["%a%", "x%", "_", "%", "a_", "v1%", "%日%"]);
                let value = self.expr(Type::Text, depth);
                truth(format!("($a {not}like \"{pattern}\")"), format!("($a {not}like '{pattern}')"), [value])
            }
            5 => self.membership(depth),
            6 => self.between(depth),
            7 => {
                let name = self.random.pick(&["starts_with", "ends_with", "contains"]);
                let args = [self.expr(Type::Text, depth), self.leaf(Type::Text)];
                truth(format!("{name}($a, $b)"), format!("{name}($a, $b)"), args)
            }
            8 => {
                let name = self.random.pick(&[("is_nan", "isnan"), ("is_finite", "isfinite")]);
                let ty = self.random.pick(&[F64, Type::Float(32)]);
                let value = self.firm(ty, depth);
                truth(format!("{}($a)", name.0), format!("{}($a)", name.1), [value])
            }
            9 => self.mixed_comparison(depth),
            _ => self.comparison(depth),
        }
    }

    fn comparison(&mut self, depth: usize) -> Expr {
        let ty = if self.random.one_in(3) { Type::Text } else { self.some_type() };
        if ty == Type::Text && self.random.one_in(3) {
            let a = self.case(ty, depth);
            let b = if self.random.one_in(2) { self.case(ty, depth) } else { self.literal(ty) };
            let (dj, sql) = self.operator();
            return truth(format!("($a {dj} $b)"), format!("($a {sql} $b)"), [a, b]);
        }
        let a = match self.column(ty).filter(|column| column.known != Known::Rough) {
            Some(column) if self.random.one_in(2) => column,
            _ => self.firm(ty, depth),
        };
        let b = self.firm(ty, depth);
        let (dj, sql) = self.operator();
        truth(format!("($a {dj} $b)"), format!("($a {sql} $b)"), Expr::bare_beside(vec![a, b]))
    }

    fn operator(&mut self) -> (&'static str, &'static str) {
        self.random.pick(&[("<", "<"), ("<=", "<="), ("==", "="), ("!=", "<>"), (">", ">"), (">=", ">=")])
    }

    /// Numbers of different types, compared exactly.
    fn mixed_comparison(&mut self, depth: usize) -> Expr {
        let numbers = [I64, Type::Signed(8), Type::Unsigned(64), Type::Unsigned(8), Type::Signed(32)];
        let exact = [I64, Type::Decimal(9, 2), Type::Decimal(18, 4), Type::Decimal(4, 0), Type::Signed(16)];
        let pool = if self.random.one_in(2) { numbers } else { exact };
        let (one, other) = (self.random.pick(&pool), self.random.pick(&pool));
        let (a, b) = (self.expr(one, depth), self.expr(other, depth));
        let (dj, sql) = self.operator();
        let wide = if pool == numbers { "hugeint" } else { "decimal(38, 4)" };
        truth(format!("($a {dj} $b)"), format!("($a::{wide} {sql} $b::{wide})"), [a, b])
    }

    fn membership(&mut self, depth: usize) -> Expr {
        let ty = self.random.pick(&[
            Type::Text,
            Type::Text,
            I64,
            Type::Signed(32),
            Type::Date,
            Type::Decimal(9, 2),
            Type::Unsigned(8),
        ]);
        let not = self.random.pick(&["", "not "]);
        let first = self.column(ty).filter(|column| column.known != Known::Rough);
        let mut args = vec![first.unwrap_or_else(|| self.firm(ty, depth))];
        for _ in 0..1 + self.random.below(5) {
            args.push(if self.random.one_in(8) { self.firm(ty, depth) } else { self.literal(ty) });
        }
        let gaps: Vec<String> = (1..args.len()).map(gap).collect();
        let list = gaps.join(", ");
        truth(format!("($a {not}in {{ {list} }})"), format!("($a {not}in ({list}))"), Expr::bare_beside(args))
    }

    fn between(&mut self, depth: usize) -> Expr {
        let ty = self.random.pick(&[
            I64,
            Type::Signed(32),
            F64,
            Type::Date,
            Type::Timestamp,
            Type::Decimal(18, 4),
            Type::Text,
            Type::Unsigned(16),
        ]);
        let not = self.random.pick(&["", "not "]);
        let args = vec![self.firm(ty, depth), self.leaf(ty), self.leaf(ty)];
        if args.iter().any(|arg| arg.known == Known::Rough) {
            return self.leaf(Type::Bool);
        }
        truth(format!("($a {not}in $b..$c)"), format!("($a {not}between $b and $c)"), Expr::bare_beside(args))
    }
}

fn truth(dj: impl Into<String>, sql: impl Into<String>, args: impl Into<Vec<Expr>>) -> Expr {
    Expr::node(Type::Bool, Known::Nothing, dj, sql, args)
}
