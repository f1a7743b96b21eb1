//! Rows collected in buffers, behind their count: what the strategies that sort have in common.

use super::StateSpec;
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Rows, order_element};
use crate::physical::Stage;
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::Init;

/// The count, and a buffer of each element.
pub(super) fn state(
    cx: &Cx<'_, '_>,
    stage: &Stage,
    elements: impl IntoIterator<Item = (Element, Init)>,
) -> Vec<StateSpec> {
    let dims = cx.buffer_dims(stage.chunk_rows);
    let buffer = |(element, init)| StateSpec { element, dims: dims.clone(), init };
    std::iter::once(StateSpec::count()).chain(elements.into_iter().map(buffer)).collect()
}

/// The count, and a buffer of each tensor of the columns; then the places of the rows, where the stage keeps them.
pub(super) fn state_of_columns(cx: &Cx<'_, '_>, stage: &Stage, columns: &[SchemaColumn]) -> Vec<StateSpec> {
    let elements = cx.column_elements(columns).into_iter().chain(place_elements(stage));
    state(cx, stage, elements.map(|element| (element, Init::Zero)))
}

/// The elements of the rows' places, where the stage keeps them.
pub(super) fn place_elements(stage: &Stage) -> Vec<Element> {
    stage.places().into_iter().map(order_element).collect()
}

/// The buffers with the active rows, of which `columns` are the tensors, behind those that are there.
pub(super) fn append<'c>(
    cx: &Cx<'_, 'c>,
    stage: &Stage,
    rows: &Rows<'c>,
    mut columns: Vec<Value<'c>>,
    state: &[Value<'c>],
) -> Vec<Value<'c>> {
    let b = cx.b;
    let (count, buffers) = (state[0], &state[1..]);
    if stage.keeps_places() {
        columns.extend(&rows.order);
    }
    assert!(columns.len() == buffers.len(), "{} tensors go to {} buffers", columns.len(), buffers.len());
    let (columns, added) = cx.compact(rows, columns);
    let appended = buffers.iter().zip(columns);
    let appended = appended.map(|(buffer, column)| b.dynamic_update_slice(*buffer, column, &[count]));
    std::iter::once(b.add(count, added)).chain(appended).collect()
}

/// The buffers with the rows of another replica's behind their own; there is room for both.
pub(super) fn concatenate<'c>(cx: &Cx<'_, 'c>, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
    let b = cx.b;
    let (mine, theirs) = (state[0], other[0]);
    let buffers = state[1..].iter().zip(&other[1..]).map(|(buffer, more)| {
        let length = b.length(*buffer);
        // Their first row moves to where mine end: as many rows of padding before theirs, cut to the buffer's length.
        let padded = b.concatenate(&[*buffer, *more], 0);
        let start = b.subtract(b.constant_int(Element::S32, length), mine);
        let moved = b.dynamic_slice(padded, &[start], &[length]);
        let own = b.compare(Direction::Lt, b.iota(Element::S32, length), b.broadcast(mine, &[length]));
        b.select(own, *buffer, moved)
    });
    std::iter::once(b.add(mine, theirs)).chain(buffers).collect()
}

/// The columns that an expression reads.
pub(super) fn columns_of(expr: &Expr) -> Vec<SchemaColumn> {
    let mut columns = Vec::new();
    expr.walk(&mut |part| {
        let column = part.as_column().map(|id| SchemaColumn { id, ty: part.ty, nullable: part.nullable });
        columns.extend(column);
    });
    columns
}

/// Adds a column to those that are kept, if it is new; it may be null if some reader says so.
pub(super) fn note(columns: &mut Vec<SchemaColumn>, column: SchemaColumn) {
    match columns.iter_mut().find(|known| known.id == column.id) {
        Some(known) => known.nullable |= column.nullable,
        None => columns.push(column),
    }
}

/// How many rows the buffers hold at the program's rung.
pub(super) fn capacity(cx: &Cx<'_, '_>, stage: &Stage) -> i64 {
    cx.buffer_dims(stage.chunk_rows)[cx.rung][0]
}
