//! What SQL, PRQL and the data frames of Python and R write, and what to write instead.

use super::super::expected::Expected;
use super::super::syntax_error::Stop;
use crate::lexer::TokenKind;

/// Kinds of join that other languages write before the word.
const JOIN_KINDS: [&str; 8] = ["left", "right", "full", "inner", "outer", "cross", "semi", "anti"];

/// What to write instead of a phrase of another language.
pub(super) fn of_foreign(stop: &Stop<'_>) -> Option<String> {
    of_statement(stop).or_else(|| of_transform(stop)).or_else(|| of_expression(stop)).map(str::to_owned)
}

/// The words that a statement begins with.
fn of_statement<'s>(stop: &Stop<'_>) -> Option<&'s str> {
    let first = stop.tokens.get(stop.start)?.text(stop.source);
    let second = stop.at == stop.start + 1;
    let found = stop.text(0);
    Some(match first {
        "select" | "with" | "filter" | "derive" | "sort" | "take" | "group" | "aggregate" if second => {
            "a pipeline starts with its table: `trips | select { a, b }`"
        }
        "import" | "read" | "load" if second => "a table is declared by `table trips from \"trips.csv\"`",
        "def" | "func" | "function" | "macro" if second => "a function is written `fn f(x) = x + 1`",
        "var" | "const" | "val" if second => "a table is named by `let`; a value that is known now is a `param`",
        "fn" if found == "{" || found == ":" => "a function is written `fn f(x) = x + 1`",
        "table" if found == "(" && stop.at <= stop.start + 4 => {
            "columns are listed in braces: `table t { a: i64, b: str? }`"
        }
        "table" if stop.text(-1) == "from" => "a path is a text: `from \"trips.csv\"`",
        "table" if stop.expects(Expected::Exactly(":")) => "a column is declared by its name and type: `a: i64`",
        "let" if stop.at == stop.start + 3 && is_literal(stop) => {
            "a `let` is a table; a value is a parameter, `param n: i64 = 5`, or a function, `fn n() = 5`"
        }
        "export" if stop.at == stop.start + 2 => "an export has a name of its own: `export result = t`",
        _ => return None,
    })
}

fn is_literal(stop: &Stop<'_>) -> bool {
    stop.token(0).is_some_and(|token| matches!(token.kind, TokenKind::Number | TokenKind::Text | TokenKind::Instant))
}

/// The words of a transform.
fn of_transform<'s>(stop: &Stop<'_>) -> Option<&'s str> {
    let (before, found) = (stop.text(-1), stop.text(0));
    Some(match (before, found) {
        ("group", "by") => "leave `by` out: `group { a, b } { n = count() }`",
        ("sort", "by") => "leave `by` out: `sort { a, -b }`",
        (_, "(") if stop.text(1) == "aggregate" => "aggregates follow the keys in braces: `group a { n = count() }`",
        (_, "using") if stop.expects(Expected::Exactly("on")) => {
            "columns of equal names are joined by `on`: `on { a, b }`"
        }
        ("all", _) if stop.text(-2) == "union" => "`union` keeps all rows: leave `all` out",
        (_, "offset" | "skip") => "rows are skipped by a range: `take 11..15` leaves out ten",
        (_, "partition") => "the rows of a window are parted by `by`: `window { by { k }, sort { t } }`",
        (_, "as" | "-") if stop.text(-2) == "rename" || stop.text(-3) == "rename" => "write `rename { new = old }`",
        (_, ".") if stop.expects(Expected::Exactly("|")) && !stop.expects(Expected::Operator) => {
            "transforms follow their table after `|`: `trips | filter a > 1`"
        }
        _ => return None,
    })
}

/// The words and signs of an expression.
fn of_expression<'s>(stop: &Stop<'_>) -> Option<&'s str> {
    const CASE: &str = "write `case { condition => value, else => other }`";
    let (before, found) = (stop.text(-1), stop.text(0));
    let operator = stop.expects(Expected::Operator);
    let is_text = stop.token(0).is_some_and(|token| token.kind == TokenKind::Text);
    Some(match (before, found) {
        ("if" | "when", _) if operator => CASE,
        ("case", "when") => CASE,
        (_, "?") if operator && stop.token(1).is_some_and(|next| next.kind != TokenKind::Sign) => CASE,
        (_, "between") if operator => "a range is tested by `in`, both ends included: `a in 1..10`",
        (_, "ilike") if operator => "compare in lower case: `lower(s) like \"a%\"`",
        (_, ":") if opens_case(stop) => CASE,
        (_, ":") if operator => "a cast is written `x as T`",
        (_, ",") if opens_list(stop) => "a list of values is written in braces: `a in { 1, 2 }`",
        (_, "(") if stop.text(-2) == "." && operator => "a function comes before its operands: `round(a, 2)`",
        ("date" | "timestamp" | "datetime", _) if is_text => "a date is written `@2024-01-31`",
        ("interval", _) if is_text => "a length of time is written `90d`, `5min` or `3mo`",
        (word, _) if is_text && word.len() == 1 && operator => "texts are put together by `concat(a, b)`",
        (_, "e" | "E") => return None,
        _ if stop.expects(Expected::Literal("a whole number")) && found.contains(['e', 'E', '.']) => {
            "a count is written without a dot or an exponent: `1_000`"
        }
        _ => return None,
    })
}

/// Whether the innermost open bracket follows `in`.
fn opens_list(stop: &Stop<'_>) -> bool {
    stands_in(stop, "in", "(")
}

/// Whether the innermost open bracket is that of a `case`.
fn opens_case(stop: &Stop<'_>) -> bool {
    stands_in(stop, "case", "{")
}

/// Whether the innermost open bracket is such a one, behind a word.
fn stands_in(stop: &Stop<'_>, word: &str, bracket: &str) -> bool {
    let Some(open) = stop.open_bracket() else { return false };
    let at = stop.tokens.partition_point(|token| token.span.start < open.span.start);
    let before = at.checked_sub(1).and_then(|index| stop.tokens.get(index));
    open.text(stop.source) == bracket && before.is_some_and(|token| token.text(stop.source) == word)
}

/// `left join`: the kind stands after the word.
pub(super) fn is_join_kind(stop: &Stop<'_>) -> bool {
    let next = stop.text(1);
    JOIN_KINDS.contains(&stop.text(0)) && (next == "join" || (next == "outer" && stop.text(2) == "join"))
}
