//! Pipelines: a source and what each transform makes of it.

use super::builder::{Builder, LetState};
use super::codes;
use super::declarations::{Entity, Known};
use super::env::Env;
use super::relation::{Relation, RowBound, ScopeColumn};
use crate::plan::{Filter, Partitioning, Plan, Scan, SchemaColumn, Shard, Shared, SharedPlan, Sort};
use dj_grammar::{Diagnostic, Span, ast, nearest};

impl<'a> Builder<'a> {
    /// The relation that a pipeline computes.
    pub(super) fn pipeline(&mut self, env: &Env<'a>, pipeline: &'a ast::Pipeline) -> Relation {
        let mut relation = self.source(env, &pipeline.source);
        for transform in &pipeline.transforms {
            relation = self.transform(env, relation, transform);
        }
        relation
    }

    /// The relation that a source names.
    pub(super) fn source(&mut self, env: &Env<'a>, source: &'a ast::Source) -> Relation {
        match source {
            ast::Source::Pipeline(pipeline) => self.pipeline(env, pipeline),
            ast::Source::Name(name) => self.source_named(env, &name.node, name.span),
            ast::Source::Made { name, arguments, span } => self.made(env, name, arguments, *span),
        }
    }

    fn source_named(&mut self, env: &Env<'a>, name: &'a str, span: Span) -> Relation {
        if let Some(frame) = env {
            if let Some(pipeline) = frame.pipeline.as_ref().filter(|pipeline| pipeline.formal == name) {
                if let Some(input) = pipeline.input.take() {
                    return input;
                }
                if let Some((relation, plan)) = &pipeline.again {
                    return self.read_shared(relation.clone(), *plan, span);
                }
                return Relation::unknown(span);
            }
            if let Some(argument) = frame.argument(name) {
                if let ast::ExprKind::Name(table) = &argument.kind {
                    return self.source_named(&frame.caller, table, argument.span);
                }
                self.report(wrong_source(name, "a value", argument.span));
                return Relation::unknown(span);
            }
        }
        match self.entity(name) {
            Some(Entity::Table(index)) => self.scan(index, span),
            Some(Entity::Let(index)) => self.read_let(index, span),
            Some(Entity::Param(_)) => {
                self.report(wrong_source(name, "a parameter", span));
                Relation::unknown(span)
            }
            None => {
                self.report(self.unknown_table(name, span));
                Relation::unknown(span)
            }
        }
    }

