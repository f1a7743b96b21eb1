//! The stable text form of the physical plan, for `djc inspect` and for tests.
//!
//! A paragraph a stage: what it is, with the line of its transform; for each driver what is read and what is done with a
//! row; what is kept of the rows; what comes out. Text appears as in the program, not as codes.

use super::{Check, Driver, DriverColumn, Exchange, Op, Probe, Stage, Variant};
use crate::encode::{Encoded, EncodedProgram, Expr, NamedExpr, SchemaColumn, SortKey, Type};
use crate::plan::{
    NamedWindow, Printer, RowCount, aggregate_name, grouped, join_kind_name, key_symbol, name_text, names_of_several,
};
use crate::strategy::address::slots_at;
use crate::strategy::{AggregateItem, BuildStrategy, KeyDim, KeyDomain, Matches};
use dj_runtime::artifact::{DriverSource, ScanPredicate, ScanValue};
use dj_runtime::expr::{ColumnId, Scalar, literal_text};
use dj_runtime::types::{Bounds, Type as Written};
use std::collections::BTreeSet;

/// A variant, and what its parts are called.
#[derive(Clone, Copy)]
pub struct VariantText<'a> {
    /// The variant.
    pub variant: &'a Variant,
    /// The program that it runs.
    pub encoded: &'a EncodedProgram,
    /// The source, for lines.
    pub source: &'a str,
}

/// The stages of a variant.
pub fn physical_text(of: &VariantText<'_>) -> String {
    let mut paragraphs: Vec<String> = (0..of.variant.stages.len())
        .map(|index| {
            let printer = StagePrinter::new(of, index);
            let strategy = printer.stage.sink.strategy();
            let lines = printer.drivers().into_iter().chain(strategy.details(&printer));
            let lines = lines.chain(printer.exchange()).chain(printer.result());
            let lines: String = lines.map(|line| format!("  {line}\n")).collect();
            printer.heading() + &lines
        })
        .collect();
    let shared = of.encoded.program.shared.iter().zip(&of.variant.shared);
    let shared = shared.map(|(shared, stage)| {
        let stage = stage.map_or("repeated where it is read".to_owned(), |stage| format!("stage {stage}"));
        format!("let {} = {stage}\n", name_text(&shared.name))
    });
    let exports = of.encoded.program.exports.iter().zip(&of.variant.exports);
    let exports = exports.map(|(export, stage)| format!("{} = stage {stage}\n", export.purpose));
    paragraphs.push(shared.chain(exports).chain(pass_texts(of)).collect());
    paragraphs.join("\n")
}

/// `pass 1: stages 0, 2 read t together`, for passes of several stages.
pub(super) fn pass_texts(of: &VariantText<'_>) -> Vec<String> {
    let text = |(index, pass): (usize, &Vec<usize>)| {
        let [first, _, ..] = pass[..] else { return None };
        let source = source_text(of, of.variant.stages[first].drivers.first()?.source);
        Some(format!("pass {index}: stages {} read {source} together\n", join(pass, usize::to_string)))
    };
    of.variant.passes.iter().enumerate().filter_map(text).collect()
}

fn source_text(of: &VariantText<'_>, source: DriverSource) -> String {
    match source {
        DriverSource::Table(table) => name_text(&of.encoded.program.tables[table].name),
        DriverSource::Stage(stage) => format!("stage {stage}"),
    }
}

/// Prints parts of one stage.
pub(crate) struct StagePrinter<'a> {
    of: VariantText<'a>,
    index: usize,
    stage: &'a Stage,
    names: Printer<'a, Encoded>,
}

impl<'a> StagePrinter<'a> {
    pub(super) fn new(of: &VariantText<'a>, index: usize) -> Self {
        let stage = &of.variant.stages[index];
        let shared_names = names_of_several(&columns_of(stage, of.variant), &of.encoded.program.columns);
        Self { of: *of, index, stage, names: Printer::new(&of.encoded.program, &of.encoded.dictionaries, shared_names) }
    }

