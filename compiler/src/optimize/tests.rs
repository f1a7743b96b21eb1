//! Each rule on a small program, from source to the text of the optimized plan.

use super::driver::run_step;
use super::{BATCHES, Options, optimize};
use crate::analyze::tests::corpus::{Generated, programs};
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
    plain_plan_text(&optimize(program, &Options { verify: true, ..Options::default() }))
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
    assert_snapshot!(check(r#"t | derive c1 = a + 1 | filter c1 > 3 and b == "x" | select a"#), @r#"
    project [a]
    └ scan t [a, b] where a + 1 > 3 and b == "x"
    "#);
}

#[test]
fn constants_fold() {
    assert_snapshot!(check("t | filter a > 1 + 2 * 3 and true"), @r#"scan t [a, b, c, x, d] where a > 7"#);
    assert_snapshot!(check("t | select { y = case { false => 1, true => a, else => 2 } }"), @r#"
    project [y = a]
    └ scan t [a]
    "#);
    assert_snapshot!(check("t | filter a > 1 or (\"x\" as i64) == 1 | select a"), @r#"scan t [a] where (a > 1 or "x" as i64 == 1)"#);
    assert_snapshot!(check("t | filter not (a > 3) and 5 < a"), @r#"scan t [a, b, c, x, d] where a <= 3 and a > 5"#);
    assert_snapshot!(check("t | filter c > 3 | select c"), @r#"scan t [c] where c > 3"#);
    assert_snapshot!(check("t | filter c as i64 + 1 == 100 | select c"), @r#"scan t [c] where c == 99"#);
    assert_snapshot!(check("t | filter c + 1 == 100 | select c"), @r#"scan t [c] where c + 1 == 100"#);
}

/// NaN is the same constant as itself, and the zeros of two signs are two.
#[test]
fn nan_comes_to_rest() {
    assert_snapshot!(check("t | select y = 0 / 0"), @r#"
    project [y = nan]
    └ scan t [c]
    "#);
    assert_snapshot!(check("t | filter x == 0 / 0 and x == sqrt(-1.0) | select a"), @r#"
    project [a]
    └ scan t [a, x] where x == nan
    "#);
    assert_snapshot!(check("t | filter x in { 1.0, \"nan\" as f64 } | select a"), @r#"
    project [a]
    └ scan t [a, x] where (x == 1.0 or x == nan)
    "#);
    assert_snapshot!(check("t | select y = case { a > 1 => sqrt(-1.0), else => 0 / 0 }"), @r#"
    project [y = case { a > 1 => nan, else => nan }]
    └ scan t [a]
    "#);
    assert_snapshot!(check("t | select y = case { a > 1 => 0.0, else => -0.0 }"), @r#"
    project [y = case { a > 1 => 0.0, else => -0.0 }]
    └ scan t [a]
    "#);
}

#[test]
fn functions_of_literal_choices_fold() {
    assert_snapshot!(check(r#"t | select y = upper(case { a > 1 => " b", else => "é" })"#), @r#"
    project [y = case { a > 1 => " B", else => "É" }]
    └ scan t [a]
    "#);
    assert_snapshot!(check(r#"t | filter case { a > 1 => "b" } < "c" | select a"#), @"scan t [a] where case { a > 1 => true, else => null }");
    assert_snapshot!(check(r#"t | filter b ?? b ?? null == "x" | select a"#), @r#"
    project [a]
    └ scan t [a, b] where b == "x"
    "#);
    assert_snapshot!(check(r#"t | select y = case { a > 1 => "1", else => "x" } as i64"#), @r#"
    project [y = case { a > 1 => "1", else => "x" } as i64]
    └ scan t [a]
    "#);
}

#[test]
fn filters_sink_through_joins() {
    assert_snapshot!(check("t | join u on a == k | filter a > 1 and v > 2 and v > a | select { a, v }"), @r#"
    project [a, v]
    └ filter v > a
      └ join inner on a == k
        ├ scan t [a] where a > 1
        └ scan u [k, v] where v > 2 and k > 1
    "#);
    assert_snapshot!(check("t | join left u on a == k | filter a > 1 and v is null | select { a, v }"), @r#"
    project [a, v]
    └ filter v is null
      └ join left on a == k
        ├ scan t [a] where a > 1
        └ scan u [k, v] where k > 1
    "#);
    assert_snapshot!(check("t | join left u on a == k | filter v > 2 | select { a, v }"), @r#"
    project [a, v]
    └ join inner on a == k
      ├ scan t [a]
      └ scan u [k, v] where v > 2
    "#);
    assert_snapshot!(check("t | join u on a == k | filter a as i8 > 1 | select { a, v }"), @r#"
    project [a, v]
    └ filter a as i8 > 1
      └ join inner on a == k
        ├ scan t [a]
        └ scan u [k, v]
    "#);
    assert_snapshot!(check("t | join u on a == k | filter a2 == a and v > 3 | select { a, v }"), @r#"
    project [a, v]
    └ join inner on a == k and a == a2
      ├ scan t [a]
      └ scan u [k, a2, v] where v > 3
    "#);
    assert_snapshot!(check("t | join semi u on a == k and v > 2 and a > 3 | select a"), @r#"
    join semi on a == k
    ├ scan t [a] where a > 3
    └ project [k]
      └ scan u [k, v] where v > 2 and k > 3
    "#);
    assert_snapshot!(check("t | join anti u on a == k and v > 2 and a > 3 | select a"), @r#"
    join anti on a == k where a > 3
    ├ scan t [a]
    └ project [k]
      └ scan u [k, v] where v > 2
    "#);
}

#[test]
fn filters_sink_through_unions_sorts_and_groups() {
    assert_snapshot!(check("t | select a | union (u | select a = k) | filter a > 1"), @r#"
    union [a#10] of [a#0], [a#9]
    ├ scan t [a#0] where a#0 > 1
    └ project [a#9 = k]
      └ scan u [k] where k > 1
    "#);
    assert_snapshot!(check("t | sort x | filter a > 1 | select a"), @r#"
    project [a]
    └ sort [x]
      └ scan t [a, x] where a > 1
    "#);
    assert_snapshot!(check("t | group a { n = count() } | filter a > 1 and n > 2"), @r#"
    filter n > 2
    └ aggregate by [a] [n = count()]
      └ scan t [a] where a > 1
    "#);
    assert_snapshot!(check("t | group a { n = count() } | filter n > 2 and a > 1 and a as i8 > 3"), @r#"
    filter n > 2 and a as i8 > 3
    └ aggregate by [a] [n = count()]
      └ scan t [a] where a > 1
    "#);
    assert_snapshot!(check("t | group a { n = count() } | filter a as i8 > 3 and n > 2"), @r#"
    filter n > 2
    └ aggregate by [a] [n = count()]
      └ scan t [a] where a as i8 > 3
    "#);
    assert_snapshot!(check("t | group x { n = count() } | filter x > 1.0"), @r#"
    filter x > 1.0
    └ aggregate by [x] [n = count()]
      └ scan t [x]
    "#);
    assert_snapshot!(check("t | distinct { a } | filter a > 1 and x > 1.0 | select a"), @r#"
    project [a]
    └ filter x > 1.0
      └ distinct [a]
        └ scan t [a, x] where a > 1
    "#);
}

#[test]
fn takes_fuse_with_sorts() {
    assert_snapshot!(check("t | sort { -x } | derive y = x * 2.0 | take 3..10 | select y"), @r#"
    project [y = x * 2.0]
    └ top 8 skip 2 by [-x]
      └ scan t [x]
    "#);
    assert_snapshot!(check("t | take 10 | take 3..20 | select a"), @r#"
    take 8 skip 2
    └ scan t [a]
    "#);
}

#[test]
fn projects_merge_unless_work_is_repeated() {
    assert_snapshot!(check("t | derive y = a + 1 | derive z = y * 2 | select z"), @r#"
    project [z = (a + 1) * 2]
    └ scan t [a]
    "#);
    assert_snapshot!(check("t | derive y = sqrt(x) | derive z = y * y | select z"), @r#"
    project [z = y * y]
    └ project [y = sqrt(x)]
      └ scan t [x]
    "#);
}

#[test]
fn columns_are_pruned() {
    assert_snapshot!(check("t | aggregate { n = count() }"), @r#"
    aggregate [n = count()]
    └ scan t [c]
    "#);
    assert_snapshot!(check("t | group a { n = count(), s = sum(x) } | select { a, n }"), @r#"
    aggregate by [a] [n = count()]
    └ scan t [a]
    "#);
    assert_snapshot!(check("t | join u on a == k | group b { n = count() }"), @r#"
    aggregate by [b] [n = count()]
    └ join inner on a == k
      ├ scan t [a, b]
      └ scan u [k]
    "#);
    assert_snapshot!(check("t | filter x > 1.0 | sort a | select b"), @r#"
    project [b]
    └ sort [a]
      └ project [a, b]
        └ scan t [a, b, x] where x > 1.0
    "#);
    assert_snapshot!(check("t | join left (u | group k { s = sum(v) }) on a == k | select { a, b }"), @r#"scan t [a, b]"#);
}

#[test]
fn shared_plans() {
    assert_snapshot!(check(
        "let s = t | filter a > 1 | derive y = x * 2.0
         export one = s | select { a, y }
         export two = s | select a"
    ), @r#"
    let s
    project [a, y = x * 2.0]
    └ scan t [a, x] where a > 1
    export one
    read s [a, y]
    export two
    read s [a]
    "#);
    assert_snapshot!(check(
        "let s = t | aggregate { m = max(a), n = min(a) }
         export one = t | filter a == s.m | select a"
    ), @r#"
    let s
    aggregate [m = max(a)]
    └ scan t [a]
    export one
    scan t [a] where a == s.m
    "#);
}

#[test]
fn orders_that_nothing_reads_go() {
    assert_snapshot!(check("t | sort x | filter a > 1 | group b { n = count() }"), @r#"
    aggregate by [b] [n = count()]
    └ scan t [a, b] where a > 1
    "#);
    assert_snapshot!(check("t | sort x | group b { n = first(a) }"), @r#"
    aggregate by [b] [n = first(a)]
    └ sort [x]
      └ scan t [a, b, x]
    "#);
    assert_snapshot!(check("t | group a { n = count() } | distinct { a }"), @r#"
    aggregate by [a] [n = count()]
    └ scan t [a]
    "#);
}

/// Every program of the repository, analyzed and optimized, with the verifier after each step.
#[test]
fn programs_stay_valid() {
    let mut wrong = String::new();
    for (file, source) in programs(&["examples", "tests/tpch", "tests/corpus"]) {
        let (tree, _) = dj_grammar::parse(&source);
        let Some(program) = analyze(&tree, &source, &Generated).0 else { continue };
        match verify(&program) {
            Ok(()) => {
                optimize(program, &Options { verify: true, ..Options::default() });
            }
            Err(error) => wrong += &format!("{}: {error}\n{}", file.display(), plain_plan_text(&program)),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What makes columns never null that were nullable: an outer join that turns into an inner one, values that fold.
const NARROWED: [&str; 5] = [
    "l | join left (r | rename { k2 = k }) on k == k2 | filter v > 1",
    "l | join left (r | rename { k2 = k }) on k == k2 | filter v > 1 and k2 is not null",
    "l | join right (r | rename { k2 = k }) on k == k2 | filter a > 1",
    "l | derive { k2 = k ?? null ?? 3, v = case { true => 1, else => null } }",
    "l | join left (r | group k { v = count() } | rename { k2 = k }) on k == k2 | filter v in { 1, 2 }",
];

/// What reads columns, in every position that says whether they may be null.
const READERS: [&str; 12] = [
    "| group { k2 } { n = count() }",
    "| group { k2, v } { n = count(), m = max(k2), f = first(v), s = sum(v filter k2 > 1) }",
    "| group { z = k2 + 1 } { n = count() }",
    "| aggregate { n = count(k2), s = sum(v) }",
    "| distinct { k2 }",
    "| sort { -k2, v } | take 3",
    "| select { k2, v } | union (l | select { k2 = k, v = a }) | group k2 { n = count() }",
    "| select { k2, v } | intersect (l | select { k2 = k, v = a })",
    "| join (r | rename { w = v }) on k2 == r.k | group k2 { n = sum(w) }",
    "| join anti r on k2 == r.k",
    "| derive { y = k2 ?? 0, z = k2 is null, u = not (k2 > v) } | group { y, z, u } { n = count() }",
    "| pivot { by { k2 }, on v in { 1, 2 }, n = count() }",
];

/// Programs in which a rule narrows what something above it reads, also through a `let` that several read.
fn programs_that_narrow() -> Vec<String> {
    let tables = "table l { k: i64, a: i64? }\ntable r { k: i64, v: i64 }\n";
    let mut sources = Vec::new();
    for narrowed in NARROWED {
        for reader in READERS {
            sources.push(format!("{tables}{narrowed}\n{reader}"));
            sources.push(format!(
                "{tables}let s = {narrowed}\nexport one = s {reader}\nexport two = s {reader}\nexport three = s | take 1"
            ));
        }
    }
    sources
}

#[test]
fn a_rule_that_narrows_tells_the_readers_above() {
    for source in programs_that_narrow() {
        optimized(&source);
    }
}

/// Programs for the rules that the others leave idle.
const MORE: [&str; 9] = [
    "t | take 10 | take 3..20",
    "t | sort x | filter a > 1 and true | take 10 | derive y = a | take 3..20 | select { a, y }",
    "t | select a | union (u | select a = k) | filter a > 1 | distinct { a } | filter a > 2 | group a { n = count() } | filter a > 3",
    "t | join cross u | filter a == k and x > 1.0 | sort x | group b { n = count() }",
    "let s = t | filter a > 1\nlet r = s | join s as o on a == o.a | select { a = left.a }\nexport one = t | join left (r | group a { n = count() }) on a | select b",
    "let s = t | filter a > 1\nexport one = s | join left (s | group a { n = count() }) on a | select b",
    "let s = t | group a { n = count() }\nexport one = t | join left s on a | join left (s | select { a, m = n }) on a | select b",
    "t | filter (true and a > 1 or false) or not (not true) | take 5",
    "let s = t | aggregate { n = count() }\nlet r = t | aggregate { m = max(a) }\nexport one = u | derive { x = s.n, y = r.m }",
];

/// Every step reads the one before, so that one step merges at a time: far more of them than a batch has rounds.
#[test]
fn long_pipelines_come_to_rest() {
    let chained = |step: &dyn Fn(usize) -> String| (1..120).map(step).collect::<String>();
    let last_derived = chained(&|at| format!(" | derive x{at} = x{} + a", at - 1));
    let pipelines = [
        format!("t | derive x0 = a{last_derived} | select x119"),
        format!(
            "t | select {{ x0 = b, a }}{} | select x119",
            chained(&|at| format!(" | derive x{at} = concat(x{}, \"y\")", at - 1))
        ),
        format!("t{}", chained(&|at| format!(" | filter a != {at} | sort b"))),
        format!("t{}", chained(&|at| format!(" | derive c{at} = a + {at} | filter c{at} > 3"))),
        format!("t{}", chained(&|at| format!(" | take {} | derive d{at} = a", 1000 - at))),
    ];
    for pipeline in pipelines {
        optimized(&format!("{TABLES}\n{pipeline}"));
    }
}

/// Every rule by itself, on every program as analysis gives it, at every step of the optimizer and as it leaves it.
#[test]
fn every_rule_alone_keeps_every_program_valid() {
    let options = Options { verify: true, ..Options::default() };
    let more = MORE.iter().map(|pipeline| format!("{TABLES}\n{pipeline}"));
    let own = more.chain(programs_that_narrow()).map(|source| (source, false));
    let files = programs(&["examples", "tests/tpch", "tests/corpus"]).into_iter().map(|(_, source)| (source, true));
    let mut applied = std::collections::BTreeMap::new();
    for (source, generated) in own.chain(files) {
        let tree = dj_grammar::parse(&source).0;
        let catalog: &dyn crate::analyze::Catalog = if generated { &Generated } else { &NothingBound };
        let Some(program) = analyze(&tree, &source, catalog).0 else { continue };
        let mut stepwise = program.clone();
        for step in BATCHES.iter().flat_map(|batch| batch.steps) {
            let changed;
            (stepwise, changed) = run_step(step, stepwise, &options);
            *applied.entry(step.name()).or_insert(0) += usize::from(changed);
        }
        let optimized = optimize(program.clone(), &options);
        for step in BATCHES.iter().flat_map(|batch| batch.steps) {
            for start in [&program, &stepwise, &optimized] {
                *applied.entry(step.name()).or_insert(0) += usize::from(run_step(step, start.clone(), &options).1);
            }
        }
    }
    let idle: Vec<_> = applied.iter().filter(|(_, times)| **times == 0).map(|(name, _)| *name).collect();
    assert!(idle.is_empty(), "no program here shows what these do: {idle:?}");
}
