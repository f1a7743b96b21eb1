//! Each rule on a small program, from source to the text of the optimized plan.

use super::{Options, optimize};
use crate::analyze::{NothingBound, analyze};
use crate::plan::{plain_plan_text, verify};
use insta::assert_snapshot;

/// The optimized plan of a program.
fn optimized(source: &str) -> String {
    let (file, syntax) = dj_grammar::parse(source);
    assert!(syntax.is_empty(), "{syntax:#?}");
    let (program, diagnostics) = analyze(&file, source, &NothingBound);
    let program = program.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    verify(&program).unwrap_or_else(|error| panic!("{error}\n{}", plain_plan_text(&program)));
    plain_plan_text(&optimize(program, &Options { verify: true }))
}

const TABLES: &str = "
    table t { a: i64, b: str?, c: i32?, x: f64, d: date }
    table u { k: i64, a2: i64?, v: i64, w: str }
";

/// The optimized plan of the export of a pipeline over the tables `t` and `u`.
fn check(pipeline: &str) -> String {
    optimized(&format!("{TABLES}\n{pipeline}"))
}

#[test]
fn filters_reach_the_scan() {
    assert_snapshot!(check(r#"t | derive c1 = a + 1 | filter c1 > 3 and b == "x" | select a"#));
}

#[test]
fn constants_fold() {
    assert_snapshot!(check("t | filter a > 1 + 2 * 3 and true"));
    assert_snapshot!(check("t | select { y = case { false => 1, true => a, else => 2 } }"));
    assert_snapshot!(check("t | filter a as i8 > 1 or (300 as i8) == 1 | select a"));
    assert_snapshot!(check("t | filter not (a > 3) and 5 < a"));
    assert_snapshot!(check("t | filter c > 3 | select c"));
    assert_snapshot!(check("t | filter c + 1 == 100 | select c"));
}

#[test]
fn filters_sink_through_joins() {
    assert_snapshot!(check("t | join u on a == k | filter a > 1 and v > 2 and v > a | select { a, v }"));
    assert_snapshot!(check("t | join left u on a == k | filter a > 1 and v is null | select { a, v }"));
    assert_snapshot!(check("t | join left u on a == k | filter v > 2 | select { a, v }"));
    assert_snapshot!(check("t | join u on a == k | filter a as i8 > 1 | select { a, v }"));
    assert_snapshot!(check("t | join cross u | filter a == k and v > 3 | select { a, v }"));
    assert_snapshot!(check("t | join semi u on a == k and v > 2 and a > 3 | select a"));
    assert_snapshot!(check("t | join anti u on a == k and v > 2 and a > 3 | select a"));
}

#[test]
fn filters_sink_through_unions_sorts_and_groups() {
    assert_snapshot!(check("t | select a | union (u | select a = k) | filter a > 1"));
    assert_snapshot!(check("t | sort x | filter a > 1 | select a"));
    assert_snapshot!(check("t | group a { n = count() } | filter a > 1 and n > 2"));
    assert_snapshot!(check("t | group x { n = count() } | filter x > 1.0"));
    assert_snapshot!(check("t | distinct { a } | filter a > 1 and x > 1.0 | select a"));
}

#[test]
fn takes_fuse_with_sorts() {
    assert_snapshot!(check("t | sort { -x } | derive y = x * 2.0 | take 3..10 | select y"));
    assert_snapshot!(check("t | take 10 | take 3..20 | select a"));
}

#[test]
fn projects_merge_unless_work_is_repeated() {
    assert_snapshot!(check("t | derive y = a + 1 | derive z = y * 2 | select z"));
    assert_snapshot!(check("t | derive y = sqrt(x) | derive z = y * y | select z"));
}

#[test]
fn columns_are_pruned() {
    assert_snapshot!(check("t | aggregate { n = count() }"));
    assert_snapshot!(check("t | group a { n = count(), s = sum(x) } | select { a, n }"));
    assert_snapshot!(check("t | join u on a == k | group b { n = count() }"));
    assert_snapshot!(check("t | filter x > 1.0 | sort a | select b"));
    assert_snapshot!(check("t | join left (u | group k { s = sum(v) }) on a == k | select { a, b }"));
}

#[test]
fn shared_plans() {
    assert_snapshot!(check(
        "let s = t | filter a > 1 | derive y = x * 2.0
         export one = s | select { a, y }
         export two = s | select a"
    ));
    assert_snapshot!(check(
        "let s = t | aggregate { m = max(a), n = min(a) }
         export one = t | filter a == s.m | select a"
    ));
}

#[test]
fn orders_that_nothing_reads_go() {
    assert_snapshot!(check("t | sort x | filter a > 1 | group b { n = count() }"));
    assert_snapshot!(check("t | sort x | group b { n = first(a) }"));
    assert_snapshot!(check("t | group a { n = count() } | distinct { a }"));
}
