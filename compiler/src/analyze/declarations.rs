//! The statements of a file: tables with their schemas, parameters, functions, and the pipelines to be analyzed.

use super::{BoundTable, Catalog, codes};
use crate::analyze::builder::Builder;
use crate::plan::{Recorded, Table, TableColumn};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::artifact::ParamSpec;
use dj_runtime::expr::Scalar;
use dj_runtime::io::IoErrorKind;
use dj_runtime::types::{Bounds, Field, Type};
use std::collections::BTreeMap;

/// The statements by kind, and the names that they define.
#[derive(Default)]
pub(super) struct Declarations<'a> {
    /// The tables; `None` where the columns are not known because of an error.
    pub(super) tables: Vec<(Table, Known)>,
    /// The columns that tables leave out because of their types.
    pub(super) left_out: Vec<LeftOut>,
    /// The parameters.
    pub(super) params: Vec<(ParamSpec, Known)>,
    /// The functions.
    pub(super) functions: BTreeMap<&'a str, &'a ast::Function>,
    /// The `let`s.
    pub(super) lets: Vec<&'a ast::Binding>,
    /// The exports.
    pub(super) exports: Vec<&'a ast::Binding>,
    /// What the names of tables, parameters and `let`s stand for, and where they are defined.
    pub(super) names: BTreeMap<&'a str, (Entity, Span)>,
}

/// A column of a file that a table without a column list does not have.
pub(super) struct LeftOut {
    pub(super) table: String,
    pub(super) column: String,
    /// Why: the file's type.
    pub(super) ty: String,
}

/// Whether a declaration is all right; if not, what reads it is left in peace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// All is known.
    Yes,
    /// An error hides the type or the columns.
    No,
}

/// What a name stands for, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// A table.
    Table(usize),
    /// A parameter.
    Param(usize),
    /// A `let`.
    Let(usize),
}

impl<'a> Declarations<'a> {
    /// Reads the statements of a file and the schemas of its tables.
    pub(super) fn collect(file: &'a ast::File, source: &'a str, catalog: &dyn Catalog) -> (Self, Vec<Diagnostic>) {
        let mut this = Self::default();
        let mut diagnostics = Vec::new();
        for statement in &file.statements {
            match statement {
                ast::Statement::Table(table) => {
                    let entity = Entity::Table(this.tables.len());
                    this.define(&table.name, entity, &mut diagnostics);
                    this.tables.push(table_of(table, source, catalog, &mut this.left_out, &mut diagnostics));
                }
                ast::Statement::Param(param) => {
                    let entity = Entity::Param(this.params.len());
                    this.define(&param.name, entity, &mut diagnostics);
                    this.params.push(param_of(param, source, &mut diagnostics));
                }
                ast::Statement::Function(function) => this.define_function(function, &mut diagnostics),
                ast::Statement::Let(binding) => {
                    let entity = Entity::Let(this.lets.len());
                    this.define(&binding.name, entity, &mut diagnostics);
                    this.lets.push(binding);
                }
                ast::Statement::Export(binding) => this.define_export(binding, &mut diagnostics),
                ast::Statement::Mesh(mesh) => diagnostics.push(not_supported("mesh", mesh.span)),
            }
        }
        if this.exports.is_empty() {
            let end = Span::new(source.len(), source.len());
            diagnostics.push(
                Diagnostic::error(codes::NO_EXPORT, "the program exports nothing")
                    .label(end, "there is no `export` up to here")
                    .help("end with `export NAME = ...`, or with a pipeline without a name"),
            );
        }
        (this, diagnostics)
    }

    fn define(&mut self, name: &'a ast::Name, entity: Entity, diagnostics: &mut Vec<Diagnostic>) {
        match self.names.get(name.node.as_str()) {
            Some((_, first)) => diagnostics.push(defined_twice(name, *first)),
            None => {
                self.names.insert(&name.node, (entity, name.span));
            }
        }
    }

    fn define_function(&mut self, function: &'a ast::Function, diagnostics: &mut Vec<Diagnostic>) {
        for (index, argument) in function.arguments.iter().enumerate() {
            if let Some(first) = function.arguments[..index].iter().find(|other| other.node == argument.node) {
                diagnostics.push(defined_twice(argument, first.span));
            }
        }
        match self.functions.get(function.name.node.as_str()) {
            Some(first) => diagnostics.push(defined_twice(&function.name, first.name.span)),
            None => {
                self.functions.insert(&function.name.node, function);
            }
        }
    }

    fn define_export(&mut self, export: &'a ast::Binding, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(first) = self.exports.iter().find(|other| other.name.node == export.name.node) {
            diagnostics.push(defined_twice(&export.name, first.name.span));
        }
        self.exports.push(export);
    }
}

fn defined_twice(name: &ast::Name, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DEFINED_TWICE, format!("`{}` is defined twice", name.node))
        .label(name.span, "defined again here")
        .label(first, "first defined here")
        .help("give one of them another name")
}

