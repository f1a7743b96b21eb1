//! The syntax tree as text: one line for each statement, transform and item, with the source line after `@`.
//!
//! Expressions are written with the operator first, so that grouping is plain to see: `a + b * 2` is `(+ a (* b 2))`.

mod expression;
mod transform;

use crate::ast::{
    Binding, ColumnDeclaration, File, Function, FunctionBody, Name, Pipeline, Source, Statement, Table, TypeExpr,
};
use crate::lexer::spell_name;
use crate::span::Span;
use expression::expression;
pub(crate) use expression::{binary_sign, unary_sign};
pub(crate) use transform::{join_word, set_word};

/// The tree of a file as text.
pub fn dump(file: &File, source: &str) -> String {
    let line_starts = source.match_indices('\n').map(|(at, _)| at as u32 + 1).collect();
    let mut dumper = Dumper { line_starts, depth: 0, out: String::new() };
    for statement in &file.statements {
        dumper.statement(statement);
    }
    dumper.out
}

struct Dumper {
    line_starts: Vec<u32>,
    depth: usize,
    out: String,
}

impl Dumper {
    fn line(&mut self, text: &str, span: Span) {
        let line = self.line_starts.partition_point(|start| *start <= span.start) + 1;
        self.out.push_str(&"  ".repeat(self.depth));
        self.out.push_str(&format!("{text} @{line}\n"));
    }

    fn indented(&mut self, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Table(table) => self.table(table),
            Statement::Param(param) => {
                let default = param.default.as_ref().map(|value| format!(" = {}", expression(value)));
                let name = spell_name(&param.name.node);
                let text = format!("param {name}: {}{}", type_expr(&param.ty), default.unwrap_or_default());
                self.line(&text, param.span);
            }
            Statement::Function(function) => self.function(function),
            Statement::Let(binding) => self.binding("let", binding),
            Statement::Export(binding) if binding.bare => self.binding("bare export", binding),
            Statement::Export(binding) => self.binding("export", binding),
            Statement::Mesh(mesh) => {
                self.line(&format!("mesh {} = {}", spell_name(&mesh.axis.node), mesh.size.node), mesh.span);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let from = table.from.as_ref().map(|path| format!(" from {:?}", path.node));
        let shard =
            if table.shard_by.is_empty() { String::new() } else { format!(" shard by {}", names(&table.shard_by)) };
        let text = format!("table {}{}{shard}", spell_name(&table.name.node), from.unwrap_or_default());
        self.line(&text, table.span);
        self.indented(|dumper| {
            table.columns.iter().flatten().for_each(|column| dumper.column(column));
            table.others.iter().for_each(|span| dumper.line("other columns", *span));
        });
    }

    fn column(&mut self, column: &ColumnDeclaration) {
        let domain = column.domain.as_ref().map(|(lo, hi)| format!(" in {}..{}", expression(lo), expression(hi)));
        let name = spell_name(&column.name.node);
        let text = format!("column {name}: {}{}", type_expr(&column.ty), domain.unwrap_or_default());
        self.line(&text, column.span);
    }

    fn function(&mut self, function: &Function) {
        let head = format!("fn {}({})", spell_name(&function.name.node), bare_names(&function.arguments));
        match &function.body {
            FunctionBody::Expr(body) => self.line(&format!("{head} = {}", expression(body)), function.span),
            FunctionBody::Pipeline(body) => {
                self.line(&head, function.span);
                self.indented(|dumper| dumper.pipeline(body));
            }
        }
    }

    fn binding(&mut self, word: &str, binding: &Binding) {
        self.line(&format!("{word} {}", spell_name(&binding.name.node)), binding.span);
        self.indented(|dumper| dumper.pipeline(&binding.pipeline));
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.source("from", &pipeline.source, pipeline.span);
        for transform in &pipeline.transforms {
            self.transform(transform);
        }
    }

    /// A line that ends with a source; a parenthesized pipeline follows it, indented.
    fn source(&mut self, text: &str, source: &Source, span: Span) {
        match source {
            Source::Name(name) => self.line(&format!("{text} {}", spell_name(&name.node)), span),
            Source::Made { name, arguments, .. } => {
                let arguments: Vec<String> = arguments.iter().map(expression).collect();
                self.line(&format!("{text} {}({})", spell_name(&name.node), arguments.join(", ")), span);
            }
            Source::Pipeline(pipeline) => {
                self.line(&format!("{text} pipeline"), span);
                self.indented(|dumper| dumper.pipeline(pipeline));
            }
        }
    }
}

fn bare_names(names: &[Name]) -> String {
    names.iter().map(|name| spell_name(&name.node)).collect::<Vec<_>>().join(", ")
}

fn names(names: &[Name]) -> String {
    if names.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", bare_names(names)) }
}

pub(crate) fn type_expr(ty: &TypeExpr) -> String {
    let arguments: Vec<String> = ty.arguments.iter().map(|size| size.node.to_string()).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    format!("{}{arguments}{}", spell_name(&ty.name.node), if ty.nullable { "?" } else { "" })
}
