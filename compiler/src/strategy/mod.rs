//! How a stage folds its rows: one strategy a file, with all that is to be known of it.
//!
//! A `Strategy` says what a stage keeps of its rows (`Strategy::state`), what a chunk adds to it (`Strategy::step`), how the
//! states of two replicas become one (`Strategy::merge`), what comes out (`Strategy::finish`) and how that is laid out
//! (`Strategy::layout`), which order of rows it requires, what it costs, and what people are told of it. [`Sink`] lists the
//! strategies; the planner picks among them in `physical/choose.rs`; nothing behind the planner knows one from another.

mod accumulate;
pub(crate) mod address;
mod buffer;
mod build;
mod collect;
mod cost;
pub(crate) mod dense;
mod emit;
mod group;
mod group_sort;
mod layout;
pub(crate) mod lookup;
pub(crate) mod mark;
mod merge;
mod ranked;
mod reduce;
mod selected;
mod sink;
mod sort;
mod top_k;
mod window;

pub use address::{Addressing, KeyDim, KeyDomain};
pub use build::{BuildKeys, Matches};
pub use collect::Collect;
pub(crate) use cost::{Cost, Work};
pub use dense::Dense;
pub use emit::Emit;
pub use group::{AggregateItem, Group};
pub use group_sort::GroupSort;
pub(crate) use layout::{Layout, Length, Role};
pub use lookup::Lookup;
pub use mark::Mark;
pub use merge::Merge;
pub use reduce::Reduce;
pub use sink::Sink;
pub use sort::Sort;
pub use top_k::TopK;
pub use window::{Part, Window};

use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Given, Match, Rows};
use crate::physical::{Probe, Stage, StagePrinter, Together, Verifier};
use crate::plan::{RowCount, VerifyError};
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::Init;
use dj_runtime::expr::ColumnId;

/// One way to fold the rows of a stage.
pub(crate) trait Strategy {
    /// What `explain` calls it, and `--strategy` where there is a choice.
    fn name(&self) -> &'static str;

    /// What a stage does by it, for people who run it: `group by origin, hour: dense`.
    fn label(&self, names: &dyn Fn(ColumnId) -> String) -> String {
        self.group().map_or_else(|| self.name().to_owned(), |group| group.label(self.name(), names))
    }

    /// The same with all that decides the result, for people who read the plan: `sort [hour desc]`.
    fn title(&self, text: &StagePrinter<'_>) -> String {
        self.group().map_or_else(|| self.name().to_owned(), |group| group.title(self.name(), text))
    }

    /// What else is to be said of it, a line each.
    fn details(&self, text: &StagePrinter<'_>) -> Vec<String> {
        self.group().map_or_else(Vec::new, |group| group.details(text))
    }

    /// The expressions that are computed of each row. One that is missing here is not verified.
    fn expressions(&self) -> Vec<&Expr>;

    /// Keys and aggregates, if the rows become groups.
    fn group(&self) -> Option<&Group> {
        None
    }

    /// The columns that are compared as they are, beside the expressions: keys of groups, and of partitions.
    fn keys(&self) -> &[SchemaColumn] {
        self.group().map_or(&[], |group| &group.keys)
    }

    /// Keys and items, if the rows get columns that are computed of those around them.
    fn window(&self) -> Option<&Window> {
        None
    }

    /// What joins ask of it, if it is a build side.
    fn build(&self) -> Option<&dyn BuildStrategy> {
        None
    }

    /// Whether the result depends on the order in which rows arrive. Groups compare rows by their place, where it matters
    /// which comes first.
    fn relies_on_arrival(&self) -> bool {
        self.group().is_none()
    }

    /// Whether the rows of the result stand as they came.
    fn keeps_order(&self) -> bool {
        false
    }

    /// What the finish needs of the rows that several devices have folded.
    fn together(&self) -> Together<'_>;

    /// How many slots the tensors of the state have, one for each, if a finish of some slots gives the result of these.
    fn shared_slots(&self, _work: Work<'_>) -> Option<u64> {
        None
    }

