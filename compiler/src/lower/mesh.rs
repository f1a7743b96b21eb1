//! What the devices of a mesh send each other: states that are merged, and rows that move.
//!
//! Who takes part is told by numbers of replicas. A mesh of `2x4` has replica `4 * host + chip`, and what is reduced is reduced among the
//! chips of a host first.

use super::context::{Cx, Lane, Rows};
use super::keys::WordKey;
use crate::encode::SortKey;
use crate::physical::{Exchange, Stage};
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use crate::strategy::{StateSpec, Strategy};
use dj_runtime::artifact::{Exchange as Devices, Target};
use dj_runtime::expr::Interval;

/// How many rows of a device are looked at to choose ranges, for each range that there is to be.
const SAMPLES: i64 = 64;

/// More devices than this are sent to in a loop, instead of one after the other in a longer program.
const MOST_UNROLLED: i64 = 8;

/// A multiplier whose high bits depend on all bits of the other factor: 2^64 divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl<'c> Cx<'_, 'c> {
    /// How many devices there are.
    pub(crate) fn devices(&self) -> i64 {
        self.lowering.target.replicas as i64
    }

    /// How many bits tell one device, or nobody, from another.
    pub(crate) fn device_bits(&self) -> u32 {
        u64::BITS - self.devices().cast_unsigned().leading_zeros()
    }

    /// All devices as one group.
    pub(crate) fn all_devices(&self) -> Vec<Vec<i64>> {
        vec![(0..self.devices()).collect()]
    }

    /// The states of all devices, merged: the same on each.
    ///
    /// In each round the devices form groups that exchange states, so that after the last each has seen all; rounds within a host come
    /// first. A round of two moves one state, and `n` devices take as many rounds as `n` has prime factors.
    pub(crate) fn merged(&self, strategy: &dyn Strategy, stage: &Stage, state: &[Value<'c>]) -> Vec<Value<'c>> {
        let mut state = state.to_vec();
        for groups in rounds(&self.lowering.target.axes()) {
            let members = groups[0].len() as i64;
            let all: Vec<_> = state.iter().map(|tensor| self.gathered(*tensor, &groups)).collect();
            let of = |member: i64| state.iter().zip(&all).map(|(mine, all)| self.member(*mine, *all, member)).collect();
            let mut merged: Vec<Value<'c>> = of(0);
            for member in 1..members {
                let other: Vec<Value<'c>> = of(member);
                merged = strategy.merge(self, stage, &merged, &other);
            }
            state = merged;
        }
        state
    }

    /// The merged states of a device's share of the slots.
    ///
    /// In each round a group's members share out what they have: each gets its part of every other's. What is left gets shorter from round
    /// to round.
    pub(crate) fn scattered(&self, strategy: &dyn Strategy, stage: &Stage, state: &[Value<'c>]) -> Vec<Value<'c>> {
        let b = self.b;
        let specs = strategy.state(self, stage);
        let whole = |(tensor, spec): (&Value<'c>, &StateSpec)| {
            let missing = self.share_of(b.length(*tensor)) * self.devices() - b.length(*tensor);
            let rest = self.filled(spec.element, &[missing], spec.init);
            if missing == 0 { *tensor } else { b.concatenate(&[*tensor, rest], 0) }
        };
        let mut state: Vec<_> = state.iter().zip(&specs).map(whole).collect();
        for groups in scatter_rounds(&self.lowering.target.axes()) {
            let members = groups[0].len() as i64;
            let all: Vec<_> = state.iter().map(|tensor| b.all_to_all(*tensor, 0, 0, &groups)).collect();
            let of = |member: i64| {
                let part = |all: &Value<'c>| {
                    let length = b.length(*all) / members;
                    b.slice_rows(*all, member * length, (member + 1) * length)
                };
                all.iter().map(part).collect::<Vec<_>>()
            };
            let others = (1..members).map(of);
            state = others.fold(of(0), |merged, other| strategy.merge(self, stage, &merged, &other));
        }
        state
    }

    /// How many of so many slots a device has; those behind the last are empty.
    pub(crate) fn share_of(&self, slots: i64) -> i64 {
        (slots + self.devices() - 1) / self.devices()
    }

    /// The number of the first slot of the device's share, of so many slots each: `i32`.
    pub(crate) fn first_of_share(&self, slots: i64) -> Value<'c> {
        let b = self.b;
        let shares = shares(&self.lowering.target.axes());
        let number =
            b.gather(b.vector_int(Element::S32, &shares), b.reshape(b.convert(b.replica_id(), Element::S32), &[1]));
        b.multiply(b.reshape(number, &[]), b.constant_int(Element::S32, slots))
    }

    /// The tensors of a group's members, one after the other.
    fn gathered(&self, tensor: Value<'c>, groups: &[Vec<i64>]) -> Value<'c> {
        let vector = if self.b.rank(tensor) == 0 { self.b.reshape(tensor, &[1]) } else { tensor };
        self.b.all_gather(vector, 0, groups)
    }

    /// The tensor of one member.
    fn member(&self, like: Value<'c>, all: Value<'c>, member: i64) -> Value<'c> {
        let dims = self.b.dims(like);
        let length = dims.first().copied().unwrap_or(1);
        self.b.reshape(self.b.slice_rows(all, member * length, (member + 1) * length), &dims)
    }

    /// A number on the first device; zero on the others.
    pub(crate) fn on_first(&self, number: Value<'c>) -> Value<'c> {
        let b = self.b;
        let is_first = b.compare(Direction::Eq, b.replica_id(), b.constant_uint(Element::U32, 0));
        b.select(is_first, number, b.zero(b.element(number)))
    }

    /// Places of rows as keys.
    pub(crate) fn place_keys(&self, places: &[Value<'c>]) -> Vec<WordKey<'c>> {
        let key = |place: &Value<'c>| {
            let most = if self.b.element(*place) == Element::S32 { i32::MAX.into() } else { i64::MAX };
            let lane = Lane { value: *place, valid: None };
            WordKey::of_group(lane, Some(Interval::proven(0, most.into())), false)
        };
        places.iter().map(key).collect()
    }

    /// A buffered state with its rows in the order of their places, which are its last tensors.
    pub(crate) fn arranged(&self, state: &[Value<'c>], places: usize) -> Vec<Value<'c>> {
        let (count, buffers) = (state[0], &state[1..]);
        let words = self.words(&self.place_keys(&buffers[buffers.len() - places..]));
        let order = self.argsort(&words, count);
        std::iter::once(count).chain(self.gather_all(buffers, order)).collect()
    }

    /// A buffered state with the rows for each device standing together, in the order of the devices, and how many there are for each:
    /// `i32[devices]`.
    pub(crate) fn partitioned(
        &self,
        strategy: &dyn Strategy,
        stage: &Stage,
        state: &[Value<'c>],
    ) -> (Vec<Value<'c>>, Value<'c>) {
        let b = self.b;
        let (count, buffers) = (state[0], &state[1..]);
        let length = self.buffer_dims(stage.chunk_rows)[self.rung][0];
        let rows = self.buffered_rows(&strategy.buffered(stage), buffers, count, length);
        let to = match &stage.exchange {
            Exchange::Hash(keys) => self.device_of(&self.words(&self.group_keys(&rows, keys))),
            Exchange::Share => {
                let build = strategy.build().unwrap_or_else(|| panic!("(P19) only a build side is shared out"));
                build.homes(self, &rows)
            }
            Exchange::Range(keys) => {
                let places = stage.places().len();
                self.ranged(&rows, keys, &buffers[buffers.len() - places..], count)
            }
            moved @ (Exchange::None
            | Exchange::Reduce
            | Exchange::ReduceScatter
            | Exchange::Gather
            | Exchange::Broadcast) => unreachable!("rows are not told apart for {moved:?}"),
        };
        let order = self.argsort_by_bits(b.convert(to, Element::U64), self.device_bits(), count);
        let nowhere = b.full_int(Element::S32, &[length], self.devices());
        let to = b.select(rows.active, to, nowhere);
        let none = b.full_int(Element::S32, &[self.devices()], 0);
        let one = b.full_int(Element::S32, &[length], 1);
        let counts = b.scatter(none, to, one, Combiner::Add, Indices { sorted: false, unique: false });
        (std::iter::once(count).chain(self.gather_all(buffers, order)).collect(), counts)
    }

    /// The device of the rows with each key, of its words: `i32`.
    pub(crate) fn device_of(&self, words: &[Value<'c>]) -> Value<'c> {
        let b = self.b;
        // As a fraction of all devices.
        let device =
            b.multiply(self.hash_of_words(words), b.constant_uint(Element::U64, self.devices().cast_unsigned()));
        b.convert(b.shift_right_logical(device, b.constant_uint(Element::U64, 32)), Element::S32)
    }

    /// A hash of words: 32 bits, as `u64`.
    pub(crate) fn hash_of_words(&self, words: &[Value<'c>]) -> Value<'c> {
        let b = self.b;
        let golden = b.constant_uint(Element::U64, GOLDEN);
        let mixed = |hash: Value<'c>| {
            let high = b.shift_right_logical(hash, b.constant_uint(Element::U64, 32));
            b.multiply(b.xor(hash, high), golden)
        };
        let hash = words.iter().map(|word| mixed(*word)).reduce(|all, word| mixed(b.xor(all, word)));
        let hash = hash.unwrap_or_else(|| panic!("rows of no keys are not hashed"));
        b.shift_right_logical(mixed(hash), b.constant_uint(Element::U64, 32))
    }

    /// The device of each row, by where it stands in an order: `i32`. Rows that the order leaves equal stand as they came.
    ///
    /// Every device tells some of its rows; of these in order the ones at equal distances are where ranges begin.
    fn ranged(&self, rows: &Rows<'c>, keys: &[SortKey], places: &[Value<'c>], count: Value<'c>) -> Value<'c> {
        let b = self.b;
        let keys: Vec<_> = self.sort_keys(rows, keys).into_iter().chain(self.place_keys(places)).collect();
        let words = self.words(&keys);
        let order = self.argsort(&words, count);
        let samples = SAMPLES * self.devices();
        // The rows at the middle of as many parts, of any number of rows.
        let at = b.iota(Element::S64, samples);
        let wide = b.convert(count, Element::S64);
        let two = b.constant_int(Element::S64, 2);
        let middle = b.add(b.multiply(at, two), b.constant_int(Element::S64, 1));
        let at = b.divide(b.multiply(middle, wide), b.constant_int(Element::S64, 2 * samples));
        let at = b.gather(order, b.convert(at, Element::S32));
        // A device without rows tells nothing.
        let is_some = b.compare(Direction::Gt, count, b.constant_int(Element::S32, 0));
        let told = b.broadcast(b.convert(is_some, Element::S32), &[samples]);
        let told = b.all_gather(told, 0, &self.all_devices());
        let all: Vec<_> = words.iter().map(|word| b.all_gather(b.gather(*word, at), 0, &self.all_devices())).collect();
        let nothing = b.compare(Direction::Eq, told, b.constant_int(Element::S32, 0));
        let first = b.convert(nothing, Element::U64);
        let length = b.length(first);
        let ranked: Vec<_> = std::iter::once(first).chain(all.iter().copied()).collect();
        let order = self.argsort(&ranked, b.constant_int(Element::S32, length));
        let known = b.convert(b.reduce_add(told), Element::S64);
        let cut = b.add(b.iota(Element::S64, self.devices() - 1), b.constant_int(Element::S64, 1));
        let cut = b.divide(b.multiply(cut, known), b.constant_int(Element::S64, self.devices()));
        let cut = b.gather(order, b.convert(cut, Element::S32));
        let cuts: Vec<_> = all.iter().map(|word| b.gather(*word, cut)).collect();
        self.cuts_up_to(&words, &cuts)
    }

    /// How many of the cuts are not behind each row: `i32`.
    fn cuts_up_to(&self, words: &[Value<'c>], cuts: &[Value<'c>]) -> Value<'c> {
        let b = self.b;
        let rows = b.length(words[0]);
        let cut_count = b.length(cuts[0]);
        let none = b.full_int(Element::S32, &[rows], 0);
        let counted = b.for_range(b.constant_int(Element::S32, cut_count), &[none], |b, index, counted| {
            let mut behind = b.full_pred(&[rows], true);
            for (word, cuts) in words.iter().zip(cuts).rev() {
                let cut = b.broadcast(b.reshape(b.dynamic_slice(*cuts, &[index], &[1]), &[]), &[rows]);
                let tie = b.and(b.compare(Direction::Eq, cut, *word), behind);
                behind = b.or(b.compare(Direction::Lt, cut, *word), tie);
            }
            vec![b.add(counted[0], b.convert(behind, Element::S32))]
        });
        counted[0]
    }

    /// One round of an exchange: `state` with the rows that all devices have for this one in their next block.
    ///
    /// `counts` are the rows that this device has for each; those of one device stand behind those of the device before it, but
    /// where all go to all.
    pub(crate) fn exchanged(
        &self,
        stage: &Stage,
        state: &[Value<'c>],
        sent: &[Value<'c>],
        counts: Value<'c>,
        round: Value<'c>,
    ) -> Vec<Value<'c>> {
        let b = self.b;
        let devices = self.devices();
        // Of rows of which nothing is kept only the number moves.
        let capacity = self.buffer_dims(stage.chunk_rows)[self.rung][0];
        let exchange = Devices { replicas: self.lowering.target.replicas, moves: stage.exchange.moves(), places: 0 };
        let block = exchange.block_rows(capacity as usize, stage.chunk_rows) as i64;
        let is_broadcast = stage.exchange == Exchange::Broadcast;
        let first = b.multiply(round, b.constant_int(Element::S32, block));
        let left = b.maximum(b.subtract(counts, first), b.constant_int(Element::S32, 0));
        let going = b.minimum(left, b.constant_int(Element::S32, block));
        let groups = self.all_devices();
        let coming = if is_broadcast {
            b.all_gather(b.slice_rows(going, 0, 1), 0, &groups)
        } else {
            b.all_to_all(going, 0, 0, &groups)
        };
        let starts = b.add(b.exclusive_sum(counts), first);
        let places = b.add(b.exclusive_sum(coming), state[0]);
        let at = |vector: Value<'c>, device: i64| b.element_at(vector, device);
        let buffers = state[1..].iter().zip(&sent[1..]).map(|(into, from)| {
            let received = if is_broadcast {
                b.all_gather(b.dynamic_slice(*from, &[first], &[block]), 0, &groups)
            } else {
                let blocks: Vec<_> =
                    (0..devices).map(|device| b.dynamic_slice(*from, &[at(starts, device)], &[block])).collect();
                b.all_to_all(b.concatenate(&blocks, 0), 0, 0, &groups)
            };
            // What is behind the rows of a block is overwritten by the next one.
            if devices <= MOST_UNROLLED {
                return (0..devices).fold(*into, |into, device| {
                    let block = b.slice_rows(received, device * block, (device + 1) * block);
                    b.dynamic_update_slice(into, block, &[at(places, device)])
                });
            }
            let filled = b.for_range(b.constant_int(Element::S32, devices), &[*into], |b, device, into| {
                let from = b.multiply(device, b.constant_int(Element::S32, block));
                let block = b.dynamic_slice(received, &[from], &[block]);
                let at = b.reshape(b.dynamic_slice(places, &[device], &[1]), &[]);
                vec![b.dynamic_update_slice(into[0], block, &[at])]
            });
            filled[0]
        });
        let buffers: Vec<_> = buffers.collect();
        std::iter::once(b.add(state[0], b.reduce_add(coming))).chain(buffers).collect()
    }
}

/// For each round of a reduction, who exchanges with whom: along the last axis first, a prime factor of its length at a time.
fn rounds(axes: &[usize]) -> Vec<Vec<Vec<i64>>> {
    let all: usize = axes.iter().product();
    let mut rounds = Vec::new();
    let mut stride = 1;
    for factor in axes.iter().rev().flat_map(|length| prime_factors(*length)) {
        let first = |replica: &usize| (replica / stride).is_multiple_of(factor);
        let group = |replica: usize| (0..factor).map(|member| (replica + member * stride) as i64).collect();
        rounds.push((0..all).filter(first).map(group).collect());
        stride *= factor;
    }
    rounds
}

/// To how many others a device sends its state in a reduction.
pub(crate) fn reduction_sends(target: &Target) -> usize {
    target.axes().into_iter().flat_map(prime_factors).map(|factor| factor - 1).sum()
}

/// For each round in which states are shared out, who exchanges with whom: along the last axis first, and along an axis the largest parts
/// first, so that on one axis devices have shares in their order.
fn scatter_rounds(axes: &[usize]) -> Vec<Vec<Vec<i64>>> {
    let mut rounds = rounds(axes);
    let mut start = 0;
    for length in axes.iter().rev() {
        let end = start + prime_factors(*length).len();
        rounds[start..end].reverse();
        start = end;
    }
    rounds
}

/// Which share each device has after all rounds: along the last axis the largest parts are told apart.
fn shares(axes: &[usize]) -> Vec<i64> {
    let all: usize = axes.iter().product();
    let share = |replica: usize| {
        let (mut rest, mut share) = (replica, 0);
        for length in axes.iter().rev() {
            share = share * length + rest % length;
            rest /= length;
        }
        share as i64
    };
    (0..all).map(share).collect()
}

fn prime_factors(mut number: usize) -> Vec<usize> {
    let mut factors = Vec::new();
    let mut factor = 2;
    while number > 1 {
        while number.is_multiple_of(factor) {
            factors.push(factor);
            number /= factor;
        }
        factor += 1;
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_within_a_host_come_first() {
        assert_eq!(rounds(&[2, 2]), [vec![vec![0, 1], vec![2, 3]], vec![vec![0, 2], vec![1, 3]]]);
        assert_eq!(rounds(&[3]), [vec![vec![0, 1, 2]]]);
        assert_eq!(rounds(&[1]), Vec::<Vec<Vec<i64>>>::new());
    }

    #[test]
    fn every_device_gets_its_share() {
        for axes in [vec![2], vec![6], vec![8], vec![2, 4], vec![3, 4], vec![4, 6]] {
            let devices: usize = axes.iter().product();
            // What each device still has of the shares.
            let mut has: Vec<Vec<i64>> = vec![(0..devices as i64).collect(); devices];
            for groups in scatter_rounds(&axes) {
                for group in &groups {
                    for (member, device) in group.iter().enumerate() {
                        let kept = &has[*device as usize];
                        let length = kept.len() / group.len();
                        has[*device as usize] = kept[member * length..(member + 1) * length].to_vec();
                    }
                }
            }
            let wanted: Vec<Vec<i64>> = shares(&axes).into_iter().map(|share| vec![share]).collect();
            assert_eq!(has, wanted, "{axes:?}");
        }
        assert_eq!(shares(&[4]), [0, 1, 2, 3]);
    }

    #[test]
    fn after_all_rounds_every_device_has_seen_every_other() {
        for axes in [vec![2], vec![6], vec![8], vec![2, 4], vec![3, 4], vec![5, 1, 2]] {
            let devices: usize = axes.iter().product();
            let mut seen: Vec<Vec<i64>> = (0..devices as i64).map(|device| vec![device]).collect();
            for groups in rounds(&axes) {
                let before = seen.clone();
                for group in &groups {
                    for device in group {
                        seen[*device as usize] =
                            group.iter().flat_map(|other| before[*other as usize].clone()).collect();
                    }
                }
            }
            for mut seen in seen {
                seen.sort_unstable();
                assert!(seen.iter().copied().eq(0..devices as i64), "each once, of {axes:?}: {seen:?}");
            }
        }
    }
}
