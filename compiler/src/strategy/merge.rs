//! `merge`: the rows of a build side are sorted by their keys, and a join searches them.

use super::{
    BuildKeys, BuildStrategy, Built, Cost, FinishResult, Layout, Length, Matches, Role, Sought, StateSpec, StepResult,
    Strategy, Work, buffer,
};
use crate::encode::{Expr, SchemaColumn};
use crate::lower::{Cx, Lane, Match, Rows, Runs, join_word_count};
use crate::physical::{Probe, Stage, StagePrinter, Together, require};
use crate::plan::{Nearest, VerifyError};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::expr::ColumnId;

/// Nanoseconds that a row takes: it is sorted, and gathered in the new order.
const ROW: u64 = 53;

/// Nanoseconds that it takes to sort anything.
const ONCE: u64 = 196_608;

/// Rows that are sorted by their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The keys.
    pub keys: BuildKeys,
    /// Whether null keys are kept, and match.
    pub nulls_equal: bool,
}

impl Merge {
    /// Keys as words. The key that is nearest has words of its own, so that the others can be compared by themselves.
    fn words_of<'c>(&self, cx: &Cx<'_, 'c>, lanes: &[Lane<'c>], keys: &[Expr]) -> Vec<Value<'c>> {
        let equal = self.keys.equal().0.len();
        let mut words = cx.join_words(&lanes[..equal], &keys[..equal], self.nulls_equal);
        words.extend(cx.join_words(&lanes[equal..], &keys[equal..], self.nulls_equal));
        words
    }

    /// The words of the keys that must be equal: those of the key that is nearest are the last.
    fn equal_words<'w, 'c>(&self, words: &'w [Value<'c>]) -> &'w [Value<'c>] {
        let (_, measured) = self.keys.equal();
        &words[..words.len() - join_word_count(measured, self.nulls_equal)]
    }

    /// The words of the keys, as the layout has them.
    fn words<'c>(&self, built: &Built<'c>) -> Vec<Value<'c>> {
        (0..).map_while(|index| built.tensor(Role::Word(index))).collect()
    }
}

impl Strategy for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn label(&self, _names: &dyn Fn(ColumnId) -> String) -> String {
        "build: merge".to_owned()
    }

    fn title(&self, text: &StagePrinter<'_>) -> String {
        self.keys.title(self.name(), text)
    }

    fn details(&self, _text: &StagePrinter<'_>) -> Vec<String> {
        self.keys.details().into_iter().collect()
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.keys.exprs.iter().collect()
    }

    fn build(&self) -> Option<&dyn BuildStrategy> {
        Some(self)
    }

    /// Matches of one key stay as they came.
    fn relies_on_arrival(&self) -> bool {
        true
    }

    fn cost(&self, _work: Work<'_>) -> Cost {
        Cost { row: ROW, once: ONCE }
    }

    fn appends(&self) -> bool {
        true
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
        self.keys.step(cx, stage, rows, self.nulls_equal, state)
    }

    fn merge<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, state: &[Value<'c>], other: &[Value<'c>]) -> Vec<Value<'c>> {
        buffer::concatenate(cx, state, other)
    }

    /// The rows sorted by their words, the words, and where each run of equal words ends.
    fn layout(&self, cx: &Cx<'_, '_>, stage: &Stage) -> Layout {
        let (equal, nearest) = self.keys.equal();
        let words = join_word_count(equal, self.nulls_equal) + join_word_count(nearest, self.nulls_equal);
        let words = (0..words).map(|index| (Role::Word(index), Element::U64));
        Layout::of_columns(cx, &stage.result).with(words.chain([(Role::RunEnd, Element::S32)]))
    }

    fn length(&self, cx: &Cx<'_, '_>, stage: &Stage, _length: Length) -> Vec<Vec<i64>> {
        cx.buffer_dims(stage.chunk_rows)
    }

    fn finish<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, state: &[Value<'c>]) -> FinishResult<'c> {
        let b = cx.b;
        let (count, buffers) = (state[0], &state[1..]);
        let rows = cx.buffered_rows(&stage.result, buffers, count, buffer::capacity(cx, stage));
        let words = self.words_of(cx, &self.keys.lanes(cx, &rows), &self.keys.exprs);
        let Runs { order, words, starts, numbers, slots } = cx.runs(&rows, &words, count);
        if self.keys.check_unique() {
            self.keys.raise_duplicates(cx, stage, &rows, b.and(rows.active, b.not(starts)));
        }
        let length = rows.lanes;
        let ends = b.add(b.iota(Element::S32, length), b.constant_int(Element::S32, 1));
        let known = Indices { sorted: true, unique: false };
        let run_ends = b.scatter(b.full_int(Element::S32, &[length], 0), slots, ends, Combiner::Max, known);
        let zero = b.full_int(Element::S32, &[length], 0);
        let run_end = b.gather(run_ends, b.select(rows.active, numbers, zero));
        let columns = cx.gather_all(buffers, order);
        FinishResult { count, tensors: columns.into_iter().chain(words).chain([run_end]).collect() }
    }
}

