//! Calls of built-in functions.

use super::builder::Builder;
use super::codes;
use super::literals::misplaced_interval;
use super::signatures::{Gives, Parameter, Signature, signature};
use super::values::{Open, Value, cast_to};
use dj_grammar::{Diagnostic, Span, nearest};
use dj_runtime::expr::{
    Expr, ExprKind, FormatProblem, Function, Scalar, format_problem, regex_problem, replacement_problem,
};
use dj_runtime::types::{MAX_PRECISION, Type};

/// The units of `date_trunc` and `date_diff`.
const UNITS: [&str; 10] =
    ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

impl Builder<'_> {
    /// A call of a built-in function.
    pub(super) fn built_in(&mut self, function: Function, values: Vec<Value>, name: Span, span: Span) -> Option<Value> {
        let signature = signature(function);
        self.check_count(function.name(), &signature, values.len(), span)?;
        if function == Function::AddMonths {
            return self.date_add(values, span);
        }
        if function == Function::TimeBucket {
            return self.time_bucket(values, span);
        }
        let mut arguments = self.arguments(function.name(), &signature, values, span)?;
        if function == Function::RegexpReplace {
            self.replacement(&arguments)?;
        }
        if function == Function::Hash {
            return combined_hash(arguments, span).map(Value::typed);
        }
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

    /// The arguments of a call of as many as the signature takes, each of the type that it wants.
    pub(super) fn arguments(
        &mut self,
        function: &str,
        signature: &Signature,
        values: Vec<Value>,
        span: Span,
    ) -> Option<Vec<Expr>> {
        let parameters = signature.required.iter().chain(signature.optional).copied();
        let last = signature.optional.last().copied();
        let parameters = parameters.chain(std::iter::repeat_n(last, values.len()).flatten());
        let same = self.same_type(function, signature, &values, span)?;
        let mut arguments = Vec::new();
        for (parameter, value) in parameters.zip(values) {
            arguments.push(self.argument_of(function, parameter, value, same));
        }
        arguments.into_iter().collect()
    }

    /// Whether a call has as many arguments as the signature takes.
    pub(super) fn check_count(
        &mut self,
        function: &str,
        signature: &Signature,
        given: usize,
        span: Span,
    ) -> Option<()> {
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
            Diagnostic::error(codes::ARGUMENT_COUNT, format!("`{function}` takes {wanted} {plural}, not {given}"))
                .label(span, format!("{given} given")),
        );
        None
    }

    /// The common type of the arguments of `least` and the like; `None` inside where there are none.
    fn same_type(
        &mut self,
        function: &str,
        signature: &Signature,
        values: &[Value],
        span: Span,
    ) -> Option<Option<Type>> {
        let first = signature.required.first();
        if !matches!(first, Some(Parameter::Same | Parameter::Bits)) {
            return Some(None);
        }
        let is_bits = matches!(first, Some(Parameter::Bits));
        if is_bits && values.iter().any(|value| !value.expr.ty.is_integer()) {
            // Each is told by itself what it is to be.
            return Some(None);
        }
        let values: Vec<&Value> = values.iter().collect();
        self.unify(&format!("`{function}`"), &values, span).map(Some)
    }

    fn argument_of(&mut self, function: &str, parameter: Parameter, value: Value, same: Option<Type>) -> Option<Expr> {
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
            Parameter::Any if null => return Some(value.convert(Type::Bool)),
            Parameter::Any => return self.settle(value),
            Parameter::TextOrInteger if value.expr.ty == Type::Str || integer => return self.settle(value),
            Parameter::TextOrInteger if null => return Some(value.convert(Type::Str)),
            Parameter::Hash if integer && (value.expr.ty == Type::U64 || value.open != Open::No) => {
                return Some(value.convert(Type::U64));
            }
            Parameter::TextLiteral if text_literal(&value).is_some() => return Some(value.expr),
            Parameter::ReadFormat if text_literal(&value).is_some() => return self.format(value, true),
            Parameter::WriteFormat if text_literal(&value).is_some() => return self.format(value, false),
            Parameter::Unit if text_literal(&value).is_some() => return self.unit(value),
            Parameter::Time if time => return Some(value.expr),
            Parameter::Moment if time => return Some(cast_to(value.expr, Type::Timestamp)),
            Parameter::Float | Parameter::Number => "a number",
            Parameter::OwnFloat => "f32 or f64",
            Parameter::Text => "text",
            Parameter::Integer | Parameter::OwnInteger | Parameter::Bits => "an integer",
            Parameter::IntegerLiteral => "an integer literal",
            Parameter::Regex | Parameter::TextLiteral => "a text literal",
            Parameter::ReadFormat | Parameter::WriteFormat => "a format that is a text literal",
            Parameter::TextOrInteger => "text or an integer",
            Parameter::Hash => "a hash (u64)",
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

    /// What `regexp_replace` takes behind the text: whether it is right shows only together.
    fn replacement(&mut self, arguments: &[Expr]) -> Option<()> {
        let text =
            |argument| literal_of(argument).unwrap_or_else(|| unreachable!("only text literals were let through"));
        let literal = |at: usize| arguments.get(at).map_or("", text);
        let (pattern, replacement, options) = (literal(1), literal(2), literal(3));
        let Some((at, problem)) = replacement_problem(pattern, replacement, options) else { return Some(()) };
        let message = match at {
            0 => format!("\"{}\" is no regular expression", pattern.escape_debug()),
            1 => format!("\"{}\" is no replacement", replacement.escape_debug()),
            _ => format!("\"{}\" are no options of `regexp_replace`", options.escape_debug()),
        };
        let mut diagnostic = Diagnostic::error(codes::INVALID_REGEX, message).label(arguments[at + 1].span, problem);
        if at == 2 {
            diagnostic = diagnostic.help(
                "options are g (all matches), i (letters of both cases), s (`.` matches line ends), l (a text, no expression)",
            );
        }
        self.report(diagnostic);
        None
    }

    /// A format of times, with what is wrong marked in it.
    fn format(&mut self, value: Value, read: bool) -> Option<Expr> {
        let format = text_literal(&value)?;
        let Some(FormatProblem { at, problem }) = format_problem(format, read) else { return Some(value.expr) };
        let mut span = value.span();
        // Without escapes the text stands in the source as it is, between its quotes.
        let (start, length) = (span.start as usize + 1, (span.end - span.start) as usize);
        if length == format.len() + 2 && !at.is_empty() {
            span = Span::new(start + at.start, start + at.end);
        }
        let message = format!("\"{}\" is no format of times", format.escape_debug());
        self.report(Diagnostic::error(codes::INVALID_FORMAT, message).label(span, problem));
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
    literal_of(&value.expr)
}

fn literal_of(expr: &Expr) -> Option<&str> {
    expr.as_literal().and_then(Scalar::as_str)
}

/// The hash of each value, combined from the first to the last.
fn combined_hash(values: Vec<Expr>, span: Span) -> Option<Expr> {
    let call = |function, arguments| {
        let kind = ExprKind::Call(function, arguments);
        Expr { kind, ty: Type::U64, nullable: false, span }
    };
    let hashes = values.into_iter().map(|value| call(Function::Hash, vec![value]));
    hashes.reduce(|first, second| call(Function::HashCombine, vec![first, second]))
}

fn wrong_argument(name: &str, wanted: &str, value: &Value) -> Diagnostic {
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
    } else if function == Function::ConcatWs {
        nulls.next() == Some(true)
    } else {
        function.makes_nulls() || (!function.skips_nulls() && nulls.any(|nullable| nullable))
    };
    let ty = match signature.gives {
        Gives::Is(ty) => ty,
        Gives::As(index) => arguments[index].ty,
        Gives::Rounded => one_digit_more(arguments[0].ty),
    };
    let rounds = matches!(function, Function::Floor | Function::Ceil | Function::Trunc | Function::Round);
    let whole = rounds && arguments.len() == 1;
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
