//! Whole programs: parameters, functions, shared pipelines, exports.

use super::joins::table_rows;
use super::{Callable, Column, Generator, Rows};
use crate::random::expr::{Expr, Known, gap};
use crate::random::program::{Function, Item, Param, Pipeline, Program, Step, Table};
use crate::random::rng::Random;
use crate::random::types::{F64, I64, TYPES, Type};

/// The program of a seed.
pub(crate) fn program(mut random: Random, declared: bool) -> Program {
    let domains = random.one_in(3);
    let tables = ["t", "u", "w"].map(|name| Table { name, declared, domains }).into();
    let program = Program { tables, params: vec![], functions: vec![], lets: vec![], exports: vec![], daring: false };
    let mut generator = Generator {
        random,
        program,
        scope: vec![],
        single: vec![],
        functions: vec![],
        filters: vec![],
        shared: vec![],
        names: 0,
        asked: 0,
    };
    generator.fill();
    generator.program
}

impl Generator {
    fn fill(&mut self) {
        for _ in 0..self.random.pick(&[0, 0, 1, 2]) {
            self.param();
        }
        for _ in 0..self.random.pick(&[0, 0, 0, 1]) {
            self.function();
        }
        for _ in 0..self.random.pick(&[0, 0, 1, 1, 2]) {
            self.shared_pipeline();
        }
        if self.random.one_in(10) {
            return self.daring_export();
        }
        for _ in 0..self.random.pick(&[1, 1, 1, 2, 3]) {
            let name = self.name("e");
            let (mut pipeline, mut rows) = self.pipeline(5);
            self.end(&mut rows, &mut pipeline.steps);
            self.program.exports.push((name, pipeline));
        }
    }

    fn param(&mut self) {
        let ty =
            self.random.pick(&[I64, Type::Text, F64, Type::Decimal(9, 2), Type::Date, Type::Bool, Type::Signed(32)]);
        // A default is written without a cast.
        let mut literal = || if ty == F64 { self.float_literal(64) } else { self.literal(ty) };
        let (default, given) = (literal(), literal());
        let name = self.name("p");
        let is_given = self.random.one_in(2);
        let value = if is_given { &given } else { &default };
        self.single.push(Expr::leaf(ty, value.known, name.clone(), value.sql()));
        let plain =
            |literal: &Expr| literal.bare.clone().unwrap_or_else(|| literal.dj()).trim_matches(['(', ')']).to_owned();
        let text = plain(&given).trim_start_matches('@').to_owned();
        let text = if ty == Type::Text { text[1..text.len() - 1].replace("\\\"", "\"") } else { text };
        self.program.params.push(Param { name, ty, default: Some(plain(&default)), given: is_given.then_some(text) });
    }

    fn function(&mut self) {
        let takes: Vec<Type> = (0..1 + self.random.below(2)).map(|_| self.random.pick(&TYPES)).collect();
        let takes: Vec<Type> = takes.into_iter().map(|ty| if ty == Type::Duration { Type::Text } else { ty }).collect();
        let filters = self.random.one_in(3);
        let gives = if filters { Type::Bool } else { self.random.pick(&[Type::Text, Type::Bool, takes[0], I64]) };
        let parameters: Vec<String> = (0..takes.len()).map(|at| format!("q{at}")).collect();
        let column = |(name, ty): (&String, &Type)| Column { name: name.clone(), ty: *ty, known: Known::Nothing };
        self.scope = parameters.iter().zip(&takes).map(column).collect();
        let body = self.about(gives, 3);
        let mut sql = body.sql().replace('$', "$$");
        for (at, parameter) in parameters.iter().enumerate() {
            sql = sql.replace(&format!("\"{parameter}\""), &gap(at));
        }
        let name = self.name("f");
        let callable = Callable { name: name.clone(), takes, gives, sql };
        if filters {
            self.filters.push(callable);
            let parameters = std::iter::once("rows".to_owned()).chain(parameters).collect();
            let body = format!("rows | filter {}", body.dj());
            self.program.functions.push(Function { name, parameters, body });
        } else {
            self.functions.push(callable);
            self.program.functions.push(Function { name, parameters, body: body.dj() });
        }
    }

    fn shared_pipeline(&mut self) {
        let name = self.name("l");
        let (mut pipeline, mut rows) = self.pipeline(3);
        if self.random.one_in(2) {
            self.scope.clone_from(&rows.columns);
            let (items, columns) = self.aggregates(rows.ordered);
            pipeline.steps.push(Step::Aggregate(items));
            for column in &columns {
                let sql = format!("(select \"{}\" from {name})", column.name);
                self.single.push(Expr::leaf(column.ty, column.known, format!("{name}.{}", column.name), sql));
            }
            rows = Rows { columns, ordered: true, count: 1, unique: Some(vec![]), large: vec![] };
        }
        // Where it is joined, its name is the joined row's.
        let is_single = rows.count == 1 && self.single.iter().any(|leaf| leaf.dj().starts_with(&format!("{name}.")));
        if !is_single {
            self.shared.push((name.clone(), rows));
        }
        self.program.lets.push((name, pipeline));
    }

    pub(super) fn pipeline(&mut self, most: usize) -> (Pipeline, Rows) {
        let shared = !self.shared.is_empty() && self.random.one_in(2);
        let (mut pipeline, mut rows) = if shared {
            let (name, rows) = self.shared[self.random.below(self.shared.len())].clone();
            (Pipeline { source: name, steps: vec![] }, rows)
        } else {
            let name = self.random.pick(&["t", "t", "t", "t", "t", "u", "u", "w"]);
            // The small table's rows may each match many of a join's other side: it counts as the large ones.
            let mut rows = Rows { count: table_rows("t").count, ..table_rows(name) };
            let mut pipeline = Pipeline { source: name.to_owned(), steps: vec![] };
            self.start(&mut rows, &mut pipeline.steps);
            (pipeline, rows)
        };
        for _ in 0..=self.random.below(most) {
            self.step(&mut rows, &mut pipeline.steps);
        }
        (pipeline, rows)
    }

    /// Some of a table's columns.
    fn start(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        let least = self.random.pick(&[5, 8, 12]);
        let mut kept = vec![];
        for (at, column) in rows.columns.drain(..).enumerate() {
            if at == 0 || self.random.below(27) < least {
                kept.push(column);
            }
        }
        let items = kept.iter().map(|c| Item { name: c.name.clone(), expr: Expr::column(&c.name, c.ty, c.known) });
        steps.push(Step::Select(items.collect()));
        rows.columns = kept;
    }

    /// What comes last: a group, a pivot, a sort, or nothing.
    fn end(&mut self, rows: &mut Rows, steps: &mut Vec<Step>) {
        self.scope.clone_from(&rows.columns);
        match self.random.below(6) {
            0 | 1 => self.group(rows, steps),
            2 => self.pivot(rows, steps),
            3 => self.sort(rows, steps),
            _ => {}
        }
    }
}
