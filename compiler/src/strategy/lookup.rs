//! `lookup`: the keys of a build side address a table that says which row has them; one row a key.

use super::address::{multiplies, slots};
use super::{
    BuildKeys, BuildStrategy, Built, Cost, FinishResult, KeyDim, Layout, Length, MAX_RUNGS, Matches, Role, Sought,
    StateSpec, StepResult, Strategy, Work, buffer,
};
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Match, Rows, Scope, product};
use crate::physical::{Exchange, Probe, Stage, StagePrinter, Together, Verifier, require};
use crate::plan::VerifyError;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::StatusKind;
use dj_runtime::expr::ColumnId;

/// More slots than this are never addressed: each takes four bytes.
pub(crate) const MAX_SLOTS: u64 = 4 * super::dense::MAX_SLOTS;

/// Nanoseconds that a slot takes: four bytes are filled. A sparse table is still cheaper than a search.
const SLOT: u64 = 3;

/// Nanoseconds that a row takes: it is scattered.
const ROW: u64 = 5;

/// 2^32 divided by the golden ratio, odd: a product with it sends neighbours far away from each other.
const GOLDEN: u64 = 0x9e37_79b1;

/// A table that keys address.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The keys; at most one row has each.
    pub keys: BuildKeys,
    /// Their domains. The table's extents are part of the result where a domain may grow, because each stage has its
    /// own rung: what the table's maker addressed and what its readers would address are not the same.
    pub dims: Vec<KeyDim>,
}

impl Lookup {
    /// How the result says how many slots each key has: where they are not the same at every rung.
    fn extents_role(&self) -> Option<Role> {
        self.dims.iter().any(KeyDim::grows).then_some(Role::Extents(self.dims.len()))
    }

    /// The slots of every key as the table's maker had them.
    fn extents<'c>(&self, cx: &Cx<'_, 'c>, built: &Built<'c>) -> Vec<Value<'c>> {
        let Some(role) = self.extents_role() else { return cx.extents(&self.dims) };
        let told = built.tensor(role).unwrap_or_else(|| panic!("a table whose keys grow has no extents"));
        let extent = |(key, dim): (usize, &KeyDim)| {
            if dim.grows() { cx.b.element_at(told, key as i64) } else { cx.extents(&[*dim])[0] }
        };
        self.dims.iter().enumerate().map(extent).collect()
    }

    /// How many slots there are, at this program's rung.
    fn slots(&self, cx: &Cx<'_, '_>) -> i64 {
        let extents: Vec<_> = self.dims.iter().map(|dim| cx.key_slots(dim, cx.rung)).collect();
        product(&extents).unwrap_or_else(|| panic!("63 bits do not count a table of {extents:?} slots"))
    }

    /// The numbers that the slots become where they are shared out, so that neighbours are on different devices: a power of two, of
    /// which a product with an odd number is another order.
    fn mixed(&self, cx: &Cx<'_, '_>) -> i64 {
        self.slots(cx).max(cx.devices()).cast_unsigned().next_power_of_two().cast_signed()
    }

    fn has_nulls(&self) -> bool {
        self.dims.iter().any(|dim| dim.nullable)
    }
}

