//! Which computation each function stands for.

#![expect(clippy::wildcard_enum_match_arm, reason = "each table has the functions of one family; a test looks for all")]

use super::{EvalError, Value, bytes, integers, math, text, time, time_text};
use crate::expr::calendar::{iso_week, iso_year, weekday};
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
    let found = of_integers(function).or_else(|| of_floats(function)).or_else(|| of_texts(function));
    let found = found.or_else(|| of_times(function));
    found.unwrap_or_else(|| unreachable!("no computation of `{}`", function.name()))
}

/// Of numbers, by their digits and bits.
fn of_integers(function: Function) -> Option<Computation> {
    use Computation as C;
    Some(match function {
        Function::Abs => C::Values(math::abs),
        Function::Sign => C::Values(math::sign),
        Function::BitAnd => C::Values(|arguments, ty| integers::bits(arguments, ty, |a, b| a & b)),
        Function::BitOr => C::Values(|arguments, ty| integers::bits(arguments, ty, |a, b| a | b)),
        Function::BitXor => C::Values(|arguments, ty| integers::bits(arguments, ty, |a, b| a ^ b)),
        Function::BitNot => C::Values(integers::bit_not),
        Function::BitCount => C::Values(|arguments, _| integers::bit_count(arguments)),
        Function::ShiftLeft => C::Values(integers::shift_left),
        Function::ShiftRight => C::Values(integers::shift_right),
        Function::Hash => C::Values(|arguments, _| integers::hash(arguments)),
        Function::HashCombine => C::Values(|arguments, _| integers::hash_combine(arguments)),
        Function::Gcd => C::Values(integers::gcd),
        Function::Lcm => C::Values(integers::lcm),
        Function::Factorial => C::Values(integers::factorial),
        _ => return None,
    })
}

/// Of numbers, most of them as floats.
fn of_floats(function: Function) -> Option<Computation> {
    use Computation as C;
    Some(match function {
        Function::Round => C::Values(math::round),
        Function::Floor => C::Whole(f64::floor, i128::div_euclid),
        Function::Ceil => C::Whole(f64::ceil, |value, unit| -(-value).div_euclid(unit)),
        Function::Trunc => C::Values(math::truncate),
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
        Function::Asinh => C::Float(f64::asinh),
        Function::Acosh => C::Float(f64::acosh),
        Function::Atanh => C::Float(f64::atanh),
        Function::Even => C::Float(math::even),
        Function::Pow => C::Float2(f64::powf),
        Function::Least => C::Values(|arguments, ty| math::extreme(arguments, ty, Ordering::Less)),
        Function::Greatest => C::Values(|arguments, ty| math::extreme(arguments, ty, Ordering::Greater)),
        Function::Clip => C::Values(math::clip),
        Function::IsNan => C::Values(|arguments, _| math::test(arguments, f64::is_nan)),
        Function::IsFinite => C::Values(|arguments, _| math::test(arguments, f64::is_finite)),
        _ => return None,
    })
}

/// Of texts, and those that write texts.
fn of_texts(function: Function) -> Option<Computation> {
    use Computation as C;
    Some(match function {
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
        Function::Left => C::Text(|text, more| text::end(text, more, true)),
        Function::Right => C::Text(|text, more| text::end(text, more, false)),
        Function::Repeat => C::Text(text::repeat),
        Function::Instr => C::Text(text::position),
        Function::Ascii => C::Text(|text, _| text::first_code(text, 0)),
        Function::Unicode => C::Text(|text, _| text::first_code(text, -1)),
        Function::Chr => C::Values(|arguments, _| text::character(arguments)),
        Function::Translate => C::Text(text::translate),
        Function::RegexpReplace => C::Text(text::regexp_replace),
        Function::ConcatWs => C::Values(|arguments, _| text::concat_with(arguments)),
        Function::Levenshtein => C::Text(bytes::levenshtein),
        Function::Hamming => C::Text(bytes::hamming),
        Function::Hex => C::Values(|arguments, _| bytes::digits(arguments.get(0)?, |byte| format!("{byte:02X}"))),
        Function::Bin => C::Values(|arguments, _| bytes::digits(arguments.get(0)?, |byte| format!("{byte:08b}"))),
        Function::Strlen => C::Text(|text, _| Ok(Scalar::Int(text.len() as i128))),
        Function::BitLength => C::Text(|text, _| Ok(Scalar::Int(text.len() as i128 * 8))),
        Function::UrlEncode => C::Text(|text, _| bytes::url_encode(text)),
        Function::UrlDecode => C::Text(bytes::url_decode),
        Function::Md5 => C::Text(|text, _| Ok(Scalar::str(&bytes::md5(text)))),
        Function::Strptime => {
            C::Text(|text, more| time_text::read(text, more)?.ok_or_else(|| time_text::unread(text, more)))
        }
        Function::TryStrptime => C::Text(|text, more| Ok(time_text::read(text, more)?.unwrap_or(Scalar::Null))),
        Function::Strftime => C::Values(|arguments, _| time_text::write(arguments)),
        _ => return None,
    })
}

/// Of dates and timestamps.
fn of_times(function: Function) -> Option<Computation> {
    use Computation as C;
    Some(match function {
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
        Function::IsoWeekday => C::Part(|days, _| (weekday(days) + 6) % 7 + 1),
        Function::IsoYear => C::Part(|days, _| iso_year(days)),
        Function::YearWeek => C::Part(|days, _| time::year_week(days)),
        Function::Decade => C::Part(|days, _| time::civil(days).year / 10),
        Function::Century => C::Part(|days, _| time::ordinal(time::civil(days).year, 100)),
        Function::Millennium => C::Part(|days, _| time::ordinal(time::civil(days).year, 1_000)),
        Function::Millisecond => C::Values(|arguments, _| time::of_minute(arguments, 1_000)),
        Function::Microsecond => C::Values(|arguments, _| time::of_minute(arguments, 1)),
        Function::Julian => C::Values(|arguments, _| time::julian(arguments)),
        Function::LastDay => C::Values(time::last_day),
        Function::MakeDate => C::Values(time::make_date),
        Function::MakeTimestamp => C::Values(time::make_timestamp),
        Function::TimeBucket => C::Values(time::bucket),
        Function::EpochMs => C::Values(|arguments, _| time::epoch_in(arguments, 1_000)),
        Function::EpochUs => C::Values(|arguments, _| time::epoch_in(arguments, 1)),
        Function::DateTrunc => C::Values(time::truncate),
        Function::DateDiff => C::Values(time::difference),
        Function::AddMonths => C::Values(time::add_months),
        Function::Epoch => C::Values(|arguments, _| time::epoch(arguments)),
        Function::FromEpoch => C::Values(time::from_epoch),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_computed_in_one_place() {
        for function in Function::ALL {
            let places = [of_integers, of_floats, of_texts, of_times];
            let found = places.iter().filter(|place| place(*function).is_some()).count();
            assert_eq!(found, 1, "{}", function.name());
        }
    }
}
