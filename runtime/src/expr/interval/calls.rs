//! Bounds of what functions give, and which of them can fail.

#![expect(clippy::wildcard_enum_match_arm, reason = "nothing is known of what most functions give")]

use super::{Failure, Interval, Known, Origin, bounds_of, overflow, union_of};
use crate::expr::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_SECOND, TimeUnit, difference, truncate, truncate_days};
use crate::expr::eval::{format_problem, regex_problem, replacement_problem, rescale, rounded_quotient};
use crate::expr::{Expr, Form, Function, MAX_TEXT_BYTES};
use crate::types::Type;

/// Characters that no text has too many bytes with.
const MAX_PADDED: i128 = (MAX_TEXT_BYTES / 4) as i128;

/// How often a text is repeated without a doubt that it becomes too long.
const MAX_REPEATED: i128 = 1 << 10;

/// Code points that are characters, up to those that only pairs of others stand for.
const CHARACTERS: Interval = Interval { lo: 0, hi: 0xD7FF, origin: Origin::Proven };

/// Whether a call can fail, with its arguments computed.
pub(super) fn call_failure<F: Form>(
    expr: &Expr<F>,
    function: Function,
    arguments: &[Expr<F>],
    known: &Known<'_>,
) -> Failure {
    let literal = |at: usize| arguments.get(at).and_then(Expr::as_literal);
    let literal_text = |at: usize| literal(at).and_then(F::text);
    let safe = match function {
        Function::Abs
        | Function::Sign
        | Function::Round
        | Function::Floor
        | Function::Ceil
        | Function::Trunc
        | Function::Clip
        | Function::ShiftLeft
        | Function::Gcd
        | Function::Lcm
        | Function::Factorial
        | Function::LastDay
        | Function::TimeBucket
        | Function::DateTrunc
        | Function::DateDiff
        | Function::AddMonths
        | Function::FromEpoch => return overflow(expr, known),
        Function::Matches | Function::Extract => literal_text(1).is_some_and(|regex| regex_problem(regex).is_none()),
        Function::RegexpReplace => {
            match (literal_text(1), literal_text(2), arguments.get(3).map(|_| literal_text(3))) {
                (Some(regex), Some(replacement), None) => replacement_problem(regex, replacement, "").is_none(),
                (Some(regex), Some(replacement), Some(Some(options))) => {
                    replacement_problem(regex, replacement, options).is_none()
                }
                _ => false,
            }
        }
        Function::Strftime => literal_text(1).is_some_and(|format| format_problem(format, false).is_none()),
        Function::TryStrptime => literal_text(1).is_some_and(|format| format_problem(format, true).is_none()),
        Function::Strptime | Function::Hamming | Function::UrlDecode => false,
        Function::MakeDate | Function::MakeTimestamp => false,
        Function::Chr => {
            let codes = arguments.first().and_then(|code| bounds_of(code, known));
            codes.is_some_and(|codes| codes.within(CHARACTERS))
        }
        Function::Repeat => literal(1).and_then(F::integer).is_some_and(|times| times <= MAX_REPEATED),
        Function::Lpad | Function::Rpad => {
            let is_short = literal(1).and_then(F::integer).is_some_and(|length| length <= MAX_PADDED);
            is_short && literal_text(2).is_some_and(|fill| !fill.is_empty())
        }
        Function::Sqrt | Function::Cbrt | Function::Exp | Function::Ln | Function::Log2 | Function::Log10 => true,
        Function::Sin | Function::Cos | Function::Tan | Function::Asin | Function::Acos | Function::Atan => true,
        Function::Atan2 | Function::Sinh | Function::Cosh | Function::Tanh | Function::Pow => true,
        Function::Least | Function::Greatest | Function::IsNan | Function::IsFinite | Function::Length => true,
        Function::Lower | Function::Upper | Function::Trim | Function::Ltrim | Function::Rtrim => true,
        Function::Substr | Function::StartsWith | Function::EndsWith | Function::Contains | Function::Replace => true,
        Function::SplitPart | Function::Concat | Function::Reverse => true,
        Function::Year | Function::Quarter | Function::Month | Function::Day | Function::Hour => true,
        Function::Minute | Function::Second | Function::Weekday | Function::DayOfYear | Function::Week => true,
        Function::BitAnd | Function::BitOr | Function::BitXor | Function::BitNot => true,
        Function::BitCount | Function::ShiftRight | Function::Hash | Function::HashCombine => true,
        Function::Asinh | Function::Acosh | Function::Atanh | Function::Even | Function::Julian => true,
        Function::Left | Function::Right | Function::Instr | Function::Ascii | Function::Unicode => true,
        Function::Translate | Function::ConcatWs | Function::Levenshtein | Function::Hex | Function::Bin => true,
        Function::Strlen | Function::BitLength | Function::UrlEncode | Function::Md5 => true,
        Function::IsoWeekday | Function::IsoYear | Function::YearWeek | Function::Decade | Function::Century => true,
        Function::Millennium | Function::Millisecond | Function::Microsecond => true,
        Function::Epoch | Function::EpochMs | Function::EpochUs => true,
    };
    if safe { Failure::Impossible(Origin::Proven) } else { Failure::Possible }
}

