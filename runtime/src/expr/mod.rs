//! Typed expressions: one tree for the plan, for lowering and for the host.
//!
//! Analysis makes them from the syntax tree, with every implicit conversion written out as a [`ExprKind::Cast`]; the
//! optimizer rewrites them; lowering turns them into StableHLO; [`eval`] computes them on the host, for constant folding,
//! functions of dictionary values and nothing that is hot.

mod analysis;
pub mod calendar;
mod display;
mod eval;
mod failure;
mod form;
mod format;
mod function;
mod interval;
mod scalar;

pub use analysis::{can_fail, can_fail_within, is_strict, makes_longer};
pub use display::{ExprText, Names, literal_text, quoted};
pub(crate) use eval::{BLANKS, trimmed};
pub use eval::{
    EvalError, MAX_TEXT_BYTES, Row, append_text, cast, compare, decimal_to_f64, eval, eval_constant, power_of_ten,
    regex_problem,
};
pub use failure::{Failure, failure};
pub use form::{Form, Never, Text};
pub(crate) use format::append_value;
pub use format::value_text;
pub use function::Function;
pub use interval::{Interval, Origin, interval};
pub use scalar::Scalar;

use dj_grammar::Span;
use serde::{Deserialize, Serialize};

/// A column of a plan: unique in a program, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnId(pub u32);

/// An expression of a known type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "F::Type: Serialize, F::Value: Serialize, F::Table: Serialize, F::Pattern: Serialize",
    deserialize = "F::Type: Deserialize<'de>, F::Value: Deserialize<'de>, F::Table: Deserialize<'de>, F::Pattern: Deserialize<'de>"
))]
pub struct Expr<F: Form = Text> {
    /// What is computed.
    pub kind: ExprKind<F>,
    /// The type of the result.
    pub ty: F::Type,
    /// Whether the result may be null.
    pub nullable: bool,
    /// Where it stands in the source.
    pub span: Span,
}

/// What an expression computes. A null operand gives null unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "F::Type: Serialize, F::Value: Serialize, F::Table: Serialize, F::Pattern: Serialize",
    deserialize = "F::Type: Deserialize<'de>, F::Value: Deserialize<'de>, F::Table: Deserialize<'de>, F::Pattern: Deserialize<'de>"
))]
pub enum ExprKind<F: Form = Text> {
    /// A column of the input.
    Column(ColumnId),
    /// A constant.
    Literal(F::Value),
    /// The program's parameter of this index.
    Param(usize),
    /// A column of the only row of a shared plan; null if it has no row, an error if it has several.
    Cell {
        /// The index of the shared plan.
        plan: usize,
        /// Its column.
        column: ColumnId,
    },
    /// A table over the dictionary of a text column, computed by the host ([`crate::artifact::HostTable`]).
    Table {
        /// The index of the table.
        table: F::Table,
        /// The text column whose codes address it.
        column: Box<Expr<F>>,
    },
    /// `-x`. (C1) Numeric or duration; overflow is an error.
    Negate(Box<Expr<F>>),
    /// `not x`, three-valued. (C1) Bool.
    Not(Box<Expr<F>>),
    /// Arithmetic; see [`ArithmeticOp`].
    Arithmetic(ArithmeticOp, Box<Expr<F>>, Box<Expr<F>>),
    /// A comparison. (C1) Both sides have one type, or are decimals or integers of any scale, width and sign.
    Compare(CompareOp, Box<Expr<F>>, Box<Expr<F>>),
    /// Three-valued conjunction: false if any is false, else null if any is null. Later operands are evaluated only on
    /// rows where the earlier ones are not false.
    And(Vec<Expr<F>>),
    /// Three-valued disjunction.
    Or(Vec<Expr<F>>),
    /// Whether the operand is null; never null itself.
    IsNull(Box<Expr<F>>),
    /// The first operand that is not null. (C1) One type.
    Coalesce(Vec<Expr<F>>),
    /// The value of the first arm whose condition is true, else `otherwise` (null if absent). (C1) One type.
    Case {
        /// Conditions and values.
        arms: Vec<(Expr<F>, Expr<F>)>,
        /// `else`.
        otherwise: Option<Box<Expr<F>>>,
    },
    /// Whether the operand equals one of the list; null if it does not and the list holds a null.
    InList {
        /// The operand.
        operand: Box<Expr<F>>,
        /// Literals of the operand's type.
        list: Vec<F::Value>,
    },
    /// SQL `like`: `%` any run, `_` one character, no escape. (C1) Text.
    Like {
        /// The operand.
        operand: Box<Expr<F>>,
        /// The pattern.
        pattern: F::Pattern,
    },
    /// A conversion to the expression's type.
    Cast {
        /// The operand.
        operand: Box<Expr<F>>,
        /// Whether a failure gives null (`as?`) instead of an error.
        or_null: bool,
    },
    /// A call of a built-in function.
    Call(Function, Vec<Expr<F>>),
}

/// Arithmetic on two operands.
///
/// Integers: both sides have the result's type. Decimals: `+` and `-` of one scale, `*` of any, with the sum of the scales.
/// Floats: one type; `/` is IEEE. `//` and `%` floor and are null on zero. Dates and timestamps: `timestamp ± duration`,
/// `date ± i32` days, `date - date` in i64 days, `timestamp - timestamp` a duration. Overflow is an error with the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

