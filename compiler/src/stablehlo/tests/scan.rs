//! Scans against a plain loop.

use super::{Tensor, run};

const LENGTHS: [usize; 7] = [1, 2, 7, 511, 512, 513, 262_144];

/// Numbers without a pattern that a scan could get right by accident.
fn sample(length: usize) -> Vec<i32> {
    let mut state = 12_345_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as i32 - (1 << 23)
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn scans_equal_a_loop() {
    for length in LENGTHS {
        let input = sample(length);
        let outputs = run(&[Tensor::vector(&input)], |b, x| {
            vec![b.inclusive_sum(x[0]), b.exclusive_sum(x[0]), b.inclusive_max(x[0])]
        });
        let sums: Vec<i32> = input
            .iter()
            .scan(0_i32, |sum, &x| {
                *sum = sum.wrapping_add(x);
                Some(*sum)
            })
            .collect();
        let before: Vec<i32> = sums.iter().zip(&input).map(|(sum, x)| sum.wrapping_sub(*x)).collect();
        let largest: Vec<i32> = input
            .iter()
            .scan(i32::MIN, |largest, &x| {
                *largest = x.max(*largest);
                Some(*largest)
            })
            .collect();
        assert!(outputs[0].values::<i32>() == sums, "inclusive_sum of {length}");
        assert!(outputs[1].values::<i32>() == before, "exclusive_sum of {length}");
        assert!(outputs[2].values::<i32>() == largest, "inclusive_max of {length}");
    }
}

#[test]
fn floats_and_positions() {
    let floats: Vec<f64> = (0..1500).map(f64::from).collect();
    let selected: Vec<bool> = (0..1500).map(|index| index % 3 == 1).collect();
    let outputs = run(&[Tensor::vector(&floats), Tensor::preds(&selected)], |b, x| {
        let (positions, count) = b.positions(x[1]);
        vec![b.inclusive_sum(x[0]), b.exclusive_sum(x[0]), positions, count]
    });
    let sum = |index: usize| (index * (index + 1) / 2) as f64;
    assert!(outputs[0].values::<f64>().into_iter().eq((0..1500).map(sum)));
    assert!(outputs[1].values::<f64>().into_iter().eq((0..1500).map(|index| sum(index) - index as f64)));
    assert!(outputs[2].values::<i32>().into_iter().eq((0..1500).map(|index| (index + 1) / 3)));
    assert_eq!(outputs[3].single::<i32>(), 500);
}
