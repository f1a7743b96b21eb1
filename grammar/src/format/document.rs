//! Text with places where lines may break, and the choice of those that do.
//!
//! After Wadler, "A prettier printer": the breaks of a group are all taken or all left, and a group stays on one line
//! where it fits. A comment ends its line, so every group around it breaks.

/// The width of a line.
const WIDTH: usize = 100;

/// Text with places where lines may break.
#[derive(Debug, Clone)]
pub(super) enum Document {
    /// Text without a line break.
    Text(String),
    /// A space, or a line break.
    Line,
    /// Nothing, or a line break.
    SoftLine,
    /// A line break.
    HardLine,
    /// An empty line.
    BlankLine,
    /// A comment; what follows it begins a new line.
    Comment {
        /// With its `#`.
        text: String,
        /// Whether it begins a line as well.
        own_line: bool,
    },
    /// One text where the group breaks, another where it does not.
    IfBroken {
        /// Where it does.
        broken: String,
        /// Where it does not.
        flat: String,
    },
    /// Lines that begin within are indented more.
    Nest(Vec<Document>, Breaks),
    /// Breaks within are taken together.
    Group(Vec<Document>, Breaks),
}

/// Whether a document has a line break that must be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// It has one.
    Must,
    /// All of its breaks are free.
    May,
}

use Document::{BlankLine, Comment, Group, HardLine, IfBroken, Line, Nest, SoftLine, Text};

/// `text`
pub(super) fn text(text: impl Into<String>) -> Document {
    Text(text.into())
}

/// `parts`, with lines that begin within indented by two.
pub(super) fn nest(parts: Vec<Document>) -> Document {
    let breaks = breaks_of(&parts);
    Nest(parts, breaks)
}

/// `parts`, on one line where they fit.
pub(super) fn group(parts: Vec<Document>) -> Document {
    let breaks = breaks_of(&parts);
    Group(parts, breaks)
}

fn breaks_of(parts: &[Document]) -> Breaks {
    let must = parts.iter().any(|part| match part {
        HardLine | BlankLine | Comment { .. } | Nest(_, Breaks::Must) | Group(_, Breaks::Must) => true,
        Text(_) | Line | SoftLine | IfBroken { .. } | Nest(_, Breaks::May) | Group(_, Breaks::May) => false,
    });
    if must { Breaks::Must } else { Breaks::May }
}

/// The text of a document, with every line break decided.
pub(super) fn print(parts: &[Document]) -> String {
    let mut printer = Printer { out: String::new(), column: 0, fresh: Some(0), after_comment: false };
    let mut stack: Vec<Step<'_>> = parts.iter().rev().map(|part| Step { indent: 0, flat: false, part }).collect();
    while let Some(step) = stack.pop() {
        let Step { indent, flat, part } = step;
        match part {
            Text(text) => printer.text(text, indent),
            IfBroken { broken, flat: flat_text } => printer.text(if flat { flat_text } else { broken }, indent),
            Line if flat => printer.text(" ", indent),
            SoftLine if flat => {}
            Line | SoftLine | HardLine => printer.line(indent),
            BlankLine => printer.blank_line(indent),
            Comment { text, own_line } => printer.comment(text, *own_line, indent),
            Nest(parts, _) => push(&mut stack, parts, indent + 2, flat),
            Group(parts, breaks) => {
                let fits = flat || (*breaks == Breaks::May && printer.fits(parts, &stack));
                push(&mut stack, parts, indent, fits);
            }
        }
    }
    printer.finish()
}

/// A document that is still to be printed.
#[derive(Clone, Copy)]
struct Step<'a> {
    indent: usize,
    flat: bool,
    part: &'a Document,
}

fn push<'a>(stack: &mut Vec<Step<'a>>, parts: &'a [Document], indent: usize, flat: bool) {
    stack.extend(parts.iter().rev().map(|part| Step { indent, flat, part }));
}

struct Printer {
    out: String,
    column: usize,
    /// The indent of a line on which nothing is yet.
    fresh: Option<usize>,
    after_comment: bool,
}

impl Printer {
    fn text(&mut self, text: &str, indent: usize) {
        if self.after_comment {
            self.line(indent);
        }
        let text = if self.fresh.is_some() { text.trim_start() } else { text };
        if text.is_empty() {
            return;
        }
        if let Some(indent) = self.fresh.take() {
            self.out.push_str(&" ".repeat(indent));
            self.column = indent;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        self.after_comment = false;
        if self.fresh.is_none() {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            self.column = 0;
        }
        self.fresh = Some(indent);
    }

    fn blank_line(&mut self, indent: usize) {
        self.line(indent);
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn comment(&mut self, text: &str, own_line: bool, indent: usize) {
        if own_line || self.after_comment {
            self.line(indent);
        } else {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.text("  ", indent);
        }
        self.text(text, indent);
        self.after_comment = true;
    }

    /// Whether `parts` fit on the line, with what follows them up to the next line break.
    fn fits(&self, parts: &[Document], rest: &[Step<'_>]) -> bool {
        let start = self.fresh.unwrap_or(self.column);
        let Some(mut left) = WIDTH.checked_sub(start) else { return false };
        let mut stack: Vec<Step<'_>> = Vec::new();
        push(&mut stack, parts, 0, true);
        let mut rest = rest.iter().rev();
        loop {
            let Some(Step { flat, part, .. }) = stack.pop().or_else(|| rest.next().copied()) else { return true };
            let width = match part {
                Text(text) => text.chars().count(),
                IfBroken { broken, flat: flat_text } => if flat { flat_text } else { broken }.chars().count(),
                Line if flat => 1,
                SoftLine if flat => 0,
                Line | SoftLine | HardLine | BlankLine | Comment { .. } => return true,
                Nest(parts, _) => {
                    push(&mut stack, parts, 0, flat);
                    0
                }
                // A group further on decides by itself.
                Group(parts, _) => {
                    push(&mut stack, parts, 0, flat);
                    0
                }
            };
            match left.checked_sub(width) {
                Some(less) => left = less,
                None => return false,
            }
        }
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}
