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
        "export result = t | filter d > @2024-02-30",
        "export result = t | filter d > @2024-01-31T24:00:00",
    ]), @r"
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

    export result = t | filter d > @2024-02-30
                                   ^^^^^^^^^^^ DJ0108: `@2024-02-30` is not in the calendar
                                     help: 2024-02 has 29 days

    export result = t | filter d > @2024-01-31T24:00:00
                                   ^^^^^^^^^^^^^^^^^^^^ DJ0108: `@2024-01-31T24:00:00` is not in the calendar
                                     help: a time of day is 00:00:00 to 23:59:59
    ");
}

#[test]
fn whole_queries() {
    insta::assert_snapshot!(problems(&[
        "select a, b from t where a > 1",
        "select * from t",
        "from t | filter a > 1",
        "from t\nfilter a > 1\nsort {-a}",
        "with x as (select a from t) select a from x",
        "export result = t | group by a { n = count() }",
        "export result = t | group_by a | agg { n = count() }",
        "export result = t | group a (aggregate { n = count() })",
        "export result = t | join u on t.a = u.a",
        "export result = t | join u using a",
        "export result = t | left join u on a",
        "export result = t | order by a",
        "export result = t | limit 10",
        "export result = t | filter a between 1 and 2",
        "export result = t | filter a in (1, 2)",
        "export result = t | filter a is not 3",
        "export result = t | filter not a in { 1 }",
        "export result = t | derive b = if a > 1 then 2 else 3",
        "export result = t | derive b = case when a > 1 then 2 else 3 end",
        "export result = t | derive b = a > 1 ? 2 : 3",
        "export result = t | derive a + 1 as b",
        "export result = t | derive b = cast(a as f64)",
        "export result = t | derive b = a::f64",
        "export result = t | derive b = count(*)",
        "export result = t | derive b = f\"{a}\"",
        "export result = t | filter s ilike \"a%\"",
        "export result = t | filter d > date \"2024-01-01\"",
        "export result = t.filter(a > 1)",
        "export result = t | filter(a > 1)",
        "export result = t[\"a\"]",
        "export result = t | select [a, b]",
        "export result = t | select a.*",
        "export result = t | derive b = a.round(2)",
        "export result = t | derive b = t[\"a\"]",
        "export result = t | distinct a, b",
        "export result = t | rename a as b",
        "export result = t | rename a -> b",
        "export result = t | rename { a: b }",
        "export result = t | derive { a: b + 1 }",
        "export result = t | union all u",
        "export result = t | window { partition by a } { n = count() }",
        "export result = t | take 5 offset 10",
        "export result = t | sort a nulls",
        "import t from \"a.csv\"",
        "table t(a: i64, b: str)",
        "table t from a.csv",
        "table t { a int, b text }",
        "param n = 5",
        "let n = 5",
        "fn f(x) { x + 1 }",
        "def f(x) = x + 1",
        "export t",
        "export t as x",
    ]), @r#"
    select a, b from t where a > 1
           ^ DJ0110: expected `|` or a new statement, found `a`
             help: a pipeline starts with its table: `trips | select { a, b }`

    select * from t
           ^ DJ0110: expected `|` or a new statement, found `*`
             help: a pipeline starts with its table: `trips | select { a, b }`

    from t | filter a > 1
         ^ DJ0110: expected `|` or a new statement, found `t`
           help: a pipeline starts with its table: `trips | filter ...`

    from t
         ^ DJ0110: expected `|` or a new statement, found `t`
           help: a pipeline starts with its table: `trips | filter ...`
    filter a > 1
    sort {-a}

    with x as (select a from t) select a from x
         ^ DJ0110: expected `|` or a new statement, found `x`
           help: a pipeline starts with its table: `trips | select { a, b }`

    export result = t | group by a { n = count() }
                              ^^ DJ0111: expected a name, found the reserved word `by`
                                help: leave `by` out: `group { a, b } { n = count() }`

    export result = t | group_by a | agg { n = count() }
                        ^^^^^^^^ DJ0114: expected a transform, found `group_by`
                          help: did you mean `group`?

    export result = t | group a (aggregate { n = count() })
                                ^ DJ0110: expected a name or `=`, found `(`
                                  help: aggregates follow the keys in braces: `group a { n = count() }`

    export result = t | join u on t.a = u.a
                                      ^ DJ0110: expected `nulls`, `|`, an operator or a new statement, found `=`
                                        help: equality is written `==`

    export result = t | join u using a
                               ^^^^^ DJ0110: expected `as` or `on`, found `using`
                                 help: columns of equal names are joined by `on`: `on { a, b }`

    export result = t | left join u on a
                        ^^^^ DJ0114: expected a transform, found `left`
                          help: the kind of a join stands after the word: `join left zones on zone`

    export result = t | order by a
                        ^^^^^ DJ0114: expected a transform, found `order`
                          help: did you mean `sort`?

    export result = t | limit 10
                        ^^^^^ DJ0114: expected a transform, found `limit`
                          help: did you mean `take`?

    export result = t | filter a between 1 and 2
                                 ^^^^^^^ DJ0110: expected `|`, an operator or a new statement, found `between`
                                   help: a range is tested by `in`, both ends included: `a in 1..10`

    export result = t | filter a in (1, 2)
                                      ^ DJ0110: expected `)` or an operator, found `,`
                                        help: a list of values is written in braces: `a in { 1, 2 }`

    export result = t | filter a is not 3
                                        ^ DJ0110: expected `null`, found `3`
                                          help: `is` is for `is null` and `is not null`; values are compared by `==` and `!=`

    export result = t | filter not a in { 1 }

    export result = t | derive b = if a > 1 then 2 else 3
                                      ^ DJ0110: expected `|`, an operator or a new statement, found `a`
                                        help: write `case { condition => value, else => other }`

    export result = t | derive b = case when a > 1 then 2 else 3 end
                                        ^^^^ DJ0110: expected `{`, found `when`
                                          help: write `case { condition => value, else => other }`

    export result = t | derive b = a > 1 ? 2 : 3
                                         ^ DJ0110: expected `|`, an operator or a new statement, found `?`
                                           help: write `case { condition => value, else => other }`

    export result = t | derive a + 1 as b
                                 ^ DJ0110: expected `=`, found `+`
                                   help: what is computed has a name: `total = sum(x)`

    export result = t | derive b = cast(a as f64)

    export result = t | derive b = a::f64
                                    ^ DJ0110: expected `|`, an operator or a new statement, found `:`
                                      help: a cast is written `x as T`

    export result = t | derive b = count(*)
                                         ^ DJ0110: expected an expression or `)`, found `*`
                                           help: `count()` counts rows

    export result = t | derive b = f"{a}"
                                    ^^^^^ DJ0110: expected `|`, an operator or a new statement, found `"{a}"`
                                      help: texts are put together by `concat(a, b)`

    export result = t | filter s ilike "a%"
                                 ^^^^^ DJ0110: expected `|`, an operator or a new statement, found `ilike`
                                   help: compare in lower case: `lower(s) like "a%"`

    export result = t | filter d > date "2024-01-01"
                                        ^^^^^^^^^^^^ DJ0110: expected `|`, an operator or a new statement, found `"2024-01-01"`
                                          help: a date is written `@2024-01-31`

    export result = t.filter(a > 1)
                     ^ DJ0110: expected `|` or a new statement, found `.`
                       help: transforms follow their table after `|`: `trips | filter a > 1`

    export result = t | filter(a > 1)

    export result = t["a"]
                     ^ DJ0104: `[` is no part of the language
                       help: a list is written in braces: `{ a, b }`

    export result = t | select [a, b]
                               ^ DJ0104: `[` is no part of the language
                                 help: a list is written in braces: `{ a, b }`

    export result = t | select a.*
                                 ^ DJ0110: expected a name, found `*`
                                   help: columns are listed by name; without `select`, all are kept

    export result = t | derive b = a.round(2)
                                          ^ DJ0110: expected `|`, an operator or a new statement, found `(`
                                            help: a function comes before its operands: `round(a, 2)`

    export result = t | derive b = t["a"]
                                    ^ DJ0104: `[` is no part of the language
                                      help: a list is written in braces: `{ a, b }`

    export result = t | distinct a, b
                                  ^ DJ0110: expected `|` or a new statement, found `,`
                                    help: a list of more than one item is written in braces: `{ a, b }`

    export result = t | rename a as b
                                 ^^ DJ0110: expected `=`, found the reserved word `as`
                                   help: write `rename { new = old }`

    export result = t | rename a -> b
                                 ^ DJ0110: expected `=`, found `-`
                                   help: write `rename { new = old }`

    export result = t | rename { a: b }
                                  ^ DJ0110: expected `=`, found `:`
                                    help: a name is given by `=`: `total = a + b`

    export result = t | derive { a: b + 1 }
                                  ^ DJ0110: expected `=`, found `:`
                                    help: a name is given by `=`: `total = a + b`

    export result = t | union all u
                                  ^ DJ0110: expected `|` or a new statement, found `u`
                                    help: `union` keeps all rows: leave `all` out

    export result = t | window { partition by a } { n = count() }
                                 ^^^^^^^^^ DJ0110: expected `by`, `rows`, `sort` or `}`, found `partition`
                                   help: the rows of a window are parted by `by`: `window { by { k }, sort { t } }`

    export result = t | take 5 offset 10
                               ^^^^^^ DJ0110: expected `..`, `by`, `|` or a new statement, found `offset`
                                 help: rows are skipped by a range: `take 11..15` leaves out ten

    export result = t | sort a nulls
                                    ^ DJ0110: expected `first` or `last`, found the end of the file

    import t from "a.csv"
           ^ DJ0110: expected `|` or a new statement, found `t`
             help: a table is declared by `table trips from "trips.csv"`

    table t(a: i64, b: str)
           ^ DJ0110: expected `from`, `shard`, `{` or a new statement, found `(`
             help: columns are listed in braces: `table t { a: i64, b: str? }`

    table t from a.csv
                 ^ DJ0110: expected a text, found `a`
                   help: a path is a text: `from "trips.csv"`

    table t { a int, b text }
                ^^^ DJ0110: expected `:`, found `int`
                  help: a column is declared by its name and type: `a: i64`

    param n = 5
            ^ DJ0110: expected `:`, found `=`
              help: a type is given by `:`: `param low: f64 = 0.0`

    let n = 5
            ^ DJ0110: expected a name, found `5`
              help: a `let` is a table; a value is a parameter, `param n: i64 = 5`, or a function, `fn n() = 5`

    fn f(x) { x + 1 }
            ^ DJ0110: expected `=`, found `{`
              help: a function is written `fn f(x) = x + 1`

    def f(x) = x + 1
        ^ DJ0110: expected `|` or a new statement, found `f`
          help: a function is written `fn f(x) = x + 1`

    export t
            ^ DJ0110: expected `=`, found the end of the file
              help: an export has a name of its own: `export result = t`

    export t as x
             ^^ DJ0110: expected `=`, found the reserved word `as`
               help: an export has a name of its own: `export result = t`
    "#);
}
