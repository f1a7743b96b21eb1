//! Transforms as text.

use super::{Dumper, expression, names};
use crate::ast::{
    Count, Expr, Frame, Item, Join, JoinCondition, JoinKind, Name, Pick, Pivot, SetKind, SortItem, Take, Transform,
    TransformKind, Window,
};
use crate::lexer::spell_name;
use crate::span::Span;

impl Dumper {
    pub(super) fn transform(&mut self, transform: &Transform) {
        let span = transform.span;
        match &transform.kind {
            TransformKind::Filter(condition) => self.line(&format!("filter {}", expression(condition)), span),
            TransformKind::Derive(items) => self.items("derive", items, span),
            TransformKind::Select(items) => {
                self.line("select", span);
                self.indented(|dumper| items.iter().for_each(|pick| dumper.pick(pick)));
            }
            TransformKind::Drop(columns) => self.line(&format!("drop {}", picked(columns)), span),
            TransformKind::Rename(pairs) => {
                let pair = |(new, old): &(crate::ast::Name, crate::ast::Name)| {
                    format!("{} = {}", spell_name(&new.node), spell_name(&old.node))
                };
                let pairs: Vec<String> = pairs.iter().map(pair).collect();
                self.line(&format!("rename {{ {} }}", pairs.join(", ")), span);
            }
            TransformKind::Group { keys, aggregates } => {
                self.line("group", span);
                self.indented(|dumper| {
                    dumper.items("by", keys, span);
                    dumper.items("aggregates", aggregates, span);
                });
            }
            TransformKind::Aggregate(items) => self.items("aggregate", items, span),
            TransformKind::Join(join) => self.join(join, span),
            TransformKind::Sort(items) => self.line(&format!("sort {}", sort_items(items)), span),
            TransformKind::Take(take) => self.take(take, span),
            TransformKind::Distinct(None) => self.line("distinct", span),
            TransformKind::Distinct(Some(keys)) => self.line(&format!("distinct {}", names(keys)), span),
            TransformKind::SetOperation { kind, distinct, other } => {
                let word = set_word(*kind);
                let distinct = if *distinct { " distinct" } else { "" };
                self.source(&format!("{word}{distinct}"), other, span);
            }
            TransformKind::Window(window) => self.window(window, span),
            TransformKind::Pivot(pivot) => self.pivot(pivot, span),
            TransformKind::Unpivot { columns, name, value } => {
                let into = format!("{}, {}", spell_name(&name.node), spell_name(&value.node));
                self.line(&format!("unpivot {} into {{ {into} }}", picked(columns)), span);
            }
            TransformKind::Assert { condition, message } => {
                self.line(&format!("assert {} {:?}", expression(condition), message.node), span);
            }
            TransformKind::Shard(columns) => self.line(&format!("shard by {}", names(columns)), span),
            TransformKind::Replicate => self.line("replicate", span),
            TransformKind::Call { name, arguments } => {
                self.line(&format!("call {}({})", spell_name(&name.node), expressions(arguments)), span);
            }
        }
    }

    fn items(&mut self, word: &str, items: &[Item], span: Span) {
        self.line(word, span);
        self.indented(|dumper| items.iter().for_each(|item| dumper.item(item)));
    }

    fn pick(&mut self, pick: &Pick<Item>) {
        match pick {
            Pick::One(item) => self.item(item),
            Pick::Like(pattern) => self.line(&pattern.node, pattern.span),
        }
    }

    fn item(&mut self, item: &Item) {
        let name = item.name.as_ref().map(|name| format!("{} = ", spell_name(&name.node)));
        self.line(&format!("{}{}", name.unwrap_or_default(), expression(&item.expr)), item.span);
    }

