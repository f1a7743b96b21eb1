//! Bounds how deep a statement can nest, before anything recurses into it.
//!
//! Brackets nest, and so do operators: `a + b + c` is a tree of two levels. The depth of a list is that of its deepest
//! item, the depth of an item its operators plus its deepest bracket; no recursion over a tree goes deeper. The bounds
//! leave room on the 2 MiB stack of a thread, unoptimized, for every stage that follows.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Token, TokenKind};

/// How many brackets may be open at once.
const MOST_BRACKETS: usize = 64;
/// How many brackets and operators may apply to one value.
const MOST_LEVELS: usize = 256;

/// What is known of one open bracket, or of the statement itself.
#[derive(Default)]
struct Level {
    /// Operators since the last separator.
    operators: usize,
    /// The deepest bracket since the last separator.
    deepest: usize,
    /// The depth of what is before the last separator.
    before: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.before.max(self.operators + self.deepest)
    }

    fn separate(&mut self) {
        *self = Self { before: self.depth(), ..Self::default() };
    }
}

/// Whether the tokens of a statement stay within the bounds.
pub(super) fn check(source: &str, tokens: &[Token]) -> Result<(), Diagnostic> {
    let mut open: Vec<Level> = Vec::new();
    let mut level = Level::default();
    for token in tokens {
        let text = token.text(source);
        match text {
            "(" | "{" if token.kind == TokenKind::Sign => open.push(std::mem::take(&mut level)),
            ")" | "}" if token.kind == TokenKind::Sign => {
                let closed = std::mem::replace(&mut level, open.pop().unwrap_or_default());
                level.deepest = level.deepest.max(closed.depth() + 1);
            }
            "," | "|" | "=" | "=>" | ":" if token.kind == TokenKind::Sign => level.separate(),
            _ if is_operator(token.kind, text) => level.operators += 1,
            _ => {}
        }
        if open.len() > MOST_BRACKETS {
            let message = format!("brackets are nested too deeply: more than {MOST_BRACKETS} are open here");
            return Err(too_deep(token, message));
        }
        if level.depth() > MOST_LEVELS {
            let message = format!("the expression is too long: more than {MOST_LEVELS} operators apply to one value");
            return Err(too_deep(token, message));
        }
    }
    Ok(())
}

fn is_operator(kind: TokenKind, text: &str) -> bool {
    match kind {
        TokenKind::Sign => !matches!(text, ".." | "."),
        TokenKind::Reserved => matches!(text, "and" | "or" | "not" | "in" | "is" | "as" | "like"),
        TokenKind::Word
        | TokenKind::Quoted
        | TokenKind::Number
        | TokenKind::Duration
        | TokenKind::Instant
        | TokenKind::Text
        | TokenKind::Invalid => false,
    }
}

fn too_deep(token: &Token, message: String) -> Diagnostic {
    let help =
        "give parts of it a name with `derive`, `let` or `fn`; a long `or` of equal comparisons is `x in { ... }`";
    Diagnostic::error(codes::TOO_DEEP, message).at(token.span).help(help)
}
