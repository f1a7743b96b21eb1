//! Buffers: tensors on a device, made from host memory or by programs, and read back.
#![expect(unsafe_code, reason = "calls the PJRT C API")]

use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::abi::{self, MemoryLayout, RawBuffer, TiledLayout, semantics};
use super::bytes::AlignedBytes;
use super::client::{Client, Core};
use super::element::{Element, Shape};
use super::error::PjrtError;
use super::event::Event;

/// Host memory that a buffer is made from.
#[derive(Debug, Clone)]
pub enum HostData<'a> {
    /// Copied before the call returns; best for scalars and small tensors.
    Copied(&'a [u8]),
    /// Shared with the buffer until the device needs it no more: XLA:CPU reads it in place. Nothing ever writes to it; a
    /// program that is given such a buffer to reuse works on a copy.
    Shared(Arc<AlignedBytes>),
    /// As `Shared`, for Arrow's memory; XLA:CPU copies it if it is not aligned to [`super::ALIGNMENT`].
    Arrow(arrow::buffer::Buffer),
    /// Given away: XLA:CPU uses it in place, and a program that is given the buffer to reuse writes to it.
    Owned(AlignedBytes),
}

impl HostData<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            HostData::Copied(bytes) => bytes,
            HostData::Shared(bytes) => bytes,
            HostData::Arrow(bytes) => bytes,
            HostData::Owned(bytes) => bytes,
        }
    }

    /// Where it is, and what the plugin may do with it.
    fn parts(&mut self) -> (*const u8, std::ffi::c_int) {
        match self {
            HostData::Copied(bytes) => (bytes.as_ptr(), semantics::IMMUTABLE_ONLY_DURING_CALL),
            HostData::Shared(bytes) => (bytes.as_ptr(), semantics::IMMUTABLE_ZERO_COPY),
            HostData::Arrow(bytes) => (bytes.as_ptr(), semantics::IMMUTABLE_ZERO_COPY),
            HostData::Owned(bytes) => (bytes.as_mut_ptr().cast_const(), semantics::MUTABLE_ZERO_COPY),
        }
    }
}

/// A tensor on a device. Dropping it frees the memory once pending work has used it.
pub struct Buffer {
    core: Arc<Core>,
    raw: NonNull<RawBuffer>,
    shape: Arc<Shape>,
    device: usize,
}

// SAFETY: PJRT buffers may be used from any thread.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Client {
    /// A buffer on device `device` with this data, dense and row-major.
    ///
    /// The copy to the device may run after the call returns; an error in it shows where the buffer is used.
    pub fn buffer_from_host(
        &self,
        mut data: HostData<'_>,
        element: Element,
        dims: &[i64],
        device: usize,
    ) -> Result<Buffer, PjrtError> {
        let during = "copying data to the device";
        let core = self.core();
        let shape = Shape::new(element, dims);
        let length = data.bytes().len();
        if shape.bytes() != Some(length) {
            return Err(PjrtError::misuse(during, format!("{length} bytes of data for a {shape}")));
        }
        let raw_device = core.device(device, during)?;
        let (pointer, semantics) = data.parts();
        // SAFETY: the dimensions and the data have the sizes that are passed. Copied data is used during the call only;
        // other data is kept alive below until the plugin is done with it. Nobody else changes it, and only what is owned
        // may be changed by the plugin.
        let made = unsafe {
            core.api().call::<abi::ClientBufferFromHostBuffer>(|args| {
                args.client = core.raw();
                args.data = pointer.cast();
                args.element = element.to_raw();
                args.dims = dims.as_ptr();
                args.num_dims = dims.len();
                args.semantics = semantics;
                args.device = raw_device;
            })
        };
        let made = made.map_err(|failure| failure.during(during))?;
        let done = Event::new(core, made.done_with_host_buffer, during);
        match (data, done) {
            (HostData::Shared(bytes), Some(done)) => done.then_drop(bytes)?,
            (HostData::Arrow(bytes), Some(done)) => done.then_drop(bytes)?,
            (HostData::Owned(bytes), Some(done)) => done.then_drop(bytes)?,
            (HostData::Copied(_) | HostData::Shared(_) | HostData::Arrow(_) | HostData::Owned(_), _) => {}
        }
        // SAFETY: the plugin gave us ownership of the buffer.
        unsafe { Buffer::new(core, made.buffer, Arc::new(shape), device) }
            .ok_or_else(|| PjrtError::misuse(during, "the plugin made no buffer"))
    }
}

