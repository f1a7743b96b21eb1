//! Every invariant is broken, and the verifier says so.

use super::{Verifier, verify};
use crate::encode::{EncodedProgram, Expr, ExprKind, Scalar, Type};
use crate::filetests::files::Files;
use crate::physical::{Arrival, Check, Driver, DriverColumn, Exchange, Op, Probe, Stage, Variant};
use crate::plan::{JoinKind, Uniqueness};
use crate::strategy::{Dense, GroupSort, KeyDim, KeyDomain, Lookup, Matches, Merge, Part, Sink};
use crate::{Options, compile};
use dj_grammar::Span;
use dj_runtime::artifact::{DriverSource, ScanPredicate, ScanValue, Target};
use dj_runtime::expr::{ColumnId, CompareOp, Scalar as Written};

const SOURCE: &str = r#"table t { k: i64?, d: i32 in 0..99, s: str?, x: f64?, v: i64 }
table u { k: i64, name: str, w: f64 }
let total = t | aggregate { m = max(d), n = count() }
export grouped =
  t | filter d > 3 and v < total.n | derive y = v * 2 | join left u on k | group s { n = count(), y = sum(y), f = first(name) }
export matched = t | join (u | rename { j = k }) on v == j and w > x | sort { x } | take 2
export many = t | join (t | select { v, z = x }) on v | select { s, z }
export found = t | join semi (u | group { name, k } { n = count() }) on s == name and left.k == right.k | derive h = concat(s, v)
export summed = u | join (t | group k { n = count() }) on k
export ordered = t | filter x > 1.0 | sort { x }
"#;

/// The first variant of the program, which relies on what its files say.
fn planned() -> (EncodedProgram, Variant) {
    planned_for(1)
}

/// The same for several devices.
fn planned_for(devices: usize) -> (EncodedProgram, Variant) {
    let lines = [
        "# file t: 5000 rows, k in 0..50, v in 0..9, s has 40 values",
        "# file u: 60 rows, k in 0..50, k is unique, name has 50 values",
    ];
    planned_on(SOURCE, &lines, devices)
}

fn planned_of(source: &str, lines: &[&str]) -> (EncodedProgram, Variant) {
    planned_on(source, lines, 1)
}

fn planned_on(source: &str, lines: &[&str], devices: usize) -> (EncodedProgram, Variant) {
    let (file, _) = dj_grammar::parse(source);
    let files = Files::new(&file, source, lines);
    let unique = |table: &str, column: &str| files.is_unique(table, column);
    let options = Options { target: Some(Target { replicas: devices, ..Target::cpu() }), ..Options::default() };
    let mut compiled = compile(source, "test.dj", &files, &unique, &options).unwrap();
    let variant = compiled.variants.swap_remove(0);
    (variant.encoded, variant.physical)
}

/// Breaks a plan, and expects that the verifier names the invariant.
#[track_caller]
fn check(invariant: &str, breaks: impl FnOnce(&mut Variant)) {
    check_in(planned(), invariant, breaks);
}

/// The same of a plan for several devices.
#[track_caller]
fn check_on_mesh(invariant: &str, breaks: impl FnOnce(&mut Variant)) {
    check_in(planned_for(4), invariant, breaks);
}

#[track_caller]
fn check_in((encoded, mut variant): (EncodedProgram, Variant), invariant: &str, breaks: impl FnOnce(&mut Variant)) {
    verify(&encoded, &variant).unwrap();
    breaks(&mut variant);
    let error = verify(&encoded, &variant).map_or_else(|error| error.to_string(), |()| "nothing".to_owned());
    assert!(error.contains(&format!("({invariant})")), "{invariant} is broken, and the verifier says: {error}");
}

/// The first stage of which something can be had.
fn stage<'a, T>(variant: &'a mut Variant, of: impl Fn(&'a mut Stage) -> Option<T>) -> T {
    variant.stages.iter_mut().find_map(of).expect("the program has such a stage")
}

fn driver<'a, T>(variant: &'a mut Variant, of: impl Fn(&'a mut Driver) -> Option<T>) -> T {
    variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers).find_map(of).expect("there is such a driver")
}

