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
/// All text lies in one buffer. The index is open addressing with linear probing, ordered by the leading bits of a fixed
/// hash: codes must not depend on the run, and an index that grows is read and written from front to back.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    text: String,
    ends: Vec<usize>,
    /// A hash in the upper half, a code plus one in the lower; zero is free. The length is a power of two, or zero.
    slots: Vec<u64>,
    /// How many texts the index has; those behind were appended without a look.
    indexed: usize,
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

    /// The text of a code, if there is such a code.
    pub fn text(&self, code: i32) -> Option<&str> {
        usize::try_from(code).ok().and_then(|at| self.get(at))
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
        self.text.len() + (self.ends.len() + self.slots.len()) * 8
    }

    /// The code of a text that is already there.
    pub fn code(&self, text: &str) -> Option<i32> {
        let indexed = match self.slots.is_empty() {
            true => None,
            false => self.find(text, hash(text.as_bytes())).ok(),
        };
        let appended = || (self.indexed..self.len()).find(|at| self.get(*at) == Some(text));
        indexed.or_else(appended).and_then(|at| i32::try_from(at).ok())
    }

    /// The code of a text, which is new if it is [`Dictionary::len`] before.
    ///
    /// # Errors
    /// If there would be more codes than an `i32` holds.
    pub fn intern(&mut self, text: &str) -> Result<i32, DictionaryError> {
        self.prepare(1);
        self.intern_hashed(text, hash(text.as_bytes()))
    }

    /// [`Dictionary::intern`] of some texts at once, which is faster where the index does not fit the caches: their slots
    /// are all asked of memory before the first one is needed.
    ///
    /// # Errors
    /// As for one text.
    pub(crate) fn intern_block<const N: usize>(&mut self, texts: &[&str; N]) -> Result<[i32; N], DictionaryError> {
        self.prepare(N);
        let hashes = texts.map(|text| hash(text.as_bytes()));
        let touched = hashes.map(|hash| self.slots[start(hash, self.slots.len())]);
        std::hint::black_box(touched);
        let mut codes = [0; N];
        for ((code, text), hash) in codes.iter_mut().zip(texts).zip(hashes) {
            *code = self.intern_hashed(text, hash)?;
        }
        Ok(codes)
    }

    /// The index must have room and be complete.
    fn intern_hashed(&mut self, text: &str, hash: u32) -> Result<i32, DictionaryError> {
        match self.find(text, hash) {
            Ok(at) => i32::try_from(at).map_err(|_| DictionaryError),
            Err(slot) => {
                let code = self.append(text)?;
                self.slots[slot] = packed(hash, self.indexed);
                self.indexed += 1;
                Ok(code)
            }
        }
    }

    /// The code of a text that is known to be new. The index learns of it when it is next needed.
    ///
    /// # Errors
    /// If there would be more codes than an `i32` holds.
    pub(crate) fn append(&mut self, text: &str) -> Result<i32, DictionaryError> {
        // The index holds codes plus one in 32 bits.
        let code = i32::try_from(self.len()).map_err(|_| DictionaryError)?;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        Ok(code)
    }

    /// Completes the index and makes room for more.
    fn prepare(&mut self, more: usize) {
        self.reserve(self.len() - self.indexed + more);
        while self.indexed < self.len() {
            let hash = self.get(self.indexed).map_or(0, |text| hash(text.as_bytes()));
            let free = free_slot(&self.slots, hash);
            self.slots[free] = packed(hash, self.indexed);
            self.indexed += 1;
        }
    }

    /// Where a text is, or the slot where it belongs.
    fn find(&self, text: &str, hash: u32) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = start(hash, self.slots.len());
        loop {
            let entry = self.slots[slot];
            if entry == 0 {
                return Err(slot);
            }
            if (entry >> 32) as u32 == hash {
                let at = (entry as u32 - 1) as usize;
                if self.get(at) == Some(text) {
                    return Ok(at);
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    fn reserve(&mut self, more: usize) {
        let wanted = (self.indexed + more) * 4 / 3 + 1;
        if wanted <= self.slots.len() {
            return;
        }
        let mut slots = vec![0; wanted.next_power_of_two().max(16)];
        for &entry in self.slots.iter().filter(|entry| **entry != 0) {
            let free = free_slot(&slots, (entry >> 32) as u32);
            slots[free] = entry;
        }
        self.slots = slots;
    }
}

fn packed(hash: u32, at: usize) -> u64 {
    u64::from(hash) << 32 | (at as u64 + 1)
}

/// Where probing starts: the leading bits of the hash.
fn start(hash: u32, slots: usize) -> usize {
    ((u64::from(hash) * slots as u64) >> 32) as usize
}

fn free_slot(slots: &[u64], hash: u32) -> usize {
    let mut slot = start(hash, slots.len());
    while slots[slot] != 0 {
        slot = (slot + 1) & (slots.len() - 1);
    }
    slot
}

/// A multiplicative hash over words of eight bytes.
fn hash(bytes: &[u8]) -> u32 {
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
    (mix(mix(state, u64::from_le_bytes(last)), FACTOR) >> 32) as u32
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

    /// Adds a text of the inputs that is known to be new to its domain.
    pub(crate) fn append(&mut self, domain: usize, text: &str) -> Result<(), DictionaryError> {
        let domain = &mut self.domains[domain];
        let code = domain.dictionary.append(text)?;
        domain.producers.push(INPUT);
        domain.log.push(code);
        Ok(())
    }

    /// The dictionary of a domain.
    pub fn domain(&self, domain: usize) -> &Dictionary {
        &self.domains[domain].dictionary
    }

    /// Bytes that all dictionaries take.
    pub fn bytes(&self) -> u64 {
        self.domains.iter().map(|domain| domain.dictionary.bytes() as u64).sum()
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
