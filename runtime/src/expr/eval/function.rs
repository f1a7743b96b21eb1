//! Which computation each function stands for.

use super::{EvalError, Value, math, text, time};
use crate::expr::calendar::{iso_week, weekday};
use crate::expr::{Function, Scalar};
use crate::types::Type;
use std::cmp::Ordering;

/// A computation, by what it needs of its arguments.
enum Computation {
    /// Of one number, in floats.
    Float(fn(f64) -> f64),
    /// Of two numbers, in floats.
    Float2(fn(f64, f64) -> f64),
    /// To a whole number: of a float, and of an integer that counts fractions, and how many of them make one.
    Whole(fn(f64) -> f64, fn(i128, i128) -> i128),
    /// Of a text and further arguments.
    Text(fn(&str, &Arguments<'_>) -> Result<Scalar, EvalError>),
    /// A part of a date and a time of day: of days since 1970 and seconds of the day.
    Part(fn(i64, i64) -> i64),
    /// Of all arguments, to a result of the type.
    Values(fn(&Arguments<'_>, Type) -> Result<Scalar, EvalError>),
}

/// The arguments of a call.
pub(super) struct Arguments<'a> {
    /// The function, for messages.
    pub(super) function: Function,
    /// Their values.
    pub(super) values: &'a [Value],
}

impl Arguments<'_> {
    /// The argument of this index.
    pub(super) fn get(&self, at: usize) -> Result<&Value, EvalError> {
        self.values.get(at).ok_or_else(|| self.problem("an argument is missing"))
    }

    /// The text of this index.
    pub(super) fn text(&self, at: usize) -> Result<&str, EvalError> {
        self.get(at)?.to_text()
    }

    /// The integer of this index.
    pub(super) fn int(&self, at: usize) -> Result<i128, EvalError> {
        self.get(at)?.to_int()
    }

    /// The integer of this index, if there is such an argument.
    pub(super) fn optional_int(&self, at: usize) -> Result<Option<i128>, EvalError> {
        self.values.get(at).map(Value::to_int).transpose()
    }

    /// An error of the arguments.
    pub(super) fn problem(&self, problem: impl Into<String>) -> EvalError {
        EvalError::Argument { function: self.function, problem: problem.into() }
    }
}

/// Calls a function; no argument is null unless the function skips nulls.
pub(super) fn call(function: Function, values: &[Value], ty: Type) -> Result<Scalar, EvalError> {
    let arguments = Arguments { function, values };
    match computation(function) {
        Computation::Float(compute) => Ok(math::float(compute(arguments.get(0)?.to_float(Type::F64)?), ty)),
        Computation::Float2(compute) => {
            let (x, y) = (arguments.get(0)?.to_float(Type::F64)?, arguments.get(1)?.to_float(Type::F64)?);
            Ok(math::float(compute(x, y), ty))
        }
        Computation::Whole(of_float, of_int) => math::whole(arguments.get(0)?, ty, of_float, of_int),
        Computation::Text(compute) => compute(arguments.text(0)?, &arguments),
        Computation::Part(compute) => time::part(arguments.get(0)?, compute),
        Computation::Values(compute) => compute(&arguments, ty),
    }
}

fn computation(function: Function) -> Computation {
    use Computation as C;
    match function {
        Function::Abs => C::Values(math::abs),
        Function::Sign => C::Values(math::sign),
        Function::BitAnd => C::Values(|arguments, ty| math::bits(arguments, ty, |a, b| a & b)),
        Function::BitOr => C::Values(|arguments, ty| math::bits(arguments, ty, |a, b| a | b)),
        Function::BitXor => C::Values(|arguments, ty| math::bits(arguments, ty, |a, b| a ^ b)),
        Function::BitNot => C::Values(math::bit_not),
        Function::Round => C::Values(math::round),
        Function::Floor => C::Whole(f64::floor, i128::div_euclid),
        Function::Ceil => C::Whole(f64::ceil, |value, unit| -(-value).div_euclid(unit)),
        Function::Trunc => C::Whole(f64::trunc, |value, unit| value / unit),
        Function::Sqrt => C::Float(f64::sqrt),
        Function::Cbrt => C::Float(f64::cbrt),
        Function::Exp => C::Float(f64::exp),
        Function::Ln => C::Float(f64::ln),
        Function::Log2 => C::Float(f64::log2),
        Function::Log10 => C::Float(f64::log10),
        Function::Sin => C::Float(f64::sin),
        Function::Cos => C::Float(f64::cos),
        Function::Tan => C::Float(f64::tan),
        Function::Asin => C::Float(f64::asin),
        Function::Acos => C::Float(f64::acos),
        Function::Atan => C::Float(f64::atan),
        Function::Atan2 => C::Float2(f64::atan2),
        Function::Sinh => C::Float(f64::sinh),
        Function::Cosh => C::Float(f64::cosh),
        Function::Tanh => C::Float(f64::tanh),
        Function::Pow => C::Float2(f64::powf),
        Function::Least => C::Values(|arguments, ty| math::extreme(arguments, ty, Ordering::Less)),
        Function::Greatest => C::Values(|arguments, ty| math::extreme(arguments, ty, Ordering::Greater)),
        Function::Clip => C::Values(math::clip),
        Function::IsNan => C::Values(|arguments, _| math::test(arguments, f64::is_nan)),
        Function::IsFinite => C::Values(|arguments, _| math::test(arguments, f64::is_finite)),
        Function::Length => C::Text(|text, _| Ok(Scalar::Int(text.chars().count() as i128))),
        Function::Lower => C::Text(|text, _| Ok(text::map(text, text::lower))),
        Function::Upper => C::Text(|text, _| Ok(text::map(text, text::upper))),
        Function::Trim => C::Text(|text, _| Ok(Scalar::str(text.trim_matches(text::is_space)))),
        Function::Ltrim => C::Text(|text, _| Ok(Scalar::str(text.trim_start_matches(text::is_space)))),
        Function::Rtrim => C::Text(|text, _| Ok(Scalar::str(text.trim_end_matches(text::is_space)))),
        Function::Substr => C::Text(text::substr),
        Function::StartsWith => C::Text(|text, more| Ok(Scalar::Bool(text.starts_with(more.text(1)?)))),
        Function::EndsWith => C::Text(|text, more| Ok(Scalar::Bool(text.ends_with(more.text(1)?)))),
        Function::Contains => C::Text(|text, more| Ok(Scalar::Bool(text.contains(more.text(1)?)))),
        Function::Replace => C::Text(text::replace),
        Function::Matches => C::Text(text::matches),
        Function::Extract => C::Text(text::extract),
        Function::SplitPart => C::Text(text::split_part),
        Function::Concat => C::Values(|arguments, _| text::concat(arguments)),
        Function::Lpad => C::Text(|text, more| text::pad(text, more, |text, filling| filling + text)),
        Function::Rpad => C::Text(|text, more| text::pad(text, more, |text, filling| text.to_owned() + &filling)),
        Function::Reverse => C::Text(|text, _| Ok(Scalar::str(&text::reversed(text)))),
        Function::Year => C::Part(|days, _| time::civil(days).year),
        Function::Quarter => C::Part(|days, _| (time::civil(days).month + 2) / 3),
        Function::Month => C::Part(|days, _| time::civil(days).month),
        Function::Day => C::Part(|days, _| time::civil(days).day),
        Function::Hour => C::Part(|_, seconds| seconds / 3_600),
        Function::Minute => C::Part(|_, seconds| seconds / 60 % 60),
        Function::Second => C::Part(|_, seconds| seconds % 60),
        Function::Weekday => C::Part(|days, _| weekday(days)),
        Function::DayOfYear => C::Part(|days, _| time::civil(days).day_of_year()),
        Function::Week => C::Part(|days, _| iso_week(days)),
        Function::DateTrunc => C::Values(time::truncate),
        Function::DateDiff => C::Values(time::difference),
        Function::AddMonths => C::Values(time::add_months),
        Function::Epoch => C::Values(|arguments, _| time::epoch(arguments)),
        Function::FromEpoch => C::Values(time::from_epoch),
    }
}
