//! Sorts.

use super::super::Element;
use super::{Tensor, run};

#[test]
fn one_vector() {
    let inputs = [Tensor::vector(&[3_i64, -1, i64::MIN, 7]), Tensor::vector(&[3_u32, u32::MAX, 0])];
    let outputs = run(&inputs, |b, x| [b.sort(&[x[0]], 1, false), b.sort(&[x[1]], 1, true)].concat());
    assert_eq!(outputs[0].values::<i64>(), [i64::MIN, -1, 3, 7]);
    assert_eq!(outputs[1].values::<u32>(), [0, 3, u32::MAX]);
}

#[test]
fn keys_in_order_and_a_payload() {
    let inputs = [
        Tensor::vector(&[2_i32, 1, 2, 1, 2]),
        Tensor::vector(&[5.0_f64, f64::NAN, -1.0, 0.0, 5.0]),
        Tensor::preds(&[true, true, true, true, false]),
    ];
    let outputs = run(&inputs, |b, x| {
        let rows = b.iota(Element::S64, 5);
        let mut results = b.sort(&[x[0], x[1], x[2], rows], 3, false);
        results.extend(b.sort(&[x[0], rows], 1, true));
        results
    });
    assert_eq!(outputs[0].values::<i32>(), [1, 1, 2, 2, 2]);
    assert_eq!(outputs[2].truths(), [true, true, true, false, true]);
    assert_eq!(outputs[3].values::<i64>(), [3, 1, 2, 4, 0]);
    assert_eq!(outputs[5].values::<i64>(), [1, 3, 0, 2, 4]);
}
