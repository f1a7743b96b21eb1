//! A word after a transform that is complete: what other languages write there.

use super::super::expected::Expected;
use super::super::syntax_error::Stop;
use crate::lexer::{Token, TokenKind};

/// Words for lengths of time, and the unit that each is.
const UNITS: [(&str, &[&str]); 9] = [
    ("us", &["us", "microsecond", "microseconds"]),
    ("ms", &["ms", "millisecond", "milliseconds"]),
    ("s", &["s", "sec", "secs", "second", "seconds"]),
    ("min", &["m", "min", "mins", "minute", "minutes"]),
    ("h", &["h", "hour", "hours"]),
    ("d", &["d", "day", "days"]),
    ("w", &["w", "week", "weeks"]),
    ("mo", &["mo", "month", "months"]),
    ("y", &["y", "year", "years"]),
];

/// What to write instead of a word that nothing reads.
pub(super) fn of_leftover(stop: &Stop<'_>) -> Option<String> {
    if stop.text(0) == "from" && stop.tokens.get(stop.start).is_some_and(|first| first.text(stop.source) == "table") {
        return Some("the file is named before the columns: `table t from \"t.csv\" { id: i64 }`".to_owned());
    }
    if stop.text(0) == "(" && transform_of(stop) == Some("sort") {
        return Some(format!("an expression stands in parentheses: `sort -({}(x))`", stop.text(-1)));
    }
    let token = stop.token(0).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
    let word = token.text(stop.source).to_ascii_lowercase();
    if let Some(number) = stop.token(-1).filter(|before| before.kind == TokenKind::Number)
        && let Some((unit, _)) = UNITS.iter().find(|(_, words)| words.contains(&word.as_str()))
    {
        let number = number.text(stop.source);
        return Some(format!("a time has its unit right after the number: `{number}{unit}`"));
    }
    let transform = transform_of(stop)?;
    let before = stop.text(-1);
    match (transform, word.as_str()) {
        ("sort", "desc" | "descending") if !stop.token(-1).is_some_and(|token| token.kind == TokenKind::Sign) => {
            Some(format!("`-` is the descending direction: `sort -{before}`"))
        }
        ("sort", "desc" | "descending") => Some("`-` is the descending direction: `sort { -a, b }`".to_owned()),
        ("sort", "asc" | "ascending") => Some("ascending is the default: leave the word out".to_owned()),
        ("take", "row" | "rows") => Some(format!("`take {before}` counts rows: leave the word out")),
        ("join", "within") if before == "forward" => Some("`within` stands before `forward`".to_owned()),
        ("window", "by" | "sort" | "rows" | "range") if stop.open_bracket().is_some() => {
            Some(format!("the parts of a window are separated by commas: `..., {word} ...`"))
        }
        ("drop" | "select" | "distinct" | "sort" | "group" | "shard", _) => {
            let name = stop.token(-1).filter(|before| matches!(before.kind, TokenKind::Word | TokenKind::Quoted))?;
            let (first, second) = (name.text(stop.source), token.text(stop.source));
            if stop.open_bracket().is_some() {
                return Some(format!("the items of a list are separated by commas: `{first}, {second}`"));
            }
            Some(format!("a list of more than one is written in braces: `{transform} {{ {first}, {second} }}`"))
        }
        _ => None,
    }
}

/// The transform that the word stands behind, if it is directly in it.
fn transform_of<'s>(stop: &'s Stop<'_>) -> Option<&'s str> {
    if !stop.expects(Expected::Exactly("|")) && !stop.expects(Expected::Exactly(",")) {
        return None;
    }
    let mut after: Option<&Token> = None;
    let mut depth = 0_usize;
    for index in (stop.start..stop.at).rev() {
        let token = stop.tokens.get(index)?;
        match token.text(stop.source) {
            ")" | "}" if token.kind == TokenKind::Sign => depth += 1,
            "(" | "{" if token.kind == TokenKind::Sign && depth > 0 => depth -= 1,
            "|" if token.kind == TokenKind::Sign && depth == 0 => break,
            _ => {}
        }
        after = Some(token);
    }
    after.map(|token| token.text(stop.source))
}
