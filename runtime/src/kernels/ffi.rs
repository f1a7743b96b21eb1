//! XLA's typed FFI, API 0.1: the call frame as `#[repr(C)]` data, and a checked view of its buffers.
//!
//! XLA calls a handler with a call frame: arguments, results, attributes. The first call, before any program runs, only
//! asks which version of the API the handler speaks.
#![expect(unsafe_code, reason = "reads the C structs of a call frame")]

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::slice;

use super::Kernel;
use crate::pjrt::{Element, ErrorCode, HostScalar, PjrtError, Plugin};

/// The version of the FFI that handlers answer with; the structs below have had this layout since.
const VERSION: (c_int, c_int) = (0, 1);

/// A kernel as XLA calls it.
pub(super) trait Handler {
    /// The custom-call target.
    const NAME: &'static str;

    /// Checks the call's shapes and computes its results.
    fn run(call: &Call<'_>) -> Result<(), Fault>;
}

/// Why a call failed; the program that made the call fails with this message.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Fault {
    /// The call's shapes or attributes are not what the kernel takes.
    pub(super) fn invalid(message: impl Into<String>) -> Fault {
        Fault { code: ErrorCode::InvalidArgument, message: message.into() }
    }
}

/// The table entry of a handler.
pub(super) const fn kernel<H: Handler>() -> Kernel {
    Kernel { name: H::NAME, handler: entry::<H> }
}

/// Registers one kernel of the table.
pub(super) fn register(plugin: &Plugin, kernel: &Kernel) -> Result<(), PjrtError> {
    // SAFETY: handlers come from `kernel`, so they are instances of `entry`: a static function that implements the FFI,
    // does not unwind and may be called by several threads at once.
    unsafe { plugin.register_handler(kernel.name, kernel.handler) }
}

#[repr(C)]
struct Extension {
    struct_size: usize,
    kind: c_int,
    next: *const Extension,
}

const EXTENSION_METADATA: c_int = 1;

#[repr(C)]
struct MetadataExtension {
    base: Extension,
    metadata: *mut Metadata,
}

#[repr(C)]
struct Metadata {
    struct_size: usize,
    version: Version,
    traits: u32,
}

#[repr(C)]
struct Version {
    struct_size: usize,
    extension_start: *const Extension,
    major: c_int,
    minor: c_int,
}

/// `XLA_FFI_Api` up to the one function that handlers use.
#[repr(C)]
struct Api {
    struct_size: usize,
    extension_start: *const Extension,
    version: Version,
    internal: *const c_void,
    error_create: Option<unsafe extern "C" fn(*mut ErrorCreate) -> *mut c_void>,
}

#[repr(C)]
struct ErrorCreate {
    struct_size: usize,
    extension_start: *const Extension,
    message: *const c_char,
    code: c_int,
}

#[repr(C)]
struct CallFrame {
    struct_size: usize,
    extension_start: *const Extension,
    api: *const Api,
    context: *const c_void,
    stage: c_int,
    arguments: Values,
    results: Values,
    attributes: Attributes,
}

const STAGE_EXECUTE: c_int = 3;

/// The arguments or the results.
#[repr(C)]
struct Values {
    struct_size: usize,
    extension_start: *const Extension,
    size: i64,
    kinds: *const c_int,
    values: *const *const RawBuffer,
}

const VALUE_BUFFER: c_int = 1;

#[repr(C)]
struct Attributes {
    struct_size: usize,
    extension_start: *const Extension,
    size: i64,
    kinds: *const c_int,
    names: *const *const c_void,
    values: *const *const c_void,
}

#[repr(C)]
struct RawBuffer {
    struct_size: usize,
    extension_start: *const Extension,
    element: c_int,
    data: *mut c_void,
    rank: i64,
    dims: *const i64,
}

const _: () = {
    assert!(size_of::<MetadataExtension>() == 32);
    assert!(size_of::<Metadata>() == 40);
    assert!(size_of::<Api>() == 56);
    assert!(size_of::<ErrorCreate>() == 32);
    assert!(size_of::<Values>() == 40);
    assert!(size_of::<Attributes>() == 48);
    assert!(size_of::<CallFrame>() == 168);
    assert!(size_of::<RawBuffer>() == 48);
};

/// One buffer of a call.
#[derive(Clone, Copy)]
struct Tensor<'a> {
    element: c_int,
    data: *mut c_void,
    dims: &'a [i64],
}

/// The arguments and results of one call.
pub(super) struct Call<'a> {
    arguments: Vec<Tensor<'a>>,
    results: Vec<Tensor<'a>>,
    loans: RefCell<Vec<Loan>>,
    _frame: PhantomData<&'a CallFrame>,
}

/// Memory of the call's buffers that the kernel was given.
struct Loan {
    addresses: Range<usize>,
    writes: bool,
}

