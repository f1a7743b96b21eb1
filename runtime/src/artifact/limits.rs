//! What an artifact may be at most, so that a damaged or foreign one cannot take all memory or the stack.

/// An artifact unpacks to at most this many times its size.
pub(super) const RATIO: u64 = 200;

/// Small files may unpack to this many bytes whatever their size.
const SMALL: u64 = 64 << 20;

/// No artifact unpacks to more bytes.
const LARGEST: u64 = 4 << 30;

/// How deep JSON may nest: an expression takes four levels for each of its own.
const JSON_DEPTH: usize = 1024;

/// Enough stack to read that.
const STACK: usize = 64 << 20;

/// How deep the regions, types and attributes of a module may nest.
const MODULE_DEPTH: usize = 128;

/// No tensor in a module has more elements.
const TENSOR_ELEMENTS: u64 = 1 << 36;

/// How many bytes the members of a file of so many may have together.
pub(super) fn unpacked(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).clamp(SMALL, LARGEST)
}

/// Runs something that nests deeply on a stack that is large enough.
///
/// # Errors
/// If there is no thread for it.
pub(super) fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("dj-manifest".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, run)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Refuses JSON that nests deeper than anything that DJ writes.
pub(super) fn check_json(bytes: &[u8]) -> Result<(), String> {
    check_depth(bytes, JSON_DEPTH, |byte| match byte {
        b'{' | b'[' => 1,
        b'}' | b']' => -1,
        _ => 0,
    })
}

/// Refuses modules whose nesting or tensors no compiler survives.
pub(super) fn check_module(text: &str) -> Result<(), String> {
    check_depth(text.as_bytes(), MODULE_DEPTH, |byte| match byte {
        b'{' | b'(' | b'[' => 1,
        b'}' | b')' | b']' => -1,
        _ => 0,
    })?;
    for dims in text.split("tensor<").skip(1) {
        let dims = dims.split('x').map_while(|dim| dim.parse::<u64>().ok());
        let elements = dims.into_iter().try_fold(1_u64, u64::checked_mul);
        if elements.is_none_or(|elements| elements > TENSOR_ELEMENTS) {
            return Err("has a tensor that is too large".to_owned());
        }
    }
    Ok(())
}

/// Follows brackets outside of quotes.
fn check_depth(bytes: &[u8], limit: usize, step: impl Fn(u8) -> isize) -> Result<(), String> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for &byte in bytes {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            quoted = true;
        } else {
            depth = depth.saturating_add_signed(step(byte));
            if depth > limit {
                return Err(format!("nests deeper than {limit} levels"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_quotes() {
        let deep =
            |text: &str| check_depth(text.as_bytes(), 2, |byte| isize::from(byte == b'[') - isize::from(byte == b']'));
        assert!(deep("[[]][[]]").is_ok() && deep("[[[").is_err());
        assert!(deep(r#"["[[[[", "\"[[["]"#).is_ok());
        assert!(deep(r#"["\\", [[]]]"#).is_err());
    }

    #[test]
    fn a_huge_tensor_is_refused() {
        assert!(check_module("%0 = op : tensor<4x262144xi64>, tensor<i32>, tensor<?xi1>").is_ok());
        assert!(check_module("%0 = op : tensor<1099511627776xi64>").is_err());
        assert!(check_module("%0 = op : tensor<4294967296x4294967296x4294967296xi64>").is_err());
        assert!(check_module(&"{".repeat(200)).is_err());
    }

    #[test]
    fn what_is_unpacked_is_bounded_by_the_file() {
        assert_eq!(unpacked(1000), SMALL);
        assert_eq!(unpacked(1 << 20), RATIO << 20);
        assert_eq!(unpacked(u64::MAX), LARGEST);
    }
}
