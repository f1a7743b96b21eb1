//! Transforms over the rows so far.
#![expect(clippy::wildcard_enum_match_arm, reason = "most types are alike here")]

use super::{Column, Generator, Rows};
use crate::random::expr::{Expr, Known, gap};
use crate::random::program::{Item, PivotValue, SortItem, Step};
use crate::random::types::{I64, Type};

impl Generator {
    /// Appends a transform that the rows allow.
    pub(super) fn step(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        match self.random.below(21) {
            0..=2 => {
                let condition = self.condition(3);
                steps.push(Step::Filter(condition));
            }
            3..=5 => self.derive(rows, steps),
            6 | 7 => self.join(rows, steps),
            8 => self.sort(rows, steps),
            9 => self.take(rows, steps),
            10 => self.distinct(rows, steps),
            11 => self.set(rows, steps),
            12 => self.group(rows, steps),
            13 => self.narrow(rows, steps),
            14 => self.unpivot(rows, steps),
            15 => self.replace(rows, steps),
            16 => self.apply(rows, steps),
            17 | 18 => self.window(rows, steps),
            19 => {
                let condition = self.condition(3);
                steps.push(Step::Assert { condition, holds: true });
            }
            _ => self.rename(rows, steps),
        }
    }

    pub(super) fn derive(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let mut items = vec![];
        for _ in 0..1 + self.random.below(2) {
            let ty = if self.random.one_in(4) { Type::Text } else { self.some_type() };
            let expr = if self.random.one_in(3) { self.expr(ty, 3) } else { self.about(ty, 3) };
            let column = Column { name: self.name("c"), ty: expr.ty, known: expr.known };
            items.push(Item { name: column.name.clone(), expr });
            rows.columns.push(column.clone());
            self.scope.push(column);
        }
        steps.push(Step::Derive(items));
    }

    fn replace(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let at = self.random.below(rows.columns.len());
        let ty = if self.random.one_in(2) { rows.columns[at].ty } else { self.some_type() };
        let expr = self.about(ty, 2);
        let name = rows.columns[at].name.clone();
        rows.columns[at] = Column { name: name.clone(), ty, known: expr.known };
        rows.unique = rows.unique.take().filter(|names| !names.contains(&name));
        steps.push(Step::Replace(Item { name, expr }));
    }

    /// A call of a function that filters.
    fn apply(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        if self.filters.is_empty() {
            return self.derive(rows, steps);
        }
        let at = self.random.below(self.filters.len());
        let function = self.filters[at].clone();
        let args: Vec<Expr> = function.takes.iter().map(|ty| self.about(*ty, 1)).collect();
        let gaps: Vec<String> = (0..args.len()).map(gap).collect();
        let dj = format!("{}({})", function.name, gaps.join(", "));
        steps.push(Step::Apply(Expr::node(Type::Bool, Known::Nothing, dj, function.sql, args)));
    }

    pub(super) fn sort(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let mut items = vec![];
        for _ in 0..1 + self.random.below(2) {
            let ty = self.some_type();
            let expr = if self.random.one_in(3) { self.about(ty, 2) } else { self.any_column() };
            let (descending, nulls_first) = (self.random.one_in(2), self.random.one_in(4));
            items.push(SortItem { expr, descending, nulls_first });
        }
        let mut total = false;
        if let (false, Some(unique)) = (rows.ordered, &rows.unique) {
            for name in unique {
                let Some(column) = rows.columns.iter().find(|column| column.name == *name) else { return };
                let expr = Expr::column(name, column.ty, column.known);
                items.push(SortItem { expr, descending: false, nulls_first: false });
            }
            (total, rows.ordered) = (true, true);
        }
        // A literal is no item of a sort.
        items.retain(|item| !item.expr.args.is_empty() || rows.columns.iter().any(|c| c.name == item.expr.dj()));
        if !items.is_empty() {
            steps.push(Step::Sort { items, total });
        }
    }

    /// A column that sorts, groups and compares may use.
    pub(super) fn any_column(&mut self) -> Expr {
        let firm: Vec<_> = self.scope.iter().filter(|column| column.known != Known::Rough).cloned().collect();
        if firm.is_empty() {
            return self.literal(I64);
        }
        let column = &firm[self.random.below(firm.len())];
        Expr::column(&column.name, column.ty, column.known)
    }

    fn take(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        if !rows.ordered {
            return self.sort(rows, steps);
        }
        let first = if self.random.one_in(3) { 1 + self.random.below(30) } else { 1 };
        let most = self.random.pick(&[40, 40, 40, 40, 5000]);
        let last = first + self.random.below(most);
        rows.count = rows.count.min((last + 1 - first) as u64);
        steps.push(Step::Take(first, last));
    }

    fn distinct(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        if rows.ordered && self.random.one_in(2) {
            let keys: Vec<String> = self.key_names(2);
            if !keys.is_empty() {
                rows.ordered = false;
                rows.unique = Some(keys.clone());
                return steps.push(Step::Distinct(keys));
            }
        }
        self.narrow(rows, steps);
        rows.ordered = false;
        rows.unique = Some(rows.columns.iter().map(|column| column.name.clone()).collect());
        steps.push(Step::Distinct(vec![]));
    }

