//! A stage's sizes, state, residents, scalars and sink.

use super::{At, MAX_CHUNK_ROWS, MAX_ELEMENTS, MAX_RUNGS, Verified, drivers, exchanges, holds};
use crate::artifact::{
    CapacityKind, Dim, Init, Manifest, Resident, ResidentTensor, ScalarInput, ScalarSource, SinkKind, Stage, Variant,
};
use crate::pjrt::Element;
use crate::types::Type;
use dj_grammar::Span;

/// A stage of a variant, of this index.
pub(super) fn verify(manifest: &Manifest, variant: &Variant, index: usize, stage: &Stage, at: At<'_>) -> Verified {
    let earlier = &variant.stages[..index];
    at.must(7, (1..=MAX_CHUNK_ROWS).contains(&stage.chunk_rows), || format!("a chunk of {} rows", stage.chunk_rows))?;
    at.must(7, (1..=MAX_RUNGS).contains(&stage.rungs), || format!("it has {} rungs", stage.rungs))?;
    at.must(7, stage.first_rung < stage.rungs, || format!("it starts at rung {}", stage.first_rung))?;
    capacities(manifest, earlier, stage, at)?;
    state(stage, at)?;
    for resident in &stage.residents {
        verify_resident(manifest, earlier, stage, resident, at)?;
    }
    for scalar in &stage.scalars {
        verify_scalar(manifest, earlier, scalar, at)?;
    }
    for site in &stage.status {
        let has_place = !site.message.is_empty() && site.span != Span::default();
        at.must(16, has_place, || format!("a status `{}` without a place", site.message))?;
    }
    sink(manifest, stage, at)?;
    exchanges::verify(manifest, earlier, stage, at)?;
    at.must(20, !stage.drivers.is_empty(), || "it has no driver".to_owned())?;
    for (index, driver) in stage.drivers.iter().enumerate() {
        drivers::verify(manifest, earlier, stage, driver, At(&format!("{}, driver {index}", at.0)))?;
    }
    Ok(())
}

fn capacities(manifest: &Manifest, earlier: &[Stage], stage: &Stage, at: At<'_>) -> Verified {
    for (index, capacity) in stage.capacities.iter().enumerate() {
        let fits = capacity.base > 0 && capacity.at(stage.rungs - 1).is_some_and(|largest| largest <= MAX_ELEMENTS);
        at.must(8, fits, || format!("capacity {index} is {} at the first of {} rungs", capacity.base, stage.rungs))?;
        match capacity.holds {
            CapacityKind::Rows => {
                let holds = capacity.base >= stage.chunk_rows;
                at.must(8, holds, || format!("{} buffered rows are less than a chunk", capacity.base))?;
            }
            CapacityKind::Dictionary(domain) => {
                at.get(8, &manifest.domains, domain, "string domain")?;
            }
            CapacityKind::Result { stage, tensor } => {
                let tensors = fold_tensors(at, 8, earlier, stage)?;
                at.get(8, tensors, tensor, "tensor of a result")?;
            }
        }
    }
    Ok(())
}

fn state(stage: &Stage, at: At<'_>) -> Verified {
    let status = at.get(9, &stage.state, 0, "state tensor")?;
    let sites = stage.status.len().max(1);
    let is_status =
        status.element == Element::S64 && status.init == Init::Zero && status.dims.iter().all(|dims| *dims == [sites]);
    at.must(9, is_status, || format!("the first state tensor is no status of {sites} sites"))?;
    for (index, tensor) in stage.state.iter().enumerate() {
        let count = tensor.dims.len();
        at.must(9, count == stage.rungs, || format!("state {index} has {count} of {} rungs", stage.rungs))?;
        for pair in tensor.dims.windows(2) {
            let grows = pair[0].len() == pair[1].len() && pair[0].iter().zip(&pair[1]).all(|(a, b)| a <= b);
            at.must(9, grows, || format!("state {index} does not grow from {:?} to {:?}", pair[0], pair[1]))?;
        }
        for dims in &tensor.dims {
            let size = dims.iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
            let fits = size.is_some_and(|size| (1..=MAX_ELEMENTS).contains(&size));
            at.must(9, fits, || format!("state {index} is of dimensions {dims:?}"))?;
        }
    }
    Ok(())
}

fn fold_tensors<'s>(
    at: At<'_>,
    invariant: u8,
    earlier: &'s [Stage],
    stage: usize,
) -> Result<&'s [crate::artifact::ResultTensor], super::ManifestError> {
    match &at.get(invariant, earlier, stage, "earlier stage")?.sink.kind {
        SinkKind::Fold { tensors, .. } => Ok(tensors),
        SinkKind::Emit => Err(at.broken(invariant, format!("the rows of stage {stage} are not on the device"))),
    }
}

