//! Sinks: what a stage keeps of its rows, and what it makes of them in the end.

mod aggregate;
pub(super) mod build;
mod collect;
mod group_sort;
mod top_k;

use super::accumulate::Accumulators;
use super::context::{Cx, Lane, Rows};
use super::program::Given;
use crate::encode::SchemaColumn;
use crate::physical::{AggregateStrategy, KeyDim, Sink, Stage};
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::{CapacityKind, Init, Part, SlotKind};

/// A tensor of a stage's state, in every rung.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StateSpec {
    /// The element.
    pub(super) element: Element,
    /// The dimensions at each rung, one for each thing that grows on its own; a program sees their product.
    pub(super) dims: Vec<Vec<i64>>,
    /// What it holds before the first row.
    pub(super) init: Init,
}

/// More rungs than this reach no machine's memory.
pub(super) const MAX_RUNGS: usize = 24;

impl StateSpec {
    fn fixed(element: Element, dims: &[i64], init: Init) -> Self {
        Self { element, dims: vec![dims.to_vec(); MAX_RUNGS], init }
    }
}

/// How many there are of so many times so many, if 63 bits count them.
pub(super) fn product(dims: &[i64]) -> Option<i64> {
    dims.iter().try_fold(1_i64, |all, length| all.checked_mul(*length))
}

/// What a step gives besides the status.
pub(super) struct StepResult<'c> {
    /// The state after the chunk.
    pub(super) state: Vec<Value<'c>>,
    /// How many rows are buffered, if the sink appends.
    pub(super) count: Option<Value<'c>>,
    /// Mask and columns of an emitting stage.
    pub(super) emitted: Given<'c>,
}

/// What finish gives besides the status.
pub(super) struct FinishResult<'c> {
    /// How many rows there are: `i32`.
    pub(super) count: Value<'c>,
    /// The columns' values and validities, then what only probes read.
    pub(super) tensors: Vec<Value<'c>>,
}

/// A sink of one stage.
pub(super) struct SinkLowering<'a> {
    pub(super) stage: &'a Stage,
    pub(super) accumulators: Option<Accumulators>,
}

impl<'a> SinkLowering<'a> {
    /// The sink of a stage.
    pub(super) fn new(cx: &Cx<'_, '_>, stage: &'a Stage) -> Self {
        let accumulators = match &stage.sink {
            Sink::Aggregate { aggregates, .. } => Some(Accumulators::new(cx, aggregates, stage.row_order())),
            Sink::Emit | Sink::Sort(_) | Sink::TopK { .. } | Sink::Lookup { .. } | Sink::Merge { .. } => None,
        };
        Self { stage, accumulators }
    }

    /// What a group remembers.
    fn accumulators(&self) -> &Accumulators {
        self.accumulators.as_ref().unwrap_or_else(|| unreachable!("only groups have accumulators"))
    }

    /// Whether steps append to buffers of the `Rows` capacity.
    pub(super) fn appends(&self) -> bool {
        match &self.stage.sink {
            Sink::Sort(_) | Sink::Lookup { .. } | Sink::Merge { .. } => true,
            Sink::Aggregate { strategy, .. } => *strategy == AggregateStrategy::Sort,
            Sink::Emit | Sink::TopK { .. } => false,
        }
    }

    /// Whether the buffers can be reduced in place.
    pub(super) fn compacts(&self) -> bool {
        matches!(&self.stage.sink, Sink::Aggregate { strategy: AggregateStrategy::Sort, .. })
    }

    /// The dimensions of the table that keys address, at every rung, if the sink makes one.
    pub(super) fn address_dims(&self, cx: &Cx<'_, '_>) -> Option<Vec<Vec<i64>>> {
        match &self.stage.sink {
            Sink::Lookup { dims, .. } => Some(cx.slot_dims(dims)),
            Sink::Emit | Sink::Aggregate { .. } | Sink::Sort(_) | Sink::TopK { .. } | Sink::Merge { .. } => None,
        }
    }

