//! Programs as DuckDB queries.
//!
//! Every relation has a column `o`, by which its rows are in DJ's order, where there is one.

use super::expr::Expr;
use super::program::{Frame, Item, Join, Pipeline, PivotValue, Program, SortItem, Step};
use super::types::Type;

/// The query of an export, a list of common table expressions; in order if the rows have one.
pub(crate) fn export(program: &Program, pipeline: &Pipeline) -> String {
    let mut printer = Printer { parts: vec![], last: 0 };
    for (name, shared) in &program.lets {
        let last = printer.pipeline(shared);
        printer.parts.push(format!("{name} as (from {last})"));
    }
    let last = printer.pipeline(pipeline);
    let order = if program.is_ordered(pipeline) { " order by o" } else { "" };
    format!("with {}\nselect * exclude (o) from {last}{order}", printer.parts.join(",\n"))
}

struct Printer {
    parts: Vec<String>,
    last: usize,
}

const TOTAL: &str = "row_number() over";

impl Printer {
    /// The name under which its rows can be read.
    fn pipeline(&mut self, pipeline: &Pipeline) -> String {
        let mut input = pipeline.source.clone();
        if pipeline.steps.is_empty() {
            return self.part(&format!("from {input}"));
        }
        for step in &pipeline.steps {
            input = self.step(&input, step);
        }
        input
    }

    fn part(&mut self, query: &str) -> String {
        self.last += 1;
        let name = format!("s{}", self.last);
        self.parts.push(format!("{name} as ({query})"));
        name
    }

    fn step(&mut self, input: &str, step: &Step) -> String {
        let query = match step {
            Step::Replace(Item { name, expr }) => {
                format!("select * replace ({} as \"{name}\") from {input}", expr.sql())
            }
            Step::Filter(expr) | Step::Apply(expr) => format!("from {input} where {}", expr.sql()),
            Step::Assert { holds: true, .. } => return input.to_owned(),
            Step::Assert { condition, .. } => format!(
                "from {input} where case when ({}) is false then error('asserted') else true end",
                condition.sql()
            ),
            Step::Derive(items) => {
                let mut input = input.to_owned();
                for item in items {
                    input = self.part(&format!("select *, {} as \"{}\" from {input}", item.expr.sql(), item.name));
                }
                return input;
            }
            Step::Select(items) => format!("select {}, o from {input}", self::items(items)),
            Step::Drop(names) => format!("select * exclude ({}) from {input}", names.join(", ")),
            Step::Rename(names) => {
                let names: Vec<_> = names.iter().map(|(new, old)| format!("{old} as {new}")).collect();
                format!("select * rename ({}) from {input}", names.join(", "))
            }
            Step::Group { keys, items } => {
                let by = (1..=keys.len()).map(|at| at.to_string()).collect::<Vec<_>>().join(", ");
                let keys: Vec<_> =
                    keys.iter().map(|key| format!("{} as \"{}\"", group_key(&key.expr), key.name)).collect();
                format!("select {}, {}, 0 as o from {input} group by {by}", keys.join(", "), self::items(items))
            }
            Step::Aggregate(items) => format!("select {}, 0 as o from {input}", self::items(items)),
            Step::Join(join) => self.join(input, join),
            Step::Sort { items, .. } => {
                let items: Vec<_> = items.iter().map(sort_item).collect();
                format!("select * replace ({TOTAL} (order by {}, o) as o) from {input}", items.join(", "))
            }
            Step::Take(first, last) => {
                format!("from {input} order by o limit {} offset {}", last + 1 - first, first - 1)
            }
            Step::Distinct(keys) if keys.is_empty() => format!("select distinct * exclude (o), 0 as o from {input}"),
            Step::Distinct(keys) => {
                format!("from {input} qualify {TOTAL} (partition by {} order by o) = 1", keys.join(", "))
            }
            Step::Set { kind, right } => self.set(input, kind, right),
            Step::Window { by, sort, frame, by_rows, items } => {
                let window = window(by, sort, *by_rows, frame);
                format!("select *, {} from {input} window w as ({window})", self::items(items))
            }
            Step::TakeBy { by, sort, first, last } => {
                let window = window(by, sort, true, &Frame::None);
                format!("from {input} qualify {TOTAL} ({window}) between {first} and {last}")
            }
            Step::Pivot { by, on, values, value, .. } => pivot(input, by, on, values, value),
            Step::Unpivot { columns, ty, name, value } => unpivot(input, columns, *ty, name, value),
        };
        self.part(&query)
    }

