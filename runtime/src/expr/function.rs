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
    /// `bit_count(a)`: the bits that are set, of a negative integer in the two's complement of its type.
    BitCount = "bit_count",
    /// `shift_left(a, n)`: `a * 2^n` in the wider operand's type; an error where that does not hold it, and of a negative
    /// number or count.
    ShiftLeft = "shift_left",
    /// `shift_right(a, n)`: `floor(a / 2^n)`; 0 where `n` is negative or not less than the type's width.
    ShiftRight = "shift_right",
    /// `hash(x)`: u64, of a value of any type; a null has one too. Of several values analysis makes [`Self::HashCombine`].
    Hash = "hash",
    /// `hash_combine(a, b)`: the hash of two hashes, in this order.
    HashCombine = "hash_combine",
    /// `gcd(a, b)`: as i64, never negative.
    Gcd = "gcd",
    /// `lcm(a, b)`: as i64, never negative; overflow is an error.
    Lcm = "lcm",
    /// `factorial(n)`: as i64; an error for negative numbers and for those above 20.
    Factorial = "factorial",
    /// `round(x)`, `round(x, n)`: half away from zero.
    Round = "round",
    /// `floor(x)`
    Floor = "floor",
    /// `ceil(x)`
    Ceil = "ceil",
    /// `trunc(x)`, `trunc(x, n)`: towards zero, at `n` digits after the point.
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
    /// `asinh(x)`
    Asinh = "asinh",
    /// `acosh(x)`: NaN below one.
    Acosh = "acosh",
    /// `atanh(x)`: NaN outside of −1 to 1, whose ends are infinite.
    Atanh = "atanh",
    /// `even(x)`: the nearest even number that is not nearer to zero.
    Even = "even",
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
    /// `left(s, n)`: the first `n` characters, or all but the last `-n`.
    Left = "left",
    /// `right(s, n)`: the last `n` characters, or all but the first `-n`.
    Right = "right",
    /// `repeat(s, n)`: empty where `n` is not positive.
    Repeat = "repeat",
    /// `instr(s, part)`: where the part begins, in characters from one; 0 where it does not occur.
    Instr = "instr",
    /// `ascii(s)`: the code point of the first character, 0 for the empty text.
    Ascii = "ascii",
    /// `unicode(s)`: the code point of the first character, −1 for the empty text.
    Unicode = "unicode",
    /// `chr(n)`: the character of a code point; an error where there is none.
    Chr = "chr",
    /// `translate(s, from, to)`: each character of `from` becomes that of `to` at its place, or goes if there is none.
    Translate = "translate",
    /// `regexp_replace(s, regex, replacement, options)`: the first match, with `g` all.
    RegexpReplace = "regexp_replace",
    /// `concat_ws(separator, a, b, ...)`: nulls are skipped; null where the separator is.
    ConcatWs = "concat_ws",
    /// `levenshtein(a, b)`: how many bytes to insert, delete or exchange.
    Levenshtein = "levenshtein",
    /// `hamming(a, b)`: how many bytes differ; an error for texts of different length, or of none.
    Hamming = "hamming",
    /// `hex(s)`: the bytes of a text, or an integer in 64 bits, without leading zeros.
    Hex = "hex",
    /// `bin(s)`: the same in binary.
    Bin = "bin",
    /// `strlen(s)`: bytes.
    Strlen = "strlen",
    /// `bit_length(s)`: bits.
    BitLength = "bit_length",
    /// `url_encode(s)`: all but ASCII letters, digits and `-._~` as `%` and two digits.
    UrlEncode = "url_encode",
    /// `url_decode(s)`: an error where the bytes are no UTF-8.
    UrlDecode = "url_decode",
    /// `md5(s)`: 32 hexadecimal digits.
    Md5 = "md5",
    /// `strptime(s, "format")`: the timestamp that a text is; an error with the row where it is none.
    Strptime = "strptime",
    /// `try_strptime(s, "format")`: null where the text is none.
    TryStrptime = "try_strptime",
    /// `strftime(t, "format")`: a date or a timestamp as text.
    Strftime = "strftime",
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
    /// `isodow(t)`: 1 (Monday) to 7.
    IsoWeekday = "isodow",
    /// `isoyear(t)`: the year that the week of ISO 8601 belongs to.
    IsoYear = "isoyear",
    /// `yearweek(t)`: the year of ISO 8601 times 100 and its week, with the year's sign.
    YearWeek = "yearweek",
    /// `decade(t)`: the year divided by 10, truncated.
    Decade = "decade",
    /// `century(t)`: 20 for 1901 to 2000; −1 for the year 0 and the 99 before it.
    Century = "century",
    /// `millennium(t)`: 2 for 1001 to 2000.
    Millennium = "millennium",
    /// `millisecond(t)`: of the minute, 0 to 59,999.
    Millisecond = "millisecond",
    /// `microsecond(t)`: of the minute, 0 to 59,999,999.
    Microsecond = "microsecond",
    /// `julian(t)`: the Julian day, with the time of the day as a fraction, as f64.
    Julian = "julian",
    /// `last_day(t)`: the last date of the month.
    LastDay = "last_day",
    /// `make_date(year, month, day)`: an error where the calendar has no such date.
    MakeDate = "make_date",
    /// `make_timestamp(year, month, day, hour, minute, seconds)`: the seconds are rounded to microseconds.
    MakeTimestamp = "make_timestamp",
    /// `time_bucket(width, t)`: the beginning of the bucket that a time is in; one begins at 2000-01-03, or of months at 2000-01-01.
    TimeBucket = "time_bucket",
    /// `epoch_ms(t)`: milliseconds since 1970, half of one away from zero.
    EpochMs = "epoch_ms",
    /// `epoch_us(t)`: microseconds since 1970.
    EpochUs = "epoch_us",
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
        matches!(
            self,
            Self::Concat
                | Self::ConcatWs
                | Self::Replace
                | Self::RegexpReplace
                | Self::Translate
                | Self::Repeat
                | Self::Lpad
                | Self::Rpad
                | Self::Hex
                | Self::Bin
                | Self::UrlEncode
        )
    }

    /// Whether it has a value where an argument is null; all others are null there.
    pub fn skips_nulls(self) -> bool {
        matches!(self, Self::Least | Self::Greatest | Self::Concat | Self::ConcatWs | Self::Hash)
    }

    /// Whether it may be null where no argument is.
    pub fn makes_nulls(self) -> bool {
        self == Self::TryStrptime
    }
}
