//! Turns text into words, numbers, signs and comments, whatever the text is.
//!
//! The grammar in `dj.pest` decides what is a program. These tokens serve everything around it: cutting a file into
//! statements, bounding depth before anything recurses, saying what was found where something else was expected, and
//! keeping comments where they are when a file is formatted.

mod number;
mod sign;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word that is not reserved.
    Word,
    /// A reserved word.
    Reserved,
    /// A name in backticks.
    Quoted,
    /// `12`, `1.5`
    Number,
    /// `5min`, `3mo`
    Duration,
    /// `@2024-01-31`
    Instant,
    /// `"text"`
    Text,
    /// Brackets, operators, separators.
    Sign,
    /// What is no part of the language; a diagnostic says so.
    Invalid,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What kind.
    pub(crate) kind: TokenKind,
    /// Whether it is the first of its line.
    pub(crate) first_on_line: bool,
    /// Where.
    pub(crate) span: Span,
}

impl Token {
    /// The token's text.
    pub(crate) fn text<'a>(&self, source: &'a str) -> &'a str {
        self.span.text(source)
    }

    /// Whether it is this sign.
    pub(crate) fn is_sign(&self, source: &str, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text(source) == sign
    }

    /// Whether a statement begins here: statement keywords have no other use.
    pub(crate) fn starts_statement(&self, source: &str) -> bool {
        self.kind == TokenKind::Reserved && STATEMENT_WORDS.contains(&self.text(source))
    }
}

/// A comment, `#` to the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Whether nothing but space is before it on its line.
    pub(crate) own_line: bool,
    /// Where, without the line's end.
    pub(crate) span: Span,
}

/// All that a source consists of.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// Tokens in order.
    pub(crate) tokens: Vec<Token>,
    /// Comments in order.
    pub(crate) comments: Vec<Comment>,
    /// What is no part of the language, in order.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// How many problems of one file are reported, so that reading noise stays quick.
pub(crate) const MOST_DIAGNOSTICS: usize = 1000;

/// Words that begin a statement.
pub(crate) const STATEMENT_WORDS: [&str; 6] = ["table", "param", "fn", "let", "export", "mesh"];

/// Reserved words that do not begin a statement.
const OTHER_RESERVED: [&str; 14] =
    ["and", "or", "not", "in", "is", "as", "like", "case", "else", "null", "true", "false", "by", "on"];

/// Whether `word` can be a name only in backticks.
pub(crate) fn is_reserved(word: &str) -> bool {
    STATEMENT_WORDS.contains(&word) || OTHER_RESERVED.contains(&word)
}

