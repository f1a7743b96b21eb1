//! Files and statements.

use super::document::{Document, group, nest, text};
use super::expression::place;
use super::list::Braces;
use super::transform::continues_statement;
use super::{Layout, joined};
use crate::ast::{
    Binding, ColumnDeclaration, File, Function, FunctionBody, Mesh, Param, Pipeline, Source, Statement, Table,
};
use crate::lexer::spell_name;
use crate::span::Span;

/// Tables with more columns have each on its line.
const MOST_COLUMNS_ON_LINE: usize = 3;

impl Layout<'_> {
    pub(super) fn file(&mut self, file: &File) -> Vec<Document> {
        let mut documents = Vec::new();
        for statement in &file.statements {
            let start = start(statement);
            documents.extend(self.separated_comments(start));
            documents.push(self.separator(start));
            documents.extend(self.statement(statement));
        }
        documents.extend(self.separated_comments(u32::MAX));
        documents
    }

    /// Comments between statements, with the empty lines before them.
    fn separated_comments(&mut self, before: u32) -> Vec<Document> {
        let mut documents = Vec::new();
        while let Some(comment) = self.comments.get(self.next).filter(|comment| comment.span.start < before) {
            if comment.own_line {
                documents.push(self.separator(comment.span.start));
            }
            documents.push(self.comment(comment));
            self.next += 1;
        }
        documents
    }

    /// An empty line where the source has one before a byte.
    fn separator(&self, at: u32) -> Document {
        let before = self.source.get(..at as usize).unwrap_or("");
        let gap = &before[before.trim_end().len()..];
        if gap.matches('\n').count() > 1 { Document::BlankLine } else { Document::HardLine }
    }

    fn statement(&mut self, statement: &Statement) -> Vec<Document> {
        match statement {
            Statement::Table(table) => self.table(table),
            Statement::Param(param) => self.param(param),
            Statement::Function(function) => self.function(function),
            Statement::Let(binding) => self.binding("let", binding),
            Statement::Export(binding) if binding.bare => self.bare_pipeline(&binding.pipeline),
            Statement::Export(binding) => self.binding("export", binding),
            Statement::Mesh(Mesh { axis, size, .. }) => {
                joined(vec![vec![text("mesh")], self.name(axis), vec![text("=")], self.verbatim(size.span)], " ")
            }
        }
    }

    fn table(&mut self, table: &Table) -> Vec<Document> {
        let mut documents = vec![text("table ")];
        documents.extend(self.name(&table.name));
        if let Some(from) = &table.from {
            documents.push(text(" from "));
            documents.extend(self.verbatim(from.span));
        }
        if let Some(columns) = &table.columns {
            documents.push(text(" "));
            documents.push(self.columns(columns, table.others));
        }
        if !table.shard_by.is_empty() {
            documents.push(text(" shard by "));
            documents.extend(self.names(&table.shard_by, Braces::Always));
        }
        documents
    }

    /// Columns on one line with commas, or one a line with their types below each other.
    ///
    /// Few columns stay as they are: on one line, or on one each.
    fn columns(&mut self, columns: &[ColumnDeclaration], others: Option<Span>) -> Document {
        let spelled: Vec<String> = columns.iter().map(|column| spell_name(&column.name.node)).collect();
        let widest = spelled.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let apart =
            columns.len() > MOST_COLUMNS_ON_LINE || columns.first().is_some_and(|first| self.begins_line(first.span));
        let last = others.or(columns.last().map(|last| last.span));
        let close = last.map_or(0, |last| self.closing_brace(last.end));
        let mut inside = Vec::new();
        let comma = || Document::IfBroken { broken: String::new(), flat: ",".to_owned() };
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                inside.push(comma());
            }
            inside.extend(self.comments_before(column.span.start));
            inside.push(if apart { Document::HardLine } else { Document::Line });
            inside.extend(self.name(&column.name));
            let width = spelled.get(index).map_or(0, |name| name.chars().count());
            inside.push(Document::IfBroken { broken: " ".repeat(widest - width + 1), flat: String::new() });
            inside.push(text(": "));
            inside.extend(self.type_expr(&column.ty));
            if let Some((lo, hi)) = &column.domain {
                inside.push(text(" in "));
                inside.extend(self.range(Some(lo), Some(hi)));
            }
        }
        if let Some(others) = others {
            inside.push(comma());
            inside.extend(self.comments_before(others.start));
            inside.push(if apart { Document::HardLine } else { Document::Line });
            inside.push(text(".."));
        }
        inside.extend(self.comments_before(close));
        group(vec![text("{"), nest(inside), Document::Line, text("}")])
    }

    fn begins_line(&self, span: Span) -> bool {
        let index = self.tokens.partition_point(|token| token.span.start < span.start);
        self.tokens.get(index).is_some_and(|token| token.first_on_line)
    }

    fn param(&mut self, param: &Param) -> Vec<Document> {
        let mut documents = vec![text("param ")];
        documents.extend(self.name(&param.name));
        documents.push(text(": "));
        documents.extend(self.type_expr(&param.ty));
        if let Some(default) = &param.default {
            documents.push(text(" = "));
            documents.extend(self.expression(default));
        }
        documents
    }

    fn function(&mut self, function: &Function) -> Vec<Document> {
        let mut head = vec![text("fn ")];
        head.extend(self.name(&function.name));
        head.push(text("("));
        let arguments = function.arguments.iter().map(|argument| self.name(argument)).collect();
        head.extend(joined(arguments, ", "));
        head.push(text(") ="));
        match &function.body {
            FunctionBody::Expr(body) => {
                let mut value = self.comments_before(place(body).start);
                value.push(Document::Line);
                value.extend(self.expression(body));
                head.push(nest(value));
                vec![group(head)]
            }
            FunctionBody::Pipeline(body) => self.named_pipeline(head, body),
        }
    }

    fn binding(&mut self, word: &str, binding: &Binding) -> Vec<Document> {
        let mut head = vec![text(format!("{word} "))];
        head.extend(self.name(&binding.name));
        head.push(text(" ="));
        self.named_pipeline(head, &binding.pipeline)
    }

    fn named_pipeline(&mut self, mut head: Vec<Document>, pipeline: &Pipeline) -> Vec<Document> {
        let mut body = self.comments_before(pipeline.span.start);
        body.push(first_break(pipeline));
        body.extend(self.source(&pipeline.source));
        body.extend(self.transforms(&pipeline.transforms));
        head.push(nest(body));
        vec![group(head)]
    }

    fn bare_pipeline(&mut self, pipeline: &Pipeline) -> Vec<Document> {
        let mut documents = match &pipeline.source {
            Source::Name(name) if continues_statement(name) => self.leaf(name.span, format!("`{}`", name.node)),
            Source::Name(_) | Source::Made { .. } | Source::Pipeline(_) => self.source(&pipeline.source),
        };
        if pipeline.transforms.len() > 1 {
            documents.push(Document::HardLine);
        }
        documents.extend(self.transforms(&pipeline.transforms));
        vec![group(documents)]
    }
}

/// The break before a named pipeline; one of several transforms always breaks.
fn first_break(pipeline: &Pipeline) -> Document {
    if pipeline.transforms.len() > 1 { Document::HardLine } else { Document::Line }
}

fn start(statement: &Statement) -> u32 {
    match statement {
        Statement::Table(table) => table.span.start,
        Statement::Param(param) => param.span.start,
        Statement::Function(function) => function.span.start,
        Statement::Let(binding) | Statement::Export(binding) => binding.span.start,
        Statement::Mesh(mesh) => mesh.span.start,
    }
}
