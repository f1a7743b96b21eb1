//! What the grammar could have read at a place, in the words of the language.
#![expect(clippy::wildcard_enum_match_arm, reason = "`Rule` is generated; rules that never fail first have no words")]

use super::rules::Rule;

/// The sorts of things that can be expected, in the order that a message names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Expected {
    Name,
    /// `f(`
    CallOpen,
    Type,
    Expression,
    Column,
    Transform,
    /// `a text`, `a whole number`: a certain literal.
    Literal(&'static str),
    /// A certain word or sign.
    Exactly(&'static str),
    Operator,
    Statement,
}

impl Expected {
    /// As a message says it.
    fn words(self) -> String {
        match self {
            Self::Name => "a name".to_owned(),
            Self::CallOpen => "a name with a `(` right after it".to_owned(),
            Self::Type => "a type".to_owned(),
            Self::Expression => "an expression".to_owned(),
            Self::Column => "a column".to_owned(),
            Self::Transform => "a transform".to_owned(),
            Self::Literal(what) => what.to_owned(),
            Self::Exactly(sign) => format!("`{sign}`"),
            Self::Operator => "an operator".to_owned(),
            Self::Statement => "a new statement".to_owned(),
        }
    }
}

/// All of them, each once, in order.
pub(super) fn expected(rules: &[Rule]) -> Vec<Expected> {
    let mut all: Vec<Expected> = rules.iter().filter_map(|rule| of_rule(*rule)).collect();
    all.sort_unstable();
    all.dedup();
    if all.contains(&Expected::Expression) {
        all.retain(|one| !matches!(one, Expected::Name | Expected::Column | Expected::Exactly("(" | "filter")));
    }
    if all.contains(&Expected::Statement) {
        // The name is that of a last pipeline, which is a statement too.
        all.retain(|one| *one != Expected::Name);
    }
    all
}

/// `a name, an expression or `}``
pub(super) fn list(all: &[Expected]) -> String {
    let words: Vec<String> = all.iter().map(|one| one.words()).collect();
    match words.as_slice() {
        [] => "something else".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn of_rule(rule: Rule) -> Option<Expected> {
    use Expected::{CallOpen, Column, Exactly, Expression, Literal, Name, Statement, Transform, Type};
    Some(match rule {
        Rule::name
        | Rule::names
        | Rule::item
        | Rule::items
        | Rule::keys
        | Rule::named_item
        | Rule::named_items
        | Rule::picked_items
        | Rule::picked_names => Name,
        Rule::rename_item | Rule::renames | Rule::source | Rule::pipeline | Rule::using | Rule::pivot => Name,
        Rule::column_declaration | Rule::function_pipeline | Rule::bare_pipeline => Name,
        Rule::call_open => CallOpen,
        Rule::declared_type | Rule::type_expr => Type,
        Rule::expr | Rule::primary | Rule::bound | Rule::like_pattern | Rule::op_not | Rule::op_negate => Expression,
        Rule::call | Rule::case | Rule::parenthesized | Rule::arguments | Rule::filter_first | Rule::case_arm => {
            Expression
        }
        Rule::column | Rule::sort_item | Rule::sort_items => Column,
        Rule::transform | Rule::call_transform => Transform,
        Rule::text => Literal("a text"),
        Rule::integer => Literal("a whole number"),
        Rule::signed_literal | Rule::fraction | Rule::float | Rule::duration | Rule::date | Rule::timestamp => {
            Literal("a literal")
        }
        Rule::EOI
        | Rule::file_part
        | Rule::last_part
        | Rule::table
        | Rule::param
        | Rule::function
        | Rule::let_binding => Statement,
        Rule::export_binding | Rule::mesh => Statement,
        _ => return of_sign(rule).or_else(|| of_word(rule)).map(Exactly).or_else(|| of_operator(rule)),
    })
}

fn of_operator(rule: Rule) -> Option<Expected> {
    let operator = matches!(
        rule,
        Rule::op_or
            | Rule::op_and
            | Rule::op_equal
            | Rule::op_not_equal
            | Rule::op_less
            | Rule::op_less_equal
            | Rule::op_greater
            | Rule::op_greater_equal
            | Rule::op_coalesce
            | Rule::op_add
            | Rule::op_subtract
            | Rule::op_multiply
            | Rule::op_divide
            | Rule::op_floor_divide
            | Rule::op_modulo
            | Rule::op_power
            | Rule::is_null
            | Rule::in_tail
            | Rule::like_tail
            | Rule::cast_suffix
    );
    operator.then_some(Expected::Operator)
}

fn of_sign(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::lbrace | Rule::columns | Rule::value_list | Rule::window_spec => "{",
        Rule::rbrace => "}",
        Rule::lparen => "(",
        Rule::rparen => ")",
        Rule::comma => ",",
        Rule::colon => ":",
        Rule::dots | Rule::other_columns => "..",
        Rule::pipe => "|",
        Rule::nullable => "?",
        Rule::assign => "=",
        Rule::arrow => "=>",
        _ => return None,
    })
}

fn of_word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::from_clause | Rule::kw_from => "from",
        Rule::shard_clause | Rule::kw_shard => "shard",
        Rule::domain | Rule::kw_in => "in",
        Rule::kw_by | Rule::by_clause => "by",
        Rule::kw_on => "on",
        Rule::alias | Rule::kw_as => "as",
        Rule::within | Rule::kw_within => "within",
        Rule::forward | Rule::kw_forward => "forward",
        Rule::nulls_equal | Rule::kw_nulls => "nulls",
        Rule::kw_equal => "equal",
        Rule::nulls_first => "first",
        Rule::nulls_last => "last",
        Rule::kw_sort | Rule::sort_clause => "sort",
        Rule::frame_rows | Rule::frame => "rows",
        Rule::frame_range => "range",
        Rule::kw_into => "into",
        Rule::kw_null => "null",
        Rule::negated | Rule::kw_not => "not",
        Rule::kw_like => "like",
        Rule::kw_filter | Rule::filter_clause => "filter",
        Rule::case_else | Rule::kw_else => "else",
        Rule::kw_distinct | Rule::union_distinct => "distinct",
        _ => return None,
    })
}
