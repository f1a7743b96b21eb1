//! The syntax tree: what a `.dj` file says, before names and types are resolved.
//!
//! Every node carries its [`Span`]. Names keep their spelling without backticks.

mod expr;

pub use expr::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};

use crate::span::{Span, Spanned};

/// A name as written, without backticks.
pub type Name = Spanned<String>;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// The statements in source order; a bare last pipeline is an export named `result`.
    pub statements: Vec<Statement>,
}

/// One top-level statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `table NAME [from "PATH"] [{ columns }] [shard by { cols }]`
    Table(Table),
    /// `param NAME: TYPE [= literal]`
    Param(Param),
    /// `fn NAME(args) = expression`, or a pipeline function.
    Function(Function),
    /// `let NAME = pipeline`
    Let(Binding),
    /// `export NAME = pipeline`, or a bare last pipeline
    Export(Binding),
    /// `mesh NAME = N`
    Mesh(Mesh),
}

/// `table NAME [from "PATH"] [{ columns[, ..] }] [shard by { cols }]`
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The table's name.
    pub name: Name,
    /// The default binding.
    pub from: Option<Spanned<String>>,
    /// The declared columns; `None` where the bound file's schema is taken.
    pub columns: Option<Vec<ColumnDeclaration>>,
    /// The `..` that ends the list, where the bound file says the other columns.
    pub others: Option<Span>,
    /// `shard by` columns; empty where not given.
    pub shard_by: Vec<Name>,
    /// The whole statement.
    pub span: Span,
}

/// `name: type[?] [in lo..hi]`
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDeclaration {
    /// The column's name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// The declared domain, both ends included.
    pub domain: Option<(Expr, Expr)>,
    /// The whole declaration.
    pub span: Span,
}

/// A type as written: `i64`, `decimal(9, 2)?`.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// `i64`, `decimal`, ...; unknown names are for analysis to report.
    pub name: Name,
    /// The arguments: precision and scale.
    pub arguments: Vec<Spanned<u64>>,
    /// A trailing `?`.
    pub nullable: bool,
    /// The whole type.
    pub span: Span,
}

/// `param NAME: TYPE [= literal]`
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The parameter's name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// The default.
    pub default: Option<Expr>,
    /// The whole statement.
    pub span: Span,
}

/// `fn NAME(args) = expression` or `fn NAME(t, args) = t | ...`
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The function's name.
    pub name: Name,
    /// Its formal arguments.
    pub arguments: Vec<Name>,
    /// What it stands for.
    pub body: FunctionBody,
    /// The whole statement.
    pub span: Span,
}

/// What a function stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    /// An expression of its arguments.
    Expr(Expr),
    /// A pipeline whose source is the first argument (there is at least one transform).
    Pipeline(Pipeline),
}

/// `let NAME = pipeline` or `export NAME = pipeline`
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The bound name; `result` for a bare last pipeline.
    pub name: Name,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Whether the statement was a bare pipeline, without `export NAME =`.
    pub bare: bool,
    /// The whole statement.
    pub span: Span,
}

/// `mesh NAME = N`
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// The axis.
    pub axis: Name,
    /// How many devices.
    pub size: Spanned<u64>,
    /// The whole statement.
    pub span: Span,
}

/// `source | transform | ...`
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Where the rows come from.
    pub source: Source,
    /// What is done with them, in order.
    pub transforms: Vec<Transform>,
    /// The whole pipeline.
    pub span: Span,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A table, a `let` or a pipeline argument.
    Name(Name),
    /// Rows that a function makes: `range(1, 13)`.
    Made {
        /// The function.
        name: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
        /// The whole call.
        span: Span,
    },
    /// A parenthesized pipeline.
    Pipeline(Box<Pipeline>),
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// Which, with its operands.
    pub kind: TransformKind,
    /// From its keyword to its last token.
    pub span: Span,
}

