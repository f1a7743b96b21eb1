//! Files for tables, values for parameters, and the first variant that the files do not contradict.

use super::codes;
use super::error::RunError;
use super::options::Options;
use super::request::{Request, TableInput, Value};
use crate::artifact::{Assumption, AssumptionKind, DriverSource, MadeRange, Manifest, ParamSpec, TableSpec, describe};
use crate::expr::{EvalError, Expr, ExprKind, Scalar, eval_constant};
use crate::io::{RangeRows, Source};
use crate::types::Bounds;
use dj_grammar::Diagnostic;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a run reads.
pub(super) struct Inputs {
    /// One per table; absent for those that no stage reads.
    pub(super) sources: Vec<Option<Source>>,
    /// One per parameter.
    pub(super) params: Vec<Scalar>,
}

/// Opens the files and reads the parameters; reports every problem, not the first.
pub(super) fn bind(manifest: &Manifest, request: &Request, options: &Options) -> Result<Inputs, RunError> {
    let mut wrong = Vec::new();
    let used = manifest.tables.iter().filter(|table| table.made.is_none()).map(|table| table.name.as_str());
    let tables: Vec<&str> = used.chain(manifest.unused_tables.iter().map(String::as_str)).collect();
    let params: Vec<&str> = manifest.params.iter().map(|param| param.field.name.as_str()).collect();
    let bindings = by_name(&request.tables, "table", &tables, &mut wrong);
    let given = by_name(&request.params, "parameter", &params, &mut wrong);
    let params = read_params(&manifest.params, &given, &mut wrong);
    let is_read = tables_read(manifest);
    for table in manifest.tables.iter().enumerate().filter_map(|(index, table)| is_read[index].then_some(table)) {
        if table.path.is_none() && table.made.is_none() && !bindings.contains_key(table.name.as_str()) {
            let message = format!("table `{}` has no file", table.name);
            let help = format!("give it one: `--bind {}=PATH`", table.name);
            wrong.push(Diagnostic::error(codes::UNBOUND_TABLE, message).at(table.span).help(help));
        }
    }
    if !wrong.is_empty() {
        return Err(RunError::Usage(wrong));
    }
    let mut sources = Vec::new();
    for (table, is_read) in manifest.tables.iter().zip(is_read) {
        if !is_read {
            sources.push(None);
            continue;
        }
        if let Some(made) = &table.made {
            sources.push(Some(made_rows(table, made, &params)?));
            continue;
        }
        let opened = match (bindings.get(table.name.as_str()), &table.path, &options.base) {
            (Some(TableInput::Files(pattern)), _, _) => Source::open(table, pattern),
            (Some(TableInput::Source(source)), _, _) => Source::of(table, Arc::clone(source)),
            (None, Some(path), Some(base)) => Source::open(table, &base.join(path).to_string_lossy()),
            (None, Some(path), None) => Source::open(table, path),
            (None, None, _) => return Err(RunError::bug(format!("table `{}` has no input", table.name))),
        };
        match opened {
            Ok(source) => sources.push(Some(source)),
            Err(error) => wrong.push(unopened(error, table, &bindings, options).at(table.span)),
        }
    }
    if wrong.is_empty() { Ok(Inputs { sources, params }) } else { Err(RunError::Program(wrong)) }
}

/// The rows of a range; none where an end is null.
fn made_rows(table: &TableSpec, made: &MadeRange, params: &[Scalar]) -> Result<Source, RunError> {
    let end = |end: &Expr| {
        let given = end.clone().rewrite(&mut |part| {
            let ExprKind::Param(index) = part.kind else { return part };
            Expr { kind: ExprKind::Literal(params[index].clone()), ..part }
        });
        let failed = |error: EvalError| {
            let message = format!("an end of `{}` cannot be computed: {error}", table.name);
            RunError::usage(Diagnostic::error(codes::PARAM_VALUE, message).at(end.span))
        };
        Ok::<_, RunError>(eval_constant(&given).map_err(failed)?.as_int().and_then(|end| i64::try_from(end).ok()))
    };
    let (start, end) = end(&made.start)?.zip(end(&made.end)?).unwrap_or((0, 0));
    let column = table.columns.first().ok_or_else(|| RunError::bug(format!("`{}` has no column", table.name)))?;
    let rows = RangeRows::new(column.field.ty, start, end, made.step);
    Source::of(table, Arc::new(rows)).map_err(|error| RunError::bug(error.to_string()))
}

/// Why a table's file cannot be opened, and what a default path is relative to.
fn unopened(
    error: crate::io::IoError,
    table: &TableSpec,
    bindings: &BTreeMap<&str, &TableInput>,
    options: &Options,
) -> Diagnostic {
    let is_missing = error.kind == crate::io::IoErrorKind::NotFound;
    let diagnostic = Diagnostic::from(error);
    let is_default = !bindings.contains_key(table.name.as_str()) && table.path.is_some();
    if !is_missing || !is_default {
        return diagnostic;
    }
    let place = if options.base.is_some() { "the program's folder" } else { "the working directory" };
    diagnostic.help(format!("it is looked for from {place}; name another with `--bind {}=PATH`", table.name))
}