    /// `stage 2: group [origin, hour]: dense  :7`
    pub(super) fn heading(&self) -> String {
        let line = self.stage.span.line_column(self.of.source).0;
        format!("stage {}: {}  :{line}\n", self.index, self.stage.sink.strategy().title(self))
    }

    /// `exchange: hash [origin, hour], in order`, if anything moves between devices: in order where rows are put in that in which
    /// they came.
    pub(super) fn exchange(&self) -> Option<String> {
        let moved = match &self.stage.exchange {
            Exchange::None => return None,
            Exchange::Reduce => "reduce".to_owned(),
            Exchange::ReduceScatter => "reduce and scatter".to_owned(),
            Exchange::Hash(keys) => format!("hash [{}]", self.columns(keys)),
            Exchange::Range(keys) => format!("range [{}]", self.order(keys)),
            Exchange::Gather => "gather".to_owned(),
            Exchange::Broadcast => "broadcast".to_owned(),
            Exchange::Share => "share".to_owned(),
        };
        let in_order = self.stage.keeps_places() && !matches!(self.stage.exchange, Exchange::Range(_));
        Some(format!("exchange: {moved}{}", if in_order { ", in order" } else { "" }))
    }

    fn drivers(&self) -> Vec<String> {
        self.stage.drivers.iter().flat_map(|driver| self.driver(driver)).collect()
    }

    fn driver(&self, driver: &Driver) -> Vec<String> {
        let columns: Vec<_> = driver.columns.iter().map(|column| column.column.id).chain(driver.row).collect();
        let source = source_text(&self.of, driver.source);
        let read = format!("read {source} [{}]", join(&columns, |id| self.names.column(*id)));
        let checks = driver.columns.iter().flat_map(|column| self.checks(column));
        let skips = driver.skip.iter().map(|predicate| self.skip(driver, predicate));
        let host = (!driver.host.is_empty())
            .then(|| format!("on the host [{}]", join(&driver.host, |item| self.names.host_expr(&item.expr))));
        let ops = driver.ops.iter().map(|op| self.op(op));
        let steps = checks.chain(skips).chain(host).chain(ops).map(|line| format!("  {line}"));
        std::iter::once(read).chain(steps).collect()
    }

    fn checks(&self, column: &DriverColumn) -> Vec<String> {
        let line = |check: &Check| {
            let bounds = bounds_text(check.bounds, column.column.ty.written());
            let kind = if check.declared { "declared" } else { "recorded" };
            format!("check {} in {bounds}, {kind}", self.names.column(column.column.id))
        };
        column.checks.iter().map(line).collect()
    }

    fn skip(&self, driver: &Driver, predicate: &ScanPredicate) -> String {
        format!("skip row groups without {}", self.scan_predicate(driver, predicate))
    }

    fn scan_predicate(&self, driver: &Driver, predicate: &ScanPredicate) -> String {
        let of = |index: usize| {
            let column = driver.columns.iter().find(|column| column.index == index);
            let column = column.unwrap_or_else(|| panic!("(P15) rows are skipped by a column that is not read")).column;
            (self.names.column(column.id), column.ty.written())
        };
        match predicate {
            ScanPredicate::Compare { column, op, value } => {
                let (name, ty) = of(*column);
                let value = match value {
                    ScanValue::Literal(value) => literal_text(value, ty),
                    ScanValue::Param(param) => self.names.param(*param),
                };
                format!("{name} {} {value}", op.symbol())
            }
            ScanPredicate::IsNull { column, is } => {
                format!("{} is {}null", of(*column).0, if *is { "" } else { "not " })
            }
            ScanPredicate::Any(lists) => {
                let part = |part: &ScanPredicate| self.scan_predicate(driver, part);
                let list = |list: &Vec<ScanPredicate>| list.iter().map(part).collect::<Vec<_>>().join(" and ");
                format!("({})", lists.iter().map(list).collect::<Vec<_>>().join(" or "))
            }
        }
    }

