//! What the rules share of expressions.

use crate::plan::SchemaColumn;
pub(super) use crate::plan::{conjunction, conjuncts};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, ExprKind};

/// The expression with columns exchanged for what `with` gives.
pub(super) fn substitute(expr: Expr, with: &dyn Fn(ColumnId) -> Option<Expr>) -> Expr {
    // Not by `Expr::rewrite`, which would visit what it has put in.
    if let ExprKind::Column(id) = expr.kind {
        return with(id).unwrap_or(expr);
    }
    let mut expr = expr;
    for operand in expr.operands_mut() {
        *operand = substitute(operand.take(), with);
    }
    expr
}

/// Whether the expression reads only columns of the schema.
pub(super) fn reads_only(expr: &Expr, schema: &[SchemaColumn]) -> bool {
    expr.columns().iter().all(|id| schema.iter().any(|column| column.id == *id))
}

/// How many nodes the expression has.
pub(super) fn size(expr: &Expr) -> usize {
    let mut nodes = 0;
    expr.walk(&mut |_| nodes += 1);
    nodes
}

/// The column as an expression.
pub(super) fn column_expr(column: SchemaColumn, span: Span) -> Expr {
    Expr::column(column.id, column.ty, column.nullable, span)
}
