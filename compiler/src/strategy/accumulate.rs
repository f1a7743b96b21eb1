//! Aggregates as accumulators: what a group remembers, how rows and other groups are added to it, and its result.
//!
//! A row is turned into the state of a group of one ([`Cx::contribute`]), and states are added up by address
//! ([`Cx::combine`]). So one routine serves a chunk's rows, partially reduced rows and whole groups. Where a kernel adds
//! values to slots, rows are not turned into anything first ([`Cx::add_rows`]).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each arm singles out the accumulators of a kind; the rest share one form"
)]

mod combine;
mod finalize;
mod kind;

pub(super) use combine::Addresses;
pub(super) use kind::AccumulatorKind;

use super::AggregateItem;
use crate::encode::Expr;
use crate::lower::{Cx, Lane, Rows, Scope, order_key};
use crate::plan::AggregateFunction;
use crate::stablehlo::{Element, Value};
use dj_grammar::Span;
use dj_runtime::artifact::Init;
use kind::{NOTHING_ADDS, kind_of};

/// What a group remembers of some argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accumulator {
    /// What.
    pub(super) kind: AccumulatorKind,
    /// Of which arguments; none for a count of rows.
    pub(super) arguments: Vec<Expr>,
    /// Of which rows.
    pub(super) filter: Option<Expr>,
    /// The first aggregate that asks for it.
    pub(super) span: Span,
}

impl Accumulator {
    /// All spans at zero, to be compared; messages need the spans.
    fn without_spans(&self) -> Self {
        let arguments = self.arguments.iter().map(Expr::without_spans).collect();
        let filter = self.filter.as_ref().map(Expr::without_spans);
        Self { kind: self.kind, arguments, filter, span: Span::default() }
    }
}

/// An aggregate and the accumulators that it is computed from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    /// The aggregate.
    pub(super) item: AggregateItem,
    /// Its own accumulator.
    pub(super) main: usize,
    /// The count of its values, where the result may be null or is a mean.
    pub(super) count: Option<usize>,
}

/// All that a group remembers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accumulators {
    /// Each different from the others; the first counts the group's rows.
    pub(super) all: Vec<Accumulator>,
    /// How the results are computed.
    pub(super) recipes: Vec<Recipe>,
    /// The elements of the rows' order, where some accumulator compares it.
    pub(super) order: Vec<Element>,
}

/// The code of no text.
const NO_TEXT: Init = Init::Bits(u32::MAX as u64);

impl Accumulators {
    /// The accumulators of some aggregates, each kept once.
    ///
    /// `order` are the elements of the rows' places, where some aggregate compares them.
    pub(super) fn new(cx: &Cx<'_, '_>, items: &[AggregateItem], order: Vec<Element>) -> Self {
        let rows = Accumulator { kind: AccumulatorKind::Count, arguments: vec![], filter: None, span: Span::default() };
        let mut all = vec![rows];
        let recipes = items.iter().map(|item| {
            let mut add = |kind, arguments: &[Expr]| {
                let (arguments, filter) = (arguments.to_vec(), item.filter.clone());
                let wanted = Accumulator { kind, arguments, filter, span: item.span };
                all.iter().position(|known| known.without_spans() == wanted.without_spans()).unwrap_or_else(|| {
                    all.push(wanted);
                    all.len() - 1
                })
            };
            let counted = match &item.arguments[..] {
                [argument] if argument.nullable => &item.arguments[..],
                _ => &[],
            };
            let main = match kind_of(cx, item) {
                AccumulatorKind::Count => add(AccumulatorKind::Count, counted),
                kind => add(kind, &item.arguments),
            };
            let needs_count = match item.function {
                AggregateFunction::Mean => true,
                AggregateFunction::Sum
                | AggregateFunction::Min
                | AggregateFunction::Max
                | AggregateFunction::Any
                | AggregateFunction::All
                | AggregateFunction::Product => item.column.nullable,
                AggregateFunction::Count
                | AggregateFunction::First
                | AggregateFunction::Last
                | AggregateFunction::ArgMin
                | AggregateFunction::ArgMax
                | AggregateFunction::Variance
                | AggregateFunction::StandardDeviation
                | AggregateFunction::Covariance
                | AggregateFunction::Correlation => false,
                AggregateFunction::Quantile
                | AggregateFunction::CountDistinct
                | AggregateFunction::Mode
                | AggregateFunction::StringAgg => unreachable!("{NOTHING_ADDS}"),
            };
            let count = needs_count.then(|| add(AccumulatorKind::Count, counted));
            Recipe { item: item.clone(), main, count }
        });
        let recipes = recipes.collect();
        Self { all, recipes, order }
    }

