//! The parts of a match that carry meaning, without brackets, separators and keywords.

use super::super::rules::Rule;
use pest::iterators::{Pair, Pairs};

/// A match of a rule.
pub(super) type Node<'i> = Pair<'i, Rule>;

/// The meaningful parts of a match, in order.
pub(super) struct Nodes<'i>(Pairs<'i, Rule>);

impl<'i> Nodes<'i> {
    /// The parts of `node`.
    pub(super) fn of(node: Node<'i>) -> Self {
        Self(node.into_inner())
    }

    /// The next part, if it is of this rule.
    pub(super) fn next_if(&mut self, rule: Rule) -> Option<Node<'i>> {
        while self.0.peek().is_some_and(|pair| is_mark(pair.as_rule())) {
            self.0.next();
        }
        if self.0.peek().is_some_and(|pair| pair.as_rule() == rule) { self.0.next() } else { None }
    }
}

impl<'i> Iterator for Nodes<'i> {
    type Item = Node<'i>;

    fn next(&mut self) -> Option<Node<'i>> {
        self.0.find(|pair| !is_mark(pair.as_rule()))
    }
}

/// Whether a part only separates or introduces others.
fn is_mark(rule: Rule) -> bool {
    let sign = matches!(
        rule,
        Rule::lbrace
            | Rule::rbrace
            | Rule::lparen
            | Rule::rparen
            | Rule::comma
            | Rule::colon
            | Rule::dots
            | Rule::pipe
            | Rule::assign
            | Rule::arrow
    );
    let statement = matches!(
        rule,
        Rule::kw_table
            | Rule::kw_param
            | Rule::kw_fn
            | Rule::kw_let
            | Rule::kw_export
            | Rule::kw_mesh
            | Rule::kw_from
            | Rule::kw_shard
    );
    let transform = matches!(
        rule,
        Rule::kw_filter
            | Rule::kw_derive
            | Rule::kw_select
            | Rule::kw_drop
            | Rule::kw_rename
            | Rule::kw_group
            | Rule::kw_aggregate
            | Rule::kw_join
            | Rule::kw_sort
            | Rule::kw_take
            | Rule::kw_distinct
            | Rule::kw_union
            | Rule::kw_intersect
            | Rule::kw_except
            | Rule::kw_window
            | Rule::kw_pivot
            | Rule::kw_unpivot
            | Rule::kw_assert
            | Rule::kw_replicate
    );
    let other = matches!(
        rule,
        Rule::kw_not
            | Rule::kw_in
            | Rule::kw_is
            | Rule::kw_as
            | Rule::kw_like
            | Rule::kw_case
            | Rule::kw_else
            | Rule::kw_null
            | Rule::kw_by
            | Rule::kw_on
            | Rule::kw_into
            | Rule::kw_asof
            | Rule::kw_cross
            | Rule::kw_within
            | Rule::kw_forward
            | Rule::kw_nulls
            | Rule::kw_equal
    );
    sign || statement || transform || other
}
