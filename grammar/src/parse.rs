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
use crate::lexer::{Lexed, lex};
use crate::span::Span;
use build::Builder;
use pest::Parser;
use rules::{DjParser, Rule};
use std::ops::Range;

mod rules {
    #[derive(pest_derive::Parser)]
    #[grammar = "dj.pest"]
    pub(crate) struct DjParser;
}

/// Larger files are refused: spans are 32 bits wide, and no program is this long.
const LARGEST: usize = 64 << 20;

/// How many problems of one file are reported, so that reading noise stays quick.
const MOST_DIAGNOSTICS: usize = 1000;

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
    let invalid: Vec<u32> = diagnostics.iter().flat_map(|problem| &problem.labels).map(|at| at.span.start).collect();
    let mut skip_to_line_start = false;
    for part in parts(source, &lexed) {
        let first = lexed.tokens[part.tokens.start];
        if skip_to_line_start && !first.first_on_line {
            continue;
        }
        skip_to_line_start = false;
        let from = invalid.partition_point(|at| (*at as usize) < part.bytes.start);
        if invalid.get(from).is_some_and(|at| (*at as usize) < part.bytes.end) {
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
    depth::check(source, &lexed.tokens[part.tokens.clone()])?;
    let text = &source[part.bytes.clone()];
    let named = lexed.tokens[part.tokens.start].starts_statement(source);
    let rule = if part.last || !named { Rule::last_part } else { Rule::file_part };
    let mut pairs = match DjParser::parse(rule, text) {
        Ok(pairs) => pairs,
        Err(error) => {
            let bare = if part.last { None } else { DjParser::parse(Rule::last_part, text).ok() };
            return Err(match bare.and_then(|pairs| bare_span(pairs, part)) {
                Some(span) => misplaced_bare(span),
                None => syntax_error::diagnose(source, lexed, part, &error),
            });
        }
    };
    if !part.last && !named {
        return Err(misplaced_bare(bare_span(pairs, part).unwrap_or_default()));
    }
    let mut builder = Builder::new(part.bytes.start, &lexed.tokens[part.tokens.clone()]);
    let statements = pairs.next().map(|root| builder.statements(root)).unwrap_or_default();
    Ok(Built { statements, diagnostics: builder.diagnostics })
}

/// Where the pipeline without a name is.
fn bare_span(mut pairs: pest::iterators::Pairs<'_, Rule>, part: &Part) -> Option<Span> {
    let bare = pairs.next()?.into_inner().find(|pair| pair.as_rule() == Rule::bare_pipeline)?;
    Some(Span::new(part.bytes.start + bare.as_span().start(), part.bytes.start + bare.as_span().end()))
}

fn misplaced_bare(span: Span) -> Diagnostic {
    Diagnostic::error(codes::BARE, "a pipeline without a name must be the last statement of its file")
        .at(span)
        .help("name it: `let NAME = ...` to use it below, `export NAME = ...` to output it")
        .help("where it should continue the statement above, a transform begins with `|`")
}
