//! Names, literals, calls and how operators group, level by level of the language's table.

mod common;

use common::{expressions, problems};

#[test]
fn names_in_backticks() {
    insta::assert_snapshot!(expressions(&["`Total Amount` + `by`", "`a``b`.`c d`", "`f g`(1)", "`plain`"]), @r"
    `Total Amount` + `by`  =>  (+ `Total Amount` `by`)
    `a``b`.`c d`  =>  `a``b`.`c d`
    `f g`(1)  =>  (call `f g` 1)
    `plain`  =>  plain
    ");
}

#[test]
fn calls() {
    insta::assert_snapshot!(expressions(&[
        "round(x, 2)",
        "count()",
        "sum(x filter y > 0)",
        "count(filter y > 0)",
        "count(filter not y)",
        "count(filter (a and b))",
        "sum(filter)",
        "sum(filter + 1)",
        "sum(filter - 1)",
        "count(filter -k == 0)",
        "sum(`filter` - 1)",
        "sum(filter, 1)",
        "quantile(x, 0.9 filter z is not null)",
        "f(x, y,)",
        "left(x)",
    ]), @r"
    round(x, 2)  =>  (call round x 2)
    count()  =>  (call count)
    sum(x filter y > 0)  =>  (call sum x (filter (> y 0)))
    count(filter y > 0)  =>  (call count (filter (> y 0)))
    count(filter not y)  =>  (call count (filter (not y)))
    count(filter (a and b))  =>  (call count (filter (and a b)))
    sum(filter)  =>  (call sum filter)
    sum(filter + 1)  =>  (call sum (+ filter 1))
    sum(filter - 1)  =>  (call sum (filter (- 1)))
    count(filter -k == 0)  =>  (call count (filter (== (- k) 0)))
    sum(`filter` - 1)  =>  (call sum (- filter 1))
    sum(filter, 1)  =>  (call sum filter 1)
    quantile(x, 0.9 filter z is not null)  =>  (call quantile x 0.9 (filter (is not null z)))
    f(x, y,)  =>  (call f x y)
    left(x)  =>  (call left x)
    ");
}

#[test]
fn literals() {
    insta::assert_snapshot!(expressions(&[
        "1_000",
        "1.5",
        "0.000_1",
        "1e-9",
        "6.02E+23",
        "-1_000.5e3 - 1",
        r#""text""#,
        r#""a\n\t\"\\\u{1F600}b # no comment""#,
        "true",
        "false",
        "null",
        "@2024-01-31",
        "@1969-12-31",
        "@2024-01-31T08:30:00",
        "@2024-01-31T08:30:00.123456",
        "90d",
        "5min",
        "30s",
        "7us",
    ]), @r#"
    1_000  =>  1000
    1.5  =>  1.5
    0.000_1  =>  0.0001
    1e-9  =>  1e-9
    6.02E+23  =>  6.02E+23
    -1_000.5e3 - 1  =>  (- (- 1000.5e3) 1)
    "text"  =>  "text"
    "a\n\t\"\\\u{1F600}b # no comment"  =>  "a\n\t\"\\😀b # no comment"
    true  =>  true
    false  =>  false
    null  =>  null
    @2024-01-31  =>  (date 19753)
    @1969-12-31  =>  (date -1)
    @2024-01-31T08:30:00  =>  (timestamp 1706689800000000)
    @2024-01-31T08:30:00.123456  =>  (timestamp 1706689800123456)
    90d  =>  (duration 7776000000000)
    5min  =>  (duration 300000000)
    30s  =>  (duration 30000000)
    7us  =>  (duration 7)
    "#);
    insta::assert_snapshot!(expressions(&["1_5ms", "2h", "1w", "3mo", "1y", "@2024-01-31-1d"]), @r"
    1_5ms  =>  (duration 15000)
    2h  =>  (duration 7200000000)
    1w  =>  (duration 604800000000)
    3mo  =>  (months 3)
    1y  =>  (months 12)
    @2024-01-31-1d  =>  (- (date 19753) (duration 86400000000))
    ");
}

#[test]
fn case() {
    insta::assert_snapshot!(expressions(&[
        r#"case { a > 1 => "x", b => y, else => null }"#,
        "case { a => 1 }",
        "case { a => case { b => 1, else => 2 }, }",
    ]), @r#"
    case { a > 1 => "x", b => y, else => null }  =>  (case ((> a 1) => "x") (b => y) (else => null))
    case { a => 1 }  =>  (case (a => 1))
    case { a => case { b => 1, else => 2 }, }  =>  (case (a => (case (b => 1) (else => 2))))
    "#);
}

#[test]
fn casts() {
    insta::assert_snapshot!(expressions(&[
        "x as i64",
        "x as decimal(9, 2)",
        "x as? date",
        "x as i64 as? f64",
        "x as i64 ?? 0",
        "-x as i64",
    ]), @r"
    x as i64  =>  (as x i64)
    x as decimal(9, 2)  =>  (as x decimal(9, 2))
    x as? date  =>  (as? x date)
    x as i64 as? f64  =>  (as? (as x i64) f64)
    x as i64 ?? 0  =>  (?? (as x i64) 0)
    -x as i64  =>  (- (as x i64))
    ");
}

#[test]
fn power_is_tighter_than_sign_and_groups_from_the_right() {
    insta::assert_snapshot!(expressions(&[
        "-a ** b",
        "a ** -b",
        "a ** b ** c",
        "2 ** -x ** 3",
        "(a ** b) ** c",
        "a ** b as i64",
        "(a as i64) ** b",
    ]), @r"
    -a ** b  =>  (- (** a b))
    a ** -b  =>  (** a (- b))
    a ** b ** c  =>  (** a (** b c))
    2 ** -x ** 3  =>  (** 2 (- (** x 3)))
    (a ** b) ** c  =>  (** (** a b) c)
    a ** b as i64  =>  (** a (as b i64))
    (a as i64) ** b  =>  (** (as a i64) b)
    ");
}

#[test]
fn sign_is_tighter_than_multiplication() {
    insta::assert_snapshot!(expressions(&["-a * b", "a * -b", "- - a", "-(a + b)", "a - -b", "a--b"]), @r"
    -a * b  =>  (* (- a) b)
    a * -b  =>  (* a (- b))
    - - a  =>  (- (- a))
    -(a + b)  =>  (- (+ a b))
    a - -b  =>  (- a (- b))
    a--b  =>  (- a (- b))
    ");
}

#[test]
fn multiplication_groups_from_the_left() {
    insta::assert_snapshot!(expressions(&["a * b / c // d % e", "a // b * c", "a / (b / c)"]), @r"
    a * b / c // d % e  =>  (% (// (/ (* a b) c) d) e)
    a // b * c  =>  (* (// a b) c)
    a / (b / c)  =>  (/ a (/ b c))
    ");
}

#[test]
fn addition_is_looser_than_multiplication() {
    insta::assert_snapshot!(expressions(&["a + b * c - d", "a - b - c", "a - (b - c)", "(a + b) * c"]), @r"
    a + b * c - d  =>  (- (+ a (* b c)) d)
    a - b - c  =>  (- (- a b) c)
    a - (b - c)  =>  (- a (- b c))
    (a + b) * c  =>  (* (+ a b) c)
    ");
}

#[test]
fn coalesce_is_looser_than_addition() {
    insta::assert_snapshot!(expressions(&["a ?? b + 1", "a + b ?? c", "a ?? b ?? c"]), @r"
    a ?? b + 1  =>  (?? a (+ b 1))
    a + b ?? c  =>  (?? (+ a b) c)
    a ?? b ?? c  =>  (?? (?? a b) c)
    ");
}

#[test]
fn comparison_is_looser_than_coalesce() {
    insta::assert_snapshot!(expressions(&[
        "a ?? 0 > b ?? 1",
        "a + 1 == b",
        "a != b",
        "a < b",
        "a <= b",
        "a > b",
        "a >= b",
        "(a == b) == c",
    ]), @r"
    a ?? 0 > b ?? 1  =>  (> (?? a 0) (?? b 1))
    a + 1 == b  =>  (== (+ a 1) b)
    a != b  =>  (!= a b)
    a < b  =>  (< a b)
    a <= b  =>  (<= a b)
    a > b  =>  (> a b)
    a >= b  =>  (>= a b)
    (a == b) == c  =>  (== (== a b) c)
    ");
}

#[test]
fn tests_are_comparisons() {
    insta::assert_snapshot!(expressions(&[
        "a + 1 is null",
        "a is not null",
        "a in { 1, 2 }",
        "a not in { 1 }",
        "a in lo..hi",
        "a + 1 not in b - 1..c * 2",
        "a in 0.0..1.5",
        "a in -1..-x",
        "a in t.lo..t.hi",
        r#"a like "%x_""#,
        "a not like b ?? c",
        "a in { 1 } and b",
        "(a in { 1 }) == b",
    ]), @r#"
    a + 1 is null  =>  (is null (+ a 1))
    a is not null  =>  (is not null a)
    a in { 1, 2 }  =>  (in a { 1 2 })
    a not in { 1 }  =>  (not in a { 1 })
    a in lo..hi  =>  (in a lo..hi)
    a + 1 not in b - 1..c * 2  =>  (not in (+ a 1) (- b 1)..(* c 2))
    a in 0.0..1.5  =>  (in a 0.0..1.5)
    a in -1..-x  =>  (in a (- 1)..(- x))
    a in t.lo..t.hi  =>  (in a t.lo..t.hi)
    a like "%x_"  =>  (like a "%x_")
    a not like b ?? c  =>  (not like a (?? b c))
    a in { 1 } and b  =>  (and (in a { 1 }) b)
    (a in { 1 }) == b  =>  (== (in a { 1 }) b)
    "#);
}

#[test]
fn not_and_or() {
    insta::assert_snapshot!(expressions(&[
        "not a == b",
        "not not a",
        "not a and b",
        "a or b and c",
        "a and b or c and not d",
        "a and (b or c)",
        "not a in { 1 } or b is null",
        "not (a and b)",
    ]), @r"
    not a == b  =>  (not (== a b))
    not not a  =>  (not (not a))
    not a and b  =>  (and (not a) b)
    a or b and c  =>  (or a (and b c))
    a and b or c and not d  =>  (or (and a b) (and c (not d)))
    a and (b or c)  =>  (and a (or b c))
    not a in { 1 } or b is null  =>  (or (not (in a { 1 })) (is null b))
    not (a and b)  =>  (not (and a b))
    ");
}

#[test]
fn comparisons_do_not_chain() {
    insta::assert_snapshot!(problems(&[
        "fn f(a) = a < b < c",
        "fn f(a) = a == b is null",
        "fn f(a) = a in 1..2 in 3..4",
        "fn f(a) = a == not b",
    ]), @r"
    fn f(a) = a < b < c
                    ^ DJ0112: comparisons do not chain: found a second one, `<`
                      help: join two comparisons by `and`, or put one in parentheses: `a < b and b < c`, `(a < b) == c`

    fn f(a) = a == b is null
                     ^^ DJ0112: comparisons do not chain: found a second one, `is`
                       help: join two comparisons by `and`, or put one in parentheses: `a < b and b < c`, `(a < b) == c`

    fn f(a) = a in 1..2 in 3..4
                        ^^ DJ0112: comparisons do not chain: found a second one, `in`
                          help: join two comparisons by `and`, or put one in parentheses: `a < b and b < c`, `(a < b) == c`

    fn f(a) = a == not b
                   ^^^ DJ0110: expected an expression, found the reserved word `not`
                     help: `not` is looser than comparison: write `(not x)` here
    ");
}
