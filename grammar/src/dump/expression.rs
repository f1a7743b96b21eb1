//! Expressions as text, with the operator first.

use super::type_expr;
use crate::ast::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};
use crate::lexer::spell_name;

/// `(+ a (* b 2))`
pub(crate) fn expression(expr: &Expr) -> String {
    let all = |parts: &[Expr]| parts.iter().map(expression).collect::<Vec<_>>().join(" ");
    let not = |negated: bool| if negated { "not " } else { "" };
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Name(name) => spell_name(name),
        ExprKind::Qualified { qualifier, name } => {
            format!("{}.{}", spell_name(&qualifier.node), spell_name(&name.node))
        }
        ExprKind::Call { name, arguments, filter } => {
            let filter = filter.as_ref().map(|filter| format!(" (filter {})", expression(filter)));
            let space = if arguments.is_empty() { "" } else { " " };
            format!("(call {}{space}{}{})", spell_name(&name.node), all(arguments), filter.unwrap_or_default())
        }
        ExprKind::Unary(op, operand) => format!("({} {})", unary_sign(*op), expression(operand)),
        ExprKind::Binary(op, left, right) => {
            format!("({} {} {})", binary_sign(op.node), expression(left), expression(right))
        }
        ExprKind::IsNull { operand, negated } => format!("(is {}null {})", not(*negated), expression(operand)),
        ExprKind::InList { operand, list, negated } => {
            format!("({}in {} {{ {} }})", not(*negated), expression(operand), all(list))
        }
        ExprKind::InRange { operand, lo, hi, negated } => {
            format!("({}in {} {}..{})", not(*negated), expression(operand), expression(lo), expression(hi))
        }
        ExprKind::Like { operand, pattern, negated } => {
            format!("({}like {} {})", not(*negated), expression(operand), expression(pattern))
        }
        ExprKind::Case { arms, otherwise } => {
            let arm = |(when, then): &(Expr, Expr)| format!(" ({} => {})", expression(when), expression(then));
            let otherwise = otherwise.as_ref().map(|value| format!(" (else => {})", expression(value)));
            format!("(case{}{})", arms.iter().map(arm).collect::<String>(), otherwise.unwrap_or_default())
        }
        ExprKind::Cast { operand, ty, fallible } => {
            format!("({} {} {})", if *fallible { "as?" } else { "as" }, expression(operand), type_expr(ty))
        }
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Integer(digits) | Literal::Fraction(digits) | Literal::Float(digits) => digits.clone(),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Date(days) => format!("(date {days})"),
        Literal::Timestamp(micros) => format!("(timestamp {micros})"),
        Literal::Duration(micros) => format!("(duration {micros})"),
        Literal::Months(months) => format!("(months {months})"),
    }
}

/// A prefix operator as a program spells it.
pub(crate) fn unary_sign(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Negate => "-",
        UnaryOp::Not => "not",
    }
}

/// An infix operator as a program spells it.
pub(crate) fn binary_sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Power => "**",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::FloorDivide => "//",
        BinaryOp::Modulo => "%",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Coalesce => "??",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}
