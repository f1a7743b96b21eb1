//! Expressions, with the parentheses that precedence asks for and no others.

use super::Layout;
use super::document::{Document, group, nest, text};
use super::list::Braces;
use crate::ast::{BinaryOp, Expr, ExprKind, TypeExpr, UnaryOp};
use crate::dump::{binary_sign, unary_sign};
use crate::lexer::spell_name;
use crate::precedence::{Level, of_binary, of_left_operand, of_right_operand, of_unary};
use crate::span::{Span, Spanned};

impl Layout<'_> {
    /// An expression where any fits.
    pub(super) fn expression(&mut self, expr: &Expr) -> Vec<Document> {
        self.operand(expr, Level::Or)
    }

    /// An expression in parentheses, unless it is a column.
    pub(super) fn column_or_parentheses(&mut self, expr: &Expr) -> Vec<Document> {
        match &expr.kind {
            ExprKind::Name(_) | ExprKind::Qualified { .. } => self.expression(expr),
            ExprKind::Literal(_)
            | ExprKind::Call { .. }
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::IsNull { .. }
            | ExprKind::InList { .. }
            | ExprKind::InRange { .. }
            | ExprKind::Like { .. }
            | ExprKind::Case { .. }
            | ExprKind::Cast { .. } => self.parenthesized(expr),
        }
    }

    fn parenthesized(&mut self, expr: &Expr) -> Vec<Document> {
        let mut inside = vec![Document::SoftLine];
        inside.extend(self.bare(expr));
        vec![group(vec![text("("), nest(inside), Document::SoftLine, text(")")])]
    }

    /// An expression where only those of `loosest` and tighter levels fit without parentheses.
    pub(super) fn operand(&mut self, expr: &Expr, loosest: Level) -> Vec<Document> {
        if level(expr) < loosest { self.parenthesized(expr) } else { self.bare(expr) }
    }

    fn bare(&mut self, expr: &Expr) -> Vec<Document> {
        match &expr.kind {
            ExprKind::Literal(_) => self.verbatim(expr.span),
            ExprKind::Name(name) => self.possibly_filter(name, expr.span),
            ExprKind::Qualified { qualifier, name } => {
                let text = format!("{}.{}", spell_name(&qualifier.node), spell_name(&name.node));
                self.leaf(expr.span, text)
            }
            ExprKind::Call { name, arguments, filter } => {
                let mut documents = self.possibly_filter(&name.node, name.span);
                documents.extend(self.arguments(arguments, filter.as_deref()));
                documents
            }
            ExprKind::Unary(op, operand) => self.unary(*op, operand),
            ExprKind::Binary(op, ..) if of_binary(op.node) == Level::Power => self.power(expr),
            ExprKind::Binary(..) => self.chain(expr),
            ExprKind::IsNull { operand, negated } => {
                let mut documents = self.operand(operand, Level::Coalesce);
                documents.push(text(if *negated { " is not null" } else { " is null" }));
                documents
            }
            ExprKind::InList { operand, list, negated } => {
                let mut documents = self.operand(operand, Level::Coalesce);
                documents.push(text(if *negated { " not in " } else { " in " }));
                documents.extend(self.expressions(list));
                documents
            }
            ExprKind::InRange { operand, lo, hi, negated } => {
                let mut documents = self.operand(operand, Level::Coalesce);
                documents.push(text(if *negated { " not in " } else { " in " }));
                documents.extend(self.range(Some(lo), Some(hi)));
                documents
            }
            ExprKind::Like { operand, pattern, negated } => {
                let mut documents = self.operand(operand, Level::Coalesce);
                documents.push(text(if *negated { " not like " } else { " like " }));
                documents.extend(self.operand(pattern, Level::Coalesce));
                documents
            }
            ExprKind::Case { arms, otherwise } => self.case(arms, otherwise.as_deref()),
            ExprKind::Cast { operand, ty, fallible } => {
                let mut documents = self.operand(operand, Level::Cast);
                documents.push(text(if *fallible { " as? " } else { " as " }));
                documents.extend(self.type_expr(ty));
                documents
            }
        }
    }

    /// A name; in backticks where it would begin a call's filter.
    fn possibly_filter(&mut self, name: &str, span: Span) -> Vec<Document> {
        let quoted = self.quoted_filter == Some(span.start) && name == "filter";
        self.leaf(span, if quoted { "`filter`".to_owned() } else { spell_name(name) })
    }

    /// `lo..hi`
    pub(super) fn range(&mut self, lo: Option<&Expr>, hi: Option<&Expr>) -> Vec<Document> {
        let mut documents = lo.map(|lo| self.operand(lo, Level::Additive)).unwrap_or_default();
        documents.push(text(".."));
        documents.extend(hi.map(|hi| self.operand(hi, Level::Additive)).unwrap_or_default());
        documents
    }

    /// `(x, y)`, `(x filter p)`
    pub(super) fn arguments(&mut self, arguments: &[Expr], filter: Option<&Expr>) -> Vec<Document> {
        if arguments.is_empty() && filter.is_none() {
            return vec![text("()")];
        }
        let outer = self.quoted_filter;
        // `sum(filter)` and `f(filter, x)` cannot be read as a filter.
        let alone =
            |first: &&Expr| matches!(first.kind, ExprKind::Name(_)) && (filter.is_none() || arguments.len() > 1);
        self.quoted_filter = arguments.first().filter(|first| !alone(first)).map(|first| leftmost(first).span.start);
        let mut inside = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            inside.push(if index > 0 { text(",") } else { Document::SoftLine });
            if index > 0 {
                inside.extend(self.comments_before(place(argument).start));
                inside.push(Document::Line);
            }
            inside.extend(self.expression(argument));
        }
        self.quoted_filter = outer;
        match filter {
            Some(filter) => {
                inside.push(if arguments.is_empty() { Document::SoftLine } else { Document::Line });
                inside.push(text("filter "));
                let signed = arguments.is_empty() && starts_with_sign(filter);
                inside.extend(if signed { self.parenthesized(filter) } else { self.expression(filter) });
            }
            None => inside.push(Document::IfBroken { broken: ",".to_owned(), flat: String::new() }),
        }
        vec![group(vec![text("("), nest(inside), Document::SoftLine, text(")")])]
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr) -> Vec<Document> {
        let apart = op == UnaryOp::Not || matches!(operand.kind, ExprKind::Unary(UnaryOp::Negate, _));
        let mut documents = vec![text(unary_sign(op)), text(if apart { " " } else { "" })];
        // `-(a ** b)` without its parentheses would read as `(-a) ** b` to many.
        let clear = op == UnaryOp::Negate && level(operand) == Level::Power;
        documents.extend(if clear { self.parenthesized(operand) } else { self.operand(operand, of_unary(op)) });
        documents
    }

    fn power(&mut self, expr: &Expr) -> Vec<Document> {
        let ExprKind::Binary(op, left, right) = &expr.kind else { return Vec::new() };
        let mut documents = self.operand(left, of_left_operand(op.node));
        documents.push(text(" ** "));
        documents.extend(self.operand(right, of_right_operand(op.node)));
        documents
    }

    /// Operators of one level in a row, which break together.
    fn chain(&mut self, expr: &Expr) -> Vec<Document> {
        let mut links: Vec<(&Spanned<BinaryOp>, &Expr)> = Vec::new();
        let mut first = expr;
        let own_level = level(expr);
        while let ExprKind::Binary(op, left, right) = &first.kind {
            if of_binary(op.node) != own_level || (own_level == Level::Comparison && !links.is_empty()) {
                break;
            }
            links.push((op, right));
            first = left;
        }
        let loosest = links.last().map_or(Level::Or, |(op, _)| of_left_operand(op.node));
        let mut documents = self.operand(first, loosest);
        let mut inside = Vec::new();
        for (op, right) in links.into_iter().rev() {
            inside.extend(self.comments_before(op.span.start));
            inside.push(Document::Line);
            inside.push(text(format!("{} ", binary_sign(op.node))));
            inside.extend(self.operand(right, of_right_operand(op.node)));
        }
        documents.push(nest(inside));
        vec![group(documents)]
    }

    fn case(&mut self, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Vec<Document> {
        let arms = arms.iter().map(|(when, then)| (Some(when), then));
        let all: Vec<(Option<&Expr>, &Expr)> = arms.chain(otherwise.map(|then| (None, then))).collect();
        let span = |(when, then): &(Option<&Expr>, &Expr)| place(when.unwrap_or(then)).to(place(then));
        let mut documents = vec![text("case ")];
        documents.extend(self.list(&all, Braces::Always, span, |layout, (when, then)| {
            let mut arm = when.map_or_else(|| vec![text("else")], |when| layout.expression(when));
            arm.push(text(" => "));
            arm.extend(layout.expression(then));
            arm
        }));
        documents
    }

    /// `decimal(9, 2)?`
    pub(super) fn type_expr(&mut self, ty: &TypeExpr) -> Vec<Document> {
        let mut documents = self.name(&ty.name);
        for (index, size) in ty.arguments.iter().enumerate() {
            documents.push(text(if index == 0 { "(" } else { ", " }));
            documents.extend(self.verbatim(size.span));
        }
        documents.push(text(if ty.arguments.is_empty() { "" } else { ")" }));
        documents.push(text(if ty.nullable { "?" } else { "" }));
        documents
    }
}

