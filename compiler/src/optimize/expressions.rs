//! What the rules share of expressions.

use crate::plan::{NamedExpr, SchemaColumn};
pub(super) use crate::plan::{conjunction, conjuncts, reads_any};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, ExprKind, is_strict};
use std::collections::BTreeMap;

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

/// Whether the predicate is null or false where all columns of a schema are null.
pub(super) fn rejects_nulls(predicate: &Expr, schema: &[SchemaColumn]) -> bool {
    conjuncts(predicate.clone()).iter().any(|conjunct| {
        if let ExprKind::Not(operand) = &conjunct.kind
            && let ExprKind::IsNull(tested) = &operand.kind
        {
            return is_null_with(tested, schema);
        }
        is_null_with(conjunct, schema)
    })
}

/// Whether the expression is null where a column of the schema is.
pub(super) fn is_null_with(expr: &Expr, schema: &[SchemaColumn]) -> bool {
    reads_any(expr, schema) && is_strict(expr)
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

/// The expression with the items' columns exchanged for what the items compute.
pub(super) fn inline(expr: Expr, items: &[NamedExpr]) -> Expr {
    substitute(expr, &|id| items.iter().find(|item| item.id == id).map(|item| item.expr.clone()))
}

/// Whether the expression is as cheap as the column that holds it.
pub(super) fn is_free(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Param(_))
}

/// An expression that grows beyond this many nodes is easier to read, and to compile, in two steps.
const MAX_SIZE: usize = 256;

/// Whether the expressions may compute what the items do by themselves: nothing that costs anything more than once.
pub(super) fn can_inline(outer: &[&Expr], inner: &[NamedExpr]) -> bool {
    let mut uses = BTreeMap::new();
    for expr in outer {
        expr.walk(&mut |expr| {
            if let ExprKind::Column(id) = expr.kind {
                *uses.entry(id).or_insert(0_usize) += 1;
            }
        });
    }
    let once = |item: &NamedExpr| is_free(&item.expr) || uses.get(&item.id).is_none_or(|count| *count == 1);
    let mut all = outer.iter().copied().chain(inner.iter().map(|item| &item.expr));
    all.all(|expr| size(expr) <= MAX_SIZE) && inner.iter().all(once)
}