/// What this version cannot compile.
pub(super) fn not_supported(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::NOT_SUPPORTED, format!("`{what}` is not supported yet"))
        .label(span, "the language has it, this version of DJ does not")
}

fn param_of(param: &ast::Param, source: &str, diagnostics: &mut Vec<Diagnostic>) -> (ParamSpec, Known) {
    let declarations = Declarations::default();
    let mut builder = Builder::new(source, &declarations, Vec::new());
    let ty = builder.type_named(&param.ty);
    let default = match (&param.default, ty) {
        (Some(expr), Some(ty)) => Some(builder.constant(expr, ty, "the default of a parameter")),
        (Some(_) | None, _) => None,
    };
    diagnostics.extend(builder.into_diagnostics());
    let nullable = param.ty.nullable;
    if let (Some(Some(value)), false) = (&default, nullable)
        && value.is_null()
    {
        diagnostics.push(
            Diagnostic::error(
                codes::NOT_CONSTANT,
                format!("the default of `{}` is null, its type is not", param.name.node),
            )
            .label(param.default.as_ref().map_or(param.span, |expr| expr.span), "this is null")
            .help(format!("declare it nullable: `{}?`", source.get(param.ty.span.range()).unwrap_or("T"))),
        );
    }
    let field = Field { name: param.name.node.clone(), ty: ty.unwrap_or(Type::I64), nullable };
    let known = if ty.is_some() { Known::Yes } else { Known::No };
    (ParamSpec { field, default: default.flatten(), domain: None }, known)
}

fn table_of(
    table: &ast::Table,
    source: &str,
    catalog: &dyn Catalog,
    left_out: &mut Vec<LeftOut>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Table, Known) {
    let path = table.from.as_ref().map(|from| from.node.clone());
    let blame = table.from.as_ref().map_or(table.name.span, |from| from.span);
    if let Some(by) = table.shard_by.first() {
        diagnostics.push(not_supported("shard by", by.span));
    }
    let bound = catalog.table(&table.name.node, path.as_deref(), blame);
    let failed = bound.is_err();
    let bound = bound.unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        None
    });
    let rows = bound.as_ref().and_then(|bound| bound.rows);
    let (columns, known) = match &table.columns {
        Some(declared) => {
            let (mut columns, known) = declared_columns(declared, source, diagnostics);
            if let Some(bound) = &bound {
                check_against_file(&mut columns, bound, known, diagnostics);
            }
            (columns, known)
        }
        None => match &bound {
            Some(bound) => {
                diagnostics.extend(leaves_out(table, bound, blame));
                left_out.extend(bound.unsupported.iter().map(|(column, ty)| LeftOut {
                    table: table.name.node.clone(),
                    column: column.clone(),
                    ty: ty.clone(),
                }));
                (columns_of_file(bound, table.name.span), Known::Yes)
            }
            None => {
                if !failed {
                    diagnostics.push(no_schema(table, blame));
                }
                (Vec::new(), Known::No)
            }
        },
    };
    (Table { name: table.name.node.clone(), path, span: table.span, columns, rows }, known)
}

fn no_schema(table: &ast::Table, blame: Span) -> Diagnostic {
    let name = &table.name.node;
    let problem = if table.from.is_some() { "no file is there" } else { "it is bound to no file" };
    Diagnostic::error(codes::NO_SCHEMA, format!("the columns of `{name}` are not known"))
        .label(blame, problem)
        .help(format!("bind a file with `--bind {name}=PATH`"))
        .help(format!("or declare the columns: `table {name} {{ id: i64, city: str? }}`"))
}

fn declared_columns(
    declared: &[ast::ColumnDeclaration],
    source: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<TableColumn>, Known) {
    let declarations = Declarations::default();
    let mut builder = Builder::new(source, &declarations, Vec::new());
    let mut known = Known::Yes;
    let mut columns: Vec<TableColumn> = Vec::new();
    for column in declared {
        if let Some(first) = columns.iter().find(|other| other.field.name == column.name.node) {
            builder.report(defined_twice(&column.name, first.span));
            continue;
        }
        let Some(ty) = builder.type_named(&column.ty) else {
            known = Known::No;
            continue;
        };
        let domain = column.domain.as_ref().and_then(|(lo, hi)| builder.domain(lo, hi, ty));
        let field = Field { name: column.name.node.clone(), ty, nullable: column.ty.nullable };
        columns.push(TableColumn { field, span: column.span, declared: domain, recorded: Recorded::default() });
    }
    diagnostics.extend(builder.into_diagnostics());
    (columns, known)
}

fn columns_of_file(bound: &BoundTable, span: Span) -> Vec<TableColumn> {
    let recorded = bound.recorded.iter().cloned().chain(std::iter::repeat_with(Recorded::default));
    bound
        .fields
        .iter()
        .zip(recorded)
        .map(|(field, recorded)| TableColumn { field: field.clone(), span, declared: None, recorded })
        .collect()
}

