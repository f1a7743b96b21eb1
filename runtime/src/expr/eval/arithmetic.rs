//! Checked arithmetic on single values.

use super::cast::rescale;
use super::{EvalError, Value, float_of, round_float};
use crate::expr::{ArithmeticOp, Scalar};
use crate::types::Type;

/// `left op right` of values that are not null, in type `ty`.
pub(super) fn arithmetic(op: ArithmeticOp, left: &Value, right: &Value, ty: Type) -> Result<Scalar, EvalError> {
    if ty.is_float() {
        return Ok(float_arithmetic(op, left.to_float(ty)?, right.to_float(ty)?, ty));
    }
    let (a, b) = (left.to_int()?, right.to_int()?);
    let scales = (left.ty.scale(), right.ty.scale());
    let result = match op {
        ArithmeticOp::Add => aligned(a, b, scales, ty, i128::checked_add),
        ArithmeticOp::Subtract => aligned(a, b, scales, ty, i128::checked_sub),
        ArithmeticOp::Multiply => {
            a.checked_mul(b).and_then(|product| rescale(product, scales.0 + scales.1, ty.scale()))
        }
        ArithmeticOp::FloorDivide | ArithmeticOp::Modulo if b == 0 => return Ok(Scalar::Null),
        ArithmeticOp::FloorDivide => floor_divide(a, b, scales, ty),
        ArithmeticOp::Modulo => modulo(a, b, scales, ty),
        ArithmeticOp::Power => integer_power(a, b),
        ArithmeticOp::Divide => return Err(EvalError::Unsupported { what: format!("`/` of type {ty}") }),
    };
    result.ok_or(EvalError::Overflow { ty }).and_then(|value| checked(value, ty))
}

/// The integer, if the type holds it.
pub(super) fn checked(value: i128, ty: Type) -> Result<Scalar, EvalError> {
    match ty.integer_range() {
        Some((lo, hi)) if (lo..=hi).contains(&value) => Ok(Scalar::Int(value)),
        Some(_) | None => Err(EvalError::Overflow { ty }),
    }
}

fn aligned(a: i128, b: i128, scales: (u8, u8), ty: Type, op: impl Fn(i128, i128) -> Option<i128>) -> Option<i128> {
    let scale = scales.0.max(scales.1);
    let result = op(rescale(a, scales.0, scale)?, rescale(b, scales.1, scale)?)?;
    rescale(result, scale, ty.scale())
}

fn floor_divide(a: i128, b: i128, scales: (u8, u8), ty: Type) -> Option<i128> {
    let scale = scales.0.max(scales.1);
    let (a, b) = (rescale(a, scales.0, scale)?, rescale(b, scales.1, scale)?);
    rescale(a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0), 0, ty.scale())
}

fn modulo(a: i128, b: i128, scales: (u8, u8), ty: Type) -> Option<i128> {
    let scale = scales.0.max(scales.1);
    let (a, b) = (rescale(a, scales.0, scale)?, rescale(b, scales.1, scale)?);
    let remainder = a % b;
    let floored = if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder };
    rescale(floored, scale, ty.scale())
}

fn integer_power(base: i128, exponent: i128) -> Option<i128> {
    match base {
        0 if exponent > 0 => Some(0),
        1 => Some(1),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

fn float_arithmetic(op: ArithmeticOp, a: f64, b: f64, ty: Type) -> Scalar {
    let result = match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::FloorDivide | ArithmeticOp::Modulo if b == 0.0 => return Scalar::Null,
        // Rounded before it is floored, as a device that divides in the type does.
        ArithmeticOp::FloorDivide => round_float(a / b, ty).floor(),
        ArithmeticOp::Modulo => {
            let remainder = a % b;
            if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) { remainder + b } else { remainder }
        }
        ArithmeticOp::Power => a.powf(b),
    };
    Scalar::Float(round_float(result, ty))
}

/// `-x` of a value that is not null.
pub(super) fn negate(value: &Value, ty: Type) -> Result<Scalar, EvalError> {
    if ty.is_float() {
        return Ok(Scalar::Float(-value.to_float(ty)?));
    }
    checked(-value.to_int()?, ty)
}

impl Value {
    /// The value as a float of the type.
    pub(super) fn to_float(&self, ty: Type) -> Result<f64, EvalError> {
        match &self.scalar {
            Scalar::Float(value) => Ok(*value),
            Scalar::Int(value) => Ok(float_of(*value, self.ty, ty)),
            Scalar::Null | Scalar::Bool(_) | Scalar::Str(_) => Err(self.unexpected("a number")),
        }
    }

    /// The value as a scaled integer.
    pub(super) fn to_int(&self) -> Result<i128, EvalError> {
        self.scalar.as_int().ok_or_else(|| self.unexpected("an integer"))
    }

    /// The value as text.
    pub(super) fn to_text(&self) -> Result<&str, EvalError> {
        self.scalar.as_str().ok_or_else(|| self.unexpected("text"))
    }

    fn unexpected(&self, wanted: &str) -> EvalError {
        EvalError::Unsupported { what: format!("{:?} of type {} where {wanted} is needed", self.scalar, self.ty) }
    }
}
