//! Programs as DJ text.

use std::fmt::Write;

use super::program::{Frame, Item, Join, Pipeline, Program, SortItem, Step};
use super::schema::columns_of;

/// The program's text.
pub(crate) fn program(program: &Program) -> String {
    let mut text = String::new();
    let body = body(program);
    for table in program.tables.iter().filter(|table| has_word(&body, table.name)) {
        if !table.declared {
            push(&mut text, &format!("table {}\n", table.name));
            continue;
        }
        let columns = columns_of(table.name).iter().filter(|column| has_word(&body, column.name));
        let domain = |column| match super::schema::domain(column) {
            Some(domain) if table.domains => format!(" in {domain}"),
            Some(_) | None => String::new(),
        };
        let columns: Vec<String> = columns
            .map(|column| {
                let null = if column.nullable { "?" } else { "" };
                format!("{}: {}{null}{}", column.name, column.ty, domain(column))
            })
            .collect();
        let columns =
            if columns.is_empty() { columns_of(table.name)[0].name.to_owned() + ": i64" } else { columns.join(", ") };
        push(&mut text, &format!("table {} {{ {columns} }}\n", table.name));
    }
    text + &body
}

fn body(program: &Program) -> String {
    let mut text = String::new();
    for param in &program.params {
        let default = param.default.as_ref().map_or_else(String::new, |value| format!(" = {value}"));
        push(&mut text, &format!("param {}: {}{default}\n", param.name, param.ty));
    }
    for function in &program.functions {
        push(&mut text, &format!("fn {}({}) = {}\n", function.name, function.parameters.join(", "), function.body));
    }
    for (word, list) in [("let", &program.lets), ("export", &program.exports)] {
        for (name, rows) in list {
            push(&mut text, &format!("{word} {name} =\n  {}\n", pipeline(rows, "\n  ")));
        }
    }
    text
}

/// Writing to a string cannot fail.
fn push(text: &mut String, more: &str) {
    let _ = text.write_str(more);
}

/// Whether a text has a word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

fn pipeline(pipeline: &Pipeline, between: &str) -> String {
    let steps = pipeline.steps.iter().map(|step| format!("{between}| {}", self::step(step)));
    pipeline.source.clone() + &steps.collect::<String>()
}

fn inner(rows: &Pipeline) -> String {
    if rows.steps.is_empty() { rows.source.clone() } else { format!("({})", pipeline(rows, " ")) }
}

fn items(items: &[Item]) -> String {
    let one = |item: &Item| {
        let expr = item.expr.dj();
        if expr == item.name { expr } else { format!("{} = {expr}", item.name) }
    };
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn step(step: &Step) -> String {
    match step {
        Step::Filter(expr) => format!("filter {}", expr.dj()),
        Step::Assert { condition, holds } => {
            let condition = condition.dj();
            let always = if *holds { format!(" or not ({condition}) or ({condition}) is null") } else { String::new() };
            format!("assert ({condition}){always} \"asserted\"")
        }
        Step::Apply(call) => call.dj(),
        Step::Replace(item) => format!("derive {} = {}", item.name, item.expr.dj()),
        Step::Derive(list) => format!("derive {{ {} }}", named(list)),
        Step::Select(list) => format!("select {{ {} }}", items(list)),
        Step::Drop(names) => format!("drop {{ {} }}", names.join(", ")),
        Step::Rename(names) => {
            let names: Vec<_> = names.iter().map(|(new, old)| format!("{new} = {old}")).collect();
            format!("rename {{ {} }}", names.join(", "))
        }
        Step::Group { keys, items: list } => format!("group {{ {} }} {{ {} }}", items(keys), named(list)),
        Step::Aggregate(list) => format!("aggregate {{ {} }}", named(list)),
        Step::Join(join) => self::join(join),
        Step::Sort { items, .. } => {
            format!("sort {{ {} }}", items.iter().map(sort_item).collect::<Vec<_>>().join(", "))
        }
        Step::Take(1, last) => format!("take {last}"),
        Step::Take(first, last) => format!("take {first}..{last}"),
        Step::Distinct(keys) if keys.is_empty() => "distinct".to_owned(),
        Step::Distinct(keys) => format!("distinct {{ {} }}", keys.join(", ")),
        Step::Set { kind, right } => format!("{kind} {}", inner(right)),
        Step::Window { by, sort, frame, items, .. } => {
            let by = (!by.is_empty()).then(|| format!("by {{ {} }}", by.join(", ")));
            let sort = (!sort.is_empty()).then(|| format!("sort {{ {} }}", sort_items(sort)));
            let parts: Vec<_> = by.into_iter().chain(sort).chain(self::frame(frame)).collect();
            format!("window {{ {} }} {{ {} }}", parts.join(", "), named(items))
        }
        Step::TakeBy { by, sort, first, last } => {
            let rows = if *first == 1 { last.to_string() } else { format!("{first}..{last}") };
            let by = by.join(", ");
            let sort = if sort.is_empty() { String::new() } else { format!(" sort {{ {} }}", sort_items(sort)) };
            format!("take {rows} by {{ {by} }}{sort}")
        }
        Step::Pivot { by, on, values, name, value } => {
            let values: Vec<_> = values.iter().map(|value| value.literal.dj()).collect();
            let by = if by.is_empty() { String::new() } else { format!("by {{ {} }}, ", by.join(", ")) };
            format!("pivot {{ {by}on {on} in {{ {} }}, {name} = {} }}", values.join(", "), value.dj())
        }
        Step::Unpivot { columns, name, value, .. } => {
            format!("unpivot {{ {} }} into {{ {name}, {value} }}", columns.join(", "))
        }
    }
}

fn named(list: &[Item]) -> String {
    list.iter().map(|item| format!("{} = {}", item.name, item.expr.dj())).collect::<Vec<_>>().join(", ")
}

fn join(join: &Join) -> String {
    let kind = if join.kind == "inner" { String::new() } else { format!("{} ", join.kind) };
    let nulls = if join.nulls_equal { " nulls equal" } else { "" };
    let mut conditions = join.conditions.iter().map(super::expr::Expr::dj).collect::<Vec<_>>();
    let on = if join.kind == "cross" {
        String::new()
    } else if conditions.is_empty() {
        format!(" on {{ {} }}", join.using.join(", "))
    } else {
        conditions.extend(join.using.iter().map(|name| format!("left.{name} == right.{name}")));
        format!(" on {}", conditions.join(" and "))
    };
    format!("join {kind}{}{on}{nulls}", inner(&join.right))
}

fn sort_items(items: &[SortItem]) -> String {
    items.iter().map(sort_item).collect::<Vec<_>>().join(", ")
}

fn frame(frame: &Frame) -> Option<String> {
    let end = |end: &Option<i64>, unit: &str| end.map_or_else(String::new, |end| format!("{end}{unit}"));
    match frame {
        Frame::None => None,
        Frame::Rows { start, end: last } => Some(format!("rows {}..{}", end(start, ""), end(last, ""))),
        Frame::Range { unit, start, end: last } => Some(format!("range {}..{}", end(start, unit.0), end(last, unit.0))),
    }
}

fn sort_item(item: &SortItem) -> String {
    let expr = item.expr.dj();
    let expr = if expr.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') { expr } else { format!("({expr})") };
    let nulls = if item.nulls_first { " nulls first" } else { "" };
    format!("{}{expr}{nulls}", if item.descending { "-" } else { "" })
}
