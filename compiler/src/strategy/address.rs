//! Keys that address: their domains, and how many slots they have.

use crate::encode::{Dictionaries, Type};
use dj_runtime::expr::Interval;

/// A key that addresses a dense table: `lo..=hi`, and one more slot for null where the key is nullable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDim {
    /// What the values are.
    pub domain: KeyDomain,
    /// Whether slot 0 is that of null.
    pub nullable: bool,
}

impl KeyDim {
    /// The key's slots, one a value and one for null, where `texts` says how many codes a dictionary may give; `None` where
    /// 64 bits do not count them.
    pub(crate) fn slots(&self, texts: impl FnOnce(usize) -> u64) -> Option<u64> {
        let values = match self.domain {
            KeyDomain::Range { lo, hi } => u64::try_from(i128::from(hi) - i128::from(lo) + 1).ok()?,
            KeyDomain::Dictionary(domain) => texts(domain),
        };
        values.checked_add(u64::from(self.nullable))
    }

    /// Whether there are more values at a larger rung.
    pub(crate) fn grows(&self) -> bool {
        matches!(self.domain, KeyDomain::Dictionary(_))
    }
}

/// The values of a dense key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDomain {
    /// Integers, both ends included.
    Range {
        /// The least.
        lo: i64,
        /// The greatest.
        hi: i64,
    },
    /// The codes of a string domain, as many as its dictionary's capacity.
    Dictionary(usize),
}

/// Whether keys can address a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressing {
    /// They do.
    Dense(Vec<KeyDim>),
    /// A key has no bounded domain.
    Unbounded {
        /// Its position among the keys.
        key: usize,
    },
    /// There are more slots than there may be.
    TooManySlots {
        /// What the keys are.
        dims: Vec<KeyDim>,
        /// How many there are, if they can be counted.
        slots: Option<u64>,
        /// How many there may be.
        limit: u64,
    },
    /// They could, and it takes more time than another strategy.
    TooDear {
        /// What the keys are.
        dims: Vec<KeyDim>,
        /// What addressing takes, in nanoseconds.
        cost: u64,
        /// What the other strategy takes.
        instead: u64,
    },
}

/// Whether keys of these domains can address a table of at most `limit` slots.
///
/// A table of several keys grows with the product of what grows, so that it may come to its end: texts are among its keys
/// only where the program is replayed without the table when they turn out to be too many.
pub(crate) fn addressing(
    domains: impl Iterator<Item = Option<KeyDim>>,
    limit: u64,
    dictionaries: &Dictionaries,
) -> Addressing {
    let mut dims = Vec::new();
    for (key, domain) in domains.enumerate() {
        match domain {
            Some(dim) => dims.push(dim),
            None => return Addressing::Unbounded { key },
        }
    }
    let is_large = |dim: &KeyDim| match dim.domain {
        KeyDomain::Dictionary(domain) => !dictionaries.is_small(domain),
        KeyDomain::Range { .. } => false,
    };
    if let (Some(key), true) = (dims.iter().position(is_large), dims.len() > 1) {
        return Addressing::Unbounded { key };
    }
    let slots = slots(&dims, dictionaries);
    if slots.is_some_and(|slots| slots <= limit) {
        Addressing::Dense(dims)
    } else {
        Addressing::TooManySlots { dims, slots, limit }
    }
}

/// The domain of a key that is no text, if it is bounded within 64 bits.
pub(crate) fn range_dim(ty: Type, nullable: bool, interval: Option<Interval>) -> Option<KeyDim> {
    let interval = interval.filter(|_| ty == Type::Bool || ty.is_integral())?;
    let (lo, hi) = (i64::try_from(interval.lo).ok()?, i64::try_from(interval.hi).ok()?);
    Some(KeyDim { domain: KeyDomain::Range { lo, hi }, nullable })
}

/// Whether a larger dictionary multiplies a table of these keys: there is a slot for each combination of a text and other keys.
pub(crate) fn multiplies(dims: &[KeyDim]) -> bool {
    dims.len() > 1 && dims.iter().any(KeyDim::grows)
}

/// Slots that the keys address at most, as far as can be told; `None` where they cannot be counted.
pub(crate) fn slots(dims: &[KeyDim], dictionaries: &Dictionaries) -> Option<u64> {
    product(dims, &|domain| dictionaries.expected(domain))
}

/// Slots that the keys address at a rung, if they can be counted.
pub(crate) fn slots_at(dims: &[KeyDim], dictionaries: &Dictionaries, rung: u32) -> Option<u64> {
    product(dims, &|domain| (dictionaries.capacity(domain) as u64).saturating_mul(2_u64.saturating_pow(rung)))
}

fn product(dims: &[KeyDim], texts: &dyn Fn(usize) -> u64) -> Option<u64> {
    dims.iter().try_fold(1_u64, |all, dim| all.checked_mul(dim.slots(texts)?))
}
