//! Keys that address: (P8) and (P9).

use super::{Verified, Verifier, require};
use crate::encode::Type;
use crate::strategy::address::slots_at;
use crate::strategy::{KeyDim, KeyDomain};
use dj_runtime::expr::Interval;

/// A key that addresses: its type, whether it may be null, and where its values lie.
pub(crate) type AddressingKey = (Type, bool, Option<Interval>);

impl Verifier<'_> {
    /// Keys that address at most so many slots by their domains.
    pub(crate) fn address(&self, keys: &[AddressingKey], dims: &[KeyDim], most: u64) -> Verified {
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
}
