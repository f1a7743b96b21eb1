//! What the tests of this crate share.
#![allow(dead_code, reason = "each test binary uses a part")]

use dj_grammar::{dump, parse, render};

/// The tree of a program without line numbers, or its errors.
pub(crate) fn tree(source: &str) -> String {
    let (file, diagnostics) = parse(source);
    if diagnostics.is_empty() { without_lines(&dump(&file, source)) } else { errors(source) }
}

/// The tree of each expression, one a line.
pub(crate) fn expressions(sources: &[&str]) -> String {
    let line = |source: &&str| {
        let tree = tree(&format!("fn f(x) = {source}"));
        format!("{source}  =>  {}", tree.strip_prefix("fn f(x) = ").unwrap_or(&tree))
    };
    sources.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The tree of each transform.
pub(crate) fn transforms(sources: &[&str]) -> String {
    let lines = |source: &&str| {
        let tree = tree(&format!("let x = t | {source}"));
        format!("| {source}\n{}", tree.strip_prefix("let x\n  from t\n").unwrap_or(&tree))
    };
    sources.iter().map(lines).collect::<Vec<_>>().join("\n")
}

/// Each program with its problems below the places they are about.
pub(crate) fn problems(sources: &[&str]) -> String {
    sources.iter().map(|source| annotated(source)).collect::<Vec<_>>().join("\n")
}

fn annotated(source: &str) -> String {
    let (_, diagnostics) = parse(source);
    let mut out = String::new();
    for (index, line) in source.lines().enumerate() {
        out.push_str(&format!("{}\n", line.escape_debug().to_string().replace("\\\"", "\"")));
        for problem in &diagnostics {
            let Some(label) = problem.labels.first() else { continue };
            let (row, column) = label.span.line_column(source);
            if row == index + 1 {
                let width = label.span.text(source).chars().count().max(1);
                let indent = " ".repeat(column - 1);
                out.push_str(&format!("{indent}{} {}: {}\n", "^".repeat(width), problem.code, problem.message));
                problem.help.iter().for_each(|help| out.push_str(&format!("{indent}  help: {help}\n")));
            }
        }
    }
    out
}

/// What is wrong with a program.
pub(crate) fn errors(source: &str) -> String {
    render(&parse(source).1, source, "test.dj", false)
}

/// A dump without the line numbers.
pub(crate) fn without_lines(dump: &str) -> String {
    dump.lines().map(|line| line.rsplit_once(" @").map_or(line, |(text, _)| text)).collect::<Vec<_>>().join("\n")
}