    /// The state after the status.
    pub(super) fn state(&self, cx: &Cx<'_, '_>) -> Vec<StateSpec> {
        match &self.stage.sink {
            Sink::Emit => vec![],
            Sink::Aggregate { strategy: AggregateStrategy::Sort, .. } => self.group_sort_state(cx),
            Sink::Aggregate { strategy: AggregateStrategy::Dense(dims), .. } => self.slots_state(cx, dims),
            Sink::Aggregate { strategy: AggregateStrategy::Reduce, .. } => self.slots_state(cx, &[]),
            Sink::Sort(_) | Sink::Lookup { .. } | Sink::Merge { .. } => self.buffer_state(cx),
            Sink::TopK { rows, .. } => self.top_k_state(cx, *rows as i64),
        }
    }

    /// One chunk.
    pub(super) fn step<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        match &self.stage.sink {
            Sink::Emit => StepResult { state: vec![], count: None, emitted: self.emit(cx, rows) },
            Sink::Aggregate { strategy: AggregateStrategy::Sort, keys, .. } => {
                self.group_sort_step(cx, rows, keys, state)
            }
            Sink::Aggregate { strategy: AggregateStrategy::Dense(dims), keys, .. } => {
                self.slots_step(cx, rows, keys, dims, state)
            }
            Sink::Aggregate { strategy: AggregateStrategy::Reduce, .. } => self.slots_step(cx, rows, &[], &[], state),
            Sink::Sort(_) => self.buffer_step(cx, rows, state),
            Sink::Lookup { keys, dims, .. } => {
                let nullable = dims.iter().any(|dim| dim.nullable);
                self.build_step(cx, rows, keys, nullable, state)
            }
            Sink::Merge { keys, nulls_equal, .. } => self.build_step(cx, rows, keys, *nulls_equal, state),
            Sink::TopK { keys, .. } => self.top_k_step(cx, rows, keys, state),
        }
    }

    /// The mask and the columns that are lanes; what the host passes on is none.
    fn emit<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Given<'c> {
        let mut emitted = vec![(SlotKind::Mask, rows.active)];
        for (index, column) in self.stage.result.iter().enumerate() {
            let Some(lane) = rows.columns.get(&column.id) else { continue };
            let tensors = [Part::Values, Part::Validity].into_iter().zip(cx.column_tensors(*lane, column));
            emitted.extend(tensors.map(|(part, value)| (SlotKind::Emitted { column: index, part }, value)));
        }
        emitted
    }

    /// The result.
    pub(super) fn finish<'c>(&self, cx: &Cx<'_, 'c>, state: &[Value<'c>]) -> FinishResult<'c> {
        match &self.stage.sink {
            Sink::Emit => FinishResult { count: cx.b.constant_int(Element::S32, 0), tensors: vec![] },
            Sink::Aggregate { strategy: AggregateStrategy::Sort, keys, .. } => self.group_sort_finish(cx, keys, state),
            Sink::Aggregate { strategy: AggregateStrategy::Dense(dims), keys, .. } => {
                self.slots_finish(cx, keys, dims, state)
            }
            Sink::Aggregate { strategy: AggregateStrategy::Reduce, .. } => self.slots_finish(cx, &[], &[], state),
            Sink::Sort(keys) => self.sort_finish(cx, keys, state),
            Sink::Lookup { keys, dims, check_unique } => self.lookup_finish(cx, keys, dims, *check_unique, state),
            Sink::Merge { keys, check_unique, nulls_equal } => {
                self.merge_finish(cx, keys, *check_unique, *nulls_equal, state)
            }
            Sink::TopK { .. } => self.top_k_finish(state),
        }
    }
}

