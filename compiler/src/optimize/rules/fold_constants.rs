//! `x + (1 + 2)` = `x + 3`, `true and p` = `p`, `case { true => a, else => b }` = `a`, `x + 1 > 3` = `x > 2`
//!
//! What does not depend on a row is computed once, here. An expression that fails stays as it is: it may never be
//! evaluated, and if it is, the run says where.

use super::simplify::simplify;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::expressions_mut;
use crate::plan::Plan;
use dj_grammar::Span;
use dj_runtime::expr::{Expr, ExprKind, eval_constant};

pub(in crate::optimize) struct FoldConstants;

impl Rule for FoldConstants {
    fn name(&self) -> &'static str {
        "fold_constants"
    }

    fn rewrite(&self, mut plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        let mut changed = false;
        for expr in expressions_mut(&mut plan) {
            let taken = std::mem::replace(expr, Expr::bool(false, Span::default()));
            let before = taken.clone();
            *expr = taken.rewrite(&mut |expr| simplify(fold(expr)));
            changed |= *expr != before;
        }
        Rewritten { plan, changed }
    }
}

/// The value of an expression of literals, if it has one.
fn fold(expr: Expr) -> Expr {
    let operands = expr.operands();
    let constant = !operands.is_empty() && operands.iter().all(|operand| operand.as_literal().is_some());
    let empty_call =
        matches!(&expr.kind, ExprKind::And(xs) | ExprKind::Or(xs) | ExprKind::Coalesce(xs) if xs.is_empty());
    if !constant && !empty_call {
        return expr;
    }
    match eval_constant(&expr) {
        Ok(value) => Expr::literal(value, expr.ty, expr.span),
        Err(_) => expr,
    }
}
