//! The operators of the relational plan.

use super::placement::Placement;
use super::{Aggregate, NamedAggregate, NamedWindow, Window};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Expr, Form, Text};

/// A relation.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan<F: Form = Text> {
    /// Rows of an input table.
    Scan(Scan<F>),
    /// The rows on which a predicate is true.
    Filter(Filter<F>),
    /// Other columns of the same rows.
    Project(Project<F>),
    /// One row per group, or one row.
    Aggregate(Aggregate<F>),
    /// Pairs of rows that match.
    Join(Join<F>),
    /// The same rows in another order.
    Sort(Sort<F>),
    /// A range of the rows, by position.
    Take(Take<F>),
    /// The first rows of a sort: the optimizer's fusion of [`Sort`] and [`Take`].
    TopK(TopK<F>),
    /// The first row of each group of equal keys.
    Distinct(Distinct<F>),
    /// The rows of several inputs, one after the other.
    Union(Union<F>),
    /// More columns, computed of the rows around each.
    Window(Window<F>),
    /// The same rows, on devices that the program chooses.
    Shard(Shard<F>),
    /// The rows of a shared plan.
    Shared(Shared<F>),
    /// More columns, computed on the host: physical planning makes it of what no device computes.
    Evaluate(Evaluate<F>),
}

/// A column of a schema: its identity and whether nulls may occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaColumn<F: Form = Text> {
    /// The column.
    pub id: ColumnId,
    /// The type.
    pub ty: F::Type,
    /// Whether nulls may occur.
    pub nullable: bool,
}

/// The rows of an input table, in input order.
///
/// **Schema**: the listed columns. **Nulls**: as the table has them.
/// **Constraints**: (C1) column indices are of the table and distinct.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan<F: Form = Text> {
    /// The table's index in the program.
    pub table: usize,
    /// The table's column index, and the column that it becomes.
    pub columns: Vec<(usize, SchemaColumn<F>)>,
    /// What every row that is needed satisfies, as a conjunction; evaluated by the stage that scans.
    pub predicates: Vec<Expr<F>>,
    /// Where the source names the table.
    pub span: Span,
}

/// The rows of `input` on which `predicate` is true, in order.
///
/// **Schema**: the input's. **Nulls**: a null predicate drops the row.
/// **Constraints**: (C1) the predicate is bool and reads only the input's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// What must be true.
    pub predicate: Expr<F>,
    /// The transform.
    pub span: Span,
}

/// One row for each row of `input`, in order, of the listed columns.
///
/// **Constraints**: (C1) expressions read only the input's columns; (C2) a column that is passed through keeps its identity
/// (`id` is the column that the expression reads); (C3) ids are distinct.
#[derive(Debug, Clone, PartialEq)]
pub struct Project<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// What comes out.
    pub items: Vec<NamedExpr<F>>,
    /// The transform.
    pub span: Span,
}

/// An expression and the column that it becomes; type and nullability are the expression's.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedExpr<F: Form = Text> {
    /// The column.
    pub id: ColumnId,
    /// Its value.
    pub expr: Expr<F>,
}

/// The pairs of a row of `left` and a row of `right` whose keys are equal, in left order, then right order.
///
/// **Schema**: the left's columns, then the right's (semi and anti: the left's alone). **Nulls**: a null key matches
/// nothing, unless `nulls_equal`; a left join makes the right's columns nullable.
/// **Constraints**: (C1) `on` pairs have one type; (C2) the residual reads columns of both sides, and is bool;
/// (C3) a nearest row is looked for by numbers or times, for an inner or a left join.
#[derive(Debug, Clone, PartialEq)]
pub struct Join<F: Form = Text> {
    /// The probe side, whose order is kept.
    pub left: Box<Plan<F>>,
    /// The build side.
    pub right: Box<Plan<F>>,
    /// Which rows come out.
    pub kind: JoinKind,
    /// Pairs of expressions, of the left and of the right, that must be equal.
    pub on: Vec<(Expr<F>, Expr<F>)>,
    /// Whether the last pair need not be equal: of the rows that are equal in the others, the nearest one matches.
    pub nearest: Option<Nearest>,
    /// A further condition on a pair of rows.
    pub residual: Option<Expr<F>>,
    /// Whether null keys match each other.
    pub nulls_equal: bool,
    /// Where the rows of the build side are, of several devices.
    pub placement: Placement,
    /// The transform.
    pub span: Span,
}

