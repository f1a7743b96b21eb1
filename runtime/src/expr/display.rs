//! Expressions as the language writes them, with as few parentheses as it needs.

use super::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use super::format::value_text;
use super::{ArithmeticOp, ColumnId, Expr, ExprKind, Scalar};
use crate::types::Type;
use std::fmt;

/// What things are called in an [`ExprText`].
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Of a column.
    pub column: &'a dyn Fn(ColumnId) -> String,
    /// Of a parameter.
    pub param: &'a dyn Fn(usize) -> String,
    /// Of a shared plan.
    pub plan: &'a dyn Fn(usize) -> String,
}

/// An expression to be printed.
#[derive(Clone, Copy)]
pub struct ExprText<'a> {
    expr: &'a Expr,
    names: Names<'a>,
}

impl<'a> ExprText<'a> {
    /// With names of columns; parameters and shared plans are shown by their index.
    pub fn new(expr: &'a Expr, column: &'a dyn Fn(ColumnId) -> String) -> Self {
        let names =
            Names { column, param: &|index| format!("param#{index}"), plan: &|index| format!("shared#{index}") };
        Self { expr, names }
    }

    /// With all names.
    pub fn with_names(expr: &'a Expr, names: Names<'a>) -> Self {
        Self { expr, names }
    }
}

impl fmt::Display for ExprText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { names: self.names, out: f }.expr(self.expr, Level::Or)
    }
}

/// How tightly an operator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Compare,
    Coalesce,
    Add,
    Multiply,
    Negate,
    Power,
    Cast,
    Atom,
}

impl Level {
    /// The next tighter level.
    fn above(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Compare,
            Self::Compare => Self::Coalesce,
            Self::Coalesce => Self::Add,
            Self::Add => Self::Multiply,
            Self::Multiply => Self::Negate,
            Self::Negate => Self::Power,
            Self::Power => Self::Cast,
            Self::Cast | Self::Atom => Self::Atom,
        }
    }

    fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Column(_)
            | ExprKind::Param(_)
            | ExprKind::Cell { .. }
            | ExprKind::Table { .. }
            | ExprKind::Case { .. }
            | ExprKind::Call(..) => Self::Atom,
            ExprKind::Literal(Scalar::Int(value))
                if *value < 0 && expr.ty != Type::Date && expr.ty != Type::Timestamp =>
            {
                Self::Negate
            }
            ExprKind::Literal(Scalar::Float(value)) if value.is_sign_negative() => Self::Negate,
            ExprKind::Literal(_) => Self::Atom,
            ExprKind::Negate(_) => Self::Negate,
            ExprKind::Not(operand) if is_test(operand) => Self::Compare,
            ExprKind::Not(_) => Self::Not,
            ExprKind::Arithmetic(op, ..) => Self::of_arithmetic(*op),
            ExprKind::Compare(..) | ExprKind::IsNull(_) | ExprKind::InList { .. } | ExprKind::Like { .. } => {
                Self::Compare
            }
            ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::Coalesce(operands) if operands.is_empty() => {
                Self::Atom
            }
            ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::Coalesce(operands) if operands.len() == 1 => {
                Self::of(&operands[0])
            }
            ExprKind::And(_) => Self::And,
            ExprKind::Or(_) => Self::Or,
            ExprKind::Coalesce(_) => Self::Coalesce,
            ExprKind::Cast { .. } => Self::Cast,
        }
    }

    fn of_arithmetic(op: ArithmeticOp) -> Self {
        match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract => Self::Add,
            ArithmeticOp::Multiply | ArithmeticOp::Divide | ArithmeticOp::FloorDivide | ArithmeticOp::Modulo => {
                Self::Multiply
            }
            ArithmeticOp::Power => Self::Power,
        }
    }
}

/// Whether the language has a word order of its own for the expression's negation.
fn is_test(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::IsNull(_) | ExprKind::InList { .. } | ExprKind::Like { .. })
}

struct Printer<'a, 'f, 'g> {
    names: Names<'a>,
    out: &'f mut fmt::Formatter<'g>,
}

