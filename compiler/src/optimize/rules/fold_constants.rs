//! `x + (1 + 2)` = `x + 3`, `true and p` = `p`, `case { true => a, else => b }` = `a`, `x as i64 + 1 > 3` = `x > 2`,
//! `upper(case { p => "a", else => "b" })` = `case { p => "A", else => "B" }`
//!
//! What does not depend on a row is computed once, here. An expression that fails stays as it is: it may never be
//! evaluated, and if it is, the run says where.

use super::simplify::simplify;
use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::plan::Plan;
use dj_runtime::expr::{Expr, ExprKind, Scalar, eval_constant};

pub(in crate::optimize) struct FoldConstants;

impl Rule for FoldConstants {
    fn name(&self) -> &'static str {
        "fold_constants"
    }

    fn rewrite(&self, mut plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        let mut changed = false;
        for expr in plan.expressions_mut() {
            let taken = expr.take();
            let before = taken.clone();
            *expr = taken.rewrite(&mut |expr| simplify(fold_choices(fold(expr))));
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

/// A function of a `case` whose values are all literals is a `case` of the function's values, if it has them all.
fn fold_choices(expr: Expr) -> Expr {
    let foldable = matches!(
        expr.kind,
        ExprKind::Call(..)
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Compare(..)
            | ExprKind::InList { .. }
            | ExprKind::Arithmetic(..)
            | ExprKind::Negate(_)
    );
    let operands = expr.operands();
    let mut open = operands.iter().enumerate().filter(|(_, operand)| operand.as_literal().is_none());
    let (Some((position, case)), None, true) = (open.next(), open.next(), foldable) else { return expr };
    let ExprKind::Case { arms, otherwise } = &case.kind else { return expr };
    let of = |value: &Expr| {
        value.as_literal()?;
        let mut applied = expr.clone();
        *applied.operands_mut().into_iter().nth(position)? = value.clone();
        eval_constant(&applied).ok().map(|folded| Expr::literal(folded, expr.ty, value.span))
    };
    let missing = Expr::literal(Scalar::Null, case.ty, case.span);
    let folded: Option<Vec<_>> = arms.iter().map(|(p, value)| Some((p.clone(), of(value)?))).collect();
    match (folded, of(otherwise.as_deref().unwrap_or(&missing))) {
        (Some(arms), Some(otherwise)) => {
            let nullable = otherwise.nullable || arms.iter().any(|(_, value)| value.nullable);
            let kind = ExprKind::Case { arms, otherwise: Some(Box::new(otherwise)) };
            Expr { kind, ty: expr.ty, nullable, span: expr.span }
        }
        _ => expr,
    }
}
