//! The types of a CSV file's columns, by their texts.

use super::csv_value as value;
use crate::types::Type;

/// A type and whether a text is of it.
type Candidate = (Type, fn(&str) -> bool);

/// What inference tries, the narrowest first. Every value of a column must fit, in every file of a binding.
const CANDIDATES: [Candidate; 6] = [
    (Type::Bool, |text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")),
    (Type::I64, |text| is_plain(text) && text.parse::<i64>().is_ok()),
    // Identifiers that no integer holds: a float would round them, and make different ones equal.
    (Type::Str, is_integer),
    (Type::F64, |text| is_plain(text) && text.parse::<f64>().is_ok()),
    (Type::Date, |text| value::date(text).is_some()),
    (Type::Timestamp, |text| value::timestamp(text).is_some()),
];

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a number is written as numbers are: a zip code `00501` or a telephone number `+1` is more than its value.
fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    match bytes.next() {
        Some(b'+') => false,
        Some(b'0') => bytes.next().is_none_or(|next| !next.is_ascii_digit()),
        Some(_) | None => true,
    }
}

/// What a column may be, as its values are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inferred {
    /// Which of the candidates all values so far fit.
    fits: [bool; CANDIDATES.len()],
    is_empty: bool,
}

impl Inferred {
    /// No value was seen.
    pub(super) fn new() -> Self {
        Self { fits: [true; CANDIDATES.len()], is_empty: true }
    }

    /// Sees more values; empty ones are null and say nothing.
    pub(super) fn see<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
            self.is_empty = false;
            for (fits, (_, is)) in self.fits.iter_mut().zip(CANDIDATES) {
                *fits = *fits && is(text);
            }
        }
    }

    /// The same with what was seen in another file.
    pub(super) fn and(self, other: Self) -> Self {
        let mut fits = self.fits;
        fits.iter_mut().zip(other.fits).for_each(|(fits, other)| *fits &= other);
        Self { fits, is_empty: self.is_empty && other.is_empty }
    }

    /// The narrowest type that all values have; text if there is none.
    pub(super) fn ty(self) -> Type {
        let narrowest = self.fits.iter().zip(CANDIDATES).find(|(fits, _)| **fits && !self.is_empty);
        narrowest.map_or(Type::Str, |(_, (ty, _))| ty)
    }
}