impl Printer<'_, '_, '_> {
    /// Prints the expression where everything looser than `least` needs parentheses.
    fn expr(&mut self, expr: &Expr, least: Level) -> fmt::Result {
        if Level::of(expr) < least {
            self.out.write_str("(")?;
            self.bare(expr)?;
            return self.out.write_str(")");
        }
        self.bare(expr)
    }

    fn bare(&mut self, expr: &Expr) -> fmt::Result {
        match &expr.kind {
            ExprKind::Column(id) => self.out.write_str(&(self.names.column)(*id)),
            ExprKind::Literal(value) => self.out.write_str(&literal_text(value, expr.ty)),
            ExprKind::Param(index) => self.out.write_str(&(self.names.param)(*index)),
            ExprKind::Cell { plan, column } => {
                write!(self.out, "{}.{}", (self.names.plan)(*plan), (self.names.column)(*column))
            }
            ExprKind::Table { table, .. } => match *table {},
            ExprKind::Negate(operand) => {
                self.out.write_str("-")?;
                self.expr(operand, Level::Power)
            }
            ExprKind::Not(operand) => self.not(operand),
            ExprKind::Arithmetic(op, left, right) => {
                let level = Level::of_arithmetic(*op);
                // `**` associates to the right, all others to the left.
                let power = *op == ArithmeticOp::Power;
                self.infix(left, if power { level.above() } else { level }, op.symbol())?;
                self.expr(right, if power { level } else { level.above() })
            }
            ExprKind::Compare(op, left, right) => {
                self.infix(left, Level::Coalesce, op.symbol())?;
                self.expr(right, Level::Coalesce)
            }
            ExprKind::And(operands) => self.chain(operands, " and ", Level::And, "true"),
            ExprKind::Or(operands) => self.chain(operands, " or ", Level::Or, "false"),
            ExprKind::Coalesce(operands) => self.chain(operands, " ?? ", Level::Coalesce, "null"),
            ExprKind::IsNull(_) | ExprKind::InList { .. } | ExprKind::Like { .. } => self.test(expr, ""),
            ExprKind::Case { arms, otherwise } => self.case(arms, otherwise.as_deref()),
            ExprKind::Cast { operand, or_null } => {
                self.expr(operand, Level::Cast)?;
                write!(self.out, " {} {}", if *or_null { "as?" } else { "as" }, expr.ty)
            }
            ExprKind::Call(function, arguments) => {
                write!(self.out, "{}(", function.name())?;
                self.chain(arguments, ", ", Level::Or, "")?;
                self.out.write_str(")")
            }
        }
    }

    fn infix(&mut self, left: &Expr, least: Level, symbol: &str) -> fmt::Result {
        self.expr(left, least)?;
        write!(self.out, " {symbol} ")
    }

    fn chain(&mut self, operands: &[Expr], separator: &str, level: Level, empty: &str) -> fmt::Result {
        // Operands of an n-ary operator may not be the same operator, or the text would read flatter than it is.
        let least = if operands.len() > 1 && separator != ", " { level.above() } else { level };
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                self.out.write_str(separator)?;
            }
            self.expr(operand, least)?;
        }
        if operands.is_empty() { self.out.write_str(empty) } else { Ok(()) }
    }

    fn not(&mut self, operand: &Expr) -> fmt::Result {
        if is_test(operand) {
            return self.test(operand, "not ");
        }
        self.out.write_str("not ")?;
        self.expr(operand, Level::Not)
    }

    /// `is null`, `in` and `like`, negated if `not` says so.
    fn test(&mut self, expr: &Expr, not: &str) -> fmt::Result {
        let Some(operand) = expr.operands().first().copied() else { return Ok(()) };
        self.expr(operand, Level::Coalesce)?;
        if let ExprKind::InList { list, .. } = &expr.kind {
            let items: Vec<_> = list.iter().map(|item| literal_text(item, operand.ty)).collect();
            return write!(self.out, " {not}in {{ {} }}", items.join(", "));
        }
        if let ExprKind::Like { pattern, .. } = &expr.kind {
            return write!(self.out, " {not}like {}", quoted(pattern));
        }
        write!(self.out, " is {not}null")
    }

    fn case(&mut self, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) -> fmt::Result {
        self.out.write_str("case { ")?;
        for (index, (condition, value)) in arms.iter().enumerate() {
            if index > 0 {
                self.out.write_str(", ")?;
            }
            self.expr(condition, Level::Or)?;
            self.out.write_str(" => ")?;
            self.expr(value, Level::Or)?;
        }
        if let Some(otherwise) = otherwise {
            self.out.write_str(", else => ")?;
            self.expr(otherwise, Level::Or)?;
        }
        self.out.write_str(" }")
    }
}

/// A constant as the language writes it.
pub fn literal_text(value: &Scalar, ty: Type) -> String {
    match (value, ty) {
        (Scalar::Str(text), _) => quoted(text),
        (Scalar::Int(value), Type::Decimal { scale, .. }) => {
            // One digit before the point, which the printed value of a decimal(2, 2) lacks.
            value_text(&Scalar::Int(*value), Type::Decimal { precision: scale + 1, scale })
        }
        (Scalar::Int(_), Type::Date) => format!("@{}", value_text(value, ty)),
        (Scalar::Int(_), Type::Timestamp) => format!("@{}", value_text(value, ty).replacen(' ', "T", 1)),
        (Scalar::Int(micros), Type::Duration) => duration_literal(*micros),
        (Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_), _) => value_text(value, ty),
    }
}

