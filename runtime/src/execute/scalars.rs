//! Scalars that programs read: parameters, and cells of one-row results.

use super::error::RunError;
use crate::expr::Scalar;
use crate::pjrt::{AlignedBytes, Element, as_bytes};

/// A scalar's bytes as an element; zero for null.
pub(super) fn encode(value: &Scalar, element: Element) -> Result<Vec<u8>, RunError> {
    let misfit = || RunError::bug(format!("{value:?} does not fit a scalar of {element}"));
    macro_rules! integer {
        ($value:expr, $ty:ty) => {
            <$ty>::try_from($value).map(|value| as_bytes(&[value]).to_vec()).map_err(|_| misfit())
        };
    }
    let value = match value {
        Scalar::Null => return Ok(vec![0; element.bytes()]),
        Scalar::Bool(value) => i128::from(*value),
        Scalar::Int(value) => *value,
        Scalar::Float(value) => {
            return match element {
                Element::F64 => Ok(as_bytes(&[*value]).to_vec()),
                Element::F32 => Ok(as_bytes(&[*value as f32]).to_vec()),
                Element::Pred
                | Element::S8
                | Element::S16
                | Element::S32
                | Element::S64
                | Element::U8
                | Element::U16
                | Element::U32
                | Element::U64 => Err(misfit()),
            };
        }
        Scalar::Str(_) => return Err(misfit()),
    };
    match element {
        Element::Pred => Ok(vec![u8::from(value != 0)]),
        Element::S8 => integer!(value, i8),
        Element::S16 => integer!(value, i16),
        Element::S32 => integer!(value, i32),
        Element::S64 => integer!(value, i64),
        Element::U8 => integer!(value, u8),
        Element::U16 => integer!(value, u16),
        Element::U32 => integer!(value, u32),
        Element::U64 => integer!(value, u64),
        Element::F32 => Ok(as_bytes(&[value as f32]).to_vec()),
        Element::F64 => Ok(as_bytes(&[value as f64]).to_vec()),
    }
}

/// `length` elements of one bit pattern, given in the low bytes.
pub(super) fn filled(element: Element, length: usize, bits: u64) -> AlignedBytes {
    let mut bytes = AlignedBytes::zeroed(length * element.bytes());
    if bits != 0 {
        fill(&mut bytes, element, bits);
    }
    bytes
}

/// Fills memory with one bit pattern of an element's size.
pub(super) fn fill(bytes: &mut [u8], element: Element, bits: u64) {
    let pattern = bits.to_le_bytes();
    for place in bytes.chunks_exact_mut(element.bytes()) {
        place.copy_from_slice(&pattern[..element.bytes()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_become_little_endian_bytes() {
        assert_eq!(encode(&Scalar::Int(-2), Element::S32).unwrap(), (-2_i32).to_le_bytes());
        assert_eq!(encode(&Scalar::Bool(true), Element::Pred).unwrap(), [1]);
        assert_eq!(encode(&Scalar::Null, Element::S64).unwrap(), [0; 8]);
        assert_eq!(encode(&Scalar::Float(1.5), Element::F32).unwrap(), 1.5_f32.to_le_bytes());
        assert!(encode(&Scalar::Int(1 << 40), Element::S32).is_err());
        assert!(encode(&Scalar::str("a"), Element::S32).is_err());
    }

    #[test]
    fn memory_is_filled_by_element() {
        assert_eq!(filled(Element::S16, 3, 0xffff_ffff_ffff_fffe).as_slice::<i16>(), [-2, -2, -2]);
        assert_eq!(filled(Element::S64, 2, 0).as_slice::<i64>(), [0, 0]);
    }
}