fn verify_resident(manifest: &Manifest, earlier: &[Stage], stage: &Stage, resident: &Resident, at: At<'_>) -> Verified {
    match resident {
        Resident::HostTable { table, capacity } => {
            let domain = at.get(14, &manifest.host_tables, *table, "host table")?.domain;
            let held = at.get(14, &stage.capacities, *capacity, "capacity")?.holds;
            let fits = held == CapacityKind::Dictionary(domain);
            at.must(14, fits, || format!("host table {table} is not sized by its dictionary"))
        }
        Resident::Result { stage: from, tensors } => {
            let made = fold_tensors(at, 14, earlier, *from)?;
            let (reads, has) = (tensors.len(), made.len());
            at.must(14, reads == has, || format!("it reads {reads} of {has} tensors of stage {from}"))?;
            for (tensor, made) in tensors.iter().zip(made) {
                verify_tensor(stage, tensor, made.element, at)?;
            }
            Ok(())
        }
    }
}

fn verify_tensor(stage: &Stage, tensor: &ResidentTensor, made: Element, at: At<'_>) -> Verified {
    let element = tensor.element;
    at.must(14, element == made, || format!("it reads a tensor of {made} as {element}"))?;
    match tensor.dim {
        Dim::Fixed(length) => {
            at.must(14, (1..=MAX_ELEMENTS).contains(&length), || format!("a resident of {length} elements"))
        }
        Dim::Capacity(capacity) => at.get(14, &stage.capacities, capacity, "capacity").map(|_| ()),
    }
}

fn verify_scalar(manifest: &Manifest, earlier: &[Stage], scalar: &ScalarInput, at: At<'_>) -> Verified {
    let (ty, nullable) = scalar_type(manifest, earlier, scalar.source, at, 15)?;
    at.must(15, holds(ty, scalar.element), || format!("a scalar of {} does not hold {ty}", scalar.element))?;
    // An earlier result may have no row.
    let is_cell = matches!(scalar.source, ScalarSource::Cell { .. });
    at.must(15, scalar.nullable || !(nullable || is_cell), || "a scalar may be null".to_owned())
}

/// The type of a scalar's source, and whether it may be null.
pub(super) fn scalar_type(
    manifest: &Manifest,
    earlier: &[Stage],
    source: ScalarSource,
    at: At<'_>,
    invariant: u8,
) -> Result<(Type, bool), super::ManifestError> {
    let field = match source {
        ScalarSource::Param(param) => &at.get(invariant, &manifest.params, param, "parameter")?.field,
        ScalarSource::Cell { stage, column } => {
            let columns = &at.get(invariant, earlier, stage, "earlier stage")?.sink.columns;
            &at.get(invariant, columns, column, "column")?.field
        }
    };
    Ok((field.ty, field.nullable))
}

fn sink(manifest: &Manifest, stage: &Stage, at: At<'_>) -> Verified {
    for column in &stage.sink.columns {
        manifest.verify_domain(at, &column.field, column.domain, true)?;
        let fits = holds(column.field.ty, column.element);
        at.must(17, fits, || format!("`{}` is {} in {}", column.field.name, column.field.ty, column.element))?;
    }
    if let Some((skip, keep)) = stage.sink.slice {
        at.must(19, skip.checked_add(keep).is_some(), || format!("it leaves out {skip} rows and keeps {keep}"))?;
    }
    let SinkKind::Fold { appends, compacts, tensors } = &stage.sink.kind else {
        let count = stage.state.len();
        return at.must(17, count == 1, || format!("it emits rows and keeps {count} state tensors"));
    };
    let has_rows = stage.capacities.iter().any(|capacity| capacity.holds == CapacityKind::Rows);
    at.must(18, !appends || has_rows, || "it appends and has no capacity of rows".to_owned())?;
    at.must(18, *appends || !compacts, || "it compacts and does not append".to_owned())?;
    for (index, tensor) in tensors.iter().enumerate() {
        let fits = |length: &usize| (1..=MAX_ELEMENTS).contains(length);
        let whole = tensor.dims.len() == stage.rungs && tensor.dims.iter().all(fits);
        at.must(17, whole, || format!("result {index} has lengths {:?} at {} rungs", tensor.dims, stage.rungs))?;
    }
    let mut rest = tensors.iter();
    for column in &stage.sink.columns {
        let nullable = column.field.nullable.then_some(Element::Pred);
        for wanted in std::iter::once(column.element).chain(nullable) {
            let found = rest.next().map(|tensor| tensor.element);
            at.must(17, found == Some(wanted), || format!("the tensors are not those of `{}`", column.field.name))?;
        }
    }
    Ok(())
}