    /// Some of the accumulators, without results.
    pub(super) fn only(&self, wanted: &[usize]) -> Self {
        let all = wanted.iter().map(|index| self.all[*index].clone()).collect();
        Self { all, recipes: vec![], order: self.order.clone() }
    }

    /// The state of a group without rows, accumulator by accumulator.
    pub(super) fn state(&self, cx: &Cx<'_, '_>) -> Vec<(Element, Init)> {
        self.all.iter().flat_map(|accumulator| accumulator.state(cx, &self.order)).collect()
    }

    /// Splits the tensors of a state by accumulator.
    pub(super) fn split<'c>(&self, cx: &Cx<'_, 'c>, tensors: &[Value<'c>]) -> Vec<Vec<Value<'c>>> {
        let mut rest = tensors;
        let mut parts = Vec::new();
        for accumulator in &self.all {
            let (mine, others) = rest.split_at(accumulator.state(cx, &self.order).len());
            parts.push(mine.to_vec());
            rest = others;
        }
        parts
    }

    /// The number of rows of each group.
    pub(super) fn rows<'c>(&self, states: &[Vec<Value<'c>>]) -> Value<'c> {
        states[0][0]
    }

    /// How many rows can be added up.
    pub(super) fn max_rows(&self) -> u64 {
        self.all.iter().map(|accumulator| accumulator.kind.max_rows()).min().unwrap_or(u64::MAX)
    }
}

impl Accumulator {
    /// The elements of the state and what they are before the first row.
    fn state(&self, cx: &Cx<'_, '_>, order: &[Element]) -> Vec<(Element, Init)> {
        let zero = |element| (element, Init::Zero);
        match self.kind {
            AccumulatorKind::Count | AccumulatorKind::Sum => vec![zero(Element::S64)],
            AccumulatorKind::WideSum => vec![zero(Element::S64); 2],
            AccumulatorKind::WholeSum => vec![zero(Element::S64), zero(Element::F64)],
            AccumulatorKind::FloatSum => vec![zero(Element::F64)],
            AccumulatorKind::Min | AccumulatorKind::Max if self.is_text() => {
                vec![(Element::S32, NO_TEXT)]
            }
            AccumulatorKind::Min => vec![(Element::U64, Init::Bits(u64::MAX))],
            AccumulatorKind::Max => vec![zero(Element::U64)],
            AccumulatorKind::First | AccumulatorKind::Last | AccumulatorKind::ArgMin | AccumulatorKind::ArgMax => {
                let argument = self.argument();
                let key = match self.arguments.get(1) {
                    Some(by) if by.ty.is_code() => Some((Element::S32, NO_TEXT)),
                    Some(_) => Some((Element::U64, self.kind.never(Element::U64))),
                    None => None,
                };
                let never = |element: &Element| (*element, self.kind.never(*element));
                let mut state: Vec<_> = key.into_iter().chain(order.iter().map(never)).collect();
                state.push(zero(cx.element(argument)));
                state.extend(argument.nullable.then_some(zero(Element::Pred)));
                state
            }
            AccumulatorKind::Product => vec![(Element::F64, Init::Bits(1.0_f64.to_bits()))],
            AccumulatorKind::Moments => vec![zero(Element::F64); 4],
            AccumulatorKind::PairMoments => vec![zero(Element::F64); 8],
        }
    }

    /// The first argument of an accumulator that has one: all but a count of rows.
    pub(super) fn argument(&self) -> &Expr {
        self.arguments.first().unwrap_or_else(|| unreachable!("{:?} of no argument", self.kind))
    }

    /// What decides which row is picked, where that is not its place alone.
    fn by(&self) -> &Expr {
        self.arguments.get(1).unwrap_or_else(|| unreachable!("{:?} by nothing", self.kind))
    }

    /// Whether the argument is text.
    pub(super) fn is_text(&self) -> bool {
        self.arguments.first().is_some_and(|argument| argument.ty.is_code())
    }
}

/// What rows add to their groups' memory of an argument.
struct Contribution<'c> {
    /// The parts of the state of a group of one.
    parts: Vec<Part<'c>>,
    /// The rows; `None` where all are.
    active: Option<Value<'c>>,
    /// Which of them the filter and the argument's nulls leave; `None` where all count.
    counted: Option<Value<'c>>,
}

