//! Keys that address, and sizes: (P8) and (P9).

use super::{Verified, Verifier, require};
use crate::encode::Type;
use crate::physical::aggregate::{MAX_DENSE_SLOTS, slots_at};
use crate::physical::{AggregateStrategy, KeyDim, KeyDomain, Sink, Stage};
use dj_runtime::expr::Interval;

/// A key that addresses: its type, whether it may be null, and where its values lie.
type Key = (Type, bool, Option<Interval>);

impl Verifier<'_> {
    /// The keys of a stage that address its state or its table.
    pub(super) fn addressing(&self, stage: &Stage) -> Verified {
        let facts = &self.variant.facts;
        match &stage.sink {
            Sink::Aggregate { keys, strategy: AggregateStrategy::Dense(dims), .. } => {
                let keys = keys.iter().map(|key| (key.ty, key.nullable, facts.interval(key.id)));
                self.address(&keys.collect::<Vec<_>>(), dims, MAX_DENSE_SLOTS)?;
                let nulls = keys_nullable(stage).eq(dims.iter().map(|dim| dim.nullable));
                require(nulls, || "(P8) a key that may be null has no slot for it".to_owned())
            }
            Sink::Aggregate { keys, strategy: AggregateStrategy::Reduce, .. } => {
                require(keys.is_empty(), || "(P8) groups of several keys are reduced to one".to_owned())
            }
            Sink::Lookup { keys, dims, .. } => {
                let keys = keys.iter().map(|key| (key.ty, key.nullable, facts.interval_of(key)));
                self.address(&keys.collect::<Vec<_>>(), dims, 4 * MAX_DENSE_SLOTS)
            }
            Sink::Aggregate { strategy: AggregateStrategy::Sort, .. }
            | Sink::Emit
            | Sink::Sort(_)
            | Sink::TopK { .. }
            | Sink::Merge { .. } => Ok(()),
        }
    }

    fn address(&self, keys: &[Key], dims: &[KeyDim], most: u64) -> Verified {
        let pairs = keys.len() == dims.len() && !keys.is_empty();
        require(pairs, || format!("(P8) {} keys have {} domains", keys.len(), dims.len()))?;
        for ((ty, nullable, interval), dim) in keys.iter().zip(dims) {
            let held = match dim.domain {
                KeyDomain::Dictionary(domain) => ty.domain() == Some(domain),
                KeyDomain::Range { lo, hi } => {
                    let all = interval.or_else(|| Interval::of_type(ty.written()));
                    lo <= hi && all.is_some_and(|all| all.within(Interval::proven(lo.into(), hi.into())))
                }
            };
            require(held && (*nullable || !dim.nullable), || format!("(P8) a key of {ty} has the domain {dim:?}"))?;
        }
        let limit = match dims {
            [dim] if dim.grows() => u64::MAX,
            _ => most,
        };
        let slots = slots_at(dims, &self.encoded.dictionaries, 0);
        require(slots.is_some_and(|slots| slots <= limit), || format!("(P9) {slots:?} slots of {dims:?}"))
    }

    /// The rows that are kept of an order.
    pub(super) fn kept_rows(&self, stage: &Stage) -> Verified {
        let Sink::TopK { rows, .. } = stage.sink else { return Ok(()) };
        let wanted = stage.slice.and_then(|(skip, count)| usize::try_from(skip.saturating_add(count)).ok());
        let enough = wanted.is_some_and(|wanted| wanted <= rows) && rows.is_power_of_two();
        require(enough, || format!("(P9) {rows} rows are kept of {:?}", stage.slice))
    }
}

fn keys_nullable(stage: &Stage) -> impl Iterator<Item = bool> {
    let keys = if let Sink::Aggregate { keys, .. } = &stage.sink { &keys[..] } else { &[] };
    keys.iter().map(|key| key.nullable)
}
