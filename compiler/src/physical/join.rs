//! Which strategy a join takes: `lookup` by address, or `merge` by binary search, to one match or to many.

use super::aggregate::{MAX_DENSE_SLOTS, addressing, key_dim};
use super::facts::{UniqueColumns, Uniqueness, uniqueness};
use super::{Addressing, Facts, KeyDim, KeyDomain, ProbeStrategy, Reason, Strings};
use crate::plan::{Join, JoinKind, Program};
use dj_runtime::expr::ColumnId;

/// How a join is run.
pub(super) struct JoinChoice {
    /// How matches are found.
    pub(super) strategy: ProbeStrategy,
    /// Why there is at most one match, where that is known.
    pub(super) unique: Option<Uniqueness>,
    /// Why it is run so.
    pub(super) reason: Reason,
}

/// Why a row of the left side has at most one match, if it is known to.
pub(super) fn one_match(join: &Join, program: &Program, unique: UniqueColumns<'_>) -> Option<Uniqueness> {
    let columns: Option<Vec<_>> = join.on.iter().map(|(_, right)| right.as_column()).collect();
    uniqueness(&join.right, &columns?, program, unique)
}

/// Picks the strategy of a join; `use_recorded` allows to rely on recorded uniqueness.
pub(super) fn choose(
    join: &Join,
    program: &Program,
    facts: &Facts,
    strings: &Strings,
    unique: UniqueColumns<'_>,
    rows: Option<u64>,
) -> JoinChoice {
    let unique = one_match(join, program, unique);
    let any_match_will_do = matches!(join.kind, JoinKind::Semi | JoinKind::Anti) && join.residual.is_none();
    if unique.is_none() && !any_match_will_do {
        return JoinChoice { strategy: ProbeStrategy::MergeMany, unique: None, reason: Reason::ManyMatches };
    }
    let mut addressing = addressing(lookup_domains(join, facts, strings), affordable_slots(rows), strings);
    if addressing.dense().is_some_and(|dims| dims.iter().skip(1).any(KeyDim::grows)) {
        addressing = Addressing::SeveralTexts;
    }
    let strategy = addressing.dense().map_or(ProbeStrategy::MergeOne, |dims| ProbeStrategy::Lookup(dims.to_vec()));
    let reason = Reason::OneMatch { unique: unique.clone(), addressing };
    JoinChoice { strategy, unique, reason }
}

/// The join with a text first among its keys.
///
/// The first key of a lookup is its table's outermost dimension, the only one that may be longer in the stage that builds
/// the table than in the one that reads it: each has its own rung, and a dictionary the rung's size.
pub(super) fn text_first(join: &Join, strings: &Strings) -> Join {
    let mut join = join.clone();
    join.on.sort_by_key(|(_, right)| strings.domain_of_expr(right).is_none());
    join
}

/// A slot of a lookup table takes four bytes, so a sparse one is still cheaper than a search.
fn affordable_slots(rows: Option<u64>) -> u64 {
    rows.map_or(1 << 20, |rows| rows.saturating_mul(16).max(1 << 16)).min(4 * MAX_DENSE_SLOTS)
}

fn lookup_domains(join: &Join, facts: &Facts, strings: &Strings) -> impl Iterator<Item = Option<KeyDim>> {
    join.on.iter().map(|(_, key)| {
        let nullable = join.nulls_equal && key.nullable;
        if let Some(domain) = strings.domain_of_expr(key) {
            return Some(KeyDim { domain: KeyDomain::Dictionary(domain), nullable });
        }
        let id = key.as_column().unwrap_or(ColumnId(u32::MAX));
        key_dim(id, key.ty, nullable, facts.interval_of(key), strings)
    })
}