impl ArithmeticOp {
    /// As the language writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "**",
        }
    }
}

/// A comparison. NaN equals itself and is larger than every number; −0.0 equals 0.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl CompareOp {
    /// As the language writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }

    /// The comparison with its sides exchanged.
    #[must_use]
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
        }
    }

    /// Whether it holds of an ordering.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
        }
    }
}

impl<F: Form> Expr<F> {
    /// A column.
    pub fn column(id: ColumnId, ty: F::Type, nullable: bool, span: Span) -> Self {
        Self { kind: ExprKind::Column(id), ty, nullable, span }
    }

    /// A constant.
    pub fn literal(value: F::Value, ty: F::Type, span: Span) -> Self {
        let nullable = F::is_null(&value);
        Self { kind: ExprKind::Literal(value), ty, nullable, span }
    }

    /// The constant, if it is one.
    pub fn as_literal(&self) -> Option<&F::Value> {
        if let ExprKind::Literal(value) = &self.kind { Some(value) } else { None }
    }

    /// The column, if it is one.
    pub fn as_column(&self) -> Option<ColumnId> {
        if let ExprKind::Column(id) = self.kind { Some(id) } else { None }
    }

    /// The direct operands, in order.
    pub fn operands(&self) -> Vec<&Expr<F>> {
        match &self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Param(_) | ExprKind::Cell { .. } => vec![],
            ExprKind::Table { column: x, .. }
            | ExprKind::Negate(x)
            | ExprKind::Not(x)
            | ExprKind::IsNull(x)
            | ExprKind::InList { operand: x, .. }
            | ExprKind::Like { operand: x, .. }
            | ExprKind::Cast { operand: x, .. } => vec![x],
            ExprKind::Arithmetic(_, a, b) | ExprKind::Compare(_, a, b) => vec![a, b],
            ExprKind::And(xs) | ExprKind::Or(xs) | ExprKind::Coalesce(xs) | ExprKind::Call(_, xs) => {
                xs.iter().collect()
            }
            ExprKind::Case { arms, otherwise } => {
                let arms = arms.iter().flat_map(|(condition, value)| [condition, value]);
                arms.chain(otherwise.as_deref()).collect()
            }
        }
    }

    /// The direct operands, in order, to be rewritten in place.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr<F>> {
        match &mut self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Param(_) | ExprKind::Cell { .. } => vec![],
            ExprKind::Table { column: x, .. }
            | ExprKind::Negate(x)
            | ExprKind::Not(x)
            | ExprKind::IsNull(x)
            | ExprKind::InList { operand: x, .. }
            | ExprKind::Like { operand: x, .. }
            | ExprKind::Cast { operand: x, .. } => vec![x],
            ExprKind::Arithmetic(_, a, b) | ExprKind::Compare(_, a, b) => vec![a, b],
            ExprKind::And(xs) | ExprKind::Or(xs) | ExprKind::Coalesce(xs) | ExprKind::Call(_, xs) => {
                xs.iter_mut().collect()
            }
            ExprKind::Case { arms, otherwise } => {
                let arms = arms.iter_mut().flat_map(|(condition, value)| [condition, value]);
                arms.chain(otherwise.as_deref_mut()).collect()
            }
        }
    }

    /// Calls `visit` on the expression and everything below it, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr<F>)) {
        visit(self);
        for operand in self.operands() {
            operand.walk(visit);
        }
    }

    /// The columns it reads, each once, in order of first use.
    pub fn columns(&self) -> Vec<ColumnId> {
        let mut columns = Vec::new();
        self.walk(&mut |expr| {
            if let ExprKind::Column(id) = expr.kind
                && !columns.contains(&id)
            {
                columns.push(id);
            }
        });
        columns
    }

    /// The expression with all spans at zero, to be compared.
    #[must_use]
    pub fn without_spans(&self) -> Self {
        self.clone().rewrite(&mut |mut part| {
            part.span = Span::default();
            part
        })
    }

    /// Takes the expression out of its place, where the empty disjunction stays until something is put back.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let nothing = Self { kind: ExprKind::Or(vec![]), ty: F::BOOL, nullable: false, span: Span::default() };
        std::mem::replace(self, nothing)
    }

    /// The expression with other columns.
    #[must_use]
    pub fn renamed(self, name: &dyn Fn(ColumnId) -> ColumnId) -> Self {
        self.rewrite(&mut |mut part| {
            if let ExprKind::Column(id) = &mut part.kind {
                *id = name(*id);
            }
            part
        })
    }

    /// Rewrites everything below and then the expression itself.
    #[must_use]
    pub fn rewrite(mut self, with: &mut dyn FnMut(Expr<F>) -> Expr<F>) -> Self {
        for operand in self.operands_mut() {
            *operand = operand.take().rewrite(with);
        }
        with(self)
    }
}

impl Expr {
    /// A boolean constant.
    pub fn bool(value: bool, span: Span) -> Self {
        Self::literal(Scalar::Bool(value), crate::types::Type::Bool, span)
    }
}