    fn op(&self, op: &Op) -> String {
        match op {
            Op::Filter(predicate) => self.filter(predicate),
            Op::Project(items) => self.derive(items),
            Op::Probe(probe) => self.probe(probe),
        }
    }

    fn probe(&self, probe: &Probe) -> String {
        let pairs = probe.keys.iter().zip(build_keys(self.of.variant, probe));
        let nearest = match probe.matches {
            Matches::Nearest(nearest) => Some((probe.keys.len() - 1, nearest)),
            Matches::One(_) | Matches::Many => None,
        };
        let pairs = pairs.enumerate().map(|(index, (left, right))| {
            let nearest = nearest.filter(|(last, _)| *last == index).map(|(_, nearest)| nearest);
            format!("{} {} {}", self.expr(left), key_symbol(nearest), self.expr(right))
        });
        let pairs = pairs.collect::<Vec<_>>().join(" and ");
        let on = if pairs.is_empty() { String::new() } else { format!(" on {pairs}") };
        let matches = build(self.of.variant, probe).description();
        let payload: Vec<_> = probe.payload.iter().map(|(_, column)| *column).collect();
        let payload = if payload.is_empty() { String::new() } else { format!(" for [{}]", self.columns(&payload)) };
        let residual = probe.residual.as_ref().map(|residual| format!(" where {}", self.expr(residual)));
        let nulls = if probe.nulls_equal { " nulls equal" } else { "" };
        let kind = join_kind_name(probe.kind);
        let shared = if self.of.variant.stages[probe.build].exchange == Exchange::Share { ", shared out" } else { "" };
        let residual = residual.unwrap_or_default();
        format!("join {kind} stage {}{on}{nulls}{residual}{payload} ({matches}{shared})", probe.build)
    }

    /// `9,650 slots = origin (dictionary of 512) × hour (0..23 + null)`
    pub(crate) fn slots(&self, slots: Option<u64>, keys: &[(String, Type)], dims: &[KeyDim]) -> String {
        let slots = slots.map_or("too many".to_owned(), grouped);
        let keys: Vec<_> = keys.iter().zip(dims).map(|((key, ty), dim)| self.dim(key, *ty, dim)).collect();
        format!("{slots} slots = {}", keys.join(" × "))
    }

    /// The slots that there are at first.
    pub(crate) fn first_slots(&self, keys: &[(String, Type)], dims: &[KeyDim]) -> String {
        self.slots(slots_at(dims, &self.of.encoded.dictionaries, 0), keys, dims)
    }

    fn dim(&self, key: &str, ty: Type, dim: &KeyDim) -> String {
        let values = match dim.domain {
            KeyDomain::Range { lo, hi } => bounds_text(Bounds::Int { lo: lo.into(), hi: hi.into() }, ty.written()),
            KeyDomain::Dictionary(domain) => {
                format!("dictionary of {}", grouped(self.of.encoded.dictionaries.capacity(domain) as u64))
            }
        };
        format!("{key} ({values}{})", if dim.nullable { " + null" } else { "" })
    }

    /// The keys and their types.
    pub(super) fn keys(&self) -> Vec<(String, Type)> {
        let strategy = self.stage.sink.strategy();
        let groups = strategy.group().map(|group| self.key_texts(&group.keys));
        let builds = strategy.build().map(|build| self.expr_texts(&build.keys().exprs));
        groups.or(builds).unwrap_or_default()
    }

    pub(crate) fn key_texts(&self, keys: &[SchemaColumn]) -> Vec<(String, Type)> {
        keys.iter().map(|key| (self.names.column(key.id), key.ty)).collect()
    }

    pub(crate) fn expr_texts(&self, keys: &[Expr]) -> Vec<(String, Type)> {
        keys.iter().map(|key| (self.expr(key), key.ty)).collect()
    }

