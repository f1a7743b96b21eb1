//! The dictionaries of a program and the tables over them.

use dj_runtime::artifact::{HostTable, HostTableKind, StringDomain};
use std::collections::BTreeMap;

/// Dictionaries of more values than this address no state together with other keys.
const SMALL_CAPACITY: u64 = 1 << 20;

/// How many values a dictionary has, as powers of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DictionarySize {
    /// The slots at rung 0.
    pub(super) capacity: u64,
    /// An upper bound, if the files bound at compile time give one.
    pub(super) bound: Option<u64>,
}

/// The dictionaries of a program, one for each string domain, and the tables over them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dictionaries {
    /// The domains with their literals.
    pub domains: Vec<StringDomain>,
    /// The tables over the dictionaries.
    pub host_tables: Vec<HostTable>,
    /// How many values each dictionary has.
    pub(super) sizes: Vec<DictionarySize>,
    /// The domains of the text columns of input tables, by table and column.
    pub(super) sources: BTreeMap<(usize, usize), usize>,
    /// The domains of text parameters.
    pub(super) params: BTreeMap<usize, usize>,
    /// Whether sizes are those that the bound files need.
    pub(super) use_recorded: bool,
}

impl DictionarySize {
    /// That of a dictionary of which nothing is known.
    pub(super) const UNKNOWN: Self = Self { capacity: 1024, bound: None };
}

impl Dictionaries {
    /// The domain of a text column of an input table; `None` where it is no text, or nothing reads it.
    pub fn domain_of_source(&self, table: usize, column: usize) -> Option<usize> {
        self.sources.get(&(table, column)).copied()
    }

    /// The domain of a text parameter.
    pub fn domain_of_param(&self, param: usize) -> Option<usize> {
        self.params.get(&param).copied()
    }

    /// The dictionary's slots at rung 0: a power of two.
    pub fn capacity(&self, domain: usize) -> usize {
        self.sizes[domain].capacity as usize
    }

    /// How many values the dictionary has at most, if the files bound at compile time tell, else at first: a power of two.
    pub(crate) fn expected(&self, domain: usize) -> u64 {
        self.sizes[domain].bound.unwrap_or(self.sizes[domain].capacity)
    }

    /// Whether the dictionary is expected to be small enough to address a state together with other keys.
    pub fn is_small(&self, domain: usize) -> bool {
        self.use_recorded && self.sizes[domain].bound.is_some_and(|bound| bound <= SMALL_CAPACITY)
    }

    /// The table of ranks of a domain, and that of codes by rank: there for every domain whose texts are compared in an
    /// aggregate.
    pub fn ranks(&self, domain: usize) -> (usize, usize) {
        match (self.find(domain, &HostTableKind::Rank), self.find(domain, &HostTableKind::Unrank)) {
            (Some(rank), Some(unrank)) => (rank, unrank),
            _ => unreachable!("(E6) domain {domain} has no tables of ranks, though its texts are compared"),
        }
    }

    pub(super) fn find(&self, domain: usize, kind: &HostTableKind) -> Option<usize> {
        self.host_tables.iter().position(|table| table.domain == domain && table.kind == *kind)
    }
}
