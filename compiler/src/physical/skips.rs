//! What statistics of row groups can refute of a scan's predicates: comparisons of a column of any type with a constant or a
//! parameter, tests for null, and alternatives of these.
//!
//! A list is between its least and greatest value, and texts that begin alike lie between two texts. Whoever reads statistics
//! knows what they leave out: nulls, NaN, the ends of long texts.

use super::DriverColumn;
use dj_runtime::artifact::{ScanPredicate, ScanValue};
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Function, Scalar, compare};
use dj_runtime::types::Type;
use std::cmp::Ordering;

/// What holds wherever the predicate does, of columns that are scanned; the predicate is as it was written.
pub(super) fn skips(predicate: &Expr, columns: &[DriverColumn]) -> Vec<ScanPredicate> {
    let scanned = |operand: &Expr| operand.as_column().and_then(|id| index_of(id, columns));
    let on = |operand: &Expr, comparisons: Vec<(CompareOp, Scalar)>| {
        let Some(column) = scanned(operand) else { return vec![] };
        comparisons.into_iter().map(|(op, value)| ScanPredicate::compare(column, op, value)).collect()
    };
    let is_null = |operand: &Expr, is| scanned(operand).map(|column| ScanPredicate::IsNull { column, is });
    match &predicate.kind {
        ExprKind::And(parts) => parts.iter().flat_map(|part| skips(part, columns)).collect(),
        ExprKind::Column(_) => on(predicate, vec![(CompareOp::Equal, Scalar::Bool(true))]),
        ExprKind::Not(operand) => {
            if let ExprKind::IsNull(tested) = &operand.kind {
                return is_null(tested, false).into_iter().collect();
            }
            on(operand, vec![(CompareOp::Equal, Scalar::Bool(false))])
        }
        ExprKind::IsNull(operand) => is_null(operand, true).into_iter().collect(),
        ExprKind::Compare(op, left, right) if left.ty == right.ty => {
            let compare = |operand, op, value| Some(ScanPredicate::Compare { column: scanned(operand)?, op, value });
            let from_left = value_of(right).and_then(|value| compare(left, *op, value));
            let from_right = || value_of(left).and_then(|value| compare(right, op.flipped(), value));
            from_left.or_else(from_right).into_iter().collect()
        }
        ExprKind::Or(parts) => {
            let lists: Vec<_> = parts.iter().map(|part| skips(part, columns)).collect();
            // Of one part of which nothing is known, nothing can be refuted.
            if lists.iter().any(Vec::is_empty) { vec![] } else { vec![ScanPredicate::Any(lists)] }
        }
        ExprKind::InList { operand, list } => on(operand, ends(list, operand.ty)),
        ExprKind::Like { operand, pattern } => {
            let prefix = pattern.split(['%', '_']).next().unwrap_or_else(|| unreachable!("a split has a first part"));
            on(operand, begins_with(prefix))
        }
        ExprKind::Call(Function::StartsWith, operands) => match &operands[..] {
            [text, prefix] => on(text, prefix.as_literal().and_then(Scalar::as_str).map_or(vec![], begins_with)),
            _ => vec![],
        },
        ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Negate(_)
        | ExprKind::Arithmetic(..)
        | ExprKind::Compare(..)
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. }
        | ExprKind::Cast { .. }
        | ExprKind::Call(..) => vec![],
        ExprKind::Table { table, .. } => match *table {},
    }
}

fn index_of(id: ColumnId, columns: &[DriverColumn]) -> Option<usize> {
    columns.iter().find(|scanned| scanned.column.id == id).map(|scanned| scanned.index)
}

/// What a column may be compared with, where it is known before a row is read.
fn value_of(expr: &Expr) -> Option<ScanValue> {
    if let ExprKind::Param(param) = expr.kind {
        return Some(ScanValue::Param(param));
    }
    let constant = expr.as_literal().filter(|value| !value.is_null());
    constant.map(|value| ScanValue::Literal(value.clone()))
}

/// What is in the list is not less than its least value and not greater than its greatest.
fn ends(list: &[Scalar], ty: Type) -> Vec<(CompareOp, Scalar)> {
    let values = || list.iter().filter(|value| !value.is_null());
    let order = |a: &&Scalar, b: &&Scalar| compare(a, ty, b, ty).unwrap_or(Ordering::Equal);
    match (values().min_by(order), values().max_by(order)) {
        (Some(least), Some(greatest)) => {
            vec![(CompareOp::GreaterEqual, least.clone()), (CompareOp::LessEqual, greatest.clone())]
        }
        _ => vec![],
    }
}

/// Texts that begin so are not less than the prefix, and less than the next text of its length.
fn begins_with(prefix: &str) -> Vec<(CompareOp, Scalar)> {
    let Some(last) = prefix.chars().next_back() else { return vec![] };
    let start = &prefix[..prefix.len() - last.len_utf8()];
    let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
    let below = next.map(|next| (CompareOp::Less, Scalar::str(&format!("{start}{next}"))));
    std::iter::once((CompareOp::GreaterEqual, Scalar::str(prefix))).chain(below).collect()
}