/// A step's operands.
#[derive(Debug, Clone, PartialEq)]
pub enum TransformKind {
    /// `filter EXPR`
    Filter(Expr),
    /// `derive { a = EXPR, ... }`; each item has a name
    Derive(Vec<Item>),
    /// `select { a, b = EXPR }`
    Select(Vec<Pick<Item>>),
    /// `drop { a }`
    Drop(Vec<Pick<Name>>),
    /// `rename { new = old }`
    Rename(Vec<(Name, Name)>),
    /// `group { keys } { name = AGG }`
    Group {
        /// The keys; `name = EXPR` or a column.
        keys: Vec<Item>,
        /// The aggregates.
        aggregates: Vec<Item>,
    },
    /// `aggregate { name = AGG }`
    Aggregate(Vec<Item>),
    /// `join [kind] T [as a] on COND [nulls equal]`
    Join(Join),
    /// `sort { a, -b, c nulls first }`
    Sort(Vec<SortItem>),
    /// `take N`, `take LO..HI`, `take N by { key } sort { -v }`
    Take(Take),
    /// `distinct`, `distinct { keys }`
    Distinct(Option<Vec<Name>>),
    /// `union [distinct] T`, `intersect T`, `except T`
    SetOperation {
        /// Which.
        kind: SetKind,
        /// Whether duplicates go (`union distinct`).
        distinct: bool,
        /// The other side.
        other: Source,
    },
    /// `window { by { k }, sort { t }, rows -6..0 } { ma7 = mean(x) }`
    Window(Window),
    /// `pivot { by { k }, on col in { "a", "b" }, value = sum(x) }`
    Pivot(Pivot),
    /// `unpivot { a, b } into { name, value }`
    Unpivot {
        /// The columns that become rows.
        columns: Vec<Pick<Name>>,
        /// The column of names.
        name: Name,
        /// The column of values.
        value: Name,
    },
    /// `assert EXPR "message"`
    Assert {
        /// What must hold on every row.
        condition: Expr,
        /// What to say where it does not.
        message: Spanned<String>,
    },
    /// `shard by { k }`
    Shard(Vec<Name>),
    /// `replicate`
    Replicate,
    /// `NAME(args)`: a pipeline function
    Call {
        /// The function.
        name: Name,
        /// Its arguments after the first.
        arguments: Vec<Expr>,
    },
}

/// `[name =] EXPR`
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The name, where one is given.
    pub name: Option<Name>,
    /// The expression.
    pub expr: Expr,
    /// The whole item.
    pub span: Span,
}

/// `join [kind] T [as a] on COND [nulls equal]`
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Which rows come out.
    pub kind: JoinKind,
    /// The right side.
    pub right: Source,
    /// `as NAME`
    pub alias: Option<Name>,
    /// What makes rows match.
    pub condition: JoinCondition,
    /// `nulls equal`
    pub nulls_equal: bool,
}

/// Which rows a join gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
    Cross,
    AsOf,
}

/// What makes rows of two tables match.
#[derive(Debug, Clone, PartialEq)]
pub enum JoinCondition {
    /// `on key`, `on { k1, k2 }`: equal names, kept once.
    Using(Vec<Name>),
    /// `on EXPR`
    On(Expr),
    /// A cross join has none.
    None,
    /// `on ts by { key } [within 5min] [forward]`
    AsOf {
        /// The ordered column, of both sides.
        on: Name,
        /// The equal columns.
        by: Vec<Name>,
        /// The largest distance.
        within: Option<Expr>,
        /// The next row instead of the previous one.
        forward: bool,
        /// Rows without a match stay.
        left: bool,
    },
}

/// `[-] EXPR [nulls first|last]`
#[derive(Debug, Clone, PartialEq)]
pub struct SortItem {
    /// A column or a parenthesized expression.
    pub expr: Expr,
    /// A leading `-`.
    pub descending: bool,
    /// `nulls first` or `nulls last`, where given.
    pub nulls_first: Option<bool>,
    /// The whole item.
    pub span: Span,
}

/// What a list of columns holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Pick<T> {
    /// One column.
    One(T),
    /// Every column whose name is like this, where `*` stands for any text.
    Like(Spanned<String>),
}

/// A number of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// A number.
    Number(Spanned<u64>),
    /// The name of a parameter, or of a function's argument.
    Value(Expr),
}

impl Count {
    /// Its place.
    pub fn span(&self) -> Span {
        match self {
            Self::Number(number) => number.span,
            Self::Value(value) => value.span,
        }
    }
}

/// `take N`, `take LO..HI` (one-based, both included), `take N by { key } sort { -v }`
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// The first row, from one; the very first where not given.
    pub from: Option<Count>,
    /// The last row.
    pub to: Count,
    /// Keys of a top-k per group; empty where not given.
    pub by: Vec<Name>,
    /// Its order.
    pub sort: Vec<SortItem>,
}

/// Which set operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the field's own")]
pub enum SetKind {
    Union,
    Intersect,
    Except,
}

/// `window { by { k }, sort { t }, rows -6..0 } { ma7 = mean(x) }`
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Partition keys.
    pub by: Vec<Item>,
    /// Order.
    pub sort: Vec<SortItem>,
    /// Frame.
    pub frame: Option<Frame>,
    /// What is computed.
    pub items: Vec<Item>,
}

/// `rows LO..HI` or `range LO..HI`; an open end is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// By value (`range`) instead of by position (`rows`).
    pub range: bool,
    /// First row or distance.
    pub lo: Option<Expr>,
    /// Last row or distance.
    pub hi: Option<Expr>,
    /// The whole frame.
    pub span: Span,
}

/// `pivot { by { k }, on col in { "a", "b" }, value = sum(x) }`
#[derive(Debug, Clone, PartialEq)]
pub struct Pivot {
    /// The keys.
    pub by: Vec<Item>,
    /// The column whose values become columns.
    pub on: Name,
    /// Those values.
    pub values: Vec<Expr>,
    /// The aggregates.
    pub items: Vec<Item>,
}