    /// The columns whose tensors stand first in the buffers, of a strategy whose rows move between devices.
    fn buffered(&self, _stage: &Stage) -> Vec<SchemaColumn> {
        unreachable!("the rows of `{}` move nowhere", self.name())
    }

    /// Whether the place of each row in its order must be known, because rows are compared by it.
    fn reads_order(&self) -> bool {
        self.group().is_some_and(Group::reads_order)
    }

    /// How many rows come out of so many.
    fn rows_out(&self, rows: Option<RowCount>, _work: Work<'_>) -> Option<RowCount> {
        rows
    }

    /// What it takes to fold so many rows, as far as the planner compares strategies.
    ///
    /// What has no alternative by cost takes nothing.
    fn cost(&self, _work: Work<'_>) -> Cost {
        Cost { row: 0, once: 0 }
    }

    /// Checks what must hold of its own parts in a stage, by the numbers of `physical/verify.rs`.
    ///
    /// # Errors
    /// What does not hold.
    fn verify(&self, _verifier: &Verifier<'_>, _stage: &Stage) -> Result<(), VerifyError> {
        Ok(())
    }

    /// More rows than this may overflow a sum.
    fn max_rows(&self, cx: &Cx<'_, '_>, stage: &Stage) -> u64 {
        self.group().map_or(u64::MAX, |group| group.accumulators(cx, stage).max_rows())
    }

    /// Whether rows leave with each step, instead of being kept.
    fn emits(&self) -> bool {
        false
    }

    /// Whether steps append to buffers of the `Rows` capacity, of which the first tensor is the count.
    fn appends(&self) -> bool {
        false
    }

    /// Entries that dictionaries have at least beside its state: an eighth of the rows that it buffers, which cost little.
    fn least_dictionary(&self, stage: &Stage) -> usize {
        if self.appends() { stage.chunk_rows.div_ceil(4).next_power_of_two() } else { 1 }
    }

    /// Whether it has a slot for each combination of a text and other keys, so that a larger dictionary multiplies its table.
    fn multiplies_dictionaries(&self) -> bool {
        false
    }

    /// The tensors that it keeps, after the status.
    fn state(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Vec<StateSpec>;

    /// The state with a chunk's rows.
    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, state: &[Value<'c>]) -> StepResult<'c>;

    /// The state with what another replica has folded; where rows have an order, the other's come after.
    ///
    /// Where states append, there is room for both.
    fn merge<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>>;

    /// Whether a full buffer can be reduced in place by [`Strategy::compact`].
    fn compacts(&self) -> bool {
        false
    }

    /// The state with fewer rows that mean the same.
    fn compact<'c>(&self, _cx: &Cx<'_, 'c>, _stage: &Stage, _state: &[Value<'c>]) -> Vec<Value<'c>> {
        unreachable!("`{}` does not reduce its buffers in place", self.name())
    }

    /// What the tensors of the result are: those of its columns, if joins read no others.
    fn layout(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Layout {
        Layout::of_columns(cx, &stage.result)
    }

    /// The dimensions of the tensors of a length, at every rung; see [`StateSpec::dims`].
    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, length: Length) -> Vec<Vec<i64>>;

    /// The result, its tensors as [`Strategy::layout`] has them.
    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c>;

    /// The result of rows that stand in no order, where so many tensors at the end of the state say which theirs is
    /// ([`Stage::places`]): as long as nothing else is said they are put in order first. Places that the host reads follow.
    fn finish_placed<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        stage: &Stage,
        state: &[Value<'c>],
        places: usize,
    ) -> FinishResult<'c> {
        let state = cx.arranged(state, places);
        let (state, places) = state.split_at(state.len() - places);
        let mut result = self.finish(cx, stage, state);
        result.tensors.extend(places.iter().filter(|_| !stage.result_places().is_empty()));
        result
    }
}

/// A strategy by which the build side of a join is kept, and its matches found.
pub(crate) trait BuildStrategy {
    /// The keys, and what is known of their matches.
    fn keys(&self) -> &BuildKeys;

