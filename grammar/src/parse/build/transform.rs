//! Transforms and their lists.

use super::super::rules::Rule;
use super::{Builder, Node, Nodes};
use crate::ast::{
    Count, Frame, Item, Join, JoinCondition, JoinKind, Name, Pick, Pivot, SetKind, SortItem, Take, Transform,
    TransformKind, Window,
};
use crate::ast::{Expr, ExprKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Spanned;

impl Builder<'_> {
    pub(super) fn transform(&mut self, pair: Node<'_>) -> Option<Transform> {
        let span = self.span(&pair);
        let kind = self.transform_kind(pair.into_inner().next()?)?;
        Some(Transform { kind, span })
    }

    fn transform_kind(&mut self, pair: Node<'_>) -> Option<TransformKind> {
        let rule = pair.as_rule();
        let mut nodes = Nodes::of(pair);
        Some(match rule {
            Rule::filter => TransformKind::Filter(self.operators(nodes.next()?)?),
            Rule::derive => TransformKind::Derive(self.items(nodes.next()?)?),
            Rule::select => TransformKind::Select(self.picked_items(nodes.next()?)?),
            Rule::drop => TransformKind::Drop(self.picked_names(nodes.next()?)),
            Rule::rename => TransformKind::Rename(self.renames(nodes.next()?)?),
            Rule::group => {
                TransformKind::Group { keys: self.items(nodes.next()?)?, aggregates: self.items(nodes.next()?)? }
            }
            Rule::aggregate => TransformKind::Aggregate(self.items(nodes.next()?)?),
            Rule::join => TransformKind::Join(self.join(nodes.next()?)?),
            Rule::sort => TransformKind::Sort(self.sort_items(nodes.next()?)?),
            Rule::take => TransformKind::Take(self.take(nodes)?),
            Rule::distinct => TransformKind::Distinct(nodes.next().map(|keys| self.names(keys))),
            Rule::union => self.set_operation(SetKind::Union, nodes)?,
            Rule::intersect => self.set_operation(SetKind::Intersect, nodes)?,
            Rule::except => self.set_operation(SetKind::Except, nodes)?,
            Rule::window => TransformKind::Window(self.window(nodes)?),
            Rule::pivot => TransformKind::Pivot(self.pivot(nodes)?),
            Rule::unpivot => TransformKind::Unpivot {
                columns: self.picked_names(nodes.next()?),
                name: self.name(nodes.next()?),
                value: self.name(nodes.next()?),
            },
            Rule::assert => {
                TransformKind::Assert { condition: self.operators(nodes.next()?)?, message: self.text(&nodes.next()?) }
            }
            Rule::shard => TransformKind::Shard(self.names(nodes.next()?)),
            Rule::replicate => TransformKind::Replicate,
            Rule::call_transform => TransformKind::Call {
                name: self.name(nodes.next()?),
                arguments: nodes.next().map_or(Some(Vec::new()), |arguments| self.expressions(arguments))?,
            },
            _ => return None,
        })
    }

    /// The items of a list, of which each is a column or has a name.
    pub(super) fn items(&mut self, pair: Node<'_>) -> Option<Vec<Item>> {
        Nodes::of(pair).map(|item| self.item(item)).collect()
    }

    fn picked_items(&mut self, pair: Node<'_>) -> Option<Vec<Pick<Item>>> {
        let pick = |node: Node<'_>| match self.pattern(&node) {
            Some(pattern) => Some(Pick::Like(pattern)),
            None => self.item(node).map(Pick::One),
        };
        Nodes::of(pair).map(pick).collect()
    }

    fn picked_names(&mut self, pair: Node<'_>) -> Vec<Pick<Name>> {
        let pick = |node: Node<'_>| match self.pattern(&node) {
            Some(pattern) => Pick::Like(pattern),
            None => Pick::One(self.name(node)),
        };
        Nodes::of(pair).map(pick).collect()
    }

    fn pattern(&self, pair: &Node<'_>) -> Option<Spanned<String>> {
        (pair.as_rule() == Rule::pattern).then(|| Spanned::new(pair.as_str().to_owned(), self.span(pair)))
    }

    fn item(&mut self, pair: Node<'_>) -> Option<Item> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        if let Some(column) = nodes.next_if(Rule::column) {
            return Some(Item { name: None, expr: self.column(column)?, span });
        }
        let name = self.name(nodes.next()?);
        Some(Item { name: Some(name), expr: self.operators(nodes.next()?)?, span })
    }

    fn renames(&mut self, pair: Node<'_>) -> Option<Vec<(Name, Name)>> {
        let rename = |rename| {
            let mut names = Nodes::of(rename);
            Some((self.name(names.next()?), self.name(names.next()?)))
        };
        Nodes::of(pair).map(rename).collect()
    }

    fn sort_items(&mut self, pair: Node<'_>) -> Option<Vec<SortItem>> {
        Nodes::of(pair).map(|item| self.sort_item(item)).collect()
    }

    fn sort_item(&mut self, pair: Node<'_>) -> Option<SortItem> {
        let span = self.span(&pair);
        let mut nodes = Nodes::of(pair);
        let descending = nodes.next_if(Rule::op_negate).is_some();
        let operand = nodes.next()?;
        let expr = match operand.as_rule() {
            Rule::column => self.column(operand)?,
            _ => self.operators(Nodes::of(operand).next()?)?,
        };
        let nulls_first = nodes.next().map(|nulls| nulls.as_rule() == Rule::nulls_first);
        Some(SortItem { expr, descending, nulls_first, span })
    }

    fn join(&mut self, pair: Node<'_>) -> Option<Join> {
        let rule = pair.as_rule();
        let mut nodes = Nodes::of(pair);
        let kind = match rule {
            Rule::asof_join => JoinKind::AsOf,
            Rule::cross_join => JoinKind::Cross,
            _ => match nodes.next_if(Rule::join_kind) {
                Some(kind) => join_kind(kind.into_inner().next()?.as_rule())?,
                None => JoinKind::Inner,
            },
        };
        let asof_left = nodes.next_if(Rule::asof_left).is_some();
        let right = self.source(nodes.next()?)?;
        let alias = nodes.next_if(Rule::alias).and_then(|alias| Nodes::of(alias).next()).map(|name| self.name(name));
        let condition = match kind {
            JoinKind::Cross => JoinCondition::None,
            JoinKind::AsOf => self.asof_condition(&mut nodes, asof_left)?,
            JoinKind::Inner | JoinKind::Left | JoinKind::Right | JoinKind::Full | JoinKind::Semi | JoinKind::Anti => {
                self.join_condition(nodes.next()?)?
            }
        };
        let nulls_equal = nodes.next_if(Rule::nulls_equal).is_some();
        Some(Join { kind, right, alias, condition, nulls_equal })
    }

    fn join_condition(&mut self, pair: Node<'_>) -> Option<JoinCondition> {
        if pair.as_rule() == Rule::using {
            return Some(JoinCondition::Using(self.names(Nodes::of(pair).next()?)));
        }
        let Expr { kind, span } = self.operators(pair)?;
        Some(match kind {
            ExprKind::Name(name) => JoinCondition::Using(vec![Spanned::new(name, span)]),
            kind => JoinCondition::On(Expr { kind, span }),
        })
    }

    fn asof_condition(&mut self, nodes: &mut Nodes<'_>, left: bool) -> Option<JoinCondition> {
        let on = self.name(nodes.next()?);
        let by = nodes.next_if(Rule::names).map(|names| self.names(names)).unwrap_or_default();
        let within = match nodes.next_if(Rule::within) {
            Some(within) => Some(self.operators(Nodes::of(within).next()?)?),
            None => None,
        };
        let forward = nodes.next_if(Rule::forward).is_some();
        Some(JoinCondition::AsOf { on, by, within, forward, left })
    }

    fn take(&mut self, mut nodes: Nodes<'_>) -> Option<Take> {
        let first = self.row_count(&nodes.next()?);
        let last = nodes.next_if(Rule::integer).or_else(|| nodes.next_if(Rule::name));
        let (from, to) = match last {
            Some(last) => (Some(first), self.row_count(&last)),
            None => (None, first),
        };
        let by = nodes.next_if(Rule::names).map(|names| self.names(names)).unwrap_or_default();
        let sort = nodes.next().map_or(Some(Vec::new()), |items| self.sort_items(items))?;
        Some(Take { from, to, by, sort })
    }

    fn row_count(&mut self, pair: &Node<'_>) -> Count {
        match pair.as_rule() {
            Rule::integer => Count::Number(self.count(pair)),
            _ => {
                let name = self.name(pair.clone());
                Count::Value(Expr { span: name.span, kind: ExprKind::Name(name.node) })
            }
        }
    }

    fn set_operation(&mut self, kind: SetKind, mut nodes: Nodes<'_>) -> Option<TransformKind> {
        let distinct = nodes.next_if(Rule::union_distinct).is_some();
        Some(TransformKind::SetOperation { kind, distinct, other: self.source(nodes.next()?)? })
    }

    fn window(&mut self, mut nodes: Nodes<'_>) -> Option<Window> {
        let mut window = Window { by: Vec::new(), sort: Vec::new(), frame: None, items: Vec::new() };
        for clause in Nodes::of(nodes.next()?) {
            let span = self.span(&clause);
            let (word, given) = match clause.as_rule() {
                Rule::by_clause => ("by", !window.by.is_empty()),
                Rule::sort_clause => ("sort", !window.sort.is_empty()),
                _ => ("rows` or `range", window.frame.is_some()),
            };
            if given {
                let message = format!("the window has more than one `{word}`");
                self.diagnostics.push(Diagnostic::error(codes::CLAUSE_TWICE, message).at(span));
            }
            match clause.as_rule() {
                Rule::by_clause => window.by = self.items(Nodes::of(clause).next()?)?,
                Rule::sort_clause => window.sort = self.sort_items(Nodes::of(clause).next()?)?,
                _ => window.frame = Some(self.frame(clause)?),
            }
        }
        window.items = self.items(nodes.next()?)?;
        Some(window)
    }

    fn frame(&mut self, pair: Node<'_>) -> Option<Frame> {
        let span = self.span(&pair);
        let mut frame = Frame { range: false, lo: None, hi: None, span };
        let mut after_dots = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::frame_range => frame.range = true,
                Rule::dots => after_dots = true,
                Rule::bound if after_dots => frame.hi = Some(self.operators(part)?),
                Rule::bound => frame.lo = Some(self.operators(part)?),
                _ => {}
            }
        }
        Some(frame)
    }

    fn pivot(&mut self, mut nodes: Nodes<'_>) -> Option<Pivot> {
        let by = match nodes.next_if(Rule::by_clause) {
            Some(clause) => self.items(Nodes::of(clause).next()?)?,
            None => Vec::new(),
        };
        let on = self.name(nodes.next()?);
        let values = self.expressions(nodes.next()?)?;
        let items = nodes.map(|item| self.item(item)).collect::<Option<_>>()?;
        Some(Pivot { by, on, values, items })
    }
}

fn join_kind(rule: Rule) -> Option<JoinKind> {
    Some(match rule {
        Rule::kind_inner => JoinKind::Inner,
        Rule::kind_left => JoinKind::Left,
        Rule::kind_right => JoinKind::Right,
        Rule::kind_full => JoinKind::Full,
        Rule::kind_semi => JoinKind::Semi,
        Rule::kind_anti => JoinKind::Anti,
        _ => return None,
    })
}
