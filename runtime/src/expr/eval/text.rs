//! Functions of text. Positions and lengths count characters (Unicode scalar values).

use super::function::Arguments;
use super::regex::{Replacement, replacement, with_options, with_regex};
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

/// The arguments after the first with that between them; nulls are skipped, and it is null where the first is.
pub(super) fn concat_with(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let mut joined = String::new();
    let Scalar::Str(separator) = &arguments.get(0)?.scalar else { return Ok(Scalar::Null) };
    let parts = arguments.values[1..].iter().filter(|argument| !argument.scalar.is_null());
    for (at, part) in parts.enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        append_value(&mut joined, &part.scalar, part.ty);
        within_bound(joined.len())?;
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

/// As many characters of one end as the second argument says; a negative number says how many of the other end are left out.
pub(super) fn end(text: &str, more: &Arguments<'_>, first: bool) -> Result<Scalar, EvalError> {
    let (count, asked) = (text.chars().count() as i128, more.int(1)?);
    let kept = if asked < 0 { count + asked } else { asked }.clamp(0, count);
    let skipped = if first { 0 } else { count - kept };
    Ok(Scalar::str(&text.chars().skip(skipped as usize).take(kept as usize).collect::<String>()))
}

/// The text as often as the second argument says.
pub(super) fn repeat(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    if text.is_empty() {
        return Ok(Scalar::str(""));
    }
    let times = usize::try_from(more.int(1)?.max(0)).map_err(|_| EvalError::TooLong)?;
    within_bound(text.len().saturating_mul(times))?;
    Ok(Scalar::str(&text.repeat(times)))
}

/// Where the second argument begins, in characters from one; 0 where it does not occur.
pub(super) fn position(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let found = text.find(more.text(1)?);
    Ok(Scalar::Int(found.map_or(0, |at| text[..at].chars().count() as i128 + 1)))
}

/// The code point of the first character.
pub(super) fn first_code(text: &str, of_empty: i128) -> Result<Scalar, EvalError> {
    Ok(Scalar::Int(text.chars().next().map_or(of_empty, |first| u32::from(first).into())))
}

/// The character of a code point.
pub(super) fn character(arguments: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let code = u32::try_from(arguments.int(0)?).ok().and_then(char::from_u32);
    code.map(|c| Scalar::str(c.encode_utf8(&mut [0; 4]))).ok_or_else(|| arguments.problem("no character has this code"))
}

/// Each character of the second argument becomes the third's at its place, and goes where that has none.
pub(super) fn translate(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (from, to) = (more.text(1)?, more.text(2)?);
    let replaced = |c: char| match from.chars().position(|known| known == c) {
        Some(place) => to.chars().nth(place),
        None => Some(c),
    };
    let translated: String = text.chars().filter_map(replaced).collect();
    within_bound(translated.len())?;
    Ok(Scalar::str(&translated))
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

/// The first match replaced, or with the option `g` all.
pub(super) fn regexp_replace(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let options = more.values.get(3).map_or(Ok(""), Value::to_text)?;
    let replacement = replacement(more.text(2)?).map_err(|problem| more.problem(problem))?;
    let pattern = with_options(more.text(1)?, options);
    with_regex(&pattern, |regex| {
        let limit = usize::from(!options.contains('g'));
        let (mut replaced, mut copied) = (String::new(), 0);
        for (at, found) in regex.captures_iter(text).enumerate() {
            if limit > 0 && at == limit {
                break;
            }
            let Some(all) = found.get(0) else { break };
            replaced.push_str(&text[copied..all.start()]);
            for part in &replacement {
                match part {
                    Replacement::Text(text) => replaced.push_str(text),
                    Replacement::Group(group) => {
                        replaced.push_str(found.get(*group).map_or("", |found| found.as_str()))
                    }
                }
            }
            within_bound(replaced.len())?;
            copied = all.end();
        }
        replaced.push_str(&text[copied..]);
        within_bound(replaced.len())?;
        Ok(Scalar::str(&replaced))
    })?
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

pub(super) fn within_bound(bytes: usize) -> Result<(), EvalError> {
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
