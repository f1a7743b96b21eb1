//! What names stand for: columns, arguments, parameters, and cells of one-row tables.

use super::builder::Builder;
use super::codes;
use super::declarations::{Entity, Known};
use super::env::{Env, Frame};
use super::relation::{Relation, RowBound, Scope, ScopeColumn};
use super::tables::{FileColumn, LeftOut};
use super::values::Value;
use crate::plan::SchemaColumn;
use dj_grammar::{Diagnostic, Span, ast, nearest, spell_name};
use dj_runtime::expr::{Expr, ExprKind};
use dj_runtime::io::IoErrorKind;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What looking a name up among columns gives.
pub(super) enum Found<'s> {
    /// The only column of this name; `None` if an error hides its type.
    One(&'s ScopeColumn),
    /// Several.
    Several(Vec<&'s ScopeColumn>),
    /// None.
    Nothing,
}

/// Looks a name up, with what stands before the dot.
pub(super) fn find<'s>(columns: &'s [ScopeColumn], qualifier: Option<&str>, name: &str) -> Found<'s> {
    let named = columns.iter().filter(|column| column.name == name);
    let matching: Vec<_> = named.filter(|column| qualifier.is_none_or(|text| column.goes_by(text))).collect();
    match matching.as_slice() {
        [] => Found::Nothing,
        [one] => Found::One(one),
        _ => Found::Several(matching),
    }
}

impl<'a> Builder<'a> {
    /// The value of a plain name.
    pub(super) fn name(&mut self, scope: &Scope<'_, 'a>, name: &'a str, span: Span) -> Option<Value> {
        if let Some(frame) = scope.env
            && let Some(argument) = frame.argument(name)
        {
            return self.argument(scope, frame, argument);
        }
        let columns = self.body_columns(scope);
        match find(columns, None, name) {
            Found::One(column) => {
                if let Some(Entity::Param(_)) = self.entity(name) {
                    self.report(column_and_param(name, span));
                    return None;
                }
                return column.column.map(|column| Self::column(column, span));
            }
            Found::Several(matching) => {
                self.report(ambiguous(name, span, &matching));
                return None;
            }
            Found::Nothing => {}
        }
        match self.entity(name) {
            Some(Entity::Param(index)) => self.param(index, span),
            Some(Entity::Table(_) | Entity::Let(_)) if !scope.open => {
                self.report(
                    Diagnostic::error(codes::WRONG_KIND_OF_NAME, format!("`{name}` is a table, not a value"))
                        .label(span, "a value belongs here")
                        .help(format!("a value of a one-row table is written `{name}.column`")),
                );
                None
            }
            Some(Entity::Table(_) | Entity::Let(_)) => None,
            None if scope.open => None,
            None => {
                self.unknown_column(scope, name, span);
                None
            }
        }
    }

    /// What a name of the file stands for.
    pub(super) fn entity(&self, name: &str) -> Option<Entity> {
        self.declarations.names.get(name).map(|(entity, _)| *entity)
    }

    /// The columns that a body sees: none in the body of an expression function, which reads its arguments.
    fn body_columns<'s>(&self, scope: &Scope<'s, 'a>) -> &'s [ScopeColumn] {
        match scope.env {
            Some(frame) if frame.pipeline.is_none() => &[],
            Some(_) | None => scope.columns,
        }
    }

    /// An argument, analyzed where the function is called.
    fn argument(&mut self, scope: &Scope<'_, 'a>, frame: &Rc<Frame<'a>>, argument: &'a ast::Expr) -> Option<Value> {
        let inner = self.calls.split_off(frame.depth.min(self.calls.len()));
        let outer = std::mem::replace(&mut self.in_argument, true);
        let value = match &frame.pipeline {
            None => {
                let scope = Scope { env: &frame.caller, ..*scope };
                self.expr(&scope, argument)
            }
            Some(pipeline) => {
                // An outer join of the body may have left nulls in a column since the call.
                let current = |column: &ScopeColumn| {
                    let now = |other: &ScopeColumn| {
                        other.column.filter(|other| Some(other.id) == column.column.map(|it| it.id))
                    };
                    let now = scope.columns.iter().find_map(now);
                    ScopeColumn { column: now.or(column.column), ..column.clone() }
                };
                let columns: Vec<_> = pipeline.columns.iter().map(current).collect();
                let columns = Scope {
                    columns: &columns,
                    open: pipeline.open,
                    env: &frame.caller,
                    grouping: None,
                    windowing: None,
                };
                self.expr(&columns, argument)
            }
        };
        self.calls.extend(inner);
        self.in_argument = outer;
        let value = value?;
        if frame.pipeline.is_some() {
            let gone = value.expr.columns().into_iter().find(|id| {
                let has = |column: &ScopeColumn| column.column.is_some_and(|column| column.id == *id);
                !scope.open && !scope.columns.iter().any(has)
            });
            if let Some(id) = gone {
                let name = self.columns.get(id).name.clone();
                self.report(
                    Diagnostic::error(
                        codes::COLUMN_GONE,
                        format!("the argument reads `{name}`, which is not there any more"),
                    )
                    .label(argument.span, "this argument")
                    .help("the function reads it after a transform that drops the column"),
                );
                return None;
            }
        }
        Some(value)
    }

