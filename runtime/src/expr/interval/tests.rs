//! What is known of values from bounds of columns.

use super::*;
use crate::expr::{Function, Scalar};
use dj_grammar::Span;

fn column(id: u32, ty: Type) -> Expr {
    Expr::column(ColumnId(id), ty, false, Span::default())
}

fn make(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, nullable: false, span: Span::default() }
}

fn int(value: i128, ty: Type) -> Expr {
    Expr::literal(Scalar::Int(value), ty, Span::default())
}

fn op(op: ArithmeticOp, left: Expr, right: Expr) -> Expr {
    let ty = left.ty;
    make(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty)
}

fn known(id: ColumnId) -> Option<Interval> {
    match id.0 {
        0 => Some(Interval { lo: -10, hi: 20, origin: Origin::Recorded }),
        1 => Some(Interval { lo: 3, hi: 5, origin: Origin::Declared }),
        _ => None,
    }
}

fn bounds(expr: &Expr) -> (i128, i128, Origin) {
    let bounds = interval(expr, &known).unwrap();
    (bounds.lo, bounds.hi, bounds.origin)
}

#[test]
fn arithmetic_of_bounds() {
    use ArithmeticOp::{Add, FloorDivide, Modulo, Multiply, Subtract};
    let (a, b) = (|| column(0, Type::I64), || column(1, Type::I64));
    assert_eq!(bounds(&op(Add, a(), b())), (-7, 25, Origin::Recorded));
    assert_eq!(bounds(&op(Subtract, b(), b())), (-2, 2, Origin::Declared));
    assert_eq!(bounds(&op(Multiply, a(), b())), (-50, 100, Origin::Recorded));
    assert_eq!(bounds(&op(FloorDivide, a(), b())), (-4, 6, Origin::Recorded));
    assert_eq!(bounds(&op(FloorDivide, b(), a())), (-5, 5, Origin::Recorded));
    assert_eq!(bounds(&op(Modulo, a(), b())), (0, 4, Origin::Recorded));
    assert_eq!(bounds(&op(Modulo, a(), int(-4, Type::I64))), (-3, 0, Origin::Recorded));
}

#[test]
fn overflow_is_proved_impossible_from_bounds() {
    let add = |ty| op(ArithmeticOp::Add, column(0, ty), column(1, ty));
    assert_eq!(failure(&add(Type::I8), &known), Failure::Impossible(Origin::Recorded));
    assert_eq!(failure(&add(Type::I64), &|_| None), Failure::Possible);
    let widened = make(ExprKind::Cast { operand: Box::new(column(2, Type::I32)), or_null: false }, Type::I64);
    assert_eq!(failure(&widened, &|_| None), Failure::Impossible(Origin::Proven));
    let sum = op(ArithmeticOp::Add, widened.clone(), widened);
    assert_eq!(failure(&sum, &|_| None), Failure::Impossible(Origin::Proven));
    let narrowed = make(ExprKind::Cast { operand: Box::new(column(2, Type::I32)), or_null: false }, Type::I8);
    assert_eq!(failure(&narrowed, &|_| None), Failure::Possible);
}

#[test]
fn parts_of_times_are_small() {
    let date = column(3, Type::Date);
    let month = make(ExprKind::Call(Function::Month, vec![date.clone()]), Type::I64);
    assert_eq!(bounds(&month), (1, 12, Origin::Proven));
    let declared = |_| Some(Interval { lo: 0, hi: 366, origin: Origin::Declared });
    let year = make(ExprKind::Call(Function::Year, vec![date]), Type::I64);
    assert_eq!(interval(&year, &declared), Some(Interval { lo: 1970, hi: 1971, origin: Origin::Declared }));
}
