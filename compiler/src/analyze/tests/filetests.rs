//! The programs of `compiler/filetests/analyze` and what must come out.
//!
//! A file is a list of tests; each opens with `# test: ...`. What is expected stands in comments: a plan after `# ---`, a
//! diagnostic under the line that it marks. `DJ_UPDATE=1` writes what comes out into the files, to be read before it is kept.

use super::analyze;
use crate::analyze::NothingBound;
use crate::plan::{Program, SchemaColumn};
use dj_grammar::{Diagnostic, Span, parse};
use std::path::Path;

const HEADER: &str = "# test: ";

#[test]
fn filetests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests/analyze");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = String::new();
    for path in files {
        let wanted = std::fs::read_to_string(&path).unwrap();
        let found: Vec<String> = sections(&wanted).iter().map(|section| annotated(section)).collect();
        let found = found.join("\n");
        if found != wanted && std::env::var_os("DJ_UPDATE").is_some() {
            std::fs::write(&path, found).unwrap();
        } else if found != wanted {
            let line = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count() + 1;
            wrong += &format!(
                "{}:{line}: not as expected:\n{}\n",
                path.display(),
                found.lines().skip(line.saturating_sub(4)).take(12).collect::<Vec<_>>().join("\n")
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nDJ_UPDATE=1 writes the files anew");
}

/// The tests of a file.
fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with(HEADER) || sections.is_empty() {
            sections.push(String::new());
        }
        let section = sections.last_mut().unwrap();
        section.push_str(line);
        section.push('\n');
    }
    sections
}

/// A test with what comes out in the place of what was expected.
fn annotated(section: &str) -> String {
    let header = section.lines().next().unwrap_or_default();
    let source: String = section
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let (file, mut diagnostics) = parse(&source);
    let mut plan = String::new();
    if diagnostics.is_empty() {
        let (program, found) = analyze(&file, &source, &NothingBound);
        diagnostics = found;
        if let Some(program) = program {
            crate::plan::verify(&program).unwrap();
            let text = schemas(&program) + &crate::plan::plain_plan_text(&program);
            plan = text.lines().fold("# ---\n".to_owned(), |text, line| text + "# " + line + "\n");
        }
    }
    let mut text = format!("{header}\n");
    for (number, line) in source.lines().enumerate() {
        text += &format!("{line}\n");
        for diagnostic in &diagnostics {
            let first = diagnostic.labels.first().map_or(0, |label| label.span.line_column(&source).0 - 1);
            if first == number || (first >= source.lines().count() && number + 1 == source.lines().count()) {
                text += &under(diagnostic, &source);
            }
        }
    }
    text + &plan
}

/// The types of what comes out.
fn schemas(program: &Program) -> String {
    let mut text = String::new();
    for export in &program.exports {
        let field = |column: &SchemaColumn| {
            let (name, ty) = (&program.columns.get(column.id).name, column.ty);
            format!("{name}: {ty}{}", if column.nullable { "?" } else { "" })
        };
        let fields: Vec<String> = export.plan.schema().iter().map(field).collect();
        text += &format!("{}: {}\n", export.name, fields.join(", "));
    }
    text
}

/// A diagnostic as comments under the line of its first label.
fn under(diagnostic: &Diagnostic, source: &str) -> String {
    let place = diagnostic.labels.first().map(|label| label.span).unwrap_or_default();
    let column = place.line_column(source).1.max(3) - 1;
    let length = place.text(source).lines().next().unwrap_or_default().chars().count().max(1);
    let carets = if column < place.line_column(source).1 {
        "^".repeat(length)
    } else {
        "^".repeat(length.saturating_sub(2).max(1))
    };
    let indent = " ".repeat(column - 1);
    let own = diagnostic.labels.first().map_or("", |label| label.text.as_str());
    let own = if own.is_empty() { String::new() } else { format!(" ({own})") };
    let mut text = format!("#{indent}{carets} error[{}]: {}{own}\n", diagnostic.code, diagnostic.message);
    let indent = " ".repeat(column);
    for label in diagnostic.labels.iter().skip(1) {
        text += &format!("#{indent}`{}`: {}\n", shown(label.span, source), label.text);
    }
    for help in &diagnostic.help {
        text += &format!("#{indent}help: {help}\n");
    }
    text
}

fn shown(span: Span, source: &str) -> String {
    span.text(source).split_whitespace().collect::<Vec<_>>().join(" ")
}
