//! What is said to those who come from other languages.

mod common;

use common::problems;

#[test]
fn foreign_signs() {
    insta::assert_snapshot!(problems(&[
        "let a = t | filter a = 1",
        "let a = t | filter a && b",
        "let a = t | filter a || b",
        "let a = t | filter !a",
        "let a = t | filter a <> b",
        "let a = t | filter a === b",
        "let a = t | filter a == 'x'",
        "let a = t | filter a == “x”",
        "let a = t;",
        "let a = t | filter a in [1]",
    ]), @r#"
    let a = t | filter a = 1
                         ^ DJ0110: expected `|`, an operator or a new statement, found `=`
                           help: equality is written `==`

    let a = t | filter a && b
                         ^^ DJ0104: `&&` is no part of the language
                           help: write `and`

    let a = t | filter a || b
                         ^^ DJ0104: `||` is no part of the language
                           help: write `or`; texts are joined by `concat(a, b)`

    let a = t | filter !a
                       ^ DJ0104: `!` is no part of the language
                         help: write `not`

    let a = t | filter a <> b
                         ^^ DJ0104: `<>` is no part of the language
                           help: inequality is written `!=`

    let a = t | filter a === b
                         ^^^ DJ0104: `===` is no part of the language
                           help: equality is written `==`

    let a = t | filter a == \'x\'
                            ^^^ DJ0104: single quotes are no part of the language
                              help: a text is written in double quotes: `"x"`

    let a = t | filter a == “x”
                            ^ DJ0104: `“` is no part of the language
                              help: a text is written in straight double quotes: `"text"`

    let a = t;
             ^ DJ0104: `;` is no part of the language
               help: nothing is needed between statements

    let a = t | filter a in [1]
                            ^ DJ0104: `[` is no part of the language
                              help: a list is written in braces: `{ a, b }`
    "#);
}

#[test]
fn foreign_words() {
    insta::assert_snapshot!(problems(&[
        "let a = t | filter a ^ 2",
        r#"// comment
let a = t"#,
        r#"let a = t
-- comment
let b = t"#,
        "let a = t | FILTER a > 1",
        "let a = t | filter a AND b",
        "let a = t | filter x is 3",
        "let a = t | filter x in 3",
        "let a = t | filter x as i64? > 3",
        "let a = t | derive { a: 1 }",
        "let a = t | derive a == 1",
    ]), @r"
    let a = t | filter a ^ 2
                         ^ DJ0104: `^` is no part of the language
                           help: a power is written `x ** 2`; bit operations are functions

    // comment
    ^^ DJ0110: expected a new statement, found `//`
      help: a comment begins with `#`
    let a = t

    let a = t
    -- comment
    ^ DJ0110: expected `|` or a new statement, found `-`
      help: a comment begins with `#`
    let b = t

    let a = t | FILTER a > 1
                ^^^^^^ DJ0114: expected a transform, found `FILTER`
                  help: did you mean `filter`?

    let a = t | filter a AND b
                         ^^^ DJ0110: expected `|`, an operator or a new statement, found `AND`
                           help: words of the language are in lower case: `and`

    let a = t | filter x is 3
                            ^ DJ0110: expected `not` or `null`, found `3`
                              help: `is` is for `is null` and `is not null`; values are compared by `==` and `!=`

    let a = t | filter x in 3
                             ^ DJ0110: expected `..` or an operator, found the end of the file
                               help: write `x in { 1, 2 }` or `x in 1..10`

    let a = t | filter x as i64? > 3
                               ^ DJ0110: expected `|`, an operator or a new statement, found `?`
                                 help: `x as? T` gives null where the cast fails; only declarations have a `?` after the type

    let a = t | derive { a: 1 }
                          ^ DJ0110: expected `=`, found `:`
                            help: a name is given by `=`: `total = a + b`

    let a = t | derive a == 1
                         ^^ DJ0110: expected `=`, found `==`
                           help: a name is given by a single `=`: `total = a + b`
    ");
}

#[test]
fn foreign_forms() {
    insta::assert_snapshot!(problems(&[
        "let a = t | group k { count(*) }",
        "let a = t | group k { n = count(*) }",
        "let a = t | select { a + 1 }",
        "let a = t | select a, b",
        "let a = t | sort length(x)",
        "let a = t | filter case { a -> b }",
        "let a = t | filter größe > 1",
        "let a = t | filter a\u{a0}> 1",
    ]), @r#"
    let a = t | group k { count(*) }
                               ^ DJ0110: expected `=`, found `(`
                                 help: what is computed has a name: `total = sum(x)`

    let a = t | group k { n = count(*) }
                                    ^ DJ0110: expected an expression or `)`, found `*`
                                      help: `count()` counts rows

    let a = t | select { a + 1 }
                           ^ DJ0110: expected `,`, `=` or `}`, found `+`
                             help: what is computed has a name: `total = sum(x)`

    let a = t | select a, b
                        ^ DJ0110: expected `=`, `|` or a new statement, found `,`
                          help: a list of more than one item is written in braces: `{ a, b }`

    let a = t | sort length(x)
                           ^ DJ0110: expected `nulls`, `|` or a new statement, found `(`
                             help: an expression to sort by is written in parentheses: `sort { -(a + b) }`

    let a = t | filter case { a -> b }
                                 ^ DJ0110: expected an expression, found `>`
                                   help: an arm is written `condition => value`

    let a = t | filter größe > 1
                         ^^ DJ0104: `öß` is no part of the language
                           help: a name with other letters than a to z is written in backticks

    let a = t | filter a\u{a0}> 1
                        ^ DJ0104: `\u{a0}` is no part of the language
                          help: this looks like a space and is another character
    "#);
}

#[test]
fn words_after_what_is_complete() {
    insta::assert_snapshot!(problems(&[
        "export result = t | sort a desc",
        "export result = t | sort { a desc, b }",
        "export result = t | sort a asc | take 3",
        "export result = t | take 10 rows",
        "export result = t | drop x s",
        "export result = t | select a b",
        "export result = t | derive y = 5 days",
        "export result = t | filter d > @2024-01-31 - 2 weeks",
        "let a = t | take 3 t | take 2",
        "t | sort a desc",
        "fn f(t) = t | take 10 rows",
        "table t { .. }",
        "table t { id: i64 } from \"t.csv\"",
        "export result = t | filter d > @2024-02-30",
        "export result = t | filter d > @2024-01-31T24:00:00",
    ]), @r#"
    export result = t | sort a desc
                               ^^^^ DJ0110: expected `nulls`, `|` or a new statement, found `desc`
                                 help: `-` is the descending direction: `sort -a`

    export result = t | sort { a desc, b }
                                 ^^^^ DJ0110: expected `,`, `nulls` or `}`, found `desc`
                                   help: `-` is the descending direction: `sort -a`

    export result = t | sort a asc | take 3
                               ^^^ DJ0110: expected `nulls`, `|` or a new statement, found `asc`
                                 help: ascending is the default: leave the word out

    export result = t | take 10 rows
                                ^^^^ DJ0110: expected `..`, `by`, `|` or a new statement, found `rows`
                                  help: `take 10` counts rows: leave the word out

    export result = t | drop x s
                               ^ DJ0110: expected `|` or a new statement, found `s`
                                 help: a list of more than one is written in braces: `drop { x, s }`

    export result = t | select a b
                                 ^ DJ0110: expected `=`, `|` or a new statement, found `b`
                                   help: a list of more than one is written in braces: `select { a, b }`

    export result = t | derive y = 5 days
                                     ^^^^ DJ0110: expected `|`, an operator or a new statement, found `days`
                                       help: a time has its unit right after the number: `5d`

    export result = t | filter d > @2024-01-31 - 2 weeks
                                                   ^^^^^ DJ0110: expected `|`, an operator or a new statement, found `weeks`
                                                     help: a time has its unit right after the number: `2w`

    let a = t | take 3 t | take 2
                       ^ DJ0110: expected `..`, `by`, `|` or a new statement, found `t`

    t | sort a desc
               ^^^^ DJ0110: expected `nulls`, `|` or a new statement, found `desc`
                 help: `-` is the descending direction: `sort -a`

    fn f(t) = t | take 10 rows
                          ^^^^ DJ0110: expected `..`, `by`, `|` or a new statement, found `rows`
                            help: `take 10` counts rows: leave the word out

    table t { .. }
              ^^ DJ0110: expected a name, found `..`
                help: without the braces, all columns are the bound file's; with `..`, declare at least one before it

    table t { id: i64 } from "t.csv"
                        ^^^^ DJ0110: expected `shard` or a new statement, found `from`
                          help: the file is named before the columns: `table t from "t.csv" { id: i64 }`

    export result = t | filter d > @2024-02-30
                                   ^^^^^^^^^^^ DJ0108: `@2024-02-30` is not in the calendar
                                     help: 2024-02 has 29 days

    export result = t | filter d > @2024-01-31T24:00:00
                                   ^^^^^^^^^^^^^^^^^^^^ DJ0108: `@2024-01-31T24:00:00` is not in the calendar
                                     help: a time of day is 00:00:00 to 23:59:59
    "#);
}

#[test]
fn computed_where_a_column_stands() {
    insta::assert_snapshot!(problems(&[
        "let a = t | sort abs(x)",
        "let a = t | sort -abs(x)",
        "let a = t | sort { a, abs(x) }",
        "table t { x: i64 }\n\nt | sort abs(x)",
        "let a = t | group month(d) { n = count() }",
        "let a = t | group { a, month(d) } { n = count() }",
        "let a = t | select { a, month(d) }",
        "let a = t | derive b = case { x > 1: \"a\" }",
        "table t (x: i64)",
    ]), @r#"
    let a = t | sort abs(x)
                        ^ DJ0110: expected `nulls`, `|` or a new statement, found `(`
                          help: an expression to sort by is written in parentheses: `sort { -(a + b) }`

    let a = t | sort -abs(x)
                         ^ DJ0110: expected `nulls`, `|` or a new statement, found `(`
                           help: an expression to sort by is written in parentheses: `sort { -(a + b) }`

    let a = t | sort { a, abs(x) }
                             ^ DJ0110: expected `,`, `nulls` or `}`, found `(`
                               help: an expression stands in parentheses: `sort -(abs(x))`

    table t { x: i64 }

    t | sort abs(x)
                ^ DJ0110: expected `nulls`, `|` or a new statement, found `(`
                  help: an expression to sort by is written in parentheses: `sort { -(a + b) }`

    let a = t | group month(d) { n = count() }
                           ^ DJ0110: expected a name or `=`, found `(`
                             help: what is computed has a name: `total = sum(x)`

    let a = t | group { a, month(d) } { n = count() }
                                ^ DJ0110: expected `,`, `=` or `}`, found `(`
                                  help: what is computed has a name: `total = sum(x)`

    let a = t | select { a, month(d) }
                                 ^ DJ0110: expected `,`, `=` or `}`, found `(`
                                   help: what is computed has a name: `total = sum(x)`

    let a = t | derive b = case { x > 1: "a" }
                                       ^ DJ0110: expected `=>` or an operator, found `:`
                                         help: write `case { condition => value, else => other }`

    table t (x: i64)
          ^^^ DJ0113: a call has no space before its `(`: expected `t(`
            help: remove the space
    "#);
}

#[test]
fn parts_in_another_order() {
    insta::assert_snapshot!(problems(&[
        "let a = t | window { by k sort x } { n = count() }",
        "let a = t | join asof u on x forward within 1",
    ]), @r"
    let a = t | window { by k sort x } { n = count() }
                              ^^^^ DJ0110: expected `,`, `=` or `}`, found `sort`
                                help: the parts of a window are separated by commas: `..., sort ...`

    let a = t | join asof u on x forward within 1
                                         ^^^^^^ DJ0110: expected `|` or a new statement, found `within`
                                           help: `within` stands before `forward`
    ");
}
