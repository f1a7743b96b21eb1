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

/// Reference results, made with 200 bits; see the file's first line.
const REFERENCE: &str = include_str!("math.txt");

/// How far a result may be from the nearest float, in units in the last place.
const MOST_ULPS: u64 = 2;

/// The operand or operands of each reference, and the result.
fn references(wanted: &str) -> Vec<(f64, f64, f64)> {
    let bits = |text: &str| f64::from_bits(u64::from_str_radix(text, 16).unwrap());
    let lines = REFERENCE.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let of_name = lines.filter(|parts| parts[0] == wanted);
    of_name.map(|parts| (bits(parts[1]), bits(parts[2]), bits(parts[parts.len() - 1]))).collect()
}

/// Floats between two of one sign; many if the signs differ.
fn ulps(a: f64, b: f64) -> u64 {
    if a == b { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
}

type Compute =
    for<'b, 'c> fn(&'b crate::stablehlo::Builder<'c>, &'b [crate::stablehlo::Value<'c>]) -> crate::stablehlo::Value<'c>;

const DEVICE: [(&str, Compute); 17] = [
    ("exp", |b, x| b.exponential(x[0])),
    ("ln", |b, x| b.log(x[0])),
    ("log2", |b, x| b.log2(x[0])),
    ("log10", |b, x| b.log10(x[0])),
    ("sin", |b, x| b.sine(x[0])),
    ("cos", |b, x| b.cosine(x[0])),
    ("tan", |b, x| b.tan(x[0])),
    ("asin", |b, x| b.asin(x[0])),
    ("acos", |b, x| b.acos(x[0])),
    ("atan", |b, x| b.atan(x[0])),
    ("sinh", |b, x| b.sinh(x[0])),
    ("cosh", |b, x| b.cosh(x[0])),
    ("tanh", |b, x| b.tanh(x[0])),
    ("sqrt", |b, x| b.sqrt(x[0])),
    ("cbrt", |b, x| b.cbrt(x[0])),
    ("pow", |b, x| b.power(x[0], x[1])),
    ("atan2", |b, x| b.atan2(x[0], x[1])),
];

#[test]
fn functions_are_within_two_ulps() {
    let mut far = Vec::new();
    for (name, compute) in DEVICE {
        let references = references(name);
        assert!(references.len() >= 40, "{name}: only {} references", references.len());
        let xs: Vec<f64> = references.iter().map(|reference| reference.0).collect();
        let ys: Vec<f64> = references.iter().map(|reference| reference.1).collect();
        let outputs = run(&[Tensor::vector(&xs), Tensor::vector(&ys)], |b, x| vec![compute(b, x)]);
        for ((x, y, wanted), found) in references.iter().zip(outputs[0].values::<f64>()) {
            let distance = ulps(found, *wanted);
            if distance > MOST_ULPS {
                far.push(format!("{name} of {x:e} ({y:e}): {found:e}, not {wanted:e}: {distance} ulp"));
            }
        }
    }
    assert!(far.is_empty(), "{}", far.join("\n"));
}

#[test]
fn cube_roots_of_cubes_are_whole() {
    let roots: Vec<f64> = (-300..=300).map(f64::from).collect();
    let mut inputs: Vec<f64> = roots.iter().map(|root| root.powi(3)).collect();
    inputs.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310]);
    let outputs = run(&[Tensor::vector(&inputs)], |b, x| vec![b.cbrt(x[0])]);
    let found = outputs[0].values::<f64>();
    assert_eq!(found[..601], roots[..]);
    assert_eq!(found[601..603], [f64::INFINITY, f64::NEG_INFINITY]);
    assert!(found[603].is_nan());
    assert!(found[604] == 0.0 || (found[604] / 4.641_588_833_612_775e-104 - 1.0).abs() < 1e-9, "{}", found[604]);
}
