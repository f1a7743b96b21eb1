//! `-x`, `not x`, arithmetic, `and`, `or`.

use super::builder::Builder;
use super::codes;
use super::literals::{misplaced_interval, untyped_null};
use super::relation::Scope;
use super::types::{NoCommonType, common_type, decimal_of, widen};
use super::values::{Open, Value};
use dj_grammar::{Diagnostic, Span, Spanned, ast};
use dj_runtime::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::{MAX_PRECISION, Type};

impl<'a> Builder<'a> {
    pub(super) fn unary(
        &mut self,
        scope: &Scope<'_, 'a>,
        op: ast::UnaryOp,
        operand: &'a ast::Expr,
        span: Span,
    ) -> Option<Value> {
        match op {
            ast::UnaryOp::Not => {
                let operand = self.condition(scope, operand)?;
                let nullable = operand.nullable;
                let kind = ExprKind::Not(Box::new(operand));
                Some(Value::typed(Expr { kind, ty: Type::Bool, nullable, span }))
            }
            ast::UnaryOp::Negate => {
                let value = self.expr(scope, operand)?;
                self.negate(value, span)
            }
        }
    }

    fn negate(&mut self, value: Value, span: Span) -> Option<Value> {
        if value.open != Open::No {
            return Some(Value::open(value.open.negated(), span));
        }
        let operand = value.expr;
        let (ty, nullable) = (operand.ty, operand.nullable);
        if let (Type::Duration, Some(Scalar::Int(micros))) = (ty, operand.as_literal()) {
            return Some(Value::typed(Expr::literal(Scalar::Int(-micros), ty, span)));
        }
        if !(ty.is_numeric() || ty == Type::Duration) {
            self.report(
                Diagnostic::error(codes::NO_SUCH_OPERATOR, format!("a {ty} has no negative"))
                    .label(operand.span, format!("this is {ty}")),
            );
            return None;
        }
        if ty.is_unsigned_integer() {
            self.report(
                Diagnostic::error(codes::NO_SUCH_OPERATOR, format!("{ty} holds no negative numbers"))
                    .label(operand.span, format!("this is {ty}"))
                    .help(format!("convert it first: `-({} as i64)`", self.text(operand.span))),
            );
            return None;
        }
        let kind = ExprKind::Negate(Box::new(operand));
        Some(Value::typed(Expr { kind, ty, nullable, span }))
    }

    pub(super) fn binary(
        &mut self,
        scope: &Scope<'_, 'a>,
        op: &Spanned<ast::BinaryOp>,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        span: Span,
    ) -> Option<Value> {
        use ast::BinaryOp as Op;
        match op.node {
            Op::And | Op::Or => return self.connective(scope, op.node, left, right, span),
            Op::Coalesce => return self.alternatives(scope, left, right, span),
            Op::Power
            | Op::Multiply
            | Op::Divide
            | Op::FloorDivide
            | Op::Modulo
            | Op::Add
            | Op::Subtract
            | Op::Equal
            | Op::NotEqual
            | Op::Less
            | Op::LessEqual
            | Op::Greater
            | Op::GreaterEqual => {}
        }
        // Both sides are analyzed, so that both sides' problems are found.
        let (left, right) = (self.expr(scope, left), self.expr(scope, right));
        let (left, right) = (left?, right?);
        match op.node {
            Op::And | Op::Or | Op::Coalesce => None,
            Op::Equal => self.compare(CompareOp::Equal, left, right, span),
            Op::NotEqual => self.compare(CompareOp::NotEqual, left, right, span),
            Op::Less => self.compare(CompareOp::Less, left, right, span),
            Op::LessEqual => self.compare(CompareOp::LessEqual, left, right, span),
            Op::Greater => self.compare(CompareOp::Greater, left, right, span),
            Op::GreaterEqual => self.compare(CompareOp::GreaterEqual, left, right, span),
            Op::Power => self.arithmetic(ArithmeticOp::Power, left, right, span),
            Op::Multiply => self.arithmetic(ArithmeticOp::Multiply, left, right, span),
            Op::Divide => self.arithmetic(ArithmeticOp::Divide, left, right, span),
            Op::FloorDivide => self.arithmetic(ArithmeticOp::FloorDivide, left, right, span),
            Op::Modulo => self.arithmetic(ArithmeticOp::Modulo, left, right, span),
            Op::Add => self.arithmetic(ArithmeticOp::Add, left, right, span),
            Op::Subtract => self.arithmetic(ArithmeticOp::Subtract, left, right, span),
        }
    }

