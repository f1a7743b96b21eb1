//! `hash`: 64 bits of a value of any type, the same on the host and on a device. `docs/language.md` says which.

use super::Scalar;
use crate::types::Type;

/// Added before the bits are mixed, so that zero does not stay zero (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014, as are the two factors).
pub const HASH_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The factors between the shifts by 30, 27 and 31 bits.
pub const HASH_FACTORS: [u64; 2] = [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB];

/// What the first of two hashes is multiplied by: hashes in another order are another hash.
pub const HASH_FIRST: u64 = 0xD134_2543_DE82_EF95;

/// The hash of null.
pub const HASH_OF_NULL: u64 = 0xA5F1_52B7_6C3D_0E89;

/// `hash(x)`, of a value of any type.
pub(super) fn hash(value: &Scalar, ty: Type) -> u64 {
    match value {
        Scalar::Null => HASH_OF_NULL,
        Scalar::Bool(value) => mix((*value).into()),
        // An i64 and a u64 alike give their lowest 64 bits.
        Scalar::Int(number) => mix(*number as u64),
        Scalar::Float(number) => mix(of_float(*number, ty)),
        Scalar::Str(text) => of_bytes(text.as_bytes()),
    }
}

/// `hash_combine(a, b)`
pub(super) fn combine(a: u64, b: u64) -> u64 {
    mix(a.wrapping_mul(HASH_FIRST).wrapping_add(b))
}

/// The bits of a float: one pattern for both zeros and one for all NaN.
fn of_float(number: f64, ty: Type) -> u64 {
    let number = if number == 0.0 { 0.0 } else { number };
    match (ty, number.is_nan()) {
        (Type::F32, true) => f32::NAN.to_bits().into(),
        (Type::F32, false) => (number as f32).to_bits().into(),
        (_, true) => f64::NAN.to_bits(),
        (_, false) => number.to_bits(),
    }
}

/// The number of bytes and then every eight of them, the last filled with zeros, each mixed into what is before it.
fn of_bytes(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(mix(bytes.len() as u64), |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash ^ u64::from_le_bytes(word))
    })
}

/// 64 bits of which each depends on each.
fn mix(bits: u64) -> u64 {
    let mut bits = bits.wrapping_add(HASH_STEP);
    bits = (bits ^ (bits >> 30)).wrapping_mul(HASH_FACTORS[0]);
    bits = (bits ^ (bits >> 27)).wrapping_mul(HASH_FACTORS[1]);
    bits ^ (bits >> 31)
}
