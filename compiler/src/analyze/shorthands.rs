//! Functions that analysis writes out in terms of others, so that no later stage knows them.

use super::builder::Builder;
use super::signatures::{Gives, Parameter, Signature, fixed};
use super::values::Value;
use dj_grammar::Span;
use dj_runtime::expr::calendar::{MONTHS, WEEKDAYS};
use dj_runtime::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, Scalar};
use dj_runtime::types::Type;
use std::f64::consts::PI;

/// A function that is short for others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shorthand {
    /// `pi()`
    Pi,
    /// `degrees(x)`, of radians.
    Degrees,
    /// `radians(x)`, of degrees.
    Radians,
    /// `cot(x)`
    Cot,
    /// `log(x)` to base 10, `log(base, x)`.
    Log,
    /// `is_inf(x)`, of either sign.
    IsInf,
    /// `dayname(t)`
    DayName,
    /// `monthname(t)`
    MonthName,
}

/// The names of all.
pub(super) const NAMES: [(&str, Shorthand); 8] = [
    ("pi", Shorthand::Pi),
    ("degrees", Shorthand::Degrees),
    ("radians", Shorthand::Radians),
    ("cot", Shorthand::Cot),
    ("log", Shorthand::Log),
    ("is_inf", Shorthand::IsInf),
    ("dayname", Shorthand::DayName),
    ("monthname", Shorthand::MonthName),
];

impl Shorthand {
    fn signature(self) -> Signature {
        let float = Gives::Is(Type::F64);
        match self {
            Self::Pi => fixed(&[], float),
            Self::Degrees | Self::Radians | Self::Cot => fixed(&[Parameter::Float], float),
            Self::Log => Signature { optional: &[Parameter::Float], ..fixed(&[Parameter::Float], float) },
            Self::IsInf => fixed(&[Parameter::OwnFloat], Gives::Is(Type::Bool)),
            Self::DayName | Self::MonthName => fixed(&[Parameter::Time], Gives::Is(Type::Str)),
        }
    }
}

impl Builder<'_> {
    /// A call of a function that is short for others.
    pub(super) fn shorthand(&mut self, (name, of): (&str, Shorthand), values: Vec<Value>, span: Span) -> Option<Value> {
        let signature = of.signature();
        self.check_count(name, &signature, values.len(), span)?;
        let mut arguments = self.arguments(name, &signature, values, span)?.into_iter();
        let make = Making { span };
        let Some(first) = arguments.next() else { return Some(Value::typed(make.float(PI))) };
        let made = match of {
            Shorthand::Pi => make.float(PI),
            Shorthand::Degrees => make.arithmetic(ArithmeticOp::Multiply, first, make.float(180.0 / PI)),
            Shorthand::Radians => make.arithmetic(ArithmeticOp::Multiply, first, make.float(PI / 180.0)),
            Shorthand::Cot => {
                make.arithmetic(ArithmeticOp::Divide, make.float(1.0), make.float_call(Function::Tan, first))
            }
            Shorthand::Log => {
                let log = |value| make.float_call(Function::Log10, value);
                match arguments.next() {
                    Some(value) => make.arithmetic(ArithmeticOp::Divide, log(value), log(first)),
                    None => log(first),
                }
            }
            Shorthand::IsInf => {
                let infinite = Expr::literal(Scalar::Float(f64::INFINITY), first.ty, span);
                let magnitude = make.call(Function::Abs, first.ty, first);
                make.equal(magnitude, infinite)
            }
            Shorthand::DayName => make.name(Function::Weekday, first, 0, &WEEKDAYS),
            Shorthand::MonthName => make.name(Function::Month, first, 1, &MONTHS),
        };
        Some(Value::typed(made))
    }
}

/// Makes expressions that stand where the call does.
#[derive(Clone, Copy)]
struct Making {
    span: Span,
}

impl Making {
    fn float(self, value: f64) -> Expr {
        Expr::literal(Scalar::Float(value), Type::F64, self.span)
    }

    fn call(self, function: Function, ty: Type, argument: Expr) -> Expr {
        let nullable = argument.nullable;
        Expr { kind: ExprKind::Call(function, vec![argument]), ty, nullable, span: self.span }
    }

    fn float_call(self, function: Function, argument: Expr) -> Expr {
        self.call(function, Type::F64, argument)
    }

    fn arithmetic(self, op: ArithmeticOp, left: Expr, right: Expr) -> Expr {
        let nullable = left.nullable || right.nullable;
        let kind = ExprKind::Arithmetic(op, Box::new(left), Box::new(right));
        Expr { kind, ty: Type::F64, nullable, span: self.span }
    }

    fn equal(self, left: Expr, right: Expr) -> Expr {
        let nullable = left.nullable || right.nullable;
        let kind = ExprKind::Compare(CompareOp::Equal, Box::new(left), Box::new(right));
        Expr { kind, ty: Type::Bool, nullable, span: self.span }
    }

    /// The name of a part of a time, of which the first has the number `from`: as a choice of literals, whose codes are known
    /// when the program is compiled.
    fn name(self, part: Function, time: Expr, from: i128, names: &[&str]) -> Expr {
        let nullable = time.nullable;
        let text = |name: &str| Expr::literal(Scalar::str(name), Type::Str, self.span);
        let is = |number: i128| {
            let number = Expr::literal(Scalar::Int(number), Type::I64, self.span);
            self.equal(self.call(part, Type::I64, time.clone()), number)
        };
        let mut arms: Vec<_> = (from..).zip(names).map(|(number, name)| (is(number), text(name))).collect();
        // A null is none of them.
        let otherwise = arms.pop_if(|_| !nullable).map(|(_, last)| Box::new(last));
        Expr { kind: ExprKind::Case { arms, otherwise }, ty: Type::Str, nullable, span: self.span }
    }
}
