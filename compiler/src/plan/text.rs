//! The stable text form of a plan, for `djc inspect`, for tests and for messages.
//!
//! One line an operator, inputs below it. A name that two columns of one plan share is followed by `#` and the column's
//! number. With the source at hand, a line ends in `:7`, the line of the transform.

use super::{
    Aggregate, AggregateFunction, Columns, Distance, Estimates, Frame, FrameUnit, HostExpr, Join, JoinKind,
    NamedAggregate, NamedExpr, NamedWindow, Nearest, Partitioning, Placement, Plan, Program, RowCount, Scan, SortKey,
    Union, Window, WindowFunction,
};
use dj_runtime::expr::{ColumnId, Expr, ExprKind, ExprText, Form, Names, Text, quoted};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The plan of every shared pipeline and export, as an indented tree, with lines of the source.
pub fn plan_text(program: &Program, source: &str) -> String {
    program_text(program, &AsWritten, Some(source))
}

/// The same without lines of the source.
pub fn plain_plan_text(program: &Program) -> String {
    program_text(program, &AsWritten, None)
}

/// The same with how many rows each operator is thought to give.
pub fn estimated_plan_text(program: &Program, source: &str, estimates: &Estimates<'_>) -> String {
    let rows = |plan: &Plan| estimates.rows(plan).map(|rows| format!("  {}", RowCount::about(rows.round() as u64)));
    let note = |plan: &Plan| rows(plan).unwrap_or_default();
    noted_text(program, &AsWritten, Some(source), &note)
}

/// An expression over columns of a program, as the language writes it.
pub fn expr_text(program: &Program, expr: &Expr) -> String {
    Printer::new(program, &AsWritten, BTreeSet::new()).expr(expr)
}

/// The plans of a program in any form, as an indented tree.
pub(crate) fn program_text<F: Form>(program: &Program<F>, form: &dyn Written<F>, source: Option<&str>) -> String {
    noted_text(program, form, source, &|_| String::new())
}

/// The same with a note at the end of each operator's line.
fn noted_text<F: Form>(program: &Program<F>, form: &dyn Written<F>, source: Option<&str>, note: Note<'_, F>) -> String {
    let mut out = String::new();
    for mesh in &program.mesh {
        let _ = writeln!(out, "mesh {} = {}", name_text(&mesh.axis), mesh.size);
    }
    let alone = program.shared.is_empty() && program.exports.len() == 1;
    for shared in &program.shared {
        let _ = writeln!(out, "let {}", name_text(&shared.name));
        out += &tree_text(program, form, (&shared.plan, note), source);
    }
    for export in &program.exports {
        if !alone {
            let _ = writeln!(out, "{}", export.purpose);
        }
        out += &tree_text(program, form, (&export.plan, note), source);
    }
    out
}

/// What is said of an operator.
type Note<'a, F> = &'a dyn Fn(&Plan<F>) -> String;

fn tree_text<F: Form>(
    program: &Program<F>,
    form: &dyn Written<F>,
    (plan, note): (&Plan<F>, Note<'_, F>),
    source: Option<&str>,
) -> String {
    let shared_names = ambiguous_names(plan, &program.columns);
    let mut printer = Printer { program, form, shared_names, source, out: String::new() };
    printer.tree(plan, note, "", "");
    printer.out
}

/// The names that several columns of the plan have.
fn ambiguous_names<F: Form>(plan: &Plan<F>, columns: &Columns) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    collect_columns(plan, &mut ids);
    names_of_several(&ids, columns)
}

/// The names that several of the columns have.
pub(crate) fn names_of_several(ids: &BTreeSet<ColumnId>, columns: &Columns) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in ids {
        *counts.entry(&columns.get(*id).name).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.to_owned()).collect()
}

fn collect_columns<F: Form>(plan: &Plan<F>, ids: &mut BTreeSet<ColumnId>) {
    ids.extend(plan.schema().iter().map(|column| column.id));
    for input in plan.inputs() {
        collect_columns(input, ids);
    }
}

/// A name as the language writes it: in backticks unless it is a plain word.
pub(crate) fn name_text(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("`{name}`") }
}

/// Names columns and prints expressions of a program.
pub(crate) struct Printer<'a, F: Form = Text> {
    program: &'a Program<F>,
    form: &'a dyn Written<F>,
    shared_names: BTreeSet<String>,
    source: Option<&'a str>,
    out: String,
}