    /// Names of one to `most` columns.
    pub(super) fn key_names(&mut self, most: usize) -> Vec<String> {
        let mut names: Vec<String> = vec![];
        for _ in 0..1 + self.random.below(most) {
            let column = self.any_column();
            let name = column.dj();
            if self.scope.iter().any(|column| column.name == name) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// A selection of firm columns, some of them computed.
    pub(super) fn narrow(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        let (mut items, mut columns) = (vec![], vec![]);
        for _ in 0..1 + self.random.below(3) {
            let ty = self.some_type();
            let expr = if self.random.one_in(3) { self.about(ty, 2) } else { self.any_column() };
            let own = expr.dj();
            let taken = items.iter().any(|item: &Item| item.name == own);
            let name = if self.scope.iter().any(|column| column.name == own) && !taken { own } else { self.name("e") };
            columns.push(Column { name: name.clone(), ty: expr.ty, known: expr.known });
            items.push(Item { name, expr });
        }
        rows.columns = columns;
        rows.unique = None;
        steps.push(Step::Select(items));
    }

    pub(super) fn group(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        let (items, mut columns) = self.aggregates(rows.ordered);
        let (mut keys, mut named) = (vec![], vec![]);
        for _ in 0..self.random.pick(&[0, 1, 1, 1, 2, 2, 3]) {
            let ty = self.some_type();
            let expr = if self.random.one_in(2) { self.any_column() } else { self.about(ty, 2) };
            if expr.args.is_empty() && !self.scope.iter().any(|column| column.name == expr.dj()) {
                continue;
            }
            let own = expr.dj();
            let free =
                self.scope.iter().any(|column| column.name == own) && !named.iter().any(|c: &Column| c.name == own);
            let name = if free { own } else { self.name("g") };
            named.push(Column { name: name.clone(), ty: expr.ty, known: expr.known });
            keys.push(Item { name, expr });
        }
        let names: Vec<String> = named.iter().map(|column| column.name.clone()).collect();
        named.append(&mut columns);
        rows.columns = named;
        if keys.is_empty() {
            (rows.ordered, rows.count, rows.unique) = (true, 1, Some(vec![]));
            return steps.push(Step::Aggregate(items));
        }
        (rows.ordered, rows.unique) = (false, Some(names));
        steps.push(Step::Group { keys, items });
    }

    fn rename(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let at = self.random.below(rows.columns.len());
        let old = rows.columns[at].name.clone();
        if self.random.one_in(2) && rows.columns.len() > 2 {
            rows.columns.remove(at);
            rows.unique = rows.unique.take().filter(|names| !names.contains(&old));
            return steps.push(Step::Drop(vec![old]));
        }
        let new = self.name("r");
        rows.columns[at].name.clone_from(&new);
        for name in rows.unique.iter_mut().flatten().filter(|name| **name == old) {
            name.clone_from(&new);
        }
        steps.push(Step::Rename(vec![(new, old)]));
    }

    fn unpivot(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let ty = self.some_type();
        let mut columns: Vec<Column> = rows.columns.iter().filter(|column| column.ty == ty).cloned().collect();
        columns.truncate(3);
        if columns.len() < 2 {
            return self.derive(rows, steps);
        }
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let known = columns.iter().map(|column| column.known).reduce(|a, b| if a == b { a } else { Known::Nothing });
        let rough = columns.iter().any(|column| column.known == Known::Rough);
        let known = if rough { Known::Rough } else { known.unwrap_or(Known::Nothing) };
        rows.columns.retain(|column| !names.contains(&column.name));
        let (name, value) = (self.name("n"), self.name("u"));
        rows.columns.push(Column { name: name.clone(), ty: Type::Text, known: Known::Nothing });
        rows.columns.push(Column { name: value.clone(), ty, known });
        rows.unique = None;
        rows.count *= names.len() as u64;
        steps.push(Step::Unpivot { columns: names, ty, name, value });
    }

    /// Ends rows in a pivot; its columns' names are no names in general.
    pub(super) fn pivot(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        let ty = self.random.pick(&[Type::Text, Type::Signed(32), Type::Bool, Type::Signed(16)]);
        let Some(on) = self.column(ty) else { return self.group(rows, steps) };
        let by: Vec<String> = self.key_names(2).into_iter().filter(|name| *name != on.dj() && name != "b").collect();
        let mut values: Vec<PivotValue> = vec![];
        for _ in 0..1 + self.random.below(3) {
            let name = match ty {
                // DuckDB renames columns that differ in case only.
                Type::Text => self.random.pick(&["a", "B", "x", "v1"]),
                Type::Bool => self.random.pick(&["true", "false"]),
                _ => self.random.pick(&["0", "1", "2", "4"]),
            };
            let (dj, sql) = if ty == Type::Text {
                (format!("\"{name}\""), format!("'{name}'"))
            } else {
                (name.to_owned(), name.to_owned())
            };
            let alike = |other: &String| other.eq_ignore_ascii_case(name);
            if !values.iter().any(|value| alike(&value.name)) && !by.iter().any(alike) {
                values.push(PivotValue { literal: Expr::leaf(ty, Known::Nothing, dj, sql), name: name.to_owned() });
            }
        }
        let value = self.plain_aggregate();
        let column = |name: &String| rows.columns.iter().find(|column| column.name == *name).cloned();
        rows.columns = by.iter().filter_map(column).collect();
        (rows.ordered, rows.unique) = (by.is_empty(), Some(by.clone()));
        steps.push(Step::Pivot { by, on: on.dj(), values, name: "value".to_owned(), value });
    }
}
