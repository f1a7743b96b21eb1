//! Loops, branches and barriers.

use super::super::{Direction, Element};
use super::{Tensor, run};

#[test]
fn loops_carry_values_and_see_outer_ones() {
    let outputs = run(&[Tensor::scalar(10_i32), Tensor::vector(&[1_i64, 2])], |b, x| {
        let sum =
            b.for_range(x[0], &[b.full_int(Element::S64, &[2], 0)], |b, _, carried| vec![b.add(carried[0], x[1])]);
        let one = b.constant_int(Element::S64, 1);
        let doubled = b.while_loop(
            &[one],
            |b, carried| b.compare(Direction::Lt, carried[0], b.constant_int(Element::S64, 100)),
            |b, carried| vec![b.add(carried[0], carried[0])],
        );
        b.optimization_barrier(&[sum[0], doubled[0]])
    });
    assert_eq!(outputs[0].values::<i64>(), [10, 20]);
    assert_eq!(outputs[1].single::<i64>(), 128);
}

#[test]
fn branches() {
    for (choice, expected) in [(true, 6_i64), (false, 5)] {
        let predicate = Tensor { ty: super::TensorType::scalar(Element::Pred), bytes: vec![u8::from(choice)] };
        let outputs = run(&[predicate, Tensor::scalar(5_i64)], |b, x| {
            b.if_then_else(x[0], |b| vec![b.add(x[1], b.constant_int(Element::S64, 1))], |_| vec![x[1]])
        });
        assert_eq!(outputs[0].single::<i64>(), expected);
    }
}
