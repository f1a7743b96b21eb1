//! The built-in functions: what each takes and gives.

use super::builder::Builder;
use super::codes;
use super::literals::misplaced_interval;
use super::values::{Open, Value, cast_to};
use dj_grammar::{Diagnostic, Span, nearest};
use dj_runtime::expr::{Expr, ExprKind, Function, Scalar, regex_problem};
use dj_runtime::types::{MAX_PRECISION, Type};

/// The units of `date_trunc` and `date_diff`.
const UNITS: [&str; 10] =
    ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

/// What a function takes.
#[derive(Clone, Copy)]
enum Parameter {
    /// Any number, as f64.
    Float,
    /// Any number, in its own type.
    Number,
    /// f32 or f64.
    OwnFloat,
    /// Text.
    Text,
    /// Any type, as text.
    Printed,
    /// An integer, as i64.
    Integer,
    /// An integer, in its own type.
    OwnInteger,
    /// An integer, of the same type for all arguments.
    Bits,
    /// An integer that is a literal.
    IntegerLiteral,
    /// A regular expression, as a literal.
    Regex,
    /// A unit of time, as a literal.
    Unit,
    /// A date or a timestamp.
    Time,
    /// A timestamp, or a date at midnight.
    Moment,
    /// Any type, the same for all arguments.
    Same,
}

/// What a function gives.
#[derive(Clone, Copy)]
enum Gives {
    /// This type.
    Is(Type),
    /// The type of the argument of this index.
    As(usize),
    /// The type of the first argument, with a digit more if it is a decimal: rounding up may need it.
    Rounded,
}

/// Required arguments, further optional ones (the last repeats in functions that take any number), and the result.
struct Signature {
    required: &'static [Parameter],
    optional: &'static [Parameter],
    repeats: bool,
    gives: Gives,
}

fn fixed(required: &'static [Parameter], gives: Gives) -> Signature {
    Signature { required, optional: &[], repeats: false, gives }
}

fn signature(function: Function) -> Signature {
    use Function as F;
    use Parameter as P;
    let text = Gives::Is(Type::Str);
    let truth = Gives::Is(Type::Bool);
    let integer = Gives::Is(Type::I64);
    match function {
        F::Abs => fixed(&[P::Number], Gives::As(0)),
        F::Sign => fixed(&[P::Number], Gives::Is(Type::I8)),
        F::BitAnd | F::BitOr | F::BitXor => fixed(&[P::Bits, P::Bits], Gives::As(0)),
        F::BitNot => fixed(&[P::OwnInteger], Gives::As(0)),
        F::Round => Signature { optional: &[P::IntegerLiteral], ..fixed(&[P::Number], Gives::Rounded) },
        F::Floor | F::Ceil | F::Trunc => fixed(&[P::Number], Gives::Rounded),
        F::Sqrt
        | F::Cbrt
        | F::Exp
        | F::Ln
        | F::Log2
        | F::Log10
        | F::Sin
        | F::Cos
        | F::Tan
        | F::Asin
        | F::Acos
        | F::Atan
        | F::Sinh
        | F::Cosh
        | F::Tanh => fixed(&[P::Float], Gives::Is(Type::F64)),
        F::Atan2 | F::Pow => fixed(&[P::Float, P::Float], Gives::Is(Type::F64)),
        F::Least | F::Greatest => Signature { optional: &[P::Same], repeats: true, ..fixed(&[P::Same], Gives::As(0)) },
        F::Clip => fixed(&[P::Same, P::Same, P::Same], Gives::As(0)),
        F::IsNan | F::IsFinite => fixed(&[P::OwnFloat], truth),
        F::Length => fixed(&[P::Text], integer),
        F::Lower | F::Upper | F::Trim | F::Ltrim | F::Rtrim | F::Reverse => fixed(&[P::Text], text),
        F::Substr => Signature { optional: &[P::Integer], ..fixed(&[P::Text, P::Integer], text) },
        F::StartsWith | F::EndsWith | F::Contains => fixed(&[P::Text, P::Text], truth),
        F::Replace => fixed(&[P::Text, P::Text, P::Text], text),
        F::Matches => fixed(&[P::Text, P::Regex], truth),
        F::Extract => Signature { optional: &[P::IntegerLiteral], ..fixed(&[P::Text, P::Regex], text) },
        F::SplitPart => fixed(&[P::Text, P::Text, P::Integer], text),
        F::Concat => Signature { optional: &[P::Printed], repeats: true, ..fixed(&[P::Printed], text) },
        F::Lpad | F::Rpad => fixed(&[P::Text, P::Integer, P::Text], text),
        F::Year | F::Quarter | F::Month | F::Day | F::Weekday | F::DayOfYear | F::Week => fixed(&[P::Time], integer),
        F::Hour | F::Minute | F::Second => fixed(&[P::Moment], integer),
        F::DateTrunc => fixed(&[P::Unit, P::Time], Gives::As(1)),
        F::DateDiff => fixed(&[P::Unit, P::Time, P::Time], integer),
        F::AddMonths => fixed(&[P::Time, P::Integer], Gives::As(0)),
        F::Epoch => fixed(&[P::Moment], Gives::Is(Type::F64)),
        F::FromEpoch => fixed(&[P::Float], Gives::Is(Type::Timestamp)),
    }
}

