//! Stages that read a table together.

use super::emits::{filter_stage, later_stage};
use super::folds::append_stage;
use super::*;

/// A program whose stages are one pass and all exported; what they give comes one after the other.
fn together(stages: Vec<(Stage, Texts)>) -> Program {
    let mut program = Program::new(vec![stages]);
    let variant = &mut program.manifest.variants[0];
    variant.passes = vec![(0..variant.stages.len()).collect()];
    let export = |stage: usize| ExportSpec { name: format!("e{stage}"), span: Span::default(), stages: vec![stage] };
    program.manifest.exports = (0..variant.stages.len()).map(export).collect();
    program
}

fn run(program: &Program, values: &[i64], options: Options) -> (Vec<i64>, RunReport) {
    let (outputs, report) = program.run_with(&Files::new(values), &[], options).unwrap();
    (outputs.values, report)
}

/// A filter that takes so many rows, of which none are left out.
fn first_rows(count: u64) -> (Stage, Texts) {
    let (mut spec, programs) = filter_stage();
    spec.sink.slice = Some((0, count));
    (spec, programs)
}

#[test]
fn rows_are_read_once_for_all_stages() {
    let program = together(vec![sum_stage(), sum_stage(), sum_stage()]);
    for rows in [0, 1, 4, 21] {
        let values: Vec<i64> = (1..=rows).collect();
        let (sums, report) = run(&program, &values, Options::default());
        assert_eq!(sums, [rows * (rows + 1) / 2; 3]);
        assert_eq!(report.rows, rows.cast_unsigned());
    }
}

#[test]
fn a_column_goes_to_one_stage_by_the_device_and_to_another_by_the_host() {
    let program = together(vec![later_stage(), sum_stage(), filter_stage()]);
    let (found, _) = run(&program, &[10, 20, 30, 40, 50, 60], Options::default());
    assert_eq!(found, [20, 30, 40, 60, 20, 30, 40, 50, 60, 210]);
}

#[test]
fn a_stage_that_is_full_gets_no_more_and_the_others_go_on() {
    let program = together(vec![first_rows(3), sum_stage()]);
    let values: Vec<i64> = (0..400).collect();
    let (found, report) = run(&program, &values, Options::default());
    assert_eq!(found, [11, 12, 13, 399 * 400 / 2]);
    assert_eq!(report.rows, 400);
}

#[test]
fn a_pass_ends_when_all_its_stages_are_full() {
    let program = together(vec![first_rows(3), first_rows(20)]);
    let (found, report) = run(&program, &(0..4000).collect::<Vec<_>>(), Options::default());
    assert_eq!(found.len(), 23);
    assert!(report.rows < 100, "{} rows were read", report.rows);
}

#[test]
fn every_stage_repeats_its_own_waves() {
    let program = together(vec![first_rows(3), sum_stage(), sum_stage()]);
    let options = Options { repeat: 2, profile: true, ..Options::default() };
    let (found, report) = run(&program, &(0..40).collect::<Vec<_>>(), options);
    assert_eq!(found, [11, 12, 13, 780, 780]);
    assert_eq!((report.repetitions.len(), report.rows), (2, 40));
}

#[test]
fn stages_read_an_earlier_result_together() {
    let over_first = |(mut spec, programs): (Stage, Texts)| {
        spec.drivers[0].source = DriverSource::Stage(0);
        (spec, programs)
    };
    let mut program = together(vec![filter_stage(), over_first(sum_stage()), over_first(first_rows(2))]);
    program.manifest.variants[0].passes = vec![vec![0], vec![1, 2]];
    let (found, report) = run(&program, &(0..20).collect::<Vec<_>>(), Options::default());
    assert_eq!(found, [11, 12, 13, 14, 15, 16, 17, 18, 19, 11, 12, 135]);
    assert_eq!(report.rows, 20);
}

#[test]
fn stages_that_do_not_fit_together_run_one_after_the_other() {
    let values: Vec<i64> = (0..60).collect();
    let (one, report) = run(&together(vec![append_stage(false, 5)]), &values, Options::default());
    assert_eq!((one.len(), report.replays), (60, 0));
    let options = Options { memory_limit: report.tensor_bytes, ..Options::default() };
    let (both, report) = run(&together(vec![append_stage(false, 5), append_stage(false, 5)]), &values, options);
    assert_eq!((both, report.replays), ([one.clone(), one].concat(), 1));
}