    /// The value of `qualifier.name`.
    pub(super) fn qualified(
        &mut self,
        scope: &Scope<'_, 'a>,
        qualifier: &'a ast::Name,
        name: &'a ast::Name,
    ) -> Option<Value> {
        let span = qualifier.span.to(name.span);
        let columns = self.body_columns(scope);
        match find(columns, Some(&qualifier.node), &name.node) {
            Found::One(column) => return column.column.map(|column| Self::column(column, span)),
            Found::Several(matching) => {
                self.report(ambiguous(&name.node, span, &matching));
                return None;
            }
            Found::Nothing => {}
        }
        if columns.iter().any(|column| column.goes_by(&qualifier.node)) {
            if !scope.open {
                let of_table: Vec<_> = columns.iter().filter(|column| column.goes_by(&qualifier.node)).collect();
                let near = nearest(&name.node, of_table.iter().map(|column| column.name.as_str()));
                let mut diagnostic = Diagnostic::error(
                    codes::UNKNOWN_COLUMN,
                    format!("`{}` has no column `{}`", qualifier.node, name.node),
                )
                .label(name.span, "no such column");
                if let Some(near) = near {
                    diagnostic = diagnostic.help(format!("a column with a similar name exists: `{near}`"));
                }
                self.report(diagnostic);
            }
            return None;
        }
        match self.entity(&qualifier.node) {
            Some(Entity::Let(index)) => self.cell(index, qualifier, name),
            Some(Entity::Table(_)) if scope.open => None,
            Some(Entity::Table(_)) => {
                self.report(not_joined(&qualifier.node, qualifier.span));
                None
            }
            Some(Entity::Param(_)) | None if scope.open => None,
            Some(Entity::Param(_)) | None => {
                self.unknown_qualifier(columns, qualifier);
                None
            }
        }
    }

