//! `window`: rows are buffered, and what is computed of their partitions is put beside them at the end.
//!
//! The finish puts the rows in order once, by partition and then by the partition's own order, computes everything there,
//! where a partition is a run of rows and a frame a part of it, and puts each result back to its row. Windows of the same partitions
//! in the same order that follow each other are one stage: what is filtered and derived between them is so of the rows in order.
//!
//! On a mesh the rows of a partition meet on one device. Without keys these are all rows: a frame may reach from the first to the
//! last.

mod aggregate;
mod frame;
mod part;
mod partition;
mod ranked;
mod scan;
mod tree;
mod wavelet;

use super::buffer::{columns_of, note};
use super::ranked::Span;
use super::{FinishResult, Length, StateSpec, StepResult, Strategy, buffer, named};
use crate::encode::{Encoded, Expr, SchemaColumn, SortKey};
use crate::lower::{Cx, Lane, Rows, Scope};
use crate::physical::{OrderPart, Stage, StagePrinter, Together, Verifier, require};
use crate::plan::{NamedWindow, VerifyError, WindowFunction};
use crate::stablehlo::{Combiner, Direction, Element, Value};
use dj_runtime::expr::ColumnId;
pub use part::Part;
use partition::Arranged;

/// Columns that are computed of the rows around each.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The columns that tell partitions apart.
    pub by: Vec<SchemaColumn>,
    /// The order of a partition's rows.
    pub order: Vec<SortKey>,
    /// What is done with the rows in order, one after the other; first items.
    pub parts: Vec<Part>,
    /// Whether the rows may come in any order, because nothing reads it.
    pub any_order: bool,
}

impl Window {
    /// The columns that are computed.
    pub(crate) fn made(&self) -> impl Iterator<Item = SchemaColumn> {
        self.parts.iter().flat_map(Part::made)
    }

    /// The columns that are computed and that something else is computed of.
    pub(crate) fn read_again(&self) -> impl Iterator<Item = ColumnId> {
        self.parts.iter().flat_map(Part::expressions).flat_map(Expr::columns).filter(|id| self.makes(*id))
    }

    /// Whether both want rows in the same partitions and these in the same order.
    pub(crate) fn arranges_like(&self, other: &Self) -> bool {
        let ids = |window: &Self| window.by.iter().map(|key| key.id).collect::<Vec<_>>();
        ids(self) == ids(other) && SortKey::same_order(&self.order, &other.order)
    }

    fn makes(&self, id: ColumnId) -> bool {
        self.made().any(|column| column.id == id)
    }

    fn items(&self) -> impl Iterator<Item = &NamedWindow<Encoded>> {
        self.parts.iter().flat_map(Part::items)
    }

    /// The columns that the rows bring along: those of the result, and what is read of them.
    fn carried(&self, stage: &Stage) -> Vec<SchemaColumn> {
        let mut columns = stage.result.iter().filter(|column| !self.makes(column.id)).copied().collect::<Vec<_>>();
        let more = self.by.iter().copied();
        let more = more.chain(self.expressions().into_iter().flat_map(columns_of));
        for column in more.filter(|column| !self.makes(column.id)) {
            note(&mut columns, column);
        }
        columns
    }

