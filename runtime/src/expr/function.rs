//! The built-in functions, each named once.

use serde::{Deserialize, Serialize};

/// Declares the functions: variant, name in the language, and what it computes.
macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),* $(,)?) => {
        /// A built-in function. Where a comment does not say more, it behaves as DuckDB's function of that name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Function {
            $($(#[doc = $doc])+ $variant),*
        }

        impl Function {
            /// Every function, in the order of declaration.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// The name in the language.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }

            /// The function of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

functions! {
    /// `abs(x)`: the operand's type; overflow is an error.
    Abs = "abs",
    /// `sign(x)`: −1, 0 or 1, as i8.
    Sign = "sign",
    /// `bit_and(a, b)`: of integers, in the wider operand's type.
    BitAnd = "bit_and",
    /// `bit_or(a, b)`
    BitOr = "bit_or",
    /// `bit_xor(a, b)`
    BitXor = "bit_xor",
    /// `bit_not(a)`: in the operand's type.
    BitNot = "bit_not",
    /// `round(x)`, `round(x, n)`: half away from zero.
    Round = "round",
    /// `floor(x)`
    Floor = "floor",
    /// `ceil(x)`
    Ceil = "ceil",
    /// `trunc(x)`
    Trunc = "trunc",
    /// `sqrt(x)`: NaN below zero.
    Sqrt = "sqrt",
    /// `cbrt(x)`
    Cbrt = "cbrt",
    /// `exp(x)`
    Exp = "exp",
    /// `ln(x)`
    Ln = "ln",
    /// `log2(x)`
    Log2 = "log2",
    /// `log10(x)`
    Log10 = "log10",
    /// `sin(x)`
    Sin = "sin",
    /// `cos(x)`
    Cos = "cos",
    /// `tan(x)`
    Tan = "tan",
    /// `asin(x)`
    Asin = "asin",
    /// `acos(x)`
    Acos = "acos",
    /// `atan(x)`
    Atan = "atan",
    /// `atan2(y, x)`
    Atan2 = "atan2",
    /// `sinh(x)`
    Sinh = "sinh",
    /// `cosh(x)`
    Cosh = "cosh",
    /// `tanh(x)`
    Tanh = "tanh",
    /// `pow(x, y)`: f64.
    Pow = "pow",
    /// `least(a, b, ...)`: nulls are skipped.
    Least = "least",
    /// `greatest(a, b, ...)`: nulls are skipped.
    Greatest = "greatest",
    /// `clip(x, lo, hi)`: `least(greatest(x, lo), hi)`, null if any is.
    Clip = "clip",
    /// `is_nan(x)`
    IsNan = "is_nan",
    /// `is_finite(x)`
    IsFinite = "is_finite",
    /// `length(s)`: characters, as i64.
    Length = "length",
    /// `lower(s)`
    Lower = "lower",
    /// `upper(s)`
    Upper = "upper",
    /// `trim(s)`: spaces at both ends.
    Trim = "trim",
    /// `ltrim(s)`
    Ltrim = "ltrim",
    /// `rtrim(s)`
    Rtrim = "rtrim",
    /// `substr(s, from)`, `substr(s, from, len)`: characters from one; a negative start counts from the end.
    Substr = "substr",
    /// `starts_with(s, prefix)`
    StartsWith = "starts_with",
    /// `ends_with(s, suffix)`
    EndsWith = "ends_with",
    /// `contains(s, part)`
    Contains = "contains",
    /// `replace(s, from, to)`
    Replace = "replace",
    /// `matches(s, regex)`: whether some part matches.
    Matches = "matches",
    /// `extract(s, regex, n)`: group `n` of the first match; empty where nothing matches.
    Extract = "extract",
    /// `split_part(s, separator, n)`: from one; negative from the end; empty where there is none.
    SplitPart = "split_part",
    /// `concat(a, b, ...)`: nulls are skipped.
    Concat = "concat",
    /// `lpad(s, n, fill)`
    Lpad = "lpad",
    /// `rpad(s, n, fill)`
    Rpad = "rpad",
    /// `reverse(s)`
    Reverse = "reverse",
    /// `year(t)`: i64, as all parts of a date or timestamp.
    Year = "year",
    /// `quarter(t)`: 1 to 4.
    Quarter = "quarter",
    /// `month(t)`: 1 to 12.
    Month = "month",
    /// `day(t)`: 1 to 31.
    Day = "day",
    /// `hour(t)`: 0 to 23.
    Hour = "hour",
    /// `minute(t)`: 0 to 59.
    Minute = "minute",
    /// `second(t)`: 0 to 59.
    Second = "second",
    /// `weekday(t)`: 0 (Sunday) to 6.
    Weekday = "weekday",
    /// `day_of_year(t)`: 1 to 366.
    DayOfYear = "day_of_year",
    /// `week(t)`: of ISO 8601, 1 to 53.
    Week = "week",
    /// `date_trunc("unit", t)`: date for a date, timestamp for a timestamp.
    DateTrunc = "date_trunc",
    /// `date_diff("unit", a, b)`: boundaries crossed from `a` to `b`, as i64.
    DateDiff = "date_diff",
    /// `t + 3mo`: calendar months; the day is clipped to the month's last.
    AddMonths = "date_add",
    /// `epoch(t)`: seconds since 1970, as f64.
    Epoch = "epoch",
    /// `from_epoch(seconds)`: a timestamp.
    FromEpoch = "from_epoch",
}

impl Function {
    /// Whether the text that it makes may be longer than its arguments together, or has to be as long as a number says: such
    /// a function fails where the text would become too long.
    pub fn can_grow(self) -> bool {
        matches!(self, Self::Concat | Self::Replace | Self::Lpad | Self::Rpad)
    }
}
