//! The state of one pass over a file: diagnostics, columns, and the pipelines analyzed so far.

use super::codes;
use super::declarations::Declarations;
use super::relation::{Relation, Scope};
use super::temporal::DAY;
use super::values::{Open, Value};
use crate::plan::{Columns, Export, NamedExpr, Plan, Program, Project, Purpose, SharedPlan, Table};
use dj_grammar::{Diagnostic, Severity, Span, ast};
use dj_runtime::artifact::MadeRange;
use dj_runtime::expr::{ColumnId, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

/// The most problems of one pass that are told.
const MOST_DIAGNOSTICS: usize = 1_000;

/// One pass of analysis.
pub(super) struct Builder<'a> {
    pub(super) source: &'a str,
    pub(super) declarations: &'a Declarations<'a>,
    pub(super) columns: Columns,
    /// The functions that are being inlined: where each is called, and its name.
    pub(super) calls: Vec<(Span, &'a str)>,
    /// How many calls were inlined so far.
    pub(super) inlined: usize,
    /// How many expressions were analyzed for them so far.
    pub(super) expanded: usize,
    /// Whether an argument is analyzed, which the caller's own expressions do not show.
    pub(super) in_argument: bool,
    /// Whether it was said that these are too many.
    pub(super) told_of_calls: bool,
    pub(super) lets: Vec<LetState>,
    pub(super) shared: Vec<SharedPlan>,
    /// The rows that must not be, of the assertions so far.
    pub(super) assertions: Vec<Export>,
    diagnostics: Vec<Diagnostic>,
    tables: Vec<Table>,
    table_indices: Vec<Option<usize>>,
    /// The `let`s that are read once and need not be shared; by index, `false` where it is too short.
    inline: Vec<bool>,
}

/// How far a `let` is.
#[derive(Debug, Clone)]
pub(super) enum LetState {
    /// Nothing has read it yet.
    Unseen,
    /// It is being analyzed: reading it now would never end.
    Active,
    /// Its relation, and its index among the shared plans.
    Shared(Relation, usize),
    /// It was read where it is read only once.
    Inlined,
}

impl<'a> Builder<'a> {
    /// A pass over the declarations in which the `let`s marked in `inline` are not shared.
    pub(super) fn new(source: &'a str, declarations: &'a Declarations<'a>, inline: Vec<bool>) -> Self {
        Self {
            source,
            declarations,
            columns: Columns::default(),
            calls: Vec::new(),
            inlined: 0,
            expanded: 0,
            in_argument: false,
            told_of_calls: false,
            lets: vec![LetState::Unseen; declarations.lets.len()],
            shared: Vec::new(),
            assertions: Vec::new(),
            diagnostics: Vec::new(),
            tables: Vec::new(),
            table_indices: vec![None; declarations.tables.len()],
            inline,
        }
    }

    /// Notes a problem; inside of functions, with the calls that lead there. Of very many, only the first.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.is_full() {
            return;
        }
        for (span, name) in self.calls.iter().rev().take(3) {
            diagnostic = diagnostic.label(*span, format!("in this call of `{name}`"));
        }
        self.diagnostics.push(diagnostic);
    }

    /// Whether so many problems are noted that no one reads another.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MOST_DIAGNOSTICS
    }

    /// What the pass found.
    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Whether an error was found so far.
    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The text under a span.
    pub(super) fn text(&self, span: Span) -> &'a str {
        self.source.get(span.range()).unwrap_or("")
    }

    /// The index, in the program, of a declared table.
    pub(super) fn table_index(&mut self, declared: usize) -> usize {
        if let Some(index) = self.table_indices[declared] {
            return index;
        }
        let index = self.tables.len();
        self.tables.push(self.declarations.tables[declared].0.clone());
        self.table_indices[declared] = Some(index);
        index
    }

    /// The index, in the program, of a table whose rows are made; equal ones are one.
    pub(super) fn made_table(&mut self, table: Table) -> usize {
        let made = table.made.as_ref().map(MadeRange::without_spans);
        let known = self
            .tables
            .iter()
            .position(|other| made.is_some() && other.made.as_ref().map(MadeRange::without_spans) == made);
        known.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        })
    }

    /// Analyzes every export, and the assertions on the way to them.
    pub(super) fn exports(&mut self) -> Vec<Export> {
        let declarations = self.declarations;
        let mut exports = Vec::new();
        for export in &declarations.exports {
            let relation = self.pipeline(&None, &export.pipeline);
            self.check_distinct_names(&relation, export.name.span);
            let plan = self.named_output(relation, export.span);
            let purpose = Purpose::Output(export.name.node.clone());
            exports.push(Export { purpose, span: export.span, plan });
        }
        // What holds is settled before what it is asked of: a failed assertion tells more than what comes of it.
        std::mem::take(&mut self.assertions).into_iter().chain(exports).collect()
    }

    /// Analyzes the `let`s and tables that no export reads, for their diagnostics.
    pub(super) fn remaining(&mut self) {
        for index in 0..self.lets.len() {
            if matches!(self.lets[index], LetState::Unseen) {
                self.let_relation(index, self.declarations.lets[index].name.span);
            }
        }
        for index in 0..self.table_indices.len() {
            if self.table_indices[index].is_none() {
                self.scan(index, self.declarations.tables[index].0.span);
            }
        }
    }

    /// Which `let`s are read once: as a relation, by what exports need.
    pub(super) fn read_once(&self, exports: &[Export]) -> Vec<bool> {
        let mut reads = vec![0_usize; self.shared.len()];
        let mut queue: Vec<&Plan> = exports.iter().map(|export| &export.plan).collect();
        let mut seen = vec![false; self.shared.len()];
        while let Some(plan) = queue.pop() {
            let (mut found, mut weights) = (Vec::new(), Vec::new());
            if let Plan::Shared(shared) = plan {
                found.push(shared.plan);
                weights.push(1);
            }
            for expr in plan.expressions() {
                expr.walk(&mut |expr| {
                    if let ExprKind::Cell { plan, .. } = expr.kind {
                        found.push(plan);
                        weights.push(2);
                    }
                });
            }
            for (index, weight) in found.into_iter().zip(weights) {
                reads[index] += weight;
                if !std::mem::replace(&mut seen[index], true) {
                    queue.push(&self.shared[index].plan);
                }
            }
            queue.extend(plan.inputs());
        }
        let read_once = |state: &LetState| matches!(state, LetState::Shared(_, index) if reads[*index] == 1);
        self.lets.iter().map(read_once).collect()
    }

    /// Whether a `let` is read only once.
    pub(super) fn is_inline(&self, index: usize) -> bool {
        self.inline.get(index).copied().unwrap_or(false)
    }

    /// The program, once all exports are analyzed.
    pub(super) fn into_program(self, exports: Vec<Export>) -> Program {
        debug_assert!(!self.has_errors(), "the second pass finds what the first found");
        let params = self.declarations.params.iter().map(|(param, _)| param.clone()).collect();
        let mesh = self.declarations.mesh.clone();
        Program { tables: self.tables, params, mesh, columns: self.columns, shared: self.shared, exports }
    }

    /// A plan whose schema is just the visible columns, each under its visible name.
    pub(super) fn named_output(&mut self, relation: Relation, span: Span) -> Plan {
        let schema: Vec<ColumnId> = relation.plan.schema().iter().map(|column| column.id).collect();
        let wanted: Vec<ColumnId> = relation.known().map(|(_, column)| column.id).collect();
        let named = relation.known().all(|(name, column)| self.columns.get(column.id).name == name);
        if named && schema == wanted {
            return relation.plan;
        }
        let mut items = Vec::new();
        for (name, column) in relation.known() {
            let made = self.columns.get(column.id).span;
            let id = if self.columns.get(column.id).name == name {
                column.id
            } else {
                self.columns.add(name, column.ty, made)
            };
            items.push(NamedExpr { id, expr: Expr::column(column.id, column.ty, column.nullable, made) });
        }
        Plan::Project(Project { input: Box::new(relation.plan), items, span })
    }

    /// A value that is known now, of a type; `what` says what it is for.
    pub(super) fn constant(&mut self, expr: &'a ast::Expr, ty: Type, what: &str) -> Option<Scalar> {
        let env = None;
        let scope = Scope { columns: &[], open: false, env: &env, grouping: None, windowing: None };
        let value = self.expr(&scope, expr)?;
        if value.open != Open::No {
            return match value.open.scalar_of(ty) {
                Some(scalar) => Some(scalar),
                None => {
                    self.report(literal_range(&value, ty));
                    None
                }
            };
        }
        let Some(scalar) = value.expr.as_literal() else {
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, format!("{what} must be a literal"))
                    .label(expr.span, "this is only known when the program runs"),
            );
            return None;
        };
        match (value.expr.ty, ty) {
            (found, wanted) if found == wanted => Some(scalar.clone()),
            (Type::Date, Type::Timestamp) => scalar.as_int().map(|days| Scalar::Int(days * DAY)),
            (found, _) => {
                self.report(
                    Diagnostic::error(codes::MISMATCHED_TYPES, format!("{what} must be {ty}, not {found}"))
                        .label(expr.span, format!("this is {found}")),
                );
                None
            }
        }
    }
}

/// A literal that its type cannot hold.
pub(super) fn literal_range(value: &Value, ty: Type) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::LITERAL_RANGE, format!("the literal does not fit {ty}"))
        .label(value.span(), format!("this is not a value of {ty}"));
    match (ty, value.open) {
        (_, Open::Fraction(fraction)) if fraction.is_float && !ty.is_float() => {
            diagnostic.help("an exponent makes a literal f64: write the digits")
        }
        (Type::Decimal { scale, .. }, Open::Fraction(fraction)) if fraction.decimal.is_some_and(|(_, s)| s > scale) => {
            diagnostic.help(format!("{ty} has {scale} digits after the point"))
        }
        _ => match ty.integer_range() {
            Some((lo, _)) if ty.is_integer() && lo < 0 && value.open == Open::Integer(-lo) => {
                diagnostic.help(format!("`as` binds tighter than `-`: the least {ty} is written `({lo}) as {ty}`"))
            }
            Some((lo, hi)) if ty.is_integer() && matches!(value.open, Open::Integer(_)) => {
                diagnostic.help(format!("{ty} holds {lo} to {hi}"))
            }
            Some(_) | None => diagnostic,
        },
    }
}
