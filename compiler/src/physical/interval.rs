//! Bounds of expressions by interval arithmetic: what proves that nothing overflows and that a key is dense.

use dj_runtime::expr::{ArithmeticOp, ColumnId, Expr, ExprKind, Function, Scalar};
use dj_runtime::types::{Bounds, Type};

/// Where all values of an integral expression lie, both ends included; nulls aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The least.
    pub lo: i128,
    /// The greatest.
    pub hi: i128,
}

impl Interval {
    /// Everything that the type holds; `None` for floats and text.
    pub fn of_type(ty: Type) -> Option<Self> {
        if ty == Type::Bool {
            return Some(Self { lo: 0, hi: 1 });
        }
        ty.integer_range().map(|(lo, hi)| Self { lo, hi })
    }

    /// Of declared or recorded bounds.
    pub fn of_bounds(bounds: &Bounds) -> Option<Self> {
        match *bounds {
            Bounds::Int { lo, hi } => Some(Self { lo, hi }),
            Bounds::Float { .. } => None,
        }
    }

    /// The largest absolute value.
    pub fn magnitude(self) -> i128 {
        self.lo.abs().max(self.hi.abs())
    }

    /// How many values there are.
    pub fn size(self) -> i128 {
        self.hi.saturating_sub(self.lo).saturating_add(1)
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// What both hold, or one of them where they share nothing (no row is there).
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo <= hi { Self { lo, hi } } else { self }
    }

    /// Whether it lies within another.
    pub fn within(self, other: Self) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    fn point(value: i128) -> Self {
        Self { lo: value, hi: value }
    }

    fn corners(self, other: Self, op: impl Fn(i128, i128) -> i128) -> Self {
        let all = [op(self.lo, other.lo), op(self.lo, other.hi), op(self.hi, other.lo), op(self.hi, other.hi)];
        all.into_iter().map(Self::point).reduce(Self::hull).unwrap_or(self)
    }

    fn map(self, op: impl Fn(i128) -> i128) -> Self {
        Self::point(op(self.lo)).hull(Self::point(op(self.hi)))
    }
}

/// Where the exact result of an integral expression lies, before it is checked against its type; `None` for others.
///
/// `column` gives the interval of a column where more than its type is known.
pub fn exact_interval(expr: &Expr, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Option<Interval> {
    let whole = Interval::of_type(expr.ty)?;
    let of = |operand: &Expr| interval_of(operand, column);
    let known = match &expr.kind {
        ExprKind::Column(id) => column(*id),
        ExprKind::Literal(Scalar::Int(value)) => Some(Interval::point(*value)),
        ExprKind::Negate(x) => of(x).map(|x| x.map(|value| -value)),
        ExprKind::Arithmetic(op, a, b) => arithmetic(*op, of(a), of(b)),
        ExprKind::Coalesce(xs) => xs.iter().map(of).reduce(|a, b| Some(a?.hull(b?))).flatten(),
        ExprKind::Case { arms, otherwise } => {
            let values = arms.iter().map(|(_, value)| value).chain(otherwise.as_deref());
            let values = values.filter(|value| !value.as_literal().is_some_and(Scalar::is_null));
            values.map(of).reduce(|a, b| Some(a?.hull(b?))).flatten()
        }
        ExprKind::Cast { operand, .. } => cast(operand, expr.ty, column),
        ExprKind::Call(function, operands) => call(*function, operands, &of),
        ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Table { .. }
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::InList { .. }
        | ExprKind::Like { .. } => None,
    };
    Some(known.unwrap_or(whole))
}

/// Where all values of an integral expression lie: [`exact_interval`] within its type, because what does not fit is an
/// error.
pub fn interval_of(expr: &Expr, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Option<Interval> {
    let whole = Interval::of_type(expr.ty)?;
    exact_interval(expr, column).map(|exact| exact.meet(whole))
}

fn arithmetic(op: ArithmeticOp, a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
    let (a, b) = (a?, b?);
    match op {
        ArithmeticOp::Add => Some(Interval { lo: a.lo + b.lo, hi: a.hi + b.hi }),
        ArithmeticOp::Subtract => Some(Interval { lo: a.lo - b.hi, hi: a.hi - b.lo }),
        ArithmeticOp::Multiply => Some(a.corners(b, i128::saturating_mul)),
        ArithmeticOp::FloorDivide => {
            let largest = a.magnitude();
            Some(Interval { lo: if a.lo >= 0 && b.lo >= 0 { 0 } else { -largest - 1 }, hi: largest })
        }
        ArithmeticOp::Modulo => {
            Some(Interval { lo: if b.lo >= 0 { 0 } else { b.lo }, hi: if b.hi <= 0 { 0 } else { b.hi } })
        }
        ArithmeticOp::Divide | ArithmeticOp::Power => None,
    }
}

fn cast(operand: &Expr, to: Type, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Option<Interval> {
    const MICROS_PER_DAY: i128 = 86_400_000_000;
    let from = operand.ty;
    let x = interval_of(operand, column)?;
    match (from, to) {
        (Type::Date, Type::Timestamp) => Some(x.map(|days| days * MICROS_PER_DAY)),
        (Type::Timestamp, Type::Date) => Some(x.map(|micros| micros.div_euclid(MICROS_PER_DAY))),
        _ if from.is_temporal() != to.is_temporal() => None,
        _ => {
            let (from, to) = (u32::from(from.scale()), u32::from(to.scale()));
            if to >= from {
                Some(x.map(|value| value.saturating_mul(10_i128.pow(to - from))))
            } else {
                let unit = 10_i128.pow(from - to);
                Some(Interval { lo: x.lo.div_euclid(unit), hi: x.hi.div_euclid(unit) + 1 })
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only functions of a known range are of interest here")]
fn call(function: Function, operands: &[Expr], of: &dyn Fn(&Expr) -> Option<Interval>) -> Option<Interval> {
    let range = |lo, hi| Some(Interval { lo, hi });
    match function {
        Function::Quarter => range(1, 4),
        Function::Month => range(1, 12),
        Function::Day => range(1, 31),
        Function::Hour => range(0, 23),
        Function::Minute | Function::Second => range(0, 59),
        Function::Weekday => range(0, 6),
        Function::DayOfYear => range(1, 366),
        Function::Week => range(1, 53),
        Function::Sign => range(-1, 1),
        Function::Year => {
            // A year has 365 or 366 days; one year more on either side covers what is left over.
            let day: i128 = if operands[0].ty == Type::Date { 1 } else { 86_400_000_000 };
            let years = |value: i128, days: i128| 1970 + value.div_euclid(days * day);
            let x = of(&operands[0])?;
            let lo = years(x.lo, if x.lo < 0 { 365 } else { 366 });
            let hi = years(x.hi, if x.hi < 0 { 366 } else { 365 });
            range(lo - 1, hi + 1)
        }
        Function::Abs => {
            let x = of(&operands[0])?;
            range(if x.lo <= 0 && 0 <= x.hi { 0 } else { x.lo.abs().min(x.hi.abs()) }, x.magnitude())
        }
        Function::Least | Function::Greatest => operands.iter().map(of).reduce(|a, b| Some(a?.hull(b?))).flatten(),
        Function::Length => range(0, i128::from(i32::MAX)),
        _ => None,
    }
}
