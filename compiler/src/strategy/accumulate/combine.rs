//! Adding states up by address.

use super::{Accumulator, AccumulatorKind, Accumulators, Contribution};
use crate::lower::Cx;
use crate::stablehlo::{Builder, Combiner, CustomCall, Direction, Element, Indices, Value};
use dj_runtime::kernels::SCATTER_ADD;

/// Moments of slots with those of lanes added.
struct Merged<'c> {
    /// The new state.
    count: Value<'c>,
    mean: Value<'c>,
    rest: Value<'c>,
    squares: Value<'c>,
    /// Of each lane: how far its mean is from that of its slot's lanes.
    distance: Value<'c>,
    /// Of each slot: how far the mean of its lanes is from that of its state, and what that weighs.
    moved: Value<'c>,
    weight: Value<'c>,
}

/// Where states are added.
#[derive(Clone, Copy)]
pub(in crate::strategy) enum Addresses<'c> {
    /// All lanes to the only slot.
    One,
    /// Each lane to the slot of its number.
    Same,
    /// Each lane to a slot.
    Slots {
        /// The slot of each lane, `i32`; a lane that belongs nowhere has one past the last slot.
        slots: Value<'c>,
        /// How many slots there are.
        count: i64,
        /// What is known of the slots.
        known: Indices,
    },
}

impl<'c> Addresses<'c> {
    /// The slots with the lanes' values added.
    fn add(self, b: &Builder<'c>, slots: Value<'c>, lanes: Value<'c>, combiner: Combiner) -> Value<'c> {
        match self {
            // A reduction is parallel.
            Self::One => b.combine(combiner, slots, b.reshape(b.reduce_with(combiner, lanes, &[0]), &[1])),
            Self::Same => b.combine(combiner, slots, lanes),
            Self::Slots { slots: at, known, .. } => b.scatter(slots, at, lanes, combiner, known),
        }
    }

    /// The value of each lane's slot; any for a lane that belongs nowhere.
    fn of_slot(self, b: &Builder<'c>, slots: Value<'c>, lanes: Value<'c>) -> Value<'c> {
        match self {
            Self::One => b.broadcast(b.reshape(slots, &[]), &b.dims(lanes)),
            Self::Same => slots,
            Self::Slots { slots: at, .. } => b.gather(slots, at),
        }
    }

    /// The slots with the values of the lanes that are set: one at most for each slot.
    fn put(self, b: &Builder<'c>, slots: Value<'c>, lanes: Value<'c>, set: Value<'c>) -> Value<'c> {
        match self {
            Self::One => {
                let nowhere = b.full_int(Element::S32, &b.dims(set), 1);
                let at = b.select(set, b.full_int(Element::S32, &b.dims(set), 0), nowhere);
                b.scatter(slots, at, lanes, Combiner::Set, Indices { sorted: false, unique: false })
            }
            Self::Same => b.select(set, lanes, slots),
            Self::Slots { slots: at, count, .. } => {
                let inside = b.compare(Direction::Lt, at, b.constant_int(Element::S32, count));
                let nowhere = b.full_int(Element::S32, &b.dims(at), count);
                let at = b.select(b.and(set, inside), at, nowhere);
                b.scatter(slots, at, lanes, Combiner::Set, Indices { sorted: false, unique: false })
            }
        }
    }
}

impl<'c> Cx<'_, 'c> {
    /// The states with the lanes' states added at their addresses.
    pub(in crate::strategy) fn combine(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        lanes: &[Vec<Value<'c>>],
        at: Addresses<'c>,
    ) -> Vec<Vec<Value<'c>>> {
        let lanes: Vec<_> = lanes.iter().map(|lanes| Contribution::of_states(self, lanes)).collect();
        self.combine_contributions(accumulators, states, &lanes, at)
    }

