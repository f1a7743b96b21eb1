//! Typical causes of a syntax error, and what to write instead.

mod foreign;
mod leftover;

use super::expected::{Expected, list};
use super::syntax_error::Stop;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Token, TokenKind, is_reserved};
use crate::nearest::nearest;
use crate::span::Span;

/// The transforms.
pub(crate) const TRANSFORMS: [&str; 20] = [
    "filter",
    "derive",
    "select",
    "drop",
    "rename",
    "group",
    "aggregate",
    "join",
    "sort",
    "take",
    "distinct",
    "union",
    "intersect",
    "except",
    "window",
    "pivot",
    "unpivot",
    "assert",
    "shard",
    "replicate",
];

/// What other languages call the transforms.
const SYNONYMS: [(&str, &str); 28] = [
    ("where", "filter"),
    ("having", "filter"),
    ("mutate", "derive"),
    ("with_columns", "derive"),
    ("with_column", "derive"),
    ("assign", "derive"),
    ("extend", "derive"),
    ("project", "select"),
    ("keep", "select"),
    ("group_by", "group"),
    ("groupby", "group"),
    ("summarize", "aggregate"),
    ("summarise", "aggregate"),
    ("agg", "aggregate"),
    ("order", "sort"),
    ("order_by", "sort"),
    ("arrange", "sort"),
    ("limit", "take"),
    ("head", "take"),
    ("top", "take"),
    ("unique", "distinct"),
    ("dedup", "distinct"),
    ("concat", "union"),
    ("append", "union"),
    ("minus", "except"),
    ("over", "window"),
    ("melt", "unpivot"),
    ("left_join", "join left"),
];

/// The diagnostic where the cause has a code of its own.
pub(super) fn special(stop: &Stop<'_>) -> Option<Diagnostic> {
    chained(stop)
        .or_else(|| call_space(stop))
        .or_else(|| function_space(stop))
        .or_else(|| transform_without_pipe(stop))
        .or_else(|| unknown_transform(stop))
        .or_else(|| unclosed(stop))
        .or_else(|| reserved(stop))
}

fn chained(stop: &Stop<'_>) -> Option<Diagnostic> {
    let comparison = |text: &str| matches!(text, "==" | "!=" | "<" | "<=" | ">" | ">=" | "is" | "in" | "like");
    let text = stop.text(0);
    let previous_is_operand = stop.token(-1).is_some_and(is_operand_end(stop));
    let found = comparison(text) || (text == "not" && matches!(stop.text(1), "in" | "like"));
    // A comparison fits after every operand but one that is compared already.
    let compared = (stop.start..stop.at).rev().map(|index| &stop.tokens[index]).take(200);
    let mut depth = 0_usize;
    let mut other = None;
    for token in compared {
        match token.text(stop.source) {
            ")" | "}" if token.kind == TokenKind::Sign => depth += 1,
            "(" | "{" | "," | "|" | "=" | "=>" if token.kind == TokenKind::Sign && depth == 0 => break,
            "(" | "{" if token.kind == TokenKind::Sign => depth -= 1,
            "and" | "or" if token.kind == TokenKind::Reserved && depth == 0 => break,
            word if depth == 0 && comparison(word) && token.kind != TokenKind::Text => {
                other = Some(token);
                break;
            }
            _ => {}
        }
    }
    if !found || !previous_is_operand || !stop.expects(Expected::Operator) {
        return None;
    }
    let first = other?;
    Some(
        Diagnostic::error(codes::CHAINED, format!("comparisons do not chain: found a second one, `{text}`"))
            .label(stop.span(), "")
            .label(first.span, "the first comparison")
            .help("join two comparisons by `and`, or put one in parentheses: `a < b and b < c`, `(a < b) == c`"),
    )
}

