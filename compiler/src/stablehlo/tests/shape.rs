//! Shape operations.

use super::super::Element;
use super::{Tensor, run};

#[test]
fn moving_elements() {
    let vector = Tensor::vector(&[10_i64, 11, 12, 13, 14, 15]);
    let outputs = run(&[vector, Tensor::scalar(2_i32)], |b, arguments| {
        let (v, two) = (arguments[0], arguments[1]);
        let matrix = b.reshape(v, &[2, 3]);
        let zero = b.constant_int(Element::S64, 0);
        let pair = b.slice_rows(v, 0, 2);
        vec![
            b.slice(v, &[1], &[6], &[2]),
            b.last(v),
            b.concatenate(&[v, pair], 0),
            b.pad(v, zero, &[2], &[-3]),
            b.dynamic_slice(v, &[two], &[3]),
            b.dynamic_update_slice(v, pair, &[two]),
            b.reverse(v, &[0]),
            b.transpose(matrix, &[1, 0]),
            b.broadcast_in_dim(pair, &[2, 3], &[0]),
            b.element_at(v, 3),
            b.concatenate(&[matrix, b.reverse(matrix, &[1])], 1),
            b.slice(matrix, &[0, 1], &[2, 3], &[1, 1]),
        ]
    });
    let values: Vec<_> = outputs.iter().map(Tensor::values::<i64>).collect();
    assert_eq!(values[0], [11, 13, 15]);
    assert_eq!(outputs[1].single::<i64>(), 15);
    assert_eq!(values[2], [10, 11, 12, 13, 14, 15, 10, 11]);
    assert_eq!(values[3], [0, 0, 10, 11, 12]);
    assert_eq!(values[4], [12, 13, 14]);
    assert_eq!(values[5], [10, 11, 10, 11, 14, 15]);
    assert_eq!(values[6], [15, 14, 13, 12, 11, 10]);
    assert_eq!(values[7], [10, 13, 11, 14, 12, 15]);
    assert_eq!(values[8], [10, 10, 10, 11, 11, 11]);
    assert_eq!(values[9], [13]);
    assert_eq!(values[10], [10, 11, 12, 12, 11, 10, 13, 14, 15, 15, 14, 13]);
    assert_eq!(values[11], [11, 12, 14, 15]);
}

#[test]
fn products_of_matrices() {
    let (left, right) = (Tensor::matrix(2, &[1.0_f32, 2.0, 3.0, 4.0]), Tensor::matrix(2, &[5.0_f32, 6.0, 7.0, 8.0]));
    let outputs = run(&[left, right], |b, x| vec![b.matrix_multiply(x[0], x[1], Element::F32)]);
    assert_eq!(outputs[0].values::<f32>(), [19.0, 22.0, 43.0, 50.0]);
}
