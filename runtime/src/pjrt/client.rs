//! A client: the devices of one plugin in this process, and what is made on them.
#![expect(unsafe_code, reason = "calls the PJRT C API")]

use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};

use super::abi::{self, NamedValue, NamedValueData, Program, RawClient, RawDevice};
use super::api::{self, Api};
use super::discover::Platform;
use super::error::PjrtError;
use super::executable::Executable;
use super::options::CompileOptions;
use super::plugin::Plugin;

/// How a client is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Whose devices they are.
    pub platform: Platform,
    /// How many devices the CPU plugin splits the processor into; other platforms have the devices they have.
    pub devices: usize,
}

impl ClientOptions {
    /// So many devices of the processor.
    pub fn cpu(devices: usize) -> ClientOptions {
        ClientOptions { platform: Platform::Cpu, devices }
    }
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions::cpu(1)
    }
}

/// The devices of a plugin. Cloning is cheap; buffers and executables keep their client alive.
#[derive(Debug, Clone)]
pub struct Client {
    core: Arc<Core>,
}

/// The part of a client that its buffers, events and executables share.
pub(super) struct Core {
    plugin: Arc<Plugin>,
    raw: NonNull<RawClient>,
    devices: Vec<NonNull<RawDevice>>,
    /// Held while a program with collectives runs; see [`super::Executable::execute_collective`].
    pub(super) collective: Mutex<()>,
    platform_name: String,
    platform_version: String,
    device_kind: String,
}

// SAFETY: PJRT clients and devices may be used from any thread.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

impl Core {
    /// Whether the memory of the devices is the process's own.
    pub(super) fn is_on_host(&self) -> bool {
        self.platform_name == "cpu"
    }

    pub(super) fn api(&self) -> Api {
        self.plugin.api()
    }

    pub(super) fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    pub(super) fn raw(&self) -> *mut RawClient {
        self.raw.as_ptr()
    }

    pub(super) fn device(&self, index: usize, during: &str) -> Result<*mut RawDevice, PjrtError> {
        let missing = || format!("there is no device {index}; the client has {}", self.devices.len());
        Ok(self.devices.get(index).ok_or_else(|| PjrtError::misuse(during, missing()))?.as_ptr())
    }

    /// The index of a device; `None` if it is not one of the client's.
    pub(super) fn device_index(&self, device: *mut RawDevice) -> Option<usize> {
        self.devices.iter().position(|known| known.as_ptr() == device)
    }

    /// Fills in what the plugin knows about the client and its devices.
    fn describe(&mut self) -> Result<(), PjrtError> {
        let api = self.api();
        let client = self.raw();
        let during = "creating a client";
        // SAFETY: the client is alive, and so is the text as long as it.
        unsafe {
            let name = api.call::<abi::ClientPlatformName>(|args| args.client = client);
            let name = name.map_err(|failure| failure.during(during))?;
            self.platform_name = api::text(name.text, name.size);
            let version = api.call::<abi::ClientPlatformVersion>(|args| args.client = client);
            let version = version.map_err(|failure| failure.during(during))?;
            self.platform_version = api::text(version.text, version.size);
        }
        // SAFETY: the client is alive, and so is the list as long as it.
        unsafe {
            let devices = api.call::<abi::ClientAddressableDevices>(|args| args.client = client);
            let devices = devices.map_err(|failure| failure.during(during))?;
            let devices = api::array(devices.devices, devices.num_devices);
            self.devices = devices.iter().filter_map(|&device| NonNull::new(device)).collect();
        }
        if let Some(device) = self.devices.first() {
            // SAFETY: the device and its description live as long as the client.
            let kind = unsafe {
                api.call::<abi::DeviceGetDescription>(|args| args.device = device.as_ptr())
                    .and_then(|args| device_kind(api, args.description))
            };
            self.device_kind = kind.map_err(|failure| failure.during(during))?;
        }
        Ok(())
    }
}

/// The name of a kind of device, such as `TPU v5 lite`.
///
/// # Safety
/// The description is alive.
pub(super) unsafe fn device_kind(
    api: Api,
    description: *mut abi::RawDescription,
) -> Result<String, super::error::Failure> {
    // SAFETY: the caller's promise; the text lives as long as the description.
    unsafe {
        let kind = api.call::<abi::DeviceDescriptionKind>(|args| args.description = description)?;
        Ok(api::text(kind.text, kind.size))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // SAFETY: everything that uses the client keeps this core alive, so this is its last use.
        drop(unsafe { self.api().call::<abi::ClientDestroy>(|args| args.client = self.raw()) });
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({}, {} devices)", self.platform_name, self.devices.len())
    }
}

