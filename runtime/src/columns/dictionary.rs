//! Dictionaries: text to codes and back.

use crate::artifact::StringDomain;

/// The producer of what comes from inputs, parameters and literals; host table `k` is producer `k + 1`.
pub const INPUT: u32 = 0;

/// A dictionary is full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} distinct texts in one string domain", limit = i32::MAX)]
pub struct DictionaryError;

/// Distinct texts, numbered in order of first sight.
///
/// All text lies in one buffer; the index is open addressing with linear probing, and fixed hashing, because codes must not
/// depend on the run.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    text: String,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    /// Codes plus one; zero is free. The length is a power of two, or zero.
    slots: Vec<u32>,
}

impl Dictionary {
    /// The number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a code; empty if there is no such code.
    pub fn value(&self, code: i32) -> &str {
        usize::try_from(code).ok().and_then(|at| self.get(at)).unwrap_or("")
    }

    fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.text.get(start..end)
    }

    /// All texts, by code.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values_from(0)
    }

    /// The texts from a code on.
    pub(crate) fn values_from(&self, first: usize) -> impl ExactSizeIterator<Item = &str> {
        (first..self.len()).map(|at| self.get(at).unwrap_or(""))
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 16 + self.slots.len() * 4
    }

    /// The code of a text that is already there.
    pub fn code(&self, text: &str) -> Option<i32> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.find(text, hash(text.as_bytes()));
        i32::try_from(self.slots[slot]).ok()?.checked_sub(1).filter(|code| *code >= 0)
    }

    /// The code of a text, which is new if it is [`Dictionary::len`] before.
    ///
    /// # Errors
    /// If there would be more codes than an `i32` holds.
    pub fn intern(&mut self, text: &str) -> Result<i32, DictionaryError> {
        if (self.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let hash = hash(text.as_bytes());
        let slot = self.find(text, hash);
        if self.slots[slot] == 0 {
            self.slots[slot] = u32::try_from(self.len() + 1).map_err(|_| DictionaryError)?;
            i32::try_from(self.len()).map_err(|_| DictionaryError)?;
            self.text.push_str(text);
            self.ends.push(self.text.len());
            self.hashes.push(hash);
        }
        i32::try_from(self.slots[slot] - 1).map_err(|_| DictionaryError)
    }

    /// The slot that holds `text`, or the free one where it belongs.
    fn find(&self, text: &str, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = start(hash, mask);
        loop {
            let Some(at) = self.slots[slot].checked_sub(1) else { return slot };
            let at = at as usize;
            if self.hashes[at] == hash && self.get(at) == Some(text) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = (self.slots.len() * 2).max(16) - 1;
        self.slots = vec![0; mask + 1];
        for (code, hash) in (1_u32..).zip(&self.hashes) {
            let mut slot = start(*hash, mask);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = code;
        }
    }
}

/// Where probing starts: the high bits, which the multiplication mixed best.
fn start(hash: u64, mask: usize) -> usize {
    (hash >> 32) as usize & mask
}

/// A multiplicative hash over words of eight bytes.
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| {
        let wide = u128::from(state ^ word) * u128::from(FACTOR);
        (wide >> 64) as u64 ^ wide as u64
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = (bytes.len() as u64).wrapping_mul(FACTOR) ^ FACTOR;
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(mix(state, u64::from_le_bytes(last)), FACTOR)
}

/// One string domain: its dictionary, and which codes became available to whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Domain {
    pub(super) dictionary: Dictionary,
    /// For each code the least producer.
    pub(super) producers: Vec<u32>,
    /// A code whenever its least producer became smaller, so at least once.
    pub(super) log: Vec<i32>,
}

/// The dictionaries of a program, one for each string domain, with the literals in them.
#[derive(Debug, Clone, Default)]
pub struct Dictionaries {
    pub(super) domains: Vec<Domain>,
}

impl Dictionaries {
    /// With the literals of each domain.
    ///
    /// # Errors
    /// If there are more literals than codes.
    pub fn new(domains: &[StringDomain]) -> Result<Self, DictionaryError> {
        let mut dictionaries = Self { domains: vec![Domain::default(); domains.len()] };
        for (index, domain) in domains.iter().enumerate() {
            for literal in &domain.literals {
                dictionaries.intern(index, literal, INPUT)?;
            }
        }
        Ok(dictionaries)
    }

    /// The code of a text that `producer` made: [`INPUT`], or a host table's index plus one.
    ///
    /// # Errors
    /// If the dictionary is full.
    pub fn intern(&mut self, domain: usize, text: &str, producer: u32) -> Result<i32, DictionaryError> {
        let domain = &mut self.domains[domain];
        let code = domain.dictionary.intern(text)?;
        let at = code as usize;
        if at == domain.producers.len() {
            domain.producers.push(producer);
            domain.log.push(code);
        } else if producer < domain.producers[at] {
            domain.producers[at] = producer;
            domain.log.push(code);
        }
        Ok(code)
    }

    /// The dictionary of a domain.
    pub fn domain(&self, domain: usize) -> &Dictionary {
        &self.domains[domain].dictionary
    }

    /// The number of texts in a domain.
    pub fn len(&self, domain: usize) -> usize {
        self.domain(domain).len()
    }

    /// Whether there are no domains.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// The text of a code of a domain.
    pub fn value(&self, domain: usize, code: i32) -> &str {
        self.domain(domain).value(code)
    }
}