fn op<'a, T>(variant: &'a mut Variant, of: impl Fn(&'a mut Op) -> Option<T>) -> T {
    let drivers = variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers);
    drivers.flat_map(|driver| &mut driver.ops).find_map(of).expect("there is such an operation")
}

fn probe(variant: &mut Variant, wanted: impl Fn(&Probe) -> bool) -> &mut Probe {
    op(variant, |op| match op {
        Op::Probe(probe) if wanted(probe) => Some(probe),
        Op::Probe(_) | Op::Filter(_) | Op::Project(_) => None,
    })
}

fn reads_stage(driver: &mut Driver) -> Option<&mut Driver> {
    matches!(driver.source, DriverSource::Stage(_)).then_some(driver)
}

fn reads_table(driver: &mut Driver) -> Option<&mut Driver> {
    matches!(driver.source, DriverSource::Table(_)).then_some(driver)
}

fn nullable(driver: &mut Driver) -> Option<&mut DriverColumn> {
    reads_table(driver)?.columns.iter_mut().find(|column| column.column.nullable)
}

fn checked(driver: &mut Driver) -> Option<&mut Check> {
    driver.columns.iter_mut().flat_map(|column| &mut column.checks).next()
}

fn skips(driver: &mut Driver) -> Option<&mut ScanPredicate> {
    driver.skip.first_mut()
}

fn product(op: &mut Op) -> Option<&mut Expr> {
    let Op::Project(items) = op else { return None };
    items.iter_mut().map(|item| &mut item.expr).find(|expr| !expr.operands().is_empty())
}

fn dense(stage: &mut Stage) -> Option<&mut Vec<KeyDim>> {
    if let Sink::Dense(dense) = &mut stage.sink { Some(&mut dense.dims) } else { None }
}

/// A table that integers address.
fn table(stage: &mut Stage) -> Option<&mut Vec<KeyDim>> {
    let Sink::Lookup(lookup) = &mut stage.sink else { return None };
    matches!(lookup.dims[0].domain, KeyDomain::Range { .. }).then_some(&mut lookup.dims)
}

fn kept(stage: &mut Stage) -> Option<&mut usize> {
    if let Sink::TopK(top) = &mut stage.sink { Some(&mut top.rows) } else { None }
}

fn sorted(stage: &mut Stage) -> Option<&mut Stage> {
    matches!(stage.sink, Sink::Sort(_)).then_some(stage)
}

fn merged(stage: &mut Stage) -> Option<&mut Stage> {
    matches!(stage.sink, Sink::Merge(_)).then_some(stage)
}

fn grouped(stage: &mut Stage) -> Option<&mut Stage> {
    stage.sink.strategy().group().is_some().then_some(stage)
}

fn filter(variant: &mut Variant) -> &mut Expr {
    op(variant, |op| if let Op::Filter(predicate) = op { Some(predicate) } else { None })
}

#[test]
fn p1_only_earlier_results_are_read() {
    check("P1", |variant| driver(variant, reads_stage).source = DriverSource::Stage(99));
    check("P1", |variant| probe(variant, |_| true).build = 99);
    check("P1", |variant| variant.shared[0] = Some(99));
}

#[test]
fn p2_columns_are_defined_once_before_they_are_read() {
    check("P2", |variant| {
        let predicate = filter(variant);
        *predicate = predicate.clone().rewrite(&mut |mut part| {
            if let ExprKind::Column(id) = &mut part.kind {
                *id = ColumnId(0x7fff_ffff);
            }
            part
        });
    });
    check("P2", |variant| {
        let driver = driver(variant, reads_table);
        driver.columns.push(driver.columns[0].clone());
    });
    check("P2", |variant| probe(variant, |probe| probe.keys[0].nullable).keys[0].nullable = false);
}

#[test]
fn p3_expressions_are_typed() {
    check("P3", |variant| filter(variant).ty = Type::I64);
    check("P3", |variant| {
        let predicate = filter(variant);
        predicate.kind = ExprKind::Literal(Scalar::Int(1));
    });
}

