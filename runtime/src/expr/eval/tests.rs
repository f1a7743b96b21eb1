//! Expectations are what DuckDB 2.0 answers, but for the rules that the language fixes (marked).

mod append;
mod casts;
mod functions;
mod more_functions;

use super::*;
use crate::expr::ArithmeticOp::{self, Add, Divide, FloorDivide, Modulo, Multiply, Power, Subtract};
use crate::expr::format::value_text;
use dj_grammar::Span;

fn literal(value: Scalar, ty: Type) -> Expr {
    Expr::literal(value, ty, Span::default())
}

fn int(value: i128, ty: Type) -> Expr {
    literal(Scalar::Int(value), ty)
}

fn float(value: f64) -> Expr {
    literal(Scalar::Float(value), Type::F64)
}

fn str(text: &str) -> Expr {
    literal(Scalar::str(text), Type::Str)
}

fn null(ty: Type) -> Expr {
    literal(Scalar::Null, ty)
}

fn bool(value: bool) -> Expr {
    literal(Scalar::Bool(value), Type::Bool)
}

fn make(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, nullable: true, span: Span::default() }
}

fn decimal(precision: u8, scale: u8) -> Type {
    Type::Decimal { precision, scale }
}

/// The value as text, or the error.
fn show(kind: ExprKind, ty: Type) -> String {
    match eval_constant(&make(kind, ty)) {
        Ok(value) => value_text(&value, ty),
        Err(error) => error.to_string(),
    }
}

fn arithmetic_text(op: ArithmeticOp, left: Expr, right: Expr, ty: Type) -> String {
    show(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty)
}

fn cast_text(operand: Expr, ty: Type) -> String {
    show(ExprKind::Cast { operand: Box::new(operand), or_null: false }, ty)
}

fn call_text(function: Function, arguments: Vec<Expr>, ty: Type) -> String {
    show(ExprKind::Call(function, arguments), ty)
}

