//! Makes programs of a seed: expressions by type, transforms over what columns there are, whole programs.

mod aggregates;
mod daring;
mod joins;
mod leaves;
mod numbers;
mod programs;
mod sets;
mod steps;
mod texts;
mod times;
mod truths;
mod values;
mod windows;

use super::expr::{Expr, Known};
use super::program::Program;
use super::rng::Random;
use super::types::{TYPES, Type};

pub(crate) use programs::program;

/// A column that expressions may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) known: Known,
}

/// The rows so far.
#[derive(Debug, Clone)]
struct Rows {
    columns: Vec<Column>,
    /// Whether they have an order.
    ordered: bool,
    /// At most about this many, in the largest data.
    count: u64,
    /// Columns in which no two rows are equal.
    unique: Option<Vec<String>>,
    /// The tables of which each may be large that they are made of; only one is in any data.
    large: Vec<&'static str>,
}

impl Rows {
    /// Whether both are large in some data, so that pairs of them are too many.
    fn are_large_together(&self, other: &Self) -> bool {
        self.large.iter().any(|table| other.large.contains(table))
    }
}

impl Expr {
    /// Whether it reads one of these columns.
    fn reads(&self, columns: &[Column]) -> bool {
        if self.args.is_empty() {
            let own = self.dj();
            return columns.iter().any(|column| column.name == own);
        }
        self.args.iter().any(|arg| arg.reads(columns))
    }
}

/// What makes programs.
struct Generator {
    random: Random,
    program: Program,
    /// What expressions may read.
    scope: Vec<Column>,
    /// Leaves that are no columns: parameters and single values of shared pipelines.
    single: Vec<Expr>,
    /// Functions of values, by the types that they take.
    functions: Vec<Callable>,
    /// Functions of tables that filter.
    filters: Vec<Callable>,
    /// Shared pipelines and what rows they have.
    shared: Vec<(String, Rows)>,
    /// Numbers the names.
    names: usize,
    /// Expressions that were asked for.
    asked: usize,
}

/// Beyond so many expressions there are leaves only: conditions of conditionals hold conditionals, and some would never end.
const MOST_ASKED: usize = 4000;

/// A function of values: what it takes and gives, and its meaning in DuckDB with gaps for arguments.
#[derive(Debug, Clone)]
struct Callable {
    name: String,
    takes: Vec<Type>,
    gives: Type,
    sql: String,
}

impl Generator {
    /// A name that nothing has.
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// An expression of a type, at most about so deep.
    fn expr(&mut self, ty: Type, depth: usize) -> Expr {
        self.asked += 1;
        if depth == 0 || self.asked > MOST_ASKED || self.random.one_in(6) {
            return self.leaf(ty);
        }
        if ty == Type::Text && self.random.one_in(4) {
            return self.case(ty, depth - 1);
        }
        let made = match self.random.below(8) {
            0 => Some(self.case(ty, depth - 1)),
            1 => Some(self.coalesce(ty, depth - 1)),
            2 if !self.functions.is_empty() => self.call(ty, depth - 1),
            _ => match ty {
                Type::Signed(_) | Type::Unsigned(_) => self.integer(ty, depth - 1),
                Type::Float(_) => self.float(ty, depth - 1),
                Type::Decimal(..) => self.decimal(ty, depth - 1),
                Type::Bool => Some(self.truth(depth - 1)),
                Type::Text => Some(self.text(depth - 1)),
                Type::Date => self.date(depth - 1),
                Type::Timestamp => self.timestamp(depth - 1),
                Type::Duration => self.duration(depth - 1),
            },
        };
        made.unwrap_or_else(|| self.leaf(ty))
    }

    /// A firm expression, most often of columns.
    fn about(&mut self, ty: Type, depth: usize) -> Expr {
        // At no depth its condition would hold a comparison, with another such text in it, and so on.
        if ty == Type::Text && self.random.one_in(if depth > 0 { 3 } else { 12 }) {
            return self.case(ty, depth.saturating_sub(1));
        }
        for _ in 0..2 {
            let expr = self.firm(ty, depth);
            if expr.reads(&self.scope) {
                return expr;
            }
        }
        self.firm(ty, depth)
    }

    /// A condition, most often on columns.
    fn condition(&mut self, depth: usize) -> Expr {
        for _ in 0..5 {
            let expr = self.firm(Type::Bool, depth);
            if !expr.args.is_empty() && expr.reads(&self.scope) {
                return expr;
            }
        }
        self.firm(Type::Bool, depth)
    }

    /// A type, more often than not one of a column that there is.
    fn some_type(&mut self) -> Type {
        let firm: Vec<Type> = self.scope.iter().filter(|c| c.known != Known::Rough).map(|column| column.ty).collect();
        if self.random.one_in(5) {
            return Type::Text;
        }
        if firm.is_empty() || self.random.one_in(5) { self.random.pick(&TYPES) } else { self.random.pick(&firm) }
    }

    /// An expression on which a filter, a key or a comparison may depend: no digits that engines round differently.
    fn firm(&mut self, ty: Type, depth: usize) -> Expr {
        for _ in 0..4 {
            let expr = self.expr(ty, depth);
            if expr.known != Known::Rough {
                return expr;
            }
        }
        self.literal(ty)
    }
}