#[test]
fn p4_readers_of_rows_agree_with_the_result() {
    check("P4", |variant| driver(variant, reads_stage).columns[0].index = 99);
    check("P4", |variant| driver(variant, reads_table).columns[0].index = 99);
    check("P4", |variant| {
        let build = variant.stages.iter().position(|stage| matches!(stage.sink, Sink::Merge(_))).unwrap();
        let reader = variant.stages[build + 1..].iter_mut().flat_map(|stage| &mut stage.drivers).next().unwrap();
        reader.source = DriverSource::Stage(build);
        reader.skip.clear();
    });
    check("P4", |variant| {
        driver(variant, nullable).column.nullable = false;
    });
}

#[test]
fn p5_joins_agree_with_their_build_sides() {
    check("P5", |variant| {
        probe(variant, |probe| probe.matches != Matches::Many).matches = Matches::Many;
    });
    check("P5", |variant| drop(probe(variant, |_| true).keys.pop()));
    check("P5", |variant| {
        let probe = probe(variant, |probe| probe.matches == Matches::Many);
        probe.nulls_equal = !probe.nulls_equal;
    });
    check("P5", |variant| probe(variant, |probe| !probe.payload.is_empty()).payload[0].0 = 99);
    check("P5", |variant| {
        let nullable = |stage: &Stage| matches!(&stage.sink, Sink::Lookup(lookup) if lookup.keys.exprs[0].nullable);
        let build = variant.stages.iter().position(nullable).expect("a table's key may be null");
        probe(variant, |probe| probe.build == build).nulls_equal = true;
    });
}

#[test]
fn p6_one_match_is_looked_for_where_there_is_one() {
    check("P6", |variant| {
        let probe = probe(variant, |probe| probe.kind == JoinKind::Left);
        probe.matches = Matches::One(None);
        let build = probe.build;
        let (Sink::Lookup(Lookup { keys, .. }) | Sink::Merge(Merge { keys, .. })) = &mut variant.stages[build].sink
        else {
            panic!("a join reads what is no build side")
        };
        keys.matches = Matches::One(None);
    });
    check("P6", |variant| variant.unique.clear());
}

#[test]
fn p6_what_is_proved_has_a_proof() {
    // Recorded, and looked for among many: no stage proves that there is one.
    for wanted in [|probe: &Probe| probe.kind == JoinKind::Left, |probe: &Probe| probe.matches == Matches::Many] {
        check("P6", |variant| {
            let probe = probe(variant, wanted);
            let proved = Matches::One(Some(Uniqueness::Proven));
            probe.matches = proved.clone();
            let build = probe.build;
            let (Sink::Lookup(Lookup { keys, .. }) | Sink::Merge(Merge { keys, .. })) = &mut variant.stages[build].sink
            else {
                panic!("a join reads what is no build side")
            };
            keys.matches = proved;
        });
    }
    // Groups are unique by all of their keys, and not by some.
    let (encoded, mut variant) = planned();
    let proved = |probe: &Probe| probe.matches == Matches::One(Some(Uniqueness::Proven));
    let build = probe(&mut variant, proved).build;
    let DriverSource::Stage(groups) = variant.stages[build].drivers[0].source else { panic!("groups are joined") };
    let (Sink::Dense(Dense { group, .. }) | Sink::GroupSort(GroupSort { group })) = &mut variant.stages[groups].sink
    else {
        panic!("stage {groups} groups")
    };
    group.keys.push(group.aggregates[0].column);
    let keys_are_unique = Verifier { encoded: &encoded, variant: &variant }.keys_are_unique(build);
    assert!(!keys_are_unique, "by fewer columns than the groups' keys");
}

#[test]
fn p7_rows_are_expanded_once() {
    check("P7", |variant| {
        let probe = probe(variant, |probe| probe.matches == Matches::Many);
        let again = Op::Probe(Probe { payload: vec![], ..probe.clone() });
        driver(variant, |driver| driver.expands().then_some(driver)).ops.push(again);
    });
    check("P7", |variant| {
        let predicate = filter(variant).clone();
        let probe = probe(variant, |probe| probe.matches == Matches::Many);
        probe.kind = JoinKind::Semi;
        probe.residual = Some(predicate);
    });
}