/// Which tables drive a stage of some variant.
fn tables_read(manifest: &Manifest) -> Vec<bool> {
    let mut is_read = vec![false; manifest.tables.len()];
    let stages = manifest.variants.iter().flat_map(|variant| &variant.stages);
    for driver in stages.flat_map(|stage| &stage.drivers) {
        match driver.source {
            DriverSource::Table(table) => is_read[table] = true,
            DriverSource::Stage(_) => {}
        }
    }
    is_read
}

/// Values by name; names that the program lacks and names given twice are wrong.
fn by_name<'a, T>(
    given: &'a [(String, T)],
    what: &str,
    known: &[&str],
    wrong: &mut Vec<Diagnostic>,
) -> BTreeMap<&'a str, &'a T> {
    let mut values = BTreeMap::new();
    for (name, value) in given {
        if !known.contains(&name.as_str()) {
            wrong.push(unknown_name(what, name, known));
        } else if values.insert(name.as_str(), value).is_some() {
            wrong.push(Diagnostic::error(codes::UNKNOWN_NAME, format!("{what} `{name}` is given twice")));
        }
    }
    values
}

/// A name that the program lacks, with the nearest one that it has.
pub fn unknown_name(what: &str, name: &str, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, format!("the program has no {what} `{name}`"));
    match dj_grammar::nearest(name, known.iter().copied()) {
        Some(nearest) => diagnostic.help(format!("a {what} with a similar name exists: `{nearest}`")),
        None if known.is_empty() => diagnostic.help(format!("it has no {what} at all")),
        None => {
            diagnostic.help(format!("it has {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")))
        }
    }
}

fn read_params(specs: &[ParamSpec], given: &BTreeMap<&str, &Value>, wrong: &mut Vec<Diagnostic>) -> Vec<Scalar> {
    let mut values = Vec::new();
    let mut missing = Vec::new();
    for spec in specs {
        let name = spec.field.name.as_str();
        let value = match (given.get(name), &spec.default) {
            (Some(value), _) => match value.of(spec) {
                Ok(value) => value,
                Err(reason) => {
                    let ty = describe(spec.field.ty, spec.field.nullable);
                    let message = format!("`{value}` is no value for parameter `{name}`: {ty}");
                    wrong.push(Diagnostic::error(codes::PARAM_VALUE, message).help(reason));
                    Scalar::Null
                }
            },
            (None, Some(default)) => default.clone(),
            (None, None) => {
                missing.push(spec);
                Scalar::Null
            }
        };
        values.push(value);
    }
    if !missing.is_empty() {
        let named = missing.iter().map(|spec| format!("`{}`", spec.field)).collect::<Vec<_>>().join(", ");
        let example = missing.iter().map(|spec| format!("--param {}=VALUE", spec.field.name)).collect::<Vec<_>>();
        wrong.push(
            Diagnostic::error(codes::MISSING_PARAMS, format!("the program needs a value for {named}"))
                .help(format!("add `{}`", example.join(" "))),
        );
    }
    values
}

/// The first variant that the files' metadata does not contradict; the last assumes nothing.
pub(super) fn first_variant(manifest: &Manifest, sources: &[Option<Source>]) -> Result<usize, RunError> {
    let holds = |assumption: &Assumption| {
        // Nothing can contradict what is said of a table that nothing reads.
        let Some(Some(source)) = sources.get(assumption.table) else { return true };
        match assumption.kind {
            AssumptionKind::Bounds(bounds) => {
                source.column_bounds(assumption.column).is_none_or(|actual| lies_within(actual, bounds))
            }
            // Where metadata says nothing of nulls, there may well be some, and a replay costs more than validity.
            AssumptionKind::NotNull => source.column_not_null(assumption.column),
            // Metadata does not tell how often a value occurs; the steps check.
            AssumptionKind::Unique => true,
        }
    };
    let last = manifest.variants.len().checked_sub(1).ok_or_else(|| RunError::bug("a program without variants"))?;
    Ok(manifest.variants.iter().position(|variant| variant.assumptions.iter().all(holds)).unwrap_or(last))
}

fn lies_within(inner: Bounds, outer: Bounds) -> bool {
    match (inner, outer) {
        (Bounds::Int { lo, hi }, Bounds::Int { lo: least, hi: greatest }) => least <= lo && hi <= greatest,
        (Bounds::Float { lo, hi }, Bounds::Float { lo: least, hi: greatest }) => least <= lo && hi <= greatest,
        (Bounds::Int { .. }, Bounds::Float { .. }) | (Bounds::Float { .. }, Bounds::Int { .. }) => false,
    }
}