/// What expressions of a form look like in the language.
pub(crate) trait Written<F: Form> {
    /// The expression as the program wrote it.
    fn written<'a>(&self, expr: &'a Expr<F>) -> Cow<'a, Expr>;
}

/// The form that the program is written in.
pub(crate) struct AsWritten;

impl Written<Text> for AsWritten {
    fn written<'a>(&self, expr: &'a Expr) -> Cow<'a, Expr> {
        Cow::Borrowed(expr)
    }
}

impl<'a, F: Form> Printer<'a, F> {
    /// With the names that need a number.
    pub(crate) fn new(program: &'a Program<F>, form: &'a dyn Written<F>, shared_names: BTreeSet<String>) -> Self {
        Self { program, form, shared_names, source: None, out: String::new() }
    }
}

impl<F: Form> Printer<'_, F> {
    /// Prints the operator after `first` and its inputs after `rest`.
    fn tree(&mut self, plan: &Plan<F>, note: Note<'_, F>, first: &str, rest: &str) {
        let line = self.operator(plan);
        let _ = write!(self.out, "{first}{line}");
        if let Some(source) = self.source {
            let _ = write!(self.out, "  :{}", plan.span().line_column(source).0);
        }
        let _ = writeln!(self.out, "{}", note(plan));
        let inputs = plan.inputs();
        for (index, input) in inputs.iter().enumerate() {
            let last = index + 1 == inputs.len();
            let (branch, below) = if last { ("└ ", "  ") } else { ("├ ", "│ ") };
            self.tree(input, note, &format!("{rest}{branch}"), &format!("{rest}{below}"));
        }
    }

    fn operator(&self, plan: &Plan<F>) -> String {
        match plan {
            Plan::Scan(scan) => self.scan(scan),
            Plan::Filter(filter) => format!("filter {}", self.expr(&filter.predicate)),
            Plan::Project(project) => format!("project [{}]", self.list(&project.items, Self::item)),
            Plan::Aggregate(aggregate) => self.aggregate(aggregate),
            Plan::Join(join) => self.join(join),
            Plan::Sort(sort) => format!("sort [{}]", self.list(&sort.keys, Self::sort_key)),
            Plan::Take(take) => format!("take {}{}", take.count, skip_text(take.skip)),
            Plan::TopK(top) => {
                format!("top {}{} by [{}]", top.count, skip_text(top.skip), self.list(&top.keys, Self::sort_key))
            }
            Plan::Distinct(distinct) => format!("distinct [{}]", self.ids(&distinct.keys)),
            Plan::Union(union) => self.union(union),
            Plan::Window(window) => self.window(window),
            Plan::Shard(shard) => match &shard.partitioning {
                Partitioning::Hash(keys) => format!("shard by [{}]", self.ids(keys)),
                Partitioning::Replicated => "replicate".to_owned(),
            },
            Plan::Shared(shared) => {
                let item = |_: &Self, (from, column): &(ColumnId, super::SchemaColumn<F>)| {
                    let (from, to) = (self.program.columns.get(*from), self.program.columns.get(column.id));
                    let name = self.column(column.id);
                    if from.name == to.name { name } else { format!("{name} = {}", name_text(&from.name)) }
                };
                let name = self.program.shared.get(shared.plan).map_or("?", |shared| &shared.name);
                format!("read {} [{}]", name_text(name), self.list(&shared.columns, item))
            }
            Plan::Evaluate(evaluate) => format!("evaluate [{}]", self.list(&evaluate.items, Self::host_item)),
        }
    }

    fn scan(&self, scan: &Scan<F>) -> String {
        let name = self.program.tables.get(scan.table).map_or("?", |table| &table.name);
        let columns: Vec<_> = scan.columns.iter().map(|(_, column)| column.id).collect();
        let predicates: Vec<_> = scan.predicates.iter().map(|predicate| self.conjunct(predicate)).collect();
        let predicate =
            if predicates.is_empty() { String::new() } else { format!(" where {}", predicates.join(" and ")) };
        format!("scan {} [{}]{predicate}", name_text(name), self.ids(&columns))
    }

    /// An operand of `and`, in parentheses if it is an `or`.
    fn conjunct(&self, expr: &Expr<F>) -> String {
        let text = self.expr(expr);
        if matches!(&expr.kind, ExprKind::Or(operands) if operands.len() > 1) { format!("({text})") } else { text }
    }

    fn aggregate(&self, aggregate: &Aggregate<F>) -> String {
        let keys: Vec<_> = aggregate.keys.iter().map(|key| key.id).collect();
        let by = if keys.is_empty() { String::new() } else { format!("by [{}] ", self.ids(&keys)) };
        format!("aggregate {by}[{}]", self.list(&aggregate.aggregates, Self::aggregate_item))
    }

    fn aggregate_item(&self, item: &NamedAggregate<F>) -> String {
        let call = self.call(aggregate_name(item.function), &item.arguments, item.filter.as_ref());
        format!("{} = {call}", self.column(item.id))
    }

    /// A call of an aggregate.
    pub(crate) fn call(&self, name: &str, arguments: &[Expr<F>], filter: Option<&Expr<F>>) -> String {
        let arguments = self.list(arguments, Self::expr);
        let filter = filter.map(|filter| format!("filter {}", self.expr(filter))).unwrap_or_default();
        let space = if arguments.is_empty() || filter.is_empty() { "" } else { " " };
        format!("{name}({arguments}{space}{filter})")
    }

    fn window(&self, window: &Window<F>) -> String {
        let by: Vec<_> = window.by.iter().map(|key| key.id).collect();
        let by = if by.is_empty() { String::new() } else { format!(" by [{}]", self.ids(&by)) };
        let order = &window.order;
        let order =
            if order.is_empty() { String::new() } else { format!(" sort [{}]", self.list(order, Self::sort_key)) };
        let any_order = if window.any_order { " in any order" } else { "" };
        format!("window{by}{order} [{}]{any_order}", self.list(&window.items, Self::window_item))
    }

    /// `ma7 = mean(x) rows -6..0`
    pub(crate) fn window_item(&self, item: &NamedWindow<F>) -> String {
        let frame = if item.function.reads_frame() { frame_text(&item.frame) } else { String::new() };
        format!("{} = {}{frame}", self.column(item.id), self.window_call(item))
    }

    fn window_call(&self, item: &NamedWindow<F>) -> String {
        let by_name = |name: &str| self.call(name, &item.arguments, item.filter.as_ref());
        match item.function {
            WindowFunction::Aggregate(function) => by_name(aggregate_name(function)),
            WindowFunction::RowNumber => by_name("row_number"),
            WindowFunction::Rank => by_name("rank"),
            WindowFunction::DenseRank => by_name("dense_rank"),
            WindowFunction::PercentRank => by_name("percent_rank"),
            WindowFunction::CumulativeShare => by_name("cume_dist"),
            WindowFunction::Tile(parts) => format!("ntile({parts})"),
            WindowFunction::Shift(rows) => {
                let name = if rows < 0 { "lead" } else { "lag" };
                let (first, rest) = item.arguments.split_at(1);
                let rest: String = rest.iter().map(|default| format!(", {}", self.expr(default))).collect();
                format!("{name}({}, {}{rest})", self.list(first, Self::expr), rows.unsigned_abs())
            }
            WindowFunction::Fill => by_name("forward_fill"),
        }
    }

    fn join(&self, join: &Join<F>) -> String {
        let kind = join_kind_name(join.kind);
        let last = join.on.len().saturating_sub(1);
        let symbol = |index: usize| key_symbol(join.nearest.filter(|_| index == last));
        let pair = |(index, (left, right)): (usize, &(Expr<F>, Expr<F>))| {
            format!("{} {} {}", self.expr(left), symbol(index), self.expr(right))
        };
        let pairs: Vec<_> = join.on.iter().enumerate().map(pair).collect();
        let on = if pairs.is_empty() { String::new() } else { format!(" on {}", pairs.join(" and ")) };
        let residual = join.residual.as_ref().map(|residual| format!(" where {}", self.expr(residual)));
        let nulls = if join.nulls_equal { " nulls equal" } else { "" };
        let placement = match join.placement {
            Placement::Any => "",
            Placement::Everywhere => " with all rows everywhere",
            Placement::SharedOut => " shared out",
        };
        format!("join {kind}{on}{}{nulls}{placement}", residual.unwrap_or_default())
    }

    fn union(&self, union: &Union<F>) -> String {
        let ids: Vec<_> = union.columns.iter().map(|column| column.id).collect();
        let inputs: Vec<_> = union.inputs.iter().map(|(_, columns)| format!("[{}]", self.ids(columns))).collect();
        format!("union [{}] of {}", self.ids(&ids), inputs.join(", "))
    }

    pub(crate) fn item(&self, item: &NamedExpr<F>) -> String {
        if item.expr.as_column() == Some(item.id) {
            return self.column(item.id);
        }
        format!("{} = {}", self.column(item.id), self.expr(&item.expr))
    }

    pub(crate) fn host_item(&self, item: &HostExpr<F>) -> String {
        let text = self.host_expr(&item.expr);
        let text = match &item.joined {
            Some(joined) => {
                let (number, count) = (self.column(joined.number), self.column(joined.count));
                format!("{text} joined by {} up to {number} == {count}", quoted(&joined.separator))
            }
            None => text,
        };
        format!("{} = {text}", self.column(item.column.id))
    }

    pub(crate) fn sort_key(&self, key: &SortKey<F>) -> String {
        let expr = self.form.written(&key.expr);
        let text = self.host_expr(&expr);
        let text = if key.descending && expr.as_column().is_none() { format!("({text})") } else { text };
        format!("{}{text}{}", if key.descending { "-" } else { "" }, if key.nulls_first { " nulls first" } else { "" })
    }

    pub(crate) fn list<T>(&self, items: &[T], text: impl Fn(&Self, &T) -> String) -> String {
        items.iter().map(|item| text(self, item)).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn ids(&self, ids: &[ColumnId]) -> String {
        ids.iter().map(|id| self.column(*id)).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn column(&self, id: ColumnId) -> String {
        let name = &self.program.columns.get(id).name;
        let text = name_text(name);
        if self.shared_names.contains(name) { format!("{text}#{}", id.0) } else { text }
    }

    pub(crate) fn param(&self, index: usize) -> String {
        self.program.params.get(index).map_or("?".to_owned(), |param| name_text(&param.field.name))
    }

    pub(crate) fn expr(&self, expr: &Expr<F>) -> String {
        self.host_expr(&self.form.written(expr))
    }

    /// An expression that sees text, whatever the form of the plan.
    pub(crate) fn host_expr(&self, expr: &Expr) -> String {
        let param = |index: usize| self.param(index);
        let plan = |index: usize| self.program.shared.get(index).map_or("?".to_owned(), |s| name_text(&s.name));
        ExprText::with_names(expr, Names { column: &|id| self.column(id), param: &param, plan: &plan }).to_string()
    }
}

fn skip_text(skip: u64) -> String {
    if skip == 0 { String::new() } else { format!(" skip {skip}") }
}

/// How a key of the left is compared with one of the right.
pub(crate) fn key_symbol(nearest: Option<Nearest>) -> &'static str {
    match nearest {
        None => "==",
        Some(Nearest::Before) => ">= nearest",
        Some(Nearest::After) => "<= nearest",
    }
}

