//! Plans with other columns: to be compared, and to occur twice in a program.

use super::{Partitioning, Plan, SchemaColumn};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, Form};

impl<F: Form> Plan<F> {
    /// The plan with every column under the name that `name` gives it, asked for inputs first and for what an operator makes
    /// in order. The columns of shared plans keep theirs.
    #[must_use]
    pub fn renamed(mut self, name: &mut dyn FnMut(ColumnId) -> ColumnId) -> Self {
        for input in self.inputs_mut() {
            *input = input.take().renamed(name);
        }
        match &mut self {
            Self::Scan(scan) => scan.columns.iter_mut().for_each(|(_, column)| rename(column, name)),
            Self::Aggregate(aggregate) => aggregate.keys.iter_mut().for_each(|key| rename(key, name)),
            Self::Distinct(distinct) => distinct.keys.iter_mut().for_each(|key| *key = name(*key)),
            Self::Shard(shard) => {
                if let Partitioning::Hash(keys) = &mut shard.partitioning {
                    keys.iter_mut().for_each(|key| *key = name(*key));
                }
            }
            Self::Window(window) => window.by.iter_mut().for_each(|key| rename(key, name)),
            Self::Union(union) => {
                union.inputs.iter_mut().flat_map(|(_, ids)| ids).for_each(|id| *id = name(*id));
                union.columns.iter_mut().for_each(|column| rename(column, name));
            }
            Self::Shared(reader) => {
                let columns = reader.columns.iter_mut().map(|(_, column)| column);
                columns.chain(&mut reader.row).for_each(|column| rename(column, name));
            }
            Self::Filter(_)
            | Self::Project(_)
            | Self::Join(_)
            | Self::Sort(_)
            | Self::Take(_)
            | Self::TopK(_)
            | Self::Evaluate(_) => {}
        }
        for expr in self.expressions_mut() {
            let columns = expr.columns();
            let names: Vec<_> = columns.iter().map(|id| name(*id)).collect();
            let renamed = |id| columns.iter().position(|old| *old == id).map_or(id, |at| names[at]);
            *expr = expr.take().renamed(&renamed);
        }
        match &mut self {
            Self::Project(project) => project.items.iter_mut().for_each(|item| item.id = name(item.id)),
            Self::Aggregate(aggregate) => aggregate.aggregates.iter_mut().for_each(|item| item.id = name(item.id)),
            Self::Window(window) => window.items.iter_mut().for_each(|item| item.id = name(item.id)),
            Self::Evaluate(evaluate) => evaluate.items.iter_mut().for_each(|item| {
                let columns: Vec<_> = item.columns().collect();
                let names: Vec<_> = columns.iter().map(|id| name(*id)).collect();
                let renamed = |id| columns.iter().position(|old| *old == id).map_or(id, |at| names[at]);
                *item = item.clone().renamed(&renamed);
                rename(&mut item.column, name);
            }),
            Self::Scan(_)
            | Self::Filter(_)
            | Self::Join(_)
            | Self::Sort(_)
            | Self::Take(_)
            | Self::TopK(_)
            | Self::Distinct(_)
            | Self::Union(_)
            | Self::Shard(_)
            | Self::Shared(_) => {}
        }
        self
    }

    /// The plan with all spans at zero, to be compared.
    #[must_use]
    pub fn without_spans(mut self) -> Self {
        self.walk_mut(&mut |plan| {
            *plan.span_mut() = Span::default();
            match plan {
                Self::Aggregate(aggregate) => {
                    aggregate.aggregates.iter_mut().for_each(|item| item.span = Span::default());
                }
                Self::Window(window) => window.items.iter_mut().for_each(|item| item.span = Span::default()),
                Self::Evaluate(evaluate) => {
                    evaluate.items.iter_mut().for_each(|item| item.expr = item.expr.without_spans());
                }
                Self::Scan(_)
                | Self::Filter(_)
                | Self::Project(_)
                | Self::Join(_)
                | Self::Sort(_)
                | Self::Take(_)
                | Self::TopK(_)
                | Self::Distinct(_)
                | Self::Union(_)
                | Self::Shard(_)
                | Self::Shared(_) => {}
            }
            plan.expressions_mut().into_iter().for_each(|expr| *expr = expr.without_spans());
        });
        self
    }

    fn span_mut(&mut self) -> &mut Span {
        match self {
            Self::Scan(plan) => &mut plan.span,
            Self::Filter(plan) => &mut plan.span,
            Self::Project(plan) => &mut plan.span,
            Self::Aggregate(plan) => &mut plan.span,
            Self::Join(plan) => &mut plan.span,
            Self::Sort(plan) => &mut plan.span,
            Self::Take(plan) => &mut plan.span,
            Self::TopK(plan) => &mut plan.span,
            Self::Distinct(plan) => &mut plan.span,
            Self::Union(plan) => &mut plan.span,
            Self::Window(plan) => &mut plan.span,
            Self::Shard(plan) => &mut plan.span,
            Self::Shared(plan) => &mut plan.span,
            Self::Evaluate(plan) => &mut plan.span,
        }
    }
}

fn rename<F: Form>(column: &mut SchemaColumn<F>, name: &mut dyn FnMut(ColumnId) -> ColumnId) {
    column.id = name(column.id);
}