impl Buffer {
    /// Takes ownership of a buffer; `None` if it is null.
    ///
    /// # Safety
    /// `raw` is null or a buffer of this client that nothing else owns, with this shape, on this device.
    pub(super) unsafe fn new(
        core: &Arc<Core>,
        raw: *mut RawBuffer,
        shape: Arc<Shape>,
        device: usize,
    ) -> Option<Buffer> {
        Some(Buffer { core: Arc::clone(core), raw: NonNull::new(raw)?, shape, device })
    }

    pub(super) fn raw(&self) -> *mut RawBuffer {
        self.raw.as_ptr()
    }

    pub(super) fn belongs_to(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.core, core)
    }

    /// The element type and dimensions.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The dimensions, major to minor; empty for a scalar.
    pub fn dims(&self) -> &[i64] {
        &self.shape.dims
    }

    /// The element type.
    pub fn element(&self) -> Element {
        self.shape.element
    }

    /// The device that holds the tensor.
    pub fn device(&self) -> usize {
        self.device
    }

    /// Waits until the contents are there, and returns the error of the program or copy that should have made them.
    pub fn wait(&self) -> Result<(), PjrtError> {
        match self.ready_event()? {
            Some(event) => event.wait(),
            None => Ok(()),
        }
    }

    /// The completion of the program or copy that makes the contents; `None` if it is known to be over.
    pub fn ready_event(&self) -> Result<Option<Event>, PjrtError> {
        let during = "running a program";
        // SAFETY: the buffer is alive.
        let ready = unsafe { self.core.api().call::<abi::BufferReadyEvent>(|args| args.buffer = self.raw()) };
        Ok(Event::new(&self.core, ready.map_err(|failure| failure.during(during))?.event, during))
    }

    /// Waits for the contents and copies them to the host, dense and row-major.
    pub fn to_host(&self) -> Result<AlignedBytes, PjrtError> {
        let len = self.host_bytes()?;
        // SAFETY: `copy_to` writes all `len` bytes if it succeeds.
        unsafe { AlignedBytes::written(len, |destination| self.copy_to(destination, len)) }
    }

    /// The contents in place, where the device's memory is the host's; `None` elsewhere. To be called when they are there.
    pub fn on_host(&self) -> Option<&[u8]> {
        if !self.core.is_on_host() {
            return None;
        }
        let length = self.host_bytes().ok()?;
        // SAFETY: the buffer is alive.
        let address = unsafe { self.core.api().call::<abi::BufferUnsafePointer>(|args| args.buffer = self.raw()) };
        let pointer = NonNull::new(std::ptr::with_exposed_provenance_mut::<u8>(address.ok()?.pointer))?;
        // SAFETY: XLA:CPU keeps tensors dense and row-major in the process's memory, as many bytes as the shape has. Nothing
        // writes to them before the buffer is donated or dropped, for which it must not be borrowed.
        Some(unsafe { std::slice::from_raw_parts(pointer.as_ptr(), length) })
    }

    /// As [`Buffer::to_host`], into memory of exactly the right size.
    pub fn to_host_into(&self, destination: &mut [u8]) -> Result<(), PjrtError> {
        let len = self.host_bytes()?;
        if destination.len() != len {
            let reason = format!("{} bytes of memory for a {}", destination.len(), self.shape);
            return Err(PjrtError::misuse("copying data to the host", reason));
        }
        // SAFETY: the memory has `len` bytes and is borrowed exclusively until the copy is over.
        unsafe { self.copy_to(NonNull::from(destination).cast(), len) }
    }

    fn host_bytes(&self) -> Result<usize, PjrtError> {
        let unsized_shape = || PjrtError::misuse("copying data to the host", format!("{} has no size", self.shape));
        self.shape.bytes().ok_or_else(unsized_shape)
    }

    /// # Safety
    /// `destination` has `len` writable bytes that nothing else uses during the call.
    unsafe fn copy_to(&self, destination: NonNull<u8>, len: usize) -> Result<(), PjrtError> {
        let during = "copying data to the host";
        let order: Vec<i64> = (0..self.shape.dims.len()).rev().filter_map(|dim| i64::try_from(dim).ok()).collect();
        let mut layout = row_major(&order);
        // SAFETY: the buffer is alive, the layout lives through the call and the destination through the wait below.
        let copied = unsafe {
            self.core.api().call::<abi::BufferToHostBuffer>(|args| {
                args.buffer = self.raw();
                args.host_layout = &raw mut layout;
                args.destination = destination.as_ptr().cast();
                args.destination_size = len;
            })
        };
        let event = copied.map_err(|failure| failure.during(during))?.event;
        Event::new(&self.core, event, during).map_or(Ok(()), |event| event.wait())
    }

    /// A copy on another device of the same client.
    pub fn copy_to_device(&self, device: usize) -> Result<Buffer, PjrtError> {
        let during = "copying data between devices";
        let raw_device = self.core.device(device, during)?;
        // SAFETY: the buffer and the device are alive and of one client.
        let copied = unsafe {
            self.core.api().call::<abi::BufferCopyToDevice>(|args| {
                args.buffer = self.raw();
                args.device = raw_device;
            })
        };
        let copy = copied.map_err(|failure| failure.during(during))?.copy;
        // SAFETY: the plugin gave us ownership of the copy, which has the same shape.
        unsafe { Buffer::new(&self.core, copy, Arc::clone(&self.shape), device) }
            .ok_or_else(|| PjrtError::misuse(during, "the plugin made no buffer"))
    }

    /// Bytes that the tensor takes on the device, padding included.
    pub fn on_device_bytes(&self) -> Result<usize, PjrtError> {
        // SAFETY: the buffer is alive.
        let size = unsafe { self.core.api().call::<abi::BufferOnDeviceSize>(|args| args.buffer = self.raw()) };
        Ok(size.map_err(|failure| failure.during("sizing a buffer"))?.size_in_bytes)
    }

    /// The address of the device memory, to tell whether two buffers share it.
    #[cfg(test)]
    pub(super) fn address(&self) -> Result<usize, PjrtError> {
        // SAFETY: the buffer is alive.
        let address = unsafe { self.core.api().call::<abi::BufferUnsafePointer>(|args| args.buffer = self.raw()) };
        Ok(address.map_err(|failure| failure.during("asking for a buffer's address"))?.pointer)
    }
}

/// The dense layout whose dimensions from minor to major are `order`; it points into `order`.
fn row_major(order: &[i64]) -> MemoryLayout {
    MemoryLayout {
        struct_size: std::mem::offset_of!(MemoryLayout, kind) + size_of::<std::ffi::c_int>(),
        extension_start: ptr::null_mut(),
        tiled: TiledLayout {
            struct_size: size_of::<TiledLayout>(),
            extension_start: ptr::null_mut(),
            minor_to_major: order.as_ptr(),
            minor_to_major_size: order.len(),
            tile_dims: ptr::null(),
            tile_dim_sizes: ptr::null(),
            num_tiles: 0,
        },
        kind: 0,
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the buffer is ours and not used again; pending work holds its memory itself.
        drop(unsafe { self.core.api().call::<abi::BufferDestroy>(|args| args.buffer = self.raw()) });
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.shape)
    }
}
