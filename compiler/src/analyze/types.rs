//! The lattice of types: what two types have in common, and what a literal may become.

use super::values::{Open, Value};
use dj_runtime::types::{MAX_PRECISION, Type};

/// The type that holds all values of both, without loss (an integer may lose bits in a float); `None` if there is none.
pub(super) fn widen(a: Type, b: Type) -> Option<Type> {
    if a == b {
        return Some(a);
    }
    if !a.is_numeric() || !b.is_numeric() {
        let times = [Type::Date, Type::Timestamp];
        return (times.contains(&a) && times.contains(&b)).then_some(Type::Timestamp);
    }
    if a.is_float() || b.is_float() {
        return Some(Type::F64);
    }
    if a.is_decimal() || b.is_decimal() {
        return Some(widen_decimals(decimal_of(a)?, decimal_of(b)?));
    }
    widen_integers(a, b)
}

fn widen_decimals((p, s): (u8, u8), (q, t): (u8, u8)) -> Type {
    let scale = s.max(t);
    let precision = ((p - s).max(q - t) + scale).min(MAX_PRECISION);
    Type::Decimal { precision, scale }
}

fn widen_integers(a: Type, b: Type) -> Option<Type> {
    if a.is_signed_integer() == b.is_signed_integer() {
        return Some(if bits(a) >= bits(b) { a } else { b });
    }
    let (signed, unsigned) = if a.is_signed_integer() { (a, b) } else { (b, a) };
    match bits(signed).max(2 * bits(unsigned)) {
        16 => Some(Type::I16),
        32 => Some(Type::I32),
        64 => Some(Type::I64),
        _ => None,
    }
}

fn bits(ty: Type) -> u32 {
    8 * u32::try_from(ty.element().bytes()).unwrap_or(8)
}

/// Precision and scale of a decimal, or of the decimal that holds an integer type (at most 18 digits).
pub(super) fn decimal_of(ty: Type) -> Option<(u8, u8)> {
    if let Type::Decimal { precision, scale } = ty {
        return Some((precision, scale));
    }
    let (lo, hi) = ty.is_integer().then(|| ty.integer_range()).flatten()?;
    Some((digits(hi.max(-lo)).min(MAX_PRECISION), 0))
}

/// How many decimal digits a number has; at least one.
pub(super) fn digits(value: i128) -> u8 {
    let mut rest = value.unsigned_abs() / 10;
    let mut count = 1;
    while rest > 0 {
        rest /= 10;
        count += 1;
    }
    count
}

/// The type of a literal that nothing else decides; `None` for null and months, and where no type holds it.
pub(super) fn literal_type(open: Open) -> Option<Type> {
    match open {
        Open::Integer(value) if i64::try_from(value).is_ok() => Some(Type::I64),
        Open::Integer(value) if u64::try_from(value).is_ok() => Some(Type::U64),
        Open::Fraction(_) => Some(Type::F64),
        Open::Integer(_) | Open::No | Open::Null | Open::Months(_) => None,
    }
}

/// The type that `ty` and a literal have in common.
fn absorb(ty: Type, open: Open) -> Option<Type> {
    match open {
        Open::No | Open::Null => Some(ty),
        Open::Months(_) => None,
        Open::Integer(_) if open.scalar_of(ty).is_some() => Some(ty),
        Open::Integer(_) => widen(ty, literal_type(open)?).filter(|wide| open.scalar_of(*wide).is_some()),
        Open::Fraction(_) if ty.is_float() => Some(if open.scalar_of(ty).is_some() { ty } else { Type::F64 }),
        Open::Fraction(fraction) if fraction.is_float => ty.is_numeric().then_some(Type::F64),
        Open::Fraction(fraction) if ty.is_decimal() => widen(ty, fraction.decimal_type()?),
        Open::Fraction(_) => ty.is_numeric().then_some(Type::F64),
    }
}

/// Why values have no common type.
pub(super) enum NoCommonType {
    /// The values of these indices have none.
    Mismatch(usize, usize),
    /// All are null.
    AllNull,
}

/// The type that all values have in common: that of the values whose type is known, widened to hold the literals.
pub(super) fn common_type(values: &[&Value]) -> Result<Type, NoCommonType> {
    let mut known: Option<(usize, Type)> = None;
    for (index, value) in values.iter().enumerate() {
        if let Some(ty) = value.known_type() {
            known = match known {
                None => Some((index, ty)),
                Some((first, other)) => Some((first, widen(other, ty).ok_or(NoCommonType::Mismatch(first, index))?)),
            };
        }
    }
    for (index, value) in values.iter().enumerate() {
        if matches!(value.open, Open::No | Open::Null) {
            continue;
        }
        known = match known {
            None => Some((index, literal_type(value.open).ok_or(NoCommonType::Mismatch(index, index))?)),
            Some((first, ty)) => Some((first, absorb(ty, value.open).ok_or(NoCommonType::Mismatch(first, index))?)),
        };
    }
    known.map(|(_, ty)| ty).ok_or(NoCommonType::AllNull)
}
