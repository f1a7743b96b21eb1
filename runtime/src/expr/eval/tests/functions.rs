//! Built-in functions.

use super::*;

#[test]
fn functions_of_numbers() {
    let f = |function, value| call_text(function, vec![float(value)], Type::F64);
    let round = |value, digits| call_text(Function::Round, vec![float(value), int(digits, Type::I64)], Type::F64);
    let d = |function, value, scale, ty| call_text(function, vec![int(value, decimal(5, scale))], ty);
    let round_int = |value, digits, ty| call_text(Function::Round, vec![int(value, ty), int(digits, Type::I64)], ty);
    check_all(&[
        (f(Function::Round, 2.5), "3.0"),
        (f(Function::Round, -2.5), "-3.0"),
        (f(Function::Round, 0.499_999_999_999_999_94), "0.0"),
        (round(2.345, 2), "2.35"),
        (round(1.005, 2), "1.0"),
        (round(1234.5, -2), "1200.0"),
        (round(1e300, 20), "1e+300"),
        (round(f64::NAN, -1), "nan"),
        (round(f64::INFINITY, -400), "inf"),
        (round(1e10, -400), "0.0"),
        (round(1.7e308, -308), "1.7e+308"),
        (round(-4.0, -1), "-0.0"),
        (round(1e-310, 305), "0.0"),
        (round(1_234_567.891, -9), "0.0"),
        (round_int(1250, -2, Type::I32), "1300"),
        (round_int(-1250, -2, Type::I32), "-1300"),
        (round_int(12_345, -9, Type::I32), "0"),
        (round_int(99, -2, Type::I8), "100"),
        (round_int(127, -1, Type::I8), "overflow of i8"),
        (call_text(Function::Round, vec![int(-255, decimal(5, 2)), int(1, Type::I64)], decimal(5, 1)), "-2.6"),
        (call_text(Function::Round, vec![int(555, decimal(3, 2)), int(5, Type::I64)], decimal(3, 2)), "5.55"),
        (d(Function::Round, -5, 1, decimal(5, 0)), "-1"),
        (d(Function::Floor, -25, 1, decimal(5, 0)), "-3"),
        (d(Function::Ceil, 21, 1, decimal(5, 0)), "3"),
        (d(Function::Ceil, -29, 1, decimal(5, 1)), "-2.0"),
        (d(Function::Trunc, -27, 1, decimal(5, 0)), "-2"),
        (call_text(Function::Floor, vec![int(5, Type::I32)], Type::F64), "5.0"),
        (call_text(Function::Sign, vec![float(-2.5)], Type::I8), "-1"),
        (call_text(Function::Sign, vec![float(f64::NAN)], Type::I8), "0"),
        (call_text(Function::Sign, vec![float(-0.0)], Type::I8), "0"),
        (call_text(Function::Abs, vec![int(-128, Type::I8)], Type::I8), "overflow of i8"),
        (f(Function::Abs, -0.0), "0.0"),
        (f(Function::Sqrt, -1.0), "nan"),
        (f(Function::Cbrt, -8.0), "-2.0"),
        (f(Function::Ln, 0.0), "-inf"),
        (f(Function::Log2, 8.0), "3.0"),
        (f(Function::Log10, 1000.0), "3.0"),
        (f(Function::Acos, 2.0), "nan"),
        (f(Function::Exp, 1000.0), "inf"),
        (call_text(Function::Pow, vec![float(0.0), float(-1.0)], Type::F64), "inf"),
        (call_text(Function::IsNan, vec![float(f64::NAN)], Type::Bool), "true"),
        (call_text(Function::IsFinite, vec![float(f64::INFINITY)], Type::Bool), "false"),
    ]);
}