    fn join(&mut self, input: &str, join: &Join) -> String {
        let right = self.pipeline(&join.right);
        let equal = if join.nulls_equal { "is not distinct from" } else { "=" };
        let using = join.using.iter().map(|name| format!("l.\"{name}\" {equal} r.\"{name}\""));
        let conditions: Vec<_> = using.chain(join.conditions.iter().map(Expr::sql)).collect();
        let on = conditions.join(" and ");
        let rest = if join.using.is_empty() { String::new() } else { format!(", {}", join.using.join(", ")) };
        let merged: Vec<_> =
            join.using.iter().map(|name| format!("coalesce(l.\"{name}\", r.\"{name}\") as \"{name}\"")).collect();
        let left = if merged.is_empty() {
            "l.* exclude (o)".to_owned()
        } else {
            format!("l.* exclude (o) replace ({})", merged.join(", "))
        };
        let both = |order: &str, how: &str| {
            format!(
                "select {left}, r.* exclude (o{rest}), {TOTAL} (order by {order}) as o from {input} l {how} join {right} r{}",
                if how == "cross" { String::new() } else { format!(" on {on}") }
            )
        };
        match join.kind {
            "semi" => format!("from {input} l where exists (from {right} r where {on})"),
            "anti" => format!("from {input} l where not exists (from {right} r where {on})"),
            "right" => both("r.o, l.o", "right"),
            "full" => both("l.o nulls last, r.o", "full"),
            "left" => both("l.o, r.o", "left"),
            kind => both("l.o, r.o", kind),
        }
    }

    fn set(&mut self, input: &str, kind: &str, right: &Pipeline) -> String {
        let right = self.pipeline(right);
        if kind == "union" {
            return format!(
                "select * exclude (side) replace ({TOTAL} (order by side, o) as o) from \
                 (select *, 0 as side from {input} union all by name select *, 1 as side from {right})"
            );
        }
        let (word, by_name) = if kind == "union distinct" { ("union", "by name ") } else { (kind, "") };
        format!(
            "select *, 0 as o from (select * exclude (o) from {input} {word} {by_name}select * exclude (o) from {right})"
        )
    }
}

fn items(items: &[Item]) -> String {
    items.iter().map(|item| format!("{} as \"{}\"", item.expr.sql(), item.name)).collect::<Vec<_>>().join(", ")
}

/// -0.0 and 0.0 are one key; which of the two is shown is nobody's business.
fn group_key(expr: &Expr) -> String {
    expr.sql()
}

fn sort_item(item: &SortItem) -> String {
    let direction = if item.descending { "desc" } else { "asc" };
    let nulls = if item.nulls_first { "first" } else { "last" };
    format!("{} {direction} nulls {nulls}", item.expr.sql())
}

/// The key of a frame that measures: DuckDB computes where the frame ends in the key's type, and fails where that holds no such
/// value, though a row's neighbours are there.
fn measured(key: &Expr) -> Expr {
    if key.ty.is_integer() {
        Expr::leaf(key.ty, key.known, "", format!("({})::hugeint", key.sql()))
    } else {
        key.clone()
    }
}

fn window(by: &[String], sort: &[SortItem], by_rows: bool, frame: &Frame) -> String {
    let by = if by.is_empty() { String::new() } else { format!("partition by {}", by.join(", ")) };
    let item = |item: &SortItem| match frame {
        Frame::Range { .. } => sort_item(&SortItem { expr: measured(&item.expr), ..item.clone() }),
        Frame::None | Frame::Rows { .. } => sort_item(item),
    };
    let sort: Vec<String> = sort.iter().map(item).chain(by_rows.then(|| "o".to_owned())).collect();
    let order = if sort.is_empty() { String::new() } else { format!(" order by {}", sort.join(", ")) };
    let end = |end: Option<i64>, unit: &str, open: &str| match end {
        None => format!("unbounded {open}"),
        Some(end) => {
            let side = if end < 0 { "preceding" } else { "following" };
            let distance = end.unsigned_abs();
            if unit.is_empty() { format!("{distance} {side}") } else { format!("interval {distance} {unit} {side}") }
        }
    };
    let between = |word: &str, unit: &str, first: Option<i64>, last: Option<i64>| {
        format!(" {word} between {} and {}", end(first, unit, "preceding"), end(last, unit, "following"))
    };
    let frame = match frame {
        Frame::None => String::new(),
        Frame::Rows { start, end } => between("rows", "", *start, *end),
        Frame::Range { unit, start, end } => between("range", unit.1, *start, *end),
    };
    format!("{by}{order}{frame}")
}

fn pivot(input: &str, by: &[String], on: &str, values: &[PivotValue], value: &Expr) -> String {
    let by: Vec<String> = by.iter().map(|name| format!("\"{name}\"")).collect();
    let one = |column: &PivotValue| {
        format!("{} filter (\"{on}\" = {}) as \"{}\"", value.sql(), column.literal.sql(), column.name)
    };
    let columns: Vec<String> = by.iter().cloned().chain(values.iter().map(one)).collect();
    let group = if by.is_empty() { String::new() } else { format!(" group by {}", by.join(", ")) };
    format!("select {}, 0 as o from {input}{group}", columns.join(", "))
}

fn unpivot(input: &str, columns: &[String], ty: Type, name: &str, value: &str) -> String {
    let rest = columns.join(", ");
    let part = |(side, column): (usize, &String)| {
        format!(
            "select * exclude ({rest}), '{column}' as \"{name}\", \"{column}\"::{} as \"{value}\", {side} as side from {input}",
            ty.sql()
        )
    };
    let parts: Vec<_> = columns.iter().enumerate().map(part).collect();
    format!("select * exclude (side) replace ({TOTAL} (order by side, o) as o) from ({})", parts.join(" union all "))
}
