//! Which functions of text become tables over a dictionary, and which the host computes row by row.

#![expect(clippy::wildcard_enum_match_arm, reason = "only a few forms need a look into the text")]

use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Function, Scalar, eval_constant};
use dj_runtime::types::Type;

/// Longer lists of text are looked up in a table instead of being compared code by code.
const LONG_LIST: usize = 8;

/// Whether an expression's value is text that is not known at compile time.
pub(super) fn is_text(expr: &Expr) -> bool {
    expr.ty == Type::Str && !matches!(expr.kind, ExprKind::Literal(_))
}

/// The value of an expression that has to do with text and reads nothing; `None` also where it cannot be computed.
pub(super) fn constant(expr: &Expr) -> Option<Expr> {
    let mut reads = false;
    let mut has_text = false;
    expr.walk(&mut |part| {
        reads |= matches!(part.kind, ExprKind::Column(_) | ExprKind::Param(_) | ExprKind::Cell { .. });
        has_text |= part.ty == Type::Str;
    });
    if reads || !has_text || matches!(expr.kind, ExprKind::Literal(_)) {
        return None;
    }
    let value = eval_constant(expr).ok()?;
    Some(Expr::literal(value, expr.ty, expr.span))
}

/// `a < b` of two texts, neither a literal.
pub(super) fn is_order_of_texts(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Compare(op, left, right) if is_order(*op) && is_text(left) && is_text(right))
}

fn is_order(op: CompareOp) -> bool {
    !matches!(op, CompareOp::Equal | CompareOp::NotEqual)
}

/// Whether the host must compute the expression because it looks into a text.
pub(super) fn needs_host(expr: &Expr) -> bool {
    match &expr.kind {
        // The unit of time is no text that a device would see.
        ExprKind::Call(Function::DateTrunc | Function::DateDiff, _) => false,
        ExprKind::Call(_, operands) => expr.ty == Type::Str || operands.iter().any(|operand| operand.ty == Type::Str),
        ExprKind::Like { .. } => true,
        ExprKind::Cast { operand, .. } => operand.ty == Type::Str || expr.ty == Type::Str,
        ExprKind::InList { operand, list } => is_text(operand) && list.len() > LONG_LIST,
        ExprKind::Compare(op, left, _) => is_order(*op) && left.ty == Type::Str,
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Arithmetic(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. } => false,
        ExprKind::Table { table, .. } => match *table {},
    }
}

/// Whether an expression looks into texts and is no function of one text alone, so that no table over a dictionary holds
/// its values.
pub(super) fn is_for_host(expr: &Expr) -> bool {
    needs_host(expr) && !is_order_of_texts(expr) && only_base(expr).is_none() && constant(expr).is_none()
}

/// The text that a host function reads, if it reads one and nothing else.
pub(super) fn only_base(expr: &Expr) -> Option<&Expr> {
    let mut bases = Vec::new();
    collect_bases(expr, &mut bases)?;
    let (first, others) = bases.split_first()?;
    let wanted = first.without_spans();
    others.iter().all(|other| other.without_spans() == wanted).then_some(*first)
}

/// The texts that a host function reads: those that no host function makes. `None` where it reads something else, or where
/// a part fails whatever the text: also for a null, of which a table has no entry.
fn collect_bases<'a>(expr: &'a Expr, bases: &mut Vec<&'a Expr>) -> Option<()> {
    match &expr.kind {
        ExprKind::Literal(_) => {}
        _ if constant(expr).is_some() => {}
        _ if needs_host(expr) => {
            let before = bases.len();
            expr.operands().into_iter().try_for_each(|operand| collect_bases(operand, bases))?;
            return (bases.len() > before).then_some(());
        }
        _ if expr.ty == Type::Str => bases.push(expr),
        _ => return None,
    }
    Some(())
}

/// A function of one text as a function of column 0; `base` is the text, without spans.
pub(super) fn function_of(expr: Expr, base: &Expr) -> Expr {
    let mut function = replace(expr, base);
    // A null text is handled on the device, so the table's own nulls are those of failed conversions and the like.
    function.nullable = is_nullable(&function);
    function
}

fn replace(expr: Expr, base: &Expr) -> Expr {
    if expr.without_spans() == *base {
        return Expr::column(ColumnId(0), Type::Str, false, expr.span);
    }
    let mut expr = expr;
    for operand in expr.operands_mut() {
        *operand = replace(operand.take(), base);
    }
    expr
}

/// Whether a function gives null for some text.
fn is_nullable(expr: &Expr) -> bool {
    let mut nullable = false;
    expr.walk(&mut |part| {
        nullable |= match &part.kind {
            ExprKind::Cast { or_null, .. } => *or_null,
            ExprKind::Call(function, _) => function.makes_nulls(),
            ExprKind::Literal(value) => value.is_null(),
            ExprKind::InList { list, .. } => list.iter().any(Scalar::is_null),
            _ => false,
        }
    });
    nullable
}