    fn connective(
        &mut self,
        scope: &Scope<'_, 'a>,
        op: ast::BinaryOp,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        span: Span,
    ) -> Option<Value> {
        let (left, right) = (self.condition(scope, left), self.condition(scope, right));
        let mut operands = Vec::new();
        for side in [left?, right?] {
            match (side.kind, op) {
                (ExprKind::And(inner), ast::BinaryOp::And) | (ExprKind::Or(inner), ast::BinaryOp::Or) => {
                    operands.extend(inner);
                }
                (kind, _) => operands.push(Expr { kind, ..side }),
            }
        }
        let nullable = operands.iter().any(|operand| operand.nullable);
        let kind = if op == ast::BinaryOp::And { ExprKind::And(operands) } else { ExprKind::Or(operands) };
        Some(Value::typed(Expr { kind, ty: Type::Bool, nullable, span }))
    }

    fn arithmetic(&mut self, op: ArithmeticOp, left: Value, right: Value, span: Span) -> Option<Value> {
        let temporal =
            |value: &Value| value.known_type().is_some_and(Type::is_temporal) || matches!(value.open, Open::Months(_));
        if temporal(&left) || temporal(&right) {
            return self.temporal_arithmetic(op, left, right, span);
        }
        for side in [&left, &right] {
            if side.known_type().is_some_and(|ty| !ty.is_numeric()) {
                self.report(no_such_operator(op, side, &left, &right));
                return None;
            }
        }
        if let Some(folded) = self.literal_arithmetic(op, &left, &right, span) {
            return Some(folded);
        }
        let common = self.arithmetic_type(&left, &right, op.symbol(), span)?;
        match op {
            ArithmeticOp::Power => {
                Some(combine(op, left.convert(Type::F64), right.convert(Type::F64), Type::F64, span))
            }
            ArithmeticOp::Divide => {
                let ty = if common == Type::F32 { Type::F32 } else { Type::F64 };
                Some(combine(op, left.convert(ty), right.convert(ty), ty, span))
            }
            ArithmeticOp::Multiply if common.is_decimal() => self.multiply_decimals(left, right, span),
            ArithmeticOp::Add | ArithmeticOp::Subtract if common.is_decimal() => {
                let (precision, scale) = decimal_of(common)?;
                let ty = Type::Decimal { precision: (precision + 1).min(MAX_PRECISION), scale };
                Some(combine(op, left.convert(common), right.convert(common), ty, span))
            }
            ArithmeticOp::Add
            | ArithmeticOp::Subtract
            | ArithmeticOp::Multiply
            | ArithmeticOp::FloorDivide
            | ArithmeticOp::Modulo => Some(combine(op, left.convert(common), right.convert(common), common, span)),
        }
    }

    /// Integer literals stay open under `+ - *`, so that `60 * 60` still takes its type from what it meets.
    fn literal_arithmetic(&self, op: ArithmeticOp, left: &Value, right: &Value, span: Span) -> Option<Value> {
        let (Open::Integer(a), Open::Integer(b)) = (left.open, right.open) else { return None };
        let result = match op {
            ArithmeticOp::Add => a.checked_add(b),
            ArithmeticOp::Subtract => a.checked_sub(b),
            ArithmeticOp::Multiply => a.checked_mul(b),
            ArithmeticOp::Divide | ArithmeticOp::FloorDivide | ArithmeticOp::Modulo | ArithmeticOp::Power => None,
        };
        let fits = |value: &i128| i64::try_from(*value).is_ok();
        result.filter(fits).map(|value| Value::open(Open::Integer(value), span))
    }

    /// The type in which two numbers are added, divided and so on.
    fn arithmetic_type(&mut self, left: &Value, right: &Value, symbol: &str, span: Span) -> Option<Type> {
        match common_type(&[left, right]) {
            Ok(ty) => Some(ty),
            Err(NoCommonType::AllNull) => {
                self.report(untyped_null(span));
                None
            }
            Err(NoCommonType::Mismatch(..)) => {
                self.report(mismatch(&format!("`{symbol}`"), left, right));
                None
            }
        }
    }

