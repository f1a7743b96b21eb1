//! Programs as trees: tables, parameters, functions, shared pipelines, exports. They print in both languages, and lose parts
//! when a failure is made small.
#![expect(clippy::wildcard_enum_match_arm, reason = "most steps are alike here")]

use super::expr::Expr;
use super::types::Type;

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) tables: Vec<Table>,
    pub(crate) params: Vec<Param>,
    pub(crate) functions: Vec<Function>,
    pub(crate) lets: Vec<(String, Pipeline)>,
    pub(crate) exports: Vec<(String, Pipeline)>,
    /// Whether its last step may fail, on the same rows in both engines.
    pub(crate) daring: bool,
}

/// A table that the program may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Whether its columns are declared; else they are those of the bound file.
    pub(crate) declared: bool,
    /// Whether columns that have a narrow domain declare it.
    pub(crate) domains: bool,
}

/// A parameter, its default, and the value that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// The default, if it has one, as in the program.
    pub(crate) default: Option<String>,
    /// As on the command line; without one the default holds.
    pub(crate) given: Option<String>,
}

/// A function of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: Vec<String>,
    pub(crate) body: String,
}

/// A source and what becomes of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pipeline {
    /// A table's name or a shared pipeline's.
    pub(crate) source: String,
    pub(crate) steps: Vec<Step>,
}

/// A named expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) expr: Expr,
}

/// A sort's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortItem {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// What makes rows of two sides match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Join {
    /// As in DJ.
    pub(crate) kind: &'static str,
    pub(crate) right: Pipeline,
    /// Names that both sides have, of which one is kept.
    pub(crate) using: Vec<String>,
    /// Further conditions, over columns of either side.
    pub(crate) conditions: Vec<Expr>,
    pub(crate) nulls_equal: bool,
}

/// A transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Filter(Expr),
    /// An assertion; whatever `holds` is true of a row, or null, or false.
    Assert {
        condition: Expr,
        holds: bool,
    },
    /// A function of the program that filters, called.
    Apply(Expr),
    Derive(Vec<Item>),
    /// A derived column in the place of one of its name.
    Replace(Item),
    Select(Vec<Item>),
    Drop(Vec<String>),
    /// New and old names.
    Rename(Vec<(String, String)>),
    Group {
        keys: Vec<Item>,
        items: Vec<Item>,
    },
    Aggregate(Vec<Item>),
    Join(Box<Join>),
    /// `total`: no two rows are equal in all items, so that it gives an order to rows that have none.
    Sort {
        items: Vec<SortItem>,
        total: bool,
    },
    /// The first and the last row, counted from one.
    Take(usize, usize),
    /// By these columns; of whole rows if there are none.
    Distinct(Vec<String>),
    /// `union`, `union distinct`, `intersect` or `except`.
    Set {
        kind: &'static str,
        right: Pipeline,
    },
    /// `by_rows`: what it gives depends on the place of each row, and not on its keys alone.
    Window {
        by: Vec<String>,
        sort: Vec<SortItem>,
        frame: Frame,
        by_rows: bool,
        items: Vec<Item>,
    },
    /// The rows from the first to the last of each key, in an order.
    TakeBy {
        by: Vec<String>,
        sort: Vec<SortItem>,
        first: usize,
        last: usize,
    },
    Pivot {
        by: Vec<String>,
        on: String,
        values: Vec<PivotValue>,
        name: String,
        value: Expr,
    },
    Unpivot {
        columns: Vec<String>,
        ty: Type,
        name: String,
        value: String,
    },
}

/// The frame of a window; an end that is not there is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    None,
    Rows {
        start: Option<i64>,
        end: Option<i64>,
    },
    /// `unit`: of both languages, nothing for a number.
    Range {
        unit: (&'static str, &'static str),
        start: Option<i64>,
        end: Option<i64>,
    },
}

/// A value of the column that a pivot spreads: the literal in both languages and the column's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PivotValue {
    pub(crate) literal: Expr,
    pub(crate) name: String,
}

impl Program {
    fn shared(&self, name: &str) -> Option<&Pipeline> {
        self.lets.iter().find(|(own, _)| own == name).map(|(_, pipeline)| pipeline)
    }

