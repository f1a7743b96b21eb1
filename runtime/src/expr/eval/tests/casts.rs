//! Conversions.

use super::*;

#[test]
fn numbers_convert() {
    let fails = |value: &str, from: &str, to: &str| format!("cannot cast `{value}` from {from} to {to}");
    let (big, narrow) = (fails("300", "i32", "i8"), fails("999.99", "decimal(5, 2)", "decimal(3, 0)"));
    let (far, nan) = (fails("10000000000.0", "f64", "i32"), fails("nan", "f64", "i64"));
    let wide = fails("1e+300", "f64", "f32");
    check_all(&[
        (cast_text(int(300, Type::I32), Type::I8), &big),
        // The language: a float truncates; a decimal is rounded half away from zero.
        (cast_text(float(2.9), Type::I32), "2"),
        (cast_text(float(-2.9), Type::I32), "-2"),
        (cast_text(float(1e10), Type::I32), &far),
        (cast_text(float(f64::NAN), Type::I64), &nan),
        (cast_text(float(1e300), Type::F32), &wide),
        (cast_text(float(f64::INFINITY), Type::F32), "inf"),
        (cast_text(int(25, decimal(3, 1)), Type::I32), "3"),
        (cast_text(int(-25, decimal(3, 1)), Type::I32), "-3"),
        (cast_text(int(2_345, decimal(6, 3)), decimal(5, 2)), "2.35"),
        (cast_text(int(-2_345, decimal(6, 3)), decimal(5, 2)), "-2.35"),
        (cast_text(int(99_999, decimal(5, 2)), decimal(3, 0)), &narrow),
        (cast_text(float(0.125), decimal(5, 2)), "0.13"),
        (cast_text(float(1.005), decimal(5, 2)), "1.00"),
        (cast_text(float(0.285), decimal(5, 2)), "0.28"),
        (cast_text(int(12_345_678_901_234_567, Type::I64), Type::F64), "1.2345678901234568e+16"),
        (cast_text(int(16_777_217, Type::I32), Type::F32), "16777216.0"),
        (cast_text(int(123_456, decimal(6, 3)), Type::F64), "123.456"),
        (cast_text(bool(true), decimal(3, 1)), "1.0"),
        (cast_text(int(2, Type::I32), Type::Bool), "true"),
        (cast_text(float(f64::NAN), Type::Bool), "true"),
        (cast_text(int(-1, Type::Timestamp), Type::Date), "1969-12-31"),
        (cast_text(int(19_724, Type::Date), Type::Timestamp), "2024-01-02 00:00:00"),
        (cast_text(int(i32::MAX.into(), Type::Date), Type::Timestamp), &fails("5881580-07-11", "date", "timestamp")),
    ]);
}

