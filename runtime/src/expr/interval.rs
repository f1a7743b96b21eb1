//! Interval arithmetic over integral expressions: which values they may take, and whether they can overflow.

mod calls;

use super::calendar::MICROS_PER_DAY;
use super::eval::rescale;
use super::{ArithmeticOp, ColumnId, Expr, ExprKind, Form};
use crate::types::{Bounds, Type};
use calls::{call, call_failure};
use std::cell::RefCell;
use std::collections::HashMap;

/// Why a bound holds, from the surest to the least sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// It follows from types and operators.
    Proven,
    /// The program declares it: a contract that the run checks.
    Declared,
    /// The files bound at compile time say so: an assumption that the run checks.
    Recorded,
}

/// Bounds of the values that are not null, both ends included: of integers, scaled decimals, days or microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The least.
    pub lo: i128,
    /// The greatest.
    pub hi: i128,
    /// What it rests on.
    pub origin: Origin,
}

/// Whether a node can raise a status by itself, its operands aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It cannot, if the bounds of this origin hold.
    Impossible(Origin),
    /// It may.
    Possible,
}

impl Interval {
    /// An interval that holds whatever the data.
    pub fn proven(lo: i128, hi: i128) -> Self {
        Self { lo, hi, origin: Origin::Proven }
    }

    /// All values of a type that is integral; false is 0 and true is 1.
    pub fn of_type(ty: Type) -> Option<Self> {
        if ty == Type::Bool {
            return Some(Self::proven(0, 1));
        }
        ty.integer_range().map(|(lo, hi)| Self::proven(lo, hi))
    }

    /// Of declared or recorded bounds; none for those of floats, which say nothing about NaN.
    pub fn of_bounds(bounds: &Bounds, origin: Origin) -> Option<Self> {
        match *bounds {
            Bounds::Int { lo, hi } => Some(Self { lo, hi, origin }),
            Bounds::Float { .. } => None,
        }
    }

    /// The largest absolute value.
    pub fn magnitude(self) -> u128 {
        self.lo.unsigned_abs().max(self.hi.unsigned_abs())
    }

    /// Whether it lies within the other.
    pub fn within(self, other: Self) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), origin: self.origin.max(other.origin) }
    }

    /// What both hold; `self` where they are disjoint.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        if self.within(other) {
            return self;
        }
        if other.within(self) {
            return other;
        }
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo > hi { self } else { Self { lo, hi, origin: self.origin.max(other.origin) } }
    }

    /// The image under a monotone function; none where it overflows.
    fn map(self, f: impl Fn(i128) -> Option<i128>) -> Option<Self> {
        let (a, b) = (f(self.lo)?, f(self.hi)?);
        Some(Self { lo: a.min(b), hi: a.max(b), origin: self.origin })
    }

    /// The image under a function that is monotone in each argument.
    fn corners(self, other: Self, f: impl Fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let values = [f(self.lo, other.lo)?, f(self.lo, other.hi)?, f(self.hi, other.lo)?, f(self.hi, other.hi)?];
        let (lo, hi) = values.iter().fold((values[0], values[0]), |(lo, hi), value| (lo.min(*value), hi.max(*value)));
        Some(Self { lo, hi, origin: self.origin.max(other.origin) })
    }
}

/// The bounds of an expression's values, where `column` knows those of columns; none for types that are not integral.
///
/// What would overflow raises a status instead, so the bounds never pass the type's range.
pub fn interval<F: Form>(expr: &Expr<F>, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Option<Interval> {
    bounds_of(expr, &Known::new(column))
}

/// Whether computing the node can overflow or fail otherwise, with operands computed.
pub fn failure<F: Form>(expr: &Expr<F>, column: &dyn Fn(ColumnId) -> Option<Interval>) -> Failure {
    failure_within(expr, &Known::new(column))
}

/// What is known while one expression is looked at.
pub(super) struct Known<'a> {
    column: &'a dyn Fn(ColumnId) -> Option<Interval>,
    /// The bounds of its parts, by address: each part's are asked for by all around it.
    parts: RefCell<HashMap<usize, Option<Interval>>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(column: &'a dyn Fn(ColumnId) -> Option<Interval>) -> Self {
        Self { column, parts: RefCell::default() }
    }
}

