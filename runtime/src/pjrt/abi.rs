//! The functions of the PJRT C API: handles, argument structs and the place of each function in the table.
//!
//! Layouts follow `pjrt_c_api.h`, API 0.81. A plugin accepts an argument struct that is larger than the one it knows and
//! refuses a smaller one, so [`super::api::Api::call`] appends a zeroed reserve to each; a newer plugin then finds null
//! or zero in the fields that this file does not have. Only what the runtime uses is declared.
#![expect(unsafe_code, reason = "promises about the layout of C structs")]

use std::ffi::{c_char, c_int, c_void};

/// The argument struct of one API function.
///
/// # Safety
/// The type is the `#[repr(C)]` argument struct of the function at `INDEX`, starts with `struct_size` and
/// `extension_start`, and is valid when all its bytes are zero.
pub(super) unsafe trait Arguments: Sized {
    /// Position in the function table, counted from the first function.
    const INDEX: usize;
    /// The function's name in the header.
    const NAME: &'static str;
}

pub(super) use super::structs::*;

macro_rules! handles {
    ($($name:ident)*) => { $(
        #[repr(C)]
        pub(super) struct $name {
            _opaque: [u8; 0],
        }
    )* };
}

handles! { RawError RawEvent RawClient RawDevice RawDescription RawExecutable RawLoaded RawBuffer RawTopology RawSerialized }

/// Rounds a struct size that ends at its last field up to the C `sizeof`.
pub(super) const fn padded(size: usize) -> usize {
    size.next_multiple_of(8)
}