    /// The buffered rows with what was computed of them, as they came; where any order will do and less is moved so, in the order
    /// of their partitions. Of `places`, which the state keeps of each row, come out those of the rows that are left, if anybody reads them.
    fn finished<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: &[Value<'c>],
    ) -> FinishResult<'c> {
        let (count, buffers) = (state[0], &state[1..]);
        let rows = cx.buffered_rows(&self.carried(stage), buffers, count, buffer::capacity(cx, stage));
        let number = stage.places().iter().position(|part| *part == OrderPart::Row);
        let mut arranged = Arranged::new(cx, self, &rows, count);
        arranged.number(cx, number.and_then(|number| places.get(number)).copied());
        let places = if stage.result_places().is_empty() { &[] } else { places };
        for (index, part) in self.parts.iter().enumerate() {
            let rest = self.parts[index + 1..].iter().flat_map(Part::expressions);
            let read: Vec<_> = rest.chain(self.order.iter().map(|key| &key.expr)).flat_map(Expr::columns).collect();
            let is_read = |id: ColumnId| read.contains(&id) || stage.result.iter().any(|column| column.id == id);
            self.compute(cx, &mut arranged, part);
            arranged.rows.columns.retain(|id, _| is_read(*id));
        }
        let (made, brought): (Vec<&SchemaColumn>, Vec<_>) =
            stage.result.iter().partition(|column| self.makes(column.id));
        let places = places.iter().map(|place| Lane { value: *place, valid: None });
        let rows_brought: Vec<_> = brought.iter().map(|column| rows.columns[&column.id]).chain(places).collect();
        let rows_made: Vec<_> = made.iter().map(|column| arranged.rows.columns[&column.id]).collect();
        let stay = self.any_order && rows_brought.len() <= rows_made.len();
        let (rows_brought, rows_made) = if stay {
            (arranged.bring(cx, &rows_brought), rows_made)
        } else {
            arranged.put_back(cx, &rows_brought, &rows_made)
        };
        let (of_columns, places) = rows_brought.split_at(brought.len());
        let lanes = brought.iter().zip(of_columns).chain(made.iter().zip(&rows_made));
        let lane = |wanted: &SchemaColumn| {
            let found = lanes.clone().find(|(column, _)| column.id == wanted.id);
            *found.unwrap_or_else(|| unreachable!("{:?} is neither made nor brought", wanted.id)).1
        };
        let columns = stage.result.iter().flat_map(|column| cx.column_tensors(lane(column), column));
        let tensors = columns.chain(places.iter().map(|place| place.value)).collect();
        FinishResult { count: arranged.count, tensors }
    }

    /// Does a part of what is done with the rows in order.
    fn compute<'c>(&self, cx: &Cx<'_, 'c>, arranged: &mut Arranged<'c>, part: &Part) {
        match part {
            Part::Items(items) => {
                let results = self.results(cx, arranged, items);
                arranged.add(cx, items, &results);
            }
            Part::Derive(items) => cx.derive(&mut arranged.rows, items),
            Part::Filter(predicate) => {
                let keeps = cx.at(predicate.span, || cx.truth(Scope::of(&arranged.rows), predicate));
                arranged.keep(cx, keeps);
            }
        }
    }

    /// The items, all that are added up of one frame together, because they are computed together.
    fn results<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        arranged: &mut Arranged<'c>,
        items: &[NamedWindow<Encoded>],
    ) -> Vec<Lane<'c>> {
        let mut lanes: Vec<Option<Lane<'c>>> = vec![None; items.len()];
        for index in 0..items.len() {
            if lanes[index].is_some() {
                continue;
            }
            let item = &items[index];
            if !is_added(item) {
                lanes[index] = Some(cx.at(item.span, || self.value(cx, arranged, item)));
                continue;
            }
            let of_frame = |other: &usize| {
                let other = &items[*other];
                is_added(other) && other.frame == item.frame
            };
            let together: Vec<_> = (index..items.len()).filter(of_frame).collect();
            let of_frame: Vec<_> = together.iter().map(|index| &items[*index]).collect();
            let frame = self.frame(cx, arranged, &item.frame);
            let results = aggregate::aggregates(cx, arranged, &of_frame, &frame);
            for (index, lane) in together.into_iter().zip(results) {
                lanes[index] = Some(lane);
            }
        }
        lanes.into_iter().flatten().collect()
    }

    /// What is not added up, of each row in order.
    fn value<'c>(&self, cx: &Cx<'_, 'c>, arranged: &mut Arranged<'c>, item: &NamedWindow<Encoded>) -> Lane<'c> {
        let b = cx.b;
        let one = b.constant_int(Element::S32, 1);
        let exact = |value: Value<'c>| Lane { value, valid: None };
        let float = |value: Value<'c>| b.convert(value, Element::F64);
        let partition = arranged.partition(cx);
        let (position, rows) = (arranged.position, b.subtract(partition.end, partition.start));
        match item.function {
            WindowFunction::Aggregate(function) => {
                let ranking = function.ranking().unwrap_or_else(|| unreachable!("{function:?} is added up"));
                let frame = self.frame(cx, arranged, &item.frame);
                ranked::aggregate(cx, arranged, item, ranking, &frame)
            }
            WindowFunction::RowNumber => exact(b.add(b.subtract(position, partition.start), one)),
            WindowFunction::Rank => exact(b.add(b.subtract(arranged.peers(cx).start, partition.start), one)),
            WindowFunction::DenseRank => {
                let number = arranged.peer_numbers(cx);
                let first = b.gather(number, partition.start);
                exact(b.add(b.subtract(number, first), one))
            }
            WindowFunction::PercentRank => {
                let before = float(b.subtract(arranged.peers(cx).start, partition.start));
                let others = float(b.maximum(b.subtract(rows, one), one));
                exact(b.divide(before, others))
            }
            WindowFunction::CumulativeShare => {
                let until = float(b.subtract(arranged.peers(cx).end, partition.start));
                exact(b.divide(until, float(b.maximum(rows, one))))
            }
            WindowFunction::Tile(parts) => exact(tile(cx, b.subtract(position, partition.start), rows, parts)),
            WindowFunction::Shift(by) => shift(cx, arranged, item, partition, by),
            WindowFunction::Fill => fill(cx, arranged, item, partition),
        }
    }
}

