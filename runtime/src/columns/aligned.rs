//! Bytes aligned to 64, so that devices can use host memory in place.

use arrow::buffer::MutableBuffer;
use arrow::datatypes::ArrowNativeType;
use std::ops::{Deref, DerefMut};

/// An owned buffer of fixed length, aligned to 64 bytes.
#[derive(Debug)]
pub struct AlignedBytes {
    buffer: MutableBuffer,
}

impl AlignedBytes {
    /// `length` bytes of zero.
    pub fn zeroed(length: usize) -> Self {
        Self { buffer: MutableBuffer::from_len_zeroed(length) }
    }

    /// A copy of a slice.
    pub fn from_slice<T: ArrowNativeType>(values: &[T]) -> Self {
        let mut buffer = MutableBuffer::with_capacity(size_of_val(values));
        buffer.extend_from_slice(values);
        Self { buffer }
    }

    /// The bytes as elements of `T`.
    pub fn as_slice<T: ArrowNativeType>(&self) -> &[T] {
        self.buffer.typed_data()
    }

    /// The bytes as elements of `T`, to be written.
    pub fn as_mut_slice<T: ArrowNativeType>(&mut self) -> &mut [T] {
        self.buffer.typed_data_mut()
    }

    /// Makes it `length` bytes long; new bytes are zero.
    pub fn resize(&mut self, length: usize) {
        self.buffer.resize(length, 0);
    }

    /// Adds bytes at the end.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The same memory as one of Arrow's buffers, which can be shared.
    pub fn into_buffer(self) -> arrow::buffer::Buffer {
        self.buffer.into()
    }
}

impl Default for AlignedBytes {
    fn default() -> Self {
        Self { buffer: MutableBuffer::new(0) }
    }
}

impl Clone for AlignedBytes {
    fn clone(&self) -> Self {
        Self::from_slice::<u8>(self)
    }
}

impl PartialEq for AlignedBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for AlignedBytes {}

impl Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.buffer.as_slice_mut()
    }
}
