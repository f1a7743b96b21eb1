//! Turns what the grammar matched into the syntax tree.
//!
//! The grammar guarantees the shape of every match, so a builder only picks the parts; `None` means that a builder and
//! the grammar disagree, which is a bug and reported as one.
#![expect(clippy::wildcard_enum_match_arm, reason = "`Rule` is generated; each parent has few of its many children")]

mod expression;
mod nodes;
mod transform;

use super::literal;
use super::rules::Rule;
use crate::ast::{
    Binding, ColumnDeclaration, Expr, ExprKind, Function, FunctionBody, Literal, Mesh, Name, Param, Pipeline, Source,
    Statement, Table, TypeExpr, UnaryOp,
};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::Token;
use crate::span::{Span, Spanned};
use nodes::{Node, Nodes};

/// Builds the tree of one part of a file.
pub(super) struct Builder<'a> {
    /// Where the part begins in the file.
    offset: usize,
    /// The part's tokens: matches may end in space, spans must not.
    tokens: &'a [Token],
    /// Problems with values: calendar, escapes, sizes.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(offset: usize, tokens: &'a [Token]) -> Self {
        Self { offset, tokens, diagnostics: Vec::new() }
    }

    /// The statements of a part: one, or also the bare pipeline after it.
    pub(super) fn statements(&mut self, root: Node<'_>) -> Vec<Statement> {
        let mut statements = Vec::new();
        for pair in root.into_inner().filter(|pair| pair.as_rule() != Rule::EOI) {
            let span = self.span(&pair);
            match self.statement(pair) {
                Some(statement) => statements.push(statement),
                None => self.diagnostics.push(
                    Diagnostic::error(codes::UNEXPECTED, "this statement was read and not understood")
                        .at(span)
                        .help("this is a bug in DJ: please report it with this file"),
                ),
            }
        }
        statements
    }

    /// Where a match is in the file, without the space after it.
    fn span(&self, pair: &Node<'_>) -> Span {
        let found = Span::new(self.offset + pair.as_span().start(), self.offset + pair.as_span().end());
        let after = self.tokens.partition_point(|token| token.span.end <= found.end);
        let last = after.checked_sub(1).and_then(|index| self.tokens.get(index));
        Span { start: found.start, end: last.map_or(found.end, |token| token.span.end).max(found.start) }
    }

    /// A value, or the problem with it and what stands in for it.
    fn check<T>(&mut self, value: Result<T, Diagnostic>, otherwise: T) -> T {
        value.unwrap_or_else(|problem| {
            self.diagnostics.push(problem);
            otherwise
        })
    }

    /// A literal, or the problem with it and the nearest literal of its kind, of which nothing further is wrong.
    fn check_near(&mut self, value: Result<Literal, Box<(Diagnostic, Literal)>>) -> Literal {
        value.unwrap_or_else(|wrong| {
            let (problem, near) = *wrong;
            self.diagnostics.push(problem);
            near
        })
    }

    fn statement(&mut self, pair: Node<'_>) -> Option<Statement> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut nodes = Nodes::of(pair);
        if rule == Rule::bare_pipeline {
            let pipeline = self.pipeline(nodes.next()?)?;
            let name = Spanned::new("result".to_owned(), span);
            return Some(Statement::Export(Binding { name, pipeline, bare: true, span }));
        }
        if rule == Rule::function {
            return self.function(nodes, span).map(Statement::Function);
        }
        let name = self.name(nodes.next()?);
        if rule == Rule::table {
            return self.table(name, nodes, span).map(Statement::Table);
        }
        if rule == Rule::param {
            let ty = self.declared_type(nodes.next()?)?;
            let default = match nodes.next() {
                Some(pair) => Some(self.signed_literal(pair)?),
                None => None,
            };
            return Some(Statement::Param(Param { name, ty, default, span }));
        }
        if rule == Rule::mesh {
            let size = self.count(&nodes.next()?);
            return Some(Statement::Mesh(Mesh { axis: name, size, span }));
        }
        let pipeline = self.pipeline(nodes.next()?)?;
        let binding = Binding { name, pipeline, bare: false, span };
        Some(if rule == Rule::let_binding { Statement::Let(binding) } else { Statement::Export(binding) })
    }

    fn table(&mut self, name: Name, mut nodes: Nodes<'_>, span: Span) -> Option<Table> {
        let mut table = Table { name, from: None, columns: None, others: None, shard_by: Vec::new(), span };
        if let Some(from) = nodes.next_if(Rule::from_clause) {
            let text = Nodes::of(from).next()?;
            table.from = Some(self.text(&text));
        }
        if let Some(columns) = nodes.next_if(Rule::columns) {
            let mut declared = Vec::new();
            for node in Nodes::of(columns) {
                match node.as_rule() {
                    Rule::other_columns => table.others = Some(self.span(&node)),
                    _ => declared.push(self.column_declaration(node)?),
                }
            }
            table.columns = Some(declared);
        }
        if let Some(shard) = nodes.next_if(Rule::shard_clause) {
            table.shard_by = self.names(Nodes::of(shard).next()?);
        }
        Some(table)
    }

    fn column_declaration(&mut self, pair: Node<'_>) -> Option<ColumnDeclaration> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let name = self.name(nodes.next()?);
        let ty = self.declared_type(nodes.next()?)?;
        let domain = match nodes.next() {
            Some(domain) => {
                let mut bounds = Nodes::of(domain);
                Some((self.operators(bounds.next()?)?, self.operators(bounds.next()?)?))
            }
            None => None,
        };
        Some(ColumnDeclaration { name, ty, domain, span })
    }

    fn declared_type(&mut self, pair: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let mut ty = self.type_expr(nodes.next()?)?;
        ty.nullable = nodes.next_if(Rule::nullable).is_some();
        ty.span = span;
        Some(ty)
    }

    fn type_expr(&mut self, pair: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let name = self.name(nodes.next()?);
        let arguments = nodes.map(|size| self.count(&size)).collect();
        Some(TypeExpr { name, arguments, nullable: false, span })
    }

    /// A literal, negated or not.
    fn signed_literal(&mut self, pair: Node<'_>) -> Option<Expr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let negated = nodes.next_if(Rule::op_negate).is_some();
        let literal = self.literal(&nodes.next()?)?;
        let kind = if negated { ExprKind::Unary(UnaryOp::Negate, Box::new(literal)) } else { literal.kind };
        Some(Expr { kind, span })
    }

    fn function(&mut self, mut nodes: Nodes<'_>, span: Span) -> Option<Function> {
        let name = self.name(nodes.next()?);
        let mut arguments = Vec::new();
        while let Some(argument) = nodes.next_if(Rule::name) {
            arguments.push(self.name(argument));
        }
        let body = nodes.next()?;
        let body = match body.as_rule() {
            Rule::function_pipeline => {
                let span = self.span(&body);
                let mut nodes = Nodes::of(body);
                let source = Source::Name(self.name(nodes.next()?));
                let transforms = nodes.map(|pair| self.transform(pair)).collect::<Option<_>>()?;
                FunctionBody::Pipeline(Pipeline { source, transforms, span })
            }
            _ => FunctionBody::Expr(self.operators(body)?),
        };
        Some(Function { name, arguments, body, span })
    }

    fn pipeline(&mut self, pair: Node<'_>) -> Option<Pipeline> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let source = self.source(nodes.next()?)?;
        let transforms = nodes.map(|pair| self.transform(pair)).collect::<Option<_>>()?;
        Some(Pipeline { source, transforms, span })
    }

    fn source(&mut self, pair: Node<'_>) -> Option<Source> {
        let inner = Nodes::of(pair).next()?;
        Some(match inner.as_rule() {
            Rule::pipeline => Source::Pipeline(Box::new(self.pipeline(inner)?)),
            Rule::made_rows => {
                let span = self.span(&inner);
                let mut nodes = Nodes::of(inner);
                Source::Made { name: self.name(nodes.next()?), arguments: self.expressions(nodes.next()?)?, span }
            }
            _ => Source::Name(self.name(inner)),
        })
    }

    /// A name, without the backticks.
    fn name(&self, pair: Node<'_>) -> Name {
        let span = self.span(&pair);
        // A call's opening is its name and the parenthesis.
        let pair = if pair.as_rule() == Rule::call_open { pair.into_inner().next() } else { Some(pair) };
        let text = pair.as_ref().map_or("", |pair| pair.as_str());
        let quoted = text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        let name = quoted.map_or_else(|| text.to_owned(), |inside| inside.replace("``", "`"));
        Spanned::new(name, Span { end: span.start + Span::new(0, text.len()).end, ..span })
    }

    fn names(&self, pair: Node<'_>) -> Vec<Name> {
        Nodes::of(pair).map(|name| self.name(name)).collect()
    }

    fn count(&mut self, pair: &Node<'_>) -> Spanned<u64> {
        let span = self.span(pair);
        let value = self.check(literal::count(pair.as_str(), span), 0);
        Spanned::new(value, span)
    }

    fn text(&mut self, pair: &Node<'_>) -> Spanned<String> {
        let span = self.span(pair);
        let (value, problems) = literal::unescape(pair.as_str(), span);
        self.diagnostics.extend(problems);
        Spanned::new(value, span)
    }

    fn literal(&mut self, pair: &Node<'_>) -> Option<Expr> {
        let span = self.span(pair);
        let text = pair.as_str();
        let literal = match pair.as_rule() {
            Rule::text => Literal::Text(self.text(pair).node),
            Rule::integer => Literal::Integer(literal::digits(text)),
            Rule::fraction => Literal::Fraction(literal::digits(text)),
            Rule::float => self.check_near(literal::float(text, span)),
            Rule::duration => self.check_near(literal::duration(text, span)),
            Rule::date => self.check_near(literal::date(text, span)),
            Rule::timestamp => self.check_near(literal::timestamp(text, span)),
            Rule::null => Literal::Null,
            Rule::true_literal => Literal::Bool(true),
            Rule::false_literal => Literal::Bool(false),
            _ => return None,
        };
        Some(Expr { kind: ExprKind::Literal(literal), span })
    }
}
