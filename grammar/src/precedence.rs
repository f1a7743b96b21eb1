//! How tightly operators bind, for the parser and for the parentheses that the formatter writes.

use crate::ast::{BinaryOp, UnaryOp};

/// The levels of expressions, from loose to tight; the same as in `dj.pest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Or,
    And,
    Not,
    Comparison,
    Coalesce,
    Additive,
    Multiplicative,
    Negate,
    Power,
    Cast,
    Primary,
}

/// The level of `a op b`.
pub(crate) fn of_binary(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Or => Level::Or,
        BinaryOp::And => Level::And,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => Level::Comparison,
        BinaryOp::Coalesce => Level::Coalesce,
        BinaryOp::Add | BinaryOp::Subtract => Level::Additive,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Modulo => Level::Multiplicative,
        BinaryOp::Power => Level::Power,
    }
}

/// The loosest level that `b` of `a op b` may have without parentheses.
pub(crate) fn of_right_operand(op: BinaryOp) -> Level {
    match of_binary(op) {
        Level::Or => Level::And,
        Level::And => Level::Not,
        Level::Not | Level::Comparison => Level::Coalesce,
        Level::Coalesce => Level::Additive,
        Level::Additive => Level::Multiplicative,
        Level::Multiplicative => Level::Negate,
        // Groups from the right, and takes a sign: `2 ** -1 ** 3`.
        Level::Power | Level::Negate => Level::Negate,
        Level::Cast | Level::Primary => Level::Primary,
    }
}

/// The loosest level that `a` of `a op b` may have without parentheses.
pub(crate) fn of_left_operand(op: BinaryOp) -> Level {
    let level = of_binary(op);
    if level == Level::Comparison {
        // Comparisons do not chain.
        Level::Coalesce
    } else if level == Level::Power {
        // `-a ** b` is `-(a ** b)`, `a ** b ** c` is `a ** (b ** c)`; and few know that a cast binds tighter than a power.
        Level::Primary
    } else {
        level
    }
}

/// The level of a prefix operator, and of its operand.
pub(crate) fn of_unary(op: UnaryOp) -> Level {
    match op {
        UnaryOp::Not => Level::Not,
        UnaryOp::Negate => Level::Negate,
    }
}