#[test]
fn p8_keys_have_the_domains_of_their_values() {
    check("P8", |variant| stage(variant, dense)[0].nullable = false);
    check("P8", |variant| stage(variant, dense)[0].domain = KeyDomain::Dictionary(99));
    check("P8", |variant| stage(variant, dense)[0].domain = KeyDomain::Range { lo: 0, hi: 3 });
    check("P8", |variant| stage(variant, dense).clear());
    check("P8", |variant| {
        stage(variant, table)[0].domain = KeyDomain::Range { lo: 5, hi: 9 };
    });
}

#[test]
fn p9_sizes_fit() {
    check("P9", |variant| variant.stages[0].chunk_rows = 0);
    check("P9", |variant| variant.stages[0].chunk_rows = 1 << 31);
    check("P9", |variant| {
        *stage(variant, kept) = 1;
    });
    check("P9", |variant| {
        stage(variant, table)[0].domain = KeyDomain::Range { lo: i64::MIN, hi: i64::MAX };
    });
}

#[test]
fn p10_only_one_device_takes_rows_in_their_order() {
    check("P10", |variant| {
        stage(variant, sorted).arrival = Arrival::Any;
    });
    check("P10", |variant| {
        stage(variant, merged).arrival = Arrival::Any;
    });
    check_on_mesh("P10", |variant| {
        stage(variant, sorted).arrival = Arrival::InOrder;
    });
}

#[test]
fn p19_rows_come_together_as_the_finish_needs_them() {
    check("P19", |variant| {
        stage(variant, sorted).exchange = Exchange::Gather;
    });
    check_on_mesh("P19", |variant| {
        stage(variant, sorted).exchange = Exchange::None;
    });
    check_on_mesh("P19", |variant| {
        stage(variant, sorted).exchange = Exchange::Range(vec![]);
    });
    check_on_mesh("P19", |variant| {
        stage(variant, grouped).exchange = Exchange::None;
    });
    check_on_mesh("P19", |variant| {
        stage(variant, merged).exchange = Exchange::Gather;
    });
    check_on_mesh("P19", |variant| {
        stage(variant, sorted).exchange = Exchange::Share;
    });
    let (encoded, mut variant) = planned_for(4);
    stage(&mut variant, sorted).exchange = Exchange::Gather;
    stage(&mut variant, merged).exchange = Exchange::Share;
    verify(&encoded, &variant).unwrap();
}

#[test]
fn p11_what_may_fail_has_a_place() {
    check("P11", |variant| variant.stages[0].span = Span::default());
    check("P11", |variant| probe(variant, |_| true).span = Span::default());
    check("P11", |variant| {
        op(variant, product).span = Span::default();
    });
    check("P11", |variant| {
        driver(variant, checked).span = Span::default();
    });
}

#[test]
fn p12_exports_are_what_they_should_be() {
    check("P12", |variant| variant.exports.swap(0, 1));
    check("P12", |variant| variant.exports.truncate(1));
    check("P12", |variant| variant.exports[0] = 99);
}

#[test]
fn p13_results_are_there_at_the_end() {
    check("P13", |variant| {
        stage(variant, sorted).result[0].id = ColumnId(0x7fff_ffff);
    });
    check("P13", |variant| {
        stage(variant, grouped).result.clear();
    });
    check("P13", |variant| variant.stages[0].drivers.clear());
}

#[test]
fn p14_what_is_believed_is_checked() {
    check("P14", |variant| {
        let all = variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers).flat_map(|d| &mut d.columns);
        all.for_each(|column| column.checks.clear());
    });
    check("P14", |variant| {
        let all = variant.stages.iter_mut().flat_map(|stage| &mut stage.drivers).flat_map(|d| &mut d.columns);
        all.for_each(|column| column.checks.retain(|check| check.declared));
    });
}