fn duration_literal(micros: i128) -> String {
    let units = [(MICROS_PER_DAY, "d"), (60 * MICROS_PER_SECOND, "min"), (MICROS_PER_SECOND, "s"), (1_000, "ms")];
    let fitting = units.iter().find(|(size, _)| micros % i128::from(*size) == 0);
    let (size, unit) = fitting.copied().unwrap_or((1, "us"));
    format!("{}{unit}", micros / i128::from(size))
}

/// Text in quotes, with escapes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{CompareOp, Function};
    use dj_grammar::Span;

    fn column(id: u32) -> Expr {
        Expr::column(ColumnId(id), Type::I64, false, Span::default())
    }

    fn int(value: i128) -> Expr {
        Expr::literal(Scalar::Int(value), Type::I64, Span::default())
    }

    fn make(kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty, nullable: false, span: Span::default() }
    }

    fn op(op: ArithmeticOp, left: Expr, right: Expr) -> Expr {
        make(ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), Type::I64)
    }

    fn text(expr: &Expr) -> String {
        ExprText::new(expr, &|id| ["a", "b", "c"][id.0 as usize].to_owned()).to_string()
    }

    #[test]
    fn parentheses_only_where_needed() {
        use ArithmeticOp::{Add, Multiply, Power, Subtract};
        let sum = op(Add, column(0), column(1));
        assert_eq!(text(&op(Multiply, sum.clone(), column(2))), "(a + b) * c");
        assert_eq!(text(&op(Add, op(Multiply, column(0), column(1)), column(2))), "a * b + c");
        assert_eq!(text(&op(Subtract, column(0), sum.clone())), "a - (a + b)");
        assert_eq!(text(&op(Subtract, sum.clone(), column(2))), "a + b - c");
        assert_eq!(text(&op(Power, op(Power, column(0), int(2)), int(-1))), "(a ** 2) ** (-1)");
        assert_eq!(text(&make(ExprKind::Negate(Box::new(int(-3))), Type::I64)), "-(-3)");
        let cast = make(ExprKind::Cast { operand: Box::new(sum), or_null: true }, Type::I32);
        assert_eq!(text(&cast), "(a + b) as? i32");
    }

    #[test]
    fn predicates() {
        let less = make(ExprKind::Compare(CompareOp::Less, Box::new(column(0)), Box::new(int(3))), Type::Bool);
        let is_null = make(ExprKind::IsNull(Box::new(column(1))), Type::Bool);
        let not = |expr: Expr| make(ExprKind::Not(Box::new(expr)), Type::Bool);
        let in_list = make(
            ExprKind::InList { operand: Box::new(column(2)), list: vec![Scalar::Int(1), Scalar::Null] },
            Type::Bool,
        );
        let or = make(ExprKind::Or(vec![less.clone(), not(is_null), not(in_list)]), Type::Bool);
        assert_eq!(text(&or), "a < 3 or b is not null or c not in { 1, null }");
        assert_eq!(
            text(&make(ExprKind::And(vec![or.clone(), not(less.clone())]), Type::Bool)),
            format!("({}) and not a < 3", text(&or))
        );
        assert_eq!(text(&not(or.clone())), format!("not ({})", text(&or)));
        let like = make(ExprKind::Like { operand: Box::new(column(0)), pattern: "%\"x_".to_owned() }, Type::Bool);
        assert_eq!(text(&not(like)), r#"a not like "%\"x_""#);
    }

    #[test]
    fn calls_cases_and_literals() {
        let less = make(ExprKind::Compare(CompareOp::Less, Box::new(column(0)), Box::new(int(3))), Type::Bool);
        let case = make(ExprKind::Case { arms: vec![(less, int(1))], otherwise: Some(Box::new(int(2))) }, Type::I64);
        assert_eq!(text(&case), "case { a < 3 => 1, else => 2 }");
        assert_eq!(text(&make(ExprKind::Call(Function::Least, vec![column(0), int(1)]), Type::I64)), "least(a, 1)");
        let literal = |value: i128, ty| literal_text(&Scalar::Int(value), ty);
        assert_eq!(literal(19_724, Type::Date), "@2024-01-02");
        assert_eq!(literal(1_704_164_645_000_000, Type::Timestamp), "@2024-01-02T03:04:05");
        assert_eq!(literal(90 * MICROS_PER_DAY as i128, Type::Duration), "90d");
        assert_eq!(literal(300 * MICROS_PER_SECOND as i128, Type::Duration), "5min");
        assert_eq!(literal(5, Type::Decimal { precision: 2, scale: 2 }), "0.05");
        assert_eq!(literal_text(&Scalar::Float(2.0), Type::F64), "2.0");
    }
}