/// The join's name in the language.
pub(crate) fn join_kind_name(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Semi => "semi",
        JoinKind::Anti => "anti",
    }
}

/// ` rows -6..0`; nothing for a whole partition.
fn frame_text(frame: &Frame) -> String {
    if *frame == Frame::PARTITION {
        return String::new();
    }
    let unit = match frame.unit {
        FrameUnit::Rows => "rows",
        FrameUnit::Range => "range",
    };
    let end = |end: Option<Distance>| match end {
        None => String::new(),
        Some(Distance::Whole(distance)) => distance.to_string(),
        Some(Distance::Float(distance)) => format!("{distance:?}"),
        Some(Distance::Months(months)) => format!("{months}mo"),
    };
    format!(" {unit} {}..{}", end(frame.start), end(frame.end))
}

/// The aggregate's name in the language.
pub(crate) fn aggregate_name(function: AggregateFunction) -> &'static str {
    match function {
        AggregateFunction::Count => "count",
        AggregateFunction::Sum => "sum",
        AggregateFunction::Mean => "mean",
        AggregateFunction::Min => "min",
        AggregateFunction::Max => "max",
        AggregateFunction::Variance => "var",
        AggregateFunction::StandardDeviation => "std",
        AggregateFunction::First => "first",
        AggregateFunction::Last => "last",
        AggregateFunction::Any => "any",
        AggregateFunction::All => "all",
        AggregateFunction::Product => "product",
        AggregateFunction::StringAgg => "string_agg",
        AggregateFunction::Quantile => "quantile",
        AggregateFunction::CountDistinct => "count_distinct",
        AggregateFunction::Mode => "mode",
        AggregateFunction::ArgMin => "arg_min",
        AggregateFunction::ArgMax => "arg_max",
        AggregateFunction::Covariance => "cov",
        AggregateFunction::Correlation => "corr",
    }
}
