//! Turns where and why the grammar stopped into one diagnostic.

use super::Part;
use super::expected::{Expected, expected, list};
use super::hint;
use super::rules::Rule;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Lexed, Token, TokenKind};
use crate::span::Span;
use pest::error::{Error, ErrorVariant, InputLocation};

/// Where the grammar stopped.
pub(super) struct Stop<'a> {
    pub(super) source: &'a str,
    /// All tokens of the file.
    pub(super) tokens: &'a [Token],
    /// The first token of the statement.
    pub(super) start: usize,
    /// The token that did not fit; the number of tokens at the end of the file.
    pub(super) at: usize,
    /// What would have fit.
    pub(super) expected: Vec<Expected>,
}

impl Stop<'_> {
    /// The token that did not fit, or one before or after it.
    pub(super) fn token(&self, offset: isize) -> Option<&Token> {
        let index = self.at.checked_add_signed(offset)?;
        if index < self.start { None } else { self.tokens.get(index) }
    }

    /// The text of that token; empty where there is none.
    pub(super) fn text(&self, offset: isize) -> &str {
        self.token(offset).map_or("", |token| token.text(self.source))
    }

    pub(super) fn expects(&self, one: Expected) -> bool {
        self.expected.contains(&one)
    }

    /// The place of the token that did not fit: the end of the last one at the end of the file.
    pub(super) fn span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |last| last.span.end);
        self.token(0).map_or(Span { start: end, end }, |token| token.span)
    }

    /// The token that did not fit, as a message says it.
    pub(super) fn found(&self) -> String {
        let Some(token) = self.token(0) else { return "the end of the file".to_owned() };
        let text = token.text(self.source);
        let shown: String = text.chars().take(40).collect();
        let shown = if shown.len() < text.len() { format!("`{shown}...`") } else { format!("`{shown}`") };
        match token.kind {
            TokenKind::Reserved if self.begins_statement() => format!("a new statement, {shown}"),
            TokenKind::Reserved => format!("the reserved word {shown}"),
            TokenKind::Quoted => text.chars().take(40).collect(),
            TokenKind::Word
            | TokenKind::Number
            | TokenKind::Duration
            | TokenKind::Instant
            | TokenKind::Text
            | TokenKind::Sign
            | TokenKind::Invalid => shown,
        }
    }

    /// Whether the token that did not fit is rather the start of the next statement than a name.
    pub(super) fn begins_statement(&self) -> bool {
        self.token(0).is_some_and(|token| token.first_on_line && token.starts_statement(self.source))
            && self.token(1).is_some_and(|name| matches!(name.kind, TokenKind::Word | TokenKind::Quoted))
    }

    /// The innermost bracket that is open where the grammar stopped.
    pub(super) fn open_bracket(&self) -> Option<&Token> {
        let mut open = Vec::new();
        for token in self.tokens.get(self.start..self.at)? {
            match token.text(self.source) {
                "(" | "{" if token.kind == TokenKind::Sign => open.push(token),
                ")" | "}" if token.kind == TokenKind::Sign => drop(open.pop()),
                _ => {}
            }
        }
        open.pop()
    }
}

/// The diagnostic for an error of the grammar in `part`, and which of the part's tokens did not fit.
pub(super) fn diagnose(source: &str, lexed: &Lexed, part: &Part, error: &Error<Rule>) -> (Diagnostic, usize) {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    let at = part.bytes.start + at;
    let tokens = &lexed.tokens[..];
    let here = &tokens[part.tokens.clone()];
    let index = here.partition_point(|token| token.span.end as usize <= at);
    let rules = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { message } => {
            let message = format!("the statement is nested too deeply for this machine: {message}");
            return (Diagnostic::error(codes::TOO_DEEP, message).at(Span::new(at, at)), index);
        }
    };
    let stop =
        Stop { source, tokens, start: part.tokens.start, at: part.tokens.start + index, expected: expected(rules) };
    let problem = hint::special(&stop).unwrap_or_else(|| {
        let message = format!("expected {}, found {}", list(&stop.expected), stop.found());
        let mut problem = Diagnostic::error(codes::UNEXPECTED, message).at(stop.span());
        problem.help.extend(hint::help(&stop));
        problem
    });
    (problem, index)
}
