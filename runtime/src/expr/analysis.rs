//! What a rewrite has to know of an expression before it moves it.

use super::failure::{Failure, failure_within};
use super::interval::{Interval, Known, Origin};
use super::{ColumnId, Expr, ExprKind, Form, Function};

/// Whether computing the expression may raise a status: overflow, a failed cast, an ambiguous cell.
///
/// Conservative: without bounds of columns, only types and literals prove that it cannot. No rewrite moves an expression
/// that can fail to where it sees more rows.
pub fn can_fail<F: Form>(expr: &Expr<F>) -> bool {
    can_fail_within(expr, &|_| None)
}

/// The same where `column` gives bounds of columns. Recorded bounds prove nothing here, because a new file may break them.
pub fn can_fail_within<F: Form>(expr: &Expr<F>, column: &dyn Fn(ColumnId) -> Option<Interval>) -> bool {
    let known = Known::new(column);
    let mut may = false;
    expr.walk(&mut |node| {
        may |= !matches!(failure_within(node, &known), Failure::Impossible(Origin::Proven | Origin::Declared));
    });
    may
}

/// Whether it has a part that makes longer texts, which fails where one would become too long. [`can_fail`] leaves that out:
/// like a lack of memory, it is no reason to keep an expression where it stands.
pub fn makes_longer<F: Form>(expr: &Expr<F>) -> bool {
    let mut makes = false;
    expr.walk(&mut |node| makes |= matches!(&node.kind, ExprKind::Call(function, _) if function.can_grow()));
    makes
}

/// Whether a null in any column that the expression reads makes it null; false where that is not certain.
pub fn is_strict<F: Form>(expr: &Expr<F>) -> bool {
    let strict_node = match &expr.kind {
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Arithmetic(..)
        | ExprKind::Compare(..)
        | ExprKind::InList { .. }
        | ExprKind::Like { .. }
        | ExprKind::Cast { .. } => true,
        ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::Coalesce(operands) => operands.len() == 1,
        ExprKind::Call(function, _) => !matches!(function, Function::Least | Function::Greatest | Function::Concat),
        ExprKind::IsNull(_) | ExprKind::Case { .. } | ExprKind::Table { .. } => false,
    };
    (strict_node && expr.operands().into_iter().all(is_strict)) || expr.columns().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{ArithmeticOp, Scalar};
    use crate::types::Type;
    use dj_grammar::Span;

    fn make(kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty, nullable: true, span: Span::default() }
    }

    fn column() -> Expr {
        Expr::column(ColumnId(0), Type::I64, true, Span::default())
    }

    #[test]
    fn strictness() {
        let one = Expr::literal(Scalar::Int(1), Type::I64, Span::default());
        let sum = make(ExprKind::Arithmetic(ArithmeticOp::Add, Box::new(column()), Box::new(one.clone())), Type::I64);
        assert!(is_strict(&sum));
        assert!(!is_strict(&make(ExprKind::IsNull(Box::new(sum.clone())), Type::Bool)));
        assert!(!is_strict(&make(ExprKind::Coalesce(vec![sum.clone(), one.clone()]), Type::I64)));
        assert!(!is_strict(&make(ExprKind::Call(Function::Greatest, vec![sum, one]), Type::I64)));
    }

    #[test]
    fn failing() {
        let cast = |or_null| make(ExprKind::Cast { operand: Box::new(column()), or_null }, Type::I8);
        assert!(can_fail(&cast(false)));
        assert!(!can_fail(&cast(true)));
        let small = |origin| move |_| Some(Interval { lo: 0, hi: 9, origin });
        assert!(!can_fail_within(&cast(false), &small(Origin::Declared)));
        assert!(can_fail_within(&cast(false), &small(Origin::Recorded)));
    }
}