    /// Whether the rows of a pipeline have an order.
    pub(crate) fn is_ordered(&self, pipeline: &Pipeline) -> bool {
        let start = self.shared(&pipeline.source).is_none_or(|shared| self.is_ordered(shared));
        pipeline.steps.iter().fold(start, |ordered, step| match step {
            Step::Filter(_) | Step::Assert { .. } | Step::Apply(_) | Step::Derive(_) | Step::Replace(_) => ordered,
            Step::Select(_) | Step::Drop(_) | Step::Rename(_) => ordered,
            Step::Group { .. } | Step::Pivot { .. } | Step::Distinct(_) => false,
            Step::Aggregate(_) => true,
            Step::Join(join) if matches!(join.kind, "semi" | "anti") => ordered,
            Step::Join(join) => ordered && self.is_ordered(&join.right),
            Step::Sort { total, .. } => ordered || *total,
            Step::Take(..) | Step::Unpivot { .. } | Step::Window { .. } | Step::TakeBy { .. } => ordered,
            Step::Set { kind: "union", right } => ordered && self.is_ordered(right),
            Step::Set { .. } => false,
        })
    }

    /// Whether every step that looks at the order of rows has one.
    pub(crate) fn is_determined(&self) -> bool {
        self.lets.iter().chain(&self.exports).all(|(_, pipeline)| self.steps_are_determined(pipeline))
    }

    fn steps_are_determined(&self, pipeline: &Pipeline) -> bool {
        let mut before = Pipeline { source: pipeline.source.clone(), steps: vec![] };
        for step in &pipeline.steps {
            let inner = match step {
                Step::Join(join) => Some(&join.right),
                Step::Set { right, .. } => Some(right),
                _ => None,
            };
            if inner.is_some_and(|inner| !self.steps_are_determined(inner)) {
                return false;
            }
            if step.looks_at_order() && !self.is_ordered(&before) {
                return false;
            }
            before.steps.push(step.clone());
        }
        true
    }

    /// How large it is; what shrinks makes this less.
    pub(crate) fn size(&self) -> usize {
        let pipelines = self.lets.iter().chain(&self.exports).map(|(_, pipeline)| 1 + pipeline.size());
        self.params.len() + self.functions.len() + pipelines.sum::<usize>()
    }
}

impl Pipeline {
    fn size(&self) -> usize {
        self.steps.iter().map(Step::size).sum()
    }
}

impl Step {
    /// The expressions in it.
    pub(crate) fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Filter(expr) | Self::Assert { condition: expr, .. } | Self::Apply(expr) => vec![expr],
            Self::Replace(item) => vec![&item.expr],
            Self::Derive(items) | Self::Select(items) | Self::Aggregate(items) => {
                items.iter().map(|i| &i.expr).collect()
            }
            Self::Group { keys, items } => keys.iter().chain(items).map(|item| &item.expr).collect(),
            Self::Join(join) => join.conditions.iter().collect(),
            Self::Sort { items, .. } => items.iter().map(|item| &item.expr).collect(),
            Self::Pivot { value, .. } => vec![value],
            Self::Window { sort, items, .. } => {
                sort.iter().map(|item| &item.expr).chain(items.iter().map(|item| &item.expr)).collect()
            }
            Self::TakeBy { sort, .. } => sort.iter().map(|item| &item.expr).collect(),
            Self::Drop(_)
            | Self::Rename(_)
            | Self::Take(..)
            | Self::Distinct(_)
            | Self::Set { .. }
            | Self::Unpivot { .. } => {
                vec![]
            }
        }
    }

    fn looks_at_order(&self) -> bool {
        match self {
            Self::Take(..) | Self::TakeBy { .. } => true,
            Self::Window { by_rows, .. } => *by_rows,
            Self::Distinct(keys) => !keys.is_empty(),
            _ => self.expressions().iter().any(|expr| {
                let text = expr.dj();
                ["first(", "last(", "string_agg("].iter().any(|name| text.contains(name))
            }),
        }
    }

    fn size(&self) -> usize {
        let inner = match self {
            Self::Join(join) => join.right.size() + join.using.len() + usize::from(join.kind != "inner"),
            Self::Set { right, .. } => right.size(),
            Self::Distinct(keys) => keys.len(),
            Self::Drop(names) => names.len(),
            Self::Rename(names) => names.len(),
            Self::Pivot { by, values, .. } => by.len() + values.len(),
            Self::Window { by, frame, .. } => by.len() + usize::from(*frame != Frame::None),
            Self::TakeBy { by, last, .. } => by.len() + last,
            Self::Unpivot { columns, .. } => columns.len(),
            _ => 0,
        };
        2 + inner + self.expressions().iter().map(|expr| expr.size()).sum::<usize>()
    }
}
