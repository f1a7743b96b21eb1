//! Diagnostics as people and as editors read them.

use super::{Diagnostic, Label, Severity};
use crate::span::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

/// Longer source text is not shown, only where it is.
const LONGEST_SHOWN: usize = 4096;

/// Where lines begin, so that no diagnostic has to count them.
struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a str) -> Self {
        let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    /// The line's index of a byte.
    fn index(&self, at: u32) -> usize {
        self.starts.partition_point(|start| *start <= at as usize).saturating_sub(1)
    }

    /// One-based line and column, in characters, of a byte.
    fn line_column(&self, at: u32) -> (usize, usize) {
        let line = self.index(at);
        let before = self.source.get(self.starts[line]..at as usize).unwrap_or("");
        (line + 1, before.chars().count() + 1)
    }

    /// All lines that the labels touch: the byte where they begin, and their text.
    fn around(&self, labels: &[Label]) -> Option<(usize, &'a str)> {
        let first = labels.iter().map(|label| self.index(label.span.start)).min()?;
        let last = labels.iter().map(|label| self.index(label.span.end.max(label.span.start))).max()?;
        let start = self.starts[first];
        let end = self.starts.get(last + 1).copied().unwrap_or(self.source.len());
        Some((start, self.source.get(start..end)?))
    }
}

/// Diagnostics with the lines they are about, in the look of rustc.
///
/// `file_name` is shown as given. With `color`, the text has ANSI escapes. One empty line separates diagnostics, and the
/// text ends with a line break.
pub fn render(diagnostics: &[Diagnostic], source: &str, file_name: &str, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let lines = Lines::of(source);
    let file_name = normalize_untrusted_str(file_name);
    let all: Vec<String> =
        diagnostics.iter().map(|diagnostic| render_one(diagnostic, &lines, &file_name, &renderer) + "\n").collect();
    all.join("\n")
}

fn render_one(diagnostic: &Diagnostic, lines: &Lines<'_>, file_name: &str, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(normalize_untrusted_str(&diagnostic.message)).id(diagnostic.code.0);
    let mut group = Group::with_title(title);
    group = match lines.around(&diagnostic.labels) {
        Some((start, text)) if text.len() <= LONGEST_SHOWN => {
            group.element(snippet(&diagnostic.labels, start, text, lines, file_name))
        }
        Some(_) => group.element(origin(&diagnostic.labels, lines, file_name)),
        None if file_name.is_empty() => group,
        None => group.element(Origin::path(file_name.to_owned())),
    };
    let help = diagnostic.help.iter().map(|line| Level::HELP.message(normalize_untrusted_str(line)));
    renderer.render(&[group.elements(help)])
}

fn snippet<'a>(
    labels: &[Label],
    start: usize,
    text: &'a str,
    lines: &Lines<'_>,
    file_name: &str,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let within = |at: u32| {
        let at = (at as usize).clamp(start, start + text.len()) - start;
        // A label that ends inside a character would not be of this source.
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    let annotations = labels.iter().enumerate().map(|(index, label)| {
        let Span { start, end } = label.span;
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(start)..within(end).max(within(start)));
        if label.text.is_empty() { annotation } else { annotation.label(normalize_untrusted_str(&label.text)) }
    });
    let first_line = lines.index(u32::try_from(start).unwrap_or(u32::MAX)) + 1;
    Snippet::source(text).line_start(first_line).path(file_name.to_owned()).annotations(annotations)
}

fn origin<'a>(labels: &[Label], lines: &Lines<'_>, file_name: &str) -> Origin<'a> {
    let (line, column) = labels.first().map_or((1, 1), |label| lines.line_column(label.span.start));
    Origin::path(file_name.to_owned()).line(line).char_column(column)
}

/// A diagnostic as editors read it.
#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    file: &'a str,
    labels: Vec<JsonLabel<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    span: Span,
    text: &'a str,
}

/// One JSON object a line for each diagnostic.
///
/// Its fields are `code`, `severity` (`error` or `warning`), `message`, `file`, `labels` and `help`. A label has `line`,
/// `column`, `end_line` and `end_column` (from one, columns in characters, the end is one past the last), `span` (`start`
/// and `end` in bytes) and `text`; the first label is the primary place.
pub fn to_json(diagnostics: &[Diagnostic], source: &str, file_name: &str) -> String {
    let lines = Lines::of(source);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let label = |label: &'_ Label| (lines.line_column(label.span.start), lines.line_column(label.span.end));
        let labels = diagnostic.labels.iter().map(|place| {
            let ((line, column), (end_line, end_column)) = label(place);
            JsonLabel { line, column, end_line, end_column, span: place.span, text: &place.text }
        });
        let json = JsonDiagnostic {
            code: diagnostic.code.0,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            file: file_name,
            labels: labels.collect(),
            help: &diagnostic.help,
        };
        // Numbers and texts always serialize.
        out.push_str(&serde_json::to_string(&json).unwrap_or_default());
        out.push('\n');
    }
    out
}
