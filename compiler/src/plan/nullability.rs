//! What may be null, said again after a rewrite.
//!
//! Nullability stands in every schema and every expression, so a rewrite that makes a column never null (a left join that
//! becomes an inner one, a `??` that folds) leaves readers above it that still say that it may be. This pass tells
//! them. It only narrows: what is said never to be null stays so.

use super::{AggregateFunction, NamedAggregate, NamedWindow, Plan, Program, SchemaColumn, WindowFunction};
use dj_runtime::expr::{ArithmeticOp, ColumnId, Expr, ExprKind, Form};
use std::collections::BTreeMap;

/// Whether each column of an input may be null.
type Nullable = BTreeMap<ColumnId, bool>;

/// Makes every reader of a column that is never null say so, from the scans to the exports.
///
/// `tables` tells of a table over a dictionary whether it has nulls of its own.
pub fn narrow_nullability<F: Form>(program: &mut Program<F>, tables: &dyn Fn(F::Table) -> bool) {
    let mut shared: Vec<Nullable> = Vec::new();
    for source in &mut program.shared {
        let columns = narrow_plan(&mut source.plan, &shared, tables);
        shared.push(columns);
    }
    for export in &mut program.exports {
        narrow_plan(&mut export.plan, &shared, tables);
    }
}

/// Narrows a plan and says of each column of its schema whether it may be null.
fn narrow_plan<F: Form>(plan: &mut Plan<F>, shared: &[Nullable], tables: &dyn Fn(F::Table) -> bool) -> Nullable {
    let inputs: Vec<Nullable> = plan.inputs_mut().into_iter().map(|input| narrow_plan(input, shared, tables)).collect();
    let below: Nullable = inputs.iter().flatten().map(|(id, nullable)| (*id, *nullable)).collect();
    if let Plan::Scan(scan) = plan {
        let columns: Nullable = scan.columns.iter().map(|(_, column)| (column.id, column.nullable)).collect();
        scan.predicates.iter_mut().for_each(|predicate| narrow_expr(predicate, &columns, tables));
        return columns;
    }
    plan.expressions_mut().into_iter().for_each(|expr| narrow_expr(expr, &below, tables));
    match plan {
        Plan::Filter(_)
        | Plan::Sort(_)
        | Plan::Take(_)
        | Plan::TopK(_)
        | Plan::Distinct(_)
        | Plan::Shard(_)
        | Plan::Scan(_) => below,
        Plan::Project(_) | Plan::Evaluate(_) | Plan::Join(_) => of_schema(&plan.schema()),
        Plan::Aggregate(aggregate) => {
            aggregate.keys.iter_mut().for_each(|key| narrow_column(key, below.get(&key.id)));
            let is_grouped = !aggregate.keys.is_empty();
            aggregate.aggregates.iter_mut().for_each(|item| narrow_aggregate(item, is_grouped));
            of_schema(&plan.schema())
        }
        Plan::Window(window) => {
            window.by.iter_mut().for_each(|key| narrow_column(key, below.get(&key.id)));
            window.items.iter_mut().for_each(narrow_window);
            of_schema(&window.schema())
        }
        Plan::Union(union) => {
            for (at, column) in union.columns.iter_mut().enumerate() {
                let ids = union.inputs.iter().map(|(_, ids)| ids.get(at));
                let may_be_null = |(id, input): (Option<&ColumnId>, &Nullable)| {
                    id.and_then(|id| input.get(id)).copied().unwrap_or(column.nullable)
                };
                // A union of nothing stands for a relation that is not known, of which nothing is said.
                let nullable = inputs.is_empty() || ids.zip(&inputs).any(may_be_null);
                narrow_column(column, Some(&nullable));
            }
            of_schema(&union.columns)
        }
        Plan::Shared(reader) => {
            for (from, column) in &mut reader.columns {
                narrow_column(column, shared.get(reader.plan).and_then(|source| source.get(from)));
            }
            of_schema(&plan.schema())
        }
    }
}

