//! `pivot` and `unpivot`, in terms of the operators that the plan has.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::grouping::{Items, pass};
use super::relation::{Relation, RowBound, ScopeColumn};
use super::types::widen;
use super::values::{Value, cast_to};
use crate::plan::{NamedExpr, Plan, Project, SchemaColumn, Union};
use dj_grammar::{Diagnostic, Span, ast, spell_name};
use dj_runtime::expr::{CompareOp, Expr, Scalar};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    /// `pivot { by { k }, on col in { "a", "b" }, value = sum(x) }`: a group whose items count only the rows of one value
    /// each, and are named by it.
    pub(super) fn pivot(&mut self, env: &Env<'a>, input: Relation, pivot: &'a ast::Pivot, span: Span) -> Relation {
        let on = self.listed_column(&input, env, &pivot.on);
        let (input, keys) = self.keys(env, input, &pivot.by, span);
        let Some(on) = on.and_then(|column| column.column) else { return Relation::unknown(span) };
        let key_names: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
        let mut items = Items::new(&input, keys);
        let mut named: Vec<(String, Span)> = Vec::new();
        let labels = pivot.items.iter().map(|item| self.item_name(env, item)).collect::<Option<Vec<_>>>();
        let Some(labels) = labels else { return Relation::unknown(span) };
        for value in &pivot.values {
            let Some((name, scalar)) = self.pivot_value(env, &input, value) else { continue };
            if let Some((_, first)) = named.iter().find(|(other, _)| *other == name) {
                let problem = Diagnostic::error(codes::DUPLICATE_COLUMN, format!("the value `{name}` is listed twice"))
                    .label(value.span, "listed again here")
                    .label(*first, "first listed here");
                self.report(problem.help("remove one: every value of the list becomes a column"));
                continue;
            }
            named.push((name.clone(), value.span));
            let column = Value::typed(Expr::column(on.id, on.ty, on.nullable, pivot.on.span));
            let Some(only) = self.compare(CompareOp::Equal, column, scalar, value.span) else { continue };
            items.grouping.only = Some(only.expr);
            for (label, item) in labels.iter().zip(&pivot.items) {
                // One value of each is named by what it is of.
                let name = if labels.len() == 1 { name.clone() } else { format!("{name}_{label}") };
                if key_names.contains(&name) {
                    let way = format!("give the key another name, such as {}", spell_name(&format!("by_{name}")));
                    let problem = Diagnostic::error(codes::DUPLICATE_COLUMN, format!("two columns are named `{name}`"))
                        .label(value.span, "becomes a column, and a key has this name");
                    self.report(problem.help(way));
                    continue;
                }
                self.group_item(env, &mut items, Some(name), item);
            }
        }
        self.grouped(input, items, span)
    }

    /// A value that becomes a column, and its name.
    fn pivot_value(&mut self, env: &Env<'a>, input: &Relation, value: &'a ast::Expr) -> Option<(String, Value)> {
        let literal = self.expr(&input.scope(env), value)?;
        let text = self.text(value.span);
        match literal.expr.as_literal() {
            Some(Scalar::Str(text)) => Some((text.to_string(), literal.clone())),
            Some(Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_)) => {
                Some((text.trim_start_matches('@').to_owned(), literal.clone()))
            }
            Some(Scalar::Null) | None => {
                self.report(
                    Diagnostic::error(codes::NOT_CONSTANT, "a value that becomes a column must be a literal")
                        .label(value.span, "this is not a literal"),
                );
                None
            }
        }
    }

    /// `unpivot { a, b } into { name, value }`: a row for each listed column of each row; all rows of the first column come
    /// first.
    pub(super) fn unpivot(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        picks: &'a [ast::Pick<ast::Name>],
        (name, value): (&'a ast::Name, &'a ast::Name),
        span: Span,
    ) -> Relation {
        let picked: Option<Vec<_>> = self.picked(env, &input, picks).into_iter().collect();
        let Some(picked) = picked.filter(|picked| !picked.is_empty()) else { return Relation::unknown(span) };
        let Some(ty) = self.unpivoted_type(&picked) else { return Relation::unknown(span) };
        let listed: Vec<ScopeColumn> = picked.into_iter().map(|(column, _)| column).collect();
        let positions: Vec<usize> =
            (0..input.columns.len()).filter(|index| listed.contains(&input.columns[*index])).collect();
        let (shared, plan) = self.share(input, "rows to unpivot", span);
        let kept: Vec<usize> = (0..shared.columns.len()).filter(|index| !positions.contains(index)).collect();
        let mut inputs = Vec::new();
        let mut nullable = false;
        for column in &listed {
            let Some(position) = shared.columns.iter().position(|other| other.name == column.name) else { continue };
            let read = self.read_shared(shared.clone(), plan, span);
            let Some(own) = read.columns[position].column else { return Relation::unknown(span) };
            nullable |= own.nullable;
            let mut items: Vec<NamedExpr> =
                kept.iter().filter_map(|index| Some(pass(read.columns[*index].column?, span))).collect();
            let text = Expr::literal(Scalar::str(&column.name), Type::Str, span);
            let cell = cast_to(Expr::column(own.id, own.ty, own.nullable, span), ty);
            items.push(NamedExpr { id: self.columns.add(&name.node, Type::Str, name.span), expr: text });
            items.push(NamedExpr { id: self.columns.add(&value.node, ty, value.span), expr: cell });
            let ids = items.iter().map(|item| item.id).collect();
            inputs.push((Plan::Project(Project { input: Box::new(read.plan), items, span }), ids));
        }
        let mut columns: Vec<ScopeColumn> = Vec::new();
        for index in kept {
            let column = &shared.columns[index];
            let fresh =
                column.column.map(|own| SchemaColumn { id: self.columns.add(&column.name, own.ty, span), ..own });
            self.push_column(&mut columns, ScopeColumn { column: fresh, ..column.clone() }, span);
        }
        for (made, ty, nullable) in [(name, Type::Str, false), (value, ty, nullable)] {
            let column = SchemaColumn { id: self.columns.add(&made.node, ty, made.span), ty, nullable };
            self.push_column(&mut columns, ScopeColumn::new(&made.node, Some(column)), made.span);
        }
        let schema = columns.iter().filter_map(|column| column.column).collect();
        let plan = Plan::Union(Union { inputs, columns: schema, span });
        Relation { plan, columns, open: shared.open, rows: RowBound::Many }
    }

    /// The common type of the columns that become rows.
    fn unpivoted_type(&mut self, listed: &[(ScopeColumn, Span)]) -> Option<Type> {
        let mut common: Option<Type> = None;
        for (column, span) in listed {
            let ty = column.column?.ty;
            let Some(wide) = common.map_or(Some(ty), |common| widen(common, ty)) else {
                // All become text: of the two, that which is none.
                let other = if ty == Type::Str { &listed[0].0.name } else { &column.name };
                self.report(
                    Diagnostic::error(
                        codes::MISMATCHED_TYPES,
                        format!("`{}` cannot stand in one column with the others", column.name),
                    )
                    .label(*span, format!("this is {ty}"))
                    .help(format!("convert first: `derive {other} = {other} as str`")),
                );
                return None;
            };
            common = Some(wide);
        }
        common
    }
}
