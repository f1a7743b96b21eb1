//! Long and deep texts: each is read or refused, in bounded time and stack.

use dj_grammar::{decode, dump, format, parse};

/// Everything that can be done with a text; the codes of its problems, each once.
fn codes(source: &str) -> Vec<&'static str> {
    let (file, diagnostics) = parse(source);
    let _ = dump(&file, source);
    let _ = format(source);
    let mut codes: Vec<&str> = diagnostics.iter().map(|problem| problem.code.0).collect();
    codes.dedup();
    codes
}

fn filter(expression: &str) -> String {
    format!("let a = t | filter {expression}")
}

#[test]
fn depth_is_refused_before_anything_recurses() {
    let many = 20_000;
    for source in [
        filter(&format!("{}x{}", "(".repeat(many), ")".repeat(many))),
        filter(&"(".repeat(many)),
        filter(&format!("{}x{}", "f(".repeat(many), ")".repeat(many))),
        filter(&format!("{}x", "not ".repeat(many))),
        filter(&format!("{}x", "-".repeat(many))),
        filter(&format!("{}x", "x ** ".repeat(many))),
        filter(&format!("{}x", "a + ".repeat(5 * many))),
        filter(&format!("x{}", " as i64".repeat(many))),
        filter(&format!("{}1{}", "case { a => ".repeat(many), " }".repeat(many))),
        format!("let a = {}t{}", "(".repeat(many), ")".repeat(many)),
        format!("let a = t {}{}", "| join (b ".repeat(many), ") on k".repeat(many)),
    ] {
        assert_eq!(codes(&source), ["DJ0103"], "{}", &source[..60]);
    }
}

#[test]
fn operators_after_brackets_count_too() {
    let mut expression = "x".to_owned();
    for _ in 0..20 {
        expression = format!("({expression}{})", " + 1".repeat(50));
    }
    assert_eq!(codes(&filter(&expression)), ["DJ0103"]);
}

#[test]
fn what_is_within_the_limits_fits_the_stack_of_a_thread() {
    for source in [
        filter(&format!("{}x{}", "(".repeat(64), ")".repeat(64))),
        filter(&format!("{}x{}", "f(".repeat(64), ")".repeat(64))),
        filter(&format!("{}x{}", "-(1 + ".repeat(64), ")".repeat(64))),
        filter(&format!("{}x", "not ".repeat(255))),
        filter(&format!("{}x", "-".repeat(255))),
        filter(&format!("{}x", "x ** ".repeat(255))),
        filter(&format!("{}x", "a + ".repeat(255))),
        filter(&format!("x{}", " as i64".repeat(255))),
        filter(&format!("{}1{}", "case { a => ".repeat(64), " }".repeat(64))),
        format!("let a = {}t{}", "(".repeat(64), ")".repeat(64)),
        format!("let a = t {}{}", "| join (b ".repeat(64), ") on k".repeat(64)),
    ] {
        assert_eq!(codes(&source), [""; 0], "{}", &source[..60]);
    }
}

#[test]
fn long_lines_take_seconds_at_most() {
    assert_eq!(codes(&format!("#{}", "x".repeat(10 << 20))), [""; 0]);
    assert_eq!(codes(&filter(&format!("x == \"{}\"", "x".repeat(10 << 20)))), [""; 0]);
    let many = 1 << 20;
    assert_eq!(codes(&format!("let a = t{}| take 1", " ".repeat(many))), [""; 0]);
    assert_eq!(codes(&format!("let {}", "x".repeat(many))), ["DJ0110"]);
    assert_eq!(codes(&"'".repeat(many + 1)), ["DJ0104"]);
    assert_eq!(codes(&"`".repeat(many + 1)), ["DJ0105"]);
}

#[test]
fn long_lists_and_files_are_read() {
    let many = 5_000;
    assert_eq!(codes(&format!("let a = t | select {{ {} }}", "a, ".repeat(many))), [""; 0]);
    assert_eq!(codes(&filter(&format!("x in {{ {} }}", "1, ".repeat(many)))), [""; 0]);
    assert_eq!(codes(&format!("let a = t {}", "| take 1 ".repeat(many))), [""; 0]);
    assert_eq!(codes(&"let a = t | take 1\n".repeat(many)), [""; 0]);
    assert_eq!(codes(&"let a = t | filter\n".repeat(many)), ["DJ0110"]);
}

#[test]
fn at_most_a_thousand_problems_are_reported() {
    assert_eq!(parse(&"let = a\n".repeat(5_000)).1.len(), 1_000);
    assert_eq!(parse(&"! ".repeat(5_000)).1.len(), 1_000);
}

#[test]
fn files_that_are_too_large_are_refused() {
    assert_eq!(codes(&" ".repeat((64 << 20) + 1)), ["DJ0102"]);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    assert_eq!(decode("größe".as_bytes()), Ok("größe"));
    let problem = decode(b"let a = t\n# \xff").unwrap_err();
    assert_eq!(
        (problem.code.0, problem.message.as_str()),
        ("DJ0101", "the file is not UTF-8: byte 12 (line 2) is 0xff")
    );
}
