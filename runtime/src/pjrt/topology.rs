//! Compiling for devices that are not here, and what a compiled program costs.
#![expect(unsafe_code, reason = "calls the PJRT C API")]

use std::ptr::NonNull;
use std::sync::Arc;

use super::abi::{self, RawExecutable, RawTopology};
use super::api::{self, Api, Attribute};
use super::client::{device_kind, module_name, program};
use super::element::{Element, Shape};
use super::error::PjrtError;
use super::options::CompileOptions;
use super::plugin::Plugin;

/// A description of devices that need not exist on this machine, such as `v5e:2x4`.
pub struct Topology {
    plugin: Arc<Plugin>,
    raw: NonNull<RawTopology>,
    name: String,
}

// SAFETY: PJRT topologies are immutable and may be used from any thread.
unsafe impl Send for Topology {}
// SAFETY: as above.
unsafe impl Sync for Topology {}

impl Topology {
    /// The topology that the plugin knows by this name: `v5e:1x1`, `v5e:2x4`, `v4:2x2x1`.
    pub fn new(plugin: &Arc<Plugin>, name: &str) -> Result<Topology, PjrtError> {
        let during = || format!("describing the topology `{name}`");
        // SAFETY: the name lives through the call.
        let created = unsafe {
            plugin.api().call::<abi::TopologyCreate>(|args| {
                args.name = name.as_ptr().cast();
                args.name_size = name.len();
            })
        };
        let raw = NonNull::new(created.map_err(|failure| failure.during(during()))?.topology)
            .ok_or_else(|| PjrtError::misuse(during(), "the plugin made none"))?;
        Ok(Topology { plugin: Arc::clone(plugin), raw, name: name.to_owned() })
    }

    /// The plugin that compiles for it.
    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// The name that the topology was made from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many devices the topology has.
    pub fn device_count(&self) -> Result<usize, PjrtError> {
        Ok(self.descriptions()?.len())
    }

    /// The kind of the devices in the plugin's words.
    pub fn device_kind(&self) -> Result<String, PjrtError> {
        let Some(&description) = self.descriptions()?.first() else { return Ok(String::new()) };
        // SAFETY: the description lives as long as the topology.
        unsafe { device_kind(self.plugin.api(), description) }.map_err(|failure| failure.during(self.during()))
    }

    /// The platform's version in the plugin's words.
    pub fn platform_version(&self) -> Result<String, PjrtError> {
        // SAFETY: the topology is alive, and so is the text as long as it.
        unsafe {
            let version = self.plugin.api().call::<abi::TopologyPlatformVersion>(|args| {
                args.topology = self.raw.as_ptr();
            });
            let version = version.map_err(|failure| failure.during(self.during()))?;
            Ok(api::text(version.text, version.size))
        }
    }

    /// The platform's name, such as `tpu`.
    pub fn platform_name(&self) -> Result<String, PjrtError> {
        // SAFETY: the topology is alive, and so is the text as long as it.
        unsafe {
            let name = self.plugin.api().call::<abi::TopologyPlatformName>(|args| args.topology = self.raw.as_ptr());
            let name = name.map_err(|failure| failure.during(self.during()))?;
            Ok(api::text(name.text, name.size))
        }
    }

    fn during(&self) -> String {
        format!("describing the topology `{}`", self.name)
    }

    fn descriptions(&self) -> Result<&[*mut abi::RawDescription], PjrtError> {
        // SAFETY: the topology is alive, and so is the list as long as it.
        unsafe {
            let devices = self.plugin.api().call::<abi::TopologyDevices>(|args| args.topology = self.raw.as_ptr());
            let devices = devices.map_err(|failure| failure.during(self.during()))?;
            Ok(api::array(devices.descriptions, devices.num_descriptions))
        }
    }

    /// Compiles StableHLO text for the topology's devices, without a client.
    pub fn compile(&self, module: &str, options: &CompileOptions) -> Result<CompiledExecutable, PjrtError> {
        let during = || format!("compiling module `{}` for {}", module_name(module), self.name);
        let encoded = options.encode();
        let program = program(module);
        // SAFETY: the topology is alive; the program, its text and the options live through the call.
        let compiled = unsafe {
            self.plugin.api().call::<abi::Compile>(|args| {
                args.topology = self.raw.as_ptr();
                args.program = &raw const program;
                args.compile_options = encoded.as_ptr().cast();
                args.compile_options_size = encoded.len();
            })
        };
        let raw = compiled.map_err(|failure| failure.during(during()))?.executable;
        // SAFETY: the plugin gave us ownership of the executable.
        unsafe { CompiledExecutable::new(&self.plugin, raw) }
            .ok_or_else(|| PjrtError::misuse(during(), "the plugin made no executable"))
    }
}

impl Drop for Topology {
    fn drop(&mut self) {
        // SAFETY: the topology is ours and not used again.
        drop(unsafe { self.plugin.api().call::<abi::TopologyDestroy>(|args| args.topology = self.raw.as_ptr()) });
    }
}

impl std::fmt::Debug for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Topology({})", self.name)
    }
}

/// Bytes that a program needs on each device, as its compiler estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryStats {
    /// Machine code.
    pub generated_code: i64,
    /// Arguments.
    pub arguments: i64,
    /// Outputs.
    pub outputs: i64,
    /// The part of the arguments that outputs reuse.
    pub aliased: i64,
    /// Intermediate values.
    pub temporary: i64,
    /// The largest sum at any time; 0 if the plugin does not say.
    pub peak: i64,
}

/// A compiled program that is not loaded on devices.
pub struct CompiledExecutable {
    plugin: Arc<Plugin>,
    raw: NonNull<RawExecutable>,
}