impl<'a> Call<'a> {
    /// # Safety
    /// The frame's buffers stay valid for `'a`; nothing outside the call writes any of them, or reads the results.
    unsafe fn new(frame: &'a CallFrame) -> Result<Call<'a>, Fault> {
        // SAFETY: the frame is valid, and so are its lists.
        let (arguments, results) = unsafe { (tensors(&frame.arguments)?, tensors(&frame.results)?) };
        Ok(Call { arguments, results, loans: RefCell::default(), _frame: PhantomData })
    }

    pub(super) fn arguments(&self) -> usize {
        self.arguments.len()
    }

    pub(super) fn results(&self) -> usize {
        self.results.len()
    }

    /// The element of an argument, if there is such an argument and XLA's element is one of ours.
    pub(super) fn element(&self, position: usize) -> Option<Element> {
        Element::from_raw(self.arguments.get(position)?.element)
    }

    /// The elements of an argument, row-major.
    pub(super) fn argument<T: HostScalar>(&self, position: usize) -> Result<&'a [T], Fault> {
        self.read::<T>(position, T::ELEMENT)
    }

    /// The elements of a predicate, 0 for false.
    pub(super) fn predicate(&self, position: usize) -> Result<&'a [u8], Fault> {
        self.read::<u8>(position, Element::Pred)
    }

    /// `T` is the host's form of `element`.
    fn read<T: HostScalar>(&self, position: usize, element: Element) -> Result<&'a [T], Fault> {
        let what = format!("argument {position}");
        let (data, len) = tensor(&self.arguments, position, &what)?.checked(&what, element)?;
        self.lend(data, len, false, &what)?;
        // SAFETY: XLA's buffer has `len` elements of this type; while it is lent, no result that shares its memory is.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), len) })
    }

    /// The single element of an argument.
    pub(super) fn scalar<T: HostScalar>(&self, position: usize) -> Result<T, Fault> {
        match self.argument(position)? {
            [value] => Ok(*value),
            values => Err(Fault::invalid(format!("argument {position} has {} elements instead of one", values.len()))),
        }
    }

    /// The elements of a result, which the kernel must write; each result is lent once, and not beside an argument whose memory
    /// it takes over.
    pub(super) fn result<T: HostScalar>(&self, position: usize) -> Result<&'a mut [T], Fault> {
        self.write::<T>(position, T::ELEMENT)
    }

    /// The elements of a predicate that is a result, which must be 0 for false and 1 for true.
    pub(super) fn predicate_result(&self, position: usize) -> Result<&'a mut [u8], Fault> {
        self.write::<u8>(position, Element::Pred)
    }

    /// `T` is the host's form of `element`.
    fn write<T: HostScalar>(&self, position: usize, element: Element) -> Result<&'a mut [T], Fault> {
        let what = format!("result {position}");
        let (data, len) = tensor(&self.results, position, &what)?.checked(&what, element)?;
        self.lend(data, len, true, &what)?;
        // SAFETY: XLA's buffer has `len` elements of this type and belongs to this call; nothing else that is lent shares its
        // memory. It is allocated, and every bit pattern of it is a `T`.
        Ok(unsafe { slice::from_raw_parts_mut(data.as_ptr(), len) })
    }

    /// The elements of a result, which are those of an argument: it takes over the argument's memory, or gets a copy.
    pub(super) fn updated<T: HostScalar>(&self, argument: usize, result: usize) -> Result<&'a mut [T], Fault> {
        let what = format!("argument {argument}");
        let (from, len) = tensor(&self.arguments, argument, &what)?.checked::<T>(&what, T::ELEMENT)?;
        let is_taken_over = self.results.get(result).is_some_and(|result| result.data == from.as_ptr().cast());
        let elements = if is_taken_over { None } else { Some(self.argument::<T>(argument)?) };
        let to = self.result::<T>(result)?;
        if len != to.len() {
            return Err(Fault::invalid(format!("{what} has {len} elements, and result {result} {}", to.len())));
        }
        if let Some(elements) = elements {
            to.copy_from_slice(elements);
        }
        Ok(to)
    }

    /// Fails if what is to be written shares memory with anything else that is lent.
    fn lend<T>(&self, data: NonNull<T>, len: usize, writes: bool, what: &str) -> Result<(), Fault> {
        if len == 0 {
            return Ok(());
        }
        let start = data.as_ptr().addr();
        let addresses = start..start + len * size_of::<T>();
        let mut loans = self.loans.borrow_mut();
        let meets = |other: &Range<usize>| addresses.start < other.end && other.start < addresses.end;
        if loans.iter().any(|loan| (writes || loan.writes) && meets(&loan.addresses)) {
            return Err(Fault::invalid(format!("{what} shares the memory of another buffer")));
        }
        loans.push(Loan { addresses, writes });
        Ok(())
    }
}

fn tensor<'a>(tensors: &[Tensor<'a>], position: usize, what: &str) -> Result<Tensor<'a>, Fault> {
    tensors.get(position).copied().ok_or_else(|| Fault::invalid(format!("{what} is missing")))
}