/// Whether a token can be the last of an operand.
fn is_operand_end<'a>(stop: &'a Stop<'_>) -> impl Fn(&Token) -> bool + 'a {
    |token| match token.kind {
        TokenKind::Sign => matches!(token.text(stop.source), ")" | "}"),
        TokenKind::Reserved => matches!(token.text(stop.source), "null" | "true" | "false"),
        TokenKind::Word
        | TokenKind::Quoted
        | TokenKind::Number
        | TokenKind::Duration
        | TokenKind::Instant
        | TokenKind::Text
        | TokenKind::Invalid => true,
    }
}

fn call_space(stop: &Stop<'_>) -> Option<Diagnostic> {
    let name = stop.token(-1).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
    let open = stop.token(0).filter(|token| token.is_sign(stop.source, "("))?;
    let apart = name.span.end < open.span.start;
    let pipe_before = stop.text(-2) == "|";
    if stop.text(1) == "aggregate" || !apart || open.first_on_line || stop.expects(Expected::Exactly("(")) {
        return None;
    }
    if pipe_before && !stop.expects(Expected::Transform) && is_transform(stop.text(-1)) {
        return None;
    }
    Some(space_before_call(stop.text(-1), name.span.to(open.span)))
}

/// `fn f (x) = x`
fn function_space(stop: &Stop<'_>) -> Option<Diagnostic> {
    let name = stop.token(0).filter(|_| stop.expects(Expected::CallOpen))?;
    let open = stop.token(1).filter(|next| next.is_sign(stop.source, "("))?;
    Some(space_before_call(stop.text(0), name.span.to(open.span)))
}

fn space_before_call(name: &str, span: Span) -> Diagnostic {
    let message = format!("a call has no space before its `(`: expected `{name}(`");
    Diagnostic::error(codes::CALL_SPACE, message).at(span).help("remove the space")
}

fn is_transform(word: &str) -> bool {
    TRANSFORMS.contains(&word)
}

/// `let a = t` and below `filter x > 0`, without a `|`.
fn transform_without_pipe(stop: &Stop<'_>) -> Option<Diagnostic> {
    let candidate = |offset: isize| {
        let token = stop.token(offset).filter(|token| token.kind == TokenKind::Word)?;
        let before = stop.text(offset - 1);
        let lone = !matches!(before, "|" | "=" | "(" | "{" | "," | "by" | "on" | "");
        (lone && is_transform(token.text(stop.source))).then_some(token)
    };
    if !stop.expects(Expected::Exactly("|")) {
        return None;
    }
    let next_fits = |token: Option<&Token>| token.is_some_and(|next| next.kind != TokenKind::Sign);
    let token = candidate(0).filter(|_| next_fits(stop.token(1)) || matches!(stop.text(1), "{" | "-" | "("));
    let token = token.or_else(|| candidate(-1).filter(|token| token.first_on_line || stop.text(0) != "("))?;
    let word = token.text(stop.source);
    let message = format!("expected `|` before the transform `{word}`");
    Some(Diagnostic::error(codes::UNEXPECTED, message).at(token.span).help(format!("write `| {word} ...`")))
}

fn unknown_transform(stop: &Stop<'_>) -> Option<Diagnostic> {
    let token = stop.token(0).filter(|token| token.kind == TokenKind::Word)?;
    if !stop.expects(Expected::Transform) {
        return None;
    }
    let word = token.text(stop.source);
    let apart = stop.token(1).filter(|next| next.is_sign(stop.source, "(") && next.span.start > token.span.end);
    if let Some(open) = apart {
        return Some(space_before_call(word, token.span.to(open.span)));
    }
    let synonym = SYNONYMS.iter().find(|(other, _)| word.eq_ignore_ascii_case(other)).map(|(_, own)| *own);
    let similar = || nearest(word, TRANSFORMS);
    let problem = Diagnostic::error(codes::TRANSFORM, format!("expected a transform, found `{word}`")).at(token.span);
    if foreign::is_join_kind(stop) {
        return Some(problem.help("the kind of a join stands after the word: `join left zones on zone`"));
    }
    Some(match synonym.or_else(similar) {
        Some(own) => problem.help(format!("did you mean `{own}`?")),
        None => problem
            .help(format!("the transforms are {}", TRANSFORMS.join(", ")))
            .help(format!("a pipeline function of that name is called with parentheses: `| {word}()`")),
    })
}

