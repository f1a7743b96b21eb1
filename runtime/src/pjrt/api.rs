//! Calls through the plugin's function table: presence, argument size and error conversion in one place.
#![expect(unsafe_code, reason = "reads the plugin's function table and calls through it")]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use super::abi::{self, ApiHeader, Arguments, Extension, NamedValue, RawError};
use super::error::{ErrorCode, Failure};

/// Zeroed words after each argument struct, for the fields of newer API versions.
const RESERVE: usize = 8;

/// The function table of a loaded plugin.
#[derive(Clone, Copy)]
pub(super) struct Api {
    header: NonNull<ApiHeader>,
}

// SAFETY: the table is immutable after the plugin has returned it, lives as long as the process because plugins are
// never unloaded, and PJRT functions may be called from any thread.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

#[repr(C)]
struct Frame<A> {
    args: A,
    reserve: [usize; RESERVE],
}

impl Api {
    /// Wraps the table that `GetPjrtApi` returned.
    ///
    /// # Safety
    /// `header` points to a `PJRT_Api` that is never freed and whose `struct_size` tells its size.
    pub(super) unsafe fn new(header: NonNull<ApiHeader>) -> Api {
        Api { header }
    }

    /// The version of the API that the plugin implements: major, minor.
    pub(super) fn version(self) -> (i32, i32) {
        // SAFETY: the header outlives the process's use of it (see `new`).
        let version = unsafe { &self.header.as_ref().version };
        (version.major, version.minor)
    }

    /// The first extension of this kind whose struct has at least `size` bytes.
    pub(super) fn extension(self, kind: i32, size: usize) -> Option<NonNull<Extension>> {
        // SAFETY: the header is valid (see `new`), and so is the chain of extensions that hangs off it.
        let mut link = unsafe { self.header.as_ref().extension_start };
        while let Some(extension) = NonNull::new(link.cast_mut()) {
            // SAFETY: non-null links of the chain are valid for as long as the plugin is loaded.
            let base = unsafe { extension.as_ref() };
            if base.kind == kind && base.struct_size >= size {
                return Some(extension);
            }
            link = base.next;
        }
        None
    }

    fn entry<A: Arguments>(self) -> Option<NonNull<c_void>> {
        let offset = size_of::<ApiHeader>() + A::INDEX * size_of::<*const c_void>();
        // SAFETY: the header is valid (see `new`).
        let size = unsafe { self.header.as_ref().struct_size };
        if size < offset + size_of::<*const c_void>() {
            return None;
        }
        // SAFETY: the table has `size` bytes, so the entry at `offset` lies inside it.
        let entry = unsafe { self.header.cast::<u8>().add(offset).cast::<*mut c_void>().read() };
        NonNull::new(entry)
    }

    /// Calls the function that takes `A`, after `fill` has set its inputs, and returns the arguments with its outputs.
    ///
    /// # Safety
    /// The inputs that `fill` sets meet the function's contract in the PJRT header.
    pub(super) unsafe fn call<A: Arguments>(self, fill: impl FnOnce(&mut A)) -> Result<A, Failure> {
        let Some(entry) = self.entry::<A>() else {
            let (major, minor) = self.version();
            let message = format!("the plugin (PJRT API {major}.{minor}) has no {}", A::NAME);
            return Err(Failure { code: ErrorCode::Unimplemented, message });
        };
        let mut frame = MaybeUninit::<Frame<A>>::zeroed();
        // SAFETY: `Arguments` promises that all-zero bytes are a valid `A`, and the reserve is plain integers.
        let frame = unsafe { frame.assume_init_mut() };
        // SAFETY: `Arguments` promises that `A` starts with `struct_size`.
        unsafe { ptr::from_mut(&mut frame.args).cast::<usize>().write(size_of::<Frame<A>>()) };
        fill(&mut frame.args);
        // SAFETY: the entry at `A::INDEX` takes `A` by pointer and returns an error or null (`Arguments`); functions
        // that return nothing are called through `call_void`.
        let error = unsafe {
            let function: unsafe extern "C" fn(*mut A) -> *mut RawError = std::mem::transmute(entry.as_ptr());
            function(ptr::from_mut(frame).cast::<A>())
        };
        match NonNull::new(error) {
            // SAFETY: the plugin gave us ownership of the error.
            Some(error) => Err(unsafe { self.take_error(error) }),
            // SAFETY: `args` is a valid `A` and is read once; it has no destructor.
            None => Ok(unsafe { ptr::read(&raw const frame.args) }),
        }
    }

