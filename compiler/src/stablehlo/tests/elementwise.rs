//! Elementwise operations against Rust's own.

use super::super::{Builder, Direction, Element, Value};
use super::{Tensor, run};

const FLOATS: [f64; 12] = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1.5, 3.7, -3.2, 1e-9, 20.0, 1e15];

/// Relative error allowed of XLA's own functions.
const TOLERANCE: f64 = 4e-15;

#[track_caller]
pub(super) fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len());
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let close = actual == expected
            || (actual.is_nan() && expected.is_nan())
            || (actual - expected).abs() <= tolerance * expected.abs();
        assert!(close, "element {index}: {actual:e}, expected {expected:e}");
    }
}

/// A builder of a function of one operand, and the function.
type Unary = (&'static str, for<'c> fn(&Builder<'c>, Value<'c>) -> Value<'c>, fn(f64) -> f64);

#[test]
fn unary_floats() {
    let cases: &[Unary] = &[
        ("negate", |b, x| b.negate(x), |x| -x),
        ("abs", |b, x| b.abs(x), f64::abs),
        ("sign", |b, x| b.sign(x), |x| if x == 0.0 { x } else { x.signum() }),
        ("sqrt", |b, x| b.sqrt(x), f64::sqrt),
        ("cbrt", |b, x| b.cbrt(x), f64::cbrt),
        ("exponential", |b, x| b.exponential(x), f64::exp),
        ("exponential_minus_one", |b, x| b.exponential_minus_one(x), f64::exp_m1),
        ("log", |b, x| b.log(x), f64::ln),
        ("log_plus_one", |b, x| b.log_plus_one(x), f64::ln_1p),
        ("logistic", |b, x| b.logistic(x), |x| 1.0 / (1.0 + (-x).exp())),
        ("tanh", |b, x| b.tanh(x), f64::tanh),
        ("sine", |b, x| b.sine(x), f64::sin),
        ("cosine", |b, x| b.cosine(x), f64::cos),
        ("tan", |b, x| b.tan(x), f64::tan),
        ("floor", |b, x| b.floor(x), f64::floor),
        ("ceil", |b, x| b.ceil(x), f64::ceil),
        ("round_nearest_even", |b, x| b.round_nearest_even(x), f64::round_ties_even),
        ("round_nearest_afz", |b, x| b.round_nearest_afz(x), f64::round),
        ("truncate", |b, x| b.truncate(x), f64::trunc),
    ];
    let outputs = run(&[Tensor::vector(&FLOATS)], |b, arguments| {
        cases.iter().map(|(_, built, _)| built(b, arguments[0])).collect()
    });
    for ((name, _, expected), output) in cases.iter().zip(&outputs) {
        let expected = FLOATS.map(expected);
        let run = std::panic::catch_unwind(|| assert_close(&output.values::<f64>(), &expected, TOLERANCE));
        assert!(run.is_ok(), "{name}");
    }
}

#[test]
fn binary_floats() {
    let pairs: Vec<(f64, f64)> = FLOATS.iter().flat_map(|&x| [0.5, -3.0, 7.25].map(|y| (x, y))).collect();
    let (left, right): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
    let outputs = run(&[Tensor::vector(&left), Tensor::vector(&right)], |b, arguments| {
        let (x, y) = (arguments[0], arguments[1]);
        vec![
            b.add(x, y),
            b.subtract(x, y),
            b.multiply(x, y),
            b.divide(x, y),
            b.remainder(x, y),
            b.minimum(x, y),
            b.maximum(x, y),
            b.power(x, y),
            b.atan2(x, y),
        ]
    });
    let expected: [fn(f64, f64) -> f64; 9] = [
        |x, y| x + y,
        |x, y| x - y,
        |x, y| x * y,
        |x, y| x / y,
        |x, y| x % y,
        f64::min,
        f64::max,
        f64::powf,
        f64::atan2,
    ];
    for (output, expected) in outputs.iter().zip(expected) {
        let expected: Vec<_> = pairs.iter().map(|&(x, y)| expected(x, y)).collect();
        assert_close(&output.values::<f64>(), &expected, TOLERANCE);
    }
}

#[test]
fn integers() {
    let left = [7_i64, -7, 0, i64::MAX, i64::MIN, 12];
    let right = [2_i64, 2, 5, 1, 3, -5];
    let outputs = run(&[Tensor::vector(&left), Tensor::vector(&right)], |b, arguments| {
        let (x, y) = (arguments[0], arguments[1]);
        let two = b.constant_int(Element::S64, 2);
        vec![
            b.add(x, y),
            b.divide(x, y),
            b.remainder(x, y),
            b.floor_divide(x, y),
            b.floor_remainder(x, y),
            b.and(x, y),
            b.or(x, y),
            b.xor(x, y),
            b.not(x),
            b.shift_left(x, two),
            b.shift_right_arithmetic(x, two),
            b.shift_right_logical(x, two),
            b.popcnt(x),
            b.count_leading_zeros(x),
            b.abs(x),
            b.sign(x),
            b.clamp(b.constant_int(Element::S64, -5), x, b.constant_int(Element::S64, 8)),
        ]
    });
    let expected: [fn(i64, i64) -> i64; 17] = [
        i64::wrapping_add,
        |x, y| x / y,
        |x, y| x % y,
        |x, y| x.div_euclid(y) - i64::from(y < 0 && x.rem_euclid(y) != 0),
        |x, y| ((x % y) + y) % y,
        |x, y| x & y,
        |x, y| x | y,
        |x, y| x ^ y,
        |x, _| !x,
        |x, _| x << 2,
        |x, _| x >> 2,
        |x, _| (x as u64 >> 2) as i64,
        |x, _| i64::from(x.count_ones()),
        |x, _| i64::from(x.leading_zeros()),
        |x, _| x.wrapping_abs(),
        |x, _| x.signum(),
        |x, _| x.clamp(-5, 8),
    ];
    for (index, (output, expected)) in outputs.iter().zip(expected).enumerate() {
        let expected: Vec<_> = left.iter().zip(right).map(|(&x, y)| expected(x, y)).collect();
        assert_eq!(output.values::<i64>(), expected, "case {index}");
    }
}

#[test]
fn comparisons_follow_the_element() {
    let all = [Direction::Eq, Direction::Ne, Direction::Lt, Direction::Le, Direction::Gt, Direction::Ge];
    let signed = Tensor::vector(&[1_i32, -1]);
    let unsigned = Tensor::vector(&[1_u32, u32::MAX]);
    let floats = Tensor::vector(&[f64::NAN, 0.0]);
    let outputs = run(&[signed, unsigned, floats], |b, arguments| {
        let two = b.constant_int(Element::S32, 0);
        let five = b.constant_int(Element::U32, 5);
        let zero = b.constant_float(Element::F64, -0.0);
        let mut results: Vec<_> = all.iter().map(|&direction| b.compare(direction, arguments[0], two)).collect();
        results.extend(all.iter().map(|&direction| b.compare(direction, arguments[1], five)));
        results.extend(all.iter().map(|&direction| b.compare(direction, arguments[2], zero)));
        results.push(b.compare_total(Direction::Gt, arguments[2], zero));
        results.push(b.compare(Direction::Lt, b.constant_pred(false), b.constant_pred(true)));
        results
    });
    let truths: Vec<_> = outputs.iter().map(|output| output.truths()).collect();
    let signed = [[false, false], [true, true], [false, true], [false, true], [true, false], [true, false]];
    assert_eq!(truths[..6], signed);
    let unsigned = [[false, false], [true, true], [true, false], [true, false], [false, true], [false, true]];
    assert_eq!(truths[6..12], unsigned);
    let floats = [[false, true], [true, false], [false, false], [false, true], [false, false], [false, true]];
    assert_eq!(truths[12..18], floats);
    assert_eq!(truths[18], [true, true]);
    assert_eq!(truths[19], [true]);
}

#[test]
fn select_and_conversions() {
    let inputs = [Tensor::preds(&[true, false, true]), Tensor::vector(&[1.9_f64, -1.9, 0.0])];
    let outputs = run(&inputs, |b, arguments| {
        let (predicate, floats) = (arguments[0], arguments[1]);
        let (one, two) = (b.constant_int(Element::S32, 1), b.constant_int(Element::S32, 2));
        vec![
            b.select(predicate, one, two),
            b.select(predicate, floats, b.constant_float(Element::F64, 9.0)),
            b.select(b.constant_pred(false), floats, b.negate(floats)),
            b.convert(floats, Element::S64),
            b.convert(floats, Element::Pred),
            b.convert(predicate, Element::F32),
            b.bitcast(floats, Element::U64),
            b.is_finite(b.divide(floats, b.constant_float(Element::F64, 0.0))),
            b.is_nan(b.divide(floats, b.constant_float(Element::F64, 0.0))),
            b.convert(b.constant_int(Element::S64, 300), Element::U8),
        ]
    });
    assert_eq!(outputs[0].values::<i32>(), [1, 2, 1]);
    assert_eq!(outputs[1].values::<f64>(), [1.9, 9.0, 0.0]);
    assert_eq!(outputs[2].values::<f64>(), [-1.9, 1.9, 0.0]);
    assert_eq!(outputs[3].values::<i64>(), [1, -1, 0]);
    assert_eq!(outputs[4].truths(), [true, true, false]);
    assert_eq!(outputs[5].values::<f32>(), [1.0, 0.0, 1.0]);
    assert_eq!(outputs[6].values::<u64>(), [1.9_f64, -1.9, 0.0].map(f64::to_bits));
    assert_eq!(outputs[7].truths(), [false; 3]);
    assert_eq!(outputs[8].truths(), [false, false, true]);
    assert_eq!(outputs[9].single::<u8>(), 44);
}