#[test]
fn extremes_skip_nulls() {
    let call = |function, values: Vec<Expr>| call_text(function, values, Type::F64);
    let nan = || float(f64::NAN);
    check_all(&[
        (call(Function::Least, vec![float(1.0), null(Type::F64), float(2.0)]), "1.0"),
        (call(Function::Greatest, vec![null(Type::F64), null(Type::F64)]), "null"),
        (call(Function::Greatest, vec![nan(), float(1.0)]), "nan"),
        (call(Function::Least, vec![nan(), float(1.0)]), "1.0"),
        (call(Function::Clip, vec![float(5.0), float(1.0), float(3.0)]), "3.0"),
        (call(Function::Clip, vec![float(5.0), null(Type::F64), float(3.0)]), "null"),
    ]);
}

#[test]
fn functions_of_text() {
    let call = |function, text: &str, more: Vec<Expr>| call_text(function, [vec![str(text)], more].concat(), Type::Str);
    let n = |value| int(value, Type::I64);
    let substr = |from, length| call(Function::Substr, "hello", vec![n(from), n(length)]);
    let split = |text, separator, at| call(Function::SplitPart, text, vec![str(separator), n(at)]);
    check_all(&[
        (call(Function::Length, "e\u{301}", vec![]), "2"),
        (substr(2, 3), "ell"),
        (substr(0, 3), "he"),
        (substr(-3, 2), "ll"),
        (substr(-10, 7), "he"),
        (substr(2, -1), "h"),
        (substr(3, -2), "he"),
        (substr(-2, -2), "el"),
        (substr(-1, -2), "ll"),
        (substr(0, -2), ""),
        (substr(-7, 3), "h"),
        (substr(10, 1), ""),
        (call(Function::Substr, "hello", vec![n(0)]), "hello"),
        (call(Function::Substr, "hello", vec![n(-3)]), "llo"),
        (call(Function::Substr, "hello", vec![n(-10)]), "hello"),
        (call(Function::Substr, "héllo", vec![n(2), n(2)]), "él"),
        (split("a,b,c", ",", 2), "b"),
        (split("a,b,c", ",", -1), "c"),
        (split("a,b,c", ",", 0), ""),
        (split("a,b,c", ",", 4), ""),
        (split("a,b,c", ",", -4), ""),
        (split("abc", "", 2), "b"),
        (split("abc", "", -1), "c"),
        (split("aXXbXXc", "XX", 3), "c"),
        (call(Function::Lpad, "hi", vec![n(5), str("xy")]), "xyxhi"),
        (call(Function::Lpad, "hello", vec![n(3), str("x")]), "hel"),
        (call(Function::Lpad, "hi", vec![n(-1), str("x")]), ""),
        (call(Function::Lpad, "hi", vec![n(5), str("")]), "lpad: nothing to fill with"),
        (call(Function::Rpad, "hi", vec![n(5), str("xy")]), "hixyx"),
        (call(Function::Rpad, "hi", vec![n(2), str("")]), "hi"),
        (call(Function::Reverse, "abc", vec![]), "cba"),
        (call(Function::Reverse, "e\u{301}x", vec![]), "xe\u{301}"),
        (call(Function::Trim, "\u{a0} a\t ", vec![]), "a\t"),
        (call(Function::Replace, "aaa", vec![str("a"), str("b")]), "bbb"),
        (call(Function::Replace, "abc", vec![str(""), str("x")]), "abc"),
        (call(Function::Extract, "abc123", vec![str("([a-z]+)(\\d+)"), n(2)]), "123"),
        (call(Function::Extract, "abc123", vec![str("zzz"), n(0)]), ""),
        (call(Function::Extract, "foo", vec![str("(o)(o)"), n(3)]), ""),
        (call(Function::Matches, "abc", vec![str("(")]), "invalid regular expression `(`"),
        (call(Function::Matches, "abc", vec![str("b")]), "true"),
        (call(Function::Lower, "ÀÉİ", vec![]), "àéi"),
        (call(Function::Upper, "straße ᾳ", vec![]), "STRAẞE ᾼ"),
        (call(Function::Contains, "abc", vec![str("")]), "true"),
        (call(Function::StartsWith, "abc", vec![str("b")]), "false"),
        (call(Function::Concat, "a", vec![null(Type::Str), int(1, Type::I64)]), "a1"),
        (call_text(Function::Concat, vec![null(Type::Str)], Type::Str), ""),
        (call(Function::StartsWith, "abc", vec![null(Type::Str)]), "null"),
    ]);
}

