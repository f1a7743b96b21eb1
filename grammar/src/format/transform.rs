//! Pipelines and transforms.

use super::Layout;
use super::document::{Document, group, nest, text};
use super::list::{Braces, sort_item_place};
use crate::ast::{
    Count, Frame, Item, Join, JoinCondition, JoinKind, Name, Pipeline, Pivot, SetKind, SortItem, Source, Take,
    Transform, TransformKind, Window,
};
use crate::dump::{join_word, set_word};
use crate::lexer::spell_name;
use crate::parse::TRANSFORMS;
use crate::span::Span;

impl Layout<'_> {
    /// The transforms of a pipeline, each after a break.
    pub(super) fn transforms(&mut self, transforms: &[Transform]) -> Vec<Document> {
        let mut documents = Vec::new();
        for transform in transforms {
            documents.extend(self.comments_before(transform.span.start));
            documents.push(Document::Line);
            documents.push(text("| "));
            documents.push(nest(self.transform(transform)));
        }
        documents
    }

    /// A table, or a pipeline in parentheses.
    pub(super) fn source(&mut self, source: &Source) -> Vec<Document> {
        match source {
            Source::Name(name) => self.name(name),
            Source::Made { name, arguments, .. } => {
                let mut documents = self.name(name);
                documents.extend(self.arguments(arguments, None));
                documents
            }
            Source::Pipeline(pipeline) => {
                let mut inside = vec![Document::SoftLine];
                inside.extend(self.pipeline(pipeline));
                vec![group(vec![text("("), nest(inside), Document::SoftLine, text(")")])]
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Vec<Document> {
        let mut documents = self.source(&pipeline.source);
        documents.extend(self.transforms(&pipeline.transforms));
        documents
    }

    fn transform(&mut self, transform: &Transform) -> Vec<Document> {
        match &transform.kind {
            TransformKind::Filter(condition) => after("filter ", self.expression(condition)),
            TransformKind::Derive(items) => after("derive ", self.items(items, Braces::Several)),
            TransformKind::Select(items) => {
                after("select ", self.picks(items, Braces::Several, |item| item.span, Self::item))
            }
            TransformKind::Drop(columns) => {
                after("drop ", self.picks(columns, Braces::Several, |name| name.span, Self::name))
            }
            TransformKind::Rename(pairs) => after("rename ", self.renames(pairs)),
            TransformKind::Group { keys, aggregates } => {
                let braces = if keys.iter().all(|key| key.name.is_none()) { Braces::Several } else { Braces::Always };
                let mut documents = after("group ", self.items(keys, braces));
                documents.extend(after(" ", self.items(aggregates, Braces::Always)));
                documents
            }
            TransformKind::Aggregate(items) => after("aggregate ", self.items(items, Braces::Always)),
            TransformKind::Join(join) => self.join(join),
            TransformKind::Sort(items) => after("sort ", self.sort_items(items, Braces::Several)),
            TransformKind::Take(take) => self.take(take),
            TransformKind::Distinct(None) => vec![text("distinct")],
            TransformKind::Distinct(Some(keys)) => after("distinct ", self.names(keys, Braces::Always)),
            TransformKind::SetOperation { kind, distinct, other } => self.set_operation(*kind, *distinct, other),
            TransformKind::Window(window) => self.window(window),
            TransformKind::Pivot(pivot) => self.pivot(pivot),
            TransformKind::Unpivot { columns, name, value } => {
                let mut documents =
                    after("unpivot ", self.picks(columns, Braces::Always, |name| name.span, Self::name));
                documents.extend(after(" into { ", self.name(name)));
                documents.extend(after(", ", self.name(value)));
                documents.push(text(" }"));
                documents
            }
            TransformKind::Assert { condition, message } => {
                let mut documents = after("assert ", self.expression(condition));
                documents.extend(after(" ", self.verbatim(message.span)));
                documents
            }
            TransformKind::Shard(columns) => after("shard by ", self.names(columns, Braces::Always)),
            TransformKind::Replicate => vec![text("replicate")],
            TransformKind::Call { name, arguments } => {
                let built_in = TRANSFORMS.contains(&name.node.as_str());
                let spelled = if built_in { format!("`{}`", name.node) } else { spell_name(&name.node) };
                let mut documents = self.leaf(name.span, spelled);
                documents.extend(self.arguments(arguments, None));
                documents
            }
        }
    }

    fn join(&mut self, join: &Join) -> Vec<Document> {
        let mut documents = vec![text("join ")];
        if join.kind != JoinKind::Inner {
            documents.push(text(format!("{} ", join_word(join.kind))));
        }
        if matches!(join.condition, JoinCondition::AsOf { left: true, .. }) {
            documents.push(text("left "));
        }
        documents.extend(self.source(&join.right));
        if let Some(alias) = &join.alias {
            documents.extend(after(" as ", self.name(alias)));
        }
        match &join.condition {
            JoinCondition::Using(keys) => documents.extend(after(" on ", self.names(keys, Braces::Several))),
            JoinCondition::On(condition) => documents.extend(after(" on ", self.expression(condition))),
            JoinCondition::None => {}
            JoinCondition::AsOf { on, by, within, forward, left: _ } => {
                documents.extend(after(" on ", self.name(on)));
                if !by.is_empty() {
                    documents.extend(after(" by ", self.names(by, Braces::Always)));
                }
                if let Some(within) = within {
                    documents.extend(after(" within ", self.operand(within, crate::precedence::Level::Additive)));
                }
                documents.push(text(if *forward { " forward" } else { "" }));
            }
        }
        documents.push(text(if join.nulls_equal { " nulls equal" } else { "" }));
        documents
    }

    fn take(&mut self, take: &Take) -> Vec<Document> {
        let mut documents = vec![text("take ")];
        if let Some(from) = take.from.as_ref().filter(|from| !is_one(from)) {
            documents.extend(self.count(from));
            documents.push(text(".."));
        }
        documents.extend(self.count(&take.to));
        if !take.by.is_empty() {
            documents.extend(after(" by ", self.names(&take.by, Braces::Always)));
        }
        if !take.sort.is_empty() {
            documents.extend(after(" sort ", self.sort_items(&take.sort, Braces::Always)));
        }
        documents
    }

    fn count(&mut self, count: &Count) -> Vec<Document> {
        match count {
            Count::Number(number) => self.verbatim(number.span),
            Count::Value(value) => self.expression(value),
        }
    }

    fn set_operation(&mut self, kind: SetKind, distinct: bool, other: &Source) -> Vec<Document> {
        let word = set_word(kind);
        let mut documents = vec![text(format!("{word} {}", if distinct { "distinct " } else { "" }))];
        documents.extend(match other {
            Source::Name(name) if name.node == "distinct" => self.leaf(name.span, "`distinct`"),
            Source::Name(_) | Source::Made { .. } | Source::Pipeline(_) => self.source(other),
        });
        documents
    }

    fn window(&mut self, window: &Window) -> Vec<Document> {
        let by =
            window.by.first().zip(window.by.last()).map(|(first, last)| Part::By(&window.by, first.span.to(last.span)));
        let sort = window.sort.first().zip(window.sort.last());
        let sort = sort.map(|(first, last)| Part::Sort(&window.sort, sort_item_place(first).to(sort_item_place(last))));
        let parts: Vec<Part<'_>> = by.into_iter().chain(sort).chain(window.frame.as_ref().map(Part::Frame)).collect();
        let mut documents = after("window ", self.parts(&parts));
        documents.extend(after(" ", self.items(&window.items, Braces::Always)));
        documents
    }

    fn pivot(&mut self, pivot: &Pivot) -> Vec<Document> {
        let by =
            pivot.by.first().zip(pivot.by.last()).map(|(first, last)| Part::By(&pivot.by, first.span.to(last.span)));
        let parts: Vec<Part<'_>> =
            by.into_iter().chain([Part::On(pivot)]).chain(pivot.items.iter().map(Part::Value)).collect();
        after("pivot ", self.parts(&parts))
    }

    fn parts(&mut self, parts: &[Part<'_>]) -> Vec<Document> {
        self.list(parts, Braces::Always, Part::span, Self::part)
    }

    fn part(&mut self, part: &Part<'_>) -> Vec<Document> {
        match part {
            Part::By(items, _) => after("by ", self.items(items, Braces::Always)),
            Part::Sort(items, _) => after("sort ", self.sort_items(items, Braces::Always)),
            Part::Frame(frame) => {
                let word = if frame.range { "range " } else { "rows " };
                after(word, self.range(frame.lo.as_ref(), frame.hi.as_ref()))
            }
            Part::On(pivot) => {
                let mut documents = after("on ", self.name(&pivot.on));
                documents.extend(after(" in ", self.expressions(&pivot.values)));
                documents
            }
            Part::Value(item) => self.item(item),
        }
    }
}

/// Whether rows from this one on are all rows.
fn is_one(from: &Count) -> bool {
    matches!(from, Count::Number(number) if number.node == 1)
}

/// A part of what a window or a pivot is over.
enum Part<'a> {
    By(&'a [Item], Span),
    Sort(&'a [SortItem], Span),
    Frame(&'a Frame),
    On(&'a Pivot),
    Value(&'a Item),
}

impl Part<'_> {
    fn span(&self) -> Span {
        match self {
            Self::By(_, span) | Self::Sort(_, span) => *span,
            Self::Frame(frame) => frame.span,
            Self::On(pivot) => pivot.values.last().map_or(pivot.on.span, |last| pivot.on.span.to(last.span)),
            Self::Value(item) => item.span,
        }
    }
}

/// `documents` after a word.
fn after(word: &str, documents: Vec<Document>) -> Vec<Document> {
    let mut all = vec![text(word)];
    all.extend(documents);
    all
}

/// Whether a pipeline that begins with this name must spell it in backticks, to not continue the statement above.
pub(super) fn continues_statement(name: &Name) -> bool {
    let word = name.node.as_str();
    TRANSFORMS.contains(&word) || ["forward", "within", "nulls", "from", "filter"].contains(&word)
}