/// Which row is nearest to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nearest {
    /// The last row of the greatest key that is not greater.
    Before,
    /// The first row of the least key that is not less.
    After,
}

/// Which rows a join gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// The pairs that match.
    Inner,
    /// And left rows without a match, once, with nulls.
    Left,
    /// Left rows with a match, once.
    Semi,
    /// Left rows without a match.
    Anti,
}

/// The rows of `input` ordered by `keys`; stable.
///
/// **NaN**: larger than every number. **Nulls**: last, unless a key says first. **Strings**: bytewise.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// From the most to the least significant.
    pub keys: Vec<SortKey<F>>,
    /// The transform.
    pub span: Span,
}

/// A key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey<F: Form = Text> {
    /// What is compared.
    pub expr: Expr<F>,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all others; they come last otherwise, whatever the direction.
    pub nulls_first: bool,
}

/// The rows of `input`, each on the devices that `partitioning` says; the same rows in the same order.
///
/// **C1**: the keys are columns of `input`.
#[derive(Debug, Clone, PartialEq)]
pub struct Shard<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// Where they are.
    pub partitioning: Partitioning,
    /// The transform.
    pub span: Span,
}

/// Which of a mesh's devices hold a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partitioning {
    /// `shard by { keys }`: one, chosen by the values of these columns; rows of equal keys are together.
    Hash(Vec<ColumnId>),
    /// `replicate`: all.
    Replicated,
}

/// `count` rows of `input` after the first `skip`.
#[derive(Debug, Clone, PartialEq)]
pub struct Take<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// Rows to leave out.
    pub skip: u64,
    /// Rows to keep at most.
    pub count: u64,
    /// The transform.
    pub span: Span,
}

/// `take skip count (sort keys input)`
#[derive(Debug, Clone, PartialEq)]
pub struct TopK<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// From the most to the least significant.
    pub keys: Vec<SortKey<F>>,
    /// Rows to leave out.
    pub skip: u64,
    /// Rows to keep at most.
    pub count: u64,
    /// The transform.
    pub span: Span,
}

/// The first row, in input order, of each group of rows with equal `keys`; ends the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Distinct<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// The columns that make rows equal.
    pub keys: Vec<ColumnId>,
    /// The transform.
    pub span: Span,
}

/// The rows of the inputs, one input after the other.
///
/// **Schema**: `columns`. **Constraints**: (C1) every input lists as many columns as there are output columns, of the same
/// types; (C2) an output column is nullable if any input's is.
#[derive(Debug, Clone, PartialEq)]
pub struct Union<F: Form = Text> {
    /// Each input, and its columns in the order of the output's.
    pub inputs: Vec<(Plan<F>, Vec<ColumnId>)>,
    /// The output's columns.
    pub columns: Vec<SchemaColumn<F>>,
    /// The transform.
    pub span: Span,
}

/// The rows of a plan that others read too.
///
/// **Schema**: `columns`, fresh identities for columns of the shared plan, then `row`.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared<F: Form = Text> {
    /// The index in [`super::Program::shared`].
    pub plan: usize,
    /// The shared plan's column, and the column that it becomes here.
    pub columns: Vec<(ColumnId, SchemaColumn<F>)>,
    /// An i64 column of the rows' numbers, from 0, where physical planning wants to tell them apart.
    pub row: Option<SchemaColumn<F>>,
    /// Where the source names it.
    pub span: Span,
}

/// The rows of `input`, in order, with more columns, which the host computes row by row.
///
/// **Schema**: the input's, then `items`. **Nulls**: as the expressions have them.
/// **Constraints**: (C1) expressions read only the input's columns; (C2) ids are distinct and new; (C3) what joins texts is of
/// text and may be null, and the numbers and counts of its rows are i64 and never null.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate<F: Form = Text> {
    /// The rows.
    pub input: Box<Plan<F>>,
    /// What is added.
    pub items: Vec<HostExpr<F>>,
    /// The transform.
    pub span: Span,
}

/// A column that the host computes. Its expression sees text as text, whatever form the plan has.
#[derive(Debug, Clone, PartialEq)]
pub struct HostExpr<F: Form = Text> {
    /// The column.
    pub column: SchemaColumn<F>,
    /// Its value.
    pub expr: Expr,
    /// Where it is the text of several rows, what makes one of theirs.
    pub joined: Option<Joined>,
}

