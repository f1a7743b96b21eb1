//! Text in place is the text that the evaluator gives.

use super::*;

struct Values(Vec<Scalar>);

impl Row for Values {
    fn value(&self, column: ColumnId) -> Scalar {
        self.0[column.0 as usize].clone()
    }

    fn text(&self, column: ColumnId) -> Option<&str> {
        self.0[column.0 as usize].as_str()
    }
}

fn column(id: u32, ty: Type) -> Expr {
    Expr::column(ColumnId(id), ty, true, Span::default())
}

fn printed(operand: Expr) -> Expr {
    make(ExprKind::Cast { operand: Box::new(operand), or_null: false }, Type::Str)
}

fn concat(operands: Vec<Expr>) -> Expr {
    make(ExprKind::Call(Function::Concat, operands), Type::Str)
}

#[test]
fn text_in_place_is_the_evaluators() {
    let (text, number, time) = (column(0, Type::Str), column(1, Type::I64), column(2, Type::Timestamp));
    let is_null = make(ExprKind::IsNull(Box::new(number.clone())), Type::Bool);
    let arms =
        vec![(is_null, str("none")), (make(ExprKind::Not(Box::new(bool(false))), Type::Bool), printed(number.clone()))];
    let exprs = [
        text.clone(),
        str("x"),
        null(Type::Str),
        printed(number.clone()),
        printed(time.clone()),
        concat(vec![text.clone(), str("-"), printed(number.clone()), printed(float(0.1))]),
        concat(vec![number.clone(), time.clone(), null(Type::Str)]),
        make(ExprKind::Coalesce(vec![text.clone(), printed(number.clone())]), Type::Str),
        make(ExprKind::Case { arms: arms.clone(), otherwise: None }, Type::Str),
        make(ExprKind::Case { arms: arms[..1].to_vec(), otherwise: Some(Box::new(text.clone())) }, Type::Str),
        make(ExprKind::Call(Function::Upper, vec![concat(vec![text, printed(number)])]), Type::Str),
    ];
    let rows = [
        Values(vec![Scalar::str("naïve"), Scalar::Int(-7), Scalar::Int(-1)]),
        Values(vec![Scalar::Null, Scalar::Int(i64::MIN.into()), Scalar::Null]),
        Values(vec![Scalar::str(""), Scalar::Null, Scalar::Int(1_704_164_645_500_000)]),
        Values(vec![Scalar::Null, Scalar::Null, Scalar::Null]),
    ];
    for expr in &exprs {
        for row in &rows {
            let mut appended = "before".to_owned();
            let is_valid = append_text(expr, row, &mut appended).unwrap();
            let wanted = eval(expr, &mut |id| row.value(id)).unwrap();
            assert_eq!(
                (is_valid, &appended[6..]),
                (!wanted.is_null(), wanted.as_str().unwrap_or_default()),
                "{expr:?}"
            );
        }
    }
}
