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

#[cfg(test)]
mod tests {
    use super::*;

    /// The wanted values are those of a program in another language that was written after `docs/language.md`.
    #[test]
    fn values_of_every_type() {
        let int = Scalar::Int;
        let cases = [
            (int(0), Type::I64, 0xE220_A839_7B1D_CDAF),
            (int(1), Type::I8, 0x910A_2DEC_8902_5CC1),
            (int(1), Type::Date, 0x910A_2DEC_8902_5CC1),
            (int(-1), Type::I32, 0xE4D9_7177_1B65_2C20),
            (int(u64::MAX.into()), Type::U64, 0xE4D9_7177_1B65_2C20),
            (Scalar::Bool(true), Type::Bool, 0x910A_2DEC_8902_5CC1),
            (Scalar::Float(-0.0), Type::F64, 0xE220_A839_7B1D_CDAF),
            (Scalar::Float(1.5), Type::F64, 0xD6DA_B18E_1392_608A),
            (Scalar::Float(-f64::NAN), Type::F64, 0xC729_71D8_2E15_BB46),
            (Scalar::Float(5e-324), Type::F64, 0x910A_2DEC_8902_5CC1),
            (Scalar::Float(1.5), Type::F32, 0x555B_7387_27E4_A1CF),
            (Scalar::Float(f64::NAN), Type::F32, 0x5977_09B6_7EBB_1C02),
            (Scalar::str(""), Type::Str, 0xE220_A839_7B1D_CDAF),
            (Scalar::str("a"), Type::Str, 0x5E02_5F9A_DE9E_AF3E),
            (Scalar::str("abcdefgh"), Type::Str, 0x804D_4BCF_99E0_46D6),
            (Scalar::str("naïve 日本語"), Type::Str, 0xE15D_9E76_7332_9039),
            (Scalar::Null, Type::Str, 0xA5F1_52B7_6C3D_0E89),
        ];
        for (value, ty, wanted) in cases {
            assert_eq!(hash(&value, ty), wanted, "{value:?} of {ty}");
        }
    }

    #[test]
    fn hashes_combine_in_their_order() {
        let of = |value: i128| hash(&Scalar::Int(value), Type::I64);
        assert_eq!(combine(of(1), hash(&Scalar::str("a"), Type::Str)), 0x26C8_C257_4CC5_EFA8);
        assert_eq!(combine(combine(of(1), of(2)), HASH_OF_NULL), 0x19DE_0B8E_67A5_1E2E);
        assert_ne!(combine(of(1), of(2)), combine(of(2), of(1)));
    }

    #[test]
    fn every_bit_depends_on_every_bit() {
        for bit in 0..64 {
            let changed =
                (0..512_u64).map(|at| mix(at.wrapping_mul(HASH_FIRST)) ^ mix(at.wrapping_mul(HASH_FIRST) ^ (1 << bit)));
            let mut counts = [0; 64];
            for difference in changed {
                (0..64).for_each(|place| counts[place] += difference >> place & 1);
            }
            assert!(counts.iter().all(|count| (160..352).contains(count)), "{bit}: {counts:?}");
        }
    }
}
