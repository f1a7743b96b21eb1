//! Scatters and gathers, with indices that are out of range.

use super::super::{Combiner, Indices};
use super::{Tensor, run};

#[test]
fn updates_are_combined_and_dropped() {
    let inputs = [
        Tensor::vector(&[10_i64, 20, 30]),
        Tensor::vector(&[2_i32, 0, 2, -1, 3]),
        Tensor::vector(&[1_i64, 2, 40, 100, 100]),
    ];
    let outputs = run(&inputs, |b, x| {
        let scatter = |combiner| b.scatter(x[0], x[1], x[2], combiner, Indices::default());
        let column = b.reshape(x[1], &[5, 1]);
        vec![
            scatter(Combiner::Add),
            scatter(Combiner::Min),
            scatter(Combiner::Max),
            scatter(Combiner::Or),
            b.scatter(x[0], column, x[2], Combiner::Add, Indices::default()),
        ]
    });
    let values: Vec<_> = outputs.iter().map(Tensor::values::<i64>).collect();
    assert_eq!(values, [[12, 20, 71], [2, 20, 1], [10, 20, 40], [10, 20, 30 | 1 | 40], [12, 20, 71]].map(Vec::from));
}

#[test]
fn rows_of_a_matrix() {
    let inputs = [
        Tensor::matrix(2, &[0.0_f64, 0.0, 1.0, 1.0, 2.0, 2.0]),
        Tensor::vector(&[1_i32, 2, 7]),
        Tensor::matrix(2, &[0.5_f64, 0.25, 5.0, 6.0, 9.0, 9.0]),
    ];
    let outputs = run(&inputs, |b, x| {
        let known = Indices { sorted: true, unique: true };
        vec![
            b.scatter(x[0], x[1], x[2], Combiner::Add, known),
            b.scatter(x[0], x[1], x[2], Combiner::Set, known),
            b.gather(x[0], x[1]),
            b.gather_with(b.reshape(x[0], &[6]), x[1], known),
        ]
    });
    assert_eq!(outputs[0].values::<f64>(), [0.0, 0.0, 1.5, 1.25, 7.0, 8.0]);
    assert_eq!(outputs[1].values::<f64>(), [0.0, 0.0, 0.5, 0.25, 5.0, 6.0]);
    assert_eq!(outputs[2].values::<f64>(), [1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(outputs[3].values::<f64>(), [0.0, 1.0, 2.0]);
}

#[test]
fn truth_values() {
    let inputs = [Tensor::preds(&[false, false, true]), Tensor::vector(&[1_i32, 9]), Tensor::preds(&[true, true])];
    let outputs =
        run(&inputs, |b, x| vec![b.scatter(x[0], x[1], x[2], Combiner::Or, Indices::default()), b.gather(x[0], x[1])]);
    assert_eq!(outputs[0].truths(), [false, true, true]);
    assert_eq!(outputs[1].truths(), [false, true]);
}
