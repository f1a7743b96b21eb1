//! Folds: sums, appends that grow and compact, statuses, replays, limits.

use super::*;

#[test]
fn a_sum_folds_all_chunks() {
    let values: Vec<i64> = (1..=103).collect();
    let program = Program::new(vec![vec![sum_stage()]]);
    assert_eq!(program.run(&Files::new(&values)).unwrap(), [103 * 104 / 2]);
    assert_eq!(program.run(&Files::new(&[])).unwrap(), [0]);
    assert_eq!(program.run(&Files::new(&[7])).unwrap(), [7]);
}

#[test]
fn repetitions_are_timed_and_change_nothing() {
    let program = Program::new(vec![vec![sum_stage()]]);
    let files = Files::new(&(1..=20).collect::<Vec<_>>());
    let options = Options { repeat: 3, profile: true, ..Options::default() };
    let (outputs, report) = program.run_with(&files, &[], options).unwrap();
    assert_eq!(outputs.values, [210]);
    assert_eq!(report.repetitions.len(), 3);
    assert_eq!((report.rows, report.compiled, report.replays), (20, 2, 0));
}

/// Appends every row to a buffer of `8 << rung` rows.
fn append_step(rung: usize) -> String {
    let n = 8 << rung;
    let body = format!(
        "%next = stablehlo.dynamic_update_slice %buffer, %v, %count
             : (tensor<{n}xi64>, tensor<4xi64>, tensor<i32>) -> tensor<{n}xi64>
         %total = stablehlo.add %count, %rows : tensor<i32>
         return %status, %next, %total, %status, %total
             : tensor<1xi64>, tensor<{n}xi64>, tensor<i32>, tensor<1xi64>, tensor<i32>"
    );
    let arguments = format!(
        "%status: tensor<1xi64> {{tf.aliasing_output = 0 : i32}}, \
         %buffer: tensor<{n}xi64> {{tf.aliasing_output = 1 : i32}}, \
         %count: tensor<i32> {{tf.aliasing_output = 2 : i32}}, \
         %v: tensor<4xi64>, %rows: tensor<i32>, %start: tensor<i64>"
    );
    let results = format!("tensor<1xi64>, tensor<{n}xi64>, tensor<i32>, tensor<1xi64>, tensor<i32>");
    module(&arguments, &results, &body)
}

fn append_finish(rung: usize) -> String {
    let n = 8 << rung;
    module(
        &format!("%status: tensor<1xi64>, %buffer: tensor<{n}xi64>, %count: tensor<i32>"),
        &format!("tensor<1xi64>, tensor<i32>, tensor<{n}xi64>"),
        &format!("return %status, %count, %buffer : tensor<1xi64>, tensor<i32>, tensor<{n}xi64>"),
    )
}

/// Replaces all rows by their sum.
fn append_compact(rung: usize) -> String {
    let n = 8 << rung;
    let body = format!(
        "%lane = stablehlo.iota dim = 0 : tensor<{n}xi32>
         %bound = stablehlo.broadcast_in_dim %count, dims = [] : (tensor<i32>) -> tensor<{n}xi32>
         %active = stablehlo.compare LT, %lane, %bound : (tensor<{n}xi32>, tensor<{n}xi32>) -> tensor<{n}xi1>
         %zeros = stablehlo.constant dense<0> : tensor<{n}xi64>
         %kept = stablehlo.select %active, %buffer, %zeros : tensor<{n}xi1>, tensor<{n}xi64>
         %zero = stablehlo.constant dense<0> : tensor<i64>
         %sum = stablehlo.reduce(%kept init: %zero) applies stablehlo.add across dimensions = [0]
             : (tensor<{n}xi64>, tensor<i64>) -> tensor<i64>
         %all = stablehlo.broadcast_in_dim %sum, dims = [] : (tensor<i64>) -> tensor<{n}xi64>
         %one = stablehlo.constant dense<1> : tensor<i32>
         return %status, %all, %one, %status, %one
             : tensor<1xi64>, tensor<{n}xi64>, tensor<i32>, tensor<1xi64>, tensor<i32>"
    );
    let arguments = format!("%status: tensor<1xi64>, %buffer: tensor<{n}xi64>, %count: tensor<i32>");
    let results = format!("tensor<1xi64>, tensor<{n}xi64>, tensor<i32>, tensor<1xi64>, tensor<i32>");
    module(&arguments, &results, &body)
}

pub(super) fn append_stage(compacts: bool, rungs: usize) -> (Stage, Texts) {
    waiting_append_stage(compacts, rungs, 0)
}