/// `case => expected`, one a line; every line is tried before the test fails.
fn check_all(cases: &[(String, &str)]) {
    let wrong: Vec<_> = cases.iter().enumerate().filter(|(_, (found, wanted))| found != wanted).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn integers_are_checked_by_their_width() {
    let op = |op, a, b, ty| arithmetic_text(op, int(a, ty), int(b, ty), ty);
    check_all(&[
        (op(Add, 100, 27, Type::I8), "127"),
        (op(Add, 100, 28, Type::I8), "overflow of i8"),
        (op(Subtract, 0, 1, Type::U32), "overflow of u32"),
        (op(Multiply, i64::MAX.into(), 2, Type::I64), "overflow of i64"),
        (op(Multiply, u64::MAX.into(), u64::MAX.into(), Type::U64), "overflow of u64"),
        // The language: `//` and `%` floor, and are null on zero.
        (op(FloorDivide, -5, 2, Type::I32), "-3"),
        (op(FloorDivide, 5, -2, Type::I32), "-3"),
        (op(FloorDivide, -5, -2, Type::I32), "2"),
        (op(FloorDivide, 4, -2, Type::I32), "-2"),
        (op(FloorDivide, 5, 0, Type::I32), "null"),
        (op(FloorDivide, i64::MIN.into(), -1, Type::I64), "overflow of i64"),
        (op(Modulo, -5, 2, Type::I32), "1"),
        (op(Modulo, 5, -2, Type::I32), "-1"),
        (op(Modulo, -5, -2, Type::I32), "-1"),
        (op(Modulo, 5, 0, Type::I32), "null"),
        (op(Modulo, i64::MIN.into(), -1, Type::I64), "0"),
        (op(Power, 2, 10, Type::I64), "1024"),
        (op(Power, 2, 64, Type::I64), "overflow of i64"),
        (arithmetic_text(Add, int(1, Type::I64), null(Type::I64), Type::I64), "null"),
    ]);
}

#[test]
fn floats_are_ieee() {
    let op = |op, a, b| arithmetic_text(op, float(a), float(b), Type::F64);
    check_all(&[
        (op(Divide, 1.0, 0.0), "inf"),
        (op(Divide, 0.0, 0.0), "nan"),
        (op(FloorDivide, -5.5, 2.0), "-3.0"),
        (op(Modulo, -5.5, 2.0), "0.5"),
        (op(Modulo, 5.0, 0.0), "null"),
        (op(Power, 2.0, -1.0), "0.5"),
        (op(Multiply, 1e200, 1e200), "inf"),
    ]);
    let single = |value| literal(Scalar::Float(value), Type::F32);
    assert_eq!(arithmetic_text(Divide, single(1.0), single(3.0), Type::F32), "0.33333334");
}

#[test]
fn decimals_keep_their_scale() {
    let (money, cents) = (decimal(5, 2), |value| int(value, decimal(5, 2)));
    check_all(&[
        (arithmetic_text(Add, cents(150), cents(275), money), "4.25"),
        (arithmetic_text(Add, cents(99_999), cents(1), money), "overflow of decimal(5, 2)"),
        (arithmetic_text(Multiply, cents(150), cents(-150), decimal(10, 4)), "-2.2500"),
        (arithmetic_text(Multiply, cents(333), int(5, decimal(2, 1)), decimal(18, 2)), "1.67"),
        (arithmetic_text(Modulo, int(55, decimal(3, 1)), int(20, decimal(3, 1)), decimal(3, 1)), "1.5"),
        (arithmetic_text(FloorDivide, int(-55, decimal(3, 1)), int(20, decimal(3, 1)), decimal(3, 1)), "-3.0"),
    ]);
}

#[test]
fn times_add_and_subtract() {
    let (day, micro) = (|days| int(days, Type::Date), |at| int(at, Type::Timestamp));
    check_all(&[
        (arithmetic_text(Add, day(19_724), int(5, Type::I32), Type::Date), "2024-01-07"),
        (arithmetic_text(Subtract, day(19_724), day(19_359), Type::I64), "365"),
        (
            arithmetic_text(Add, micro(-1), int(1_000_000, Type::Duration), Type::Timestamp),
            "1970-01-01 00:00:00.999999",
        ),
        (arithmetic_text(Subtract, micro(0), micro(90_000_000), Type::Duration), "-00:01:30"),
        (arithmetic_text(Subtract, micro(i64::MIN.into()), micro(1), Type::Duration), "overflow of duration"),
    ]);
}

#[test]
fn logic_has_three_values() {
    let and = |operands| show(ExprKind::And(operands), Type::Bool);
    let or = |operands| show(ExprKind::Or(operands), Type::Bool);
    let unknown = || null(Type::Bool);
    let failing = || {
        let cast = make(ExprKind::Cast { operand: Box::new(str("x")), or_null: false }, Type::Bool);
        make(ExprKind::Not(Box::new(cast)), Type::Bool)
    };
    let is_in = |operand, list| show(ExprKind::InList { operand: Box::new(operand), list }, Type::Bool);
    check_all(&[
        (and(vec![unknown(), bool(false)]), "false"),
        (and(vec![unknown(), bool(true)]), "null"),
        (and(vec![bool(false), failing()]), "false"),
        (and(vec![unknown(), failing()]), "cannot cast `x` from str to bool"),
        (and(vec![]), "true"),
        (or(vec![unknown(), bool(true)]), "true"),
        (or(vec![unknown(), bool(false)]), "null"),
        (or(vec![bool(true), failing()]), "true"),
        (is_in(int(1, Type::I64), vec![Scalar::Int(2), Scalar::Null]), "null"),
        (is_in(int(1, Type::I64), vec![Scalar::Int(1), Scalar::Null]), "true"),
        (is_in(int(1, Type::I64), vec![]), "false"),
        (is_in(null(Type::I64), vec![]), "null"),
        (show(ExprKind::Coalesce(vec![unknown(), bool(true), failing()]), Type::Bool), "true"),
        (show(ExprKind::Case { arms: vec![(unknown(), failing())], otherwise: None }, Type::Bool), "null"),
        (show(ExprKind::IsNull(Box::new(unknown())), Type::Bool), "true"),
    ]);
}

#[test]
fn comparison_is_exact_and_total() {
    let order = |a: Scalar, a_type, b: Scalar, b_type| compare(&a, a_type, &b, b_type);
    let floats = |a, b| order(Scalar::Float(a), Type::F64, Scalar::Float(b), Type::F64);
    assert_eq!(floats(f64::NAN, f64::NAN), Some(Ordering::Equal));
    assert_eq!(floats(f64::NAN, f64::INFINITY), Some(Ordering::Greater));
    assert_eq!(floats(-0.0, 0.0), Some(Ordering::Equal));
    let ints = |a, a_type, b, b_type| order(Scalar::Int(a), a_type, Scalar::Int(b), b_type);
    assert_eq!(ints(-1, Type::I64, i128::from(u64::MAX), Type::U64), Some(Ordering::Less));
    assert_eq!(ints(150, decimal(5, 2), 15, decimal(3, 1)), Some(Ordering::Equal));
    assert_eq!(order(Scalar::str("Z"), Type::Str, Scalar::str("a"), Type::Str), Some(Ordering::Less));
    assert_eq!(order(Scalar::Null, Type::Str, Scalar::str("a"), Type::Str), None);
}

#[test]
fn columns_come_from_the_caller() {
    let column = Expr::column(ColumnId(7), Type::I64, false, Span::default());
    let sum = make(ExprKind::Arithmetic(Add, Box::new(column.clone()), Box::new(int(1, Type::I64))), Type::I64);
    assert_eq!(eval(&sum, &mut |id| Scalar::Int(id.0.into())), Ok(Scalar::Int(8)));
    assert_eq!(eval_constant(&sum), Err(EvalError::NotConstant));
    assert_eq!(eval_constant(&make(ExprKind::Param(0), Type::I64)), Err(EvalError::NotConstant));
}

#[test]
fn a_decimal_becomes_the_nearest_float() {
    assert_eq!(decimal_to_f64(100_000_000_000_000_825, 2), 1e15 + 8.25);
    assert_eq!(decimal_to_f64(-999_999_999_999_999_999, 18), -1.0);
    assert_eq!(decimal_to_f64(5, 1), 0.5);
}
