//! Tables over dictionaries: an expression of a text, computed once for each distinct text.

use super::dictionary::{Dictionaries, Dictionary, DictionaryError};
use super::{AlignedBytes, Column};
use crate::artifact::{HostTable, HostTableKind};
use crate::expr::{ColumnId, Expr, Scalar};
use crate::pjrt::Element;

/// The entries of one host table, one for each code of its domain.
///
/// Entries of codes that the table does not serve (those that only it or later tables made) are zero, null and not failed.
#[derive(Debug, Clone)]
pub struct HostArrays {
    /// Values, and validity if the table is nullable.
    pub column: Column,
    /// One byte a code, 1 where computing the entry failed; absent if it cannot.
    pub failed: Option<AlignedBytes>,
    /// Changes whenever an entry does.
    pub version: u64,
}

impl HostArrays {
    /// Values, validity and failures padded with zeros to `capacity` entries.
    pub fn padded(&self, capacity: usize) -> (Column, Option<AlignedBytes>) {
        let pad = |bytes: &AlignedBytes, length: usize| {
            let mut padded = AlignedBytes::zeroed(length);
            padded[..bytes.len()].copy_from_slice(bytes);
            padded
        };
        let values = pad(&self.column.values, capacity * self.column.element.bytes());
        let validity = self.column.validity.as_ref().map(|validity| pad(validity, capacity));
        let failed = self.failed.as_ref().map(|failed| pad(failed, capacity));
        (Column { element: self.column.element, values, validity }, failed)
    }
}

/// One table and how far it has come.
#[derive(Debug, Clone)]
struct State {
    spec: HostTable,
    arrays: HostArrays,
    /// How much of the domain's log it has seen.
    cursor: usize,
    /// Which codes have their entry.
    done: Vec<bool>,
    /// Codes in bytewise order of their texts; for ranks.
    sorted: Vec<i32>,
}

/// All host tables of a program.
///
/// Table `t` serves the codes that come from inputs or from tables of a lower index. So a table whose texts land in the
/// domain that it reads does not feed itself, and one pass over the tables in order of their index completes them all.
#[derive(Debug, Clone)]
pub struct HostTables {
    tables: Vec<State>,
}

/// A host table cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostTableError {
    /// A dictionary is full.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),
    /// The dictionaries would take more than they may.
    #[error("texts of {bytes} bytes")]
    TooLarge {
        /// What they take by now.
        bytes: u64,
    },
    /// Ranks, or codes by rank, that do not follow the texts' order: a bug in DJ.
    #[error("host table {table}: its ranks are not those of its texts")]
    OutOfOrder {
        /// The table's index.
        table: usize,
    },
    /// An entry of a table that cannot fail did.
    #[error("host table {table} failed for `{text}`: {message}")]
    Failed {
        /// The table's index.
        table: usize,
        /// The text.
        text: String,
        /// Why.
        message: String,
    },
}

/// Computes an expression whose columns the function gives.
pub type Evaluate<'a> = &'a dyn Fn(&Expr, &mut dyn FnMut(ColumnId) -> Scalar) -> Result<Scalar, String>;

impl HostTables {
    /// Empty tables.
    pub fn new(specs: &[HostTable]) -> Self {
        let state = |spec: &HostTable| State {
            arrays: HostArrays {
                column: Column::zeroed(spec.element, 0, spec.nullable),
                failed: spec.can_fail.then(AlignedBytes::default),
                version: 0,
            },
            spec: spec.clone(),
            cursor: 0,
            done: Vec::new(),
            sorted: Vec::new(),
        };
        Self { tables: specs.iter().map(state).collect() }
    }

    /// The entries of a table as of the last update.
    pub fn arrays(&self, table: usize) -> &HostArrays {
        &self.tables[table].arrays
    }

    /// Computes the entries of all codes that are new since the last update; the dictionaries may take `most_bytes`.
    ///
    /// # Errors
    /// If a dictionary overflows, all of them take too much, or an expression fails that cannot.
    pub fn update_with(
        &mut self,
        dictionaries: &mut Dictionaries,
        most_bytes: u64,
        evaluate: Evaluate<'_>,
    ) -> Result<(), HostTableError> {
        for index in 0..self.tables.len() {
            match &self.tables[index].spec.kind {
                HostTableKind::Function { .. } => self.update_function(index, dictionaries, most_bytes, evaluate)?,
                HostTableKind::Rank | HostTableKind::Unrank => self.update_order(index, dictionaries)?,
            }
        }
        // A later table may have added texts to a domain that an earlier one reads.
        for index in 0..self.tables.len() {
            let table = &mut self.tables[index];
            match table.spec.kind {
                HostTableKind::Function { .. } => table.resize(dictionaries.len(table.spec.domain)),
                HostTableKind::Rank | HostTableKind::Unrank => self.update_order(index, dictionaries)?,
            }
        }
        Ok(())
    }