/// A stage whose buffer waits up to a rung.
fn waiting_append_stage(compacts: bool, rungs: usize, level: usize) -> (Stage, Texts) {
    let sizes: Vec<usize> = (0..rungs).map(|rung: usize| 8 << rung.saturating_sub(level)).collect();
    let mut spec = stage("collect", appends(compacts, sizes.clone()));
    spec.rungs = rungs;
    spec.capacities = vec![Capacity { base: 8, level, holds: CapacityKind::Rows }];
    let buffer =
        StateTensor { element: Element::S64, dims: sizes.iter().map(|&size| vec![size]).collect(), init: Init::Zero };
    let count = StateTensor { element: Element::S32, dims: vec![vec![]], init: Init::Zero };
    spec.state.extend([buffer, count]);
    let mut programs = Vec::new();
    for rung in 0..rungs {
        let size = rung.saturating_sub(level);
        programs.push((ProgramKind::Step(0), rung, append_step(size)));
        programs.push((ProgramKind::Compact, rung, append_compact(size)));
        programs.push((ProgramKind::Finish, rung, append_finish(size)));
    }
    (spec, programs)
}

#[test]
fn appended_rows_outgrow_every_rung() {
    let program = Program::new(vec![vec![append_stage(false, 5)]]);
    for rows in [0, 1, 4, 8, 9, 33, 100, 128] {
        let values: Vec<i64> = (0..rows).collect();
        assert_eq!(program.run(&Files::new(&values)).unwrap(), values, "{rows} rows");
    }
}

#[test]
fn rungs_at_which_a_buffer_waits_are_skipped() {
    let (stage, programs) = waiting_append_stage(false, 5, 2);
    assert_eq!([0, 1, 2, 3, 4].map(|rung| stage.next_rung(rung)), [3, 3, 3, 4, 5]);
    let program = Program::new(vec![vec![(stage, programs)]]);
    for rows in [8, 9, 17, 32] {
        let values: Vec<i64> = (0..rows).collect();
        assert_eq!(program.run(&Files::new(&values)).unwrap(), values, "{rows} rows");
    }
    let error = program.run(&Files::new(&(0..33).collect::<Vec<_>>())).unwrap_err();
    assert_eq!(error.to_string(), "`collect` has more than 32 collected rows");
}

#[test]
fn a_buffer_that_waits_is_compacted() {
    let program = Program::new(vec![vec![waiting_append_stage(true, 4, 2)]]);
    let values: Vec<i64> = (1..=50).collect();
    let rows = program.run(&Files::new(&values)).unwrap();
    assert_eq!(rows.iter().sum::<i64>(), values.iter().sum::<i64>());
    assert!(rows.len() <= 8, "{rows:?}");
}

#[test]
fn the_largest_rung_is_an_error_and_not_a_wrong_result() {
    let program = Program::new(vec![vec![append_stage(false, 2)]]);
    let error = program.run(&Files::new(&(0..17).collect::<Vec<_>>())).unwrap_err();
    assert_eq!(error.exit(), Exit::Program);
    assert_eq!(error.to_string(), "`collect` has more than 16 collected rows");
}

#[test]
fn compacting_keeps_the_buffer_small() {
    let (mut spec, programs) = append_stage(true, 1);
    spec.sink.kind = appends(true, vec![8]);
    let program = Program::new(vec![vec![(spec, programs)]]);
    let values: Vec<i64> = (1..=100).collect();
    let rows = program.run(&Files::new(&values)).unwrap();
    assert_eq!(rows.iter().sum::<i64>(), 5050);
    assert!(rows.len() <= 8, "{rows:?}");
}

#[test]
fn results_are_sliced() {
    let (mut spec, programs) = append_stage(false, 5);
    spec.sink.slice = Some((2, 3));
    let program = Program::new(vec![vec![(spec, programs)]]);
    assert_eq!(program.run(&Files::new(&[5, 6, 7, 8, 9, 10])).unwrap(), [7, 8, 9]);
    assert_eq!(program.run(&Files::new(&[5, 6, 7])).unwrap(), [7]);
}

#[test]
fn the_memory_limit_names_the_option() {
    let program = Program::new(vec![vec![append_stage(false, 5)]]);
    let options = Options { memory_limit: 300, ..Options::default() };
    let error = program.run_with(&Files::new(&(0..100).collect::<Vec<_>>()), &[], options).err().unwrap();
    let RunError::Program(diagnostics) = error else { panic!("{error}") };
    assert_eq!(diagnostics[0].code, codes::MEMORY);
    assert!(diagnostics[0].help[0].contains("--memory-limit"), "{diagnostics:?}");
}