/// Whether an item is an aggregate that rows are added to, one after the other.
fn is_added(item: &NamedWindow<Encoded>) -> bool {
    matches!(item.function, WindowFunction::Aggregate(function) if !function.ranks())
}

/// Which of so many parts a row is in, from one: the first `rows % parts` parts have a row more than the others.
fn tile<'c>(cx: &Cx<'_, 'c>, row: Value<'c>, rows: Value<'c>, parts: u64) -> Value<'c> {
    let b = cx.b;
    // More parts than a buffer has rows are as many as these.
    let parts = b.constant_int(Element::S32, i64::try_from(parts).unwrap_or(i64::MAX).min(i32::MAX.into()));
    let one = b.constant_int(Element::S32, 1);
    let (size, larger) = (b.divide(rows, parts), b.remainder(rows, parts));
    let in_larger = b.multiply(larger, b.add(size, one));
    let first = b.divide(row, b.add(size, one));
    let later = b.divide(b.subtract(row, in_larger), b.maximum(size, one));
    let is_first = b.compare(Direction::Lt, row, in_larger);
    b.add(b.select(is_first, first, b.add(larger, later)), one)
}

/// The value of a row some rows before, or what stands for it.
fn shift<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    partition: Span<'c>,
    by: i64,
) -> Lane<'c> {
    let b = cx.b;
    let lane = arranged.argument(cx, &item.arguments[0]);
    let from = frame::moved(cx, arranged.position, by.saturating_neg());
    // What is looked for before a row is not behind its partition, nor the other way round.
    let inside = if by >= 0 {
        b.compare(Direction::Ge, from, partition.start)
    } else {
        b.compare(Direction::Lt, from, partition.end)
    };
    // Of rows behind the buffer's ends nothing is seen.
    let lanes = arranged.rows.lanes;
    let by = by.clamp(-lanes, lanes);
    let moved = |rows: Value<'c>| b.pad(rows, b.zero(b.element(rows)), &[by], &[-by]);
    let value = moved(lane.value);
    let valid = lane.valid.map(moved);
    let Some(default) = item.arguments.get(1) else {
        return Lane { value, valid: cx.both(Some(inside), valid) };
    };
    let otherwise = arranged.argument(cx, default);
    let element = cx.column_element(item.id, item.ty);
    let (value, other) = (cx.to_element(value, element), cx.to_element(otherwise.value, element));
    let all = || b.full_pred(&[arranged.rows.lanes], true);
    let valid = (valid.is_some() || otherwise.valid.is_some())
        .then(|| b.select(inside, valid.unwrap_or_else(all), otherwise.valid.unwrap_or_else(all)));
    Lane { value: b.select(inside, value, other), valid }
}

