//! `union`, `intersect` and `except`.

use super::values::either;
use super::{Generator, Rows};
use crate::random::expr::{Expr, Known};
use crate::random::program::{Item, Step};

impl Generator {
    pub(super) fn set(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let kind = self.random.pick(&["union", "union", "union distinct", "intersect", "except"]);
        if kind != "union" {
            self.narrow(rows, steps);
        } else if rows.count > 400_000 {
            return;
        }
        let columns = rows.columns.clone();
        let (mut right, mut other) = self.source();
        self.scope.clone_from(&other.columns);
        let mut items = vec![];
        for column in &columns {
            let deep = usize::from(self.random.one_in(3));
            let expr = match self.column(column.ty) {
                Some(same) if deep == 0 => same,
                _ if kind == "union" => self.expr(column.ty, deep),
                _ => self.firm(column.ty, deep),
            };
            items.push(Item { name: column.name.clone(), expr });
        }
        for (column, item) in rows.columns.iter_mut().zip(&items) {
            let own = Expr::column(&column.name, column.ty, column.known);
            column.known = if kind == "union" { either(&[own, item.expr.clone()]) } else { Known::Nothing };
        }
        right.steps.push(Step::Select(items));
        other.columns.clone_from(&columns);
        if kind == "union" {
            (rows.ordered, rows.unique) = (rows.ordered && other.ordered, None);
            rows.count += other.count;
            rows.large.append(&mut other.large);
        } else {
            let names = rows.columns.iter().map(|column| column.name.clone()).collect();
            (rows.ordered, rows.unique) = (false, Some(names));
        }
        steps.push(Step::Set { kind, right });
    }
}
