//! Rows that steps emit: masks, slices, expansion.

use super::*;

/// Emits the values above 10.
pub(super) fn filter_stage() -> (Stage, Texts) {
    let body = format!(
        "{PRELUDE}
    %ten = stablehlo.constant dense<10> : tensor<4xi64>
    %large = stablehlo.compare GT, %kept, %ten : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %mask = stablehlo.and %large, %active : tensor<4xi1>
    return %status, %status, %mask, %v : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, %v: tensor<4xi64>, %rows: tensor<i32>, \
                     %start: tensor<i64>";
    let step = module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>", &body);
    (stage("filter", SinkKind::Emit), vec![(ProgramKind::Step(0), 0, step)])
}

#[test]
fn masked_rows_come_out_in_order() {
    let program = Program::new(vec![vec![filter_stage()]]);
    let values = [11, 3, 12, 13, 9, 9, 9, 9, 14, 15, 1];
    let (outputs, _) = program.run_with(&Files::new(&values), &[], Options::default()).unwrap();
    assert_eq!(outputs.values, [11, 12, 13, 14, 15]);
    // The chunk of nines gives nothing, so the rest came in two portions: nothing is held back.
    assert_eq!(outputs.batches, 2);
    assert_eq!(program.run(&Files::new(&[])).unwrap(), Vec::<i64>::new());
}

/// Emits the rows after the first of each chunk; the host takes their values from the chunk.
pub(super) fn later_stage() -> (Stage, Texts) {
    let body = "
    %lane = stablehlo.iota dim = 0 : tensor<4xi32>
    %end = stablehlo.broadcast_in_dim %rows, dims = [] : (tensor<i32>) -> tensor<4xi32>
    %zeros = stablehlo.constant dense<0> : tensor<4xi32>
    %there = stablehlo.compare LT, %lane, %end : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %later = stablehlo.compare GT, %lane, %zeros : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %mask = stablehlo.and %there, %later : tensor<4xi1>
    return %status, %status, %mask : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>";
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, %rows: tensor<i32>, %start: tensor<i64>";
    let step = module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<4xi1>", body);
    let mut spec = stage("later", SinkKind::Emit);
    spec.drivers[0].arguments = vec![];
    spec.drivers[0].passed = vec![Some(0)];
    (spec, vec![(ProgramKind::Step(0), 0, step)])
}

#[test]
fn columns_that_are_passed_on_never_reach_the_device() {
    let program = Program::new(vec![vec![later_stage()]]);
    assert_eq!(program.run(&Files::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).unwrap(), [2, 3, 4, 6, 7, 8, 10]);
}

#[test]
fn a_slice_ends_reading_early() {
    let (mut spec, programs) = filter_stage();
    spec.sink.slice = Some((1, 5));
    let program = Program::new(vec![vec![(spec, programs)]]);
    let values: Vec<i64> = (0..1000).collect();
    let (outputs, report) = program.run_with(&Files::new(&values), &[], Options::default()).unwrap();
    assert_eq!(outputs.values, [12, 13, 14, 15, 16]);
    assert!(report.rows < 100, "{} rows were read", report.rows);
}

/// Emits every value three times.
fn triple_stage(names_rows: bool) -> (Stage, Texts) {
    let (origin, origin_type) = if names_rows { ("%origin, ", "tensor<4xi64>, ") } else { ("", "") };
    let body = format!(
        "
    %lane = stablehlo.iota dim = 0 : tensor<4xi64>
    %first = stablehlo.broadcast_in_dim %offset, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %at = stablehlo.add %lane, %first : tensor<4xi64>
    %three = stablehlo.constant dense<3> : tensor<i64>
    %threes = stablehlo.constant dense<3> : tensor<4xi64>
    %row = stablehlo.divide %at, %threes : tensor<4xi64>
    %wide = stablehlo.convert %rows : (tensor<i32>) -> tensor<i64>
    %total = stablehlo.multiply %wide, %three : tensor<i64>
    %totals = stablehlo.broadcast_in_dim %total, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %mask = stablehlo.compare LT, %at, %totals : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %index = stablehlo.reshape %row : (tensor<4xi64>) -> tensor<4x1xi64>
    %copies = \"stablehlo.gather\"(%v, %index) {{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0],
        start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>, indices_are_sorted = true}}
        : (tensor<4xi64>, tensor<4x1xi64>) -> tensor<4xi64>
    %start_row = stablehlo.broadcast_in_dim %start, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %origin = stablehlo.add %row, %start_row : tensor<4xi64>
    return %status, %status, %mask, {origin}%copies, %total
        : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, {origin_type}tensor<4xi64>, tensor<i64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, %v: tensor<4xi64>, %rows: tensor<i32>, \
                     %start: tensor<i64>, %offset: tensor<i64>";
    let results = format!("tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, {origin_type}tensor<4xi64>, tensor<i64>");
    let mut spec = stage("triple", SinkKind::Emit);
    spec.drivers[0].expands = true;
    (spec, vec![(ProgramKind::Step(0), 0, module(arguments, &results, &body))])
}

#[test]
fn expanding_steps_run_until_everything_is_out() {
    let program = Program::new(vec![vec![triple_stage(false)]]);
    for rows in [0, 1, 4, 5, 9] {
        let values: Vec<i64> = (0..rows).collect();
        let tripled: Vec<i64> = values.iter().flat_map(|&value| [value; 3]).collect();
        assert_eq!(program.run(&Files::new(&values)).unwrap(), tripled);
    }
}

#[test]
fn expansion_stops_at_a_slice() {
    let (mut spec, programs) = triple_stage(true);
    spec.sink.slice = Some((0, 5));
    let program = Program::new(vec![vec![(spec, programs)]]);
    assert_eq!(program.run(&Files::new(&[1, 2, 3, 4])).unwrap(), [1, 1, 1, 2, 2]);
}
