//! Text of one column, numbered in order of first sight by the thread that decodes it.
//!
//! Dictionaries of the program are extended by the thread that asks for chunks, because host tables extend them too and the
//! codes must not depend on timing. So the decoding thread numbers the texts of its column for itself, and hands over with
//! each chunk those that are new.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has many types, and DJ few")]

use crate::columns::{Dictionaries, Dictionary, DictionaryError, INPUT};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, LargeStringArray, StringArray, StringViewArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, DataType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use std::ops::Range;

/// The decoding side.
#[derive(Debug, Default)]
pub(crate) struct LocalText {
    dictionary: Dictionary,
    sent: usize,
    /// The dictionary of the last batch, and the codes of its entries as far as they were seen.
    last: Option<(ArrayRef, Vec<i32>)>,
}

/// Texts that are new in a chunk, in order of first sight.
#[derive(Debug, Default)]
pub(crate) struct NewTexts {
    text: String,
    ends: Vec<usize>,
}

impl NewTexts {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }
}

impl LocalText {
    /// Writes the codes of `rows` of a text array; zero for nulls.
    pub(crate) fn encode(
        &mut self,
        array: &ArrayRef,
        nulls: Option<&NullBuffer>,
        rows: Range<usize>,
        codes: &mut [i32],
    ) -> Result<(), DictionaryError> {
        let DataType::Dictionary(key, _) = array.data_type() else {
            return self.encode_plain(&Texts::of(array), nulls, rows, codes);
        };
        match **key {
            DataType::Int8 => self.encode_keys::<Int8Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::Int16 => self.encode_keys::<Int16Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::Int32 => self.encode_keys::<Int32Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::Int64 => self.encode_keys::<Int64Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::UInt8 => self.encode_keys::<UInt8Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::UInt16 => self.encode_keys::<UInt16Type>(array.as_dictionary(), nulls, rows, codes),
            DataType::UInt32 => self.encode_keys::<UInt32Type>(array.as_dictionary(), nulls, rows, codes),
            _ => self.encode_keys::<UInt64Type>(array.as_dictionary(), nulls, rows, codes),
        }
    }

    fn encode_plain(
        &mut self,
        texts: &Texts<'_>,
        nulls: Option<&NullBuffer>,
        rows: Range<usize>,
        codes: &mut [i32],
    ) -> Result<(), DictionaryError> {
        const BLOCK: usize = 32;
        if nulls.is_some() {
            for (row, code) in rows.zip(codes) {
                let valid = nulls.is_none_or(|nulls| nulls.is_valid(row));
                *code = if valid { self.dictionary.intern(texts.value(row))? } else { 0 };
            }
            return Ok(());
        }
        let (blocks, rest) = codes.as_chunks_mut::<BLOCK>();
        let mut row = rows.start;
        for block in blocks {
            *block = self.dictionary.intern_block(&std::array::from_fn::<_, BLOCK, _>(|at| texts.value(row + at)))?;
            row += BLOCK;
        }
        for (row, code) in (row..).zip(rest) {
            *code = self.dictionary.intern(texts.value(row))?;
        }
        Ok(())
    }

    fn encode_keys<K: ArrowDictionaryKeyType>(
        &mut self,
        array: &DictionaryArray<K>,
        nulls: Option<&NullBuffer>,
        rows: Range<usize>,
        codes: &mut [i32],
    ) -> Result<(), DictionaryError> {
        const UNSEEN: i32 = -1;
        let values = array.values();
        let mut map = match self.last.take() {
            Some((last, map)) if same_memory(&last, values) => map,
            _ => vec![UNSEEN; values.len()],
        };
        let texts = Texts::of(values);
        let keys = &array.keys().values()[rows.clone()];
        for ((row, key), code) in rows.zip(keys).zip(codes) {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                *code = 0;
                continue;
            }
            let entry = &mut map[key.as_usize()];
            if *entry == UNSEEN {
                *entry = self.dictionary.intern(texts.value(key.as_usize()))?;
            }
            *code = *entry;
        }
        self.last = Some((values.clone(), map));
        Ok(())
    }

    /// What was not handed over yet.
    pub(crate) fn take_new(&mut self) -> NewTexts {
        let mut new = NewTexts::default();
        for text in self.dictionary.values_from(self.sent) {
            new.text.push_str(text);
            new.ends.push(new.text.len());
        }
        self.sent = self.dictionary.len();
        new
    }
}

/// Whether two arrays are the same piece of memory, so the same texts.
fn same_memory(a: &ArrayRef, b: &ArrayRef) -> bool {
    a.len() == b.len() && a.data_type() == b.data_type() && a.to_data().ptr_eq(&b.to_data())
}

/// An array of text of any layout.
enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        match array.data_type() {
            DataType::LargeUtf8 => Self::Large(array.as_string()),
            DataType::Utf8View => Self::View(array.as_string_view()),
            _ => Self::Small(array.as_string()),
        }
    }

    fn value(&self, row: usize) -> &str {
        match self {
            Self::Small(array) => array.value(row),
            Self::Large(array) => array.value(row),
            Self::View(array) => array.value(row),
        }
    }
}

/// The asking side: codes of the decoding thread to codes of the program.
#[derive(Debug)]
pub(crate) struct CodeMap {
    domain: usize,
    /// How many texts the thread has handed over.
    known: usize,
    /// For each its code; absent while every code maps to itself.
    codes: Option<Vec<i32>>,
}

impl CodeMap {
    pub(crate) fn new(domain: usize) -> Self {
        Self { domain, known: 0, codes: None }
    }

    /// Takes new texts into the program's dictionary and replaces the codes of a chunk.
    pub(crate) fn translate(
        &mut self,
        new: &NewTexts,
        dictionaries: &mut Dictionaries,
        codes: &mut [i32],
        validity: Option<&[u8]>,
    ) -> Result<(), DictionaryError> {
        for text in new.iter() {
            self.add(text, dictionaries)?;
        }
        let Some(map) = &self.codes else { return Ok(()) };
        match validity {
            None => codes.iter_mut().for_each(|code| *code = map[*code as usize]),
            Some(validity) => {
                for (code, _) in codes.iter_mut().zip(validity).filter(|(_, valid)| **valid != 0) {
                    *code = map[*code as usize];
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &str, dictionaries: &mut Dictionaries) -> Result<(), DictionaryError> {
        if self.codes.is_none() && dictionaries.len(self.domain) == self.known {
            // The dictionary holds what the thread has handed over and nothing else, so this is new to it, too.
            self.known += 1;
            return dictionaries.append(self.domain, text);
        }
        let code = dictionaries.intern(self.domain, text, INPUT)?;
        if self.codes.is_none() && usize::try_from(code) != Ok(self.known) {
            self.codes = Some((0..).take(self.known).collect());
        }
        if let Some(codes) = &mut self.codes {
            codes.push(code);
        }
        self.known += 1;
        Ok(())
    }
}
