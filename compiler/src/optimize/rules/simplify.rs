//! Equations of expressions that hold whatever the row, for [`super::FoldConstants`].
//!
//! None drops an operand that may fail where it would have been evaluated, so that a program fails with and without the
//! optimizer alike; and none makes an operand see more rows.

use crate::optimize::expressions::conjuncts;
use dj_grammar::Span;
use dj_runtime::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Failure, Origin, Scalar, can_fail, cast, failure};
use dj_runtime::types::Type;

/// The expression, simplified at its root; operands are simple already.
pub(super) fn simplify(expr: Expr) -> Expr {
    let Expr { kind, ty, nullable, span } = expr;
    let make = |kind| Expr { kind, ty, nullable, span };
    match kind {
        ExprKind::And(operands) => junction(operands, false, make),
        ExprKind::Or(operands) => junction(operands, true, make),
        ExprKind::Not(operand) => negation(*operand, make),
        ExprKind::IsNull(operand) if !operand.nullable && !can_fail(&operand) => Expr::bool(false, span),
        ExprKind::Coalesce(operands) => coalesce(operands, make),
        ExprKind::Case { arms, otherwise } => case(arms, otherwise, make),
        ExprKind::InList { operand, list } if list.is_empty() && !operand.nullable && !can_fail(&operand) => {
            Expr::bool(false, span)
        }
        ExprKind::InList { operand, list } => make(ExprKind::InList { operand, list }),
        ExprKind::Cast { operand, .. } if operand.ty == ty => *operand,
        ExprKind::Cast { operand, or_null } => make(ExprKind::Cast { operand, or_null }),
        ExprKind::Arithmetic(_, ref left, ref right) if is_null_with(left, right) => {
            Expr::literal(Scalar::Null, ty, span)
        }
        ExprKind::Compare(op, left, right) => compare(op, *left, *right, make),
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Table { .. }
        | ExprKind::Negate(_)
        | ExprKind::Arithmetic(..)
        | ExprKind::IsNull(_)
        | ExprKind::Like { .. }
        | ExprKind::Call(..) => make(kind),
    }
}

fn is_null(expr: &Expr) -> bool {
    expr.as_literal().is_some_and(Scalar::is_null)
}

/// Whether an operation that a null operand makes null is null, and nothing of it can fail.
fn is_null_with(left: &Expr, right: &Expr) -> bool {
    (is_null(left) && !can_fail(right)) || (is_null(right) && !can_fail(left))
}

fn is_bool(expr: &Expr, value: bool) -> bool {
    expr.as_literal() == Some(&Scalar::Bool(value))
}

/// Whether two expressions compute the same, wherever they stand.
fn same(a: &Expr, b: &Expr) -> bool {
    let placeless = |expr: &Expr| {
        expr.clone().rewrite(&mut |mut part| {
            part.span = Span::default();
            part
        })
    };
    a == b || placeless(a) == placeless(b)
}

/// `and` with `decisive` false, `or` with `decisive` true: nested ones are flattened, neutral and repeated operands go, and
/// a decisive one is the result, unless what is evaluated before it may fail; what comes after it never is.
fn junction(operands: Vec<Expr>, decisive: bool, make: impl Fn(ExprKind) -> Expr) -> Expr {
    let mut kept: Vec<Expr> = Vec::new();
    let flat = if decisive {
        operands.into_iter().flat_map(disjuncts).collect::<Vec<_>>()
    } else {
        operands.into_iter().flat_map(conjuncts).collect()
    };
    for operand in flat {
        if is_bool(&operand, decisive) {
            if !kept.iter().any(can_fail) {
                return operand;
            }
            kept.push(operand);
            break;
        }
        if !is_bool(&operand, !decisive) && !kept.iter().any(|other| same(other, &operand)) {
            kept.push(operand);
        }
    }
    if kept.len() == 1 {
        return kept.remove(0);
    }
    if kept.is_empty() {
        return Expr::bool(!decisive, make(ExprKind::And(Vec::new())).span);
    }
    let nullable = kept.iter().any(|operand| operand.nullable);
    Expr { nullable, ..make(if decisive { ExprKind::Or(kept) } else { ExprKind::And(kept) }) }
}

fn disjuncts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr { kind: ExprKind::Or(operands), .. } => operands.into_iter().flat_map(disjuncts).collect(),
        other => vec![other],
    }
}

/// Comparison is total, NaN included, so the negation of one is another.
fn negation(operand: Expr, make: impl Fn(ExprKind) -> Expr) -> Expr {
    if let ExprKind::Not(inner) = operand.kind {
        return *inner;
    }
    if let ExprKind::Compare(op, left, right) = operand.kind {
        return make(ExprKind::Compare(inverted(op), left, right));
    }
    make(ExprKind::Not(Box::new(operand)))
}

fn inverted(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterEqual,
        CompareOp::LessEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessEqual,
        CompareOp::GreaterEqual => CompareOp::Less,
    }
}