impl Strategy for Lookup {
    fn name(&self) -> &'static str {
        "lookup"
    }

    fn label(&self, _names: &dyn Fn(ColumnId) -> String) -> String {
        "build: lookup".to_owned()
    }

    fn title(&self, text: &StagePrinter<'_>) -> String {
        self.keys.title(self.name(), text)
    }

    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        let slots = text.first_slots(&text.expr_texts(&self.keys.exprs), &self.dims);
        std::iter::once(slots).chain(self.keys.details()).collect()
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.keys.exprs.iter().collect()
    }

    fn build(&self) -> Option<&dyn BuildStrategy> {
        Some(self)
    }

    /// Rows differ in their keys, or it does not matter which is found.
    fn relies_on_arrival(&self) -> bool {
        false
    }

    fn cost(&self, work: Work<'_>) -> Cost {
        let slots = slots(&self.dims, work.dictionaries).unwrap_or(u64::MAX);
        Cost { row: ROW, once: SLOT.saturating_mul(slots) }
    }

    fn verify(&self, verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        let keys = &self.keys.exprs;
        let facts = keys.iter().map(|key| (key.ty, key.nullable, verifier.interval_of(key)));
        verifier.address(&facts.collect::<Vec<_>>(), &self.dims, MAX_SLOTS)?;
        require(matches!(self.keys.matches, Matches::One(_)), || {
            "(P6) a table has one row a key, and there may be more".to_owned()
        })
    }

    fn appends(&self) -> bool {
        true
    }

    fn least_dictionary(&self, stage: &Stage) -> usize {
        if self.multiplies_dictionaries() { 1 } else { stage.chunk_rows.div_ceil(4).next_power_of_two() }
    }

    fn multiplies_dictionaries(&self) -> bool {
        multiplies(&self.dims)
    }

    fn together(&self) -> Together<'_> {
        Together::Found
    }

    fn buffered(&self, stage: &Stage) -> Vec<SchemaColumn> {
        stage.result.clone()
    }

    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec> {
        buffer::state_of_columns(cx, stage, &stage.result)
    }

    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c> {
        self.keys.step(cx, stage, rows, self.has_nulls(), state)
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    /// The rows as buffered; the slots of every key, where they depend on the rung; and the table.
    fn layout(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Layout {
        let others = self.extents_role().into_iter().chain([Role::Table]).map(|role| (role, Element::S32));
        Layout::of_columns(cx, &stage.result).with(others)
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, length: Length) -> Vec<Vec<i64>> {
        match length {
            Length::Rows => cx.buffer_dims(stage.chunk_rows),
            Length::Slots if stage.exchange == Exchange::Share => vec![vec![cx.share_of(self.mixed(cx))]; MAX_RUNGS],
            Length::Slots => cx.slot_dims(&self.dims),
            Length::Keys(keys) => vec![vec![keys as i64]; MAX_RUNGS],
        }
    }

    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let b = cx.b;
        let (count, buffers) = (state[0], &state[1..]);
        let rows = cx.buffered_rows(&stage.result, buffers, count, buffer::capacity(cx, stage));
        let lanes = self.keys.lanes(cx, &rows);
        let extents: Vec<_> = self.dims.iter().map(|dim| cx.key_slots(dim, cx.rung)).collect();
        let (address, inside) = cx.address(&lanes, &self.dims, &cx.extents(&self.dims));
        let is_shared = stage.exchange == Exchange::Share;
        let slots = if is_shared { cx.share_of(self.mixed(cx)) } else { self.slots(cx) };
        let address = if is_shared { self.home(cx, &[address]).1[0] } else { address };
        let nowhere = b.full_int(Element::S32, &[rows.lanes], slots);
        let target = b.select(b.and(rows.active, inside), address, nowhere);
        let known = Indices { sorted: false, unique: false };
        let numbers = b.iota(Element::S32, rows.lanes);
        let table = b.scatter(b.full_int(Element::S32, &[slots], -1), target, numbers, Combiner::Max, known);
        let outside = b.and(rows.active, b.not(inside));
        let message = "a join key lies outside the bounds recorded at compile time".to_owned();
        cx.raise(StatusKind::Assumption, stage.span, message, outside, rows.origin);
        if self.keys.check_unique() {
            let zero = b.full_int(Element::S32, &[rows.lanes], 0);
            let kept = b.gather(table, b.select(inside, address, zero));
            let lost = b.and(b.compare(Direction::Ne, kept, numbers), b.and(rows.active, inside));
            self.keys.raise_duplicates(cx, stage, &rows, lost);
        }
        let told = self.extents_role().map(|_| b.vector_int(Element::S32, &extents));
        FinishResult { count, tensors: buffers.iter().copied().chain(told).chain([table]).collect() }
    }
}

impl BuildStrategy for Lookup {
    fn keys(&self) -> &BuildKeys {
        &self.keys
    }

    fn description(&self) -> &'static str {
        "lookup"
    }

    fn has_table(&self) -> bool {
        true
    }

    fn verify_probe(&self, probe: &Probe) -> Result<(), VerifyError> {
        let mut keys = self.keys.exprs.iter().zip(&self.dims);
        let nulls = keys.all(|(key, dim)| dim.nullable == (probe.nulls_equal && key.nullable));
        require(nulls, || format!("(P5) nulls have no slot of their own in stage {}", probe.build))
    }

    /// The slot of the keys. A code that the table's extents do not reach was not in the dictionary yet when the table was made, so no
    /// row has it.
    fn sought<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, probe: &Probe, built: &Built<'c>) -> Sought<'c> {
        let keys: Vec<_> = probe.keys.iter().map(|key| cx.expr(Scope::of(rows), key)).collect();
        let (address, inside) = cx.address(&keys, &self.dims, &self.extents(cx, built));
        Sought { exists: cx.b.and(inside, rows.active), keys: vec![address] }
    }

    fn search<'c>(&self, cx: &Cx<'_, 'c>, sought: &[Value<'c>], active: Value<'c>, built: &Built<'c>) -> Match<'c> {
        let b = cx.b;
        let table = built.tensor(Role::Table).unwrap_or_else(|| panic!("a lookup has no table"));
        let zero = b.full_int(Element::S32, &b.dims(active), 0);
        let row = b.gather(table, b.select(active, sought[0], zero));
        let found = b.and(active, b.compare(Direction::Ge, row, zero));
        Match { row: b.select(found, row, zero), found }
    }

    /// A table whose keys grow is addressed differently by its readers from time to time.
    fn shares(&self) -> bool {
        !self.dims.iter().any(KeyDim::grows)
    }

    /// The slot that it is in the device's part of the table.
    fn home<'c>(&self, cx: &Cx<'_, 'c>, sought: &[Value<'c>]) -> (Value<'c>, Vec<Value<'c>>) {
        let b = cx.b;
        let mixed = b.and(
            b.multiply(b.convert(sought[0], Element::U32), b.constant_uint(Element::U32, GOLDEN)),
            b.constant_uint(Element::U32, (self.mixed(cx) - 1).cast_unsigned()),
        );
        let share = b.constant_uint(Element::U32, cx.share_of(self.mixed(cx)).cast_unsigned());
        let part = |value: Value<'c>| b.convert(value, Element::S32);
        (part(b.divide(mixed, share)), vec![part(b.remainder(mixed, share))])
    }

    fn homes<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Value<'c> {
        let (address, inside) = cx.address(&self.keys.lanes(cx, rows), &self.dims, &cx.extents(&self.dims));
        let to = self.home(cx, &[address]).0;
        // What lies outside is said to do so wherever it is.
        cx.b.select(inside, to, cx.b.zero(Element::S32))
    }

    fn run_ends<'c>(&self, _built: &Built<'c>) -> Option<Value<'c>> {
        None
    }
}
