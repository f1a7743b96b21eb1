//! The canonical layout, and what it never changes.

mod common;

use common::{tree, without_lines};
use dj_grammar::{dump, format, parse};

/// The canonical text, after checking that it is canonical and means the same.
fn formatted(source: &str) -> String {
    let text = format(source).unwrap_or_else(|_| panic!("{}", tree(source)));
    assert_eq!(format(&text).as_ref(), Ok(&text), "formatting twice");
    assert_eq!(tree(&text), tree(source));
    text
}

#[test]
fn programs_of_the_repository_keep_their_meaning() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<std::path::PathBuf> = ["tests", "examples", "benches"].map(|name| root.join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "dj") {
                let source = std::fs::read_to_string(&path).expect("a program is UTF-8");
                if parse(&source).1.is_empty() {
                    formatted(&source);
                }
            }
        }
    }
}

#[test]
fn a_program_with_errors_is_not_formatted() {
    let codes: Vec<&str> = format("let a = t | fliter x").unwrap_err().iter().map(|problem| problem.code.0).collect();
    assert_eq!(codes, ["DJ0114"]);
}

#[test]
fn spans_survive_a_second_parse() {
    let text = formatted("export a = t | filter (x) > 1 | take 3");
    let (file, _) = parse(&text);
    assert_eq!(without_lines(&dump(&file, &text)), "export a\n  from t\n  filter (> x 1)\n  take 1..3");
}

