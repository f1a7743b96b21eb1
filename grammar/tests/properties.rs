//! What holds for any text: reading never fails, and formatting changes nothing but the layout.

mod common;
#[path = "common/program.rs"]
mod program;

use common::{errors, without_lines};
use dj_grammar::{dump, format, parse, render, to_json};
use program::Generator;
use proptest::prelude::*;

/// Words and signs of which noise is made.
const PIECES: [&str; 64] = [
    "table",
    "param",
    "fn",
    "let",
    "export",
    "mesh",
    "and",
    "or",
    "not",
    "in",
    "is",
    "as",
    "like",
    "case",
    "else",
    "null",
    "true",
    "by",
    "on",
    "filter",
    "derive",
    "select",
    "group",
    "join",
    "left",
    "asof",
    "sort",
    "take",
    "distinct",
    "window",
    "rows",
    "pivot",
    "a",
    "b(",
    "`c d`",
    "{",
    "}",
    "(",
    ")",
    ",",
    "|",
    "=",
    "==",
    "=>",
    "..",
    "+",
    "-",
    "**",
    "//",
    "?",
    "??",
    ":",
    ".",
    "1",
    "1.5",
    "1e-9",
    "2e",
    "5min",
    "@2024-01-31",
    "\"x\"",
    "# c\n",
    "\n",
    "\"",
    "é",
];

/// Reads, explains, prints and formats a text; nothing of it may panic.
fn survives(source: &str) {
    let (file, diagnostics) = parse(source);
    let _ = dump(&file, source);
    let rendered = render(&diagnostics, source, "noise.dj", true);
    let json = to_json(&diagnostics, source, "noise.dj");
    assert_eq!(json.lines().count(), diagnostics.len());
    assert_eq!(rendered.is_empty(), diagnostics.is_empty());
    for diagnostic in &diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        assert!(diagnostic.labels.iter().all(|label| source.get(label.span.range()).is_some()), "{diagnostic:?}");
    }
    if let Ok(text) = format(source) {
        assert_eq!(format(&text).as_ref(), Ok(&text));
        let again = parse(&text).0;
        assert_eq!(without_lines(&dump(&again, &text)), without_lines(&dump(&file, source)));
    }
}

/// The comments of a text, sorted.
fn comments(source: &str) -> Vec<&str> {
    let mut all: Vec<&str> =
        source.lines().filter_map(|line| line.find("#c").map(|at| line[at..].trim_end())).collect();
    all.sort_unstable();
    all
}

/// A program with random space and comments between its tokens.
fn scattered(seed: u64) -> String {
    let tokens = Generator::program(seed);
    let mut source = String::new();
    let mut spaces = seed;
    for (index, token) in tokens.iter().enumerate() {
        source.push_str(token);
        spaces = spaces.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (spaces >> 33) % 24 {
            0 => source.push_str(&format!("  #c{index}\n")),
            1 => source.push_str(&format!("\n  #c{index}\n")),
            2 => source.push_str(&format!(" #c{index} \n\n#cc{index}\n")),
            3..=6 => source.push_str("\n\n"),
            _ => source.push(' '),
        }
    }
    source
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(source in any::<String>()) {
        survives(&source);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match dj_grammar::decode(&bytes) {
            Ok(source) => survives(source),
            Err(problem) => prop_assert_eq!(problem.code.0, "DJ0101"),
        }
    }

    #[test]
    fn any_pieces_are_read(pieces in prop::collection::vec(0..PIECES.len(), 0..60), spaced in any::<bool>()) {
        let pieces: Vec<&str> = pieces.into_iter().map(|index| PIECES[index]).collect();
        survives(&pieces.join(if spaced { " " } else { "" }));
    }

    #[test]
    fn a_program_with_a_piece_too_much_is_read(seed in any::<u64>(), at in any::<prop::sample::Index>(), piece in 0..PIECES.len()) {
        let mut tokens = Generator::program(seed);
        let at = at.index(tokens.len());
        tokens.insert(at, PIECES[piece].to_owned());
        survives(&tokens.join(" "));
        tokens.drain(at..(at + 2).min(tokens.len()));
        survives(&tokens.join(" "));
    }

    #[test]
    fn programs_are_formatted_without_change(seed in any::<u64>()) {
        let source = scattered(seed);
        prop_assert!(parse(&source).1.is_empty(), "{source}\n{}", errors(&source));
        let text = format(&source).unwrap_or_default();
        prop_assert_eq!(comments(&text), comments(&source), "{}\n---\n{}", source, text);
        let (before, after) = (parse(&source).0, parse(&text).0);
        prop_assert_eq!(without_lines(&dump(&after, &text)), without_lines(&dump(&before, &source)), "{}\n---\n{}", source, text);
        let again = format(&text).unwrap_or_default();
        prop_assert_eq!(&again, &text, "{}", source);
    }
}