/// The texts of a run of rows, which stand one after the other, become one text; the last row of the run has it, the others
/// have null. Null texts are left out, and of none the result is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The number of a row in its run, from 1: a column of the input, i64.
    pub number: ColumnId,
    /// How many rows its run has: a column of the input, i64.
    pub count: ColumnId,
    /// What stands between two texts.
    pub separator: String,
}

impl<F: Form> HostExpr<F> {
    /// The columns that it reads.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> {
        let run = self.joined.iter().flat_map(|joined| [joined.number, joined.count]);
        self.expr.columns().into_iter().chain(run)
    }

    /// The same with other names for the columns that it reads.
    #[must_use]
    pub fn renamed(self, name: &dyn Fn(ColumnId) -> ColumnId) -> Self {
        let run = |joined: Joined| Joined { number: name(joined.number), count: name(joined.count), ..joined };
        Self { expr: self.expr.renamed(name), joined: self.joined.map(run), ..self }
    }
}

impl<F: Form> SchemaColumn<F> {
    /// An expression that reads the column.
    pub fn read(self, span: Span) -> Expr<F> {
        Expr::column(self.id, self.ty, self.nullable, span)
    }
}

impl<F: Form> Plan<F> {
    /// The output's columns, in order.
    pub fn schema(&self) -> Vec<SchemaColumn<F>> {
        match self {
            Self::Scan(scan) => scan.columns.iter().map(|(_, column)| *column).collect(),
            Self::Filter(filter) => filter.input.schema(),
            Self::Project(project) => project.items.iter().map(NamedExpr::schema).collect(),
            Self::Aggregate(aggregate) => {
                aggregate.keys.iter().copied().chain(aggregate.aggregates.iter().map(NamedAggregate::schema)).collect()
            }
            Self::Join(join) => join.schema(),
            Self::Sort(sort) => sort.input.schema(),
            Self::Take(take) => take.input.schema(),
            Self::TopK(top) => top.input.schema(),
            Self::Distinct(distinct) => distinct.input.schema(),
            Self::Union(union) => union.columns.clone(),
            Self::Window(window) => window.schema(),
            Self::Shard(shard) => shard.input.schema(),
            Self::Shared(shared) => shared.columns.iter().map(|(_, column)| *column).chain(shared.row).collect(),
            Self::Evaluate(evaluate) => {
                evaluate.input.schema().into_iter().chain(evaluate.items.iter().map(|item| item.column)).collect()
            }
        }
    }

    /// The direct inputs, in order.
    pub fn inputs(&self) -> Vec<&Plan<F>> {
        match self {
            Self::Scan(_) | Self::Shared(_) => vec![],
            Self::Filter(Filter { input, .. })
            | Self::Project(Project { input, .. })
            | Self::Aggregate(Aggregate { input, .. })
            | Self::Sort(Sort { input, .. })
            | Self::Take(Take { input, .. })
            | Self::TopK(TopK { input, .. })
            | Self::Distinct(Distinct { input, .. })
            | Self::Window(Window { input, .. })
            | Self::Shard(Shard { input, .. })
            | Self::Evaluate(Evaluate { input, .. }) => vec![input],
            Self::Join(Join { left, right, .. }) => vec![left, right],
            Self::Union(union) => union.inputs.iter().map(|(input, _)| input).collect(),
        }
    }

    /// The direct inputs, in order, to be rewritten in place.
    pub fn inputs_mut(&mut self) -> Vec<&mut Plan<F>> {
        match self {
            Self::Scan(_) | Self::Shared(_) => vec![],
            Self::Filter(Filter { input, .. })
            | Self::Project(Project { input, .. })
            | Self::Aggregate(Aggregate { input, .. })
            | Self::Sort(Sort { input, .. })
            | Self::Take(Take { input, .. })
            | Self::TopK(TopK { input, .. })
            | Self::Distinct(Distinct { input, .. })
            | Self::Window(Window { input, .. })
            | Self::Shard(Shard { input, .. })
            | Self::Evaluate(Evaluate { input, .. }) => vec![input],
            Self::Join(Join { left, right, .. }) => vec![left, right],
            Self::Union(union) => union.inputs.iter_mut().map(|(input, _)| input).collect(),
        }
    }

