//! What the built-in functions take and give.

#![expect(clippy::wildcard_enum_match_arm, reason = "each table has the functions of one family; a test looks for all")]

use dj_runtime::expr::Function;
use dj_runtime::types::Type;

/// What a function takes.
#[derive(Clone, Copy)]
pub(super) enum Parameter {
    /// Any number, as f64.
    Float,
    /// Any number, in its own type.
    Number,
    /// f32 or f64.
    OwnFloat,
    /// Text.
    Text,
    /// Any type, as text.
    Printed,
    /// An integer, as i64.
    Integer,
    /// An integer, in its own type.
    OwnInteger,
    /// Text or an integer, in its own type.
    TextOrInteger,
    /// A hash: an integer of 64 bits without a sign.
    Hash,
    /// Any type.
    Any,
    /// An integer, of the same type for all arguments.
    Bits,
    /// An integer that is a literal.
    IntegerLiteral,
    /// Text that is a literal.
    TextLiteral,
    /// A format that times are read by, as a literal.
    ReadFormat,
    /// A format that times are written by, as a literal.
    WriteFormat,
    /// A regular expression, as a literal.
    Regex,
    /// A unit of time, as a literal.
    Unit,
    /// A date or a timestamp.
    Time,
    /// A timestamp, or a date at midnight.
    Moment,
    /// Any type, the same for all arguments.
    Same,
}

/// What a function gives.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// This type.
    Is(Type),
    /// The type of the argument of this index.
    As(usize),
    /// The type of the first argument, with a digit more if it is a decimal: rounding up may need it.
    Rounded,
}

/// Required arguments, further optional ones (the last repeats in functions that take any number), and the result.
pub(super) struct Signature {
    pub(super) required: &'static [Parameter],
    pub(super) optional: &'static [Parameter],
    pub(super) repeats: bool,
    pub(super) gives: Gives,
}

/// Of so many arguments and no others.
pub(super) fn fixed(required: &'static [Parameter], gives: Gives) -> Signature {
    Signature { required, optional: &[], repeats: false, gives }
}

/// The signature of a function.
pub(super) fn signature(function: Function) -> Signature {
    let found = of_numbers(function).or_else(|| of_texts(function)).or_else(|| of_times(function));
    found.unwrap_or_else(|| unreachable!("no signature of `{}`", function.name()))
}

fn of_numbers(function: Function) -> Option<Signature> {
    use Function as F;
    use Parameter as P;
    let truth = Gives::Is(Type::Bool);
    let integer = Gives::Is(Type::I64);
    Some(match function {
        F::Abs => fixed(&[P::Number], Gives::As(0)),
        F::Sign => fixed(&[P::Number], Gives::Is(Type::I8)),
        F::BitAnd | F::BitOr | F::BitXor | F::ShiftLeft | F::ShiftRight => fixed(&[P::Bits, P::Bits], Gives::As(0)),
        F::BitNot => fixed(&[P::OwnInteger], Gives::As(0)),
        F::BitCount => fixed(&[P::OwnInteger], integer),
        F::Hash => Signature { optional: &[P::Any], repeats: true, ..fixed(&[P::Any], Gives::Is(Type::U64)) },
        F::HashCombine => fixed(&[P::Hash, P::Hash], Gives::Is(Type::U64)),
        F::Gcd | F::Lcm => fixed(&[P::Integer, P::Integer], integer),
        F::Factorial => fixed(&[P::Integer], integer),
        F::Round | F::Trunc => Signature { optional: &[P::IntegerLiteral], ..fixed(&[P::Number], Gives::Rounded) },
        F::Floor | F::Ceil => fixed(&[P::Number], Gives::Rounded),
        F::Sqrt
        | F::Cbrt
        | F::Exp
        | F::Ln
        | F::Log2
        | F::Log10
        | F::Sin
        | F::Cos
        | F::Tan
        | F::Asin
        | F::Acos
        | F::Atan
        | F::Sinh
        | F::Cosh
        | F::Tanh
        | F::Asinh
        | F::Acosh
        | F::Atanh
        | F::Even => fixed(&[P::Float], Gives::Is(Type::F64)),
        F::Atan2 | F::Pow => fixed(&[P::Float, P::Float], Gives::Is(Type::F64)),
        F::Least | F::Greatest => Signature { optional: &[P::Same], repeats: true, ..fixed(&[P::Same], Gives::As(0)) },
        F::Clip => fixed(&[P::Same, P::Same, P::Same], Gives::As(0)),
        F::IsNan | F::IsFinite => fixed(&[P::OwnFloat], truth),
        _ => return None,
    })
}

