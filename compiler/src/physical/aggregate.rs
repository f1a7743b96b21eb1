//! Which strategy an aggregation takes: `reduce`, `dense` or `sort`.

use super::facts::is_integral_key;
use super::{Addressing, AggregateStrategy, Facts, KeyDim, KeyDomain, Reason, Strings};
use crate::plan::SchemaColumn;
use dj_runtime::expr::{ColumnId, Interval};
use dj_runtime::types::Type;

/// More slots than this are never addressed directly: each takes eight bytes for every lane of the state.
pub(super) const MAX_DENSE_SLOTS: u64 = 1 << 24;

/// This many slots are always worth it, whatever the number of rows.
const CHEAP_DENSE_SLOTS: u64 = 1 << 16;

/// Picks the strategy of an aggregation by `keys`.
pub(super) fn choose(
    keys: &[SchemaColumn],
    facts: &Facts,
    strings: &Strings,
    rows: Option<u64>,
) -> (AggregateStrategy, Reason) {
    if keys.is_empty() {
        return (AggregateStrategy::Reduce, Reason::OneGroup);
    }
    let domain = |key: &SchemaColumn| {
        let interval = facts.interval(key.id).or_else(|| Interval::of_type(key.ty));
        key_dim(key.id, key.ty, key.nullable, interval, strings)
    };
    let affordable = rows.map_or(CHEAP_DENSE_SLOTS, |rows| CHEAP_DENSE_SLOTS.max(rows.saturating_mul(4)));
    let addressing = addressing(keys.iter().map(domain), affordable.min(MAX_DENSE_SLOTS), strings);
    let strategy = addressing.dense().map_or(AggregateStrategy::Sort, |dims| AggregateStrategy::Dense(dims.to_vec()));
    (strategy, Reason::Group(addressing))
}

/// Whether keys of these domains can address a table of at most `limit` slots.
pub(super) fn addressing(domains: impl Iterator<Item = Option<KeyDim>>, limit: u64, strings: &Strings) -> Addressing {
    let mut dims = Vec::new();
    for (key, domain) in domains.enumerate() {
        match domain {
            Some(dim) => dims.push(dim),
            None => return Addressing::Unbounded { key },
        }
    }
    match slots(&dims, strings) {
        Some(slots) if slots <= limit => Addressing::Dense(dims),
        _ => Addressing::TooManySlots { dims, limit },
    }
}

/// The domain of a key, if it is bounded at all.
pub(super) fn key_dim(
    id: ColumnId,
    ty: Type,
    nullable: bool,
    interval: Option<Interval>,
    strings: &Strings,
) -> Option<KeyDim> {
    if ty == Type::Str {
        let domain = strings.domain_of(id)?;
        return strings.is_small(domain).then_some(KeyDim { domain: KeyDomain::Dictionary(domain), nullable });
    }
    if !is_integral_key(ty) {
        return None;
    }
    let interval = interval?;
    let (lo, hi) = (i64::try_from(interval.lo).ok()?, i64::try_from(interval.hi).ok()?);
    Some(KeyDim { domain: KeyDomain::Range { lo, hi }, nullable })
}

/// Slots that the keys address at rung 0, if they can be counted.
pub(super) fn slots(dims: &[KeyDim], strings: &Strings) -> Option<u64> {
    dims.iter().try_fold(1_u64, |all, dim| {
        let values = match dim.domain {
            KeyDomain::Range { lo, hi } => u64::try_from(i128::from(hi) - i128::from(lo) + 1).ok()?,
            KeyDomain::Dictionary(domain) => strings.capacity(domain) as u64,
        };
        all.checked_mul(values + u64::from(dim.nullable))
    })
}