impl Tensor<'_> {
    /// The elements, `T` each, if they are of the type `wanted`.
    fn checked<T>(&self, what: &str, wanted: Element) -> Result<(NonNull<T>, usize), Fault> {
        assert!(size_of::<T>() == wanted.bytes(), "{wanted} has another form in host memory");
        if Element::from_raw(self.element) != Some(wanted) {
            let actual = Element::from_raw(self.element).map_or("unknown", Element::mlir);
            return Err(Fault::invalid(format!("{what} has elements of type {actual} instead of {wanted}")));
        }
        let len = self.dims.iter().try_fold(1_usize, |len, &dim| len.checked_mul(usize::try_from(dim).ok()?));
        let len = len.ok_or_else(|| Fault::invalid(format!("{what} has an impossible size")))?;
        let data = NonNull::new(self.data.cast::<T>());
        match data.filter(|data| data.is_aligned()) {
            Some(data) => Ok((data, len)),
            None if len == 0 => Ok((NonNull::dangling(), 0)),
            None => Err(Fault::invalid(format!("{what} has no aligned memory"))),
        }
    }
}

/// # Safety
/// The list is valid for `'a`.
unsafe fn tensors<'a>(list: &'a Values) -> Result<Vec<Tensor<'a>>, Fault> {
    let size = usize::try_from(list.size).unwrap_or(0);
    if size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: both lists have `size` entries.
    let (kinds, values) =
        unsafe { (slice::from_raw_parts(list.kinds, size), slice::from_raw_parts(list.values, size)) };
    let tensor = |(&kind, &value): (&c_int, &*const RawBuffer)| {
        // SAFETY: an entry of this kind points to a buffer.
        let buffer = if kind == VALUE_BUFFER { unsafe { value.as_ref() } } else { None };
        let buffer = buffer.ok_or_else(|| Fault::invalid("an argument or result is not a buffer"))?;
        let rank = usize::try_from(buffer.rank).unwrap_or(0);
        // SAFETY: a buffer of rank r has r dimensions.
        let dims = if rank == 0 { &[][..] } else { unsafe { slice::from_raw_parts(buffer.dims, rank) } };
        Ok(Tensor { element: buffer.element, data: buffer.data, dims })
    };
    kinds.iter().zip(values).map(tensor).collect()
}

/// What XLA calls for the kernel `H`: returns null or an error that XLA then owns.
unsafe extern "C" fn entry<H: Handler>(frame: *mut c_void) -> *mut c_void {
    // SAFETY: XLA passes a call frame, or null never.
    let Some(frame) = (unsafe { frame.cast::<CallFrame>().as_ref() }) else { return ptr::null_mut() };
    // SAFETY: the frame's extensions are valid.
    if frame.struct_size < size_of::<CallFrame>() || unsafe { answer_metadata(frame.extension_start) } {
        return ptr::null_mut();
    }
    if frame.stage != STAGE_EXECUTE {
        return ptr::null_mut();
    }
    let run = || {
        // SAFETY: XLA keeps the buffers alive during the call, and neither writes them nor reads the results.
        let call = unsafe { Call::new(frame) }?;
        H::run(&call)
    };
    let fault = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => return ptr::null_mut(),
        Ok(Err(fault)) => fault,
        Err(_) => Fault { code: ErrorCode::Internal, message: "the kernel panicked".to_owned() },
    };
    // SAFETY: the frame's API is valid.
    unsafe { error(frame.api, &format!("{}: {}", H::NAME, fault.message), fault.code) }
}

/// Answers the question for the API version, if the frame asks it.
///
/// # Safety
/// The chain of extensions is valid.
unsafe fn answer_metadata(mut link: *const Extension) -> bool {
    // SAFETY: the caller's promise.
    while let Some(extension) = unsafe { link.as_ref() } {
        if extension.kind == EXTENSION_METADATA {
            // SAFETY: an extension of this kind is a metadata extension.
            let extension = unsafe { ptr::from_ref(extension).cast::<MetadataExtension>().read() };
            // SAFETY: its metadata is ours to fill in.
            if let Some(metadata) = unsafe { extension.metadata.as_mut() } {
                (metadata.version.major, metadata.version.minor) = VERSION;
            }
            return true;
        }
        link = extension.next;
    }
    false
}

/// # Safety
/// `api` is null or the API of a call frame.
unsafe fn error(api: *const Api, message: &str, code: ErrorCode) -> *mut c_void {
    // SAFETY: the caller's promise.
    let create = unsafe { api.as_ref() }.and_then(|api| api.error_create);
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    match create {
        // SAFETY: the message lives through the call, which copies it.
        Some(create) => unsafe {
            create(&mut ErrorCreate {
                struct_size: size_of::<ErrorCreate>(),
                extension_start: ptr::null(),
                message: message.as_ptr(),
                code: code.to_raw(),
            })
        },
        // There is no way to report the error, and returning null would pass garbage off as a result.
        None => std::process::abort(),
    }
}
