//! Loading a plugin: the shared library, its version check, its attributes and its FFI extension.
#![expect(unsafe_code, reason = "loads a shared library and calls its C entry points")]

use std::collections::BTreeMap;
use std::env::VarError;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};

use super::abi::{self, ApiHeader, FfiExtension, RegisterHandler};
use super::api::{self, Api, Attribute};
use super::error::PjrtError;

/// A loaded PJRT plugin.
///
/// A plugin belongs to the process: it is loaded once per path and never unloaded.
pub struct Plugin {
    path: PathBuf,
    api: Api,
    attributes: Vec<(String, Attribute)>,
    /// The custom-call targets that are registered already.
    handlers: Mutex<std::collections::BTreeSet<String>>,
}

/// A handler of custom calls in the C form that XLA's typed FFI calls.
pub type FfiHandler = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

static LOADED: Mutex<BTreeMap<PathBuf, Arc<Plugin>>> = Mutex::new(BTreeMap::new());

impl Plugin {
    /// Loads the plugin at `path`, or returns it if the process has it already.
    ///
    /// Plugins read the environment: [`prepare_environment`] says what.
    pub fn load(path: &Path) -> Result<Arc<Plugin>, PjrtError> {
        let refuse = |reason: String| PjrtError::Load { path: path.to_path_buf(), reason };
        let canonical = path.canonicalize().map_err(|error| refuse(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&canonical) {
            return Ok(Arc::clone(plugin));
        }
        let plugin = Arc::new(Plugin::open(&canonical, path)?);
        loaded.insert(canonical, Arc::clone(&plugin));
        Ok(plugin)
    }

    fn open(canonical: &Path, path: &Path) -> Result<Plugin, PjrtError> {
        let refuse = |reason: String| PjrtError::Load { path: path.to_path_buf(), reason };
        // SAFETY: the file is one that the user installed as a plugin; its initializers are those of XLA's library.
        let library = unsafe { libloading::Library::new(canonical) }.map_err(|error| refuse(cause(&error)))?;
        // SAFETY: every PJRT plugin exports `GetPjrtApi` with this type.
        let header = unsafe {
            library.get::<unsafe extern "C" fn() -> *mut ApiHeader>(b"GetPjrtApi\0").map(|get_api| get_api())
        }
        .map_err(|_| refuse("not a PJRT plugin: it exports no GetPjrtApi".to_owned()))?;
        // Threads of the plugin may run until the process ends, so its code must stay mapped.
        std::mem::forget(library);
        let header = NonNull::new(header).ok_or_else(|| refuse("GetPjrtApi returned null".to_owned()))?;
        // SAFETY: the plugin returned its table, which is static.
        let size = unsafe { header.as_ref() }.struct_size;
        if size < size_of::<ApiHeader>() {
            return Err(refuse(format!("its PJRT_Api has only {size} bytes")));
        }
        // SAFETY: as above; the size covers the header.
        let api = unsafe { Api::new(header) };
        let (major, minor) = api.version();
        if major != 0 {
            return Err(refuse(format!("it implements PJRT API {major}.{minor}, and this runtime needs 0.x")));
        }
        // SAFETY: no inputs.
        unsafe { api.call::<abi::PluginInitialize>(|_| {}) }.map_err(|failure| refuse(failure.message))?;
        // SAFETY: no inputs.
        let attributes = match unsafe { api.call::<abi::PluginAttributes>(|_| {}) } {
            // SAFETY: the attributes live as long as the process.
            Ok(args) => unsafe { api::attributes(args.attributes, args.num_attributes) },
            Err(_) => Vec::new(),
        };
        Ok(Plugin { path: path.to_path_buf(), api, attributes, handlers: Mutex::default() })
    }

    /// Where the plugin was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the PJRT C API that the plugin implements: major, minor.
    pub fn api_version(&self) -> (i32, i32) {
        self.api.version()
    }

    /// What the plugin says about itself, such as `xla_version` and `stablehlo_current_version`.
    pub fn attributes(&self) -> &[(String, Attribute)] {
        &self.attributes
    }

    /// The newest StableHLO version that the plugin reads, if it says so.
    pub fn stablehlo_version(&self) -> Option<[i64; 3]> {
        self.attributes.iter().find_map(|(name, value)| match value {
            Attribute::Integers(version) if name == "stablehlo_current_version" => {
                <[i64; 3]>::try_from(version.as_slice()).ok()
            }
            Attribute::Integers(_)
            | Attribute::Text(_)
            | Attribute::Integer(_)
            | Attribute::Float(_)
            | Attribute::Boolean(_) => None,
        })
    }

    pub(super) fn api(&self) -> Api {
        self.api
    }

    /// Whether programs for this plugin can call native handlers.
    pub fn has_ffi(&self) -> bool {
        self.ffi().is_some()
    }

    fn ffi(&self) -> Option<NonNull<FfiExtension>> {
        Some(self.api.extension(abi::EXTENSION_FFI, size_of::<FfiExtension>())?.cast())
    }

    /// Registers the handler of a custom-call target on XLA's `Host` platform, once per name and process.
    ///
    /// # Safety
    /// `handler` implements XLA's typed FFI: it may be called from any thread with a call frame, does not unwind, and
    /// stays valid until the process ends.
    pub(crate) unsafe fn register_handler(&self, name: &str, handler: FfiHandler) -> Result<(), PjrtError> {
        let during = || format!("registering the native kernel `{name}`");
        let mut handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        if handlers.contains(name) {
            return Ok(());
        }
        let missing = || PjrtError::misuse(during(), "the plugin has no FFI extension");
        // SAFETY: the extension is at least as large as `FfiExtension` and lives as long as the plugin.
        let register = unsafe { self.ffi().ok_or_else(missing)?.as_ref() }.register_handler.ok_or_else(missing)?;
        let platform = "Host";
        let mut args = RegisterHandler {
            struct_size: size_of::<RegisterHandler>(),
            target_name: name.as_ptr().cast(),
            target_name_size: name.len(),
            handler: handler as *const c_void,
            platform_name: platform.as_ptr().cast(),
            platform_name_size: platform.len(),
            traits: 0,
        };
        // SAFETY: the arguments are valid during the call and the handler for ever (the caller's promise).
        let error = unsafe { register(ptr::from_mut(&mut args)) };
        if let Some(error) = NonNull::new(error) {
            // SAFETY: the plugin gave us ownership of the error.
            return Err(unsafe { self.api.take_error(error) }.during(during()));
        }
        handlers.insert(name.to_owned());
        Ok(())
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("path", &self.path).field("attributes", &self.attributes).finish_non_exhaustive()
    }
}

/// The innermost message of an error; the linker's own words are there.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

/// Settings for libtpu on a machine without a TPU: do not wait for a metadata server, which would tell the rest, and do
/// not complain about it. What a topology is made of does not depend on them.
const ABSENT_TPU: [(&str, &str); 5] = [
    ("TPU_SKIP_MDS_QUERY", "1"),
    // Compilations at the same time do not share a device that is not there.
    ("ALLOW_MULTIPLE_LIBTPU_LOAD", "1"),
    ("TPU_WORKER_HOSTNAMES", "localhost"),
    ("TPU_ACCELERATOR_TYPE", "v5litepod-1"),
    ("TPU_STDERR_LOG_LEVEL", "3"),
];

/// How many seconds the replicas of a CPU program wait for each other. XLA ends the process after 40 (and 20 in which it only
/// complains), though one of them may just have more rows to sort. It reads this from the environment alone.
const PATIENCE: &str = "xla_cpu_collective_call_terminate_timeout_seconds";

/// The seconds of a week.
const A_WEEK: u32 = 7 * 24 * 60 * 60;

/// Prepares the process's environment for a plugin, as DJ's commands do before they load one; nothing in this library calls
/// it, because the environment is the process's own business.
///
/// Sets `TF_CPP_MIN_LOG_LEVEL=1`, so that plugins log warnings and errors only, and for libtpu on a machine without a TPU also
/// `TPU_SKIP_MDS_QUERY=1` and its like, so that it can compile for TPUs that are elsewhere; adds to `XLA_FLAGS` how long the
/// replicas of a CPU program wait for each other. What the user has set stays. Call it before other C libraries start threads that read the environment.
pub fn prepare_environment(plugin: &Path) {
    let has_tpu = ["/dev/accel0", "/dev/vfio/0"].iter().any(|device| Path::new(device).exists());
    let absent: &[_] = if is_libtpu(plugin) && !has_tpu { &ABSENT_TPU } else { &[] };
    let flags = match std::env::var("XLA_FLAGS") {
        Err(VarError::NotPresent) => Some(String::new()),
        // What is no text is left to XLA.
        flags => flags.ok(),
    };
    if let Some(flags) = flags.filter(|flags| !is_libtpu(plugin) && !flags.contains(PATIENCE)) {
        // SAFETY: as below.
        unsafe { std::env::set_var("XLA_FLAGS", format!("{flags} --{PATIENCE}={A_WEEK}").trim_start()) };
    }
    for (name, value) in [("TF_CPP_MIN_LOG_LEVEL", "1")].iter().chain(absent) {
        if std::env::var_os(name).is_none() {
            // SAFETY: Rust's own readers of the environment hold its lock; C code that reads it concurrently is excluded
            // by the documented order: plugins are loaded before their threads, and those of other C libraries, start.
            unsafe { std::env::set_var(name, value) };
        }
    }
}

/// Whether a plugin is the one for TPUs.
fn is_libtpu(plugin: &Path) -> bool {
    plugin.file_name().is_some_and(|name| name.to_string_lossy().contains("libtpu"))
}
