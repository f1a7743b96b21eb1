//! Joins of all kinds.
#![expect(clippy::wildcard_enum_match_arm, reason = "most types are alike here")]

use super::{Column, Generator, Rows};
use crate::random::expr::{Expr, Known};
use crate::random::program::{Item, Join, Pipeline, Step};
use crate::random::schema::columns_of;
use crate::random::types::{I64, Type};

/// Of what may be large on both sides, a join sees so many rows of the right.
const FEW: usize = 300;

/// No join may give more rows than this in the largest data.
const MOST: u64 = 400_000;

impl Generator {
    /// Rows for the right of a join: some columns under new names.
    fn side(&mut self, left: &Rows, limit: Option<usize>) -> (Pipeline, Rows) {
        let (mut pipeline, mut rows) = self.source();
        let limit = limit.or_else(|| left.are_large_together(&rows).then_some(FEW));
        self.scope.clone_from(&rows.columns);
        let (mut items, mut columns) = (vec![], vec![]);
        for _ in 0..2 + self.random.below(3) {
            let ty = self.some_type();
            let expr = if self.random.one_in(4) { self.firm(ty, 2) } else { self.any_column() };
            let name = self.name("r");
            columns.push(Column { name: name.clone(), ty: expr.ty, known: expr.known });
            items.push(Item { name, expr });
        }
        if self.random.one_in(3) {
            pipeline.steps.push(Step::Filter(self.condition(2)));
        }
        pipeline.steps.push(Step::Select(items));
        (rows.columns, rows.unique) = (columns, None);
        if let (Some(limit), true) = (limit, rows.ordered) {
            pipeline.steps.push(Step::Take(1, limit));
            rows.count = rows.count.min(limit as u64);
        } else if self.random.one_in(4) {
            self.group(&mut rows, &mut pipeline.steps);
        }
        (pipeline, rows)
    }

    pub(super) fn join(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let kind = self.random.pick(&["inner", "inner", "left", "left", "right", "full", "semi", "anti", "cross"]);
        if self.random.one_in(4) && !matches!(kind, "cross") {
            return self.join_using(kind, rows, steps);
        }
        // A join needs an equality, so far.
        let unequal = kind == "cross";
        if unequal && rows.count > 400 {
            return self.join_using("inner", rows, steps);
        }
        let (right, mut other) = self.side(rows, unequal.then_some(30));
        if rows.are_large_together(&other) && other.count > FEW as u64 {
            return;
        }
        if unequal && other.count > 100 {
            return;
        }
        let mut conditions = vec![];
        if kind != "cross" {
            let keys = if unequal { 0 } else { self.random.pick(&[1, 1, 1, 2, 2, 3]) };
            for _ in 0..keys {
                conditions.extend(self.equality(rows, &other));
            }
            if conditions.is_empty() {
                return self.join_using("inner", rows, steps);
            }
            if self.random.one_in(4) {
                self.scope = rows.columns.iter().chain(&other.columns).cloned().collect();
                conditions.push(self.condition(2));
            }
        }
        let keyed = conditions.iter().filter(|condition| condition.dj().contains("==")).count() > 0;
        let growth = if keyed { 8 } else { other.count };
        if !keyed && rows.count.saturating_mul(other.count) > 40_000 {
            return;
        }
        if !matches!(kind, "semi" | "anti") && rows.count.saturating_mul(growth) > 8 * MOST {
            return self.join_using("inner", rows, steps);
        }
        let nulls_equal = kind != "cross" && keyed && self.random.one_in(5);
        let conditions = if nulls_equal { plain(conditions) } else { conditions };
        if !matches!(kind, "semi" | "anti") {
            rows.ordered &= other.ordered;
            rows.columns.append(&mut other.columns);
            rows.large.append(&mut other.large);
            rows.count = rows.count.saturating_mul(growth);
            rows.unique = None;
        }
        steps.push(Step::Join(Box::new(Join { kind, right, using: vec![], conditions, nulls_equal })));
    }

