//! A last step that may fail on purpose: values go out of their type's range on some rows and on others not.
//!
//! It is the last, so that both engines compute it of just the rows that are there, and must fail alike.

use super::aggregates::finished_sum;
use super::{Generator, Rows};
use crate::random::expr::{Expr, Known};
use crate::random::program::{Item, Step};
use crate::random::types::{F64, I64, Type};

const INTEGERS: [Type; 8] = [
    Type::Signed(8),
    Type::Signed(16),
    Type::Signed(32),
    Type::Signed(64),
    Type::Unsigned(8),
    Type::Unsigned(16),
    Type::Unsigned(32),
    Type::Unsigned(64),
];

impl Generator {
    /// The program's only export; nothing before its last step can fail.
    pub(super) fn daring_export(&mut self) {
        let name = self.name("e");
        let (mut pipeline, rows) = self.pipeline(3);
        self.scope.clone_from(&rows.columns);
        let step = match self.random.below(6) {
            0 | 1 => self.daring_sums(&rows),
            2 => Step::Assert { condition: self.condition(3), holds: false },
            _ => self.daring_columns(),
        };
        pipeline.steps.push(step);
        self.program.daring = true;
        self.program.exports.push((name, pipeline));
    }

    fn daring_columns(&mut self) -> Step {
        let named = |this: &mut Self| Item { name: this.name("c"), expr: this.daring() };
        Step::Derive((0..1 + self.random.below(2)).map(|_| named(self)).collect())
    }

    fn daring_sums(&mut self, rows: &Rows) -> Step {
        let ty = self.random.pick(&[I64, I64, Type::Unsigned(64), Type::Decimal(18, 4), Type::Signed(32)]);
        let argument = self.column(ty).unwrap_or_else(|| self.firm(ty, 1));
        let filter = self.random.one_in(3).then(|| self.condition(2));
        let items = vec![Item { name: self.name("m"), expr: finished_sum(ty, argument, filter) }];
        let key = self.any_column();
        if self.random.one_in(2) || !rows.columns.iter().any(|column| column.name == key.dj()) {
            return Step::Aggregate(items);
        }
        Step::Group { keys: vec![Item { name: key.dj(), expr: key }], items }
    }

    /// A value that may be out of its type's range.
    fn daring(&mut self) -> Expr {
        match self.random.below(5) {
            0 | 1 => self.daring_arithmetic(),
            2 => self.daring_cast(),
            3 => self.daring_decimal(),
            _ => {
                let ty = self.random.pick(&INTEGERS[..4]);
                let value = self.value(ty);
                let text = self.random.pick(&["abs($a)", "(-$a)"]);
                Expr::node(ty, Known::Nothing, text, text, [value])
            }
        }
    }

    fn daring_arithmetic(&mut self) -> Expr {
        let ty = self.random.pick(&INTEGERS);
        let (a, b) = (self.value(ty), self.value(ty));
        let op = self.random.pick(&["+", "-", "*"]);
        let sql = format!("($a::{0} {op} $b::{0})", ty.sql());
        Expr::node(ty, Known::Nothing, format!("($a {op} $b)"), sql, [a, b])
    }

    fn daring_cast(&mut self) -> Expr {
        let from = self.random.pick(&[I64, Type::Signed(32), Type::Unsigned(64), Type::Unsigned(16), F64]);
        let to = self.random.pick(&INTEGERS);
        let value = self.value(from);
        let sql = if from == F64 { format!("trunc($a)::{}", to.sql()) } else { format!("$a::{}", to.sql()) };
        Expr::node(to, Known::Nothing, format!("($a as {to})"), sql, [value])
    }

    fn daring_decimal(&mut self) -> Expr {
        let ty = self.random.pick(&[Type::Decimal(18, 4), Type::Decimal(4, 0), Type::Decimal(9, 2)]);
        let (a, b) = (self.value(ty), self.value(ty));
        let op = self.random.pick(&["+", "-"]);
        let sql = format!("($a {op} $b)::{}", ty.sql());
        Expr::node(ty, Known::Nothing, format!("(($a {op} $b) as {ty})"), sql, [a, b])
    }

    /// A column where there is one; no literal without a type: what such a one is not is found before anything runs.
    fn value(&mut self, ty: Type) -> Expr {
        let value = self.column(ty).filter(|column| column.known != Known::Rough);
        let value = value.unwrap_or_else(|| self.firm(ty, 1));
        if value.bare.is_none() {
            return value;
        }
        Expr::node(ty, value.known, format!("($a as {ty})"), format!("$a::{}", ty.sql()), [value])
    }
}
