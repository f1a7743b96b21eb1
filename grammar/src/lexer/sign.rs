//! Signs of the language, and signs of other languages with what to write instead.

use super::{Lexer, TokenKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Signs of two characters.
const LONG: [&str; 9] = ["**", "//", "==", "=>", "!=", "<=", ">=", "??", ".."];
/// Signs of one character.
const SHORT: &[u8] = b"{}(),:|=<>+-*/%?.";

/// Signs of other languages, longest first, and what to write here.
const FOREIGN: [(&str, &str); 13] = [
    ("===", "equality is written `==`"),
    ("!==", "inequality is written `!=`"),
    ("<=>", "equality is written `==`; for nulls that match, a join ends with `nulls equal`"),
    ("&&", "write `and`"),
    ("||", "write `or`; texts are joined by `concat(a, b)`"),
    ("<>", "inequality is written `!=`"),
    ("!", "write `not`"),
    ("&", "write `and`; bit operations are functions"),
    (";", "nothing is needed between statements"),
    ("[", "a list is written in braces: `{ a, b }`"),
    ("]", "a list is written in braces: `{ a, b }`"),
    ("^", "a power is written `x ** 2`; bit operations are functions"),
    ("~", "patterns are matched by `like` and `matches(x, regex)`"),
];

impl Lexer<'_> {
    pub(super) fn sign_or_invalid(&mut self) {
        let rest = self.rest();
        let own = LONG.iter().find(|sign| rest.starts_with(**sign)).map_or("", |sign| *sign);
        let foreign = FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign) && sign.len() > own.len());
        if let Some((sign, help)) = foreign {
            let span = Span::new(self.at, self.at + sign.len());
            let message = format!("`{sign}` is no part of the language");
            self.invalid(sign.len(), Diagnostic::error(codes::CHARACTER, message).at(span).help(*help));
        } else if !own.is_empty() {
            self.push(TokenKind::Sign, own.len());
        } else if rest.as_bytes().first().is_some_and(|byte| SHORT.contains(byte)) {
            self.push(TokenKind::Sign, 1);
        } else {
            self.unknown_characters();
        }
    }

    /// One diagnostic for a run of characters that nothing can begin with.
    fn unknown_characters(&mut self) {
        let known = |character: char| {
            character.is_ascii_alphanumeric()
                || matches!(character, ' ' | '\t' | '\r' | '\n')
                || "_#\"'`@!&;[]^~".contains(character)
                || u8::try_from(character).is_ok_and(|byte| SHORT.contains(&byte))
        };
        let length = self.rest().find(known).unwrap_or(self.rest().len());
        let run = &self.rest()[..length];
        let shown: String = run.chars().take(20).map(shown).collect();
        let message = format!("`{shown}` is no part of the language");
        let mut problem = Diagnostic::error(codes::CHARACTER, message).at(Span::new(self.at, self.at + length));
        if run.chars().any(char::is_alphabetic) {
            problem = problem.help("a name with other letters than a to z is written in backticks");
        } else if run.chars().any(char::is_whitespace) {
            problem = problem.help("this looks like a space and is another character");
        } else if run.contains(['“', '”', '„', '‘', '’']) {
            problem = problem.help("a text is written in straight double quotes: `\"text\"`");
        }
        self.invalid(length, problem);
    }
}

/// A character as a message shows it.
fn shown(character: char) -> String {
    let invisible = character.is_control() || character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}');
    if invisible { character.escape_unicode().to_string() } else { character.to_string() }
}