impl Builder<'_> {
    /// A call of a built-in function.
    pub(super) fn built_in(&mut self, function: Function, values: Vec<Value>, name: Span, span: Span) -> Option<Value> {
        let signature = signature(function);
        self.check_count(function, &signature, values.len(), span)?;
        if function == Function::AddMonths {
            return self.date_add(values, span);
        }
        let parameters = signature.required.iter().chain(signature.optional).copied();
        let last = signature.optional.last().copied();
        let parameters = parameters.chain(std::iter::repeat_n(last, values.len()).flatten());
        let same = self.same_type(function, &signature, &values, span)?;
        let mut arguments = Vec::new();
        for (parameter, value) in parameters.zip(values) {
            arguments.push(self.argument_of(function, parameter, value, same));
        }
        let mut arguments: Vec<Expr> = arguments.into_iter().collect::<Option<_>>()?;
        if function == Function::DateDiff && arguments[1].ty != arguments[2].ty {
            for index in [1, 2] {
                arguments[index] = cast_to(arguments[index].clone(), Type::Timestamp);
            }
        }
        if function == Function::Extract && arguments.len() == 2 {
            arguments.push(Expr::literal(Scalar::Int(0), Type::I64, name));
        }
        Some(Value::typed(result_of(function, &signature, arguments, span)))
    }

    fn check_count(&mut self, function: Function, signature: &Signature, given: usize, span: Span) -> Option<()> {
        let least = signature.required.len();
        let most = if signature.repeats { usize::MAX } else { least + signature.optional.len() };
        if (least..=most).contains(&given) {
            return Some(());
        }
        let wanted = match most {
            usize::MAX => format!("at least {least}"),
            most if most == least => least.to_string(),
            most => format!("{least} to {most}"),
        };
        let plural = if wanted == "1" { "argument" } else { "arguments" };
        self.report(
            Diagnostic::error(
                codes::ARGUMENT_COUNT,
                format!("`{}` takes {wanted} {plural}, not {given}", function.name()),
            )
            .label(span, format!("{given} given")),
        );
        None
    }

    /// The common type of the arguments of `least` and the like; `None` inside where there are none.
    fn same_type(
        &mut self,
        function: Function,
        signature: &Signature,
        values: &[Value],
        span: Span,
    ) -> Option<Option<Type>> {
        if !matches!(signature.required[0], Parameter::Same | Parameter::Bits) {
            return Some(None);
        }
        let is_bits = matches!(signature.required[0], Parameter::Bits);
        if is_bits && values.iter().any(|value| !value.expr.ty.is_integer()) {
            // Each is told by itself what it is to be.
            return Some(None);
        }
        let values: Vec<&Value> = values.iter().collect();
        self.unify(&format!("`{}`", function.name()), &values, span).map(Some)
    }

    fn argument_of(
        &mut self,
        function: Function,
        parameter: Parameter,
        value: Value,
        same: Option<Type>,
    ) -> Option<Expr> {
        if let Open::Months(_) = value.open {
            self.report(misplaced_interval(value.span()));
            return None;
        }
        let number = value.expr.ty.is_numeric() && !value.is_null();
        let time = matches!(value.expr.ty, Type::Date | Type::Timestamp) && !value.is_null();
        let integer = value.open != Open::Null && value.expr.ty.is_integer();
        let null = value.is_null();
        let wanted = match parameter {
            Parameter::Same => return same.map(|ty| value.convert(ty)),
            Parameter::Bits if same.is_some() => return same.map(|ty| value.convert(ty)),
            Parameter::Bits if integer => return self.settle(value),
            Parameter::OwnInteger if integer => return self.settle(value),
            Parameter::Float if number || null => return Some(value.convert(Type::F64)),
            Parameter::Number if number => return self.settle(value),
            Parameter::OwnFloat if value.expr.ty.is_float() => return self.settle(value),
            Parameter::Text if value.expr.ty == Type::Str || null => return Some(value.convert(Type::Str)),
            Parameter::Printed if null => return Some(value.convert(Type::Str)),
            Parameter::Printed => return self.settle(value).map(|value| cast_to(value, Type::Str)),
            Parameter::Integer if integer || null => return Some(value.convert(Type::I64)),
            Parameter::IntegerLiteral if integer && value.expr.as_literal().is_some() => {
                return Some(value.convert(Type::I64));
            }
            Parameter::Regex if text_literal(&value).is_some() => return self.regex(value),
            Parameter::Unit if text_literal(&value).is_some() => return self.unit(value),
            Parameter::Time if time => return Some(value.expr),
            Parameter::Moment if time => return Some(cast_to(value.expr, Type::Timestamp)),
            Parameter::Float | Parameter::Number => "a number",
            Parameter::OwnFloat => "f32 or f64",
            Parameter::Text => "text",
            Parameter::Integer | Parameter::OwnInteger | Parameter::Bits => "an integer",
            Parameter::IntegerLiteral => "an integer literal",
            Parameter::Regex => "a text literal",
            Parameter::Unit => "a unit of time, such as \"month\"",
            Parameter::Time | Parameter::Moment => "a date or a timestamp",
        };
        self.report(wrong_argument(function, wanted, &value));
        None
    }

    fn regex(&mut self, value: Value) -> Option<Expr> {
        let pattern = text_literal(&value)?;
        let Some(problem) = regex_problem(pattern) else { return Some(value.expr) };
        let message = format!("\"{}\" is no regular expression", pattern.escape_debug());
        self.report(Diagnostic::error(codes::INVALID_REGEX, message).label(value.span(), problem));
        None
    }

    fn unit(&mut self, value: Value) -> Option<Expr> {
        let unit = text_literal(&value)?.to_lowercase();
        let singular = unit.strip_suffix('s').unwrap_or(&unit);
        if let Some(known) = UNITS.iter().find(|known| **known == singular) {
            return Some(Expr::literal(Scalar::str(known), Type::Str, value.span()));
        }
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_UNIT, format!("unknown unit of time \"{unit}\"")).label(value.span(), "");
        if let Some(near) = nearest(&unit, UNITS.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean \"{near}\"?"));
        }
        self.report(diagnostic.help(format!("units are {}", UNITS.join(", "))));
        None
    }
}

