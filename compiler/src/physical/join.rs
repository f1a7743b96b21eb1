//! Which strategy a join takes: `lookup` by address, or `merge` by binary search, to one match or to many.

use super::aggregate::{MAX_DENSE_SLOTS, key_dim, slots};
use super::facts::{UniqueColumns, Uniqueness, uniqueness};
use super::{Facts, KeyDim, ProbeStrategy, Strings};
use crate::plan::{Join, JoinKind, Program};

/// How a join is run.
pub(super) struct JoinChoice {
    /// How matches are found.
    pub(super) strategy: ProbeStrategy,
    /// Why there is at most one match, where that is known.
    pub(super) unique: Option<Uniqueness>,
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
    let columns: Option<Vec<_>> = join.on.iter().map(|(_, right)| right.as_column()).collect();
    let unique = columns.and_then(|columns| uniqueness(&join.right, &columns, program, unique));
    let any_match_will_do = matches!(join.kind, JoinKind::Semi | JoinKind::Anti) && join.residual.is_none();
    if unique.is_none() && !any_match_will_do {
        return JoinChoice { strategy: ProbeStrategy::MergeMany, unique: None };
    }
    let strategy = match lookup_dims(join, facts, strings) {
        Some(dims) if slots(&dims, strings).is_some_and(|slots| slots <= affordable_slots(rows)) => {
            ProbeStrategy::Lookup(dims)
        }
        _ => ProbeStrategy::MergeOne,
    };
    JoinChoice { strategy, unique }
}

/// A slot of a lookup table takes four bytes, so a sparse one is still cheaper than a search.
fn affordable_slots(rows: Option<u64>) -> u64 {
    rows.map_or(1 << 20, |rows| rows.saturating_mul(16).max(1 << 16)).min(4 * MAX_DENSE_SLOTS)
}

fn lookup_dims(join: &Join, facts: &Facts, strings: &Strings) -> Option<Vec<KeyDim>> {
    let dim = |key: &dj_runtime::expr::Expr| {
        let domain = strings.domain_of_expr(key);
        if let Some(domain) = domain {
            let domain = super::KeyDomain::Dictionary(domain);
            return Some(KeyDim { domain, nullable: join.nulls_equal && key.nullable });
        }
        let id = key.as_column().unwrap_or(dj_runtime::expr::ColumnId(u32::MAX));
        key_dim(id, key.ty, join.nulls_equal && key.nullable, facts.interval_of(key), strings)
    };
    join.on.iter().map(|(_, right)| dim(right)).collect()
}