/// One value a row.
#[derive(Clone, Copy)]
struct Part<'c> {
    /// The element that the state has.
    element: Element,
    /// The value as it was read, in some element that holds it; a scalar where it is the same for all rows.
    value: Value<'c>,
    /// What a row has instead that does not count: what changes no state. `None` where another part decides that already, as the
    /// place does for the value of `first`.
    neutral: Option<Value<'c>>,
}

impl<'c> Contribution<'c> {
    /// States that stand as they are.
    fn of_states(cx: &Cx<'_, 'c>, states: &[Value<'c>]) -> Self {
        let part = |value: &Value<'c>| Part { element: cx.b.element(*value), value: *value, neutral: None };
        Self { parts: states.iter().map(part).collect(), active: None, counted: None }
    }

    /// The state of a group of one for each row that counts, and that of an empty group for each other.
    fn lanes(&self, cx: &Cx<'_, 'c>) -> Vec<Value<'c>> {
        let b = cx.b;
        let counts = cx.both(self.active, self.counted);
        let lane = |part: &Part<'c>| {
            let value = cx.to_element(part.value, part.element);
            match counts.zip(part.neutral) {
                Some((counts, neutral)) => {
                    let dims = b.dims(counts);
                    let value = if b.dims(value).is_empty() { b.broadcast(value, &dims) } else { value };
                    b.select(counts, value, b.broadcast(neutral, &dims))
                }
                None => value,
            }
        };
        self.parts.iter().map(lane).collect()
    }
}