    /// As [`Cx::combine`]; what is added up at slots is added by one call of a kernel, where there is one.
    pub(super) fn combine_contributions(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        contributions: &[Contribution<'c>],
        at: Addresses<'c>,
    ) -> Vec<Vec<Value<'c>>> {
        let by_kernel = match at {
            Addresses::Slots { slots, .. } if self.calls_kernels() => {
                let adds = accumulators.all.iter().map(|accumulator| accumulator.kind.adds());
                let additions = adds.zip(states.iter().zip(contributions));
                self.scatter_add(slots, &additions.map(|(adds, pair)| adds.then_some(pair)).collect::<Vec<_>>())
            }
            Addresses::Slots { .. } | Addresses::One | Addresses::Same => vec![None; states.len()],
        };
        let each = accumulators.all.iter().zip(states).zip(contributions).zip(by_kernel);
        let one = |(((accumulator, state), contribution), added): (
            ((&Accumulator, &Vec<_>), &Contribution<'c>),
            Option<_>,
        )| {
            let combined = || {
                let lanes = contribution.lanes(self);
                self.combine_one(accumulator, accumulators.order.len(), state, &lanes, at)
            };
            added.unwrap_or_else(|| self.at(accumulator.span, combined))
        };
        each.map(one).collect()
    }

    /// The states, where there are any, with the contributions added to their slots. An inactive row has no slot.
    fn scatter_add(
        &self,
        slots: Value<'c>,
        additions: &[Option<(&Vec<Value<'c>>, &Contribution<'c>)>],
    ) -> Vec<Option<Vec<Value<'c>>>> {
        let b = self.b;
        let (mut inputs, mut results, mut aliases) = (vec![slots], Vec::new(), Vec::new());
        for (states, contribution) in additions.iter().flatten() {
            let mask = contribution.counted.unwrap_or_else(|| b.full_pred(&[], true));
            for (state, part) in states.iter().zip(&contribution.parts) {
                // The kernel reads any integer that `i64` holds.
                let is_unsigned = b.element(part.value) == Element::U64;
                let value = if is_unsigned { self.to_element(part.value, part.element) } else { part.value };
                aliases.push((results.len(), inputs.len()));
                results.push(b.ty(*state));
                inputs.extend([*state, value, mask]);
            }
        }
        let call = CustomCall { target: SCATTER_ADD, results: &results, config: &[], aliases: &aliases };
        let mut added = b.call_kernel(&inputs, call).into_iter();
        let mut of = |(states, _): (&Vec<Value<'c>>, _)| added.by_ref().take(states.len()).collect();
        additions.iter().map(|addition| addition.map(&mut of)).collect()
    }

    /// Sums of slots with the lanes' floats added; by the kernel, where there is one.
    fn sum_at(&self, at: Addresses<'c>, sums: Value<'c>, lanes: Value<'c>) -> Value<'c> {
        let b = self.b;
        let Addresses::Slots { slots, .. } = at else { return at.add(b, sums, lanes, Combiner::Add) };
        if !self.calls_kernels() {
            return at.add(b, sums, lanes, Combiner::Add);
        }
        let inputs = [slots, sums, lanes, b.full_pred(&[], true)];
        let results = [b.ty(sums)];
        let call = CustomCall { target: SCATTER_ADD, results: &results, config: &[], aliases: &[(0, 1)] };
        b.call_kernel(&inputs, call)[0]
    }

    fn combine_one(
        &self,
        accumulator: &Accumulator,
        order_parts: usize,
        state: &[Value<'c>],
        lanes: &[Value<'c>],
        at: Addresses<'c>,
    ) -> Vec<Value<'c>> {
        match accumulator.kind {
            AccumulatorKind::Count
            | AccumulatorKind::Sum
            | AccumulatorKind::WideSum
            | AccumulatorKind::WholeSum
            | AccumulatorKind::FloatSum => {
                state.iter().zip(lanes).map(|(state, lane)| at.add(self.b, *state, *lane, Combiner::Add)).collect()
            }
            AccumulatorKind::Min if !accumulator.is_text() => {
                vec![at.add(self.b, state[0], lanes[0], Combiner::Min)]
            }
            AccumulatorKind::Max if !accumulator.is_text() => {
                vec![at.add(self.b, state[0], lanes[0], Combiner::Max)]
            }
            AccumulatorKind::Min | AccumulatorKind::Max => vec![self.combine_text(accumulator, state[0], lanes[0], at)],
            AccumulatorKind::First | AccumulatorKind::Last => {
                self.pick(accumulator.kind, state.split_at(order_parts), lanes.split_at(order_parts), at)
            }
            AccumulatorKind::ArgMin | AccumulatorKind::ArgMax => {
                self.pick_by(accumulator, order_parts + 1, state, lanes, at)
            }
            AccumulatorKind::Product => vec![at.add(self.b, state[0], lanes[0], Combiner::Multiply)],
            AccumulatorKind::Moments => self.combine_moments(state, lanes, at),
            AccumulatorKind::PairMoments => self.combine_pair_moments(state, lanes, at),
        }
    }

    /// The value of the lane whose key wins. Texts are compared by rank; the state keeps codes.
    fn pick_by(
        &self,
        accumulator: &Accumulator,
        order_parts: usize,
        state: &[Value<'c>],
        lanes: &[Value<'c>],
        at: Addresses<'c>,
    ) -> Vec<Value<'c>> {
        let Some(domain) = accumulator.by().ty.domain() else {
            return self.pick(accumulator.kind, state.split_at(order_parts), lanes.split_at(order_parts), at);
        };
        let b = self.b;
        let (rank, unrank) = self.ranks(domain);
        let is_max = accumulator.kind == AccumulatorKind::ArgMax;
        let towards = |rank: Value<'c>| if is_max { b.not(rank) } else { rank };
        let never = self.filled(Element::S32, &[], accumulator.kind.never(Element::S32));
        let ranked = |parts: &[Value<'c>]| {
            let none = b.compare(Direction::Lt, parts[0], b.constant_int(Element::S32, 0));
            let rank = b.select(none, b.broadcast(never, &b.dims(none)), towards(b.gather(rank, parts[0])));
            std::iter::once(rank).chain(parts[1..].iter().copied()).collect::<Vec<_>>()
        };
        let (state, lanes) = (ranked(state), ranked(lanes));
        let mut picked = self.pick(accumulator.kind, state.split_at(order_parts), lanes.split_at(order_parts), at);
        let none = b.compare(Direction::Eq, picked[0], never);
        let code = b.gather(unrank, towards(picked[0]));
        picked[0] = b.select(none, b.full_int(Element::S32, &b.dims(none), -1), code);
        picked
    }

    /// The table of the ranks of a dictionary's codes, and of the codes by rank.
    fn ranks(&self, domain: usize) -> (Value<'c>, Value<'c>) {
        let (rank, unrank) = self.lowering.dictionaries.ranks(domain);
        (self.host_table(rank)[0], self.host_table(unrank)[0])
    }

    /// The value of the lane whose order wins: its parts are compared one after the other, and what lost by one part does not
    /// contend by the next. `state` and `lanes` are the parts and the values.
    fn pick(
        &self,
        kind: AccumulatorKind,
        state: (&[Value<'c>], &[Value<'c>]),
        lanes: (&[Value<'c>], &[Value<'c>]),
        at: Addresses<'c>,
    ) -> Vec<Value<'c>> {
        let b = self.b;
        let wins = if kind == AccumulatorKind::Last { Combiner::Max } else { Combiner::Min };
        let only = |contends: Option<Value<'c>>, part: Value<'c>| {
            let never = || self.filled(b.element(part), &b.dims(part), kind.never(b.element(part)));
            contends.map_or(part, |contends| b.select(contends, part, never()))
        };
        let both = |all: Option<Value<'c>>, one: Value<'c>| Some(all.map_or(one, |all| b.and(all, one)));
        let (mut order, mut kept, mut won) = (Vec::new(), None, None);
        for (old, new) in state.0.iter().zip(lanes.0) {
            let old = only(kept, *old);
            let new = only(won, *new);
            let best = at.add(b, old, new, wins);
            kept = both(kept, b.compare(Direction::Eq, best, old));
            won = both(won, b.compare(Direction::Eq, at.of_slot(b, best, new), new));
            if order.len() == kind.key_parts() {
                // A lane without a row has the place that every row's beats, as has an empty slot.
                let never = self.filled(b.element(new), &[], kind.never(b.element(new)));
                won = both(won, b.compare(Direction::Ne, new, never));
            }
            order.push(best);
        }
        let won = won.unwrap_or_else(|| unreachable!("rows whose first is wanted have an order"));
        let values = state.1.iter().zip(lanes.1).map(|(state, lane)| at.put(b, *state, *lane, won));
        order.into_iter().chain(values).collect()
    }

    /// Texts are compared by rank; the state keeps codes, which stay valid when the dictionary grows.
    fn combine_text(
        &self,
        accumulator: &Accumulator,
        state: Value<'c>,
        lanes: Value<'c>,
        at: Addresses<'c>,
    ) -> Value<'c> {
        let b = self.b;
        let is_min = accumulator.kind == AccumulatorKind::Min;
        let domain = accumulator.argument().ty.domain();
        let Some(domain) = domain else { unreachable!("only texts are compared by rank") };
        let (rank, unrank) = self.ranks(domain);
        let worst = if is_min { i64::from(i32::MAX) } else { -1 };
        let ranked = |codes: Value<'c>| {
            let none = b.compare(Direction::Lt, codes, b.constant_int(Element::S32, 0));
            b.select(none, b.full_int(Element::S32, &b.dims(codes), worst), b.gather(rank, codes))
        };
        let combiner = if is_min { Combiner::Min } else { Combiner::Max };
        let best = at.add(b, ranked(state), ranked(lanes), combiner);
        let none = b.compare(Direction::Eq, best, b.constant_int(Element::S32, worst));
        b.select(none, b.full_int(Element::S32, &b.dims(best), -1), b.gather(unrank, best))
    }

    /// Chan, Golub and LeVeque's pairwise update: moments of the lanes of each slot, then of slot and state.
    ///
    /// Values are taken as distances from a pivot of their slot, so that equal values have no variance, and no square
    /// overflows where the distances from the mean do not. The mean is kept as two floats that add up to it: where the values
    /// are large and near each other, one float would lose of every chunk a part of how the mean moves. Updating Formulae and
    /// a Pairwise Algorithm for Computing Sample Variances, 1979.
    fn combine_moments(&self, state: &[Value<'c>], lanes: &[Value<'c>], at: Addresses<'c>) -> Vec<Value<'c>> {
        let Merged { count, mean, rest, squares, .. } = self.merge_moments(state, lanes, at);
        vec![count, mean, rest, squares]
    }

    /// The moments of both sides of pairs, and what they have in common, updated alike.
    fn combine_pair_moments(&self, state: &[Value<'c>], lanes: &[Value<'c>], at: Addresses<'c>) -> Vec<Value<'c>> {
        let b = self.b;
        let side = |parts: &[Value<'c>], at: usize| [&parts[..1], &parts[at..at + 3]].concat();
        let x = self.merge_moments(&side(state, 1), &side(lanes, 1), at);
        let y = self.merge_moments(&side(state, 4), &side(lanes, 4), at);
        let empty = b.full_float(Element::F64, &b.dims(state[0]), 0.0);
        let products = b.add(lanes[7], b.multiply(b.multiply(lanes[0], x.distance), y.distance));
        let products = self.sum_at(at, empty, products);
        let between = b.multiply(x.moved, b.multiply(y.moved, x.weight));
        let products = b.add(b.add(state[7], products), between);
        vec![x.count, x.mean, x.rest, x.squares, y.mean, y.rest, y.squares, products]
    }

    fn merge_moments(&self, state: &[Value<'c>], lanes: &[Value<'c>], at: Addresses<'c>) -> Merged<'c> {
        let b = self.b;
        let empty = b.full_float(Element::F64, &b.dims(state[0]), 0.0);
        let &[count, mean, rest, squares] = lanes else { unreachable!("moments are four floats") };
        let total = self.sum_at(at, empty, count);
        let pivot = self.pivots(state, lanes, total, at);
        let counts = b.compare(Direction::Gt, count, b.zero(Element::F64));
        let none = b.full_float(Element::F64, &b.dims(count), 0.0);
        let from_pivot = b.add(b.subtract(mean, at.of_slot(b, pivot, mean)), rest);
        let offset = b.select(counts, from_pivot, none);
        let shift = self.ratio(self.sum_at(at, empty, b.multiply(count, offset)), total);
        let distance = b.subtract(offset, at.of_slot(b, shift, offset));
        // A count of zero is multiplied first, because the square of a lane that does not count may be infinite.
        let spread = b.add(squares, b.multiply(b.multiply(count, distance), distance));
        let chunk_squares = self.sum_at(at, empty, spread);
        let all = b.add(state[0], total);
        let share = self.ratio(total, all);
        // The pivot is the first part of the state's mean, unless the state is empty, whose second part is zero.
        let moved = b.subtract(shift, state[2]);
        let [mean, rest] = self.exact_sum(pivot, b.add(state[2], b.multiply(moved, share)));
        let weight = b.multiply(state[0], share);
        let between = b.multiply(moved, b.multiply(moved, weight));
        let squares = b.add(b.add(state[3], chunk_squares), between);
        Merged { count: all, mean, rest, squares, distance, moved, weight }
    }

    /// The sum of two floats, and what its rounding lost (Knuth's TwoSum).
    fn exact_sum(&self, x: Value<'c>, y: Value<'c>) -> [Value<'c>; 2] {
        let b = self.b;
        let sum = b.add(x, y);
        let y_kept = b.subtract(sum, x);
        let x_kept = b.subtract(sum, y_kept);
        [sum, b.add(b.subtract(x, x_kept), b.subtract(y, y_kept))]
    }

    /// A value near those of each slot: the mean so far, or the greatest of the lanes' where the state is still empty, which
    /// is looked for only if there is such a slot.
    fn pivots(&self, state: &[Value<'c>], lanes: &[Value<'c>], total: Value<'c>, at: Addresses<'c>) -> Value<'c> {
        let b = self.b;
        let zero = b.zero(Element::F64);
        let is_empty = b.compare(Direction::Eq, state[0], zero);
        let is_new = b.and(is_empty, b.compare(Direction::Gt, total, zero));
        let any_new = b.reduce_with(Combiner::Or, is_new, &[0]);
        let pivots = b.if_then_else(
            any_new,
            |b| {
                let least = b.full_float(Element::F64, &b.dims(state[0]), f64::NEG_INFINITY);
                let counts = b.compare(Direction::Gt, lanes[0], b.zero(Element::F64));
                let nothing = b.full_float(Element::F64, &b.dims(lanes[1]), f64::NEG_INFINITY);
                let greatest = at.add(b, least, b.select(counts, lanes[1], nothing), Combiner::Max);
                vec![b.select(is_new, greatest, state[1])]
            },
            |_| vec![state[1]],
        );
        pivots[0]
    }

    /// `a / n`, zero where `n` is.
    fn ratio(&self, a: Value<'c>, n: Value<'c>) -> Value<'c> {
        let b = self.b;
        let zero = b.full_float(Element::F64, &b.dims(n), 0.0);
        let empty = b.compare(Direction::Eq, n, zero);
        let divisor = b.select(empty, b.full_float(Element::F64, &b.dims(n), 1.0), n);
        b.select(empty, zero, b.divide(a, divisor))
    }
}