/// A bracket that is open where the next statement begins, or at the end.
fn unclosed(stop: &Stop<'_>) -> Option<Diagnostic> {
    let ends = stop.token(0).is_none() || stop.begins_statement();
    let open = stop.open_bracket().filter(|_| ends)?;
    let sign = open.text(stop.source);
    let close = if sign == "(" { ")" } else { "}" };
    let mut wanted = stop.expected.clone();
    wanted.retain(|one| *one != Expected::Exactly(close));
    wanted.push(Expected::Exactly(close));
    let message = format!("`{sign}` is not closed: expected {}, found {}", list(&wanted), stop.found());
    Some(Diagnostic::error(codes::BRACKET, message).label(stop.span(), "").label(open.span, "opened here"))
}

fn reserved(stop: &Stop<'_>) -> Option<Diagnostic> {
    let token = stop.token(0).filter(|token| token.kind == TokenKind::Reserved && !stop.begins_statement())?;
    let word = token.text(stop.source);
    let wants_name = [Expected::Name, Expected::Column, Expected::Expression].iter().any(|one| stop.expects(*one));
    let name_only = stop.expects(Expected::Name) || stop.expects(Expected::Column);
    if !wants_name || (!name_only && !token.starts_statement(stop.source) && !matches!(word, "by" | "on" | "fn")) {
        return None;
    }
    let message = format!("expected {}, found the reserved word `{word}`", list(&stop.expected));
    if let Some(help) = foreign::of_foreign(stop) {
        return Some(Diagnostic::error(codes::RESERVED, message).at(token.span).help(help));
    }
    let help = format!("to use it as a name, write it in backticks: `` `{word}` ``");
    Some(Diagnostic::error(codes::RESERVED, message).at(token.span).help(help))
}

/// How to go on, where a typical cause is seen.
pub(super) fn help(stop: &Stop<'_>) -> Option<String> {
    of_comment(stop)
        .or_else(|| foreign::of_foreign(stop))
        .or_else(|| of_sign(stop))
        .or_else(|| of_word(stop))
        .or_else(|| leftover::of_leftover(stop))
        .or_else(|| of_form(stop))
}

/// A line that begins like a comment of another language.
fn of_comment(stop: &Stop<'_>) -> Option<String> {
    let on_line = (stop.start..=stop.at).rev().filter_map(|index| stop.tokens.get(index));
    let first = on_line.into_iter().find(|token| token.first_on_line)?;
    let at = stop.tokens.partition_point(|token| token.span.start < first.span.start);
    let second = stop.tokens.get(at + 1);
    let slashes = first.is_sign(stop.source, "//");
    let dashes = first.is_sign(stop.source, "-")
        && second.is_some_and(|next| next.is_sign(stop.source, "-") && next.span.start == first.span.end);
    (slashes || dashes).then(|| "a comment begins with `#`".to_owned())
}