impl Client {
    /// A client of the plugin's devices.
    pub fn new(plugin: &Arc<Plugin>, options: &ClientOptions) -> Result<Client, PjrtError> {
        let during = "creating a client";
        if options.devices == 0 {
            return Err(PjrtError::misuse(during, "a client needs a device"));
        }
        let name = "cpu_device_count";
        let device_count = [NamedValue {
            struct_size: size_of::<NamedValue>(),
            extension_start: ptr::null_mut(),
            name: name.as_ptr().cast(),
            name_size: name.len(),
            kind: abi::named_value::INT64,
            value: NamedValueData { int64: i64::try_from(options.devices).unwrap_or(i64::MAX) },
            value_size: 1,
        }];
        let create_options: &[NamedValue] = if options.platform == Platform::Cpu { &device_count } else { &[] };
        // SAFETY: the options and the name that they point to live through the call.
        let created = unsafe {
            plugin.api().call::<abi::ClientCreate>(|args| {
                args.create_options = create_options.as_ptr();
                args.num_options = create_options.len();
            })
        };
        let raw = created.map_err(|failure| failure.during(during))?.client;
        let raw = NonNull::new(raw).ok_or_else(|| PjrtError::misuse(during, "the plugin made none"))?;
        let mut core = Core {
            plugin: Arc::clone(plugin),
            raw,
            devices: Vec::new(),
            collective: Mutex::new(()),
            platform_name: String::new(),
            platform_version: String::new(),
            device_kind: String::new(),
        };
        core.describe()?;
        Ok(Client { core: Arc::new(core) })
    }

    /// The plugin that the client belongs to.
    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.core.plugin
    }

    /// How many devices programs of this client can run on.
    pub fn device_count(&self) -> usize {
        self.core.devices.len()
    }

    /// The platform's name, such as `cpu`.
    pub fn platform_name(&self) -> &str {
        &self.core.platform_name
    }

    /// The platform's version in the plugin's words.
    pub fn platform_version(&self) -> &str {
        &self.core.platform_version
    }

    /// The kind of the devices in the plugin's words.
    pub fn device_kind(&self) -> &str {
        &self.core.device_kind
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Compiles StableHLO text for this client's devices.
    pub fn compile(&self, module: &str, options: &CompileOptions) -> Result<Executable, PjrtError> {
        let during = || format!("compiling module `{}`", module_name(module));
        if options.replicas == 0 || options.replicas > self.device_count() {
            let reason = format!("{} replicas on {} devices", options.replicas, self.device_count());
            return Err(PjrtError::misuse(during(), reason));
        }
        let encoded = options.encode();
        let program = program(module);
        // SAFETY: the client is alive; the program, its text and the options live through the call.
        let compiled = unsafe {
            self.core.api().call::<abi::ClientCompile>(|args| {
                args.client = self.core.raw();
                args.program = &raw const program;
                args.compile_options = encoded.as_ptr().cast();
                args.compile_options_size = encoded.len();
            })
        };
        let loaded = compiled.map_err(|failure| failure.during(during()))?.executable;
        // SAFETY: the plugin gave us ownership of the executable.
        unsafe { Executable::new(&self.core, loaded, during) }
    }

    /// Loads what [`Executable::serialize`] returned for the same platform, plugin version and kind of processor.
    pub fn load(&self, serialized: &[u8]) -> Result<Executable, PjrtError> {
        let during = || "loading a serialized executable".to_owned();
        // SAFETY: the client is alive, and the bytes live through the call.
        let loaded = unsafe {
            self.core.api().call::<abi::ExecutableDeserializeAndLoad>(|args| {
                args.client = self.core.raw();
                args.bytes = serialized.as_ptr().cast();
                args.bytes_size = serialized.len();
            })
        };
        let loaded = loaded.map_err(|failure| failure.during(during()))?.loaded;
        // SAFETY: the plugin gave us ownership of the executable.
        unsafe { Executable::new(&self.core, loaded, during) }
    }
}

/// A program of MLIR text. It points into `module`.
pub(super) fn program(module: &str) -> Program {
    let format = "mlir";
    Program {
        struct_size: size_of::<Program>(),
        extension_start: ptr::null_mut(),
        code: module.as_ptr().cast_mut().cast(),
        code_size: module.len(),
        format: format.as_ptr().cast(),
        format_size: format.len(),
        reserve: [0; 4],
    }
}

/// The symbol name of a module, in either of the forms that MLIR prints; for messages only.
pub(super) fn module_name(module: &str) -> &str {
    let end = |text: &str, stop: fn(char) -> bool| text.find(stop).unwrap_or(text.len());
    if let Some((_, rest)) = module.split_once("module @") {
        return &rest[..end(rest, |c| !(c.is_alphanumeric() || "_.$-".contains(c)))];
    }
    // The generic form puts a module's attributes after its body.
    match module.rsplit_once("sym_name = \"") {
        Some((_, rest)) if !module.trim_start().starts_with("module") => &rest[..end(rest, |c| c == '"')],
        Some(_) | None => "unnamed",
    }
}
