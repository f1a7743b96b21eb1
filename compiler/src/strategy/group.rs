//! What all strategies for groups have in common: the keys, the aggregates, and their accumulators.

use super::accumulate::Accumulators;
use super::named;
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, order_element};
use crate::physical::{RowOrder, Stage, StagePrinter};
use crate::plan::AggregateFunction;
use dj_grammar::Span;
use dj_runtime::expr::ColumnId;

/// Rows with equal keys become one.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The grouping columns.
    pub keys: Vec<SchemaColumn>,
    /// What is computed of each group.
    pub aggregates: Vec<AggregateItem>,
}

/// An aggregate of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateItem {
    /// The result's column.
    pub column: SchemaColumn,
    /// Which aggregate.
    pub function: AggregateFunction,
    /// Its arguments.
    pub arguments: Vec<Expr>,
    /// Its filter.
    pub filter: Option<Expr>,
    /// The call.
    pub span: Span,
}

impl Group {
    /// The result's columns.
    pub(crate) fn result(&self) -> impl Iterator<Item = &SchemaColumn> {
        self.keys.iter().chain(self.aggregates())
    }

    /// The columns of the aggregates.
    pub(super) fn aggregates(&self) -> impl Iterator<Item = &SchemaColumn> {
        self.aggregates.iter().map(|item| &item.column)
    }

    /// The aggregates' arguments and filters.
    pub(super) fn expressions(&self) -> Vec<&Expr> {
        self.aggregates.iter().flat_map(|item| item.arguments.iter().chain(&item.filter)).collect()
    }

    /// Whether an aggregate asks which row comes first.
    pub(super) fn reads_order(&self) -> bool {
        self.aggregates.iter().any(|item| item.function.reads_order())
    }

    /// `group by origin, hour: dense`
    pub(super) fn label(&self, strategy: &str, names: &dyn Fn(ColumnId) -> String) -> String {
        if self.keys.is_empty() {
            return format!("aggregate: {strategy}");
        }
        format!("group by {}: {strategy}", named(&self.keys, names))
    }

    /// `group [origin, hour]: dense`
    pub(super) fn title(&self, strategy: &str, text: &StagePrinter<'_>) -> String {
        if self.keys.is_empty() {
            return format!("aggregate: {strategy}");
        }
        format!("group [{}]: {strategy}", text.columns(&self.keys))
    }

    /// `n = count()`, a line each.
    pub(super) fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        self.aggregates.iter().map(|item| text.aggregate(item)).collect()
    }

    /// What a group of the stage remembers.
    pub(super) fn accumulators(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Accumulators {
        accumulators(cx, stage, &self.aggregates)
    }
}

/// What a group of the stage remembers of some aggregates.
pub(super) fn accumulators<'a>(
    cx: &Cx<'_, '_>,
    stage: &Stage,
    items: impl IntoIterator<Item = &'a AggregateItem>,
) -> Accumulators {
    let order = stage.row_order().map_or_else(Vec::new, RowOrder::parts);
    let items: Vec<_> = items.into_iter().cloned().collect();
    Accumulators::new(cx, &items, order.into_iter().map(order_element).collect())
}