/// Casts the text of each line `text => value`; `-` stands for a failure.
fn check_parse(ty: Type, cases: &str) {
    let cases =
        cases.lines().map(|line| line.strip_prefix("        ").unwrap_or_default()).filter(|line| !line.is_empty());
    let checked: Vec<_> = cases
        .map(|case| {
            let (text, _) = case.split_once(" => ").unwrap();
            let value = cast(&Scalar::str(text), Type::Str, ty);
            (format!("{text} => {}", value.map_or("-".to_owned(), |value| value_text(&value, ty))), case)
        })
        .collect();
    let wrong: Vec<_> = checked.iter().filter(|(found, wanted)| found != wanted).collect();
    assert!(!checked.is_empty() && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn text_becomes_integers() {
    check_parse(
        Type::I32,
        r"
         12  => 12
        1e3 => 1000
        12.5 => 13
        12.4 => 12
        -12.5 => -13
        +5 => 5
        1_000 => 1000
        0x1F => 31
        0b11 => 3
         => -
        abc => -
        1_ => -
        _1 => -
        1__0 => -
        15e-1 => 2
        1e-1 => 0
        -0x1F => -
        1. => 1
        .5 => 1
        . => -
        + => -
        1 2 => -
        12abc => -
        0.00001e5 => 1
        1E+2 => 100
        99999999999 => -
    ",
    );
    check_parse(
        Type::U8,
        r"
        300 => -
        -1 => -
        -0.4 => -
        -0 => 0
        255 => 255
    ",
    );
    check_parse(
        Type::I64,
        r"
        9223372036854775807 => 9223372036854775807
        9223372036854775807.4 => 9223372036854775807
        9223372036854775807.5 => -
        1e18 => 1000000000000000000
        1e19 => -
        1e999999999999 => -
        0e999999999999 => 0
        1e-999999999999 => 0
    ",
    );
}

#[test]
fn text_becomes_floats() {
    check_parse(
        Type::F64,
        r"
         1.5  => 1.5
        1e400 => inf
        Infinity => inf
        -INF => -inf
        NaN => nan
        -nan => nan
        .5 => 0.5
        5. => 5.0
        1_000.5 => 1000.5
        e5 => -
        1e => -
        1.5f => -
        0x10 => -
        infinit => -
        -0 => -0.0
         => -
    ",
    );
}

#[test]
fn text_becomes_decimals() {
    check_parse(
        decimal(4, 2),
        r"
        1.555 => 1.56
        -1.555 => -1.56
        1.554 => 1.55
        99.995 => -
        1e1 => 10.00
        1.5e-1 => 0.15
        .5 => 0.50
        5. => 5.00
         => -
        1_0.5 => 10.50
        1e3 => -
        5e-3 => 0.01
        . => -
    ",
    );
}

#[test]
fn text_becomes_bools() {
    check_parse(
        Type::Bool,
        r"
        true => true
        T => true
        Yes => true
        1 => true
        on => -
         true => -
        f => false
        no => false
        0 => false
        2 => -
    ",
    );
}

#[test]
fn text_becomes_times() {
    check_parse(
        Type::Date,
        r"
        2024-01-02 => 2024-01-02
         2024-01-02  => 2024-01-02
        2024-1-2 => 2024-01-02
        2024/01/02 => 2024-01-02
        2024 01 02 => 2024-01-02
        2024\01\02 => 2024-01-02
        2024-13-02 => -
        2024-02-30 => -
        2024-01-02 03:04:05 => 2024-01-02
        2024-01-02T03:04:05 => 2024-01-02
        2024-01-02x => -
        20240102 => -
        -0044-03-15 => 0045-03-15 (BC)
        0044-03-15 (BC) => 0044-03-15 (BC)
        99999-03-15 => 99999-03-15
        24-01-02 => 0024-01-02
        epoch => 1970-01-01
        2024-001-02 => -
        2024-01/02 => -
        +2024-01-02 => -
    ",
    );
    check_parse(
        Type::Timestamp,
        r"
        2024-01-02 => 2024-01-02 00:00:00
        2024-01-02 03:04 => 2024-01-02 03:04:00
        2024-01-02T03:04:05 => 2024-01-02 03:04:05
        2024-01-02T03:04:05Z => 2024-01-02 03:04:05
        2024-01-02 03:04:05 UTC => 2024-01-02 03:04:05
        2024-01-02 3:4:5 => 2024-01-02 03:04:05
        2024-01-02  03:04:05 => 2024-01-02 03:04:05
        2024-01-02 03:04:05.1234569 => 2024-01-02 03:04:05.123456
        2024-01-02 24:00:00 => 2024-01-03 00:00:00
        2024-01-02 23:59:60 => -
        2024-01-02 03 => -
        2024-01-02 25:00:00 => -
        2024-01-02T => -
        2024-01-02 03:04:05. => 2024-01-02 03:04:05
        2024-01-02T03:04:05+02:30 => 2024-01-02 00:34:05
        2024-01-02 03:04:05 -02 => 2024-01-02 05:04:05
        2024-01-02 03:04:05 PM => -
        300000-01-01 => -
    ",
    );
    check_parse(
        Type::Duration,
        r"
        90d => 2160:00:00
        -5min => -00:05:00
        25:01:01.000001 => 25:01:01.000001
        1 hour => 01:00:00
        x => -
    ",
    );
}

/// As DuckDB 2.0 has it: blanks may stand before any number, date or time, and behind most, but not around a bool.
#[test]
fn blanks_around_text() {
    let date = Type::Date;
    for (text, ty, is_read) in [
        ("2024-01-02 ", date, true),
        ("\t2024-01-02\r\n", date, true),
        ("2024-01-02\u{a0}", date, false),
        ("2024-01-02 03:04 ", date, true),
        ("2024-01-02 03:04\t", date, false),
        ("2024-01-02 ", Type::Timestamp, false),
        (" 2024-01-02", Type::Timestamp, true),
        ("2024-01-02\n", Type::Timestamp, false),
        ("0044-03-15 (BC) ", Type::Timestamp, false),
        (" epoch ", Type::Timestamp, true),
        ("2024-01-02 03:04 ", Type::Timestamp, true),
        ("2024-01-02T03:04:05.5 \t", Type::Timestamp, true),
        ("2024-01-02 03:04\t", Type::Timestamp, false),
        ("2024-01-02 03:04\n", Type::Timestamp, false),
        ("2024-01-02 03:04Z\n", Type::Timestamp, true),
        ("2024-01-02 03:04 UTC ", Type::Timestamp, true),
        ("2024-01-02 03:04 +01 ", Type::Timestamp, true),
        ("2024-01-02 03:04  +01", Type::Timestamp, false),
        ("2024-01-02\t 03:04", Type::Timestamp, true),
        ("2024-01-02T 03:04", Type::Timestamp, true),
        ("2024-01-02 T03:04", Type::Timestamp, false),
        ("\t12\n", Type::I64, true),
        ("12\u{a0}", Type::I64, false),
        ("\n0x1F", Type::I64, true),
        ("0x1F ", Type::I64, false),
        ("0b11\t", Type::U8, false),
        ("\x0b1.5 ", Type::F64, true),
        (" nan\x0c", Type::F64, true),
        ("\r1.50 ", decimal(4, 2), true),
        (" 90d ", Type::Duration, true),
        (" true", Type::Bool, false),
        ("true ", Type::Bool, false),
        ("1\n", Type::Bool, false),
    ] {
        assert_eq!(cast(&Scalar::str(text), Type::Str, ty).is_ok(), is_read, "{text:?} as {ty}");
    }
}

#[test]
fn a_failed_cast_is_null_where_asked() {
    let cast = ExprKind::Cast { operand: Box::new(str("x")), or_null: true };
    assert_eq!(show(cast, Type::I32), "null");
}
