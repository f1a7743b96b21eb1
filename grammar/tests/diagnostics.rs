//! How problems look to people and to editors.

use dj_grammar::{Code, Diagnostic, Span, parse, render, to_json};

const SOURCE: &str = "# größe\r\nlet a = t | filter (\"é\" == x\r\nlet b = a";

#[test]
fn people_see_the_lines_and_the_places() {
    insta::assert_snapshot!(render(&parse(SOURCE).1, SOURCE, "rides.dj", false), @r#"
    error[DJ0115]: `(` is not closed: expected an operator or `)`, found a new statement, `let`
     --> rides.dj:3:1
      |
    2 | let a = t | filter ("é" == x
      |                    - opened here
    3 | let b = a
      | ^^^
    "#);
}

#[test]
fn editors_get_an_object_a_line() {
    insta::assert_snapshot!(to_json(&parse(SOURCE).1, SOURCE, "rides.dj"), @r#"{"code":"DJ0115","severity":"error","message":"`(` is not closed: expected an operator or `)`, found a new statement, `let`","file":"rides.dj","labels":[{"line":3,"column":1,"end_line":3,"end_column":4,"span":{"start":42,"end":45},"text":""},{"line":2,"column":20,"end_line":2,"end_column":21,"span":{"start":30,"end":31},"text":"opened here"}],"help":[]}"#);
}

#[test]
fn color_is_only_there_where_it_is_wanted() {
    let problems = parse(SOURCE).1;
    assert!(render(&problems, SOURCE, "rides.dj", true).contains('\u{1b}'));
    assert!(!render(&problems, SOURCE, "rides.dj", false).contains('\u{1b}'));
}

#[test]
fn a_problem_without_a_place_names_the_file() {
    let problem = Diagnostic::error(Code("DJ0101"), "the file is not UTF-8").help("save the file as UTF-8");
    insta::assert_snapshot!(render(&[problem], "", "rides.dj", false), @r"
    error[DJ0101]: the file is not UTF-8
    --> rides.dj
     = help: save the file as UTF-8
    ");
}

#[test]
fn a_very_long_line_is_named_and_not_shown() {
    let source = format!("let a = t | filter x == \"{}\" !", "y".repeat(10_000));
    insta::assert_snapshot!(render(&parse(&source).1, &source, "rides.dj", false), @r"
    error[DJ0104]: `!` is no part of the language
    --> rides.dj:1:10028
     = help: write `not`
    ");
}

#[test]
fn several_problems_are_separated_by_an_empty_line() {
    let source = "let = a\nlet = b";
    insta::assert_snapshot!(render(&parse(source).1, source, "rides.dj", false), @r"
    error[DJ0110]: expected a name, found `=`
     --> rides.dj:1:5
      |
    1 | let = a
      |     ^

    error[DJ0110]: expected a name, found `=`
     --> rides.dj:2:5
      |
    2 | let = b
      |     ^
    ");
}

#[test]
fn places_outside_the_source_do_no_harm() {
    let problem =
        Diagnostic::error(Code("DJ0110"), "odd\u{1b}[31m").label(Span::new(1, 900), "far").at(Span::new(700, 3));
    let text = render(std::slice::from_ref(&problem), "é", "rides.dj", false);
    assert!(text.contains("DJ0110") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(to_json(&[problem], "é", "rides.dj").lines().count(), 1);
}