/// Nulls and repeated operands go, and so does everything after an operand that is never null.
fn coalesce(operands: Vec<Expr>, make: impl Fn(ExprKind) -> Expr) -> Expr {
    let mut kept: Vec<Expr> = Vec::new();
    for operand in operands.into_iter().filter(|operand| !is_null(operand)) {
        let last = !operand.nullable;
        if !kept.iter().any(|other| same(other, &operand)) {
            kept.push(operand);
        }
        if last {
            break;
        }
    }
    if kept.len() == 1 {
        return kept.remove(0);
    }
    let all_null = kept.is_empty();
    let coalesce = make(ExprKind::Coalesce(kept));
    if all_null { Expr::literal(Scalar::Null, coalesce.ty, coalesce.span) } else { coalesce }
}

/// Arms whose condition is never true go; the first whose condition is always true is the last.
fn case(arms: Vec<(Expr, Expr)>, otherwise: Option<Box<Expr>>, make: impl Fn(ExprKind) -> Expr) -> Expr {
    let mut kept = Vec::new();
    let mut otherwise = otherwise;
    for (condition, value) in arms {
        if is_bool(&condition, true) {
            otherwise = Some(Box::new(value));
            break;
        }
        if !is_bool(&condition, false) && !is_null(&condition) {
            kept.push((condition, value));
        }
    }
    if !kept.is_empty() {
        return make(ExprKind::Case { arms: kept, otherwise });
    }
    let nothing = make(ExprKind::And(Vec::new()));
    otherwise.map_or_else(|| Expr::literal(Scalar::Null, nothing.ty, nothing.span), |value| *value)
}

/// A constant stands on the right, a widening cast goes where the constant fits the narrow type, and a constant that is
/// added moves to the other side.
fn compare(op: CompareOp, left: Expr, right: Expr, make: impl Fn(ExprKind) -> Expr) -> Expr {
    if is_null_with(&left, &right) {
        let null = make(ExprKind::And(Vec::new()));
        return Expr::literal(Scalar::Null, null.ty, null.span);
    }
    let (op, left, right) = match (left.as_literal(), right.as_literal()) {
        (Some(_), None) => (op.flipped(), right, left),
        _ => (op, left, right),
    };
    let (left, right) = without_cast(left, right);
    let (left, right) = without_sum(left, right);
    make(ExprKind::Compare(op, Box::new(left), Box::new(right)))
}

/// `x as wide == c` = `x == c` where the type of `x` holds `c` exactly and the cast loses nothing.
fn without_cast(left: Expr, right: Expr) -> (Expr, Expr) {
    let ExprKind::Cast { operand, or_null: false } = &left.kind else { return (left, right) };
    let Some(value) = right.as_literal() else { return (left, right) };
    if !is_widening(operand.ty, left.ty) || left.ty != right.ty {
        return (left, right);
    }
    let narrow = cast(value, right.ty, operand.ty).ok();
    let exact = narrow.filter(|narrow| cast(narrow, operand.ty, right.ty).as_ref() == Ok(value));
    match exact {
        Some(narrow) => ((**operand).clone(), Expr::literal(narrow, operand.ty, right.span)),
        None => (left, right),
    }
}

/// Whether a cast between the types is exact and keeps the order. Floats are left alone.
fn is_widening(from: Type, to: Type) -> bool {
    let (Some((from_lo, from_hi)), Some((to_lo, to_hi))) = (from.integer_range(), to.integer_range()) else {
        return false;
    };
    if from == Type::Date && to == Type::Timestamp {
        // A timestamp that is no midnight has no date that equals it, which the round trip finds out.
        return true;
    }
    let same_kind = !from.is_temporal() && !to.is_temporal();
    let factor = 10_i128.pow(to.scale().saturating_sub(from.scale()).into());
    same_kind && to.scale() >= from.scale() && from_lo * factor >= to_lo && from_hi * factor <= to_hi
}

/// `x + c == d` = `x == d - c` in integers of one scale, where the sum cannot overflow.
fn without_sum(left: Expr, right: Expr) -> (Expr, Expr) {
    let ExprKind::Arithmetic(op, x, c) = &left.kind else { return (left, right) };
    let (Some(c), Some(d)) = (c.as_literal().and_then(Scalar::as_int), right.as_literal().and_then(Scalar::as_int))
    else {
        return (left, right);
    };
    if overflows(&left) {
        return (left, right);
    }
    let one_unit = x.ty == right.ty && left.ty == right.ty && (x.ty.is_integer() || x.ty.is_decimal());
    if !one_unit || left.operands().iter().any(|operand| operand.ty != x.ty) {
        return (left, right);
    }
    let moved = match op {
        ArithmeticOp::Add => d.checked_sub(c),
        ArithmeticOp::Subtract => d.checked_add(c),
        ArithmeticOp::Multiply
        | ArithmeticOp::Divide
        | ArithmeticOp::FloorDivide
        | ArithmeticOp::Modulo
        | ArithmeticOp::Power => None,
    };
    let fits = |value: &i128| x.ty.integer_range().is_some_and(|(lo, hi)| (lo..=hi).contains(value));
    match moved.filter(fits) {
        Some(moved) => ((**x).clone(), Expr::literal(Scalar::Int(moved), x.ty, right.span)),
        None => (left, right),
    }
}

/// Whether the operation itself may overflow, its operands aside.
fn overflows(expr: &Expr) -> bool {
    !matches!(failure(expr, &|_| None), Failure::Impossible(Origin::Proven))
}
