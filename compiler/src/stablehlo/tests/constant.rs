//! Constants keep every bit.

use super::super::Element;
use super::run;

#[test]
fn floats_are_exact() {
    let doubles = [0.0, -0.0, 0.1, -1.5e300, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, f64::MAX, 1.0 / 3.0];
    let outputs = run(&[], |b, _| {
        let scalars: Vec<_> = doubles.iter().map(|&value| b.constant_float(Element::F64, value)).collect();
        let singles: Vec<_> = doubles.iter().map(|&value| b.constant_float(Element::F32, value)).collect();
        vec![b.pack(&scalars), b.pack(&singles), b.vector_float(&doubles)]
    });
    let bits = doubles.map(f64::to_bits).to_vec();
    for output in [&outputs[0], &outputs[2]] {
        assert_eq!(output.values::<f64>().into_iter().map(f64::to_bits).collect::<Vec<_>>(), bits);
    }
    let single_bits = doubles.map(|value| (value as f32).to_bits()).to_vec();
    assert_eq!(outputs[1].values::<f32>().into_iter().map(f32::to_bits).collect::<Vec<_>>(), single_bits);
}

#[test]
fn nan_is_nan() {
    let outputs = run(&[], |b, _| vec![b.constant_float(Element::F64, f64::NAN)]);
    assert!(outputs[0].single::<f64>().is_nan());
}

#[test]
fn integers_are_exact() {
    let outputs = run(&[], |b, _| {
        let bounds = |element| b.pack(&[b.least(element), b.greatest(element), b.zero(element), b.one(element)]);
        vec![
            bounds(Element::S8),
            bounds(Element::S16),
            bounds(Element::S32),
            bounds(Element::S64),
            bounds(Element::U8),
            bounds(Element::U16),
            bounds(Element::U32),
            bounds(Element::U64),
            b.constant_uint(Element::U64, u64::MAX - 1),
            b.constant_int(Element::S8, -7),
        ]
    });
    assert_eq!(outputs[0].values::<i8>(), [i8::MIN, i8::MAX, 0, 1]);
    assert_eq!(outputs[1].values::<i16>(), [i16::MIN, i16::MAX, 0, 1]);
    assert_eq!(outputs[2].values::<i32>(), [i32::MIN, i32::MAX, 0, 1]);
    assert_eq!(outputs[3].values::<i64>(), [i64::MIN, i64::MAX, 0, 1]);
    assert_eq!(outputs[4].values::<u8>(), [u8::MIN, u8::MAX, 0, 1]);
    assert_eq!(outputs[5].values::<u16>(), [u16::MIN, u16::MAX, 0, 1]);
    assert_eq!(outputs[6].values::<u32>(), [u32::MIN, u32::MAX, 0, 1]);
    assert_eq!(outputs[7].values::<u64>(), [u64::MIN, u64::MAX, 0, 1]);
    assert_eq!(outputs[8].single::<u64>(), u64::MAX - 1);
    assert_eq!(outputs[9].single::<i8>(), -7);
}

#[test]
fn vectors_and_sequences() {
    let outputs = run(&[], |b, _| {
        vec![
            b.vector_int(Element::S16, &[-3, 300, 7]),
            b.vector_int(Element::U64, &[1, i64::MAX]),
            b.iota(Element::S32, 4),
            b.iota_dim(Element::S64, &[2, 3], 1),
            b.full_int(Element::S64, &[2, 2], -5),
            b.full_float(Element::F32, &[3], 0.5),
            b.full_pred(&[2], true),
            b.full_uint(Element::U8, &[2], 255),
            b.pack(&[b.constant_pred(true), b.constant_pred(false)]),
            b.vector_int(Element::S64, &(0..1000).collect::<Vec<_>>()),
        ]
    });
    assert_eq!(outputs[0].values::<i16>(), [-3, 300, 7]);
    assert_eq!(outputs[1].values::<u64>(), [1, i64::MAX as u64]);
    assert_eq!(outputs[2].values::<i32>(), [0, 1, 2, 3]);
    assert_eq!(outputs[3].values::<i64>(), [0, 1, 2, 0, 1, 2]);
    assert_eq!(outputs[4].values::<i64>(), [-5; 4]);
    assert_eq!(outputs[5].values::<f32>(), [0.5; 3]);
    assert_eq!(outputs[6].truths(), [true; 2]);
    assert_eq!(outputs[7].values::<u8>(), [255; 2]);
    assert_eq!(outputs[8].truths(), [true, false]);
    assert_eq!(outputs[9].values::<i64>(), (0..1000).collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "constant_int: i8 cannot hold 128")]
fn a_constant_must_fit() {
    run(&[], |b, _| vec![b.constant_int(Element::S8, 128)]);
}