    fn join(&mut self, join: &Join, span: Span) {
        self.source(&format!("join {}", join_word(join.kind)), &join.right, span);
        self.indented(|dumper| {
            if let Some(alias) = &join.alias {
                dumper.line(&format!("as {}", spell_name(&alias.node)), alias.span);
            }
            match &join.condition {
                JoinCondition::Using(keys) => dumper.line(&format!("using {}", names(keys)), span),
                JoinCondition::On(condition) => {
                    dumper.line(&format!("on {}", expression(condition)), condition.span);
                }
                JoinCondition::None => {}
                JoinCondition::AsOf { on, by, within, forward, left } => {
                    dumper.line(&format!("on {} by {}", spell_name(&on.node), names(by)), on.span);
                    if let Some(within) = within {
                        dumper.line(&format!("within {}", expression(within)), within.span);
                    }
                    if *forward {
                        dumper.line("forward", span);
                    }
                    if *left {
                        dumper.line("left", span);
                    }
                }
            }
            if join.nulls_equal {
                dumper.line("nulls equal", span);
            }
        });
    }

    fn take(&mut self, take: &Take, span: Span) {
        let from = take.from.as_ref().map_or("1".to_owned(), count);
        self.line(&format!("take {from}..{}", count(&take.to)), span);
        self.indented(|dumper| {
            if !take.by.is_empty() {
                dumper.line(&format!("by {}", names(&take.by)), span);
            }
            if !take.sort.is_empty() {
                dumper.line(&format!("sort {}", sort_items(&take.sort)), span);
            }
        });
    }

    fn window(&mut self, window: &Window, span: Span) {
        self.line("window", span);
        self.indented(|dumper| {
            if !window.by.is_empty() {
                dumper.items("by", &window.by, span);
            }
            if !window.sort.is_empty() {
                dumper.line(&format!("sort {}", sort_items(&window.sort)), span);
            }
            if let Some(Frame { range, lo, hi, span }) = &window.frame {
                let end = |end: &Option<Expr>| end.as_ref().map(expression).unwrap_or_default();
                let word = if *range { "range" } else { "rows" };
                dumper.line(&format!("{word} {}..{}", end(lo), end(hi)), *span);
            }
            dumper.items("items", &window.items, span);
        });
    }

    fn pivot(&mut self, pivot: &Pivot, span: Span) {
        self.line("pivot", span);
        self.indented(|dumper| {
            if !pivot.by.is_empty() {
                dumper.items("by", &pivot.by, span);
            }
            let on = spell_name(&pivot.on.node);
            dumper.line(&format!("on {on} in {{ {} }}", expressions(&pivot.values)), pivot.on.span);
            pivot.items.iter().for_each(|item| dumper.item(item));
        });
    }
}

fn picked(columns: &[Pick<Name>]) -> String {
    let spell = |pick: &Pick<Name>| match pick {
        Pick::One(name) => spell_name(&name.node),
        Pick::Like(pattern) => pattern.node.clone(),
    };
    format!("{{ {} }}", columns.iter().map(spell).collect::<Vec<_>>().join(", "))
}

fn count(count: &Count) -> String {
    match count {
        Count::Number(number) => number.node.to_string(),
        Count::Value(value) => expression(value),
    }
}

fn expressions(all: &[Expr]) -> String {
    all.iter().map(expression).collect::<Vec<_>>().join(", ")
}

fn sort_items(items: &[SortItem]) -> String {
    let item = |item: &SortItem| {
        let sign = if item.descending { "-" } else { "" };
        let nulls = item.nulls_first.map_or("", |first| if first { " nulls first" } else { " nulls last" });
        format!("{sign}{}{nulls}", expression(&item.expr))
    };
    format!("{{ {} }}", items.iter().map(item).collect::<Vec<_>>().join(", "))
}

/// The word of a join's kind, as a program spells it.
pub(crate) fn join_word(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Right => "right",
        JoinKind::Full => "full",
        JoinKind::Semi => "semi",
        JoinKind::Anti => "anti",
        JoinKind::Cross => "cross",
        JoinKind::AsOf => "asof",
    }
}

/// The word of a set operation, as a program spells it.
pub(crate) fn set_word(kind: SetKind) -> &'static str {
    match kind {
        SetKind::Union => "union",
        SetKind::Intersect => "intersect",
        SetKind::Except => "except",
    }
}