/// How tightly the expression's outermost operator binds.
fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Name(_)
        | ExprKind::Qualified { .. }
        | ExprKind::Call { .. }
        | ExprKind::Case { .. } => Level::Primary,
        ExprKind::Cast { .. } => Level::Cast,
        ExprKind::Unary(op, _) => of_unary(*op),
        ExprKind::Binary(op, ..) => of_binary(op.node),
        ExprKind::IsNull { .. } | ExprKind::InList { .. } | ExprKind::InRange { .. } | ExprKind::Like { .. } => {
            Level::Comparison
        }
    }
}

/// The place of an expression from its first token on that is no parenthesis: those may come and go.
pub(super) fn place(expr: &Expr) -> Span {
    Span { start: leftmost(expr).span.start, end: expr.span.end }
}

/// What an expression begins with, if nothing is in parentheses.
fn leftmost(expr: &Expr) -> &Expr {
    let mut expr = expr;
    loop {
        expr = match &expr.kind {
            ExprKind::Binary(_, left, _) => left,
            ExprKind::IsNull { operand, .. }
            | ExprKind::InList { operand, .. }
            | ExprKind::InRange { operand, .. }
            | ExprKind::Like { operand, .. }
            | ExprKind::Cast { operand, .. } => operand,
            ExprKind::Literal(_)
            | ExprKind::Name(_)
            | ExprKind::Qualified { .. }
            | ExprKind::Call { .. }
            | ExprKind::Unary(..)
            | ExprKind::Case { .. } => return expr,
        };
    }
}

/// Whether the text of an expression may begin with `-`.
fn starts_with_sign(expr: &Expr) -> bool {
    matches!(leftmost(expr).kind, ExprKind::Unary(UnaryOp::Negate, _))
}
