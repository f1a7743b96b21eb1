//! Every program of every stage must be accepted by the plugins that will run it.

use crate::analyze::NothingBound;
use crate::analyze::tests::corpus::{self, Generated};
use crate::filetests::files::Files;
use crate::{CompileError, Options, compile};
use dj_runtime::artifact::{Init, ProgramId, ProgramKind, SinkKind, Stage, Target, program_key};
use dj_runtime::pjrt::{Client, ClientOptions, CompileOptions, Element, Platform, Plugin, discover};
use std::collections::BTreeSet;

const TABLES: &str =
    "table t { k: i64?, d: i32 in 0..99, s: str?, u: str, x: f64?, p: decimal(15, 2), at: timestamp, born: date }
table b { k: i64?, name: str?, w: f64 }\n";

/// All programs of a stage, and the merge that several devices will need.
fn programs(stage: &Stage) -> impl Iterator<Item = ProgramKind> {
    let folds = matches!(stage.sink.kind, SinkKind::Fold { .. });
    stage.programs().into_iter().chain(folds.then_some(ProgramKind::Merge))
}

/// Compiles a pipeline over the two tables and every module of it at the first two rungs.
fn check(pipeline: &str) {
    let source = format!("{TABLES}export r = {pipeline}\n");
    let compiled = compile(&source, "test.dj", &NothingBound, &|_, _| false, &Options::default());
    let compiled = compiled.unwrap_or_else(|error| panic!("{pipeline}: {error:?}"));
    let plugin = Plugin::load(&discover(Platform::Cpu, None).unwrap()).unwrap();
    dj_runtime::kernels::register(&plugin).unwrap();
    let client = Client::new(&plugin, &ClientOptions::cpu(1)).unwrap();
    let options = CompileOptions { optimization_level: Some(0), ..CompileOptions::default() };
    for (index, variant) in compiled.manifest.variants.iter().enumerate() {
        for (stage, spec) in variant.stages.iter().enumerate() {
            for rung in 0..spec.rungs.min(2) {
                for kind in programs(spec) {
                    let id = ProgramId { variant: index, stage, kind, rung };
                    let text = compiled.module_text(id).unwrap();
                    if let Err(error) = client.compile(&text, &options) {
                        panic!("{pipeline}: {id} ({}): {error}\n{text}", spec.label);
                    }
                }
            }
        }
    }
}

/// Compiles every module of a pipeline for TPUs that are not there.
fn check_tpu(topology: &str, pipeline: &str) {
    let source = format!("{TABLES}export r = {pipeline}\n");
    let target = Target::parse(&format!("tpu:{topology}")).unwrap();
    let compile_options = CompileOptions::replicated(target.replicas);
    let options = Options { target: Some(target), chunk_rows: 4096, ..Options::default() };
    let compiled = compile(&source, "test.dj", &NothingBound, &|_, _| false, &options);
    let compiled = compiled.unwrap_or_else(|error| panic!("{pipeline}: {error:?}"));
    let path = discover(Platform::Tpu, None).unwrap();
    dj_runtime::pjrt::prepare_environment(&path);
    let plugin = Plugin::load(&path).unwrap();
    let topology = dj_runtime::pjrt::Topology::new(&plugin, topology).unwrap();
    let variant = &compiled.manifest.variants[0];
    for (stage, spec) in variant.stages.iter().enumerate() {
        for kind in programs(spec) {
            let id = ProgramId { variant: 0, stage, kind, rung: 0 };
            let text = compiled.module_text(id).unwrap();
            let start = std::time::Instant::now();
            if let Err(error) = topology.compile(&text, &compile_options) {
                panic!("{pipeline}: {id} ({}): {error}\n{text}", spec.label);
            }
            eprintln!("{id} ({}): {:?}", spec.label, start.elapsed());
        }
    }
}

#[test]
fn tpu() {
    check_tpu(
        "v5e:1x1",
        "t | filter x > 1.0 | group { d, h = hour(at) } { n = count(), m = mean(k), v = var(x) } | sort -n | take 3",
    );
    check_tpu("v5e:1x1", "t | aggregate { lo = min(x), hi = max(p) }");
    check_tpu("v5e:1x1", "t | join left b on k | group s { n = count(), w = sum(w) }");
}

#[test]
fn tpu_slices() {
    check_tpu("v5e:2x4", "t | group d { n = count(), m = mean(k), f = first(born) } | filter n > 3");
    check_tpu("v5e:2x4", "t | join b on k | group s { n = count(), w = sum(w) } | sort -n");
    check_tpu("v6e:4x4", "t | window { by { d }, sort { at } } { r = row_number() } | aggregate { n = sum(r) }");
}

/// Recorded bounds narrow the column to 32 bits; the declared ones have more.
#[test]
fn declared_domains_beyond_the_element() {
    let source = "table t { k: i64 in 0..1099511627776 }
export r = t | group k { n = count() }\n";
    let (file, _) = dj_grammar::parse(source);
    let files = Files::new(&file, source, &["# file t: 400 rows, k in 0..9"]);
    let options = Options { target: Target::parse("tpu:v5e:1x1"), ..Options::default() };
    let compiled = compile(source, "test.dj", &files, &|_, _| false, &options).unwrap();
    let texts = compiled.module_texts().unwrap();
    let step = &texts[&ProgramId { variant: 0, stage: 0, kind: ProgramKind::Step(0), rung: 0 }];
    assert!(step.contains("xi32>") && !step.contains("1099511627776"), "{step}");
    let step = &texts[&ProgramId { variant: 1, stage: 0, kind: ProgramKind::Step(0), rung: 0 }];
    assert!(step.contains("1099511627776"), "{step}");
}

