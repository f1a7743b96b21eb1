//! What moves between the devices of a mesh.

use super::{At, Verified};
use crate::artifact::{Manifest, Moves, Resident, SinkKind, Stage};
use crate::pjrt::Element;

/// The exchange of a stage.
pub(super) fn verify(manifest: &Manifest, earlier: &[Stage], stage: &Stage, at: At<'_>) -> Verified {
    let (exchange, target) = (stage.exchange, &manifest.target);
    let all = exchange.replicas == target.replicas;
    at.must(24, all, || format!("it exchanges among {} of {} devices", exchange.replicas, target.replicas))?;
    let (appends, tensors) = match &stage.sink.kind {
        SinkKind::Emit => (false, [].as_slice()),
        SinkKind::Fold { appends, tensors, .. } => (*appends, tensors.as_slice()),
    };
    let (moves, scatters) = match exchange.moves {
        Moves::None => (false, false),
        Moves::Scatter => (false, true),
        Moves::Partition | Moves::Share | Moves::Gather | Moves::Broadcast => (true, false),
    };
    at.must(24, !moves || (appends && exchange.replicas > 1), || "rows move that are not kept".to_owned())?;
    let adds_up = !appends && !tensors.is_empty() && exchange.replicas > 1;
    at.must(24, !scatters || adds_up, || "slots are shared out that are not there".to_owned())?;
    let columns = stage.sink.column_tensors().last().map_or(0, |last| last.validity.unwrap_or(last.values) + 1);
    // A stage that emits has columns and no tensors.
    let places = tensors.get(columns..).unwrap_or_default().iter().rev().take(exchange.places);
    let are_there = places.clone().count() == exchange.places
        && places.into_iter().all(|tensor| matches!(tensor.element, Element::S32 | Element::S64));
    at.must(24, are_there, || format!("its result has no {} tensors of places", exchange.places))?;
    let in_parts = exchange.places == 0 || !exchange.is_replicated();
    at.must(24, in_parts, || "a result that every device has is put in order".to_owned())?;
    let is_whole = |resident: &Resident| match resident {
        Resident::HostTable { .. } => true,
        Resident::Result { stage, .. } => {
            earlier.get(*stage).is_none_or(|from| from.exchange.is_replicated() || from.exchange.moves == Moves::Share)
        }
    };
    at.must(24, stage.residents.iter().all(is_whole), || "it reads a result of which a device has a part".to_owned())
}