    fn result(&self) -> Vec<String> {
        let column = |column: &SchemaColumn| {
            format!("{}: {}{}", self.names.column(column.id), column.ty, if column.nullable { "?" } else { "" })
        };
        let result = format!("result [{}]", join(&self.stage.result, column));
        let slice = self.stage.slice.map(|(skip, count)| {
            let skip = if skip == 0 { String::new() } else { format!(" skip {}", grouped(skip)) };
            format!("take {}{skip}", grouped(count))
        });
        let chunks = format!("chunks of {} rows; {}", grouped(self.stage.chunk_rows as u64), self.rows());
        std::iter::once(result).chain(slice).chain([chunks]).collect()
    }

    /// What is known of the numbers of rows.
    pub(super) fn rows(&self) -> String {
        let text = |rows: Option<RowCount>| rows.map_or("any number".to_owned(), |rows| rows.to_string());
        format!("{} in, {} out", text(self.stage.rows_in), text(self.stage.rows_out))
    }

    pub(crate) fn columns(&self, columns: &[SchemaColumn]) -> String {
        join(columns, |column| self.names.column(column.id))
    }

    pub(crate) fn exprs(&self, exprs: &[Expr]) -> String {
        join(exprs, |expr| self.expr(expr))
    }

    pub(crate) fn order(&self, keys: &[SortKey]) -> String {
        join(keys, |key| self.names.sort_key(key))
    }

    pub(crate) fn filter(&self, predicate: &Expr) -> String {
        format!("filter {}", self.expr(predicate))
    }

    pub(crate) fn derive(&self, items: &[NamedExpr]) -> String {
        format!("derive [{}]", join(items, |item| self.names.item(item)))
    }

    pub(crate) fn aggregate(&self, item: &AggregateItem) -> String {
        let call = self.names.call(aggregate_name(item.function), &item.arguments, item.filter.as_ref());
        format!("{} = {call}", self.names.column(item.column.id))
    }

    pub(crate) fn window(&self, item: &NamedWindow<Encoded>) -> String {
        self.names.window_item(item)
    }

    fn expr(&self, expr: &Expr) -> String {
        self.names.expr(expr)
    }
}

/// Every column that a stage reads or makes.
fn columns_of(stage: &Stage, variant: &Variant) -> BTreeSet<ColumnId> {
    let mut ids: BTreeSet<_> = stage.result.iter().map(|column| column.id).collect();
    for driver in &stage.drivers {
        ids.extend(driver.columns.iter().map(|column| column.column.id));
        ids.extend(driver.host_ids());
        for op in &driver.ops {
            match op {
                Op::Filter(_) => {}
                Op::Project(items) => ids.extend(items.iter().map(|item| item.id)),
                Op::Probe(probe) => {
                    ids.extend(probe.payload.iter().map(|(_, column)| column.id));
                    ids.extend(build_keys(variant, probe).iter().flat_map(Expr::columns));
                }
            }
        }
    }
    ids
}

/// A probe's build side.
fn build<'a>(variant: &'a Variant, probe: &Probe) -> &'a dyn BuildStrategy {
    let build = variant.stages[probe.build].sink.strategy().build();
    build.unwrap_or_else(|| panic!("(P5) stage {} is no build side", probe.build))
}

/// The keys of a probe's build side.
fn build_keys<'a>(variant: &'a Variant, probe: &Probe) -> &'a [Expr] {
    &build(variant, probe).keys().exprs
}

fn join<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `0..23`
pub(super) fn bounds_text(bounds: Bounds, ty: Written) -> String {
    let text = |value: Scalar| literal_text(&value, ty);
    match bounds {
        Bounds::Int { .. } if ty == Written::Bool => "false..true".to_owned(),
        Bounds::Int { lo, hi } => format!("{}..{}", text(Scalar::Int(lo)), text(Scalar::Int(hi))),
        Bounds::Float { lo, hi } => format!("{}..{}", text(Scalar::Float(lo)), text(Scalar::Float(hi))),
    }
}
