//! Composed functions against Rust's own.

use super::elementwise::assert_close;
use super::{Tensor, run};

/// The ulps that the functions document, and a little.
const TOLERANCE: f64 = 1e-15;

#[test]
fn inverse_trigonometry() {
    let inputs = [0.0, 1.0, -1.0, 0.5, -0.5, 1e-9, 0.999_999_999, -0.999_999_999, 0.707, 2.0, f64::NAN];
    let outputs = run(&[Tensor::vector(&inputs)], |b, x| vec![b.asin(x[0]), b.acos(x[0]), b.atan(x[0])]);
    let functions: [fn(f64) -> f64; 3] = [f64::asin, f64::acos, f64::atan];
    for (output, function) in outputs.iter().zip(functions) {
        assert_close(&output.values::<f64>(), &inputs.map(function), TOLERANCE);
    }
}

#[test]
fn hyperbolics() {
    let inputs = [0.0, 1e-12, -1e-5, 0.3, -1.0, 5.0, 21.9, 22.1, -300.0, 710.0, -711.0, f64::INFINITY, f64::NAN];
    let outputs = run(&[Tensor::vector(&inputs)], |b, x| vec![b.sinh(x[0]), b.cosh(x[0])]);
    // Rust's own lose a few ulp for large operands too.
    assert_close(&outputs[0].values::<f64>(), &inputs.map(f64::sinh), 4.0 * TOLERANCE);
    assert_close(&outputs[1].values::<f64>(), &inputs.map(f64::cosh), 4.0 * TOLERANCE);
}

#[test]
fn logarithms_are_exact_for_powers() {
    let mut inputs: Vec<f64> = (-60..60).map(|power| 2.0_f64.powi(power)).collect();
    inputs.extend((-20..=22).map(|power| format!("1e{power}").parse::<f64>().unwrap()));
    inputs.extend([3.0, 0.7, 1.000_000_1, 12_345.678, 0.0, -1.0, f64::INFINITY, f64::NAN]);
    let outputs = run(&[Tensor::vector(&inputs)], |b, x| vec![b.log2(x[0]), b.log10(x[0])]);
    let (log2, log10) = (outputs[0].values::<f64>(), outputs[1].values::<f64>());
    let expected = |function: fn(f64) -> f64| inputs.iter().map(|&x| function(x)).collect::<Vec<_>>();
    assert_close(&log2, &expected(f64::log2), TOLERANCE);
    assert_close(&log10, &expected(f64::log10), TOLERANCE);
    assert!(log2[..120].iter().copied().eq((-60..60).map(f64::from)));
    assert!(log10[120..163].iter().copied().eq((-20..=22).map(f64::from)));
}