#[test]
fn like_matches_whole_texts() {
    for (text, pattern, wanted) in [
        ("abc", "a%", true),
        ("abc", "%c", true),
        ("abc", "%b%", true),
        ("abc", "a_c", true),
        ("abc", "_", false),
        ("é", "_", true),
        ("", "%", true),
        ("", "_", false),
        ("abc", "", false),
        ("a%c", "a\\%c", false),
        ("a\nc", "a_c", true),
        ("aab", "%ab", true),
        ("abab", "%ab%ab", true),
        ("mississippi", "%iss%ip%", true),
        ("special requests", "%special%requests%", true),
        ("ab", "%%", true),
        ("ab", "a%b%c", false),
    ] {
        assert_eq!(text::like(text, pattern), wanted, "{text:?} like {pattern:?}");
    }
}

#[test]
fn functions_of_time() {
    let date = |text: &str| literal(cast(&Scalar::str(text), Type::Str, Type::Date).unwrap(), Type::Date);
    let time = |text: &str| literal(cast(&Scalar::str(text), Type::Str, Type::Timestamp).unwrap(), Type::Timestamp);
    let part = |function, value| call_text(function, vec![value], Type::I64);
    let before = || time("1969-12-31 23:59:59.5");
    let trunc = |unit, value: Expr| {
        let ty = value.ty;
        call_text(Function::DateTrunc, vec![str(unit), value], ty)
    };
    let diff = |unit, from, to| call_text(Function::DateDiff, vec![str(unit), from, to], Type::I64);
    let months = |value: Expr, n| {
        let ty = value.ty;
        call_text(Function::AddMonths, vec![value, int(n, Type::I64)], ty)
    };
    check_all(&[
        (part(Function::Year, date("1969-12-31")), "1969"),
        (part(Function::Quarter, date("2024-05-01")), "2"),
        (part(Function::Hour, before()), "23"),
        (part(Function::Minute, before()), "59"),
        (part(Function::Second, before()), "59"),
        (part(Function::Hour, date("2021-01-01")), "0"),
        (part(Function::Weekday, date("2024-01-07")), "0"),
        (part(Function::DayOfYear, date("2024-12-31")), "366"),
        (part(Function::Week, date("2024-12-31")), "1"),
        (part(Function::Week, date("2021-01-01")), "53"),
        (trunc("month", date("2024-05-17")), "2024-05-01"),
        (trunc("week", date("2024-05-17")), "2024-05-13"),
        (trunc("quarter", date("2024-05-17")), "2024-04-01"),
        (trunc("decade", date("2024-05-17")), "2020-01-01"),
        (trunc("century", date("2024-05-17")), "2000-01-01"),
        (trunc("millennium", date("2024-05-17")), "2000-01-01"),
        (trunc("year", date("1969-05-17")), "1969-01-01"),
        (trunc("hour", date("2024-05-17")), "2024-05-17"),
        (trunc("hour", time("1969-05-17 01:02:03")), "1969-05-17 01:00:00"),
        (trunc("millisecond", time("2024-05-17 01:02:03.123456")), "2024-05-17 01:02:03.123"),
        (trunc("days", time("2024-05-17 01:02:03")), "2024-05-17 00:00:00"),
        (trunc("blah", date("2024-05-17")), "date_trunc: no unit of time is named `blah`"),
        (diff("month", date("2024-01-31"), date("2024-02-01")), "1"),
        (diff("year", date("2024-12-31"), date("2024-01-01")), "0"),
        (diff("week", date("2024-01-07"), date("2024-01-08")), "0"),
        (diff("week", date("2024-01-03"), date("2024-01-10")), "1"),
        (diff("week", date("1969-12-24"), date("1970-01-01")), "1"),
        (diff("quarter", date("2024-03-31"), date("2024-04-01")), "1"),
        (diff("decade", date("2019-03-31"), date("2024-04-01")), "1"),
        (diff("decade", date("-0005-01-01"), date("0005-01-01")), "0"),
        (diff("hour", time("1969-12-31 23:59:59"), time("1970-01-01")), "1"),
        (diff("second", time("1969-12-31 22:30:00.9"), time("1969-12-31 22:30:01")), "1"),
        (diff("minute", date("2024-01-01"), date("2024-01-02")), "1440"),
        (months(date("2024-01-31"), 1), "2024-02-29"),
        (months(date("2024-02-29"), -12), "2023-02-28"),
        (months(time("2024-01-31 05:00:00"), 1), "2024-02-29 05:00:00"),
        (months(date("2024-01-31"), 1 << 40), "overflow of date"),
        (call_text(Function::Epoch, vec![before()], Type::F64), "-0.5"),
        (call_text(Function::Epoch, vec![date("1970-01-02")], Type::F64), "86400.0"),
        (call_text(Function::FromEpoch, vec![float(1.5)], Type::Timestamp), "1970-01-01 00:00:01.5"),
    ]);
}