    fn unknown_table(&self, name: &str, span: Span) -> Diagnostic {
        let declarations = self.declarations;
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TABLE, format!("unknown table `{name}`")).label(span, "");
        if let Some(export) = declarations.exports.iter().find(|export| export.name.node == name) {
            return diagnostic
                .label(export.name.span, "this is an output")
                .help(format!("to read it too, make it a `let` and export that: `export {name} = ...`"));
        }
        if matches!(name, "asc" | "desc") {
            return diagnostic.help("an order is ascending, and descending with a `-`: `sort { -a, b }`");
        }
        let tables = declarations.names.iter().filter(|(_, (entity, _))| !matches!(entity, Entity::Param(_)));
        match nearest(name, tables.map(|(known, _)| *known)) {
            Some(near) => diagnostic.help(format!("a table with a similar name exists: `{near}`")),
            None => diagnostic.help(format!("declare it: `table {name} from \"{name}.parquet\"`")),
        }
    }

    /// All rows of a table, with columns of their own.
    pub(super) fn scan(&mut self, declared: usize, span: Span) -> Relation {
        let declarations = self.declarations;
        let (table, known) = &declarations.tables[declared];
        let index = self.table_index(declared);
        let mut columns = Vec::new();
        let mut visible = Vec::new();
        for (position, column) in table.columns.iter().enumerate() {
            let field = &column.field;
            let id = self.columns.add(&field.name, field.ty, column.span);
            let column = SchemaColumn { id, ty: field.ty, nullable: field.nullable };
            columns.push((position, column));
            visible.push(ScopeColumn::new(&field.name, Some(column)));
        }
        let plan = Plan::Scan(Scan { table: index, columns, predicates: Vec::new(), span });
        let open = *known == Known::No;
        let relation = Relation { plan, columns: visible, open, rows: RowBound::Many }.qualified(&table.name);
        match declarations.sharded_by[declared] {
            [] => relation,
            keys => self.shard(&None, relation, keys, table.span),
        }
    }

    /// The rows of a `let`: its plan, if nothing else reads it, or a reference with columns of its own.
    fn read_let(&mut self, index: usize, span: Span) -> Relation {
        let binding = self.declarations.lets[index];
        let name = &binding.name.node;
        if self.is_inline(index) {
            self.lets[index] = LetState::Inlined;
            return self.pipeline(&None, &binding.pipeline).qualified(name);
        }
        match self.let_relation(index, span) {
            Some((relation, plan)) => self.read_shared(relation, plan, span).qualified(name),
            None => Relation::unknown(span),
        }
    }

    /// The rows of a shared plan, with columns of their own.
    pub(super) fn read_shared(&mut self, mut relation: Relation, plan: usize, span: Span) -> Relation {
        let mut columns = Vec::new();
        for column in &mut relation.columns {
            if let Some(schema) = &mut column.column {
                let id = self.columns.add(&column.name, schema.ty, self.columns.get(schema.id).span);
                columns.push((schema.id, SchemaColumn { id, ..*schema }));
                schema.id = id;
            }
        }
        relation.plan = Plan::Shared(Shared { plan, columns, row: None, span });
        relation
    }

    /// Makes a relation one that several others can read; its columns are just the visible ones.
    pub(super) fn share(&mut self, mut relation: Relation, name: &str, span: Span) -> (Relation, usize) {
        let schema: Vec<_> = relation.plan.schema().iter().map(|column| column.id).collect();
        let wanted: Vec<_> = relation.known().map(|(_, column)| column.id).collect();
        if schema != wanted {
            relation = self.project_visible(relation, span);
        }
        let plan = self.shared.len();
        self.shared.push(SharedPlan { name: name.to_owned(), plan: relation.plan.clone() });
        (relation, plan)
    }

    /// The relation of a `let`, analyzed once, and its index among the shared plans.
    pub(super) fn let_relation(&mut self, index: usize, span: Span) -> Option<(Relation, usize)> {
        let binding = self.declarations.lets[index];
        match &self.lets[index] {
            LetState::Shared(relation, plan) => return Some((relation.clone(), *plan)),
            LetState::Unseen | LetState::Inlined => {}
            LetState::Active => {
                let name = &binding.name.node;
                self.report(
                    Diagnostic::error(codes::RECURSION, format!("`{name}` reads itself"))
                        .label(span, "read here")
                        .label(binding.name.span, "while it is defined here"),
                );
                return None;
            }
        }
        self.lets[index] = LetState::Active;
        let calls = std::mem::take(&mut self.calls);
        let relation = self.pipeline(&None, &binding.pipeline);
        self.check_distinct_names(&relation, binding.name.span);
        self.calls = calls;
        let (relation, plan) = self.share(relation, &binding.name.node, binding.span);
        self.lets[index] = LetState::Shared(relation.clone(), plan);
        Some((relation, plan))
    }

    fn transform(&mut self, env: &Env<'a>, input: Relation, transform: &'a ast::Transform) -> Relation {
        let span = transform.span;
        match &transform.kind {
            ast::TransformKind::Filter(condition) => self.filter(env, input, condition, span),
            ast::TransformKind::Derive(items) => self.derive(env, input, items, span),
            ast::TransformKind::Select(items) => self.select(env, input, items, span),
            ast::TransformKind::Drop(names) => self.drop(env, input, names, span),
            ast::TransformKind::Rename(names) => self.rename(env, input, names, span),
            ast::TransformKind::Group { keys, aggregates } => self.group(env, input, keys, aggregates, span),
            ast::TransformKind::Aggregate(items) => self.group(env, input, &[], items, span),
            ast::TransformKind::Join(join) => self.join(env, input, join, span),
            ast::TransformKind::Sort(items) => self.sort(env, input, items, span),
            ast::TransformKind::Take(take) => self.take(env, input, take, span),
            ast::TransformKind::Distinct(keys) => self.distinct(env, input, keys.as_deref(), span),
            ast::TransformKind::SetOperation { kind, distinct, other } => {
                self.set_operation(env, input, *kind, *distinct, other, span)
            }
            ast::TransformKind::Window(window) => self.window(env, input, window, span),
            ast::TransformKind::Pivot(pivot) => self.pivot(env, input, pivot, span),
            ast::TransformKind::Unpivot { columns, name, value } => {
                self.unpivot(env, input, columns, (name, value), span)
            }
            ast::TransformKind::Assert { condition, message } => self.assert(env, input, condition, message, span),
            ast::TransformKind::Shard(keys) => self.shard(env, input, keys, span),
            ast::TransformKind::Replicate => sharded(input, Partitioning::Replicated, span),
            ast::TransformKind::Call { name, arguments } => self.inline_pipeline(env, input, name, arguments, span),
        }
    }

    fn filter(&mut self, env: &Env<'a>, input: Relation, condition: &'a ast::Expr, span: Span) -> Relation {
        let Some(predicate) = self.condition(&input.scope(env), condition) else { return input };
        let plan = Plan::Filter(Filter { input: Box::new(input.plan), predicate, span });
        Relation { plan, rows: input.rows.or_none(), ..input }
    }

    /// `shard by { keys }`
    fn shard(&mut self, env: &Env<'a>, input: Relation, keys: &'a [ast::Name], span: Span) -> Relation {
        let keys = keys.iter().filter_map(|name| self.listed_column(&input, env, name));
        let keys = keys.filter_map(|column| column.column).map(|column| column.id).collect();
        sharded(input, Partitioning::Hash(keys), span)
    }

    fn sort(&mut self, env: &Env<'a>, input: Relation, items: &'a [ast::SortItem], span: Span) -> Relation {
        let keys = self.sort_keys(env, &input, items);
        let plan = Plan::Sort(Sort { input: Box::new(input.plan), keys, span });
        Relation { plan, ..input }
    }
}

fn sharded(input: Relation, partitioning: Partitioning, span: Span) -> Relation {
    let plan = Plan::Shard(Shard { input: Box::new(input.plan), partitioning, span });
    Relation { plan, ..input }
}

fn wrong_source(name: &str, what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::WRONG_KIND_OF_NAME, format!("`{name}` is {what}, not a table"))
        .label(span, "a table belongs here")
}
