//! Windows: of whole partitions, of peers, and of rows; and the first rows of each key.

use super::{Column, Generator, Rows};
use crate::random::expr::{Expr, Known};
use crate::random::program::{Frame, Item, SortItem, Step};
use crate::random::types::{F64, I64, Type};

/// No data has more rows than this after joins.
const MOST_ROWS: i128 = 2_000_000;

impl Generator {
    pub(super) fn window(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let by = if self.random.one_in(4) { vec![] } else { self.key_names(2) };
        let kinds = if rows.ordered { 3 } else { 2 };
        let kind = self.random.below(kinds);
        let sort = match kind {
            0 => vec![],
            1 => self.window_order(1),
            _ if !by.is_empty() && self.random.one_in(5) => {
                let first = if self.random.one_in(4) { 2 } else { 1 };
                let last = first + self.random.below(3);
                let sort = self.window_order(2);
                return steps.push(Step::TakeBy { by, sort, first, last });
            }
            _ if self.random.one_in(3) => vec![],
            _ => self.window_order(2),
        };
        // Windows of the same rows in the same order follow each other.
        loop {
            let step = match kind {
                0 => {
                    let (by, items) = (by.clone(), self.window_aggregates());
                    Step::Window { by, sort: vec![], frame: Frame::None, by_rows: false, items }
                }
                1 => self.of_peers(by.clone(), sort.clone()),
                _ => self.of_rows(by.clone(), sort.clone()),
            };
            let Step::Window { items, .. } = &step else { return };
            let column = |item: &Item| Column { name: item.name.clone(), ty: item.expr.ty, known: item.expr.known };
            rows.columns.extend(items.iter().map(column));
            steps.push(step);
            if !self.random.one_in(3) {
                return;
            }
            self.scope.clone_from(&rows.columns);
            match self.random.below(3) {
                0 => {
                    let condition = self.condition(2);
                    steps.push(Step::Filter(condition));
                }
                1 => self.derive(rows, steps),
                _ => {}
            }
            self.scope.clone_from(&rows.columns);
        }
    }

    /// Columns to order by.
    fn window_order(&mut self, most: usize) -> Vec<SortItem> {
        let mut items: Vec<SortItem> = vec![];
        for name in self.key_names(most) {
            let Some(column) = self.scope.iter().find(|column| column.name == name).cloned() else { continue };
            let (descending, nulls_first) = (self.random.one_in(2), self.random.one_in(4));
            let expr = Expr::column(&name, column.ty, column.known);
            items.push(SortItem { expr, descending, nulls_first });
        }
        items
    }

    fn window_aggregates(&mut self) -> Vec<Item> {
        let count = 1 + self.random.below(3);
        (0..count).map(|_| Item { name: self.name("w"), expr: self.aggregate_over() }).collect()
    }

    /// What equal keys have in common; frames by distance.
    fn of_peers(&mut self, by: Vec<String>, sort: Vec<SortItem>) -> Step {
        let ty = sort.first().map(|item| item.expr.ty);
        let measured = ty.is_some_and(|ty| matches!(ty, Type::Signed(_) | Type::Date | Type::Timestamp));
        let mut frame = Frame::None;
        if measured && self.random.one_in(2) {
            let unit = match ty {
                Some(Type::Date) => ("d", "day"),
                Some(Type::Timestamp) => self.random.pick(&[("h", "hour"), ("d", "day")]),
                _ => ("", ""),
            };
            let mut ends = [self.random.below(9) as i64 - 5, self.random.below(9) as i64 - 3];
            ends.sort_unstable();
            frame = Frame::Range { unit, start: self.frame_end(ends[0]), end: self.frame_end(ends[1]) };
        }
        let count = 1 + self.random.below(3);
        let items = (0..count).map(|_| {
            let whole = |dj: &str, known| (I64, known, dj.to_owned());
            let ranked = Known::Range(1, MOST_ROWS);
            let expr = match self.random.below(6) {
                0 => Some(whole("rank()", ranked)),
                1 => Some(whole("dense_rank()", ranked)),
                2 => Some((F64, Known::Rough, self.random.pick(&["percent_rank()", "cume_dist()"]).to_owned())),
                _ => None,
            };
            let expr = match expr {
                Some((ty, known, call)) => Expr::node(ty, known, call.clone(), format!("({call} over w)"), []),
                None => self.aggregate_over(),
            };
            Item { name: self.name("w"), expr }
        });
        let items = items.collect();
        Step::Window { by, sort, frame, by_rows: false, items }
    }

    fn frame_end(&mut self, distance: i64) -> Option<i64> {
        (!self.random.one_in(4)).then_some(distance)
    }

    /// What depends on the place of each row.
    fn of_rows(&mut self, by: Vec<String>, sort: Vec<SortItem>) -> Step {
        let mut ends = [self.random.below(9) as i64 - 5, self.random.below(9) as i64 - 3];
        ends.sort_unstable();
        let frame = Frame::Rows { start: self.frame_end(ends[0]), end: self.frame_end(ends[1]) };
        let count = 1 + self.random.below(3);
        let items = (0..count).map(|_| Item { name: self.name("w"), expr: self.of_row() }).collect();
        Step::Window { by, sort, frame, by_rows: true, items }
    }

    fn of_row(&mut self) -> Expr {
        let ty = self.some_type();
        match self.random.below(8) {
            0 => {
                let known = Known::Range(1, MOST_ROWS);
                Expr::node(I64, known, "row_number()", "(row_number() over w)", [])
            }
            1 => {
                let parts = 1 + self.random.below(5);
                let known = Known::Range(1, 5);
                Expr::node(I64, known, format!("ntile({parts})"), format!("(ntile({parts}) over w)"), [])
            }
            2 | 3 => {
                let value = self.firm(ty, 2);
                let (name, by) = (self.random.pick(&["lag", "lead"]), self.random.below(4));
                if value.bare.is_some() {
                    return self.aggregate_over();
                }
                if self.random.one_in(2) {
                    let dj = format!("{name}($a, {by})");
                    return Expr::node(ty, value.known, dj.clone(), format!("({dj} over w)"), [value]);
                }
                let default = self.firm(ty, 1);
                let known = if value.known == default.known { value.known } else { Known::Nothing };
                let known = if matches!(ty, Type::Float(_)) && known == Known::Nothing { Known::Rough } else { known };
                let dj = format!("{name}($a, {by}, $b)");
                Expr::node(ty, known, dj.clone(), format!("({dj} over w)"), [value, default])
            }
            4 => {
                let value = self.firm(ty, 2);
                let (dj, sql) =
                    self.random.pick(&[("first($a)", "first_value($a)"), ("last_value($a)", "last_value($a)")]);
                Expr::node(ty, value.known, dj, format!("({sql} over w)"), [value])
            }
            _ => self.aggregate_over(),
        }
    }
}