    /// As [`Api::call`] for the functions that return nothing.
    ///
    /// # Safety
    /// As for [`Api::call`]; the function returns `void`.
    unsafe fn call_void<A: Arguments>(self, args: &mut A) {
        if let Some(entry) = self.entry::<A>() {
            // SAFETY: the entry takes `A` by pointer and returns nothing (the caller's promise).
            unsafe {
                let function: unsafe extern "C" fn(*mut A) = std::mem::transmute(entry.as_ptr());
                function(args);
            }
        }
    }

    /// Reads an error's code and message and frees it.
    ///
    /// # Safety
    /// `error` is an error of this plugin that the caller owns; it is not used again.
    pub(super) unsafe fn take_error(self, error: NonNull<RawError>) -> Failure {
        let mut message = abi::ErrorMessage {
            struct_size: size_of::<abi::ErrorMessage>(),
            extension_start: ptr::null_mut(),
            error: error.as_ptr(),
            message: ptr::null(),
            message_size: 0,
        };
        // SAFETY: the error is alive; `PJRT_Error_Message` returns nothing.
        unsafe { self.call_void(&mut message) };
        // SAFETY: the plugin set a message that lives as long as the error.
        let text = unsafe { text(message.message, message.message_size) };
        // SAFETY: the error is alive.
        let code = match unsafe { self.call::<abi::ErrorGetCode>(|args| args.error = error.as_ptr()) } {
            Ok(args) => ErrorCode::from_raw(args.code),
            Err(_) => ErrorCode::Unknown,
        };
        // SAFETY: the error is ours to destroy, once; `PJRT_Error_Destroy` returns nothing.
        unsafe {
            self.call_void(&mut abi::ErrorDestroy {
                struct_size: size_of::<abi::ErrorDestroy>(),
                extension_start: ptr::null_mut(),
                error: error.as_ptr(),
            });
        }
        Failure { code, message: text.trim().to_owned() }
    }
}

/// Copies a C string with a length; bytes that are not UTF-8 are replaced.
///
/// # Safety
/// `pointer` is null or points to `size` readable bytes.
pub(super) unsafe fn text(pointer: *const c_char, size: usize) -> String {
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { array(pointer.cast::<u8>(), size) }).into_owned()
}

/// A slice of a C array; empty if the pointer is null.
///
/// # Safety
/// `pointer` is null or points to `size` initialized elements that outlive `'a` unchanged.
pub(super) unsafe fn array<'a, T>(pointer: *const T, size: usize) -> &'a [T] {
    // SAFETY: the caller's promise.
    if pointer.is_null() || size == 0 { &[] } else { unsafe { slice::from_raw_parts(pointer, size) } }
}

/// A value that a plugin attaches to a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A list of integers, such as a version.
    Integers(Vec<i64>),
    /// A float.
    Float(f32),
    /// A boolean.
    Boolean(bool),
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Attribute::Text(text) => f.write_str(text),
            Attribute::Integer(value) => write!(f, "{value}"),
            Attribute::Integers(values) => {
                f.write_str(&values.iter().map(i64::to_string).collect::<Vec<_>>().join("."))
            }
            Attribute::Float(value) => write!(f, "{value}"),
            Attribute::Boolean(value) => write!(f, "{value}"),
        }
    }
}

/// Copies an array of named values; values of kinds that this layer does not know are left out.
///
/// # Safety
/// `values` is null or points to `count` named values that the plugin keeps alive during the call.
pub(super) unsafe fn attributes(values: *const NamedValue, count: usize) -> Vec<(String, Attribute)> {
    // SAFETY: the caller's promise.
    let values = unsafe { array(values, count) };
    values
        .iter()
        .filter_map(|value| {
            // SAFETY: `kind` says which member of the union is set and `value_size` how long its array is.
            let attribute = unsafe {
                match value.kind {
                    abi::named_value::STRING => Attribute::Text(text(value.value.string, value.value_size)),
                    abi::named_value::INT64 => Attribute::Integer(value.value.int64),
                    abi::named_value::INT64_LIST => {
                        Attribute::Integers(array(value.value.int64s, value.value_size).to_vec())
                    }
                    abi::named_value::FLOAT => Attribute::Float(value.value.float),
                    abi::named_value::BOOL => Attribute::Boolean(value.value.boolean),
                    _ => return None,
                }
            };
            // SAFETY: the name is `name_size` bytes that live as long as the value.
            Some((unsafe { text(value.name, value.name_size) }, attribute))
        })
        .collect()
}
