//! Values during analysis: typed expressions, and literals that have yet to take a type from their surroundings.

use super::types::{digits, literal_type};
use dj_grammar::Span;
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use dj_runtime::types::{MAX_PRECISION, Type};

/// An expression, and the literal that it is if its type is still open.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The expression, with the type that it has if nothing else decides.
    pub(super) expr: Expr,
    /// The literal.
    pub(super) open: Open,
}

/// A literal whose type is still open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Open {
    /// None: the expression has a type.
    No,
    /// `1`
    Integer(i128),
    /// `1.5`
    Fraction(Fraction),
    /// `null`
    Null,
    /// `3mo`: months; has no type of its own.
    Months(i64),
}

/// A fractional literal, exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fraction {
    /// The digits as an integer and how many stand after the point; `None` if there are more than a decimal holds.
    pub(super) decimal: Option<(i128, u8)>,
    /// Whether it has an exponent: it is a float, and never a decimal.
    pub(super) is_float: bool,
    /// The nearest f64.
    pub(super) double: f64,
    /// The nearest f32.
    pub(super) single: f32,
}

impl Fraction {
    /// The decimal type of the literal's own precision and scale.
    pub(super) fn decimal_type(self) -> Option<Type> {
        let (unscaled, scale) = self.decimal?;
        let precision = digits(unscaled).max(scale).max(1);
        (precision <= MAX_PRECISION).then_some(Type::Decimal { precision, scale })
    }

    fn negated(self) -> Self {
        Self {
            decimal: self.decimal.map(|(unscaled, scale)| (-unscaled, scale)),
            is_float: self.is_float,
            double: -self.double,
            single: -self.single,
        }
    }
}

impl Open {
    /// The literal as a value of a type, where that is exact (floats: the nearest for a fraction).
    pub(super) fn scalar_of(self, ty: Type) -> Option<Scalar> {
        match self {
            Self::No | Self::Months(_) => None,
            Self::Null => Some(Scalar::Null),
            Self::Integer(value) => integer_of(value, ty),
            Self::Fraction(fraction) => fraction_of(fraction, ty),
        }
    }

    /// The literal with its sign changed.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::No | Self::Null => self,
            Self::Integer(value) => Self::Integer(-value),
            Self::Fraction(fraction) => Self::Fraction(fraction.negated()),
            Self::Months(months) => Self::Months(-months),
        }
    }
}

fn integer_of(value: i128, ty: Type) -> Option<Scalar> {
    if ty == Type::F64 {
        return Some(Scalar::Float(value as f64));
    }
    if ty == Type::F32 {
        return (value as f32 as i128 == value).then_some(Scalar::Float(value as f64));
    }
    let scaled = value.checked_mul(10_i128.pow(u32::from(ty.scale())))?;
    (ty.is_numeric() && in_range(scaled, ty)).then_some(Scalar::Int(scaled))
}

fn fraction_of(fraction: Fraction, ty: Type) -> Option<Scalar> {
    if ty == Type::F64 {
        return Some(Scalar::Float(fraction.double));
    }
    if ty == Type::F32 {
        // What is finite stays so: no f32 is near to 1e300.
        let near = fraction.single.is_finite() || !fraction.double.is_finite();
        return near.then_some(Scalar::Float(f64::from(fraction.single)));
    }
    let (unscaled, own) = fraction.decimal?;
    let scaled = unscaled.checked_mul(10_i128.pow(u32::from(ty.scale().checked_sub(own)?)))?;
    (ty.is_decimal() && in_range(scaled, ty)).then_some(Scalar::Int(scaled))
}

fn in_range(value: i128, ty: Type) -> bool {
    ty.integer_range().is_some_and(|(lo, hi)| (lo..=hi).contains(&value))
}

impl Value {
    /// A value whose type is known.
    pub(super) fn typed(expr: Expr) -> Self {
        Self { expr, open: Open::No }
    }

    /// A literal whose type is open.
    pub(super) fn open(open: Open, span: Span) -> Self {
        let ty = literal_type(open).unwrap_or(Type::I64);
        let scalar = open.scalar_of(ty).unwrap_or(Scalar::Null);
        Self { expr: Expr::literal(scalar, ty, span), open }
    }

    /// Where it stands.
    pub(super) fn span(&self) -> Span {
        self.expr.span
    }

    /// The type, unless that is still open.
    pub(super) fn known_type(&self) -> Option<Type> {
        (self.open == Open::No).then_some(self.expr.ty)
    }

    /// Whether it is the literal `null`.
    pub(super) fn is_null(&self) -> bool {
        self.open == Open::Null
    }

    /// How messages name its type.
    pub(super) fn type_text(&self) -> String {
        match self.open {
            Open::No => self.expr.ty.to_string(),
            Open::Integer(_) => "an integer literal".to_owned(),
            Open::Fraction(fraction) if fraction.is_float => "a literal with an exponent".to_owned(),
            Open::Fraction(_) => "a fractional literal".to_owned(),
            Open::Null => "null".to_owned(),
            Open::Months(_) => "a calendar interval".to_owned(),
        }
    }

    /// The value converted to a type that holds it: a literal of that type, or a cast. The caller has checked that the
    /// conversion exists.
    pub(super) fn convert(self, ty: Type) -> Expr {
        if let Some(scalar) = self.open.scalar_of(ty) {
            return Expr::literal(scalar, ty, self.expr.span);
        }
        cast_to(self.expr, ty)
    }
}

/// `expr` converted to `ty`; itself if it has that type. A literal date becomes a literal timestamp.
pub(super) fn cast_to(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty {
        return expr;
    }
    let (nullable, span) = (expr.nullable, expr.span);
    Expr { kind: ExprKind::Cast { operand: Box::new(expr), or_null: false }, ty, nullable, span }
}
