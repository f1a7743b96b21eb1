//! Lists in braces.

use super::Layout;
use super::document::{Document, group, nest, text};
use super::expression::place;
use crate::ast::{Expr, Item, Name, Pick, SortItem};
use crate::span::Span;

/// Whether a list of one item is written in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Braces {
    /// Always.
    Always,
    /// Only around more than one item, or where a comment is inside.
    Several,
}

impl Layout<'_> {
    /// `{ a, b }`, or one item a line.
    pub(super) fn list<T>(
        &mut self,
        items: &[T],
        braces: Braces,
        span: impl Fn(&T) -> Span,
        layout: impl Fn(&mut Self, &T) -> Vec<Document>,
    ) -> Vec<Document> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return vec![text("{}")] };
        let close = self.closing_brace(span(last).end);
        let bare = items.len() == 1 && braces == Braces::Several;
        if bare && !self.has_comment_before(span(first).start) && !self.has_comment_in(span(last).end, close) {
            return layout(self, first);
        }
        let mut inside = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                inside.push(text(","));
            }
            inside.extend(self.comments_before(span(item).start));
            inside.push(Document::Line);
            inside.extend(layout(self, item));
        }
        inside.push(Document::IfBroken { broken: ",".to_owned(), flat: String::new() });
        inside.extend(self.comments_before(close));
        vec![group(vec![text("{"), nest(inside), Document::Line, text("}")])]
    }

    pub(super) fn names(&mut self, names: &[Name], braces: Braces) -> Vec<Document> {
        self.list(names, braces, |name| name.span, Self::name)
    }

    pub(super) fn items(&mut self, items: &[Item], braces: Braces) -> Vec<Document> {
        self.list(items, braces, |item| item.span, Self::item)
    }

    /// A list of columns, by `place` and `one` where they are named one by one.
    pub(super) fn picks<T>(
        &mut self,
        picks: &[Pick<T>],
        braces: Braces,
        place: fn(&T) -> Span,
        one: fn(&mut Self, &T) -> Vec<Document>,
    ) -> Vec<Document> {
        let place = |pick: &Pick<T>| match pick {
            Pick::One(item) => place(item),
            Pick::Like(pattern) => pattern.span,
        };
        self.list(picks, braces, place, |layout, pick| match pick {
            Pick::One(item) => one(layout, item),
            Pick::Like(pattern) => layout.verbatim(pattern.span),
        })
    }

    pub(super) fn expressions(&mut self, all: &[Expr]) -> Vec<Document> {
        self.list(all, Braces::Always, place, Self::expression)
    }

    pub(super) fn sort_items(&mut self, items: &[SortItem], braces: Braces) -> Vec<Document> {
        self.list(items, braces, sort_item_place, Self::sort_item)
    }

    pub(super) fn renames(&mut self, pairs: &[(Name, Name)]) -> Vec<Document> {
        self.list(
            pairs,
            Braces::Several,
            |(new, old)| new.span.to(old.span),
            |layout, (new, old)| layout.assignment(new, |layout| layout.name(old)),
        )
    }

    /// `name = value`, or a column.
    pub(super) fn item(&mut self, item: &Item) -> Vec<Document> {
        match &item.name {
            Some(name) => self.assignment(name, |layout| layout.expression(&item.expr)),
            None => self.expression(&item.expr),
        }
    }

    fn assignment(&mut self, name: &Name, value: impl FnOnce(&mut Self) -> Vec<Document>) -> Vec<Document> {
        let mut documents = self.name(name);
        documents.push(text(" = "));
        documents.extend(value(self));
        documents
    }

    /// `-a nulls first`
    fn sort_item(&mut self, item: &SortItem) -> Vec<Document> {
        let mut documents = vec![text(if item.descending { "-" } else { "" })];
        documents.extend(self.column_or_parentheses(&item.expr));
        documents.push(text(match item.nulls_first {
            Some(true) => " nulls first",
            Some(false) => " nulls last",
            None => "",
        }));
        documents
    }

    /// Whether a comment lies between two bytes.
    fn has_comment_in(&self, from: u32, to: u32) -> bool {
        let first = self.comments.partition_point(|comment| comment.span.start < from);
        self.comments.get(first).is_some_and(|comment| comment.span.start < to)
    }
}

/// The place of an item to sort by, from its first token on that is neither sign nor parenthesis.
pub(super) fn sort_item_place(item: &SortItem) -> Span {
    Span { end: item.span.end, ..place(&item.expr) }
}
