//! What statistics of row groups can refute of a scan's predicates: comparisons of a column with a constant, of every type.
//!
//! A list is between its least and greatest value, and texts that begin alike lie between two texts. Whoever reads statistics
//! knows what they leave out: nulls, NaN, the ends of long texts.

use super::DriverColumn;
use dj_runtime::artifact::ScanPredicate;
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Function, Scalar, compare};
use dj_runtime::types::Type;
use std::cmp::Ordering;

/// The comparisons that hold wherever the predicate does, on columns that are scanned; the predicate is as it was written.
pub(super) fn skips(predicate: &Expr, columns: &[DriverColumn]) -> Vec<ScanPredicate> {
    let on = |operand: &Expr, comparisons: Vec<(CompareOp, Scalar)>| {
        let scanned = operand.as_column().and_then(|id| index_of(id, columns));
        let predicate = |index| move |(op, value)| ScanPredicate { column: index, op, value };
        scanned.map_or(vec![], |index| comparisons.into_iter().map(predicate(index)).collect())
    };
    match &predicate.kind {
        ExprKind::And(parts) => parts.iter().flat_map(|part| skips(part, columns)).collect(),
        ExprKind::Column(_) => on(predicate, vec![(CompareOp::Equal, Scalar::Bool(true))]),
        ExprKind::Not(operand) => on(operand, vec![(CompareOp::Equal, Scalar::Bool(false))]),
        ExprKind::Compare(op, left, right) if left.ty == right.ty => match (left.as_literal(), right.as_literal()) {
            (None, Some(value)) if !value.is_null() => on(left, vec![(*op, value.clone())]),
            (Some(value), None) if !value.is_null() => on(right, vec![(op.flipped(), value.clone())]),
            _ => vec![],
        },
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
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
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
