//! The typed relational plan: what a program computes, before it is decided how.
//!
//! A [`Program`] is a list of named plans. Columns have an identity of their own ([`ColumnId`]), so that rewriting never
//! confuses two columns of one name; names matter only at the exports.

mod aggregate;
mod conditions;
mod nullability;
mod operators;
mod placement;
mod properties;
mod prune;
mod rename;
mod rows;
mod text;
mod verify;
mod visit;
mod window;

pub use aggregate::*;
pub use conditions::{conjunction, conjuncts, reads_any};
pub use nullability::narrow_nullability;
pub use operators::*;
pub use placement::Placement;
pub use properties::{
    Estimates, Facts, UniqueColumns, Uniqueness, is_unique, one_match, reads_order_of_inputs, rewrite_by_order,
    row_bound, row_estimate,
};
pub(crate) use properties::{MAX_ROWS, aggregate_interval, in_order_of_weight, window_interval};
pub use rows::{RowCount, grouped};
pub(crate) use text::{
    Printer, Written, aggregate_name, join_kind_name, key_symbol, name_text, names_of_several, program_text,
};
pub use text::{estimated_plan_text, expr_text, plain_plan_text, plan_text};
pub(crate) use verify::well_typed;
pub use verify::{VerifyError, verify};
pub use window::*;

use dj_grammar::Span;
use dj_runtime::artifact::{MadeRange, ParamSpec};
use dj_runtime::expr::{ColumnId, Form, Text};
use dj_runtime::types::{Bounds, Field, Type};

/// A whole program after analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Program<F: Form = Text> {
    /// The input tables.
    pub tables: Vec<Table>,
    /// The run-time parameters, by index.
    pub params: Vec<ParamSpec>,
    /// The devices that it is written for, where it says so.
    pub mesh: Vec<Mesh>,
    /// Every column that any plan makes, by [`ColumnId`].
    pub columns: Columns,
    /// Plans that several others read ([`Plan::Shared`]), each after those that it reads.
    pub shared: Vec<SharedPlan<F>>,
    /// The outputs, behind what must be without rows for any of them to be right.
    pub exports: Vec<Export<F>>,
}

impl<F: Form> Program<F> {
    /// Whether files were bound that say how many rows some table has: without any, nothing is estimated.
    pub fn has_rows(&self) -> bool {
        self.tables.iter().any(|table| table.rows.is_some())
    }
}

/// An axis of the mesh that a program is for: `mesh AXIS = SIZE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mesh {
    /// The name of its axis.
    pub axis: String,
    /// How many devices.
    pub size: u64,
    /// The statement.
    pub span: Span,
}

/// A `let` that is read more than once: computed once.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedPlan<F: Form = Text> {
    /// The name in the source.
    pub name: String,
    /// What it computes.
    pub plan: Plan<F>,
}

/// Rows that leave the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Export<F: Form = Text> {
    /// What they are for.
    pub purpose: Purpose,
    /// The statement; the condition of an assertion.
    pub span: Span,
    /// What it computes; the schema of the plan, in order, is that of the output.
    pub plan: Plan<F>,
}

/// What rows leave a program for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// `export NAME = pipeline`: they are an output of this name.
    Output(String),
    /// `assert CONDITION "MESSAGE"`: they are those for which the condition is false, and must not be.
    Assertion(String),
}

impl Purpose {
    /// The name of the output, or the message of the assertion.
    pub fn name(&self) -> &str {
        match self {
            Self::Output(name) | Self::Assertion(name) => name,
        }
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output(name) => write!(f, "export {}", name_text(name)),
            Self::Assertion(message) => write!(f, "assert {message:?}"),
        }
    }
}

/// An input table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name.
    pub name: String,
    /// The default binding.
    pub path: Option<String>,
    /// The statement.
    pub span: Span,
    /// All its columns.
    pub columns: Vec<TableColumn>,
    /// Rows of the files bound at compile time, where some were.
    pub rows: Option<RowCount>,
    /// What makes its rows, where no file has them.
    pub made: Option<MadeRange>,
}

/// A column of an input table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableColumn {
    /// Name, type, nullability.
    pub field: Field,
    /// The declaration, or the table's name where the columns come from the file.
    pub span: Span,
    /// Whether the type was inferred from the texts of the bound files.
    pub is_inferred: bool,
    /// A declared domain: a contract, checked on the data.
    pub declared: Option<Bounds>,
    /// What the files bound at compile time say: an assumption.
    pub recorded: Recorded,
}

/// What the files bound at compile time say of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// Bounds of the values.
    pub bounds: Option<Bounds>,
    /// Whether there is no null.
    pub not_null: bool,
    /// Whether no value occurs twice; only looked for where a join may use it.
    pub unique: bool,
    /// An upper bound of the number of distinct values (dictionary sizes of text columns).
    pub distinct: Option<u64>,
}

/// Every column of a program: its name, type, and where it was made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns(Vec<ColumnInfo>);

/// What is known of a column everywhere. Nullability stands in the plan, because an outer join changes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnInfo {
    /// The name it was given.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// Where it was made.
    pub span: Span,
}

impl Columns {
    /// Makes a column.
    pub fn add(&mut self, name: impl Into<String>, ty: Type, span: Span) -> ColumnId {
        let id = ColumnId(u32::try_from(self.0.len()).unwrap_or_else(|_| panic!("a program of 2^32 columns")));
        self.0.push(ColumnInfo { name: name.into(), ty, span });
        id
    }

    /// What is known of a column of this program.
    pub fn get(&self, id: ColumnId) -> &ColumnInfo {
        &self.0[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