    fn unknown_qualifier(&mut self, columns: &[ScopeColumn], qualifier: &ast::Name) {
        let mut known: Vec<&str> = Vec::new();
        for column in columns {
            known.extend(
                column.qualifiers.iter().map(String::as_str).filter(|text| *text != "left" && *text != "right"),
            );
        }
        known.sort_unstable();
        known.dedup();
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_QUALIFIER, format!("nothing here is called `{}`", qualifier.node))
                .label(qualifier.span, "no table of this pipeline");
        if let Some(near) = nearest(&qualifier.node, known.iter().copied()) {
            diagnostic = diagnostic.help(format!("a table with a similar name is: `{near}`"));
        } else if !known.is_empty() {
            diagnostic = diagnostic.help(format!("columns here go by {}", listed(&known)));
        }
        self.report(diagnostic);
    }

    fn column(column: SchemaColumn, span: Span) -> Value {
        Value::typed(Expr::column(column.id, column.ty, column.nullable, span))
    }

    fn param(&self, index: usize, span: Span) -> Option<Value> {
        let (param, known) = &self.declarations.params[index];
        let (ty, nullable) = (param.field.ty, param.field.nullable);
        (*known == Known::Yes).then(|| Value::typed(Expr { kind: ExprKind::Param(index), ty, nullable, span }))
    }

    /// `total.amount`: a column of the only row of a `let`.
    fn cell(&mut self, index: usize, qualifier: &ast::Name, name: &ast::Name) -> Option<Value> {
        let span = qualifier.span.to(name.span);
        let (relation, plan) = self.let_relation(index, qualifier.span)?;
        if relation.rows == RowBound::Many {
            if !relation.open {
                self.report(
                    Diagnostic::error(codes::NOT_ONE_ROW, format!("`{}` may have several rows", qualifier.node))
                        .label(span, "only a one-row table has a value for a column")
                        .help("end it with `aggregate { ... }` or `take 1`")
                        .help(format!("to read it row by row, join it: `| join {} on ...`", qualifier.node)),
                );
            }
            return None;
        }
        match find(&relation.columns, None, &name.node) {
            Found::One(found) => {
                let column = found.column?;
                let nullable = column.nullable || relation.rows != RowBound::One;
                let kind = ExprKind::Cell { plan, column: column.id };
                Some(Value::typed(Expr { kind, ty: column.ty, nullable, span }))
            }
            Found::Several(_) => None,
            Found::Nothing => {
                let env = None;
                let scope = relation.scope(&env);
                if !scope.open {
                    self.unknown_column(&scope, &name.node, name.span);
                }
                None
            }
        }
    }

    /// Says that there is no such column; in a group, whether it is one of the rows.
    pub(super) fn unknown_column(&mut self, scope: &Scope<'_, 'a>, name: &str, span: Span) {
        if self.is_full() {
            return;
        }
        if let Some(grouping) = scope.grouping
            && grouping.rows.iter().any(|column| column.name == name)
        {
            self.report(
                Diagnostic::error(codes::NOT_GROUPED, format!("`{name}` is neither a key nor in an aggregate"))
                    .label(span, "a group has many values of it")
                    .help(format!("aggregate it, as in `min({name})` or `sum({name})`"))
                    .help("or make it a key of the group"),
            );
            return;
        }
        if let Some(problem) = self.left_out_of(self.body_columns(scope), name, span) {
            self.report(problem);
            return;
        }
        let columns = self.body_columns(scope);
        let mut candidates: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        if let Some(frame) = scope.env {
            candidates.extend(frame.arguments.iter().map(|(formal, _)| *formal));
        }
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_COLUMN, format!("unknown column `{name}`")).label(span, "");
        let near_param = || {
            let named = self.declarations.params.iter().map(|(param, _)| param.field.name.as_str());
            nearest(name, named)
        };
        if let Some(near) = nearest(name, candidates.iter().copied()) {
            diagnostic = diagnostic.help(format!("a column with a similar name exists: `{near}`"));
        } else if let Some(near) = near_param() {
            diagnostic = diagnostic.help(format!("a parameter with a similar name exists: `{near}`"));
        } else if matches!(scope.env, Some(frame) if frame.pipeline.is_none()) {
            diagnostic = diagnostic.help("the body of a function reads its arguments and parameters only");
        } else if candidates.is_empty() {
            diagnostic = diagnostic.help("no columns can be read here");
        } else {
            diagnostic = diagnostic.help(format!("there are {}", listed(&candidates)));
        }
        self.report(diagnostic);
    }

    /// That the file of a table that is read has the column, and the table has not; `None` if there is no such file.
    pub(super) fn left_out_of(&self, columns: &[ScopeColumn], name: &str, span: Span) -> Option<Diagnostic> {
        let here = |column: &&FileColumn| {
            let read_here = || columns.iter().any(|other| other.goes_by(&column.table));
            column.column == name && (matches!(column.why, LeftOut::NoSuchType(_)) || read_here())
        };
        self.declarations.left_out.iter().find(here).map(|column| left_out(column, span))
    }

    /// A column that a list names, as `drop` and `distinct` do; an argument may stand for it.
    pub(super) fn listed_column(
        &mut self,
        relation: &Relation,
        env: &Env<'a>,
        name: &'a ast::Name,
    ) -> Option<ScopeColumn> {
        if let Some(frame) = env
            && let Some(argument) = frame.argument(&name.node)
        {
            let value = self.argument(&relation.scope(env), frame, argument)?;
            let id = value.expr.as_column();
            let same = |column: &&ScopeColumn| column.column.map(|column| column.id) == id && id.is_some();
            if let Some(column) = relation.columns.iter().find(same) {
                return Some(column.clone());
            }
            self.report(
                Diagnostic::error(codes::WRONG_KIND_OF_NAME, format!("`{}` must stand for a column", name.node))
                    .label(argument.span, "this is not the name of a column"),
            );
            return None;
        }
        match find(&relation.columns, None, &name.node) {
            Found::One(column) => Some(column.clone()),
            Found::Several(matching) => {
                self.report(ambiguous(&name.node, name.span, &matching));
                None
            }
            Found::Nothing => {
                if !relation.open {
                    self.unknown_column(&relation.scope(env), &name.node, name.span);
                }
                None
            }
        }
    }

    /// Says so if two visible columns have one name.
    pub(super) fn check_distinct_names(&mut self, relation: &Relation, span: Span) {
        let (mut seen, mut repeated) = (BTreeSet::new(), Vec::new());
        for column in &relation.columns {
            let name = column.name.as_str();
            if !seen.insert(name) && !repeated.contains(&name) {
                repeated.push(name);
            }
        }
        let Some(name) = repeated.first().copied() else { return };
        let same: Vec<_> = relation.columns.iter().filter(|column| column.name == name).collect();
        let message = match repeated.len() {
            1 => format!("the result has {} columns named `{name}`", same.len()),
            _ => format!("the result has several columns of one name: {}", listed(&repeated)),
        };
        let diagnostic = Diagnostic::error(codes::DUPLICATE_COLUMN, message).label(span, "of this pipeline");
        let diagnostic = how_to_tell_apart(diagnostic, name, &same);
        self.report(diagnostic);
    }
}

