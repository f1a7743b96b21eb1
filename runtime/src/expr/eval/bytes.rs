//! Functions of the bytes of a text, and of texts that write bytes down.

use super::function::Arguments;
use super::text::within_bound;
use super::{EvalError, Value};
use crate::expr::Scalar;
use md5::{Digest, Md5};

/// `hex(x)` and `bin(x)`, with `digits` for a byte: of a text all of them, of an integer those from the first that is not 0.
pub(super) fn digits(value: &Value, digits: fn(u8) -> String) -> Result<Scalar, EvalError> {
    let write = |bytes: &[u8]| bytes.iter().map(|byte| digits(*byte)).collect::<String>();
    if let Scalar::Str(text) = &value.scalar {
        within_bound(text.len().saturating_mul(digits(0).len()))?;
        return Ok(Scalar::str(&write(text.as_bytes())));
    }
    // A negative integer is written in the two's complement of 64 bits.
    let written = write(&(value.to_int()? as u64).to_be_bytes());
    let significant = written.trim_start_matches('0');
    Ok(Scalar::str(if significant.is_empty() { "0" } else { significant }))
}

/// Every byte but ASCII letters, digits and `-._~` as `%` and two digits.
pub(super) fn url_encode(text: &str) -> Result<Scalar, EvalError> {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        within_bound(encoded.len())?;
    }
    Ok(Scalar::str(&encoded))
}

/// `%` and two digits as the byte; all else as it is.
pub(super) fn url_decode(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = after.get(..2).filter(|_| *first == b'%').and_then(byte_of);
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    let decoded = String::from_utf8(decoded).map_err(|_| more.problem("the bytes are no UTF-8"))?;
    Ok(Scalar::str(&decoded))
}

fn byte_of(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

/// The digest in hexadecimal digits.
pub(super) fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The least number of bytes to insert, delete or exchange that make one text the other (Wagner and Fischer, "The
/// string-to-string correction problem", 1974).
pub(super) fn levenshtein(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let (a, b) = (text.as_bytes(), more.text(1)?.as_bytes());
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, byte) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut above[0], row + 1);
        for (column, other) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(byte != other);
            diagonal = above[column + 1];
            above[column + 1] = exchanged.min(diagonal + 1).min(above[column] + 1);
        }
    }
    Ok(Scalar::Int(above[b.len()] as i128))
}

/// How many bytes differ.
pub(super) fn hamming(text: &str, more: &Arguments<'_>) -> Result<Scalar, EvalError> {
    let other = more.text(1)?;
    if text.len() != other.len() || text.is_empty() {
        return Err(more.problem("texts of the same length are compared, and of one byte at least"));
    }
    let differing = text.bytes().zip(other.bytes()).filter(|(a, b)| a != b).count();
    Ok(Scalar::Int(differing as i128))
}