impl BuildStrategy for Merge {
    fn keys(&self) -> &BuildKeys {
        &self.keys
    }

    fn description(&self) -> &'static str {
        match self.keys.matches {
            Matches::Many => "merge, many matches",
            Matches::One(_) => "merge, one match",
            Matches::Nearest(_) => "merge, nearest match",
        }
    }

    fn has_table(&self) -> bool {
        false
    }

    fn verify_probe(&self, probe: &Probe) -> Result<(), VerifyError> {
        let same = self.nulls_equal == probe.nulls_equal;
        require(same, || format!("(P5) nulls match on one side of stage {} only", probe.build))
    }

    /// The words of the keys.
    fn sought<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>, probe: &Probe, _built: &Built<'c>) -> Sought<'c> {
        let keys: Vec<_> = probe.keys.iter().map(|key| cx.expr(crate::lower::Scope::of(rows), key)).collect();
        let valid = keys.iter().fold(None, |valid, key| cx.both(valid, key.valid));
        let exists = match valid {
            Some(valid) if !self.nulls_equal => cx.b.and(rows.active, valid),
            _ => rows.active,
        };
        Sought { exists, keys: self.words_of(cx, &keys, &probe.keys) }
    }

    /// The first of the sorted rows that has the words of each row.
    fn search<'c>(&self, cx: &Cx<'_, 'c>, words: &[Value<'c>], active: Value<'c>, built: &Built<'c>) -> Match<'c> {
        let b = cx.b;
        let sorted = self.words(built);
        assert!(sorted.len() == words.len(), "the sides of a join have {} and {} words", sorted.len(), words.len());
        let lanes = b.length(active);
        let zero = b.full_int(Element::S32, &[lanes], 0);
        let nearest = if let Matches::Nearest(nearest) = self.keys.matches { Some(nearest) } else { None };
        let behind = nearest == Some(Nearest::Before);
        let row = bound(cx, &sorted, words, built.count, behind);
        let row = if behind { b.subtract(row, b.constant_int(Element::S32, 1)) } else { row };
        let under = b.compare(Direction::Lt, row, b.broadcast(built.count, &[lanes]));
        let inside = b.and(under, b.compare(Direction::Ge, row, zero));
        let safe = b.select(inside, row, zero);
        let equal = sorted.iter().zip(self.equal_words(words));
        let equal = equal.map(|(sorted, word)| b.compare(Direction::Eq, b.gather(*sorted, safe), *word));
        let found = equal.fold(b.and(inside, active), |all, equal| b.and(all, equal));
        Match { row: safe, found }
    }

    fn shares(&self) -> bool {
        !self.keys.equal().0.is_empty()
    }

    fn home<'c>(&self, cx: &Cx<'_, 'c>, words: &[Value<'c>]) -> (Value<'c>, Vec<Value<'c>>) {
        (cx.device_of(self.equal_words(words)), words.to_vec())
    }

    fn homes<'c>(&self, cx: &Cx<'_, 'c>, rows: &Rows<'c>) -> Value<'c> {
        self.home(cx, &self.words_of(cx, &self.keys.lanes(cx, rows), &self.keys.exprs)).0
    }

    fn run_ends<'c>(&self, built: &Built<'c>) -> Option<Value<'c>> {
        built.tensor(Role::RunEnd)
    }
}

/// The first of `count` sorted rows whose words are not less than each lane's; or greater, where `behind`.
fn bound<'c>(cx: &Cx<'_, 'c>, sorted: &[Value<'c>], words: &[Value<'c>], count: Value<'c>, behind: bool) -> Value<'c> {
    let b = cx.b;
    let lanes = b.length(words[0]);
    let steps = 64 - (b.length(sorted[0]) as u64).leading_zeros();
    let low = b.full_int(Element::S32, &[lanes], 0);
    let high = b.broadcast(count, &[lanes]);
    let steps = b.constant_int(Element::S32, steps.into());
    let bounds = b.for_range(steps, &[low, high], |b, _, bounds| {
        let (low, high) = (bounds[0], bounds[1]);
        let open = b.compare(Direction::Lt, low, high);
        let one = b.constant_int(Element::S32, 1);
        let middle = b.divide(b.add(low, high), b.constant_int(Element::S32, 2));
        let mut less = b.full_pred(&[lanes], behind);
        for (sorted, word) in sorted.iter().zip(words).rev() {
            let here = b.gather(*sorted, middle);
            let tie = b.and(b.compare(Direction::Eq, here, *word), less);
            less = b.or(b.compare(Direction::Lt, here, *word), tie);
        }
        let right = b.and(open, less);
        let left = b.and(open, b.not(less));
        vec![b.select(right, b.add(middle, one), low), b.select(left, middle, high)]
    });
    bounds[0]
}
