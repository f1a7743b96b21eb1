//! A driver's columns: what is read, what the host computes, what goes to the device.

use super::stages::scalar_type;
use super::{At, ManifestError, Verified, holds, is_integer, is_of, verify_reads};
use crate::artifact::{
    Driver, DriverSource, HostColumn, HostValue, Manifest, ScanPredicate, ScanValue, SinkKind, Stage,
};
use crate::pjrt::Element;
use crate::types::Type;

/// A driver of a stage that runs after the stages `earlier`.
pub(super) fn verify(manifest: &Manifest, earlier: &[Stage], stage: &Stage, driver: &Driver, at: At<'_>) -> Verified {
    let source = source(manifest, earlier, driver, at)?;
    let mut types = Vec::new();
    for column in &driver.columns {
        let (ty, element) = *at.get(10, &source, column.column, "column of the source")?;
        let fits = match element {
            // What a stage made may be narrower than its type already.
            Some(made) => made == column.element || (is_integer(made) && is_integer(column.element)),
            None => holds(ty, column.element),
        };
        at.must(10, fits, || format!("column {} is {ty}, read into {}", column.column, column.element))?;
        types.push(ty);
    }
    for column in &driver.host_columns {
        let ty = host_column(manifest, earlier, column, &types, at)?;
        types.push(ty);
    }
    passing(stage, driver, &chunk_domains(manifest, earlier, driver), at)?;
    for predicate in &driver.skip {
        let DriverSource::Table(_) = driver.source else {
            return Err(at.broken(13, "rows of a stage are not skipped".to_owned()));
        };
        skipping(manifest, &source, predicate, at)?;
    }
    Ok(())
}

/// What row groups are skipped by.
fn skipping(
    manifest: &Manifest,
    source: &[(Type, Option<Element>)],
    predicate: &ScanPredicate,
    at: At<'_>,
) -> Result<(), ManifestError> {
    match predicate {
        ScanPredicate::Compare { column, value, .. } => {
            let (ty, _) = *at.get(13, source, *column, "column of the source")?;
            let fits = match value {
                ScanValue::Literal(value) => is_of(value, ty),
                ScanValue::Param(param) => at.get(13, &manifest.params, *param, "parameter")?.field.ty == ty,
            };
            at.must(13, fits, || format!("column {column} is {ty}, compared with another type"))
        }
        ScanPredicate::IsNull { column, .. } => at.get(13, source, *column, "column of the source").map(|_| ()),
        ScanPredicate::Any(lists) => {
            lists.iter().flatten().try_for_each(|predicate| skipping(manifest, source, predicate, at))
        }
    }
}

/// The types of the source's columns; of a stage's, also the elements.
fn source(
    manifest: &Manifest,
    earlier: &[Stage],
    driver: &Driver,
    at: At<'_>,
) -> Result<Vec<(Type, Option<Element>)>, ManifestError> {
    match driver.source {
        DriverSource::Table(table) => {
            let columns = &at.get(10, &manifest.tables, table, "table")?.columns;
            Ok(columns.iter().map(|column| (column.field.ty, None)).collect())
        }
        DriverSource::Stage(stage) => {
            let columns = &at.get(10, earlier, stage, "earlier stage")?.sink.columns;
            Ok(columns.iter().map(|column| (column.field.ty, Some(column.element))).collect())
        }
    }
}

/// The type of a column that the host computes of those before it.
fn host_column(
    manifest: &Manifest,
    earlier: &[Stage],
    column: &HostColumn,
    before: &[Type],
    at: At<'_>,
) -> Result<Type, ManifestError> {
    for source in &column.scalars {
        scalar_type(manifest, earlier, *source, at, 11)?;
    }
    let ty = match &column.value {
        HostValue::Row => {
            at.must(11, !column.nullable, || "a row's number is never null".to_owned())?;
            Type::I64
        }
        HostValue::Expr(expr) => {
            let of = |id: u32| usize::try_from(id).ok().and_then(|index| before.get(index)).copied();
            verify_reads(at, 11, expr, &of, column.scalars.len())?;
            at.must(11, column.nullable || !expr.nullable, || "a column of the host may be null".to_owned())?;
            expr.ty
        }
    };
    if let Some(joined) = &column.joined {
        let is_whole = |index: usize| before.get(index) == Some(&Type::I64);
        let is_run = ty == Type::Str && column.nullable && is_whole(joined.number) && is_whole(joined.count);
        at.must(11, is_run, || "a column of the host joins what are no texts of runs".to_owned())?;
    }
    at.must(11, holds(ty, column.element), || format!("{} does not hold {ty}", column.element))?;
    let is_text = ty == Type::Str;
    at.must(11, is_text == column.domain.is_some(), || format!("a column of the host is {ty}"))?;
    if let Some(domain) = column.domain {
        at.get(11, &manifest.domains, domain, "string domain")?;
    }
    Ok(ty)
}

/// The string domain of every column of a chunk; that its sources are there was verified.
fn chunk_domains(manifest: &Manifest, earlier: &[Stage], driver: &Driver) -> Vec<Option<usize>> {
    let source: Vec<Option<usize>> = match driver.source {
        DriverSource::Table(table) => manifest.tables[table].columns.iter().map(|column| column.domain).collect(),
        DriverSource::Stage(stage) => earlier[stage].sink.columns.iter().map(|column| column.domain).collect(),
    };
    let read = driver.columns.iter().map(|column| source[column.column]);
    read.chain(driver.host_columns.iter().map(|column| column.domain)).collect()
}

/// The split of a chunk between device and host.
fn passing(stage: &Stage, driver: &Driver, domains: &[Option<usize>], at: At<'_>) -> Verified {
    let lanes: Vec<_> = driver.lanes().collect();
    let ascend = driver.arguments.windows(2).all(|pair| pair[0] < pair[1]);
    at.must(12, ascend, || "the arguments do not ascend".to_owned())?;
    for argument in &driver.arguments {
        at.get(12, &lanes, *argument, "column of the chunk")?;
    }
    let (passed, columns) = (driver.passed.len(), stage.sink.columns.len());
    at.must(12, passed == columns, || format!("{passed} of {columns} columns are said to be passed on or not"))?;
    let may_pass = matches!(stage.sink.kind, SinkKind::Emit) && !driver.expands;
    for (passed, column) in driver.passed.iter().zip(&stage.sink.columns) {
        let Some(passed) = passed else { continue };
        at.must(12, may_pass, || "nothing can be passed on".to_owned())?;
        let (element, nullable) = *at.get(12, &lanes, *passed, "column of the chunk")?;
        let is_argument = driver.arguments.contains(passed);
        let alike = element == column.element && domains[*passed] == column.domain;
        let fits = !is_argument && alike && (column.field.nullable || !nullable);
        at.must(12, fits, || format!("`{}` is not chunk column {passed}", column.field.name))?;
    }
    Ok(())
}
