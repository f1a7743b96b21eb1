//! `filter p (union x y)` = `union (filter p x) (filter p y)`

use crate::optimize::driver::{Rewritten, Rule, RuleContext};
use crate::optimize::expressions::{column_expr, substitute};
use crate::plan::{Filter, Plan, SchemaColumn, Union};
use dj_runtime::expr::{ColumnId, Expr};

pub(in crate::optimize) struct PushFilterThroughUnion;

impl Rule for PushFilterThroughUnion {
    fn name(&self) -> &'static str {
        "push_filter_through_union"
    }

    fn rewrite(&self, plan: Plan, _: &RuleContext<'_>) -> Rewritten {
        match plan {
            Plan::Filter(Filter { input, predicate, span }) => match *input {
                Plan::Union(union) => {
                    let filtered = |(input, ids): (Plan, Vec<ColumnId>)| {
                        let predicate = of_input(&predicate, &union.columns, &ids, &input);
                        (Plan::Filter(Filter { input: Box::new(input), predicate, span }), ids)
                    };
                    let inputs = union.inputs.into_iter().map(filtered).collect();
                    Rewritten::changed(Plan::Union(Union { inputs, columns: union.columns, span: union.span }))
                }
                other => Rewritten::unchanged(Plan::Filter(Filter { input: Box::new(other), predicate, span })),
            },
            other => Rewritten::unchanged(other),
        }
    }
}

/// The predicate over an input's own columns.
fn of_input(predicate: &Expr, columns: &[SchemaColumn], ids: &[ColumnId], input: &Plan) -> Expr {
    let schema = input.schema();
    substitute(predicate.clone(), &|id| {
        let position = columns.iter().position(|column| column.id == id)?;
        let column = schema.iter().find(|column| column.id == ids[position])?;
        Some(column_expr(*column, predicate.span))
    })
}