/// `name` as a program spells it: in backticks where it is not a plain word.
pub fn spell_name(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(is_name_byte)
        && !is_reserved(name);
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// Whether a name may contain `byte` after its start.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Splits `source` into tokens and comments.
pub(crate) fn lex(source: &str) -> Lexed {
    let mut lexer = Lexer { source, at: 0, first_on_line: true, out: Lexed::default() };
    if source.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while let Some(byte) = lexer.peek(0) {
        lexer.step(byte);
    }
    lexer.out
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    first_on_line: bool,
    out: Lexed,
}

impl Lexer<'_> {
    fn step(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.first_on_line = true;
                self.at += 1;
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'#' => self.comment(),
            b'"' => self.text(),
            b'\'' => self.single_quoted(),
            b'`' => self.quoted(),
            b'0'..=b'9' => self.number(),
            b'@' => self.instant(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            _ => self.sign_or_invalid(),
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    /// Makes a token of the next `length` bytes.
    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span::new(self.at, self.at + length);
        self.out.tokens.push(Token { kind, first_on_line: self.first_on_line, span });
        self.first_on_line = false;
        self.at += length;
    }

    /// Makes an invalid token of the next `length` bytes and says what is wrong with it.
    fn invalid(&mut self, length: usize, diagnostic: Diagnostic) {
        // A pair of signs, as `[` and `]`, is one mistake.
        let closes = self.rest().starts_with([']', '”', '’']);
        let told =
            || self.out.diagnostics.last().is_some_and(|last| self.is_near(last) && last.help == diagnostic.help);
        if self.out.diagnostics.len() <= MOST_DIAGNOSTICS && !(closes && told()) {
            self.out.diagnostics.push(diagnostic);
        }
        self.push(TokenKind::Invalid, length);
    }

    /// Whether a problem is on the line that is being read, and not far away.
    fn is_near(&self, problem: &Diagnostic) -> bool {
        const FAR: usize = 1_000;
        let start = problem.labels.first().map_or(0, |label| label.span.start as usize);
        self.at - start < FAR && self.source.get(start..self.at).is_some_and(|between| !between.contains('\n'))
    }

    fn comment(&mut self) {
        let line = self.rest().split(['\n', '\r']).next().unwrap_or("");
        let end = self.at + line.len();
        self.out.comments.push(Comment { own_line: self.first_on_line, span: Span::new(self.at, end) });
        self.at = end;
    }

    fn word(&mut self) {
        let length = self.name_bytes(0);
        let word = &self.rest()[..length];
        let kind = if is_reserved(word) { TokenKind::Reserved } else { TokenKind::Word };
        self.push(kind, length);
    }

    /// How many bytes of names follow from `ahead` bytes on.
    fn name_bytes(&self, ahead: usize) -> usize {
        self.rest().as_bytes()[ahead..].iter().take_while(|byte| is_name_byte(**byte)).count()
    }

    fn text(&mut self) {
        let mut escaped = false;
        let mut length = None;
        for (index, byte) in self.rest().bytes().enumerate().skip(1) {
            if byte == b'\n' {
                break;
            }
            if byte == b'"' && !escaped {
                length = Some(index + 1);
                break;
            }
            escaped = byte == b'\\' && !escaped;
        }
        match length {
            Some(length) => self.push(TokenKind::Text, length),
            None => self.unclosed("a text", "a line break in a text is written `\\n`"),
        }
    }

    fn quoted(&mut self) {
        let mut bytes = self.rest().bytes().enumerate().skip(1).peekable();
        let mut end = None;
        while let Some((index, byte)) = bytes.next() {
            match (byte, bytes.peek()) {
                (b'\n', _) => break,
                (b'`', Some((_, b'`'))) => drop(bytes.next()),
                (b'`', _) => {
                    end = Some(index + 1);
                    break;
                }
                _ => {}
            }
        }
        match end {
            Some(2) => {
                let span = Span::new(self.at, self.at + 2);
                self.invalid(2, Diagnostic::error(codes::UNCLOSED, "a name in backticks is empty").at(span));
            }
            Some(length) => self.push(TokenKind::Quoted, length),
            None => self.unclosed("a name in backticks", "it ends with a backtick"),
        }
    }

    fn unclosed(&mut self, what: &str, help: &str) {
        let length = self.rest().lines().next().unwrap_or("").len();
        let problem = Diagnostic::error(codes::UNCLOSED, format!("{what} is not closed on its line"))
            .label(Span::new(self.at, self.at + 1), "it starts here")
            .help(help);
        self.invalid(length, problem);
    }

    fn single_quoted(&mut self) {
        let after = &self.rest()[1..];
        let inside = after.find(['\'', '\n']).filter(|at| after[*at..].starts_with('\'')).map(|at| &after[..at]);
        let length = inside.map_or(1, |inside| inside.len() + 2);
        let help = match inside {
            None => "a text is written in double quotes".to_owned(),
            Some(inside) => format!("a text is written in double quotes: `\"{inside}\"`"),
        };
        let problem = Diagnostic::error(codes::CHARACTER, "single quotes are no part of the language")
            .at(Span::new(self.at, self.at + length))
            .help(help);
        self.invalid(length, problem);
    }
}
