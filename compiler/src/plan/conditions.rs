//! Conditions as lists of what must hold together, and what they read.

use super::SchemaColumn;
use dj_grammar::Span;
use dj_runtime::expr::{Expr, ExprKind};
use dj_runtime::types::Type;

/// The operands of a conjunction, nested ones included, in order; the expression itself if it is none.
pub fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition {
        Expr { kind: ExprKind::And(operands), .. } => operands.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

/// The conjunction of the operands; none if there are none.
pub fn conjunction(mut operands: Vec<Expr>) -> Option<Expr> {
    if operands.len() < 2 {
        return operands.pop();
    }
    let span = operands.iter().map(|operand| operand.span).reduce(Span::to).unwrap_or_default();
    let nullable = operands.iter().any(|operand| operand.nullable);
    Some(Expr { kind: ExprKind::And(operands), ty: Type::Bool, nullable, span })
}

/// Whether the expression reads a column of the schema.
pub fn reads_any(expr: &Expr, schema: &[SchemaColumn]) -> bool {
    expr.columns().iter().any(|id| schema.iter().any(|column| column.id == *id))
}
