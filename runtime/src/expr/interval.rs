//! Interval arithmetic over integral expressions: which values they may take.

use super::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND, TimeUnit, difference, truncate, truncate_days};
use super::eval::{rescale, rounded_quotient};
use super::{ArithmeticOp, ColumnId, Expr, ExprKind, Form, Function};
use crate::types::{Bounds, Type};
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

/// The bounds of the exact result, which may pass the type's range; none where nothing is known or it overflows i128.
pub(super) fn unchecked<F: Form>(expr: &Expr<F>, known: &Known<'_>) -> Option<Interval> {
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

fn call<F: Form>(function: Function, arguments: &[Expr<F>], ty: Type, known: &Known<'_>) -> Option<Interval> {
    let of = |at: usize| bounds_of(arguments.get(at)?, known);
    let first = arguments.first()?;
    let first_ty = F::written(first.ty);
    let unit = 10_i128.pow(first_ty.scale().into());
    let whole = |f: fn(i128, i128) -> i128| of(0)?.map(|value| rescale(f(value, unit), 0, ty.scale()));
    let range = |lo, hi| Some(Interval::proven(lo, hi));
    match function {
        Function::Abs => {
            let bounds = of(0)?;
            let lo = if bounds.lo <= 0 && bounds.hi >= 0 { 0 } else { bounds.lo.abs().min(bounds.hi.abs()) };
            Some(Interval { lo, hi: bounds.lo.abs().max(bounds.hi.abs()), ..bounds })
        }
        Function::Sign => range(-1, 1),
        Function::Floor => whole(i128::div_euclid),
        Function::Ceil => whole(|value, unit| -(-value).div_euclid(unit)),
        Function::Trunc => whole(|value, unit| value / unit),
        Function::Round if arguments.len() == 1 => whole(rounded_quotient),
        Function::Least => extreme(arguments, known, i128::min),
        Function::Greatest => extreme(arguments, known, i128::max),
        Function::Clip => {
            let raised = of(0)?.corners(of(1)?, |a, b| Some(a.max(b)))?;
            raised.corners(of(2)?, |a, b| Some(a.min(b)))
        }
        Function::Length => range(0, u32::MAX.into()),
        Function::Year => of(0)?.map(|value| Some(Civil::from_days(days(value, first_ty)?).year.into())),
        Function::Quarter => range(1, 4),
        Function::Month => range(1, 12),
        Function::Day => range(1, 31),
        Function::Hour => range(0, 23),
        Function::Minute | Function::Second => range(0, 59),
        Function::Weekday => range(0, 6),
        Function::DayOfYear => range(1, 366),
        Function::Week => range(1, 53),
        Function::DateTrunc => {
            let (unit, bounds) = (time_unit(first)?, of(1)?);
            let lo = truncated(unit, bounds.lo, F::written(arguments[1].ty))?;
            if F::written(arguments[1].ty) == ty { Some(Interval { lo, ..bounds }) } else { None }
        }
        Function::DateDiff => {
            let (unit, from, to) =
                (time_unit(first)?, F::written(arguments.get(1)?.ty), F::written(arguments.get(2)?.ty));
            of(1)?.corners(of(2)?, |a, b| Some(difference(unit, micros(a, from), micros(b, to))))
        }
        Function::FromEpoch if first_ty.is_integer() => of(0)?.map(|value| value.checked_mul(MICROS_PER_SECOND.into())),
        Function::AddMonths | Function::FromEpoch | Function::Round => None,
        Function::BitAnd | Function::BitOr | Function::BitXor | Function::BitNot => None,
        Function::Sqrt | Function::Cbrt | Function::Exp | Function::Ln | Function::Log2 | Function::Log10 => None,
        Function::Sin | Function::Cos | Function::Tan | Function::Asin | Function::Acos | Function::Atan => None,
        Function::Atan2 | Function::Sinh | Function::Cosh | Function::Tanh | Function::Pow | Function::Epoch => None,
        Function::IsNan | Function::IsFinite | Function::Lower | Function::Upper | Function::Trim => None,
        Function::Ltrim | Function::Rtrim | Function::Substr | Function::StartsWith | Function::EndsWith => None,
        Function::Contains | Function::Replace | Function::Matches | Function::Extract => None,
        Function::SplitPart | Function::Concat | Function::Lpad | Function::Rpad | Function::Reverse => None,
    }
}

fn time_unit<F: Form>(name: &Expr<F>) -> Option<TimeUnit> {
    F::time_unit(name.as_literal()?)
}

fn truncated(unit: TimeUnit, value: i128, ty: Type) -> Option<i128> {
    let value = i64::try_from(value).ok()?;
    let first = if ty == Type::Date { Some(truncate_days(unit, value)) } else { truncate(unit, value) };
    first.map(i128::from)
}

/// A count of a date or a timestamp in microseconds.
fn micros(value: i128, ty: Type) -> i128 {
    if ty == Type::Date { value * i128::from(MICROS_PER_DAY) } else { value }
}

/// The day that a count of a date or a timestamp is in.
fn days(value: i128, ty: Type) -> Option<i64> {
    let days = if ty == Type::Timestamp { value.div_euclid(MICROS_PER_DAY.into()) } else { value };
    i64::try_from(days).ok()
}

/// `least` or `greatest`, which skip nulls: an operand that may be null may leave any other as the result.
fn extreme<F: Form>(arguments: &[Expr<F>], known: &Known<'_>, pick: fn(i128, i128) -> i128) -> Option<Interval> {
    if arguments.iter().any(|argument| argument.nullable) {
        return union_of(arguments.iter(), known);
    }
    let mut bounds = bounds_of(arguments.first()?, known)?;
    for argument in &arguments[1..] {
        bounds = bounds.corners(bounds_of(argument, known)?, |a, b| Some(pick(a, b)))?;
    }
    Some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Failure, Scalar, failure};
    use dj_grammar::Span;

    fn column(id: u32, ty: Type) -> Expr {
        Expr::column(ColumnId(id), ty, false, Span::default())
    }

    fn make(kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty, nullable: false, span: Span::default() }
    }

    fn int(value: i128, ty: Type) -> Expr {
        Expr::literal(Scalar::Int(value), ty, Span::default())
    }

    fn op(op: ArithmeticOp, left: Expr, right: Expr) -> Expr {
        let ty = left.ty;
        make(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty)
    }

    fn known(id: ColumnId) -> Option<Interval> {
        match id.0 {
            0 => Some(Interval { lo: -10, hi: 20, origin: Origin::Recorded }),
            1 => Some(Interval { lo: 3, hi: 5, origin: Origin::Declared }),
            _ => None,
        }
    }

    fn bounds(expr: &Expr) -> (i128, i128, Origin) {
        let bounds = interval(expr, &known).unwrap();
        (bounds.lo, bounds.hi, bounds.origin)
    }

    #[test]
    fn arithmetic_of_bounds() {
        use ArithmeticOp::{Add, FloorDivide, Modulo, Multiply, Subtract};
        let (a, b) = (|| column(0, Type::I64), || column(1, Type::I64));
        assert_eq!(bounds(&op(Add, a(), b())), (-7, 25, Origin::Recorded));
        assert_eq!(bounds(&op(Subtract, b(), b())), (-2, 2, Origin::Declared));
        assert_eq!(bounds(&op(Multiply, a(), b())), (-50, 100, Origin::Recorded));
        assert_eq!(bounds(&op(FloorDivide, a(), b())), (-4, 6, Origin::Recorded));
        assert_eq!(bounds(&op(FloorDivide, b(), a())), (-5, 5, Origin::Recorded));
        assert_eq!(bounds(&op(Modulo, a(), b())), (0, 4, Origin::Recorded));
        assert_eq!(bounds(&op(Modulo, a(), int(-4, Type::I64))), (-3, 0, Origin::Recorded));
    }

    #[test]
    fn overflow_is_proved_impossible_from_bounds() {
        let add = |ty| op(ArithmeticOp::Add, column(0, ty), column(1, ty));
        assert_eq!(failure(&add(Type::I8), &known), Failure::Impossible(Origin::Recorded));
        assert_eq!(failure(&add(Type::I64), &|_| None), Failure::Possible);
        let widened = make(ExprKind::Cast { operand: Box::new(column(2, Type::I32)), or_null: false }, Type::I64);
        assert_eq!(failure(&widened, &|_| None), Failure::Impossible(Origin::Proven));
        let sum = op(ArithmeticOp::Add, widened.clone(), widened);
        assert_eq!(failure(&sum, &|_| None), Failure::Impossible(Origin::Proven));
        let narrowed = make(ExprKind::Cast { operand: Box::new(column(2, Type::I32)), or_null: false }, Type::I8);
        assert_eq!(failure(&narrowed, &|_| None), Failure::Possible);
    }

    #[test]
    fn parts_of_times_are_small() {
        let date = column(3, Type::Date);
        let month = make(ExprKind::Call(Function::Month, vec![date.clone()]), Type::I64);
        assert_eq!(bounds(&month), (1, 12, Origin::Proven));
        let declared = |_| Some(Interval { lo: 0, hi: 366, origin: Origin::Declared });
        let year = make(ExprKind::Call(Function::Year, vec![date]), Type::I64);
        assert_eq!(interval(&year, &declared), Some(Interval { lo: 1970, hi: 1971, origin: Origin::Declared }));
    }
}
