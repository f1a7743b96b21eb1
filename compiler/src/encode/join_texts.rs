//! `aggregate k [string_agg(x, s)] t` = `aggregate k [last(j filter r == n)] (evaluate j (window k [r, n] (sort k t)))`
//!
//! where `r` numbers the rows of a group, `n` counts them, and `j` is what the host makes of their texts: it reads the rows of
//! a group one after the other, and has the text of all with the last of them. The sort is stable, so that a group's rows
//! stay in the order of the input, for all its aggregates.

use crate::plan::{
    Aggregate, AggregateFunction, Columns, Evaluate, Frame, HostExpr, Joined, NamedAggregate, NamedExpr, NamedWindow,
    Plan, Program, Project, SchemaColumn, Sort, SortKey, Window, WindowFunction,
};
use dj_grammar::Span;
use dj_runtime::expr::{CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

/// Leaves the texts of groups to the host.
pub(super) fn join_texts(program: &mut Program) {
    let Program { columns, shared, exports, .. } = program;
    let plans =
        shared.iter_mut().map(|shared| &mut shared.plan).chain(exports.iter_mut().map(|export| &mut export.plan));
    plans.for_each(|plan| *plan = rewritten(plan.take(), columns));
}

fn rewritten(mut plan: Plan, columns: &mut Columns) -> Plan {
    for input in plan.inputs_mut() {
        *input = rewritten(input.take(), columns);
    }
    let Plan::Aggregate(aggregate) = plan else { return plan };
    let of_texts = aggregate.aggregates.iter().any(joins_texts);
    if of_texts { with_texts(aggregate, columns) } else { Plan::Aggregate(aggregate) }
}

/// Whether the host computes it.
pub(super) fn joins_texts(item: &NamedAggregate) -> bool {
    item.function == AggregateFunction::StringAgg
}

fn with_texts(aggregate: Aggregate, columns: &mut Columns) -> Plan {
    let Aggregate { input, keys, mut aggregates, span } = aggregate;
    let (number, count) = (whole(columns, "row_number", span), whole(columns, "count", span));
    let is_last = || {
        let kind = ExprKind::Compare(CompareOp::Equal, Box::new(number.read(span)), Box::new(count.read(span)));
        Expr { kind, ty: Type::Bool, nullable: false, span }
    };
    let mut items: Vec<NamedExpr> =
        input.schema().into_iter().map(|column| NamedExpr { id: column.id, expr: column.read(span) }).collect();
    let mut texts = Vec::new();
    for item in aggregates.iter_mut().filter(|item| joins_texts(item)) {
        let (text, separator) = text_of(item);
        let read = SchemaColumn { id: columns.add("text", Type::Str, span), ty: Type::Str, nullable: text.nullable };
        items.push(NamedExpr { id: read.id, expr: text });
        let column = SchemaColumn { id: columns.add("texts", Type::Str, span), ty: Type::Str, nullable: true };
        let joined = Some(Joined { number: number.id, count: count.id, separator });
        texts.push(HostExpr { column, expr: read.read(span), joined });
        item.function = AggregateFunction::Last;
        item.arguments = vec![column.read(span)];
        item.filter = Some(is_last());
    }
    let mut plan = Plan::Project(Project { input, items, span });
    if !keys.is_empty() {
        let key = |key: &SchemaColumn| SortKey { expr: key.read(span), descending: false, nulls_first: false };
        plan = Plan::Sort(Sort { input: Box::new(plan), keys: keys.iter().map(key).collect(), span });
    }
    let of_group = |column: SchemaColumn, function| NamedWindow {
        id: column.id,
        function,
        arguments: vec![],
        filter: None,
        frame: Frame::PARTITION,
        ty: Type::I64,
        nullable: false,
        span,
    };
    let counted = WindowFunction::Aggregate(AggregateFunction::Count);
    let numbers = vec![of_group(number, WindowFunction::RowNumber), of_group(count, counted)];
    let window =
        Window { input: Box::new(plan), by: keys.clone(), order: vec![], items: numbers, any_order: false, span };
    let input = Plan::Evaluate(Evaluate { input: Box::new(Plan::Window(window)), items: texts, span });
    Plan::Aggregate(Aggregate { input: Box::new(input), keys, aggregates, span })
}

/// The text of a row, null where it does not count, and what stands between two.
fn text_of(item: &NamedAggregate) -> (Expr, String) {
    let [text, separator] = &item.arguments[..] else { unreachable!("`string_agg` has a text and a separator") };
    let Some(Scalar::Str(separator)) = separator.as_literal() else { unreachable!("a separator is a literal") };
    let text = match &item.filter {
        None => text.clone(),
        Some(filter) => {
            let kind = ExprKind::Case { arms: vec![(filter.clone(), text.clone())], otherwise: None };
            Expr { kind, ty: Type::Str, nullable: true, span: text.span }
        }
    };
    (text, separator.to_string())
}

fn whole(columns: &mut Columns, name: &str, span: Span) -> SchemaColumn {
    SchemaColumn { id: columns.add(name, Type::I64, span), ty: Type::I64, nullable: false }
}