    /// The product's scale is the sum of the scales, so the operands keep theirs.
    fn multiply_decimals(&mut self, left: Value, right: Value, span: Span) -> Option<Value> {
        let (a, b) = (own_decimal(&left, &right)?, own_decimal(&right, &left)?);
        let scale = a.1 + b.1;
        if scale > MAX_PRECISION {
            self.report(
                Diagnostic::error(codes::SCALE_TOO_LARGE, format!("the product has {scale} digits after the point"))
                    .label(left.span(), format!("{} of them", a.1))
                    .label(right.span(), format!("and {} of them", b.1))
                    .help(format!(
                        "a decimal has at most {MAX_PRECISION}; convert one side to fewer: `x as decimal(18, 2)`"
                    ))
                    .help("or multiply as f64, which rounds"),
            );
            return None;
        }
        let ty = Type::Decimal { precision: (a.0 + b.0).min(MAX_PRECISION), scale };
        let of = |(precision, scale)| Type::Decimal { precision, scale };
        Some(combine(ArithmeticOp::Multiply, left.convert(of(a)), right.convert(of(b)), ty, span))
    }
}

/// The decimal as which a factor takes part: an integer has no digits after the point.
fn own_decimal(value: &Value, other: &Value) -> Option<(u8, u8)> {
    match value.open {
        Open::No => decimal_of(value.expr.ty),
        Open::Integer(number) => Some((super::types::digits(number).min(MAX_PRECISION), 0)),
        Open::Fraction(fraction) => decimal_of(fraction.decimal_type()?),
        Open::Null => decimal_of(other.expr.ty),
        Open::Months(_) => None,
    }
}

fn combine(op: ArithmeticOp, left: Expr, right: Expr, ty: Type, span: Span) -> Value {
    let nullable = left.nullable || right.nullable || may_divide_by_zero(op, &right);
    Value::typed(Expr { kind: ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, nullable, span })
}

/// Whether `//` or `%` may meet a zero, which gives null.
fn may_divide_by_zero(op: ArithmeticOp, divisor: &Expr) -> bool {
    let zero = match divisor.as_literal() {
        Some(Scalar::Int(value)) => *value == 0,
        Some(Scalar::Float(value)) => *value == 0.0,
        Some(Scalar::Null | Scalar::Bool(_) | Scalar::Str(_)) | None => true,
    };
    matches!(op, ArithmeticOp::FloorDivide | ArithmeticOp::Modulo) && zero
}

fn no_such_operator(op: ArithmeticOp, side: &Value, left: &Value, right: &Value) -> Diagnostic {
    let ty = side.expr.ty;
    let diagnostic = Diagnostic::error(codes::NO_SUCH_OPERATOR, format!("`{}` is not defined for {ty}", op.symbol()))
        .label(side.span(), format!("this is {ty}"));
    let both_text = [left, right].iter().all(|side| side.known_type() == Some(Type::Str));
    if op == ArithmeticOp::Add && both_text {
        diagnostic.help("to put texts together, write `concat(a, b)`")
    } else if ty == Type::Str {
        diagnostic.help("convert it: `x as f64`")
    } else {
        diagnostic
    }
}

/// Two values without a common type.
pub(super) fn mismatch(what: &str, left: &Value, right: &Value) -> Diagnostic {
    let (a, b) = (left.type_text(), right.type_text());
    if let Open::Months(_) = left.open {
        return misplaced_interval(left.span());
    }
    if let Open::Months(_) = right.open {
        return misplaced_interval(right.span());
    }
    let diagnostic = Diagnostic::error(codes::MISMATCHED_TYPES, format!("{what} cannot combine {a} and {b}"))
        .label(left.span(), format!("this is {a}"))
        .label(right.span(), format!("this is {b}"));
    let (Some(x), Some(y)) = (left.known_type(), right.known_type()) else { return diagnostic };
    if x.is_integer() && y.is_integer() {
        return diagnostic.help("no integer type holds the values of both; convert one: `x as i64`");
    }
    if widen(x, y).is_none() && (x == Type::Str || y == Type::Str) {
        let other = if x == Type::Str { y } else { x };
        return diagnostic.help(format!("convert one of them: `x as {other}` or `x as str`"));
    }
    diagnostic
}