impl<'c> Cx<'_, 'c> {
    /// The groups of a state with those of another replica, slot by slot.
    pub(super) fn merge_accumulators(
        &self,
        accumulators: &Accumulators,
        state: &[Value<'c>],
        other: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        let (state, other) = (accumulators.split(self, state), accumulators.split(self, other));
        self.combine(accumulators, &state, &other, Addresses::Same).into_iter().flatten().collect()
    }

    /// The states with the rows added at their addresses; an inactive row has none.
    pub(super) fn add_rows(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        rows: &Rows<'c>,
        at: Addresses<'c>,
    ) -> Vec<Vec<Value<'c>>> {
        self.combine_contributions(accumulators, states, &self.contributions(rows, accumulators), at)
    }

    /// Every row as the state of a group of one; inactive rows as that of an empty group.
    pub(super) fn contribute(&self, rows: &Rows<'c>, accumulators: &Accumulators) -> Vec<Vec<Value<'c>>> {
        let contributions = self.contributions(rows, accumulators);
        let each = accumulators.all.iter().zip(&contributions);
        each.map(|(accumulator, contribution)| self.at(accumulator.span, || contribution.lanes(self))).collect()
    }

    fn contributions(&self, rows: &Rows<'c>, accumulators: &Accumulators) -> Vec<Contribution<'c>> {
        let one = |accumulator: &Accumulator| self.at(accumulator.span, || self.contribution(rows, accumulator));
        accumulators.all.iter().map(one).collect()
    }

    fn contribution(&self, rows: &Rows<'c>, accumulator: &Accumulator) -> Contribution<'c> {
        let b = self.b;
        let mut scope = Scope::of(rows);
        let holds = accumulator.filter.as_ref().map(|filter| self.truth(scope, filter));
        if let Some(holds) = holds {
            scope = scope.only(self, holds);
        }
        let lanes: Vec<_> = accumulator.arguments.iter().map(|argument| self.expr(scope, argument)).collect();
        // A value that is picked may be null.
        let counting = lanes.iter().skip(usize::from(accumulator.kind.picks()));
        let valid = counting.fold(None, |valid, lane| self.both(valid, lane.valid));
        let contribution = |parts| Contribution { parts, active: Some(rows.active), counted: self.both(holds, valid) };
        let part = |element, value, neutral| Part { element, value, neutral: Some(neutral) };
        let added = |element, value| part(element, value, b.zero(element));
        let Some((lane, argument)) = lanes.first().zip(accumulator.arguments.first()) else {
            assert!(accumulator.kind == AccumulatorKind::Count, "{:?} of no argument", accumulator.kind);
            return contribution(vec![added(Element::S64, b.constant_int(Element::S64, 1))]);
        };
        contribution(match accumulator.kind {
            AccumulatorKind::Count => vec![added(Element::S64, b.constant_int(Element::S64, 1))],
            AccumulatorKind::Sum => vec![added(Element::S64, lane.value)],
            AccumulatorKind::WideSum => self.halves(lane.value).map(|half| added(Element::S64, half)).to_vec(),
            AccumulatorKind::WholeSum => {
                let float = b.convert(lane.value, Element::F64);
                vec![added(Element::S64, self.to_element(lane.value, Element::S64)), added(Element::F64, float)]
            }
            AccumulatorKind::FloatSum => vec![added(Element::F64, lane.value)],
            AccumulatorKind::Min | AccumulatorKind::Max if accumulator.is_text() => {
                vec![part(Element::S32, lane.value, b.constant_int(Element::S32, -1))]
            }
            AccumulatorKind::Min => {
                vec![part(Element::U64, order_key(b, lane.value).0, b.constant_uint(Element::U64, u64::MAX))]
            }
            AccumulatorKind::Max => {
                vec![part(Element::U64, order_key(b, lane.value).0, b.constant_uint(Element::U64, 0))]
            }
            AccumulatorKind::First | AccumulatorKind::Last | AccumulatorKind::ArgMin | AccumulatorKind::ArgMax => {
                assert!(!rows.order.is_empty(), "rows whose first is wanted have no order");
                let place = |place: &Value<'c>| {
                    let element = b.element(*place);
                    part(element, *place, self.filled(element, &[], accumulator.kind.never(element)))
                };
                let key = lanes.get(1).map(|by| {
                    if accumulator.by().ty.is_code() {
                        return part(Element::S32, by.value, self.filled(Element::S32, &[], NO_TEXT));
                    }
                    let key = order_key(b, by.value).0;
                    let key = if accumulator.kind == AccumulatorKind::ArgMax { b.not(key) } else { key };
                    place(&key)
                });
                let mut parts: Vec<_> = key.into_iter().chain(rows.order.iter().map(place)).collect();
                parts.push(Part { element: self.element(argument), value: lane.value, neutral: None });
                let all = || b.full_pred(&[rows.lanes], true);
                let valid = argument.nullable.then(|| lane.valid.unwrap_or_else(all));
                parts.extend(valid.map(|value| Part { element: Element::Pred, value, neutral: None }));
                parts
            }
            AccumulatorKind::Product => {
                let one = b.constant_float(Element::F64, 1.0);
                vec![part(Element::F64, self.to_f64(lane.value, argument.ty), one)]
            }
            AccumulatorKind::Moments | AccumulatorKind::PairMoments => self.moments(rows, accumulator, &lanes),
        })
    }

    /// The moments of single rows: what does not vary.
    fn moments(&self, rows: &Rows<'c>, accumulator: &Accumulator, lanes: &[Lane<'c>]) -> Vec<Part<'c>> {
        let b = self.b;
        let added = |value| Part { element: Element::F64, value, neutral: Some(b.zero(Element::F64)) };
        let none = b.full_float(Element::F64, &[rows.lanes], 0.0);
        let nothing = Part { element: Element::F64, value: none, neutral: None };
        let mean =
            |(lane, argument): (&Lane<'c>, &Expr)| [added(self.to_f64(lane.value, argument.ty)), nothing, nothing];
        let mut parts = vec![added(b.constant_float(Element::F64, 1.0))];
        parts.extend(lanes.iter().zip(&accumulator.arguments).flat_map(mean));
        parts.extend((accumulator.kind == AccumulatorKind::PairMoments).then_some(nothing));
        parts
    }

    /// An integer as its low 32 bits and the rest, `i64` each.
    fn halves(&self, value: Value<'c>) -> [Value<'c>; 2] {
        let b = self.b;
        let unsigned = b.element(value) == Element::U64;
        let work = if unsigned { Element::U64 } else { Element::S64 };
        let wide = self.to_element(value, work);
        let (mask, shift) = if unsigned {
            (b.constant_uint(work, 0xffff_ffff), b.constant_uint(work, 32))
        } else {
            (b.constant_int(work, 0xffff_ffff), b.constant_int(work, 32))
        };
        let low = b.and(wide, b.broadcast(mask, &b.dims(wide)));
        let shift = b.broadcast(shift, &b.dims(wide));
        let high = if unsigned { b.shift_right_logical(wide, shift) } else { b.shift_right_arithmetic(wide, shift) };
        [self.to_element(low, Element::S64), self.to_element(high, Element::S64)]
    }
}
