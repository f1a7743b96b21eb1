//! The statements of a file: tables with their schemas, parameters, functions, and the pipelines to be analyzed.

use super::tables::{FileColumn, table_of};
use super::{Catalog, codes};
use crate::analyze::builder::Builder;
use crate::plan::{Mesh, Table};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::artifact::{MAX_REPLICAS, ParamSpec};
use dj_runtime::types::{Field, Type};
use std::collections::BTreeMap;

/// The statements by kind, and the names that they define.
#[derive(Default)]
pub(super) struct Declarations<'a> {
    /// The tables, and whether their columns are known; an error hides them.
    pub(super) tables: Vec<(Table, Known)>,
    /// What each table is sharded by.
    pub(super) sharded_by: Vec<&'a [ast::Name]>,
    /// The devices.
    pub(super) mesh: Vec<Mesh>,
    /// Columns of bound files that the tables do not have, and why.
    pub(super) left_out: Vec<FileColumn>,
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
                    this.sharded_by.push(&table.shard_by);
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
                ast::Statement::Mesh(mesh) => this.define_mesh(mesh, &mut diagnostics),
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

    fn define_mesh(&mut self, mesh: &'a ast::Mesh, diagnostics: &mut Vec<Diagnostic>) {
        let ast::Mesh { axis, size, span } = mesh;
        if let Some(first) = self.mesh.iter().find(|first| first.axis == axis.node) {
            let message = format!("the mesh has an axis `{}` already", axis.node);
            let diagnostic = Diagnostic::error(codes::DEFINED_TWICE, message).label(*span, "defined again here");
            diagnostics.push(diagnostic.label(first.span, "first defined here").help("call it otherwise"));
            return;
        }
        self.mesh.push(Mesh { axis: axis.node.clone(), size: size.node, span: *span });
        let devices = self.mesh.iter().try_fold(1_u64, |all, axis| all.checked_mul(axis.size));
        let most = MAX_REPLICAS as u64;
        if !devices.is_some_and(|devices| (1..=most).contains(&devices)) {
            let message = format!("a mesh has from 1 to {most} devices");
            diagnostics.push(
                Diagnostic::error(codes::NOT_SUPPORTED, message)
                    .label(*span, "with this axis it has more, or none")
                    .help("write fewer devices"),
            );
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

pub(super) fn defined_twice(name: &ast::Name, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DEFINED_TWICE, format!("`{}` is defined twice", name.node))
        .label(name.span, "defined again here")
        .label(first, "first defined here")
        .help("give one of them another name")
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