impl<'c> Cx<'_, 'c> {
    /// Values and validities of columns, in order; a nullable column always has a validity.
    pub(super) fn columns_of(&self, rows: &Rows<'c>, schema: &[SchemaColumn]) -> Vec<Value<'c>> {
        let mut values = Vec::new();
        for column in schema {
            let lane = rows.columns[&column.id];
            values.extend(self.column_tensors(lane, column));
        }
        values
    }

    /// The tensors of one column.
    pub(super) fn column_tensors(&self, lane: Lane<'c>, column: &SchemaColumn) -> Vec<Value<'c>> {
        let value = self.to_element(lane.value, self.column_element(column.id, column.ty));
        if !column.nullable {
            return vec![value];
        }
        let valid = lane.valid.unwrap_or_else(|| self.b.full_pred(&self.b.dims(value), true));
        vec![value, valid]
    }

    /// The rows of buffers laid out like [`Cx::columns_of`], of which `count` are live.
    pub(super) fn buffered_rows(&self, schema: &[SchemaColumn], tensors: &[Value<'c>], count: Value<'c>) -> Rows<'c> {
        let b = self.b;
        let mut rest = tensors;
        let mut columns = std::collections::BTreeMap::new();
        for column in schema {
            let (mine, others) = rest.split_at(1 + usize::from(column.nullable));
            columns.insert(column.id, Lane { value: mine[0], valid: mine.get(1).copied() });
            rest = others;
        }
        let lanes = tensors.first().map_or(1, |tensor| b.length(*tensor));
        let active =
            b.compare(crate::stablehlo::Direction::Lt, b.iota(Element::S32, lanes), b.broadcast(count, &[lanes]));
        let origin = b.iota(Element::S64, lanes);
        Rows { lanes, columns, active, dense: true, origin, order: vec![] }
    }

    /// The elements of columns laid out like [`Cx::columns_of`].
    pub(super) fn column_elements(&self, schema: &[SchemaColumn]) -> Vec<Element> {
        let mut elements = Vec::new();
        for column in schema {
            elements.push(self.column_element(column.id, column.ty));
            elements.extend(column.nullable.then_some(Element::Pred));
        }
        elements
    }

    /// The rows of buffers at every rung.
    pub(super) fn buffer_dims(&self, chunk_rows: usize) -> Vec<Vec<i64>> {
        let base = chunk_rows.checked_mul(2).and_then(usize::checked_next_power_of_two);
        let base = base.unwrap_or_else(|| panic!("a chunk of {chunk_rows} rows is too large to buffer"));
        let mut interface = self.interface.borrow_mut();
        let capacity = interface.capacity(base.max(16), CapacityKind::Rows);
        (0..MAX_RUNGS).map(|rung| vec![interface.size(capacity, rung) as i64]).collect()
    }

    /// The slots of keys at every rung.
    pub(super) fn slot_dims(&self, dims: &[KeyDim]) -> Vec<Vec<i64>> {
        (0..MAX_RUNGS).map(|rung| dims.iter().map(|dim| self.key_slots(dim, rung)).collect()).collect()
    }

    /// A tensor of an initial value.
    pub(super) fn filled(&self, element: Element, dims: &[i64], init: Init) -> Value<'c> {
        match init {
            Init::Zero => self.zeros(element, dims),
            Init::Bits(bits) if matches!(element, Element::U8 | Element::U16 | Element::U32 | Element::U64) => {
                self.b.full_uint(element, dims, bits)
            }
            Init::Bits(bits) if element.bytes() == 4 => self.b.full_int(element, dims, i64::from(bits as u32 as i32)),
            Init::Bits(bits) => self.b.full_int(element, dims, bits as i64),
        }
    }

    /// Writes the active rows behind the `count` rows of the buffers.
    pub(super) fn append(
        &self,
        rows: &Rows<'c>,
        columns: Vec<Value<'c>>,
        buffers: &[Value<'c>],
        count: Value<'c>,
    ) -> (Vec<Value<'c>>, Value<'c>) {
        let b = self.b;
        let (columns, added) = self.compact(rows, columns);
        let appended = buffers.iter().zip(columns);
        let appended = appended.map(|(buffer, column)| b.dynamic_update_slice(*buffer, column, &[count])).collect();
        (appended, b.add(count, added))
    }
}