fn text_literal(value: &Value) -> Option<&str> {
    value.expr.as_literal().and_then(Scalar::as_str)
}

fn wrong_argument(function: Function, wanted: &str, value: &Value) -> Diagnostic {
    let name = function.name();
    let found = value.type_text();
    let code = if wanted.ends_with("literal") { codes::NOT_CONSTANT } else { codes::ARGUMENT_TYPE };
    let diagnostic = Diagnostic::error(code, format!("`{name}` takes {wanted} here, not {found}"))
        .label(value.span(), format!("this is {found}"));
    match wanted {
        "text" => diagnostic.help("convert it: `x as str`"),
        "a date or a timestamp" if value.expr.ty == Type::Str => diagnostic.help("convert it: `x as timestamp`"),
        "an integer" if value.expr.ty.is_numeric() => diagnostic.help("convert it: `x as i64`"),
        "a number" if value.expr.ty == Type::Str => diagnostic.help("convert it: `x as f64`"),
        _ => diagnostic,
    }
}

fn result_of(function: Function, signature: &Signature, arguments: Vec<Expr>, span: Span) -> Expr {
    let mut nulls = arguments.iter().map(|argument| argument.nullable);
    let nullable = if matches!(function, Function::Least | Function::Greatest) {
        nulls.all(|nullable| nullable)
    } else {
        nulls.any(|nullable| nullable) && function != Function::Concat
    };
    let ty = match signature.gives {
        Gives::Is(ty) => ty,
        Gives::As(index) => arguments[index].ty,
        Gives::Rounded => one_digit_more(arguments[0].ty),
    };
    let whole = matches!(function, Function::Floor | Function::Ceil | Function::Trunc)
        || (function == Function::Round && arguments.len() == 1);
    if whole && ty.is_integer() {
        return Expr { span, ..arguments.into_iter().next().unwrap_or_else(|| Expr::bool(false, span)) };
    }
    Expr { kind: ExprKind::Call(function, arguments), ty, nullable, span }
}

/// The type of a number rounded up: a decimal may need another digit.
fn one_digit_more(ty: Type) -> Type {
    if let Type::Decimal { precision, scale } = ty {
        return Type::Decimal { precision: (precision + 1).min(MAX_PRECISION), scale };
    }
    ty
}