    /// Brings ranks, or codes by rank, up to date. No type tells an order of codes from one of texts, so what was made is
    /// looked at: one comparison of texts an entry, where sorting took several for each that is new.
    fn update_order(&mut self, index: usize, dictionaries: &Dictionaries) -> Result<(), HostTableError> {
        let table = &mut self.tables[index];
        if !table.update_order(dictionaries) {
            return Ok(());
        }
        let values = table.arrays.column.values.as_slice();
        let holds = follows_texts(&table.spec.kind, values, dictionaries.domain(table.spec.domain));
        if holds { Ok(()) } else { Err(HostTableError::OutOfOrder { table: index }) }
    }

    fn update_function(
        &mut self,
        index: usize,
        dictionaries: &mut Dictionaries,
        most_bytes: u64,
        evaluate: Evaluate<'_>,
    ) -> Result<(), HostTableError> {
        let table = &mut self.tables[index];
        let domain = table.spec.domain;
        let HostTableKind::Function { expr, result_domain } = table.spec.kind.clone() else { return Ok(()) };
        let producer = u32::try_from(index).map_or(u32::MAX, |index| index + 1);
        table.resize(dictionaries.len(domain));
        // Texts that the table itself adds are not for it, so the log's length now is enough.
        for at in table.cursor..dictionaries.domains[domain].log.len() {
            let code = dictionaries.domains[domain].log[at];
            let entry = code as usize;
            if table.done[entry] || dictionaries.domains[domain].producers[entry] >= producer {
                continue;
            }
            table.done[entry] = true;
            let text = Scalar::str(dictionaries.value(domain, code));
            let (value, failed) = match evaluate(&expr, &mut |_| text.clone()) {
                Ok(Scalar::Str(result)) => {
                    let result_domain = result_domain.unwrap_or(domain);
                    let code = dictionaries.intern(result_domain, &result, producer)?;
                    let bytes = dictionaries.bytes();
                    if bytes > most_bytes {
                        return Err(HostTableError::TooLarge { bytes });
                    }
                    (Scalar::Int(code.into()), false)
                }
                Ok(value) => (value, false),
                Err(message) => {
                    if table.arrays.failed.is_none() {
                        let text = dictionaries.value(domain, code).to_owned();
                        return Err(HostTableError::Failed { table: index, text, message });
                    }
                    (Scalar::Null, true)
                }
            };
            table.arrays.column.set(entry, &value);
            if let Some(flags) = &mut table.arrays.failed {
                flags[entry] = u8::from(failed);
            }
            table.arrays.version += 1;
        }
        table.cursor = dictionaries.domains[domain].log.len();
        Ok(())
    }
}

impl State {
    fn resize(&mut self, length: usize) {
        if self.done.len() == length {
            return;
        }
        self.done.resize(length, false);
        self.arrays.column.values.resize(length * self.arrays.column.element.bytes());
        if let Some(validity) = &mut self.arrays.column.validity {
            validity.resize(length);
        }
        if let Some(failed) = &mut self.arrays.failed {
            failed.resize(length);
        }
        self.arrays.version += 1;
    }

    /// Ranks, or codes by rank, of the whole dictionary: the new codes are sorted and merged into the old order. Whether
    /// there were new ones.
    fn update_order(&mut self, dictionaries: &Dictionaries) -> bool {
        let dictionary = dictionaries.domain(self.spec.domain);
        let old = self.sorted.len();
        if old == dictionary.len() {
            return false;
        }
        let codes = (old..dictionary.len()).filter_map(|code| i32::try_from(code).ok());
        self.sorted.extend(codes);
        // The standard library's stable sort finds the sorted run in front and merges.
        self.sorted[old..].sort_unstable_by(|a, b| dictionary.value(*a).cmp(dictionary.value(*b)));
        self.sorted.sort_by(|a, b| dictionary.value(*a).cmp(dictionary.value(*b)));
        let mut column = Column::zeroed(Element::S32, self.sorted.len(), self.spec.nullable);
        let values = column.values.as_mut_slice::<i32>();
        if self.spec.kind == HostTableKind::Unrank {
            values.copy_from_slice(&self.sorted);
        } else {
            for (rank, code) in (0..).zip(&self.sorted) {
                values[*code as usize] = rank;
            }
        }
        if let Some(validity) = &mut column.validity {
            validity.fill(1);
        }
        self.arrays.column = column;
        if let Some(failed) = &mut self.arrays.failed {
            failed.resize(self.sorted.len());
        }
        self.arrays.version += 1;
        true
    }
}

/// Whether ranks, or codes by rank, of a whole dictionary are in bytewise order of its texts.
pub(super) fn follows_texts(kind: &HostTableKind, values: &[i32], dictionary: &Dictionary) -> bool {
    let by_rank = match kind {
        HostTableKind::Unrank => values.to_vec(),
        HostTableKind::Rank | HostTableKind::Function { .. } => {
            let mut by_rank = vec![-1; values.len()];
            for (code, rank) in (0..).zip(values) {
                if let Some(place) = usize::try_from(*rank).ok().and_then(|rank| by_rank.get_mut(rank)) {
                    *place = code;
                }
            }
            by_rank
        }
    };
    // Texts that rise are all different, and then as many codes are all that there are.
    by_rank.len() == dictionary.len()
        && by_rank.iter().all(|code| dictionary.text(*code).is_some())
        && by_rank.is_sorted_by(|a, b| dictionary.value(*a) < dictionary.value(*b))
}