// SAFETY: PJRT executables are immutable and may be used from any thread.
unsafe impl Send for CompiledExecutable {}
// SAFETY: as above.
unsafe impl Sync for CompiledExecutable {}

impl CompiledExecutable {
    /// Takes ownership of an executable; `None` if it is null.
    ///
    /// # Safety
    /// `raw` is null or an executable of this plugin that nothing else owns.
    pub(super) unsafe fn new(plugin: &Arc<Plugin>, raw: *mut RawExecutable) -> Option<CompiledExecutable> {
        Some(CompiledExecutable { plugin: Arc::clone(plugin), raw: NonNull::new(raw)? })
    }

    fn api(&self) -> Api {
        self.plugin.api()
    }

    /// The program in the platform's own form. Two serializations of one program may differ.
    pub fn serialize(&self) -> Result<Vec<u8>, PjrtError> {
        // SAFETY: the executable is alive.
        let serialized =
            unsafe { self.api().call::<abi::ExecutableSerialize>(|args| args.executable = self.raw.as_ptr()) };
        let serialized = serialized.map_err(|failure| failure.during("serializing an executable"))?;
        // SAFETY: the bytes live until the deleter is called, which is once, after the copy.
        unsafe {
            let bytes = api::array(serialized.bytes.cast::<u8>(), serialized.bytes_size).to_vec();
            if let Some(delete) = serialized.owner_deleter {
                delete(serialized.owner);
            }
            Ok(bytes)
        }
    }

    /// The module's name.
    pub fn name(&self) -> Result<String, PjrtError> {
        // SAFETY: the executable is alive, and so is the text as long as it.
        unsafe {
            let name = self.api().call::<abi::ExecutableName>(|args| args.executable = self.raw.as_ptr());
            let name = name.map_err(|failure| failure.during("asking for an executable's name"))?;
            Ok(api::text(name.text, name.size))
        }
    }

    /// How many devices run the program together.
    pub fn replicas(&self) -> Result<usize, PjrtError> {
        // SAFETY: the executable is alive.
        let replicas =
            unsafe { self.api().call::<abi::ExecutableNumReplicas>(|args| args.executable = self.raw.as_ptr()) };
        Ok(replicas.map_err(|failure| failure.during("asking for an executable's replicas"))?.num_replicas)
    }

    /// The shapes of the outputs, in order.
    pub fn outputs(&self) -> Result<Vec<Shape>, PjrtError> {
        let during = "asking for an executable's outputs";
        let executable = self.raw.as_ptr();
        // SAFETY: the executable is alive, and so are the lists as long as it.
        let (elements, ranks, dims) = unsafe {
            let elements = self.api().call::<abi::ExecutableOutputElements>(|args| args.executable = executable);
            let elements = elements.map_err(|failure| failure.during(during))?;
            let dims = self.api().call::<abi::ExecutableOutputDimensions>(|args| args.executable = executable);
            let dims = dims.map_err(|failure| failure.during(during))?;
            let ranks = api::array(dims.ranks, dims.num_outputs);
            let all = api::array(dims.dims, ranks.iter().sum());
            (api::array(elements.elements, elements.num_elements), ranks, all)
        };
        let mut dims = dims.iter().copied();
        let shape = |(&element, &rank): (&i32, &usize)| {
            let unknown = || PjrtError::misuse(during, format!("element type {element} is not supported"));
            let element = Element::from_raw(element).ok_or_else(unknown)?;
            Ok(Shape { element, dims: dims.by_ref().take(rank).collect() })
        };
        elements.iter().zip(ranks).map(shape).collect()
    }

    /// What identifies the program: equal for equal modules, options and compilers. Not every plugin has it.
    pub fn fingerprint(&self) -> Result<String, PjrtError> {
        // SAFETY: the executable is alive, and so is the text as long as it.
        unsafe {
            let print = self.api().call::<abi::ExecutableFingerprint>(|args| args.executable = self.raw.as_ptr());
            let print = print.map_err(|failure| failure.during("asking for an executable's fingerprint"))?;
            Ok(api::text(print.text, print.size))
        }
    }

    /// The compiler's estimates, such as `flops` and `bytes accessed`, sorted by name. Not every plugin has them.
    pub fn cost_analysis(&self) -> Result<Vec<(String, Attribute)>, PjrtError> {
        // SAFETY: the executable is alive, and so are the properties as long as it.
        let mut properties = unsafe {
            let costs = self.api().call::<abi::ExecutableGetCostAnalysis>(|args| args.executable = self.raw.as_ptr());
            let costs = costs.map_err(|failure| failure.during("asking for an executable's costs"))?;
            api::attributes(costs.properties, costs.num_properties)
        };
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(properties)
    }

    /// The compiler's estimate of the memory. Not every plugin has it.
    pub fn memory_stats(&self) -> Result<MemoryStats, PjrtError> {
        // SAFETY: the executable is alive.
        let stats =
            unsafe { self.api().call::<abi::ExecutableMemoryStats>(|args| args.executable = self.raw.as_ptr()) };
        let stats = stats.map_err(|failure| failure.during("asking for an executable's memory"))?;
        Ok(MemoryStats {
            generated_code: stats.generated_code,
            arguments: stats.arguments,
            outputs: stats.outputs,
            aliased: stats.aliased,
            temporary: stats.temporary,
            peak: stats.peak,
        })
    }
}

impl Drop for CompiledExecutable {
    fn drop(&mut self) {
        // SAFETY: the executable is ours and not used again.
        drop(unsafe { self.api().call::<abi::ExecutableDestroy>(|args| args.executable = self.raw.as_ptr()) });
    }
}

impl std::fmt::Debug for CompiledExecutable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledExecutable").field("plugin", &self.plugin.path()).finish_non_exhaustive()
    }
}
