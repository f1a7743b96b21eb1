//! Host memory that XLA can use in place: bytes aligned to 64, with typed views.
#![expect(unsafe_code, reason = "allocates with an alignment and reinterprets bytes as scalars")]

use std::alloc::{self, Layout};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use super::element::HostScalar;

/// The alignment of host allocations; XLA:CPU uses memory with it in place and copies other memory.
pub const ALIGNMENT: usize = 64;

/// An owned byte buffer whose first byte is aligned to [`ALIGNMENT`].
pub struct AlignedBytes {
    /// What was allocated: up to [`ALIGNMENT`] bytes before the first.
    base: NonNull<u8>,
    pointer: NonNull<u8>,
    len: usize,
}

// SAFETY: the allocation is owned and plain bytes.
unsafe impl Send for AlignedBytes {}
// SAFETY: as above; shared references only read.
unsafe impl Sync for AlignedBytes {}

impl AlignedBytes {
    /// `len` zero bytes. Of large memory the system makes a page when it is first touched.
    pub fn zeroed(len: usize) -> AlignedBytes {
        AlignedBytes::allocate(len, alloc::alloc_zeroed)
    }

    /// A copy of these scalars.
    pub fn from_slice<T: HostScalar>(values: &[T]) -> AlignedBytes {
        let bytes = as_bytes(values);
        let copy = AlignedBytes::allocate(bytes.len(), alloc::alloc);
        // SAFETY: `copy` has room for `bytes.len()` bytes, and a fresh allocation does not overlap `bytes`.
        unsafe { copy.pointer.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        copy
    }

    /// `len` bytes that `write` sets to anything.
    ///
    /// # Safety
    /// If `write` returns `Ok`, it has initialized all `len` bytes from the pointer that it was given.
    pub(super) unsafe fn written<E>(len: usize, write: impl FnOnce(NonNull<u8>) -> Result<(), E>) -> Result<Self, E> {
        let bytes = AlignedBytes::allocate(len, alloc::alloc);
        write(bytes.pointer)?;
        Ok(bytes)
    }

    /// With room to align the first byte. Asked for a large alignment, the allocator would write the zeros itself.
    fn layout(len: usize) -> Layout {
        match Layout::from_size_align(len.saturating_add(ALIGNMENT), 1) {
            Ok(layout) => layout,
            Err(_) => alloc::handle_alloc_error(Layout::new::<u8>()),
        }
    }

    fn allocate(len: usize, allocator: unsafe fn(Layout) -> *mut u8) -> AlignedBytes {
        let layout = AlignedBytes::layout(len);
        // SAFETY: the layout's size is not zero.
        let Some(base) = NonNull::new(unsafe { allocator(layout) }) else { alloc::handle_alloc_error(layout) };
        let offset = base.align_offset(ALIGNMENT);
        assert!(offset < ALIGNMENT, "bytes can be aligned");
        // SAFETY: the allocation has `ALIGNMENT` bytes more than `len`, and the offset is less.
        AlignedBytes { base, pointer: unsafe { base.add(offset) }, len }
    }

    /// The bytes as scalars; a remainder that does not fill a scalar is left out.
    pub fn as_slice<T: HostScalar>(&self) -> &[T] {
        // SAFETY: the bytes are initialized and live as long as `self`, the alignment of 64 is enough for any scalar,
        // and every bit pattern is a value of `T` (`HostScalar` is sealed).
        unsafe { slice::from_raw_parts(self.pointer.as_ptr().cast::<T>(), self.len / size_of::<T>()) }
    }

    /// The bytes as scalars that can be changed; a remainder that does not fill a scalar is left out.
    pub fn as_mut_slice<T: HostScalar>(&mut self) -> &mut [T] {
        // SAFETY: as for `as_slice`, and `self` is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.pointer.as_ptr().cast::<T>(), self.len / size_of::<T>()) }
    }
}

impl Drop for AlignedBytes {
    fn drop(&mut self) {
        // SAFETY: allocated by `allocate` with the same layout, and freed once.
        unsafe { alloc::dealloc(self.base.as_ptr(), AlignedBytes::layout(self.len)) };
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl Clone for AlignedBytes {
    fn clone(&self) -> AlignedBytes {
        AlignedBytes::from_slice::<u8>(self)
    }
}

impl PartialEq for AlignedBytes {
    fn eq(&self, other: &AlignedBytes) -> bool {
        **self == **other
    }
}

impl Eq for AlignedBytes {}

impl std::fmt::Debug for AlignedBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlignedBytes({} bytes)", self.len)
    }
}

/// The memory of scalars as bytes, in the machine's order.
pub fn as_bytes<T: HostScalar>(values: &[T]) -> &[u8] {
    // SAFETY: scalars have no padding (`HostScalar` is sealed), and the bytes live as long as the slice.
    unsafe { slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) }
}