/// A group has a row, so what aggregates its values has one where none of them is null and all of them count.
fn narrow_aggregate<F: Form>(item: &mut NamedAggregate<F>, is_grouped: bool) {
    let always = |values: &[Expr<F>]| !values.is_empty() && values.iter().all(|value| !value.nullable);
    let has_value = is_grouped && item.filter.is_none() && always(&item.arguments);
    item.nullable &= aggregate_may_be_null(item.function, has_value);
}

/// What is of a row's own frame has a value where none of its arguments is null and all rows count.
fn narrow_window<F: Form>(item: &mut NamedWindow<F>) {
    let always = |values: &[Expr<F>]| !values.is_empty() && values.iter().all(|value| !value.nullable);
    item.nullable &= match item.function {
        WindowFunction::Aggregate(function) => {
            let has_value = item.frame.has_own_row() && item.filter.is_none() && always(&item.arguments);
            aggregate_may_be_null(function, has_value)
        }
        WindowFunction::Shift(_) => item.arguments.len() < 2 || !always(&item.arguments),
        WindowFunction::Fill => !always(&item.arguments),
        WindowFunction::RowNumber
        | WindowFunction::Rank
        | WindowFunction::DenseRank
        | WindowFunction::PercentRank
        | WindowFunction::CumulativeShare
        | WindowFunction::Tile(_) => false,
    };
}

/// Whether an aggregate may be null of rows of which all have values.
fn aggregate_may_be_null(function: AggregateFunction, has_value: bool) -> bool {
    match function {
        AggregateFunction::Count | AggregateFunction::CountDistinct => false,
        AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::Any
        | AggregateFunction::All
        | AggregateFunction::Product
        | AggregateFunction::StringAgg
        | AggregateFunction::Quantile
        | AggregateFunction::Mode
        | AggregateFunction::ArgMin
        | AggregateFunction::ArgMax
        | AggregateFunction::Correlation => !has_value,
        // Of one value there is none.
        AggregateFunction::Variance | AggregateFunction::StandardDeviation | AggregateFunction::Covariance => true,
    }
}

fn of_schema<F: Form>(schema: &[SchemaColumn<F>]) -> Nullable {
    schema.iter().map(|column| (column.id, column.nullable)).collect()
}

fn narrow_column<F: Form>(column: &mut SchemaColumn<F>, source: Option<&bool>) {
    column.nullable &= source.copied().unwrap_or(true);
}

/// Narrows an expression over columns of which `columns` says whether they may be null.
fn narrow_expr<F: Form>(expr: &mut Expr<F>, columns: &Nullable, tables: &dyn Fn(F::Table) -> bool) {
    for operand in expr.operands_mut() {
        narrow_expr(operand, columns, tables);
    }
    expr.nullable &= may_be_null(expr, columns, tables);
}

/// Whether an expression may be null, by its operands; where that is not known from them, what it says itself.
fn may_be_null<F: Form>(expr: &Expr<F>, columns: &Nullable, tables: &dyn Fn(F::Table) -> bool) -> bool {
    let some_operand = || expr.operands().iter().any(|operand| operand.nullable);
    match &expr.kind {
        ExprKind::Column(id) => columns.get(id).copied().unwrap_or(expr.nullable),
        ExprKind::Literal(value) => F::is_null(value),
        ExprKind::IsNull(_) => false,
        ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Compare(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Like { .. }
        | ExprKind::Cast { or_null: false, .. }
        | ExprKind::Arithmetic(
            ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Multiply | ArithmeticOp::Divide,
            ..,
        ) => some_operand(),
        ExprKind::InList { list, .. } => some_operand() || list.iter().any(F::is_null),
        ExprKind::Coalesce(operands) => operands.iter().all(|operand| operand.nullable),
        ExprKind::Case { arms, otherwise } => {
            otherwise.as_ref().is_none_or(|value| value.nullable) || arms.iter().any(|(_, value)| value.nullable)
        }
        // These give null of operands that are not: a divisor of zero, a cast that fails, a function's own rule.
        ExprKind::Cast { or_null: true, .. }
        | ExprKind::Arithmetic(ArithmeticOp::FloorDivide | ArithmeticOp::Modulo | ArithmeticOp::Power, ..)
        | ExprKind::Call(..)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. } => expr.nullable,
        ExprKind::Table { table, .. } => some_operand() || tables(*table),
    }
}