fn of_texts(function: Function) -> Option<Signature> {
    use Function as F;
    use Parameter as P;
    let text = Gives::Is(Type::Str);
    let truth = Gives::Is(Type::Bool);
    let integer = Gives::Is(Type::I64);
    Some(match function {
        F::Length | F::Strlen | F::BitLength | F::Ascii | F::Unicode => fixed(&[P::Text], integer),
        F::Lower | F::Upper | F::Trim | F::Ltrim | F::Rtrim | F::Reverse => fixed(&[P::Text], text),
        F::UrlEncode | F::UrlDecode | F::Md5 => fixed(&[P::Text], text),
        F::Hex | F::Bin => fixed(&[P::TextOrInteger], text),
        F::Chr => fixed(&[P::Integer], text),
        F::Substr => Signature { optional: &[P::Integer], ..fixed(&[P::Text, P::Integer], text) },
        F::Left | F::Right | F::Repeat => fixed(&[P::Text, P::Integer], text),
        F::StartsWith | F::EndsWith | F::Contains => fixed(&[P::Text, P::Text], truth),
        F::Instr | F::Levenshtein | F::Hamming => fixed(&[P::Text, P::Text], integer),
        F::Replace | F::Translate => fixed(&[P::Text, P::Text, P::Text], text),
        F::Matches => fixed(&[P::Text, P::Regex], truth),
        F::Extract => Signature { optional: &[P::IntegerLiteral], ..fixed(&[P::Text, P::Regex], text) },
        F::RegexpReplace => {
            let required = &[P::Text, P::TextLiteral, P::TextLiteral];
            Signature { optional: &[P::TextLiteral], ..fixed(required, text) }
        }
        F::SplitPart => fixed(&[P::Text, P::Text, P::Integer], text),
        F::Concat => Signature { optional: &[P::Printed], repeats: true, ..fixed(&[P::Printed], text) },
        F::ConcatWs => Signature { optional: &[P::Printed], repeats: true, ..fixed(&[P::Text, P::Printed], text) },
        F::Lpad | F::Rpad => fixed(&[P::Text, P::Integer, P::Text], text),
        F::Strptime | F::TryStrptime => fixed(&[P::Text, P::ReadFormat], Gives::Is(Type::Timestamp)),
        F::Strftime => fixed(&[P::Time, P::WriteFormat], text),
        _ => return None,
    })
}

fn of_times(function: Function) -> Option<Signature> {
    use Function as F;
    use Parameter as P;
    let integer = Gives::Is(Type::I64);
    Some(match function {
        F::Year | F::Quarter | F::Month | F::Day | F::Weekday | F::DayOfYear | F::Week => fixed(&[P::Time], integer),
        F::IsoWeekday | F::IsoYear | F::YearWeek | F::Decade | F::Century | F::Millennium => fixed(&[P::Time], integer),
        F::Hour | F::Minute | F::Second | F::Millisecond | F::Microsecond => fixed(&[P::Moment], integer),
        F::EpochMs | F::EpochUs => fixed(&[P::Moment], integer),
        F::Julian => fixed(&[P::Time], Gives::Is(Type::F64)),
        F::LastDay => fixed(&[P::Time], Gives::Is(Type::Date)),
        F::MakeDate => fixed(&[P::Integer; 3], Gives::Is(Type::Date)),
        F::MakeTimestamp => {
            let parts = &[P::Integer, P::Integer, P::Integer, P::Integer, P::Integer, P::Float];
            fixed(parts, Gives::Is(Type::Timestamp))
        }
        // The width is a literal, of months too, which have no type.
        F::TimeBucket => fixed(&[P::Any, P::Time], Gives::As(1)),
        F::DateTrunc => fixed(&[P::Unit, P::Time], Gives::As(1)),
        F::DateDiff => fixed(&[P::Unit, P::Time, P::Time], integer),
        F::AddMonths => fixed(&[P::Time, P::Integer], Gives::As(0)),
        F::Epoch => fixed(&[P::Moment], Gives::Is(Type::F64)),
        F::FromEpoch => fixed(&[P::Float], Gives::Is(Type::Timestamp)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_one_signature() {
        for function in Function::ALL {
            let found = [of_numbers, of_texts, of_times].iter().filter(|of| of(*function).is_some()).count();
            assert_eq!(found, 1, "{}", function.name());
        }
    }
}
