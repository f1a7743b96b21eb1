//! The structs of the PJRT C API that arguments point to, as `#[repr(C)]` data; see [`super::abi`].

use std::ffi::{c_char, c_int, c_void};

use super::abi::{RawError, padded};

/// `PJRT_Api` up to its first function.
#[repr(C)]
pub(super) struct ApiHeader {
    pub(super) struct_size: usize,
    pub(super) extension_start: *const Extension,
    pub(super) version: ApiVersion,
}

/// `PJRT_Api_Version`.
#[repr(C)]
pub(super) struct ApiVersion {
    pub(super) struct_size: usize,
    pub(super) extension_start: *const Extension,
    pub(super) major: c_int,
    pub(super) minor: c_int,
}

/// `PJRT_Extension_Base`: one link of the chain of extensions.
#[repr(C)]
pub(super) struct Extension {
    pub(super) struct_size: usize,
    pub(super) kind: c_int,
    pub(super) next: *const Extension,
}

/// `PJRT_Extension_Type_FFI`.
pub(super) const EXTENSION_FFI: c_int = 5;

/// The FFI extension: registers handlers of custom calls.
#[repr(C)]
pub(super) struct FfiExtension {
    pub(super) base: Extension,
    pub(super) type_register: *const c_void,
    pub(super) user_data_add: *const c_void,
    pub(super) register_handler: Option<unsafe extern "C" fn(*mut RegisterHandler) -> *mut RawError>,
}

/// Arguments of the FFI extension's `register_handler`.
#[repr(C)]
pub(super) struct RegisterHandler {
    pub(super) struct_size: usize,
    pub(super) target_name: *const c_char,
    pub(super) target_name_size: usize,
    pub(super) handler: *const c_void,
    pub(super) platform_name: *const c_char,
    pub(super) platform_name_size: usize,
    pub(super) traits: c_int,
}

/// `PJRT_NamedValue`: a key with a string, integer, integer list, float or boolean.
#[repr(C)]
pub(super) struct NamedValue {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut Extension,
    pub(super) name: *const c_char,
    pub(super) name_size: usize,
    pub(super) kind: c_int,
    pub(super) value: NamedValueData,
    pub(super) value_size: usize,
}

/// The value of a [`NamedValue`]; `kind` says which.
#[repr(C)]
pub(super) union NamedValueData {
    pub(super) string: *const c_char,
    pub(super) int64: i64,
    pub(super) int64s: *const i64,
    pub(super) float: f32,
    pub(super) boolean: bool,
}

/// `PJRT_NamedValue_Type`.
pub(super) mod named_value {
    use std::ffi::c_int;

    pub(crate) const STRING: c_int = 0;
    pub(crate) const INT64: c_int = 1;
    pub(crate) const INT64_LIST: c_int = 2;
    pub(crate) const FLOAT: c_int = 3;
    pub(crate) const BOOL: c_int = 4;
}

/// `PJRT_Program`, with room for fields of newer versions.
#[repr(C)]
pub(super) struct Program {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut Extension,
    pub(super) code: *mut c_char,
    pub(super) code_size: usize,
    pub(super) format: *const c_char,
    pub(super) format_size: usize,
    pub(super) reserve: [usize; 4],
}

/// `PJRT_ExecuteOptions`, with room for fields of newer versions.
#[repr(C)]
pub(super) struct ExecuteOptions {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut Extension,
    pub(super) send_callbacks: *mut c_void,
    pub(super) recv_callbacks: *mut c_void,
    pub(super) num_send_ops: usize,
    pub(super) num_recv_ops: usize,
    pub(super) launch_id: c_int,
    pub(super) non_donatable: *const i64,
    pub(super) num_non_donatable: usize,
    pub(super) context: *mut c_void,
    pub(super) call_location: *const c_char,
    pub(super) num_tasks: usize,
    pub(super) task_ids: *mut c_int,
    pub(super) incarnation_ids: *mut i64,
    pub(super) reserve: [usize; 8],
}

/// `PJRT_Buffer_MemoryLayout` in its tiled form, which is also its largest.
#[repr(C)]
pub(super) struct MemoryLayout {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut Extension,
    pub(super) tiled: TiledLayout,
    /// 0: tiled.
    pub(super) kind: c_int,
}

/// `PJRT_Buffer_MemoryLayout_Tiled`.
#[repr(C)]
pub(super) struct TiledLayout {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut Extension,
    pub(super) minor_to_major: *const i64,
    pub(super) minor_to_major_size: usize,
    pub(super) tile_dims: *const i64,
    pub(super) tile_dim_sizes: *const usize,
    pub(super) num_tiles: usize,
}

const _: () = {
    assert!(size_of::<ApiHeader>() == 40);
    assert!(size_of::<ApiVersion>() == 24);
    assert!(size_of::<Extension>() == 24);
    assert!(size_of::<FfiExtension>() == 48);
    assert!(size_of::<RegisterHandler>() == padded(52));
    assert!(size_of::<NamedValue>() == 56);
    assert!(size_of::<Program>() == 48 + 32);
    assert!(size_of::<ExecuteOptions>() == 112 + 64);
    assert!(size_of::<TiledLayout>() == 56);
    assert!(size_of::<MemoryLayout>() == padded(76));
};

/// `PJRT_HostBufferSemantics`.
pub(super) mod semantics {
    use std::ffi::c_int;

    pub(crate) const IMMUTABLE_ONLY_DURING_CALL: c_int = 0;
    pub(crate) const IMMUTABLE_ZERO_COPY: c_int = 2;
    pub(crate) const MUTABLE_ZERO_COPY: c_int = 3;
}