fn bounds_of<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Option<Interval> {
    let range = Interval::of_type(F::written(expr.ty))?;
    if expr.operands().is_empty() {
        return Some(unchecked(expr, known).map_or(range, |bounds| bounds.intersect(range)));
    }
    let address = std::ptr::from_ref(expr).addr();
    if let Some(bounds) = known.parts.borrow().get(&address) {
        return *bounds;
    }
    let bounds = Some(unchecked(expr, known).map_or(range, |bounds| bounds.intersect(range)));
    known.parts.borrow_mut().insert(address, bounds);
    bounds
}

/// [`failure`] of a part of the expression that `known` is about.
pub(super) fn failure_within<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Failure {
    match &expr.kind {
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. }
        | ExprKind::InList { .. }
        | ExprKind::Like { .. }
        | ExprKind::Cast { or_null: true, .. } => Failure::Impossible(Origin::Proven),
        ExprKind::Cell { .. } | ExprKind::Table { .. } => Failure::Possible,
        ExprKind::Negate(_) | ExprKind::Arithmetic(..) => overflow(expr, known),
        ExprKind::Cast { operand, .. } => cast_failure(expr, F::written(operand.ty), known),
        ExprKind::Call(function, arguments) => call_failure(expr, *function, arguments, known),
    }
}

/// Floats never overflow into an error, casts aside; integral results do unless their bounds fit the type.
fn overflow<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Failure {
    let Some(range) = Interval::of_type(F::written(expr.ty)) else { return Failure::Impossible(Origin::Proven) };
    match unchecked(expr, known) {
        Some(bounds) if bounds.within(range) => Failure::Impossible(bounds.origin),
        Some(_) | None => Failure::Possible,
    }
}

fn cast_failure<F: Form>(expr: &Expr<F>, from: Type, known: &Known<'_>) -> Failure {
    let (never, always) = (Failure::Impossible(Origin::Proven), Failure::Possible);
    match (from, F::written(expr.ty)) {
        (_, Type::Str) => never,
        (Type::Str, _) => always,
        (_, Type::Bool | Type::F64) => never,
        // A number beyond the largest f32 would become infinite.
        (Type::F64, Type::F32) => always,
        (_, Type::F32) => never,
        (
            _,
            Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::Date
            | Type::Timestamp
            | Type::Duration
            | Type::Decimal { .. },
        ) => overflow(expr, known),
    }
}

/// The bounds of the exact result, which may pass the type's range; none where nothing is known or it overflows i128.
fn unchecked<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Option<Interval> {
    match &expr.kind {
        ExprKind::Column(id) => (known.column)(*id),
        ExprKind::Literal(value) => F::integer(value).map(|value| Interval::proven(value, value)),
        ExprKind::Negate(operand) => bounds_of(operand, known)?.map(i128::checked_neg),
        ExprKind::Arithmetic(op, left, right) => arithmetic(*op, left, right, F::written(expr.ty), known),
        ExprKind::Coalesce(operands) => union_of(operands.iter(), known),
        ExprKind::Case { arms, otherwise } => {
            union_of(arms.iter().map(|(_, value)| value).chain(otherwise.as_deref()), known)
        }
        ExprKind::Cast { operand, .. } => cast(operand, F::written(expr.ty), known),
        ExprKind::Call(function, arguments) => call(*function, arguments, F::written(expr.ty), known),
        ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Table { .. }
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::InList { .. }
        | ExprKind::Like { .. } => None,
    }
}