/// However many drivers a stage has, and however many matches a row: each is an integer of its own in a row's place.
#[test]
fn places_of_rows_in_many_unions() {
    let unions: String = (1..=140).map(|number| format!("  | union (t | derive u = {number})\n")).collect();
    let source = format!(
        "{TABLES}export r = t | derive u = 0\n{unions}  | join b on k | group k {{ head = first(u) }} | select {{ k, head }}\n"
    );
    let compiled = compile(&source, "test.dj", &NothingBound, &|_, _| false, &Options::default()).unwrap();
    let stages = &compiled.manifest.variants[0].stages;
    let stage = stages.iter().position(|stage| stage.drivers.len() == 141).unwrap();
    let state: Vec<_> = stages[stage].state.iter().map(|tensor| (tensor.element, tensor.init)).collect();
    let place = [
        (Element::S32, Init::Bits(i32::MAX as u64)),
        (Element::S64, Init::Bits(i64::MAX as u64)),
        (Element::S32, Init::Bits(i32::MAX as u64)),
    ];
    assert!(state.windows(3).any(|part| part == place), "{state:?}");
    let last = ProgramId { variant: 0, stage, kind: ProgramKind::Step(140), rung: 0 };
    let text = compiled.module_text(last).unwrap();
    assert!(text.contains("value = dense<140> : tensor<i32>"), "{text}");
}

/// The stages of a pipeline, and the different programs that they have at one rung: what is compiled before the first row.
fn stages_and_programs(pipeline: &str) -> (usize, usize) {
    let source = format!("{TABLES}export r = {pipeline}\n");
    let compiled = compile(&source, "test.dj", &NothingBound, &|_, _| false, &Options::default());
    let compiled = compiled.unwrap_or_else(|error| panic!("{pipeline}: {error:?}"));
    let stages = &compiled.manifest.variants[0].stages;
    let ids = stages.iter().enumerate().flat_map(|(stage, spec)| {
        let rung = spec.first_rung;
        spec.programs().into_iter().map(move |kind| ProgramId { variant: 0, stage, kind, rung })
    });
    let keys: BTreeSet<String> = ids.map(|id| program_key(&compiled.module_text(id).unwrap())).collect();
    (stages.len(), keys.len())
}

/// Each stage or program more is compiled before the first row, for up to a tenth of a second.
#[test]
fn joins_have_so_many_stages_and_programs() {
    let on = "(b | rename { j = k }) on k == j";
    for (kind, plain, conditional) in [
        ("", (2, 3), (2, 3)),
        ("left", (2, 3), (4, 6)),
        ("right", (2, 3), (4, 6)),
        ("semi", (2, 3), (4, 6)),
        ("anti", (2, 3), (4, 6)),
        ("full", (5, 8), (7, 12)),
    ] {
        let found = [String::new(), " and x > w".to_owned()];
        let found = found.map(|condition| stages_and_programs(&format!("t | join {kind} {on}{condition}")));
        assert_eq!(found, [plain, conditional], "{kind}");
    }
    let unique = "(b | distinct { k } | rename { j = k }) on k == j and x > w";
    assert_eq!(stages_and_programs(&format!("t | join left {unique}")), (3, 6));
}

#[test]
fn emit() {
    check("t | filter d > 3 and x < 2.0 | derive y = p * 2 + 1 | select { k, y, s }");
}

#[test]
fn reduce() {
    check(
        "t | aggregate { n = count(), a = sum(p), b = mean(x), c = min(x), d = max(k), e = std(x), f = sum(k), g = first(s) }",
    );
}

#[test]
fn dense() {
    check("t | group { d, h = hour(at) } { n = count(), m = mean(k), lo = min(s), l = last(x), v = var(x) }");
}

#[test]
fn sorted_groups() {
    check("t | group { k, s, x } { n = count(), m = mean(p), lo = min(u), f = first(p) } | sort { -n, k } | take 10");
}

#[test]
fn joins() {
    check("t | join b on k | select { k, name, x }");
    check("t | join left b on k | group name { n = count() }");
    check("t | join left (b | group k { w = sum(w) }) on k | select { k, w }");
}

#[test]
fn text_and_time() {
    check(
        "t | filter lower(u) like \"a%\" and s == u and s != \"x\" | derive { y = year(born), m = date_trunc(\"month\", at), l = length(s) } | sort { u, -s }",
    );
    check(
        "t | select { a = case { s == \"a\" => u, else => \"none\" }, c = k as f64, e = (x as? i32) ?? 0, f = round(x, 2) }",
    );
}

#[test]
fn distinct_and_union() {
    check("t | select { k, s } | union (b | select { k, s = name }) | distinct");
    check("t | distinct { d } | select { d, s }");
    check("t | take 11..20 | select { d }");
}

/// Every program of the repository, at two rungs: MLIR must read each text as the module that it was.
#[test]
fn programs_have_faithful_texts() {
    let mut lowered = 0;
    for (file, source) in corpus::programs(&["examples", "tests/tpch", "tests/corpus"]) {
        let compiled = match compile(&source, "test.dj", &Generated, &|_, _| false, &Options::default()) {
            Ok(compiled) => compiled,
            Err(CompileError::Program(_)) => continue,
            Err(error @ (CompileError::Verify(_) | CompileError::Manifest(_))) => panic!("{}: {error}", file.display()),
        };
        for id in compiled.manifest.programs().into_iter().filter(|id| id.rung < 2) {
            compiled.module_text(id).unwrap_or_else(|error| panic!("{}: {id}: {error}", file.display()));
            lowered += 1;
        }
    }
    assert!(lowered > 800, "only {lowered} programs");
}

#[test]
fn targets_parse() {
    assert_eq!(Target::parse("tpu:v5e:2x4").map(|target| target.replicas), Some(8));
}