/// The last value up to each row that is not null.
fn fill<'c>(
    cx: &Cx<'_, 'c>,
    arranged: &mut Arranged<'c>,
    item: &NamedWindow<Encoded>,
    partition: Span<'c>,
) -> Lane<'c> {
    let b = cx.b;
    let lane = arranged.argument(cx, &item.arguments[0]);
    let Some(valid) = lane.valid else { return lane };
    let none = b.full_int(Element::S32, &[arranged.rows.lanes], -1);
    let last = b.inclusive_scan(Combiner::Max, b.select(valid, arranged.position, none));
    let found = b.compare(Direction::Ge, last, partition.start);
    Lane { value: b.gather(lane.value, b.select(found, last, arranged.position)), valid: Some(found) }
}

impl Strategy for Window {
    fn name(&self) -> &'static str {
        "window"
    }

    fn label(&self, names: &dyn Fn(ColumnId) -> String) -> String {
        if self.by.is_empty() { self.name().to_owned() } else { format!("window by {}", named(&self.by, names)) }
    }

    fn title(&self, text: &StagePrinter<'_>) -> String {
        let by = if self.by.is_empty() { String::new() } else { format!(" by [{}]", text.columns(&self.by)) };
        let order = if self.order.is_empty() { String::new() } else { format!(" sort [{}]", text.order(&self.order)) };
        let any_order = if self.any_order { " in any order" } else { "" };
        format!("window{by}{order}{any_order}")
    }

    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        self.parts.iter().flat_map(|part| part.lines(text)).collect()
    }

    fn expressions(&self) -> Vec<&Expr> {
        let keys = self.order.iter().map(|key| &key.expr);
        keys.chain(self.parts.iter().flat_map(Part::expressions)).collect()
    }

    fn keys(&self) -> &[SchemaColumn] {
        &self.by
    }

    fn window(&self) -> Option<&Window> {
        Some(self)
    }

    /// The sort is stable, so that what an order leaves open stays as it arrived.
    fn relies_on_arrival(&self) -> bool {
        true
    }

    fn keeps_order(&self) -> bool {
        !self.any_order
    }

    fn max_rows(&self, cx: &Cx<'_, '_>, _stage: &Stage) -> u64 {
        aggregate::max_rows(cx, self.items())
    }

    fn appends(&self) -> bool {
        true
    }

    fn verify(&self, _verifier: &Verifier<'_>, stage: &Stage) -> Result<(), VerifyError> {
        part::verify(&self.parts, &self.carried(stage))?;
        self.items().try_for_each(|item| {
            let measured = !item.frame.measures() || self.order.len() == 1;
            require(measured, || format!("(P18) the frame of {:?} has {} keys", item.id, self.order.len()))
        })
    }

    fn together(&self) -> Together<'_> {
        Together::Keys(&self.by)
    }

    fn buffered(&self, stage: &Stage) -> Vec<SchemaColumn> {
        self.carried(stage)
    }

    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        buffer::state_of_columns(cx, stage, &self.carried(stage))
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        // What is filtered out is not computed.
        cx.raise_early(rows, self.order.iter().map(|key| &key.expr));
        for item in self.parts.first().into_iter().flat_map(Part::items) {
            cx.raise_early_where(rows, item.filter.as_ref(), &item.arguments);
        }
        StepResult::kept(buffer::append(cx, stage, rows, cx.columns_of(rows, &self.carried(stage)), state))
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        cx.buffer_dims(stage.chunk_rows)
    }

    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        self.finished(cx, stage, state, &[])
    }

    /// The same of rows that are put in order by their places first.
    fn finish_placed<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: usize,
    ) -> FinishResult<'c> {
        let state = cx.arranged(state, places);
        let (state, places) = state.split_at(state.len() - places);
        self.finished(cx, stage, state, places)
    }
}