fn union_of<'a, F: Form>(operands: impl Iterator<Item = &'a Expr<F>>, known: &Known<'_>) -> Option<Interval> {
    let values = operands.filter(|operand| !operand.as_literal().is_some_and(F::is_null));
    let mut all: Option<Interval> = None;
    for value in values {
        let bounds = bounds_of(value, known)?;
        all = Some(all.map_or(bounds, |all| all.union(bounds)));
    }
    all
}

fn arithmetic<F: Form>(
    op: ArithmeticOp,
    left: &Expr<F>,
    right: &Expr<F>,
    ty: Type,
    known: &Known<'_>,
) -> Option<Interval> {
    let (a, b) = (bounds_of(left, known)?, bounds_of(right, known)?);
    let scale = F::written(left.ty).scale().max(F::written(right.ty).scale());
    let align =
        |bounds: Interval, from: &Expr<F>| bounds.map(|value| rescale(value, F::written(from.ty).scale(), scale));
    match op {
        ArithmeticOp::Multiply => {
            let product_scale = F::written(left.ty).scale() + F::written(right.ty).scale();
            a.corners(b, i128::checked_mul)?.map(|value| rescale(value, product_scale, ty.scale()))
        }
        ArithmeticOp::Add => {
            let sum = align(a, left)?.corners(align(b, right)?, i128::checked_add)?;
            sum.map(|value| rescale(value, scale, ty.scale()))
        }
        ArithmeticOp::Subtract => {
            let difference = align(a, left)?.corners(align(b, right)?, i128::checked_sub)?;
            difference.map(|value| rescale(value, scale, ty.scale()))
        }
        ArithmeticOp::FloorDivide => {
            floor_divide(align(a, left)?, align(b, right)?)?.map(|value| rescale(value, 0, ty.scale()))
        }
        ArithmeticOp::Modulo => {
            let remainder = modulo(align(a, left)?, align(b, right)?);
            remainder.map(|value| rescale(value, scale, ty.scale()))
        }
        ArithmeticOp::Divide | ArithmeticOp::Power => None,
    }
}

/// Of the divisors below and above zero; zero gives null.
fn floor_divide(a: Interval, b: Interval) -> Option<Interval> {
    let floor = |a: i128, b: i128| Some(a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0));
    let below = (b.lo < 0).then(|| a.corners(Interval { hi: b.hi.min(-1), ..b }, floor)).flatten();
    let above = (b.hi > 0).then(|| a.corners(Interval { lo: b.lo.max(1), ..b }, floor)).flatten();
    match (below, above) {
        (Some(below), Some(above)) => Some(below.union(above)),
        (one, other) => one.or(other),
    }
}

/// The remainder has the divisor's sign and a smaller magnitude.
fn modulo(a: Interval, b: Interval) -> Interval {
    let origin = a.origin.max(b.origin);
    let (mut lo, mut hi) = ((b.lo + 1).min(0), (b.hi - 1).max(0));
    if a.lo >= 0 && b.lo >= 0 {
        hi = hi.min(a.hi);
    }
    if a.hi <= 0 && b.hi <= 0 {
        lo = lo.max(a.lo);
    }
    Interval { lo, hi, origin }
}

fn cast<F: Form>(operand: &Expr<F>, to: Type, known: &Known<'_>) -> Option<Interval> {
    let day = i128::from(MICROS_PER_DAY);
    if F::written(operand.ty) == Type::Bool {
        return Some(Interval::proven(0, 10_i128.pow(to.scale().into())));
    }
    let bounds = bounds_of(operand, known)?;
    match (F::written(operand.ty), to) {
        (Type::Date, Type::Timestamp) => bounds.map(|value| value.checked_mul(day)),
        (Type::Timestamp, Type::Date) => bounds.map(|value| Some(value.div_euclid(day))),
        (from, to) => bounds.map(|value| rescale(value, from.scale(), to.scale())),
    }
}

#[cfg(test)]
mod tests;