macro_rules! functions {
    ($($index:literal $name:literal $args:ident [$size:literal] { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            #[repr(C)]
            pub(super) struct $args {
                pub(super) struct_size: usize,
                pub(super) extension_start: *mut Extension,
                $(pub(super) $field: $type,)*
            }

            const _: () = assert!(size_of::<$args>() == padded($size), $name);

            // SAFETY: the fields are integers, booleans, raw pointers and optional function pointers, in header order.
            unsafe impl Arguments for $args {
                const INDEX: usize = $index;
                const NAME: &'static str = $name;
            }
        )*

        /// Each function's name and its position in the table.
        #[cfg(test)]
        pub(super) const FUNCTIONS: &[(usize, &str)] = &[$(($index, $name)),*];
    };
}

functions! {
    0 "PJRT_Error_Destroy" ErrorDestroy [24] { error: *mut RawError }
    1 "PJRT_Error_Message" ErrorMessage [40] { error: *const RawError, message: *const c_char, message_size: usize }
    2 "PJRT_Error_GetCode" ErrorGetCode [28] { error: *const RawError, code: c_int }
    3 "PJRT_Plugin_Initialize" PluginInitialize [16] {}
    4 "PJRT_Plugin_Attributes" PluginAttributes [32] { attributes: *const NamedValue, num_attributes: usize }
    5 "PJRT_Event_Destroy" EventDestroy [24] { event: *mut RawEvent }
    6 "PJRT_Event_IsReady" EventIsReady [25] { event: *mut RawEvent, is_ready: bool }
    8 "PJRT_Event_Await" EventAwait [24] { event: *mut RawEvent }
    9 "PJRT_Event_OnReady" EventOnReady [40] {
        event: *mut RawEvent,
        callback: Option<unsafe extern "C" fn(*mut RawError, *mut c_void)>,
        user_arg: *mut c_void,
    }
    10 "PJRT_Client_Create" ClientCreate [88] {
        create_options: *const NamedValue,
        num_options: usize,
        kv_get_callback: *const c_void,
        kv_get_user_arg: *mut c_void,
        kv_put_callback: *const c_void,
        kv_put_user_arg: *mut c_void,
        client: *mut RawClient,
        kv_try_get_callback: *const c_void,
        kv_try_get_user_arg: *mut c_void,
    }
    11 "PJRT_Client_Destroy" ClientDestroy [24] { client: *mut RawClient }
    12 "PJRT_Client_PlatformName" ClientPlatformName [40] { client: *mut RawClient, text: *const c_char, size: usize }
    14 "PJRT_Client_PlatformVersion" ClientPlatformVersion [40] {
        client: *mut RawClient,
        text: *const c_char,
        size: usize,
    }
    16 "PJRT_Client_AddressableDevices" ClientAddressableDevices [40] {
        client: *mut RawClient,
        devices: *const *mut RawDevice,
        num_devices: usize,
    }
    20 "PJRT_Client_Compile" ClientCompile [56] {
        client: *mut RawClient,
        program: *const Program,
        compile_options: *const c_char,
        compile_options_size: usize,
        executable: *mut RawLoaded,
    }
    22 "PJRT_Client_BufferFromHostBuffer" ClientBufferFromHostBuffer [120] {
        client: *mut RawClient,
        data: *const c_void,
        element: c_int,
        dims: *const i64,
        num_dims: usize,
        byte_strides: *const i64,
        num_byte_strides: usize,
        semantics: c_int,
        device: *mut RawDevice,
        memory: *mut c_void,
        device_layout: *mut MemoryLayout,
        done_with_host_buffer: *mut RawEvent,
        buffer: *mut RawBuffer,
    }
    26 "PJRT_DeviceDescription_Kind" DeviceDescriptionKind [40] {
        description: *mut RawDescription,
        text: *const c_char,
        size: usize,
    }
    29 "PJRT_Device_GetDescription" DeviceGetDescription [32] {
        device: *mut RawDevice,
        description: *mut RawDescription,
    }
    40 "PJRT_Executable_Destroy" ExecutableDestroy [24] { executable: *mut RawExecutable }
    41 "PJRT_Executable_Name" ExecutableName [40] { executable: *mut RawExecutable, text: *const c_char, size: usize }
    42 "PJRT_Executable_NumReplicas" ExecutableNumReplicas [32] { executable: *mut RawExecutable, num_replicas: usize }
    46 "PJRT_Executable_GetCostAnalysis" ExecutableGetCostAnalysis [40] {
        executable: *mut RawExecutable,
        num_properties: usize,
        properties: *const NamedValue,
    }
    49 "PJRT_Executable_Serialize" ExecutableSerialize [56] {
        executable: *const RawExecutable,
        bytes: *const c_char,
        bytes_size: usize,
        owner: *mut RawSerialized,
        owner_deleter: Option<unsafe extern "C" fn(*mut RawSerialized)>,
    }
    50 "PJRT_LoadedExecutable_Destroy" LoadedDestroy [24] { executable: *mut RawLoaded }
    51 "PJRT_LoadedExecutable_GetExecutable" LoadedGetExecutable [32] {
        loaded: *mut RawLoaded,
        executable: *mut RawExecutable,
    }
    52 "PJRT_LoadedExecutable_AddressableDevices" LoadedDevices [40] {
        loaded: *mut RawLoaded,
        devices: *const *mut RawDevice,
        num_devices: usize,
    }
    55 "PJRT_LoadedExecutable_Execute" LoadedExecute [80] {
        executable: *mut RawLoaded,
        options: *mut ExecuteOptions,
        argument_lists: *const *const *mut RawBuffer,
        num_devices: usize,
        num_args: usize,
        output_lists: *const *mut *mut RawBuffer,
        device_complete_events: *mut *mut RawEvent,
        execute_device: *mut RawDevice,
    }
    56 "PJRT_Executable_DeserializeAndLoad" ExecutableDeserializeAndLoad [64] {
        client: *mut RawClient,
        bytes: *const c_char,
        bytes_size: usize,
        loaded: *mut RawLoaded,
        options: *const c_char,
        options_size: usize,
    }
    58 "PJRT_Buffer_Destroy" BufferDestroy [24] { buffer: *mut RawBuffer }
    64 "PJRT_Buffer_OnDeviceSizeInBytes" BufferOnDeviceSize [32] { buffer: *mut RawBuffer, size_in_bytes: usize }
    69 "PJRT_Buffer_CopyToDevice" BufferCopyToDevice [40] {
        buffer: *mut RawBuffer,
        device: *mut RawDevice,
        copy: *mut RawBuffer,
    }
    70 "PJRT_Buffer_ToHostBuffer" BufferToHostBuffer [56] {
        buffer: *mut RawBuffer,
        host_layout: *mut MemoryLayout,
        destination: *mut c_void,
        destination_size: usize,
        event: *mut RawEvent,
    }
    72 "PJRT_Buffer_ReadyEvent" BufferReadyEvent [32] { buffer: *mut RawBuffer, event: *mut RawEvent }
    73 "PJRT_Buffer_UnsafePointer" BufferUnsafePointer [32] { buffer: *mut RawBuffer, pointer: usize }
    82 "PJRT_TopologyDescription_Create" TopologyCreate [56] {
        name: *const c_char,
        name_size: usize,
        create_options: *const NamedValue,
        num_options: usize,
        topology: *mut RawTopology,
    }
    83 "PJRT_TopologyDescription_Destroy" TopologyDestroy [24] { topology: *mut RawTopology }
    84 "PJRT_TopologyDescription_PlatformName" TopologyPlatformName [40] {
        topology: *const RawTopology,
        text: *const c_char,
        size: usize,
    }
    85 "PJRT_TopologyDescription_PlatformVersion" TopologyPlatformVersion [40] {
        topology: *mut RawTopology,
        text: *const c_char,
        size: usize,
    }
    86 "PJRT_TopologyDescription_GetDeviceDescriptions" TopologyDevices [40] {
        topology: *const RawTopology,
        descriptions: *const *mut RawDescription,
        num_descriptions: usize,
    }
    89 "PJRT_Compile" Compile [64] {
        topology: *const RawTopology,
        program: *const Program,
        compile_options: *const c_char,
        compile_options_size: usize,
        client: *mut RawClient,
        executable: *mut RawExecutable,
    }
    90 "PJRT_Executable_OutputElementTypes" ExecutableOutputElements [40] {
        executable: *mut RawExecutable,
        elements: *const c_int,
        num_elements: usize,
    }
    91 "PJRT_Executable_OutputDimensions" ExecutableOutputDimensions [48] {
        executable: *mut RawExecutable,
        num_outputs: usize,
        dims: *const i64,
        ranks: *const usize,
    }
    94 "PJRT_Executable_Fingerprint" ExecutableFingerprint [40] {
        executable: *mut RawExecutable,
        text: *const c_char,
        size: usize,
    }
    96 "PJRT_Executable_GetCompiledMemoryStats" ExecutableMemoryStats [112] {
        executable: *mut RawExecutable,
        generated_code: i64,
        arguments: i64,
        outputs: i64,
        aliased: i64,
        temporary: i64,
        host_generated_code: i64,
        host_arguments: i64,
        host_outputs: i64,
        host_aliased: i64,
        host_temporary: i64,
        peak: i64,
    }
}
