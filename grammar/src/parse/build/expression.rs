//! Expressions: the grammar gives operands and operators in a row, precedence makes a tree of them.

use super::super::rules::Rule;
use super::{Builder, Node, Nodes};
use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::precedence::{self, Level};
use crate::span::{Span, Spanned};
use std::iter::Peekable;

/// An expression and the place it takes, which includes its parentheses.
struct Operand {
    expr: Expr,
    outer: Span,
}

impl Operand {
    fn new(kind: ExprKind, outer: Span) -> Self {
        Self { expr: Expr { kind, span: outer }, outer }
    }

    fn boxed(self) -> Box<Expr> {
        Box::new(self.expr)
    }
}

impl Builder<'_> {
    /// An expression from the match of a rule that holds operands and operators in a row.
    pub(super) fn operators(&mut self, pair: Node<'_>) -> Option<Expr> {
        let mut row = pair.into_inner().peekable();
        let operand = self.climb(&mut row, Level::Or)?;
        if row.next().is_some() { None } else { Some(operand.expr) }
    }

    /// The list of expressions that a match consists of.
    pub(super) fn expressions(&mut self, pair: Node<'_>) -> Option<Vec<Expr>> {
        Nodes::of(pair).map(|expr| self.operators(expr)).collect()
    }

    /// The longest expression at the start of `row` whose operators bind at least as tightly as `loosest`.
    fn climb<'i>(&mut self, row: &mut Peekable<impl Iterator<Item = Node<'i>>>, loosest: Level) -> Option<Operand> {
        let mut left = self.prefixed(row)?;
        while let Some(next) = row.peek() {
            if let Some(op) = binary(next.as_rule()) {
                let level = precedence::of_binary(op);
                if level < loosest {
                    break;
                }
                let at = self.span(next);
                row.next();
                let right = self.climb(row, precedence::of_right_operand(op))?;
                let span = left.outer.to(right.outer);
                let kind = ExprKind::Binary(Spanned::new(op, at), left.boxed(), right.boxed());
                left = Operand::new(kind, span);
            } else if postfix(next.as_rule())? >= loosest {
                let tail = row.next()?;
                left = self.postfixed(left, tail)?;
            } else {
                break;
            }
        }
        Some(left)
    }

    fn prefixed<'i>(&mut self, row: &mut Peekable<impl Iterator<Item = Node<'i>>>) -> Option<Operand> {
        let first = row.next()?;
        let (op, level) = match first.as_rule() {
            Rule::op_not => (UnaryOp::Not, precedence::of_unary(UnaryOp::Not)),
            Rule::op_negate => (UnaryOp::Negate, precedence::of_unary(UnaryOp::Negate)),
            _ => return self.primary(first),
        };
        let start = self.span(&first);
        let operand = self.climb(row, level)?;
        let span = start.to(operand.outer);
        Some(Operand::new(ExprKind::Unary(op, operand.boxed()), span))
    }

    /// `operand` with what follows it: a cast, `is null`, `in`, `like`.
    fn postfixed(&mut self, operand: Operand, tail: Node<'_>) -> Option<Operand> {
        let span = operand.outer.to(self.span(&tail));
        let rule = tail.as_rule();
        if rule == Rule::cast_suffix {
            let mut parts = tail.into_inner();
            let fallible = parts.next()?.as_rule() == Rule::kw_as_fallible;
            let ty = self.type_expr(parts.next()?)?;
            return Some(Operand::new(ExprKind::Cast { operand: operand.boxed(), ty, fallible }, span));
        }
        let mut nodes = Nodes::of(tail);
        let negated = nodes.next_if(Rule::negated).is_some();
        let operand = operand.boxed();
        let kind = match rule {
            Rule::is_null => ExprKind::IsNull { operand, negated },
            Rule::like_tail => {
                let pattern = Box::new(self.operators(nodes.next()?)?);
                ExprKind::Like { operand, pattern, negated }
            }
            _ => match nodes.next_if(Rule::value_list) {
                Some(list) => ExprKind::InList { operand, list: self.expressions(list)?, negated },
                None => {
                    let lo = Box::new(self.operators(nodes.next()?)?);
                    let hi = Box::new(self.operators(nodes.next()?)?);
                    ExprKind::InRange { operand, lo, hi, negated }
                }
            },
        };
        Some(Operand::new(kind, span))
    }

    fn primary(&mut self, pair: Node<'_>) -> Option<Operand> {
        let outer = self.span(&pair);
        let inner = pair.into_inner().next()?;
        let expr = match inner.as_rule() {
            Rule::parenthesized => self.operators(Nodes::of(inner).next()?)?,
            Rule::column => self.column(inner)?,
            Rule::call => self.call(inner)?,
            Rule::case => self.case(inner)?,
            _ => self.literal(&inner)?,
        };
        Some(Operand { expr, outer })
    }

    /// `a` or `t.a`
    pub(super) fn column(&mut self, pair: Node<'_>) -> Option<Expr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let first = self.name(nodes.next()?);
        let kind = match nodes.next() {
            Some(second) => ExprKind::Qualified { qualifier: first, name: self.name(second) },
            None => ExprKind::Name(first.node),
        };
        Some(Expr { kind, span })
    }

    fn call(&mut self, pair: Node<'_>) -> Option<Expr> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let name = self.name(nodes.next()?);
        let mut arguments = Vec::new();
        let mut filter = None;
        for part in nodes {
            match part.as_rule() {
                Rule::arguments => arguments = self.expressions(part)?,
                _ => filter = Some(Box::new(self.operators(Nodes::of(part).next()?)?)),
            }
        }
        Some(Expr { kind: ExprKind::Call { name, arguments, filter }, span })
    }

    fn case(&mut self, pair: Node<'_>) -> Option<Expr> {
        let span = self.span(&pair);
        let mut arms = Vec::new();
        let mut otherwise = None;
        for arm in Nodes::of(pair) {
            let is_arm = arm.as_rule() == Rule::case_arm;
            let mut nodes = Nodes::of(arm);
            let first = self.operators(nodes.next()?)?;
            if is_arm {
                arms.push((first, self.operators(nodes.next()?)?));
            } else {
                otherwise = Some(Box::new(first));
            }
        }
        Some(Expr { kind: ExprKind::Case { arms, otherwise }, span })
    }
}

fn binary(rule: Rule) -> Option<BinaryOp> {
    Some(match rule {
        Rule::op_power => BinaryOp::Power,
        Rule::op_multiply => BinaryOp::Multiply,
        Rule::op_divide => BinaryOp::Divide,
        Rule::op_floor_divide => BinaryOp::FloorDivide,
        Rule::op_modulo => BinaryOp::Modulo,
        Rule::op_add => BinaryOp::Add,
        Rule::op_subtract => BinaryOp::Subtract,
        Rule::op_coalesce => BinaryOp::Coalesce,
        Rule::op_equal => BinaryOp::Equal,
        Rule::op_not_equal => BinaryOp::NotEqual,
        Rule::op_less => BinaryOp::Less,
        Rule::op_less_equal => BinaryOp::LessEqual,
        Rule::op_greater => BinaryOp::Greater,
        Rule::op_greater_equal => BinaryOp::GreaterEqual,
        Rule::op_and => BinaryOp::And,
        Rule::op_or => BinaryOp::Or,
        _ => return None,
    })
}

fn postfix(rule: Rule) -> Option<Level> {
    match rule {
        Rule::cast_suffix => Some(Level::Cast),
        Rule::is_null | Rule::in_tail | Rule::like_tail => Some(Level::Comparison),
        _ => None,
    }
}
