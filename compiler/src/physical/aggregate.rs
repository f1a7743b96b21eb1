//! Which strategy an aggregation takes: `reduce`, `dense` or `sort`.

use super::{Addressing, AggregateStrategy, KeyDim, KeyDomain, Reason};
use crate::encode::{Dictionaries, SchemaColumn, Type};
use crate::plan::Facts;
use dj_runtime::expr::Interval;

/// More slots than this are never addressed directly: each takes eight bytes for every lane of the state.
pub(super) const MAX_DENSE_SLOTS: u64 = 1 << 24;

/// This many slots are always worth it, whatever the number of rows.
const CHEAP_DENSE_SLOTS: u64 = 1 << 16;

/// Picks the strategy of an aggregation by `keys`.
pub(super) fn choose(
    keys: &[SchemaColumn],
    facts: &Facts,
    strings: &Dictionaries,
    rows: Option<u64>,
) -> (AggregateStrategy, Reason) {
    if keys.is_empty() {
        return (AggregateStrategy::Reduce, Reason::OneGroup);
    }
    let text = |key: &SchemaColumn| {
        let Type::Code(domain) = key.ty else { unreachable!("column {:?} is no text", key.id) };
        KeyDim { domain: KeyDomain::Dictionary(domain), nullable: key.nullable }
    };
    if let [key] = keys
        && key.ty.is_code()
    {
        // Codes are dense, and there are no more of them than texts in memory: the state grows with the dictionary.
        let dims = vec![text(key)];
        return (AggregateStrategy::Dense(dims.clone()), Reason::Group(Addressing::Dense(dims)));
    }
    let domain = |key: &SchemaColumn| {
        if key.ty.is_code() {
            return Some(text(key));
        }
        range_dim(key.ty, key.nullable, facts.interval(key.id).or_else(|| Interval::of_type(key.ty.written())))
    };
    let affordable = rows.map_or(CHEAP_DENSE_SLOTS, |rows| CHEAP_DENSE_SLOTS.max(rows.saturating_mul(4)));
    let addressing = addressing(keys.iter().map(domain), affordable.min(MAX_DENSE_SLOTS), strings);
    let strategy = addressing.dense().map_or(AggregateStrategy::Sort, |dims| AggregateStrategy::Dense(dims.to_vec()));
    (strategy, Reason::Group(addressing))
}

/// Whether keys of these domains can address a table of at most `limit` slots.
///
/// A table of several keys grows with the product of what grows, so that it may come to its end: texts are among its keys
/// only where the program is replayed without the table when they turn out to be too many.
pub(super) fn addressing(
    domains: impl Iterator<Item = Option<KeyDim>>,
    limit: u64,
    strings: &Dictionaries,
) -> Addressing {
    let mut dims = Vec::new();
    for (key, domain) in domains.enumerate() {
        match domain {
            Some(dim) => dims.push(dim),
            None => return Addressing::Unbounded { key },
        }
    }
    let is_large = |dim: &KeyDim| match dim.domain {
        KeyDomain::Dictionary(domain) => !strings.is_small(domain),
        KeyDomain::Range { .. } => false,
    };
    if let (Some(key), true) = (dims.iter().position(is_large), dims.len() > 1) {
        return Addressing::Unbounded { key };
    }
    match slots(&dims, strings) {
        Some(slots) if slots <= limit => Addressing::Dense(dims),
        Some(_) | None => Addressing::TooManySlots { dims, limit },
    }
}

/// The domain of a key that is no text, if it is bounded within 64 bits.
pub(super) fn range_dim(ty: Type, nullable: bool, interval: Option<Interval>) -> Option<KeyDim> {
    let interval = interval.filter(|_| ty == Type::Bool || ty.is_integral())?;
    let (lo, hi) = (i64::try_from(interval.lo).ok()?, i64::try_from(interval.hi).ok()?);
    Some(KeyDim { domain: KeyDomain::Range { lo, hi }, nullable })
}

/// Slots that the keys address at most, as far as can be told; `None` where they cannot be counted.
pub(super) fn slots(dims: &[KeyDim], strings: &Dictionaries) -> Option<u64> {
    product(dims, &|domain| strings.bound(domain))
}

/// Slots that the keys address at a rung, if they can be counted.
pub(super) fn slots_at(dims: &[KeyDim], strings: &Dictionaries, rung: u32) -> Option<u64> {
    product(dims, &|domain| (strings.capacity(domain) as u64).saturating_mul(2_u64.saturating_pow(rung)))
}

fn product(dims: &[KeyDim], texts: &dyn Fn(usize) -> u64) -> Option<u64> {
    dims.iter().try_fold(1_u64, |all, dim| all.checked_mul(dim.slots(texts)?))
}
