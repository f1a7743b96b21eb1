//! Turns text into a syntax tree and all syntax errors.
//!
//! A file is cut before each statement keyword; each part is parsed by itself with the grammar of `dj.pest`, so one
//! mistake hides no other. Before anything recurses, [`depth`] bounds how deep a part can nest.

mod build;
mod depth;
mod expected;
mod hint;
mod literal;
mod syntax_error;

use crate::ast::{File, Statement};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Lexed, MOST_DIAGNOSTICS, Token, TokenKind, lex};
use crate::span::Span;
use build::Builder;
pub(crate) use hint::TRANSFORMS;
use pest::Parser;
use pest::error::Error;
use pest::iterators::Pairs;
use rules::{DjParser, Rule};
use std::ops::Range;

mod rules {
    #[derive(pest_derive::Parser)]
    #[grammar = "dj.pest"]
    pub(crate) struct DjParser;
}

/// Larger files are refused: spans are 32 bits wide, and no program is this long.
const LARGEST: usize = 64 << 20;

/// The text of a source file, where it is UTF-8.
///
/// # Errors
/// Says at which byte it is not.
pub fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or(0);
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error(codes::NOT_UTF8, format!("the file is not UTF-8: byte {at} (line {line}) is 0x{byte:02x}"))
            .help("save the file as UTF-8")
    })
}

/// Reads a file: its syntax tree, and every syntax error in source order.
///
/// A statement with an error is missing from the tree. A byte order mark at the start is skipped.
pub fn parse(source: &str) -> (File, Vec<Diagnostic>) {
    let (file, diagnostics, _) = parse_lexed(source);
    (file, diagnostics)
}

/// [`parse`], with the tokens and comments.
pub(crate) fn parse_lexed(source: &str) -> (File, Vec<Diagnostic>, Lexed) {
    if source.len() > LARGEST {
        let message = format!("the file has {} bytes, more than {LARGEST}", source.len());
        return (File::default(), vec![Diagnostic::error(codes::TOO_LARGE, message)], Lexed::default());
    }
    let mut lexed = lex(source);
    let mut diagnostics = std::mem::take(&mut lexed.diagnostics);
    let mut file = File::default();
    let mut skip_to_line_start = false;
    for part in parts(source, &lexed) {
        let first = lexed.tokens[part.tokens.start];
        if skip_to_line_start && !first.first_on_line {
            continue;
        }
        skip_to_line_start = false;
        if lexed.tokens[part.tokens.clone()].iter().any(|token| token.kind == TokenKind::Invalid) {
            continue;
        }
        match parse_part(source, &lexed, &part) {
            Ok(built) => {
                file.statements.extend(built.statements);
                diagnostics.extend(built.diagnostics);
            }
            Err(problem) => {
                let end = lexed.tokens.get(part.tokens.end).map(|next| next.span.start);
                skip_to_line_start = end.is_some() && problem.labels.first().map(|label| label.span.start) == end;
                diagnostics.push(problem);
            }
        }
        if diagnostics.len() > MOST_DIAGNOSTICS {
            break;
        }
    }
    diagnostics.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start));
    diagnostics.truncate(MOST_DIAGNOSTICS);
    (file, diagnostics, lexed)
}

/// From one statement keyword to the next.
struct Part {
    tokens: Range<usize>,
    bytes: Range<usize>,
    last: bool,
}

/// The parts of a file; none is empty.
fn parts(source: &str, lexed: &Lexed) -> Vec<Part> {
    let tokens = &lexed.tokens;
    let starts = tokens.iter().enumerate().filter(|(_, token)| token.starts_statement(source));
    let mut cuts: Vec<usize> = starts.map(|(index, _)| index).collect();
    if !tokens.is_empty() && cuts.first() != Some(&0) {
        cuts.insert(0, 0);
    }
    cuts.push(tokens.len());
    let byte = |index: usize| tokens.get(index).map_or(source.len(), |token| token.span.start as usize);
    let part = |pair: &[usize]| {
        let (start, end) = (pair[0], pair[1]);
        Part { tokens: start..end, bytes: byte(start)..byte(end), last: end == tokens.len() }
    };
    cuts.windows(2).map(part).collect()
}

/// What a part gives.
struct Built {
    statements: Vec<Statement>,
    diagnostics: Vec<Diagnostic>,
}

fn parse_part(source: &str, lexed: &Lexed, part: &Part) -> Result<Built, Diagnostic> {
    let tokens = &lexed.tokens[part.tokens.clone()];
    depth::check(source, tokens)?;
    let text = &source[part.bytes.clone()];
    let mut builder = Builder::new(part.bytes.start, tokens);
    let named = tokens.first().is_some_and(|first| first.starts_statement(source));
    let diagnose = |error: &Error<Rule>| syntax_error::diagnose(source, lexed, part, error);
    let statement = if named { DjParser::parse(Rule::file_part, text) } else { DjParser::parse(Rule::last_part, text) };
    let root = match statement {
        Ok(mut pairs) => pairs.next(),
        Err(error) if !named => return Err(diagnose(&error).0),
        Err(error) => {
            let (problem, at) = diagnose(&error);
            let rest = tokens.get(at);
            let on_line = rest.is_some_and(|token| !token.first_on_line);
            match DjParser::parse(Rule::last_part, text) {
                // On the line of a pipeline, a name is rather a mistake (`sort a desc`), and a parenthesis is a call with a
                // space.
                Ok(_) if on_line && (!part.last || rest.is_some_and(|token| token.is_sign(source, "("))) => {
                    return Err(problem);
                }
                Ok(pairs) if continues_line(source, part, tokens, &pairs) => return Err(problem),
                Ok(mut pairs) => pairs.next(),
                Err(_) if on_line || !part.last => return Err(problem),
                Err(error) => {
                    let (second, second_at) = diagnose(&error);
                    return Err(if second_at > at { second } else { problem });
                }
            }
        }
    };
    let statements = root.map(|root| builder.statements(root)).unwrap_or_default();
    let bare = statements.iter().find_map(|statement| match statement {
        Statement::Export(binding) if binding.bare => Some(binding.span),
        Statement::Export(_) | Statement::Let(_) | Statement::Table(_) => None,
        Statement::Param(_) | Statement::Function(_) | Statement::Mesh(_) => None,
    });
    match bare {
        Some(span) if !part.last => Err(misplaced_bare(span)),
        _ => Ok(Built { statements, diagnostics: builder.diagnostics }),
    }
}

/// Whether a pipeline without a name begins on the line of a statement that ends with a pipeline or an expression, which
/// its first word was rather meant to go on with.
fn continues_line(source: &str, part: &Part, tokens: &[Token], pairs: &Pairs<'_, Rule>) -> bool {
    let statement = tokens.first().is_some_and(|first| matches!(first.text(source), "let" | "export" | "fn"));
    let bare = pairs.clone().flatten().find(|pair| pair.as_rule() == Rule::bare_pipeline);
    statement
        && bare.is_some_and(|pair| {
            let start = part.bytes.start + pair.as_span().start();
            let at = tokens.partition_point(|token| (token.span.start as usize) < start);
            tokens.get(at).is_some_and(|token| !token.first_on_line)
        })
}

fn misplaced_bare(span: Span) -> Diagnostic {
    Diagnostic::error(codes::BARE, "a pipeline without a name must be the last statement of its file")
        .at(span)
        .help("name it: `let NAME = ...` to use it below, `export NAME = ...` to output it")
        .help("where it should continue the statement above, a transform begins with `|`")
}
