//! Functions of text. Positions and lengths count characters (Unicode scalar values).

use super::function::Arguments;
use super::regex::with_regex;
use super::{EvalError, MAX_TEXT_BYTES, Value};
use crate::expr::Scalar;
use crate::expr::format::append_value;
use unicode_segmentation::UnicodeSegmentation;

/// All arguments one after the other; nulls are skipped.
pub(super) fn concat(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let mut joined = String::new();
    for argument in arguments.values.iter().filter(|argument| !argument.scalar.is_null()) {
        append_value(&mut joined, &argument.scalar, argument.ty);
        if joined.len() > MAX_TEXT_BYTES {
            return Err(EvalError::TooLong);
        }
    }
    Ok(Scalar::str(&joined))
}

/// The text with each character exchanged.
pub(super) fn map(text: &str, with: fn(char) -> char) -> Scalar {
    Scalar::str(&text.chars().map(with).collect::<String>())
}

/// One character for one character, so that lengths are kept: `ß` becomes `ẞ`, never `SS`.
pub(super) fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => match c {
            'ß' => 'ẞ',
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(c, 8),
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(c, 9),
            _ => c,
        },
    }
}

fn shifted(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// What `trim` removes: the Unicode space separators, so no tabs and no line ends.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Characters from position `from`, counted from one. A negative position counts from the end, a negative length goes
/// towards the start, and positions outside of the text use up length without giving characters.
pub(super) fn substr(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (from, length) = (more.int(1)?, more.optional_int(2)?);
    let count = text.chars().count() as i128;
    let start = if from > 0 {
        from - 1
    } else if from < 0 {
        count + from
    } else {
        // Position 0 lies before the first character and takes one from the length.
        -1
    };
    let end = match length {
        None => count,
        Some(length) => start.saturating_add(length),
    };
    let (start, end) = (start.min(end).clamp(0, count), start.max(end).clamp(0, count));
    let part: String = text.chars().skip(start as usize).take((end - start) as usize).collect();
    Ok(Scalar::str(&part))
}

/// Every occurrence of the second argument becomes the third; nothing where the second is empty.
pub(super) fn replace(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (from, to) = (more.text(1)?, more.text(2)?);
    if from.is_empty() {
        return Ok(Scalar::str(text));
    }
    if to.len() > from.len() {
        let growth = text.matches(from).count().saturating_mul(to.len() - from.len());
        within_bound(text.len().saturating_add(growth))?;
    }
    Ok(Scalar::str(&text.replace(from, to)))
}

/// The parts between separators, from one, or from the end if negative; an empty separator splits into characters.
pub(super) fn split_part(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (separator, position) = (more.text(1)?, more.int(2)?);
    let parts: Vec<&str> = if separator.is_empty() {
        text.split("").filter(|part| !part.is_empty()).collect()
    } else {
        text.split(separator).collect()
    };
    let index = if position > 0 { position - 1 } else { parts.len() as i128 + position };
    let valid = position != 0 && index >= 0;
    let part = usize::try_from(index).ok().filter(|_| valid).and_then(|index| parts.get(index));
    Ok(Scalar::str(part.map_or("", |part| part)))
}

/// Whether some part of the text matches.
pub(super) fn matches(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    with_regex(more.text(1)?, |regex| Scalar::Bool(regex.is_match(text)))
}

/// A group of the first match, 0 for all of it; empty where there is none.
pub(super) fn extract(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let group = usize::try_from(more.optional_int(2)?.unwrap_or(0)).unwrap_or(usize::MAX);
    with_regex(more.text(1)?, |regex| {
        let found = regex.captures(text).and_then(|captures| captures.get(group));
        Scalar::str(found.map_or("", |found| found.as_str()))
    })
}

/// Exactly as many characters as asked for: cut, or filled with repetitions of the third argument (a space by default).
pub(super) fn pad(text: &str, more: &Arguments<'_>, join: fn(&str, String) -> String) -> Result<Scalar, EvalError> {
    let (length, fill) = (more.int(1)?, more.values.get(2).map_or(Ok(" "), Value::to_text)?);
    let count = text.chars().count();
    if length <= count as i128 {
        let kept = usize::try_from(length.max(0)).map_err(|_| EvalError::TooLong)?;
        return Ok(Scalar::str(&text.chars().take(kept).collect::<String>()));
    }
    if fill.is_empty() {
        return Err(more.problem("nothing to fill with"));
    }
    // No character has less than a byte, so this bounds the loop below.
    let missing = usize::try_from(length).map_err(|_| EvalError::TooLong)? - count;
    within_bound(missing)?;
    let filling: String = fill.chars().cycle().take(missing).collect();
    within_bound(text.len() + filling.len())?;
    Ok(Scalar::str(&join(text, filling)))
}

fn within_bound(bytes: usize) -> Result<(), EvalError> {
    if bytes > MAX_TEXT_BYTES { Err(EvalError::TooLong) } else { Ok(()) }
}

/// The grapheme clusters backwards: flags, letters with their marks and joined symbols stay whole. Text of ASCII alone is
/// reversed character by character, as DuckDB does it: `\r\n` is a cluster only where other characters stand beside it.
pub(super) fn reversed(text: &str) -> String {
    if text.is_ascii() { text.chars().rev().collect() } else { text.graphemes(true).rev().collect() }
}

/// Whether the text matches a pattern of `%` (any run) and `_` (any one character).
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p) = (0, 0);
    // Where to go on if the last `%` has to take one character more.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}
