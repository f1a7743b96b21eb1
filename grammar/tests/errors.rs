//! What is said about programs that are none.

mod common;

use common::problems;

#[test]
fn every_statement_reports_its_error() {
    insta::assert_snapshot!(problems(&[
        r#"let a = t | filter
export b = a | take 3
let = c
export d = a | sort length(x)"#,
        r#"table t { a: i64
let b = t | filter (x > 1
export c = b | take"#,
    ]), @r#"
    let a = t | filter
    export b = a | take 3
    ^^^^^^ DJ0110: expected an expression, found a new statement, `export`
    let = c
        ^ DJ0110: expected a name, found `=`
    export d = a | sort length(x)
                              ^ DJ0110: expected `nulls`, `|` or a new statement, found `(`
                                help: an expression to sort by is written in parentheses: `sort { -(a + b) }`

    table t { a: i64
    let b = t | filter (x > 1
    ^^^ DJ0115: `{` is not closed: expected a name, `,`, `..`, `?`, `in` or `}`, found a new statement, `let`
    export c = b | take
    ^^^^^^ DJ0115: `(` is not closed: expected an operator or `)`, found a new statement, `export`
                       ^ DJ0110: expected a name or a whole number, found the end of the file
    "#);
}

#[test]
fn transforms() {
    insta::assert_snapshot!(problems(&[
        "let a = t | fliter x",
        "let a = t | where x",
        "let a = t | order_by x",
        "let a = t | busiest",
        r#"let a = t
filter x > 1"#,
        r#"let a = t
filter x > 1
let b = a"#,
        "let a = t | take 1 | | take 2",
    ]), @r"
    let a = t | fliter x
                ^^^^^^ DJ0114: expected a transform, found `fliter`
                  help: did you mean `filter`?

    let a = t | where x
                ^^^^^ DJ0114: expected a transform, found `where`
                  help: did you mean `filter`?

    let a = t | order_by x
                ^^^^^^^^ DJ0114: expected a transform, found `order_by`
                  help: did you mean `sort`?

    let a = t | busiest
                ^^^^^^^ DJ0114: expected a transform, found `busiest`
                  help: the transforms are filter, derive, select, drop, rename, group, aggregate, join, sort, take, distinct, union, intersect, except, window, pivot, unpivot, assert, shard, replicate
                  help: a pipeline function of that name is called with parentheses: `| busiest()`

    let a = t
    filter x > 1
    ^^^^^^ DJ0110: expected `|` before the transform `filter`
      help: write `| filter ...`

    let a = t
    filter x > 1
    ^^^^^^ DJ0110: expected `|` before the transform `filter`
      help: write `| filter ...`
    let b = a

    let a = t | take 1 | | take 2
                         ^ DJ0110: expected a transform, found `|`
    ");
}

#[test]
fn calls_have_no_space() {
    insta::assert_snapshot!(problems(&[
        "let a = t | filter round (x, 2) > 1",
        "let a = t | top (3)",
        "fn f (x) = x",
        "param x: decimal (9, 2)",
    ]), @r"
    let a = t | filter round (x, 2) > 1
                       ^^^^^^^ DJ0113: a call has no space before its `(`: expected `round(`
                         help: remove the space

    let a = t | top (3)
                ^^^^^ DJ0113: a call has no space before its `(`: expected `top(`
                  help: remove the space

    fn f (x) = x
       ^^^ DJ0113: a call has no space before its `(`: expected `f(`
         help: remove the space

    param x: decimal (9, 2)
             ^^^^^^^^^ DJ0113: a call has no space before its `(`: expected `decimal(`
               help: remove the space
    ");
}

#[test]
fn reserved_words() {
    insta::assert_snapshot!(problems(&[
        "let a = t | select { by, b }",
        "let a = t | derive table = 1 | sort x",
        r#"table t { let: i64 }
let b = t"#,
        "let on = t",
    ]), @r"
    let a = t | select { by, b }
                         ^^ DJ0111: expected a name, found the reserved word `by`
                           help: to use it as a name, write it in backticks: `` `by` ``

    let a = t | derive table = 1 | sort x
                       ^^^^^ DJ0111: expected a name, found the reserved word `table`
                         help: to use it as a name, write it in backticks: `` `table` ``

    table t { let: i64 }
              ^^^ DJ0111: expected a name, found the reserved word `let`
                help: to use it as a name, write it in backticks: `` `let` ``
    let b = t

    let on = t
        ^^ DJ0111: expected a name, found the reserved word `on`
          help: to use it as a name, write it in backticks: `` `on` ``
    ");
}

#[test]
fn brackets() {
    insta::assert_snapshot!(problems(&[
        "let a = t | filter (x > 1",
        r#"let a = t | select { a, b
let b = t"#,
        r#"let a = t | filter f(x

# comment"#,
    ]), @r"
    let a = t | filter (x > 1
                             ^ DJ0115: `(` is not closed: expected an operator or `)`, found the end of the file

    let a = t | select { a, b
    let b = t
    ^^^ DJ0115: `{` is not closed: expected `,`, `=` or `}`, found a new statement, `let`

    let a = t | filter f(x
                          ^ DJ0115: `(` is not closed: expected `,`, `filter`, an operator or `)`, found the end of the file

    # comment
    ");
}

#[test]
fn bare_pipelines() {
    insta::assert_snapshot!(problems(&[
        r#"t | take 3
let a = t"#,
        r#"let a = t
a | take 3
let b = t"#,
    ]), @r"
    t | take 3
    ^^^^^^^^^^ DJ0116: a pipeline without a name must be the last statement of its file
      help: name it: `let NAME = ...` to use it below, `export NAME = ...` to output it
      help: where it should continue the statement above, a transform begins with `|`
    let a = t

    let a = t
    a | take 3
    ^^^^^^^^^^ DJ0116: a pipeline without a name must be the last statement of its file
      help: name it: `let NAME = ...` to use it below, `export NAME = ...` to output it
      help: where it should continue the statement above, a transform begins with `|`
    let b = t
    ");
}

#[test]
fn texts_and_names() {
    insta::assert_snapshot!(problems(&[
        r#"let a = t | filter "abc
let b = t | filter `abc
let c = t | filter ``"#,
        r#"let a = t | filter x == "\d\u{110000}\u{}""#,
    ]), @r#"
    let a = t | filter "abc
                       ^ DJ0105: a text is not closed on its line
                         help: a line break in a text is written `\n`
    let b = t | filter `abc
                       ^ DJ0105: a name in backticks is not closed on its line
                         help: it ends with a backtick
    let c = t | filter ``
                       ^^ DJ0105: a name in backticks is empty

    let a = t | filter x == "\\d\\u{110000}\\u{}"
                             ^^ DJ0106: `\d` is an unknown escape
                               help: the escapes are \n, \t, \", \\ and \u{...}; a backslash itself is written `\\`
                               ^^^^^^^^^^ DJ0106: `\u{110000}` is not a Unicode character
                                 help: an example is `\u{1F600}`
                                         ^^^^ DJ0106: `\u{}` is not a Unicode character
                                           help: an example is `\u{1F600}`
    "#);
}

#[test]
fn numbers() {
    insta::assert_snapshot!(problems(&[
        "fn f() = 1.",
        "fn f() = .5",
        "fn f() = 1e",
        "fn f() = 1e5s",
        "fn f() = 1.e5",
        "fn f() = 1e999",
        "let a = t | take 1e3",
        "fn f() = 0xff",
        "fn f() = 1__0",
        "fn f() = 5m",
        "fn f() = 1.5h",
        "fn f() = 2a",
        "let a = t | take 99999999999999999999",
        "fn f() = 9999999999999w",
    ]), @r#"
    fn f() = 1.
             ^^ DJ0107: `1.` has no digit after its dot
               help: write `1.0` or `1`

    fn f() = .5
             ^ DJ0110: expected an expression, found `.`
               help: a number has digits on both sides of its dot: `0.5`

    fn f() = 1e
             ^^ DJ0107: `1e` has no digit in its exponent
               help: a number with an exponent is written `1e-9` or `6.02e23`

    fn f() = 1e5s
             ^^^^ DJ0107: `1e5s` is not a number
               help: an exponent is the last of a number and has digits alone: `1e-9`

    fn f() = 1.e5
             ^^^^ DJ0107: `1.` has no digit after its dot
               help: write `1.0` or `1`

    fn f() = 1e999
             ^^^^^ DJ0107: `1e999` is too large: the largest f64 is 1.7976931348623157e308

    let a = t | take 1e3
                     ^^^ DJ0110: expected a name or a whole number, found `1e3`
                       help: a count is written without a dot or an exponent: `1_000`

    fn f() = 0xff
             ^^^^ DJ0107: `0xff` is not a number
               help: numbers are decimal: `2_500_000`, `0.001`, `1e-9`

    fn f() = 1__0
             ^^^^ DJ0107: `1__0` has an underscore that is not between two digits
               help: underscores separate digits: `1_000`

    fn f() = 5m
             ^^ DJ0107: `m` is not a unit of time, and a name cannot start with a digit
               help: the units are `us`, `ms`, `s`, `min`, `h`, `d`, `w`, `mo`, `y`

    fn f() = 1.5h
             ^^^^ DJ0107: `1.5h` is not a duration: only whole numbers have a unit
               help: use a smaller unit: one and a half hours are `90min`

    fn f() = 2a
             ^^ DJ0107: `a` is not a unit of time, and a name cannot start with a digit
               help: the units are `us`, `ms`, `s`, `min`, `h`, `d`, `w`, `mo`, `y`

    let a = t | take 99999999999999999999
                     ^^^^^^^^^^^^^^^^^^^^ DJ0107: `99999999999999999999` is too large: at most 18446744073709551615 fits here

    fn f() = 9999999999999w
             ^^^^^^^^^^^^^^ DJ0107: `9999999999999w` is too long a time: durations are 64-bit microseconds
    "#);
}

#[test]
fn dates() {
    insta::assert_snapshot!(problems(&[
        "fn f() = @2024-02-30",
        "fn f() = @2024-1-3",
        "fn f() = @2024-01-03T25:00:00",
        "fn f() = @2024-01-03T08:00:00.1234567",
        "fn f() = @2024-01-03T08:00:00Z",
    ]), @r"
    fn f() = @2024-02-30
             ^^^^^^^^^^^ DJ0108: `@2024-02-30` is not in the calendar
               help: 2024-02 has 29 days

    fn f() = @2024-1-3
             ^^^^^^^^^ DJ0108: `@` begins a date or a timestamp, and what follows is neither
               help: a date is written `@2024-01-31`, a timestamp `@2024-01-31T08:30:00`

    fn f() = @2024-01-03T25:00:00
             ^^^^^^^^^^^^^^^^^^^^ DJ0108: `@2024-01-03T25:00:00` is not in the calendar
               help: a time of day is 00:00:00 to 23:59:59

    fn f() = @2024-01-03T08:00:00.1234567
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ DJ0108: `@2024-01-03T08:00:00.1234567` is too exact: timestamps are in microseconds
               help: write at most six digits after the dot

    fn f() = @2024-01-03T08:00:00Z
             ^^^^^^^^^^^^^^^^^^^^^ DJ0108: `@` begins a date or a timestamp, and what follows is neither
               help: a date is written `@2024-01-31`, a timestamp `@2024-01-31T08:30:00`
               help: timestamps are UTC: leave the `Z` out
    ");
}

#[test]
fn clauses_twice() {
    insta::assert_snapshot!(problems(&["let a = t | window { by a, by b, rows 1.., range 1.. } x = 1"]), @r"
    let a = t | window { by a, by b, rows 1.., range 1.. } x = 1
                               ^^^^ DJ0117: the window has more than one `by`
                                               ^^^^^^^^^ DJ0117: the window has more than one `rows` or `range`
    ");
}

#[test]
fn unexpected_in_pipelines() {
    insta::assert_snapshot!(problems(&[
        "let a =",
        "let a = t |",
        "let a = t b c",
        r#"let a = t | filter a b
let b = t"#,
        "let a = t | take n",
        "let a = t | take(3)",
        "let a = t | select { a b }",
        "let a = t | drop { a.b }",
        "table t { a i64 }",
        "mesh a = x",
    ]), @r#"
    let a =
           ^ DJ0110: expected a name, found the end of the file

    let a = t |
               ^ DJ0110: expected a transform, found the end of the file

    let a = t b c
              ^ DJ0110: expected `|` or a new statement, found `b`

    let a = t | filter a b
                         ^ DJ0110: expected `|`, an operator or a new statement, found `b`
    let b = t

    let a = t | take n

    let a = t | take(3)
                    ^ DJ0110: expected a name or a whole number, found `(`
                      help: a transform is not called: its operands follow it without parentheses

    let a = t | select { a b }
                           ^ DJ0110: expected `,`, `=` or `}`, found `b`
                             help: the items of a list are separated by commas: `a, b`

    let a = t | drop { a.b }
                        ^ DJ0110: expected `,` or `}`, found `.`
                          help: `.` is written without space, and at most once: `left.x`

    table t { a i64 }
                ^^^ DJ0110: expected `:`, found `i64`
                  help: a column is declared by its name and type: `a: i64`

    mesh a = x
             ^ DJ0110: expected a whole number, found `x`
    "#);
}

#[test]
fn unexpected_elsewhere() {
    insta::assert_snapshot!(problems(&[
        "param x = 3",
        "param x: i64 = 3 + 4",
        "fn f = 3",
        "let a = t | join z",
        "let a = t | window x = 1",
        "let a = t | window { rows 1 } x = 1",
        "let a = t | filter case { a = 3 }",
        "let a = t | filter x )",
        "hello world",
        "from t | take 3",
    ]), @r"
    param x = 3
            ^ DJ0110: expected `:`, found `=`
              help: a type is given by `:`: `param low: f64 = 0.0`

    param x: i64 = 3 + 4
                     ^ DJ0110: expected a new statement, found `+`
                       help: a parameter's default is one literal

    fn f = 3
       ^ DJ0110: expected a name with a `(` right after it, found `f`

    let a = t | join z
                      ^ DJ0110: expected `as` or `on`, found the end of the file

    let a = t | window x = 1
                       ^ DJ0110: expected `{`, found `x`
                         help: write `window { by { k }, sort { t }, rows -6..0 } { total = sum(x) }`

    let a = t | window { rows 1 } x = 1
                                ^ DJ0110: expected `..` or an operator, found `}`
                                  help: a frame has two ends, of which one may be left out: `rows -6..0`, `rows ..0`

    let a = t | filter case { a = 3 }
                                ^ DJ0110: expected `=>` or an operator, found `=`
                                  help: equality is written `==`

    let a = t | filter x )
                         ^ DJ0110: expected `|`, an operator or a new statement, found `)`

    hello world
          ^^^^^ DJ0110: expected `|` or a new statement, found `world`

    from t | take 3
         ^ DJ0110: expected `|` or a new statement, found `t`
           help: a pipeline starts with its table: `trips | filter ...`
    ");
}