    /// An equality of something of the left and something of the right.
    fn equality(&mut self, left: &Rows, right: &Rows) -> Option<Expr> {
        self.scope.clone_from(&right.columns);
        let b = self.any_column();
        if !self.scope.iter().any(|column| column.name == b.dj()) {
            return None;
        }
        let b = if self.random.one_in(5) { self.firm(b.ty, 1) } else { b };
        self.scope.clone_from(&left.columns);
        let ty = match b.ty {
            Type::Signed(_) | Type::Unsigned(_) if self.random.one_in(2) => {
                self.random.pick(&[I64, Type::Signed(32), Type::Signed(16), Type::Unsigned(32), Type::Unsigned(64)])
            }
            other => other,
        };
        let a = match self.column(ty) {
            Some(column) if !self.random.one_in(4) => column,
            _ => self.firm(ty, 2),
        };
        if !a.reads(&left.columns) || !b.reads(&right.columns) {
            return None;
        }
        let sql = if a.ty == b.ty { "($a = $b)" } else { "($a::hugeint = $b::hugeint)" };
        Some(Expr::node(Type::Bool, Known::Nothing, "$a == $b", sql, [a, b]))
    }

    /// A join on columns of equal names.
    fn join_using(&mut self, kind: &'static str, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        let mut keys: Vec<Column> = vec![];
        for _ in 0..self.random.pick(&[1, 1, 2, 3]) {
            let column = self.any_column();
            let found = self.scope.iter().find(|other| other.name == column.dj()).cloned();
            keys.extend(found.filter(|found| !keys.iter().any(|key| key.name == found.name)));
        }
        let (mut right, mut other) = self.source();
        self.scope.clone_from(&other.columns);
        let (mut items, mut columns) = (vec![], vec![]);
        for key in &keys {
            let expr = self.column(key.ty).unwrap_or_else(|| self.literal(key.ty));
            items.push(Item { name: key.name.clone(), expr });
        }
        for _ in 0..1 + self.random.below(2) {
            let (expr, name) = (self.any_column(), self.name("r"));
            columns.push(Column { name: name.clone(), ty: expr.ty, known: expr.known });
            items.push(Item { name, expr });
        }
        if keys.is_empty() {
            return;
        }
        right.steps.push(Step::Select(items));
        let using: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
        if rows.count.saturating_mul(8) > 8 * MOST || rows.are_large_together(&other) {
            // One row for each key at most, so that nothing multiplies.
            if !other.ordered {
                return;
            }
            right.steps.push(Step::Distinct(using.clone()));
            other.ordered = false;
        } else if !matches!(kind, "semi" | "anti") {
            rows.count *= 8;
        }
        if !matches!(kind, "semi" | "anti") {
            rows.ordered &= other.ordered;
            rows.columns.append(&mut columns);
            rows.large.append(&mut other.large);
            rows.unique = None;
            for column in rows.columns.iter_mut().filter(|column| using.contains(&column.name)) {
                column.known = Known::Nothing;
            }
        }
        let nulls_equal = self.random.one_in(4);
        steps.push(Step::Join(Box::new(Join { kind, right, using, conditions: vec![], nulls_equal })));
    }

    /// A table or a shared pipeline, and its rows.
    pub(super) fn source(&mut self) -> (Pipeline, Rows) {
        if !self.shared.is_empty() && self.random.one_in(4) {
            let (name, rows) = self.shared[self.random.below(self.shared.len())].clone();
            return (Pipeline { source: name, steps: vec![] }, rows);
        }
        let name = self.random.pick(&["u", "u", "w", "t"]);
        (Pipeline { source: name.to_owned(), steps: vec![] }, table_rows(name))
    }
}

/// All rows of a table.
pub(super) fn table_rows(name: &str) -> Rows {
    let columns = columns_of(name);
    let column = |column: &crate::random::schema::Column| Column {
        name: column.name.to_owned(),
        ty: column.ty,
        known: column.known,
    };
    let count = if name == "w" { 40 } else { 70_000 };
    Rows {
        columns: columns.iter().map(column).collect(),
        ordered: true,
        count,
        unique: Some(vec![columns[0].name.to_owned()]),
        large: ["t", "u"].into_iter().filter(|large| *large == name).collect(),
    }
}

/// With `nulls equal` the equalities hold of nulls too.
fn plain(conditions: Vec<Expr>) -> Vec<Expr> {
    let one = |condition: Expr| {
        if condition.is_made_by("$a == $b") {
            let sql = if condition.args[0].ty == condition.args[1].ty {
                "($a is not distinct from $b)"
            } else {
                "($a::hugeint is not distinct from $b::hugeint)"
            };
            Expr::node(Type::Bool, Known::Nothing, "$a == $b", sql, condition.args)
        } else {
            condition
        }
    };
    conditions.into_iter().map(one).collect()
}
