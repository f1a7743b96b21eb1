//! Regular expressions, in DuckDB's dialect (RE2) where that and the library's differ: classes such as `\d` are of ASCII,
//! sets have no operators and do not nest, and `\<` is a character.

use super::EvalError;
use regex::Regex;
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static REGEXES: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// The most patterns kept per thread.
const MAX_REGEXES: usize = 64;

/// Why a pattern is no regular expression, or nothing if it is one.
pub fn regex_problem(pattern: &str) -> Option<String> {
    let problem = compile(pattern).err()?.to_string();
    // The library quotes the pattern first and says why last.
    Some(problem.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
}

/// What `compute` makes of a pattern's expression.
pub(super) fn with_regex<T>(pattern: &str, compute: impl FnOnce(&Regex) -> T) -> Result<T, EvalError> {
    let invalid = || EvalError::Regex { pattern: pattern.to_owned() };
    REGEXES.with_borrow_mut(|regexes| {
        if !regexes.contains_key(pattern) {
            let regex = compile(pattern).map_err(|_| invalid())?;
            if regexes.len() >= MAX_REGEXES {
                regexes.clear();
            }
            regexes.insert(pattern.to_owned(), regex);
        }
        regexes.get(pattern).map(compute).ok_or_else(invalid)
    })
}

/// A part of what a match is replaced by.
pub(super) enum Replacement {
    /// As it is written.
    Text(String),
    /// A group of the match, 0 for all of it.
    Group(usize),
}

/// The parts of a replacement: `\\1` is a group, `\\\\` a backslash.
pub(super) fn replacement(written: &str) -> Result<Vec<Replacement>, &'static str> {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        match (c, (c == '\\').then(|| chars.next())) {
            (_, None) => text.push(c),
            (_, Some(Some('\\'))) => text.push('\\'),
            (_, Some(escaped)) => {
                let Some(group) = escaped.and_then(|escaped| escaped.to_digit(10)) else {
                    return Err("behind `\\` a digit is wanted, or another `\\`");
                };
                parts.push(Replacement::Text(std::mem::take(&mut text)));
                parts.push(Replacement::Group(group as usize));
            }
        }
    }
    parts.push(Replacement::Text(text));
    Ok(parts)
}

/// The options of `regexp_replace`.
const OPTIONS: &str = "cilmnpsg \t\n";

/// What is wrong with the pattern, the replacement or the options of `regexp_replace`, and which of the three; nothing if
/// they are right.
pub fn replacement_problem(pattern: &str, written: &str, options: &str) -> Option<(usize, String)> {
    if let Some(unknown) = options.chars().find(|option| !OPTIONS.contains(*option)) {
        return Some((2, format!("no option is named `{unknown}`")));
    }
    let pattern = with_options(pattern, options);
    if let Some(problem) = regex_problem(&pattern) {
        return Some((0, problem));
    }
    let parts = match replacement(written) {
        Ok(parts) => parts,
        Err(problem) => return Some((1, problem.to_owned())),
    };
    let groups = with_regex(&pattern, |regex| regex.captures_len() - 1).unwrap_or(0);
    let missing = parts.iter().find_map(|part| match part {
        Replacement::Group(group) if *group > groups => Some(*group),
        Replacement::Group(_) | Replacement::Text(_) => None,
    });
    missing.map(|group| (1, format!("the expression has {groups} groups, and this is number {group}")))
}

/// The pattern with options that hold in all of it: `i` for letters of both cases, `s` for a `.` that matches line ends
/// too, `l` for a text that is taken as it is. Of contrary ones (`c`; `m`, `n`, `p`) the last counts.
pub(super) fn with_options(pattern: &str, options: &str) -> String {
    let last = |of: &str| options.chars().rfind(|option| of.contains(*option));
    let fold = if last("ci") == Some('i') { "(?i)" } else { "" };
    let dot = if last("smnp") == Some('s') { "(?s)" } else { "" };
    let pattern = if options.contains('l') { regex::escape(pattern) } else { pattern.to_owned() };
    format!("{fold}{dot}{pattern}")
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&translated(pattern))
}

/// The pattern in the library's dialect.
fn translated(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut in_set = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) => out.push_str(&translated_escape(escaped, in_set)),
                None => out.push('\\'),
            },
            '[' if !in_set => {
                in_set = true;
                out.push('[');
                out.extend(chars.next_if_eq(&'^'));
                out.extend(chars.next_if_eq(&']'));
            }
            '[' if chars.peek() == Some(&':') => {
                // A named class, such as `[:alpha:]`, to its end.
                out.push('[');
                let mut last = ' ';
                for c in chars.by_ref() {
                    out.push(c);
                    if (last, c) == (':', ']') {
                        break;
                    }
                    last = c;
                }
            }
            ']' => {
                in_set = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_set => out.extend(['\\', c]),
            '-' if in_set && chars.peek() == Some(&'-') => out.push_str("\\-"),
            _ => out.push(c),
        }
    }
    out
}

fn translated_escape(escaped: char, in_set: bool) -> String {
    let class = match escaped {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => "[\\t\\n\\x0C\\r ]",
        'S' => "[^\\t\\n\\x0C\\r ]",
        'b' if !in_set => "(?-u:\\b)",
        '<' => "<",
        '>' => ">",
        _ => return format!("\\{escaped}"),
    };
    class.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        with_regex(pattern, |regex| regex.is_match(text)).unwrap()
    }

    #[test]
    fn classes_are_of_ascii() {
        assert!(!matches("\\d", "٣") && matches("\\d", "3") && matches("^\\D$", "٣"));
        assert!(!matches("^\\w", "é1") && matches("^\\w+$", "a_1"));
        assert!(!matches("\\s", "\u{b}") && matches("^\\S$", "\u{b}"));
        assert!(matches("^[\\d.]+$", "1.5") && !matches("[\\d]", "٣"));
    }

    #[test]
    fn sets_have_no_operators() {
        assert!(matches("[a&&b]", "&") && matches("[a&&b]", "b"));
        assert!(matches("[[]", "[") && matches("^[]a]+$", "]a") && matches("^[^]]$", "a"));
        assert!(matches("[[:alpha:]]", "x") && matches("[a~~b]", "~"));
        assert!(matches("\\<", "<"));
    }

    #[test]
    fn problems_are_told() {
        assert_eq!(regex_problem("a+"), None);
        assert_eq!(regex_problem("[a-").as_deref(), Some("unclosed character class"));
        assert_eq!(regex_problem("a(").as_deref(), Some("unclosed group"));
    }
}