/// A column that the table's file has and the table has not.
fn left_out(column: &FileColumn, span: Span) -> Diagnostic {
    let (name, table) = (&column.column, &column.table);
    match &column.why {
        LeftOut::NoSuchType(why) if why == dj_runtime::io::SAME_NAME => {
            let message = format!("several columns of the file are called `{name}`");
            Diagnostic::error(IoErrorKind::WrongType.code(), message)
                .label(span, format!("the table `{table}` leaves them out"))
                .help("give them different names in the file")
        }
        LeftOut::NoSuchType(ty) => {
            let message = format!("`{name}` has a type that DJ does not read: {}", ty.replace('\n', " "));
            Diagnostic::error(IoErrorKind::WrongType.code(), message)
                .label(span, format!("the table `{table}` leaves it out"))
                .help("write it to the file as another type")
        }
        LeftOut::NotDeclared(field) => {
            let spelled = spell_name(name);
            let mark = if field.nullable { "?" } else { "" };
            Diagnostic::error(codes::UNKNOWN_COLUMN, format!("unknown column `{name}`"))
                .label(span, format!("the file of `{table}` has it, and the table does not declare it"))
                .help(format!("declare it: `{spelled}: {}{mark}`", field.ty))
                .help(format!(
                    "or end the list with `..`, which reads all other columns too: `table {table} {{ ..., .. }}`"
                ))
        }
    }
}

fn column_and_param(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::AMBIGUOUS_NAME, format!("`{name}` is a column and a parameter"))
        .label(span, "either may be meant")
        .help("give the parameter another name, or rename the column")
}

fn not_joined(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_QUALIFIER, format!("`{name}` is not part of this pipeline"))
        .label(span, "a table that was not joined")
        .help(format!("to read it row by row, join it: `| join {name} on ...`"))
        .help("to read a value of its only row, give the table a name first: `let one = ... | take 1`")
}

fn ambiguous(name: &str, span: Span, matching: &[&ScopeColumn]) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::AMBIGUOUS_NAME, format!("`{name}` may be one of several columns"))
        .label(span, format!("{} columns have this name", matching.len()));
    how_to_tell_apart(diagnostic, name, matching)
}

fn how_to_tell_apart(diagnostic: Diagnostic, name: &str, matching: &[&ScopeColumn]) -> Diagnostic {
    let own = |column: &&ScopeColumn| column.qualifiers.iter().rev().map(|text| format!("{text}.{name}")).next();
    let mut written: Vec<String> = matching.iter().filter_map(own).collect();
    written.dedup();
    if written.len() == matching.len() {
        let quoted: Vec<String> = written.iter().map(|text| format!("`{text}`")).collect();
        let last = &written[written.len() - 1];
        return diagnostic
            .help(format!("write {}", quoted.join(" or ")))
            .help(format!("or select what is needed under other names: `select {{ a, b, other_{name} = {last} }}`"));
    }
    diagnostic
        .help(format!("rename or drop one before the join: `(table | rename {{ other_{name} = {name} }})`"))
        .help("or give the joined table a name: `join table as other on ...`")
}

/// Names for a message: all of a few, some of many.
pub(super) fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 8 { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}