fn of_sign(stop: &Stop<'_>) -> Option<String> {
    let wants = |sign| stop.expects(Expected::Exactly(sign));
    let operator = stop.expects(Expected::Operator);
    let text = match stop.token(0)?.kind {
        TokenKind::Sign => stop.text(0),
        TokenKind::Word | TokenKind::Reserved | TokenKind::Quoted | TokenKind::Number | TokenKind::Duration => {
            return None;
        }
        TokenKind::Instant | TokenKind::Text | TokenKind::Invalid => return None,
    };
    let help = match text {
        "(" if is_transform(stop.text(-1)) && !stop.expects(Expected::Operator) => {
            "a transform is not called: its operands follow it without parentheses"
        }
        "=" if operator => "equality is written `==`",
        "==" if wants("=") => "a name is given by a single `=`: `total = a + b`",
        ":" if wants("=") => "a name is given by `=`: `total = a + b`",
        "=" if wants(":") => "a type is given by `:`: `param low: f64 = 0.0`",
        "?" if operator => "`x as? T` gives null where the cast fails; only declarations have a `?` after the type",
        "," if wants(")") && is_behind_filter(stop) => {
            "the filter of an aggregate stands behind all arguments: `string_agg(name, \", \" filter paid)`"
        }
        "," if !wants(",") && stop.open_bracket().is_none() => {
            "a list of more than one item is written in braces: `{ a, b }`"
        }
        ">" if stop.text(-1) == "-" => "an arm is written `condition => value`",
        ".." if stop.text(-1) == "{" && wants_name(stop) => {
            "without the braces, all columns are the bound file's; with `..`, declare at least one before it"
        }
        "." if stop.token(1).is_some_and(|next| next.kind == TokenKind::Number) => {
            "a number has digits on both sides of its dot: `0.5`"
        }
        "." => "`.` is written without space, and at most once: `left.x`",
        "*" if stop.text(-1) == "(" => "`count()` counts rows",
        "*" => "columns are listed by name; without `select`, all are kept",
        "}" if wants("=>") => "an arm is written `condition => value`, the last one may be `else => value`",
        "(" | "+" | "-" | "/" | "//" | "%" | "**" | "??" | "<" | ">" | "<=" | ">=" | "!=" if wants("=") => {
            "what is computed has a name: `total = sum(x)`"
        }
        "(" if stop.text(-1) == "-" || stop.text(-2) == "sort" || wants("|") => {
            "an expression to sort by is written in parentheses: `sort { -(a + b) }`"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// Whether a call's filter has begun.
fn is_behind_filter(stop: &Stop<'_>) -> bool {
    let before = (stop.start..stop.at).rev().filter_map(|index| stop.tokens.get(index));
    before.map(|token| token.text(stop.source)).take_while(|text| *text != "(").any(|text| text == "filter")
}

fn wants_name(stop: &Stop<'_>) -> bool {
    stop.expects(Expected::Name)
}

/// The form of the phrase that was begun.
fn of_form(stop: &Stop<'_>) -> Option<String> {
    if stop.text(-1) == "window" && stop.expects(Expected::Exactly("{")) {
        return Some("write `window { by { k }, sort { t }, rows -6..0 } { total = sum(x) }`".to_owned());
    }
    if stop.expects(Expected::Exactly("..")) {
        let before = (stop.start..stop.at).rev().filter_map(|index| stop.tokens.get(index));
        let mut words = before.map(|token| token.text(stop.source));
        return match words.find(|word| matches!(*word, "in" | "rows" | "range"))? {
            "in" => Some("write `x in { 1, 2 }` or `x in 1..10`".to_owned()),
            word => Some(format!("a frame has two ends, of which one may be left out: `{word} -6..0`, `{word} ..0`")),
        };
    }
    let statement = stop.tokens.get(stop.start).map_or("", |token| token.text(stop.source));
    (statement == "param" && stop.expects(Expected::Statement))
        .then(|| "a parameter's default is one literal".to_owned())
}

fn of_word(stop: &Stop<'_>) -> Option<String> {
    let token = stop.token(0)?;
    let text = token.text(stop.source);
    let lower = text.to_ascii_lowercase();
    if token.kind == TokenKind::Word && lower != text && (is_reserved(&lower) || is_transform(&lower)) {
        return Some(format!("words of the language are in lower case: `{lower}`"));
    }
    if stop.text(-1) == "is" || (stop.text(-1) == "not" && stop.text(-2) == "is") {
        return Some("`is` is for `is null` and `is not null`; values are compared by `==` and `!=`".to_owned());
    }
    if text == "not" && stop.expects(Expected::Expression) {
        return Some("`not` is looser than comparison: write `(not x)` here".to_owned());
    }
    if stop.text(-1) == "from" && stop.text(-2).is_empty() {
        return Some("a pipeline starts with its table: `trips | filter ...`".to_owned());
    }
    None
}
