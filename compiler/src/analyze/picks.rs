//! Columns by a pattern of their names: `select { id, price_* }`, `drop { tmp_* }`, `unpivot { q* } into { quarter, sales }`.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::relation::{Relation, ScopeColumn};
use dj_grammar::{Diagnostic, Span, Spanned, ast};
use std::collections::BTreeSet;

impl<'a> Builder<'a> {
    /// The columns that a list names, one by one or by patterns, each with the place that names it; nothing where a name is
    /// wrong.
    pub(super) fn picked(
        &mut self,
        env: &Env<'a>,
        input: &Relation,
        picks: &'a [ast::Pick<ast::Name>],
    ) -> Vec<Option<(ScopeColumn, Span)>> {
        let names = picks.iter().filter_map(|pick| match pick {
            ast::Pick::One(name) => Some(name.node.clone()),
            ast::Pick::Like(_) => None,
        });
        let mut taken: BTreeSet<String> = names.collect();
        let mut picked = Vec::new();
        for pick in picks {
            match pick {
                ast::Pick::One(name) => {
                    picked.push(self.listed_column(input, env, name).map(|column| (column, name.span)));
                }
                ast::Pick::Like(pattern) => {
                    let columns = self.alike(input, pattern, &mut taken);
                    picked.extend(columns.into_iter().map(|column| Some((column, pattern.span))));
                }
            }
        }
        picked
    }

    /// The columns of which the name is like a pattern, without those that are taken already.
    pub(super) fn alike(
        &mut self,
        input: &Relation,
        pattern: &Spanned<String>,
        taken: &mut BTreeSet<String>,
    ) -> Vec<ScopeColumn> {
        let named: Vec<_> = input.columns.iter().filter(|column| is_like(&column.name, &pattern.node)).collect();
        if named.is_empty() && !input.open {
            let names = input.columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>();
            self.report(
                Diagnostic::error(codes::UNKNOWN_COLUMN, format!("no column has a name like `{}`", pattern.node))
                    .label(pattern.span, "a `*` stands for any text")
                    .help(format!("the columns are {}", names.join(", "))),
            );
        }
        let left: Vec<_> = named.into_iter().filter(|column| !taken.contains(&column.name)).cloned().collect();
        taken.extend(left.iter().map(|column| column.name.clone()));
        left
    }
}

/// Whether a name is like a pattern, in which every `*` stands for any text.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return name == pattern };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = name.strip_prefix(first) else { return false };
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern) in
            [("a", "*"), ("q_1", "q_*"), ("q_", "q_*"), ("x_usd", "*_usd"), ("abcbc", "a*bc"), ("aXbYc", "a*b*c")]
        {
            assert!(is_like(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [("p_1", "q_*"), ("usd", "*_usd"), ("ab", "a*b*b"), ("abx", "a*b"), ("a", "a*a")] {
            assert!(!is_like(name, pattern), "{name} {pattern}");
        }
    }
}
