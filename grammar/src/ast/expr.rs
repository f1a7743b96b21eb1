//! Expressions and literals.

use super::{Name, TypeExpr};
use crate::span::{Span, Spanned};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// A column, parameter or function argument.
    Name(String),
    /// `table.column`, `left.x`, `total.amount`
    Qualified {
        /// Before the dot.
        qualifier: Name,
        /// After it.
        name: Name,
    },
    /// `f(x, y)`, with `f(x filter p)` for aggregates
    Call {
        /// The function.
        name: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
        /// An aggregate's own filter.
        filter: Option<Box<Expr>>,
    },
    /// `-x`, `not x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(Spanned<BinaryOp>, Box<Expr>, Box<Expr>),
    /// `x is [not] null`
    IsNull {
        /// The operand.
        operand: Box<Expr>,
        /// `is not null`
        negated: bool,
    },
    /// `x [not] in { 1, 2 }`
    InList {
        /// The operand.
        operand: Box<Expr>,
        /// The list.
        list: Vec<Expr>,
        /// `not in`
        negated: bool,
    },
    /// `x [not] in lo..hi`, both ends included
    InRange {
        /// The operand.
        operand: Box<Expr>,
        /// First value.
        lo: Box<Expr>,
        /// Last value.
        hi: Box<Expr>,
        /// `not in`
        negated: bool,
    },
    /// `x [not] like "%a_"`
    Like {
        /// The operand.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// `not like`
        negated: bool,
    },
    /// `case { c1 => v1, else => v }`
    Case {
        /// Conditions and values.
        arms: Vec<(Expr, Expr)>,
        /// `else => v`
        otherwise: Option<Box<Expr>>,
    },
    /// `x as T`, `x as? T`
    Cast {
        /// The operand.
        operand: Box<Expr>,
        /// The type.
        ty: TypeExpr,
        /// `as?`: null where the cast fails.
        fallible: bool,
    },
}

/// A literal. Numbers keep their digits, so that nothing is rounded before its type is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1_000`: digits without underscores
    Integer(String),
    /// `1.5`: digits without underscores
    Fraction(String),
    /// `6.02e23`: without underscores; a finite f64
    Float(String),
    /// `"text"`, unescaped
    Text(String),
    /// `@2024-01-31`: days since 1970-01-01
    Date(i32),
    /// `@2024-01-31T08:30:00`: microseconds since 1970-01-01T00:00:00 UTC
    Timestamp(i64),
    /// `90d`, `5min`, `30s`: microseconds
    Duration(i64),
    /// `3mo`, `1y`: months
    Months(i64),
}

/// A prefix operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum UnaryOp {
    Negate,
    Not,
}

/// An infix operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum BinaryOp {
    Power,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Add,
    Subtract,
    Coalesce,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}
