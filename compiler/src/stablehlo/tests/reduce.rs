//! Reductions.

use super::super::{Combiner, Direction, Element};
use super::{Tensor, run};

#[test]
fn whole_tensors() {
    let inputs = [
        Tensor::vector(&[3_i64, -1, 4]),
        Tensor::preds(&[false, true, false]),
        Tensor::vector(&[2.5_f64, -1.0]),
        Tensor::vector(&[0b110_u8, 0b011]),
        Tensor::vector::<i32>(&[]),
    ];
    let outputs = run(&inputs, |b, x| {
        vec![
            b.reduce_add(x[0]),
            b.reduce_max(x[0]),
            b.reduce_min(x[0]),
            b.reduce_or(x[1]),
            b.reduce_and(x[1]),
            b.reduce_max(x[2]),
            b.reduce_or(x[3]),
            b.reduce_and(x[3]),
            b.reduce_max(x[4]),
            b.reduce_max(x[1]),
            b.reduce_with(Combiner::Multiply, x[0], &[0]),
        ]
    });
    assert_eq!([0, 1, 2, 10].map(|index: usize| outputs[index].single::<i64>()), [6, 4, -1, -12]);
    assert_eq!([3, 4, 9].map(|index: usize| outputs[index].truths()), [[true], [false], [true]]);
    assert_eq!(outputs[5].single::<f64>(), 2.5);
    assert_eq!([6, 7].map(|index: usize| outputs[index].single::<u8>()), [0b111, 0b010]);
    assert_eq!(outputs[8].single::<i32>(), i32::MIN);
}

#[test]
fn rows_and_several_operands() {
    let matrix = Tensor::matrix(3, &[1_i64, 2, 3, 6, 5, 4]);
    let outputs = run(&[matrix], |b, x| {
        let position = b.iota_dim(Element::S32, &[2, 3], 1);
        let starts = [(x[0], b.least(Element::S64)), (position, b.constant_int(Element::S32, -1))];
        let mut results = b.reduce(&starts, &[1], |b, accumulators, elements| {
            let larger = b.compare(Direction::Gt, elements[0], accumulators[0]);
            (0..2).map(|index| b.select(larger, elements[index], accumulators[index])).collect()
        });
        results.push(b.reduce_with(Combiner::Add, x[0], &[0]));
        results
    });
    assert_eq!(outputs[0].values::<i64>(), [3, 6]);
    assert_eq!(outputs[1].values::<i32>(), [2, 0]);
    assert_eq!(outputs[2].values::<i64>(), [7, 7, 7]);
}
