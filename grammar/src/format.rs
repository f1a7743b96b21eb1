//! Turns a program into its canonical text: one layout, every comment kept, the same syntax tree.
//!
//! The layout is built from the tree. Comments are put back by position: each stays between the same two tokens, at the
//! end of its line or on its own.

mod document;
mod expression;
mod list;
mod statement;
mod transform;

use crate::diagnostic::{Diagnostic, Severity};
use crate::lexer::{Comment, Lexed, Token, spell_name};
use crate::parse::parse_lexed;
use crate::span::Span;
use document::{Document, text};

/// The canonical text of a program.
///
/// Formatting a formatted text changes nothing. A pipeline of more than one transform has each on its own line; what
/// does not fit 100 columns breaks. Comments are kept, and so are empty lines between statements, at most one at a time.
///
/// # Errors
/// All syntax errors of the program.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    let (file, diagnostics, lexed) = parse_lexed(source);
    if diagnostics.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(diagnostics);
    }
    let Lexed { tokens, comments, .. } = lexed;
    let mut layout = Layout { source, tokens: &tokens, comments: &comments, next: 0, quoted_filter: None };
    Ok(document::print(&layout.file(&file)))
}

/// Builds the layout of a program, in source order.
struct Layout<'a> {
    source: &'a str,
    tokens: &'a [Token],
    comments: &'a [Comment],
    /// The first comment that has no place yet.
    next: usize,
    /// Where a name `filter` stands that would be read as the word that begins a call's filter.
    quoted_filter: Option<u32>,
}

impl Layout<'_> {
    /// The comments before a byte that have no place yet.
    fn comments_before(&mut self, at: u32) -> Vec<Document> {
        let mut documents = Vec::new();
        while let Some(comment) = self.comments.get(self.next).filter(|comment| comment.span.start < at) {
            documents.push(self.comment(comment));
            self.next += 1;
        }
        documents
    }

    fn comment(&self, comment: &Comment) -> Document {
        let text = comment.span.text(self.source).trim_end().to_owned();
        Document::Comment { text, own_line: comment.own_line }
    }

    /// Whether a comment before a byte has no place yet.
    fn has_comment_before(&self, at: u32) -> bool {
        self.comments.get(self.next).is_some_and(|comment| comment.span.start < at)
    }

    /// The text of a token, with the comments before it.
    fn leaf(&mut self, span: Span, text: impl Into<String>) -> Vec<Document> {
        let mut documents = self.comments_before(span.start);
        documents.push(document::text(text));
        documents
    }

    /// A name, in backticks where it needs them.
    fn name(&mut self, name: &crate::ast::Name) -> Vec<Document> {
        self.leaf(name.span, spell_name(&name.node))
    }

    /// The text as it stands in the source, with the comments before it.
    fn verbatim(&mut self, span: Span) -> Vec<Document> {
        let source = self.source;
        self.leaf(span, span.text(source))
    }

    /// Where the brace is that closes a list whose last item ends at `end`; `end` where there is none.
    fn closing_brace(&self, end: u32) -> u32 {
        let after = self.tokens.partition_point(|token| token.span.start < end);
        let mut rest = self.tokens[after..].iter().skip_while(|token| matches!(token.text(self.source), "," | ")"));
        rest.next().filter(|token| token.is_sign(self.source, "}")).map_or(end, |brace| brace.span.start)
    }
}

/// `parts` with `separator` between them.
fn joined(parts: Vec<Vec<Document>>, separator: &str) -> Vec<Document> {
    let mut all = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            all.push(text(separator));
        }
        all.extend(part);
    }
    all
}