/// Warns of the columns that a table without a column list does not have, if there are any.
fn leaves_out(table: &ast::Table, bound: &BoundTable, blame: Span) -> Option<Diagnostic> {
    const SHOWN: usize = 8;
    if bound.unsupported.is_empty() {
        return None;
    }
    let name = &table.name.node;
    let shown = bound.unsupported.iter().take(SHOWN).map(|(column, ty)| format!("`{column}` ({ty})"));
    let listed = shown.collect::<Vec<_>>().join(", ").replace('\n', " ");
    let more = bound.unsupported.len().checked_sub(SHOWN + 1).map(|rest| format!(" and {} more", rest + 1));
    let message = format!("`{name}` leaves out columns that DJ does not read: {listed}{}", more.unwrap_or_default());
    let warning = Diagnostic::warning(IoErrorKind::WrongType.code(), message)
        .label(blame, "the file has them")
        .help("list the columns that the program needs; `djc schema` writes such a list")
        .help("or write those columns to the file as another type");
    Some(warning)
}

/// Checks declared columns against the file and takes what it recorded of them.
fn check_against_file(
    columns: &mut [TableColumn],
    bound: &BoundTable,
    known: Known,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for column in columns {
        let name = &column.field.name;
        let Some(index) = bound.fields.iter().position(|field| field.name == *name) else {
            diagnostics.push(not_in_file(column, bound));
            continue;
        };
        let found = bound.fields[index].ty;
        if bound.typed && !reads_as(found, column.field.ty) && known == Known::Yes {
            let declared = column.field.ty;
            diagnostics.push(
                Diagnostic::error(IoErrorKind::WrongType.code(), format!("`{name}` is {found} in the bound file"))
                    .label(column.span, format!("declared as {declared}"))
                    .help(format!("declare it as `{found}` and convert it where it is read: `{name} as {declared}`")),
            );
            continue;
        }
        if let Some(recorded) = bound.recorded.get(index).filter(|_| found == column.field.ty) {
            column.recorded = recorded.clone();
        }
    }
}

fn not_in_file(column: &TableColumn, bound: &BoundTable) -> Diagnostic {
    let name = &column.field.name;
    if let Some((_, ty)) = bound.unsupported.iter().find(|(other, _)| other == name) {
        return Diagnostic::error(IoErrorKind::WrongType.code(), format!("`{name}` has a type that DJ does not read"))
            .label(column.span, format!("this is {ty} in the bound file"));
    }
    let file = if bound.file.is_empty() { "the bound file".to_owned() } else { format!("`{}`", bound.file) };
    let diagnostic = Diagnostic::error(IoErrorKind::MissingColumn.code(), format!("{file} has no column `{name}`"))
        .label(column.span, "declared here");
    match super::names::nearest(name, bound.fields.iter().map(|field| field.name.as_str())) {
        Some(near) => diagnostic.help(format!("the file has a column with a similar name: `{near}`")),
        None => diagnostic,
    }
}

/// Whether the reader converts a file's type to the declared one, without loss.
fn reads_as(file: Type, declared: Type) -> bool {
    if file.is_decimal() && declared.is_decimal() {
        // Digits before the point are checked value by value.
        return file.scale() == declared.scale();
    }
    if file.is_integer() && declared == Type::F32 {
        return matches!(file, Type::I8 | Type::I16 | Type::U8 | Type::U16);
    }
    let widens = (file.is_integer() && declared.is_integer()) || (file.is_numeric() && declared == Type::F64);
    let exact = !file.is_decimal() && !matches!(file, Type::I64 | Type::U64);
    file == declared
        || (widens && super::types::widen(file, declared) == Some(declared) && (exact || !declared.is_float()))
}

impl<'a> Builder<'a> {
    /// A declared domain: two constants of the column's type, in order.
    pub(super) fn domain(&mut self, lo: &'a ast::Expr, hi: &'a ast::Expr, ty: Type) -> Option<Bounds> {
        if matches!(ty, Type::Str | Type::Bool) {
            self.report(
                Diagnostic::error(codes::BAD_DOMAIN, format!("a {ty} column has no domain"))
                    .label(lo.span.to(hi.span), "a range of numbers or times belongs here"),
            );
            return None;
        }
        let least = self.constant(lo, ty, "the bound of a domain")?;
        let greatest = self.constant(hi, ty, "the bound of a domain")?;
        let bounds = match (least, greatest) {
            (Scalar::Int(lo), Scalar::Int(hi)) if lo <= hi => Bounds::Int { lo, hi },
            (Scalar::Float(lo), Scalar::Float(hi)) if lo <= hi => Bounds::Float { lo, hi },
            _ => {
                self.report(
                    Diagnostic::error(codes::BAD_DOMAIN, "the domain is empty")
                        .label(lo.span.to(hi.span), "the first bound is greater than the last"),
                );
                return None;
            }
        };
        Some(bounds)
    }
}