/// Partitions are told apart by words of as many bits as the values are believed to need.
#[test]
fn p14_what_is_believed_of_partitions_is_checked() {
    let source =
        "table t { k: i64, v: i64 }\nexport result = t | window { by k, sort v } { n = count(), l = lag(v) }\n";
    let (encoded, mut variant) = planned_of(source, &["# file t: 5000 rows, k in 0..50, v in 0..9"]);
    verify(&encoded, &variant).unwrap();
    for column in 0..2 {
        let checks = std::mem::take(&mut variant.stages[0].drivers[0].columns[column].checks);
        assert!(!checks.is_empty(), "a key's bounds are checked");
        let error = verify(&encoded, &variant).unwrap_err().to_string();
        assert!(error.contains("stage 0: (P14)"), "{error}");
        variant.stages[0].drivers[0].columns[column].checks = checks;
    }
}

#[test]
fn p18_a_frame_measures_one_key() {
    let source =
        "table t { k: i64, v: i64 }\nexport result = t | window { by k, sort v, range -2..0 } { n = count() }\n";
    let (encoded, mut variant) = planned_of(source, &[]);
    verify(&encoded, &variant).unwrap();
    let Sink::Window(window) = &mut variant.stages[0].sink else { panic!("a window is a stage") };
    window.order.clear();
    let error = verify(&encoded, &variant).unwrap_err().to_string();
    assert!(error.contains("(P18)"), "{error}");
}

#[test]
fn p20_a_window_reads_what_is_made_before() {
    let source = "table t { k: i64, v: i64 }\nexport result = t | window { by k, sort v } { l = lag(v) }
        | filter l > 3 | window { by k, sort v } { n = sum(l) }\n";
    let (encoded, variant) = planned_of(source, &[]);
    verify(&encoded, &variant).unwrap();
    assert_eq!(variant.stages.len(), 1, "windows of the same order are one stage");
    let broken: [fn(&mut Vec<Part>); 3] =
        [|parts| parts.rotate_left(1), |parts| parts.swap(0, 2), |parts| parts.push(parts[0].clone())];
    for break_parts in broken {
        let mut variant = variant.clone();
        let Sink::Window(window) = &mut variant.stages[0].sink else { panic!("a window is a stage") };
        break_parts(&mut window.parts);
        let error = verify(&encoded, &variant).unwrap_err().to_string();
        assert!(error.contains("(P20)"), "{error}");
    }
}

#[test]
fn p14_what_another_stage_checks_is_believed() {
    let source = "table t { k: i64, v: i64 in 0..99 }\nexport result = t | take 100 | group k { n = sum(v) }\n";
    let (encoded, mut variant) = planned_of(source, &["# file t: 5000 rows, k in 0..50"]);
    verify(&encoded, &variant).unwrap();
    assert_eq!(variant.stages.len(), 2, "the rows are taken before they are grouped");
    variant.stages[0].drivers[0].columns[0].checks.clear();
    let error = verify(&encoded, &variant).unwrap_err().to_string();
    assert!(error.contains("stage 1: (P14) `k`"), "{error}");
}

#[test]
fn p15_rows_are_skipped_by_what_is_read() {
    let compare = |column, value| ScanPredicate::Compare { column, op: CompareOp::Less, value };
    let literal = |value| ScanValue::Literal(value);
    let broken = [
        compare(99, literal(Written::Int(3))),
        compare(0, literal(Written::str("x"))),
        compare(0, ScanValue::Param(7)),
        ScanPredicate::Any(vec![vec![ScanPredicate::IsNull { column: 99, is: true }]]),
    ];
    for skip in broken {
        check("P15", |variant| *driver(variant, skips) = skip);
    }
}

#[test]
fn p16_stages_have_reasons() {
    check("P16", |variant| drop(variant.reasons.pop()));
}

#[test]
fn p17_passes_are_of_one_reading_and_in_order() {
    check("P17", |variant| drop(variant.passes.pop()));
    check("P17", |variant| variant.passes.push(vec![0]));
    check("P17", |variant| variant.passes.push(vec![]));
    check("P17", |variant| variant.passes.push(vec![99]));
    check("P17", |variant| variant.passes.reverse());
    check("P17", |variant| {
        let first = variant.passes.remove(0);
        variant.passes[0].extend(first);
    });
    check("P17", |variant| {
        let together = variant.passes.iter().find(|pass| pass.len() > 1).expect("stages read together");
        variant.stages[together[0]].chunk_rows *= 2;
    });
}
