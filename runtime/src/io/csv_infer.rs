//! The types of a CSV file's columns, by their texts.
//!
//! Every text is of one [`Kind`], and a column has the type that holds the kinds which occur in it. All rows are looked at:
//! the millionth zip code may be the first that begins with a zero.

use super::csv_records::Records;
use super::csv_value as value;
use crate::expr::trimmed;
use crate::types::Type;
use std::io::Read;

/// What a text is, taken alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    /// An integer that an `i64` holds.
    Integer,
    /// An integer that none holds. As a float it would be rounded, and different identifiers would become equal.
    LongInteger,
    Float,
    Date,
    Timestamp,
    Text,
}

impl Kind {
    /// What a field is, or nothing if it is empty.
    fn of_field(field: &[u8]) -> Option<Self> {
        if let Some(kind) = Self::of_usual(field) {
            return Some(kind);
        }
        // What is not UTF-8 is no number either; the reader tells where it is.
        match std::str::from_utf8(field) {
            Ok(text) if trimmed(text).is_empty() => None,
            Ok(text) => Some(Self::of(text)),
            Err(_) => Some(Self::Text),
        }
    }

    /// The same by the shape alone, of short numbers without a sign, of truth values and of times as programs write them: nearly all fields of
    /// nearly all files, and no conversion is needed to tell that they have one.
    fn of_usual(field: &[u8]) -> Option<Self> {
        if matches!(field, b"true" | b"false") {
            return Some(Self::Bool);
        }
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = digits(field);
        if whole == 0 || whole > 18 || (whole > 1 && field[0] == b'0') {
            return None;
        }
        match &field[whole..] {
            [] => Some(Self::Integer),
            [b'.', fraction @ ..] => (digits(fraction) == fraction.len()).then_some(Self::Float),
            [b'-', rest @ ..] if whole == 4 => {
                let (day, time) = rest.split_at_checked(5)?;
                // Every month has these days.
                let is_day = day[2] == b'-' && is_within(&day[..2], 1, 12) && is_within(&day[3..], 1, 28);
                match time {
                    [] if is_day => Some(Self::Date),
                    [b' ' | b'T', time @ ..] if is_day && time.len() == 8 && time[2] == b':' && time[5] == b':' => {
                        let is_time = is_within(&time[..2], 0, 23) && is_within(&time[3..5], 0, 59);
                        (is_time && is_within(&time[6..], 0, 59)).then_some(Self::Timestamp)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn of(field: &str) -> Self {
        let text = trimmed(field);
        if is_plain(text) {
            if text.parse::<i64>().is_ok() {
                return Self::Integer;
            }
            if text.parse::<f64>().is_ok() {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
                return if is_integer { Self::LongInteger } else { Self::Float };
            }
        }
        if is_truth(field) {
            Self::Bool
        } else if value::date(text).is_some() {
            Self::Date
        } else if value::timestamp(text).is_some() {
            Self::Timestamp
        } else {
            Self::Text
        }
    }
}

/// Whether a text is of two digits, of a number between two.
fn is_within(text: &[u8], least: u8, greatest: u8) -> bool {
    let &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = text else { return false };
    (least..=greatest).contains(&(10 * (tens - b'0') + (ones - b'0')))
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

fn is_truth(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// Whether nothing of a text is lost by reading it as a type that was inferred: a file that was not there when a program was
/// compiled may have texts for which inference would have chosen another type, although they can be converted.
pub(super) fn is_all_of(text: &str, ty: Type) -> bool {
    match ty {
        Type::I64 | Type::F64 => is_plain(text),
        // What is no bool at all is told by the conversion.
        Type::Bool => is_truth(text) || value::bool(text).is_none(),
        // Inference chooses no other, or they have one value for one text.
        Type::Date
        | Type::Timestamp
        | Type::Str
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::F32
        | Type::Decimal { .. }
        | Type::Duration => true,
    }
}

/// The kinds of the values that a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Inferred {
    /// A bit for each [`Kind`].
    kinds: u8,
}

impl Inferred {
    /// Sees one more value; an empty one is null and says nothing.
    fn see(&mut self, field: &[u8]) {
        if self.is_settled() {
            return;
        }
        self.kinds |= Kind::of_field(field).map_or(0, bit);
    }

    /// The same with what was seen in another file.
    pub(super) fn and(self, other: Self) -> Self {
        Self { kinds: self.kinds | other.kinds }
    }

    /// The narrowest type that all values have; text if there is none.
    pub(super) fn ty(self) -> Type {
        use Kind::{Bool, Date, Float, Integer, LongInteger, Timestamp};
        let only = |kinds: &[Kind]| self.kinds & !kinds.iter().map(|kind| bit(*kind)).sum::<u8>() == 0;
        let has = |kind| self.kinds & bit(kind) != 0;
        if self.kinds == 0 {
            Type::Str
        } else if only(&[Bool]) {
            Type::Bool
        } else if only(&[Integer]) {
            Type::I64
        } else if only(&[Integer, LongInteger, Float]) && has(Float) {
            Type::F64
        } else if only(&[Date]) {
            Type::Date
        } else if only(&[Date, Timestamp]) {
            Type::Timestamp
        } else {
            Type::Str
        }
    }

    /// Whether the column is of texts, whatever follows.
    fn is_settled(self) -> bool {
        const FAMILIES: [u8; 3] = [
            bit(Kind::Bool),
            bit(Kind::Integer) | bit(Kind::LongInteger) | bit(Kind::Float),
            bit(Kind::Date) | bit(Kind::Timestamp),
        ];
        let families = FAMILIES.iter().filter(|family| self.kinds & **family != 0).count();
        self.kinds & bit(Kind::Text) != 0 || families > 1
    }
}

const fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

/// What the columns of a file may be, by all of its rows or by the first `most`.
///
/// `None` if the text is no table of so many columns: whoever reads it says why.
pub(super) fn infer<R: Read>(
    mut records: Records<R>,
    columns: usize,
    most: Option<u64>,
) -> std::io::Result<Option<Vec<Inferred>>> {
    let mut inferred = vec![Inferred::default(); columns];
    let mut rows = 0;
    if records.next(|_, _| {})?.is_none() {
        return Ok(Some(inferred));
    }
    while most.is_none_or(|most| rows < most) {
        let seen = records.next(|column, text| {
            if let Some(inferred) = inferred.get_mut(column) {
                inferred.see(text);
            }
        })?;
        match seen {
            Some(fields) if fields == columns => rows += 1,
            Some(_) => return Ok(None),
            None => return Ok(records.is_whole().then_some(inferred)),
        }
    }
    Ok(Some(inferred))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usual_fields_are_told_by_their_shape() {
        for (field, kind) in [
            ("true", Kind::Bool),
            ("0", Kind::Integer),
            ("999999999999999999", Kind::Integer),
            ("0.50", Kind::Float),
            ("5.", Kind::Float),
            ("2024-02-28", Kind::Date),
            ("2024-12-01T23:59:59", Kind::Timestamp),
            ("2024-01-09 00:00:00", Kind::Timestamp),
        ] {
            assert_eq!(Kind::of_usual(field.as_bytes()), Some(kind), "{field}");
        }
    }

    proptest! {
        #[test]
        fn shapes_say_what_conversions_say(field in "[0-9]{1,20}|[0-9]{0,3}[.][0-9]{0,3}|[012]{4}-[0-3]{2}-[0-3]{2}([ T][0-6]{2}:[0-6]{2}:[0-6]{2})?|[-0-9:. T]{0,20}") {
            if let Some(kind) = Kind::of_usual(field.as_bytes()) {
                prop_assert_eq!(kind, Kind::of(&field));
            }
        }
    }
}
