//! Which strategy a join takes: `lookup` by address, or `merge` by binary search, to one match or to many.

use super::aggregate::{MAX_DENSE_SLOTS, addressing, range_dim, slots_at};
use super::{Addressing, DEFAULT_CHUNK_ROWS, KeyDim, KeyDomain, ProbeStrategy, Reason};
use crate::encode::{Dictionaries, Encoded, Join};
use crate::plan::{Facts, JoinKind, Program, UniqueColumns, Uniqueness, one_match};

/// How a join is run.
pub(super) struct JoinChoice {
    /// How matches are found.
    pub(super) strategy: ProbeStrategy,
    /// The keys' domains, if they address a table.
    pub(super) dims: Option<Vec<KeyDim>>,
    /// Why there is at most one match, where that is known.
    pub(super) unique: Option<Uniqueness>,
    /// Why it is run so.
    pub(super) reason: Reason,
}

/// Picks the strategy of a join; `use_recorded` allows to rely on recorded uniqueness.
pub(super) fn choose(
    join: &Join,
    program: &Program<Encoded>,
    facts: &Facts,
    strings: &Dictionaries,
    unique: UniqueColumns<'_>,
    rows: Option<u64>,
) -> JoinChoice {
    let unique = one_match(join, &program.shared, unique);
    let any_match_will_do = matches!(join.kind, JoinKind::Semi | JoinKind::Anti) && join.residual.is_none();
    if unique.is_none() && !any_match_will_do {
        let strategy = ProbeStrategy::MergeMany;
        return JoinChoice { strategy, dims: None, unique: None, reason: Reason::ManyMatches };
    }
    let mut addressing = addressing(lookup_domains(join, facts), affordable_slots(rows), strings);
    if let Some(dims) = addressing.dense().filter(|dims| !fits_with(rows, dims, strings)) {
        addressing = Addressing::TooManySlots { dims: dims.to_vec(), limit: 4 * MAX_DENSE_SLOTS };
    }
    let dims = addressing.dense().map(<[_]>::to_vec);
    let strategy = if dims.is_some() { ProbeStrategy::Lookup } else { ProbeStrategy::MergeOne };
    let reason = Reason::OneMatch { unique: unique.clone(), addressing };
    JoinChoice { strategy, dims, unique, reason }
}

/// A slot of a lookup table takes four bytes, so a sparse one is still cheaper than a search.
fn affordable_slots(rows: Option<u64>) -> u64 {
    rows.map_or(1 << 20, |rows| rows.saturating_mul(16).max(1 << 16)).min(4 * MAX_DENSE_SLOTS)
}

/// Whether the table fits at the rung that so many rows need: rows and texts grow together.
fn fits_with(rows: Option<u64>, dims: &[KeyDim], strings: &Dictionaries) -> bool {
    let rung = (rows.unwrap_or(0) / DEFAULT_CHUNK_ROWS as u64).checked_ilog2().map_or(0, |rung| rung + 1);
    slots_at(dims, strings, rung).is_some_and(|slots| slots <= 4 * MAX_DENSE_SLOTS)
}

fn lookup_domains(join: &Join, facts: &Facts) -> impl Iterator<Item = Option<KeyDim>> {
    join.on.iter().map(|(_, key)| {
        let nullable = join.nulls_equal && key.nullable;
        if let Some(domain) = key.ty.domain() {
            return Some(KeyDim { domain: KeyDomain::Dictionary(domain), nullable });
        }
        range_dim(key.ty, nullable, facts.interval_of(key))
    })
}