    /// Takes the plan out of its place, where something empty stays until one is put back.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let nothing = Union { inputs: vec![], columns: vec![], span: Span::default() };
        std::mem::replace(self, Self::Union(nothing))
    }

    /// The expressions of the operator itself, its inputs' and those of the host ([`Evaluate`]) aside.
    pub fn expressions(&self) -> Vec<&Expr<F>> {
        match self {
            Self::Scan(scan) => scan.predicates.iter().collect(),
            Self::Filter(filter) => vec![&filter.predicate],
            Self::Project(project) => project.items.iter().map(|item| &item.expr).collect(),
            Self::Aggregate(aggregate) => {
                let items = aggregate.aggregates.iter();
                items.flat_map(NamedAggregate::expressions).collect()
            }
            Self::Join(join) => join.on.iter().flat_map(|(left, right)| [left, right]).chain(&join.residual).collect(),
            Self::Sort(Sort { keys, .. }) | Self::TopK(TopK { keys, .. }) => keys.iter().map(|key| &key.expr).collect(),
            Self::Window(window) => {
                let keys = window.order.iter().map(|key| &key.expr);
                keys.chain(window.items.iter().flat_map(NamedWindow::expressions)).collect()
            }
            Self::Take(_)
            | Self::Distinct(_)
            | Self::Union(_)
            | Self::Shard(_)
            | Self::Shared(_)
            | Self::Evaluate(_) => vec![],
        }
    }

    /// The expressions of the operator itself, in the same order, to be rewritten in place.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expr<F>> {
        match self {
            Self::Scan(scan) => scan.predicates.iter_mut().collect(),
            Self::Filter(filter) => vec![&mut filter.predicate],
            Self::Project(project) => project.items.iter_mut().map(|item| &mut item.expr).collect(),
            Self::Aggregate(aggregate) => {
                let items = aggregate.aggregates.iter_mut();
                items.flat_map(|item| item.arguments.iter_mut().chain(&mut item.filter)).collect()
            }
            Self::Join(join) => {
                join.on.iter_mut().flat_map(|(left, right)| [left, right]).chain(&mut join.residual).collect()
            }
            Self::Sort(Sort { keys, .. }) | Self::TopK(TopK { keys, .. }) => {
                keys.iter_mut().map(|key| &mut key.expr).collect()
            }
            Self::Window(window) => {
                let keys = window.order.iter_mut().map(|key| &mut key.expr);
                keys.chain(window.items.iter_mut().flat_map(|item| item.arguments.iter_mut().chain(&mut item.filter)))
                    .collect()
            }
            Self::Take(_)
            | Self::Distinct(_)
            | Self::Union(_)
            | Self::Shard(_)
            | Self::Shared(_)
            | Self::Evaluate(_) => vec![],
        }
    }

    /// The transform that made it.
    pub fn span(&self) -> Span {
        match self {
            Self::Scan(Scan { span, .. })
            | Self::Filter(Filter { span, .. })
            | Self::Project(Project { span, .. })
            | Self::Aggregate(Aggregate { span, .. })
            | Self::Join(Join { span, .. })
            | Self::Sort(Sort { span, .. })
            | Self::Take(Take { span, .. })
            | Self::TopK(TopK { span, .. })
            | Self::Distinct(Distinct { span, .. })
            | Self::Union(Union { span, .. })
            | Self::Window(Window { span, .. })
            | Self::Shard(Shard { span, .. })
            | Self::Shared(Shared { span, .. })
            | Self::Evaluate(Evaluate { span, .. }) => *span,
        }
    }
}

impl<F: Form> NamedExpr<F> {
    /// The column that the expression becomes.
    pub fn schema(&self) -> SchemaColumn<F> {
        SchemaColumn { id: self.id, ty: self.expr.ty, nullable: self.expr.nullable }
    }
}

impl<F: Form> Join<F> {
    /// The output's columns, in order.
    pub fn schema(&self) -> Vec<SchemaColumn<F>> {
        let mut columns = self.left.schema();
        match self.kind {
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Inner => columns.extend(self.right.schema()),
            JoinKind::Left => {
                columns.extend(self.right.schema().into_iter().map(|column| SchemaColumn { nullable: true, ..column }));
            }
        }
        columns
    }
}
