//! Text results without a string of their own: what is computed of every row is appended to a buffer.

#![expect(clippy::wildcard_enum_match_arm, reason = "few expressions are faster in place")]

use super::{EvalError, MAX_TEXT_BYTES, eval};
use crate::expr::format::append_value;
use crate::expr::{ColumnId, Expr, ExprKind, Function, Scalar};
use crate::types::Type;

/// The values of one row.
pub trait Row {
    /// The value of a column.
    fn value(&self, column: ColumnId) -> Scalar;

    /// The value of a text column, unless it is null.
    fn text(&self, column: ColumnId) -> Option<&str>;
}

/// Appends the value of an expression of text to `out`; `false`, and nothing appended, if it is null.
///
/// Gives what [`eval`] gives. What joins texts and makes text of values is done in place, all else by way of [`eval`].
///
/// # Errors
/// As [`eval`]; `out` may then end with a part of the text.
pub fn append_text(expr: &Expr, row: &dyn Row, out: &mut String) -> Result<bool, EvalError> {
    match &expr.kind {
        ExprKind::Column(id) => Ok(row.text(*id).map(|text| out.push_str(text)).is_some()),
        ExprKind::Literal(Scalar::Str(text)) => {
            out.push_str(text);
            Ok(true)
        }
        ExprKind::Call(Function::Concat, operands) => {
            for operand in operands {
                append_any(operand, row, out)?;
                if out.len() > MAX_TEXT_BYTES {
                    return Err(EvalError::TooLong);
                }
            }
            Ok(true)
        }
        ExprKind::Cast { operand, .. } => append_any(operand, row, out),
        ExprKind::Coalesce(operands) => {
            for operand in operands {
                if append_text(operand, row, out)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        ExprKind::Case { arms, otherwise } => {
            for (condition, value) in arms {
                if evaluate(condition, row)? == Scalar::Bool(true) {
                    return append_text(value, row, out);
                }
            }
            otherwise.as_ref().map_or(Ok(false), |value| append_text(value, row, out))
        }
        _ => append_evaluated(expr, row, out),
    }
}

/// The same for an expression of any type, whose value becomes text as a cast does it.
fn append_any(expr: &Expr, row: &dyn Row, out: &mut String) -> Result<bool, EvalError> {
    if expr.ty == Type::Str { append_text(expr, row, out) } else { append_evaluated(expr, row, out) }
}

fn append_evaluated(expr: &Expr, row: &dyn Row, out: &mut String) -> Result<bool, EvalError> {
    let value = evaluate(expr, row)?;
    if !value.is_null() {
        append_value(out, &value, expr.ty);
    }
    Ok(!value.is_null())
}

fn evaluate(expr: &Expr, row: &dyn Row) -> Result<Scalar, EvalError> {
    eval(expr, &mut |column| row.value(column))
}