    /// How matches are found, for people: `merge, many matches`.
    fn description(&self) -> &'static str;

    /// Whether the last tensor of the result is a table that keys address.
    fn has_table(&self) -> bool;

    /// Checks that a join asks for what is built.
    ///
    /// # Errors
    /// What does not agree.
    fn verify_probe(&self, probe: &Probe) -> Result<(), VerifyError>;

    /// What rows of the probe side look for: integers that matches have too, `built` being where they look.
    fn sought<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, probe: &Probe, built: &Built<'c>) -> Sought<'c>;

    /// The first row of what is built that each lane matches, of what it looks for; only the `active` lanes do.
    fn search<'c>(&self, cx: &Cx<'_, 'c>, sought: &[Value<'c>], active: Value<'c>, built: &Built<'c>) -> Match<'c>;

    /// Whether rows can be shared out among devices, so that all that may match is on one.
    fn shares(&self) -> bool;

    /// The device that has the matches of what lanes look for, `i32[lanes]`, and what to ask it for.
    fn home<'c>(&self, cx: &Cx<'_, 'c>, sought: &[Value<'c>]) -> (Value<'c>, Vec<Value<'c>>);

    /// The device of each row of what is built, where they are shared out: `i32[lanes]`.
    fn homes<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Value<'c>;

    /// Behind the last row with the keys of the row at each position, where rows of equal keys stand together: `i32` each.
    fn run_ends<'c>(&self, built: &Built<'c>) -> Option<Value<'c>>;
}

/// What lanes look for in a build side.
pub(crate) struct Sought<'c> {
    /// Which of them may find something: `pred[lanes]`.
    pub(crate) exists: Value<'c>,
    /// Integers, as the strategy has them.
    pub(crate) keys: Vec<Value<'c>>,
}

/// A build side on the device.
pub(crate) struct Built<'c> {
    /// What the tensors are.
    pub(crate) layout: Layout,
    /// How many rows there are: `i32`.
    pub(crate) count: Value<'c>,
    /// The tensors.
    pub(crate) tensors: Vec<Value<'c>>,
}

impl<'c> Built<'c> {
    /// The tensor of a role.
    pub(crate) fn tensor(&self, role: Role) -> Option<Value<'c>> {
        self.layout.position(role).map(|position| self.tensors[position])
    }
}

/// A tensor of a stage's state, in every rung.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StateSpec {
    /// The element.
    pub(crate) element: Element,
    /// The dimensions at each rung, one for each thing that grows on its own; a program sees their product.
    pub(crate) dims: Vec<Vec<i64>>,
    /// What it holds before the first row.
    pub(crate) init: Init,
}

/// More rungs than this reach no machine's memory.
pub(crate) const MAX_RUNGS: usize = 24;

impl StateSpec {
    /// A tensor that has these dimensions at every rung.
    pub(crate) fn fixed(element: Element, dims: &[i64], init: Init) -> Self {
        Self { element, dims: vec![dims.to_vec(); MAX_RUNGS], init }
    }

    /// A count of rows.
    fn count() -> Self {
        Self::fixed(Element::S32, &[], Init::Zero)
    }
}

/// What a step gives besides the status.
pub(crate) struct StepResult<'c> {
    /// The state after the chunk.
    pub(crate) state: Vec<Value<'c>>,
    /// Mask and columns of an emitting stage.
    pub(crate) emitted: Given<'c>,
}

impl<'c> StepResult<'c> {
    /// A state, and nothing emitted.
    fn kept(state: Vec<Value<'c>>) -> Self {
        Self { state, emitted: vec![] }
    }
}

/// What finish gives besides the status.
pub(crate) struct FinishResult<'c> {
    /// How many rows there are: `i32`.
    pub(crate) count: Value<'c>,
    /// The tensors of the layout.
    pub(crate) tensors: Vec<Value<'c>>,
}

/// Names of columns, for labels.
fn named(columns: &[SchemaColumn], names: &dyn Fn(ColumnId) -> String) -> String {
    columns.iter().map(|column| names(column.id)).collect::<Vec<_>>().join(", ")
}
