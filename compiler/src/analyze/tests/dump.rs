//! A short text form of programs, for these tests.

use crate::plan::{Columns, Plan, Program};
use dj_runtime::expr::{ColumnId, Expr, ExprKind, Scalar};

/// The text of a program.
pub(super) fn program(program: &Program) -> String {
    let mut text = String::new();
    for (index, shared) in program.shared.iter().enumerate() {
        text += &format!("shared {index} {}\n", shared.name);
        plan(&shared.plan, &program.columns, 1, &mut text);
    }
    for export in &program.exports {
        text += &format!("export {}\n", export.name);
        plan(&export.plan, &program.columns, 1, &mut text);
    }
    text
}

fn name(columns: &Columns, id: ColumnId) -> String {
    format!("{}#{}", columns.get(id).name, id.0)
}

fn typed(expr: &Expr, columns: &Columns) -> String {
    format!("{}: {}{}", text(expr, columns), expr.ty, if expr.nullable { "?" } else { "" })
}

fn plan(node: &Plan, columns: &Columns, depth: usize, out: &mut String) {
    let ids = |ids: Vec<ColumnId>| ids.into_iter().map(|id| name(columns, id)).collect::<Vec<_>>().join(", ");
    let schema = ids(node.schema().iter().map(|column| column.id).collect());
    let line = match node {
        Plan::Scan(scan) => format!("scan {} [{schema}]", scan.table),
        Plan::Filter(filter) => format!("filter {}", text(&filter.predicate, columns)),
        Plan::Project(project) => {
            let item = |item: &crate::plan::NamedExpr| match item.expr.as_column() {
                Some(id) if id == item.id => name(columns, id),
                _ => format!("{} = {}", name(columns, item.id), typed(&item.expr, columns)),
            };
            format!("project [{}]", project.items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        Plan::Aggregate(aggregate) => {
            let one = |a: &crate::plan::NamedAggregate| {
                let argument = a.argument.as_ref().map(|x| text(x, columns)).unwrap_or_default();
                let filter = a.filter.as_ref().map(|x| format!(" filter {}", text(x, columns))).unwrap_or_default();
                let ty = format!("{}{}", a.ty, if a.nullable { "?" } else { "" });
                format!("{} = {:?}({argument}{filter}): {ty}", name(columns, a.id), a.function)
            };
            let keys = ids(aggregate.keys.iter().map(|column| column.id).collect());
            format!("aggregate [{keys}] [{}]", aggregate.aggregates.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Plan::Join(join) => {
            let pair = |(a, b): &(Expr, Expr)| format!("{} == {}", text(a, columns), text(b, columns));
            let residual = join.residual.as_ref().map(|x| format!(" where {}", text(x, columns))).unwrap_or_default();
            format!("join {:?} [{}]{residual}", join.kind, join.on.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Plan::Sort(sort) => {
            let key = |key: &crate::plan::SortKey| {
                format!("{}{}", if key.descending { "-" } else { "" }, text(&key.expr, columns))
            };
            format!("sort [{}]", sort.keys.iter().map(key).collect::<Vec<_>>().join(", "))
        }
        Plan::Take(take) => format!("take {} {}", take.skip, take.count),
        Plan::TopK(top) => format!("topk {} {}", top.skip, top.count),
        Plan::Distinct(distinct) => format!("distinct [{}]", ids(distinct.keys.clone())),
        Plan::Union(union) => {
            let inputs: Vec<String> = union.inputs.iter().map(|(_, own)| format!("[{}]", ids(own.clone()))).collect();
            format!("union [{schema}] of {}", inputs.join(" "))
        }
        Plan::Shared(shared) => format!("shared {} [{schema}]", shared.plan),
    };
    out.push_str(&"  ".repeat(depth));
    out.push_str(&line);
    out.push('\n');
    for input in node.inputs() {
        plan(input, columns, depth + 1, out);
    }
}

fn list(exprs: &[Expr], columns: &Columns, between: &str) -> String {
    exprs.iter().map(|expr| text(expr, columns)).collect::<Vec<_>>().join(between)
}

fn text(expr: &Expr, columns: &Columns) -> String {
    let of = |expr: &Expr| text(expr, columns);
    match &expr.kind {
        ExprKind::Column(id) => name(columns, *id),
        ExprKind::Literal(scalar) => format!("{}:{}", scalar_text(scalar), expr.ty),
        ExprKind::Param(index) => format!("param {index}"),
        ExprKind::Cell { plan, column } => format!("cell {plan}.{}", name(columns, *column)),
        ExprKind::Table { .. } => "table".to_owned(),
        ExprKind::Negate(x) => format!("-{}", of(x)),
        ExprKind::Not(x) => format!("not {}", of(x)),
        ExprKind::Arithmetic(op, a, b) => format!("({} {} {})", of(a), op.symbol(), of(b)),
        ExprKind::Compare(op, a, b) => format!("({} {} {})", of(a), op.symbol(), of(b)),
        ExprKind::And(xs) => format!("({})", list(xs, columns, " and ")),
        ExprKind::Or(xs) => format!("({})", list(xs, columns, " or ")),
        ExprKind::IsNull(x) => format!("{} is null", of(x)),
        ExprKind::Coalesce(xs) => format!("({})", list(xs, columns, " ?? ")),
        ExprKind::Case { arms, otherwise } => {
            let arms: Vec<String> = arms.iter().map(|(c, v)| format!("{} => {}", of(c), of(v))).collect();
            let last = otherwise.as_ref().map(|x| format!(", else => {}", of(x))).unwrap_or_default();
            format!("case {{ {}{last} }}", arms.join(", "))
        }
        ExprKind::InList { operand, list } => {
            format!("{} in {{{}}}", of(operand), list.iter().map(scalar_text).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Like { operand, pattern } => format!("{} like {pattern:?}", of(operand)),
        ExprKind::Cast { operand, or_null } => {
            format!("({} as{} {})", of(operand), if *or_null { "?" } else { "" }, expr.ty)
        }
        ExprKind::Call(function, arguments) => format!("{}({})", function.name(), list(arguments, columns, ", ")),
    }
}

fn scalar_text(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Float(value) => format!("{value:?}"),
        Scalar::Str(text) => format!("{text:?}"),
    }
}