#[test]
fn the_other_columns_come_last() {
    insta::assert_snapshot!(formatted("table t{zip:str,..}"), @"table t { zip: str, .. }");
    insta::assert_snapshot!(formatted("table t { zip:str in 0..1 .. }"), @"table t { zip: str in 0..1, .. }");
    insta::assert_snapshot!(formatted("table t {\n zip:str # five digits\n id: i64\n # and the rest\n .. # of them\n}"), @r"
    table t {
      zip : str  # five digits
      id  : i64
      # and the rest
      ..  # of them
    }
    ");
    insta::assert_snapshot!(formatted("table t { a: i64, b: i64, c: i64, longer: f64 in 1e-9..6.02E+23, .. }"), @r"
    table t {
      a      : i64
      b      : i64
      c      : i64
      longer : f64 in 1e-9..6.02E+23
      ..
    }
    ");
}

#[test]
fn short_pipelines_stay_on_their_line() {
    insta::assert_snapshot!(formatted("let   a=t|take 3"), @"let a = t | take 3");
    insta::assert_snapshot!(formatted("export a = t"), @"export a = t");
    insta::assert_snapshot!(formatted("t|take 3"), @"t | take 3");
    insta::assert_snapshot!(formatted("(t|take 3)"), @"(t | take 3)");
    insta::assert_snapshot!(formatted("fn f( a,b ) = a+b"), @"fn f(a, b) = a + b");
    insta::assert_snapshot!(formatted("fn top(t,n) = t|take 3"), @"fn top(t, n) = t | take 3");
}

#[test]
fn longer_pipelines_have_a_transform_a_line() {
    insta::assert_snapshot!(formatted("let a = t | filter x > 1 | take 3"), @r"
    let a =
      t
      | filter x > 1
      | take 3
    ");
    insta::assert_snapshot!(formatted("t | filter x > 1 | take 3"), @r"
    t
    | filter x > 1
    | take 3
    ");
    insta::assert_snapshot!(formatted("fn top(t, n) = t | sort -n | take 3"), @r"
    fn top(t, n) =
      t
      | sort -n
      | take 3
    ");
    insta::assert_snapshot!(formatted("let a = t | filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb + 1111"), @r"
    let a =
      t
      | filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          > bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb + 1111
    ");
}

#[test]
fn tables() {
    insta::assert_snapshot!(formatted(r#"table t from "a" { a: i64, b: str? }"#), @r#"table t from "a" { a: i64, b: str? }"#);
    insta::assert_snapshot!(formatted(r#"table t { a: i64
bbb: str? }"#), @"table t { a: i64, bbb: str? }");
    insta::assert_snapshot!(formatted(r#"table t {
a: i64, bbb: str? }"#), @r"
    table t {
      a   : i64
      bbb : str?
    }
    ");
    insta::assert_snapshot!(formatted("table t { a: i64, bb: str?, ccc: decimal(9,2) in 0..1, d: date } shard by a"), @r"
    table t {
      a   : i64
      bb  : str?
      ccc : decimal(9, 2) in 0..1
      d   : date
    } shard by { a }
    ");
}

#[test]
fn braces_and_trailing_commas() {
    insta::assert_snapshot!(formatted("t | select {a} | drop {b} | rename {c=d} | sort {-e} | group {f} {n=count()} | group {g=h} {n=count()} | aggregate n=count() | distinct k | take 2 by k sort v | join z on {k}"), @r"
    t
    | select a
    | drop b
    | rename c = d
    | sort -e
    | group f { n = count() }
    | group { g = h } { n = count() }
    | aggregate { n = count() }
    | distinct { k }
    | take 2 by { k } sort { v }
    | join z on k
    ");
    insta::assert_snapshot!(formatted("let a = t | derive { aaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb = 2, cccccccccccccccc = 3 }"), @r"
    let a =
      t
      | derive {
          aaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1,
          bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb = 2,
          cccccccccccccccc = 3,
        }
    ");
    insta::assert_snapshot!(formatted("t | pivot {by k, on c in {1,2}, v = sum(x)} | unpivot a into {b,c} | window {rows ..0, by k} x=1 | window {} x=1"), @r"
    t
    | pivot { by { k }, on c in { 1, 2 }, v = sum(x) }
    | unpivot { a } into { b, c }
    | window { by { k }, rows ..0 } { x = 1 }
    | window {} { x = 1 }
    ");
}

#[test]
fn long_expressions_break_at_their_loosest_operators() {
    insta::assert_snapshot!(formatted("t | filter aaaaaaaaaaaaaaaaaaaaaaaaaaa > 1 and bbbbbbbbbbbbbbbbbbbbbbbbbb * 2 + ccccccccccccccccccccc > 3 or ddddddddddddd is null"), @r"
    t
    | filter aaaaaaaaaaaaaaaaaaaaaaaaaaa > 1
        and bbbbbbbbbbbbbbbbbbbbbbbbbb * 2 + ccccccccccccccccccccc > 3
        or ddddddddddddd is null
    ");
    insta::assert_snapshot!(formatted("t | derive x = ffffffffffffffff(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccc)"), @r"
    t
    | derive x = ffffffffffffffff(
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
        bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
        ccccccccccccccccccc,
      )
    ");
    insta::assert_snapshot!(formatted("t | derive x = case { aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => bbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccc => 1, else => 2 }"), @r"
    t
    | derive x = case {
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => bbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
        ccccccccccccccccccc => 1,
        else => 2,
      }
    ");
    insta::assert_snapshot!(formatted("t | join (zones | filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 3 | derive { aaaaaaaaaaaaaaaaaaaa = 33333333 } | take 4) on k"), @r"
    t
    | join (
        zones
        | filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 3
        | derive aaaaaaaaaaaaaaaaaaaa = 33333333
        | take 4
      ) on k
    ");
}

#[test]
fn parentheses_are_those_that_are_needed() {
    insta::assert_snapshot!(formatted("fn f(a,b,c) = (a + (b * c)) - ((a - b) - (b - c))"), @"fn f(a, b, c) = a + b * c - (a - b - (b - c))");
    insta::assert_snapshot!(formatted("fn f(a,b,c) = (a ** b) ** (c ** a)"), @"fn f(a, b, c) = (a ** b) ** c ** a");
    insta::assert_snapshot!(formatted("fn f(a,b,c) = -(a ** b) + (-a) ** b + (a as f64) ** 2"), @"fn f(a, b, c) = -(a ** b) + (-a) ** b + (a as f64) ** 2");
    insta::assert_snapshot!(formatted("fn f(a,b,c) = (a and b) or not (b or c) and (a == b) == c"), @"fn f(a, b, c) = a and b or not (b or c) and (a == b) == c");
    insta::assert_snapshot!(formatted("fn f(a,b,c) = (a in 1..(b+c)) == (a is null) and (a ?? b) + 1 > 0"), @"fn f(a, b, c) = (a in 1..b + c) == (a is null) and (a ?? b) + 1 > 0");
    insta::assert_snapshot!(formatted("fn f(a) = - -a - (-a)"), @"fn f(a) = - -a - -a");
    insta::assert_snapshot!(formatted("fn f(a) = (a + 1) as i64 + (a as i64)"), @"fn f(a) = (a + 1) as i64 + a as i64");
    insta::assert_snapshot!(formatted("fn f(a) = sum(`filter` filter a) + count(filter (-a > 0)) + sum(filter) + sum((filter + 1))"), @"fn f(a) = sum(`filter` filter a) + count(filter (-a > 0)) + sum(filter) + sum(`filter` + 1)");
}

#[test]
fn spelling() {
    insta::assert_snapshot!(formatted(r#"let a = t | filter `x` == `Total Amount` and `by` == 1_000 and s == "\u{41}\n" | `take`(3) | union `distinct`"#), @r#"
    let a =
      t
      | filter x == `Total Amount` and `by` == 1_000 and s == "\u{41}\n"
      | `take`(3)
      | union `distinct`
    "#);
    insta::assert_snapshot!(formatted(r#"let a = t | join left on `k` | join inner inner as x on y == z | sort `nulls`
`forward` | take 1"#), @r"
    let a =
      t
      | join left on k
      | join inner as x on y == z
      | sort nulls
    `forward` | take 1
    ");
}

#[test]
fn empty_lines_between_statements() {
    insta::assert_snapshot!(formatted(r#"

let a = t



let b = a
let c = b let d = c

"#), @r"
    let a = t

    let b = a
    let c = b
    let d = c
    ");
    insta::assert_snapshot!(formatted(""), @"");
    insta::assert_snapshot!(formatted(r#"

# only a comment  


"#), @"# only a comment");
}

#[test]
fn comments() {
    insta::assert_snapshot!(formatted(r#"#!first
# second

table trips { # at the brace
  # own line
  vendor : str # at a column
  # before the brace
}   # at the end
param x: i64 # parameter
 = 3
fn f(a) = # body
  # own
  a
# before the let"#), @r"
    #!first
    # second

    table trips {  # at the brace
      # own line
      vendor : str  # at a column
      # before the brace
    }  # at the end
    param x: i64 =  # parameter
    3
    fn f(a) =  # body
      # own
      a
    # before the let
    ");
}

#[test]
fn comments_of_pipelines() {
    insta::assert_snapshot!(formatted(r#"
let a = # source
  t # first
  # own line
  | # odd
  filter x # x
    and # and
    y
  | derive { # open
    a = 1 # one
    , b = case { # case
      x => 1, # arm
      # own
      else => 2 } # closed
    # last
  }
  | select a # single
  | select { b # inside
  }
  | join (z # nested
     | take 3 # three
     ) on k
  # dangling
export b = a # end
# very last"#), @r"
    let a =  # source
      t  # first
      # own line
      # odd
      | filter x  # x
          and  # and
          y
      | derive {  # open
          a = 1,  # one
          b = case {  # case
            x => 1,  # arm
            # own
            else => 2,
          },  # closed
          # last
        }
      | select a  # single
      | select {
          b,  # inside
        }
      | join (
          z  # nested
          | take 3
        ) on {  # three
          k,
        }
    # dangling
    export b = a  # end
    # very last
    ");
}

#[test]
fn comments_inside_brackets() {
    insta::assert_snapshot!(formatted(r#"let a = t | filter f(x, # one
 y # two
)"#), @r"
    let a =
      t
      | filter f(
          x,  # one
          y,
        )  # two
    ");
    insta::assert_snapshot!(formatted(r#"t # a
# b

# c
| take 1 # d"#), @r"
    t  # a
    # b
    # c
    | take 1  # d
    ");
    insta::assert_snapshot!(formatted(r#"let a = t | window { sort t # s
, by k # k
 } { # w
 x = 1 }"#), @r"
    let a =
      t
      | window {  # s
          by {
            k,  # k
          },
          sort { t },
        } {  # w
          x = 1,
        }
    ");
}

#[test]
fn line_ends_and_byte_order_mark() {
    insta::assert_snapshot!(formatted("\u{feff}let a = t # one\r\n\r\n  | take 3\r\n"), @r"
    let a =
      t  # one
      | take 3
    ");
}