/// The bounds of what a call gives; none where nothing is known.
pub(super) fn call<F: Form>(
    function: Function,
    arguments: &[Expr<F>],
    ty: Type,
    known: &Known<'_>,
) -> Option<Interval> {
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
        Function::Trunc if arguments.len() == 1 => whole(|value, unit| value / unit),
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
        Function::BitCount => range(0, 64),
        Function::ShiftLeft => shifted(of(0)?, of(1)?),
        Function::Trunc | Function::ShiftRight => towards_zero(of(0)?),
        Function::Gcd | Function::Lcm => divisors(function, of(0)?, of(1)?),
        Function::Factorial => of(0)?.map(|last| (0..=20).contains(&last).then(|| (1..=last).product())),
        Function::Instr | Function::Strlen | Function::Levenshtein | Function::Hamming => range(0, u32::MAX.into()),
        Function::BitLength => range(0, i128::from(u32::MAX) * 8),
        Function::Ascii => range(0, u32::from(char::MAX).into()),
        Function::Unicode => range(-1, u32::from(char::MAX).into()),
        Function::IsoWeekday => range(1, 7),
        Function::Millisecond => range(0, 59_999),
        Function::Microsecond => range(0, 59_999_999),
        Function::EpochMs => of(0)?.map(|micros| Some(rounded_quotient(micros, 1_000))),
        Function::EpochUs => of(0),
        Function::LastDay => {
            let bounds = of(0)?.map(|value| days(value, first_ty).map(i128::from))?;
            Some(Interval { hi: bounds.hi + 30, ..bounds })
        }
        Function::TimeBucket => {
            let (width, bounds) = (first.as_literal().and_then(F::integer)?, of(1)?);
            let day = if ty == Type::Date { 1 } else { i128::from(MICROS_PER_DAY) };
            let longest = if first_ty == Type::Duration { width } else { width.checked_mul(31 * day)? };
            Some(Interval { lo: bounds.lo.checked_sub(longest)?, ..bounds })
        }
        _ => None,
    }
}

/// Of a function that gives no number further from zero than its argument.
fn towards_zero(bounds: Interval) -> Option<Interval> {
    Some(Interval { lo: bounds.lo.min(0), hi: bounds.hi.max(0), ..bounds })
}

/// Of numbers that are not negative, moved by no more than all bits.
fn shifted(value: Interval, count: Interval) -> Option<Interval> {
    let known = value.lo >= 0 && count.lo >= 0 && count.hi <= 64;
    let shift = |value: i128, count: i128| value.checked_mul(1 << count);
    known.then(|| value.corners(count, shift)).flatten()
}

/// Of a greatest common divisor or a least common multiple, neither of which is negative.
fn divisors(function: Function, a: Interval, b: Interval) -> Option<Interval> {
    let (x, y) = (i128::try_from(a.magnitude()).ok()?, i128::try_from(b.magnitude()).ok()?);
    let hi = if function == Function::Gcd { x.max(y) } else { x.checked_mul(y)? };
    Some(Interval { lo: 0, hi, origin: a.origin.max(b.origin) })
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
