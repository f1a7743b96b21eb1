//! Functions of integers, bytes and formats, where they fail.

use super::*;

#[track_caller]
fn check(cases: Vec<(String, &str)>) {
    for (found, wanted) in cases {
        assert_eq!(found, wanted);
    }
}

#[test]
fn shifts() {
    let shift = |function, value, count, ty| call_text(function, vec![int(value, ty), int(count, ty)], ty);
    let (left, right) = (Function::ShiftLeft, Function::ShiftRight);
    check(vec![
        (shift(left, 1, 62, Type::I64), "4611686018427387904"),
        (shift(left, 1, 63, Type::I64), "overflow of i64"),
        (shift(left, 1, 31, Type::I32), "overflow of i32"),
        (shift(left, 1, 7, Type::U8), "128"),
        (shift(left, 1, 8, Type::U8), "overflow of u8"),
        (shift(left, 0, 100, Type::I8), "0"),
        (shift(left, -1, 2, Type::I64), "overflow of i64"),
        (shift(left, 0, -1, Type::I64), "overflow of i64"),
        (shift(right, -5, 1, Type::I64), "-3"),
        (shift(right, -1, 63, Type::I64), "-1"),
        (shift(right, -1, 64, Type::I64), "0"),
        (shift(right, 1, -1, Type::I64), "0"),
    ]);
}

#[test]
fn integers() {
    let call = |function, a, b| call_text(function, vec![int(a, Type::I64), int(b, Type::I64)], Type::I64);
    let least = i64::MIN.into();
    check(vec![
        (call(Function::Gcd, least, 6), "2"),
        (call(Function::Gcd, least, 0), "overflow of i64"),
        (call(Function::Lcm, least, 1), "overflow of i64"),
        (call(Function::Lcm, least, 0), "0"),
        (call_text(Function::Factorial, vec![int(20, Type::I64)], Type::I64), "2432902008176640000"),
        (call_text(Function::Factorial, vec![int(21, Type::I64)], Type::I64), "overflow of i64"),
        (call_text(Function::Factorial, vec![int(-1, Type::I64)], Type::I64), "overflow of i64"),
        (call_text(Function::BitCount, vec![int(-1, Type::I16)], Type::I64), "16"),
    ]);
}

#[test]
fn texts_that_are_none() {
    let call = |function, arguments: Vec<Expr>| call_text(function, arguments, Type::Str);
    let of_two = |function, a, b| call_text(function, vec![str(a), str(b)], Type::I64);
    check(vec![
        (call(Function::Chr, vec![int(0xD800, Type::I64)]), "chr: no character has this code"),
        (call(Function::Chr, vec![int(-1, Type::I64)]), "chr: no character has this code"),
        (call(Function::UrlDecode, vec![str("%ff")]), "url_decode: the bytes are no UTF-8"),
        (call(Function::UrlDecode, vec![str("%E6%97%A5%4%zz%")]), "日%4%zz%"),
        (call(Function::Md5, vec![str("abc")]), "900150983cd24fb0d6963f7d28e17f72"),
        (call(Function::Hex, vec![int(-1, Type::I8)]), "FFFFFFFFFFFFFFFF"),
        (call(Function::Repeat, vec![str(""), int(i64::MAX.into(), Type::I64)]), ""),
        (
            call(Function::Repeat, vec![str("ab"), int(i64::MAX.into(), Type::I64)]),
            "the text would be longer than 67108864 bytes",
        ),
        (of_two(Function::Hamming, "é", "ab"), "2"),
        (of_two(Function::Hamming, "", ""), "hamming: texts of the same length are compared, and of one byte at least"),
    ]);
}

#[test]
fn dates_that_are_none() {
    let n = |value: i128| int(value, Type::I64);
    let date = |y, m, d| call_text(Function::MakeDate, vec![n(y), n(m), n(d)], Type::Date);
    let time = |h, m, s| {
        let parts = vec![n(2024), n(1), n(2), n(h), n(m), float(s)];
        call_text(Function::MakeTimestamp, parts, Type::Timestamp)
    };
    let (no_date, no_time) = ("make_date: the calendar has no such date", "make_timestamp: a day has no such time");
    check(vec![
        (date(2024, 2, 29), "2024-02-29"),
        (date(2023, 2, 29), no_date),
        (date(2023, 13, 1), no_date),
        (date(i64::MAX.into(), 1, 1), no_date),
        (date(5_881_580, 7, 12), "overflow of date"),
        (time(24, 0, 0.0), "2024-01-03 00:00:00"),
        (time(24, 0, 1.0), no_time),
        (time(3, 4, 60.5), "2024-01-02 03:05:00.5"),
        (time(3, 4, 60.6), no_time),
        (time(3, 4, -0.5), no_time),
        (time(3, 4, f64::NAN), no_time),
        (time(3, 4, 1e300), no_time),
    ]);
}

#[test]
fn texts_by_a_format() {
    let read = |text, format| call_text(Function::Strptime, vec![str(text), str(format)], Type::Timestamp);
    check(vec![
        (
            read("2024-02-30", "%Y-%m-%d"),
            "strptime: `2024-02-30` is not as the format says (`try_strptime` is null there)",
        ),
        (read("+02:30:15 2024", "%z %Y"), "2023-12-31 21:29:45"),
        (read("epoch", "%Y"), "1970-01-01 00:00:00"),
        (read("13:30 pm", "%H:%M %p"), "strptime: `13:30 pm` is not as the format says (`try_strptime` is null there)"),
    ]);
    let problem = |format, read| format_problem(format, read).map(|problem| (problem.at, problem.problem));
    assert_eq!(problem("%Y %-Y", false).map(|(at, _)| at), Some(3..6));
    assert_eq!(problem("a%é", false).map(|(at, _)| at), Some(1..4));
    assert_eq!(problem("a%", false).map(|(at, _)| at), Some(1..2));
    assert_eq!(problem("%Y%n", true).map(|(at, _)| at), Some(2..4));
    assert_eq!(problem("%Y%n %c %%", false), None);
}