#[test]
fn more_rows_than_a_sum_can_take_are_refused() {
    let (mut spec, programs) = sum_stage();
    spec.max_rows = 10;
    let program = Program::new(vec![vec![(spec, programs)]]);
    assert_eq!(program.run(&Files::new(&[1; 10])).unwrap(), [10]);
    let error = program.run(&Files::new(&[1; 11])).unwrap_err();
    assert_eq!(error.diagnostics()[0].code, codes::TOO_MANY_ROWS);
}

/// Sums, and raises site 0 for values above 100.
fn checked_sum_stage(kind: StatusKind) -> (Stage, Texts) {
    let (mut spec, mut programs) = sum_stage();
    spec.status = vec![site(kind, "a value is above 100")];
    let body = format!(
        "{PRELUDE}
    %hundred = stablehlo.constant dense<100> : tensor<4xi64>
    %large = stablehlo.compare GT, %kept, %hundred : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %lanes = stablehlo.convert %lane : (tensor<4xi32>) -> tensor<4xi64>
    %first = stablehlo.broadcast_in_dim %start, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %row = stablehlo.add %first, %lanes : tensor<4xi64>
    %base = stablehlo.constant dense<{STATUS_BASE}> : tensor<4xi64>
    %code = stablehlo.subtract %base, %row : tensor<4xi64>
    %raised = stablehlo.select %large, %code, %zeros : tensor<4xi1>, tensor<4xi64>
    %worst = stablehlo.reduce(%raised init: %zero) applies stablehlo.maximum across dimensions = [0]
        : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %worsts = stablehlo.reshape %worst : (tensor<i64>) -> tensor<1xi64>
    %now = stablehlo.maximum %status, %worsts : tensor<1xi64>
    %part = stablehlo.reduce(%kept init: %zero) applies stablehlo.add across dimensions = [0]
        : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %parts = stablehlo.reshape %part : (tensor<i64>) -> tensor<1xi64>
    %next = stablehlo.add %sum, %parts : tensor<1xi64>
    return %now, %next, %now : tensor<1xi64>, tensor<1xi64>, tensor<1xi64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, \
                     %sum: tensor<1xi64> {tf.aliasing_output = 1 : i32}, \
                     %v: tensor<4xi64>, %rows: tensor<i32>, %start: tensor<i64>";
    programs[0].2 = module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<1xi64>", &body);
    (spec, programs)
}

#[test]
fn a_status_names_the_first_row() {
    let program = Program::new(vec![vec![checked_sum_stage(StatusKind::Overflow)]]);
    let mut values: Vec<i64> = (0..30).collect();
    assert_eq!(program.run(&Files::new(&values)).unwrap(), [435]);
    values[17] = 101;
    values[21] = 102;
    let files = Files::new(&values);
    let error = program.run(&files).unwrap_err();
    let diagnostic = &error.diagnostics()[0];
    assert_eq!(diagnostic.message, format!("a value is above 100, row 18 of `{}`", files.path().display()));
    assert_eq!((diagnostic.code, diagnostic.labels[0].span), (codes::OVERFLOW, Span::new(2, 4)));
    assert_eq!(diagnostic.help, ["in that row `v` is 101", "try less"]);
}

#[test]
fn a_broken_assumption_replays_with_the_next_variant() {
    let program = Program::new(vec![vec![checked_sum_stage(StatusKind::Assumption)], vec![sum_stage()]]);
    let (outputs, report) = program.run_with(&Files::new(&[1, 2, 3]), &[], Options::default()).unwrap();
    assert_eq!((outputs.values, report.variant, report.replays), (vec![6], 0, 0));
    let (outputs, report) = program.run_with(&Files::new(&[1, 2, 300]), &[], Options::default()).unwrap();
    assert_eq!((outputs.values, report.variant, report.replays), (vec![303], 1, 1));
}

#[test]
fn metadata_rules_a_variant_out_before_it_runs() {
    let mut program = Program::new(vec![vec![checked_sum_stage(StatusKind::Assumption)], vec![sum_stage()]]);
    let bounds = crate::types::Bounds::Int { lo: 0, hi: 100 };
    let assumption = Assumption { table: 0, column: 0, kind: AssumptionKind::Bounds(bounds) };
    program.manifest.variants[0].assumptions = vec![assumption];
    let (outputs, report) = program.run_with(&Files::new(&[1, 2, 300]), &[], Options::default()).unwrap();
    assert_eq!((outputs.values, report.variant, report.replays), (vec![303], 1, 0));
}