#[test]
fn grapheme_clusters_stay_whole() {
    let reverse = |text: &str| call_text(Function::Reverse, vec![str(text)], Type::Str);
    check_all(&[
        (reverse("abc"), "cba"),
        (reverse("a\r\nb"), "b\n\ra"),
        (reverse("ä\r\nb"), "b\r\nä"),
        (reverse("🇩🇪🇫🇷"), "🇫🇷🇩🇪"),
        (reverse("👍🏽a"), "a👍🏽"),
        (reverse("e\u{301}a"), "ae\u{301}"),
        (reverse("👨\u{200d}👩\u{200d}👧b"), "b👨\u{200d}👩\u{200d}👧"),
        (reverse("नि"), "नि"),
    ]);
}

#[test]
fn texts_have_a_bound() {
    let pad =
        |function, length, fill| call_text(function, vec![str("日"), int(length, Type::I64), str(fill)], Type::Str);
    let most = i128::try_from(MAX_TEXT_BYTES).unwrap();
    let too_long = "the text would be longer than 67108864 bytes";
    check_all(&[
        (pad(Function::Lpad, 3, "ab"), "ab日"),
        (pad(Function::Rpad, -1, "ab"), ""),
        (pad(Function::Rpad, 1, ""), "日"),
        (pad(Function::Lpad, 2, ""), "lpad: nothing to fill with"),
        (pad(Function::Lpad, most + 2, "a"), too_long),
        (pad(Function::Rpad, i128::from(i64::MAX), "a"), too_long),
        (pad(Function::Rpad, most / 2, "日"), too_long),
    ]);
    let long = "a".repeat(MAX_TEXT_BYTES / 2 + 1);
    let twice = call_text(Function::Concat, vec![str(&long), str(&long)], Type::Str);
    let replaced = call_text(Function::Replace, vec![str(&long), str("a"), str("bb")], Type::Str);
    check_all(&[(twice, too_long), (replaced, too_long)]);
}

#[test]
fn times_beyond_their_types_overflow() {
    let epoch = |seconds| call_text(Function::FromEpoch, vec![float(seconds)], Type::Timestamp);
    let months =
        |days, months| call_text(Function::AddMonths, vec![int(days, Type::Date), int(months, Type::I64)], Type::Date);
    check_all(&[
        (epoch(1_706_691_600_123_456_789.0), "overflow of timestamp"),
        (epoch(f64::NAN), "overflow of timestamp"),
        (epoch(f64::NEG_INFINITY), "overflow of timestamp"),
        (epoch(-1.5), "1969-12-31 23:59:58.5"),
        (months(i32::MAX.into(), 1), "overflow of date"),
        (months(i32::MIN.into(), -1), "overflow of date"),
        (months(0, i64::MAX.into()), "overflow of date"),
        (months(0, 13), "1971-02-01"),
    ]);
}
