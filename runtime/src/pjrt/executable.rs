//! Executables: programs that are loaded on a client's devices.
#![expect(unsafe_code, reason = "calls the PJRT C API")]

use std::ptr::{self, NonNull};
use std::sync::{Arc, PoisonError};

use super::abi::{self, ExecuteOptions, RawBuffer, RawEvent, RawLoaded};
use super::api;
use super::buffer::Buffer;
use super::client::Core;
use super::element::Shape;
use super::error::{Failure, PjrtError};
use super::event::Event;
use super::topology::CompiledExecutable;

/// A program that is loaded on the devices of a client.
pub struct Executable {
    loaded: Loaded,
    compiled: CompiledExecutable,
    name: String,
    /// The device of each replica.
    devices: Vec<usize>,
    outputs: Vec<Arc<Shape>>,
}

/// Owns the loaded form.
struct Loaded {
    core: Arc<Core>,
    raw: NonNull<RawLoaded>,
}

// SAFETY: PJRT executables may be used from any thread.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

impl Loaded {
    /// The devices that the program runs on, in the order of its replicas.
    fn devices(&self) -> Result<Vec<usize>, Failure> {
        // SAFETY: the executable is alive, and so is the list as long as it.
        let devices = unsafe {
            let list = self.core.api().call::<abi::LoadedDevices>(|args| args.loaded = self.raw.as_ptr())?;
            api::array(list.devices, list.num_devices)
        };
        Ok(devices.iter().filter_map(|&device| self.core.device_index(device)).collect())
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: the executable is ours and not used again; running programs hold it themselves.
        drop(unsafe { self.core.api().call::<abi::LoadedDestroy>(|args| args.executable = self.raw.as_ptr()) });
    }
}

/// One argument of a program.
#[derive(Debug)]
pub enum Argument<'a> {
    /// Read only, even where the module would let an output reuse the memory (a copy is made then).
    Borrowed(&'a Buffer),
    /// Given up: an output that the module aliases with this argument is written in place.
    Donated(Buffer),
}

impl Argument<'_> {
    fn buffer(&self) -> &Buffer {
        match self {
            Argument::Borrowed(buffer) => buffer,
            Argument::Donated(buffer) => buffer,
        }
    }
}

impl<'a> From<&'a Buffer> for Argument<'a> {
    fn from(buffer: &'a Buffer) -> Argument<'a> {
        Argument::Borrowed(buffer)
    }
}

impl From<Buffer> for Argument<'_> {
    fn from(buffer: Buffer) -> Self {
        Argument::Donated(buffer)
    }
}

impl Executable {
    /// Takes ownership of a loaded executable and reads what it returns.
    ///
    /// # Safety
    /// `raw` is null or a loaded executable of this client that nothing else owns.
    pub(super) unsafe fn new(
        core: &Arc<Core>,
        raw: *mut RawLoaded,
        during: impl Fn() -> String,
    ) -> Result<Executable, PjrtError> {
        let none = || PjrtError::misuse(during(), "the plugin made no executable");
        let loaded = Loaded { core: Arc::clone(core), raw: NonNull::new(raw).ok_or_else(none)? };
        // SAFETY: the loaded executable is alive.
        let compiled = unsafe { core.api().call::<abi::LoadedGetExecutable>(|args| args.loaded = raw) };
        let compiled = compiled.map_err(|failure| failure.during(during()))?.executable;
        // SAFETY: the plugin gave us ownership of the executable.
        let compiled = unsafe { CompiledExecutable::new(core.plugin(), compiled) }.ok_or_else(none)?;
        Ok(Executable {
            devices: loaded.devices().map_err(|failure| failure.during(during()))?,
            loaded,
            name: compiled.name()?,
            outputs: compiled.outputs()?.into_iter().map(Arc::new).collect(),
            compiled,
        })
    }

    /// The module's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many devices run the program together.
    pub fn replicas(&self) -> usize {
        self.devices.len()
    }

    /// The device of each replica.
    pub fn devices(&self) -> &[usize] {
        &self.devices
    }

    /// The shapes of the outputs, in order; the same for every replica.
    pub fn outputs(&self) -> &[Arc<Shape>] {
        &self.outputs
    }

    /// The compiled program: serialization, fingerprint, costs.
    pub fn compiled(&self) -> &CompiledExecutable {
        &self.compiled
    }

    /// The program in the platform's own form, for [`super::Client::load`].
    pub fn serialize(&self) -> Result<Vec<u8>, PjrtError> {
        self.compiled.serialize()
    }

    /// Starts the program on its devices: one list of arguments per replica in, one list of outputs per replica out.
    ///
    /// Returns when the work is queued. If the program fails, its outputs report it ([`Buffer::wait`]).
    pub fn execute(&self, args: Vec<Vec<Argument<'_>>>) -> Result<Vec<Vec<Buffer>>, PjrtError> {
        self.launch(args, None)
    }

    /// As [`Executable::execute`], with an event per replica that is ready when the replica's run is over.
    pub fn execute_with_events(
        &self,
        args: Vec<Vec<Argument<'_>>>,
    ) -> Result<(Vec<Vec<Buffer>>, Vec<Event>), PjrtError> {
        let mut raw_events = vec![ptr::null_mut(); self.replicas()];
        let outputs = self.launch(args, Some(&mut raw_events))?;
        let events = raw_events.into_iter().filter_map(|raw| Event::new(&self.loaded.core, raw, "running a program"));
        Ok((outputs, events.collect()))
    }

    /// As [`Executable::execute`], for a program of one replica.
    pub fn execute_one(&self, args: Vec<Argument<'_>>) -> Result<Vec<Buffer>, PjrtError> {
        Ok(self.execute(vec![args])?.pop().unwrap_or_default())
    }

    /// As [`Executable::execute`], for a program whose replicas wait for each other. Returns when it is done.
    ///
    /// A replica that does not arrive, because its arguments failed or because the devices are busy with another such
    /// program, would make the others wait for ever (XLA:CPU ends the process after 40 seconds). So this waits for the
    /// arguments, returning their error if there is one, and runs one such program of a client at a time.
    pub fn execute_collective(&self, args: Vec<Vec<Argument<'_>>>) -> Result<Vec<Vec<Buffer>>, PjrtError> {
        for arg in args.iter().flatten() {
            arg.buffer().wait()?;
        }
        let _running = self.loaded.core.collective.lock().unwrap_or_else(PoisonError::into_inner);
        let (outputs, events) = self.execute_with_events(args)?;
        for event in &events {
            event.wait()?;
        }
        Ok(outputs)
    }

    fn launch(
        &self,
        args: Vec<Vec<Argument<'_>>>,
        events: Option<&mut [*mut RawEvent]>,
    ) -> Result<Vec<Vec<Buffer>>, PjrtError> {
        let num_args = self.check(&args)?;
        let inputs: Vec<Vec<*mut RawBuffer>> =
            args.iter().map(|replica| replica.iter().map(|arg| arg.buffer().raw()).collect()).collect();
        let input_lists: Vec<*const *mut RawBuffer> = inputs.iter().map(|list| list.as_ptr()).collect();
        let mut outputs = vec![vec![ptr::null_mut::<RawBuffer>(); self.outputs.len()]; self.replicas()];
        let output_lists: Vec<*mut *mut RawBuffer> = outputs.iter_mut().map(|list| list.as_mut_ptr()).collect();
        let kept = borrowed_positions(&args);
        let mut options = execute_options(&kept);
        // SAFETY: the executable and the buffers are alive and of one client (`check`); each list has the length that is
        // passed or that the executable's replicas and outputs say, and lives through the call.
        let launched = unsafe {
            self.loaded.core.api().call::<abi::LoadedExecute>(|call| {
                call.executable = self.loaded.raw.as_ptr();
                call.options = &raw mut options;
                call.argument_lists = input_lists.as_ptr();
                call.num_devices = self.replicas();
                call.num_args = num_args;
                call.output_lists = output_lists.as_ptr();
                call.device_complete_events = events.map_or(ptr::null_mut(), <[_]>::as_mut_ptr);
            })
        };
        launched.map_err(|failure| failure.during(self.during()))?;
        let adopt_all = |(list, &device): (Vec<*mut RawBuffer>, &usize)| {
            list.into_iter().zip(&self.outputs).map(|(raw, shape)| self.adopt(raw, shape, device)).collect()
        };
        outputs.into_iter().zip(&self.devices).map(adopt_all).collect()
    }

    fn adopt(&self, raw: *mut RawBuffer, shape: &Arc<Shape>, device: usize) -> Result<Buffer, PjrtError> {
        // SAFETY: the plugin gave us ownership of the output, which has the shape that the executable tells and is on
        // the device of its replica.
        unsafe { Buffer::new(&self.loaded.core, raw, Arc::clone(shape), device) }
            .ok_or_else(|| PjrtError::misuse(self.during(), "the plugin returned no buffer for an output"))
    }

    /// Checks what memory safety needs and what would let one replica fail and the others wait for it, and returns the
    /// number of arguments per replica. The plugin checks the rest.
    fn check(&self, args: &[Vec<Argument<'_>>]) -> Result<usize, PjrtError> {
        let misuse = |reason: String| Err(PjrtError::misuse(self.during(), reason));
        if args.len() != self.replicas() {
            return misuse(format!("arguments for {} replicas, and the program has {}", args.len(), self.replicas()));
        }
        let Some((first, rest)) = args.split_first() else { return Ok(0) };
        for (position, arg) in args.iter().flat_map(|replica| replica.iter().enumerate()) {
            if !arg.buffer().belongs_to(&self.loaded.core) {
                return misuse(format!("argument {position} belongs to another client"));
            }
        }
        for (replica, &device) in args.iter().zip(&self.devices) {
            if let Some(position) = replica.iter().position(|arg| arg.buffer().device() != device) {
                let actual = replica[position].buffer().device();
                return misuse(format!("argument {position} is on device {actual} instead of {device}"));
            }
        }
        let same = |a: &Argument<'_>, b: &Argument<'_>| a.buffer().shape() == b.buffer().shape();
        if rest.iter().any(|other| other.len() != first.len() || !first.iter().zip(other).all(|(a, b)| same(a, b))) {
            return misuse("the replicas have arguments of different shapes".to_owned());
        }
        Ok(first.len())
    }

    fn during(&self) -> String {
        format!("running module `{}`", self.name)
    }
}

impl std::fmt::Debug for Executable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executable")
            .field("name", &self.name)
            .field("devices", &self.devices)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

/// The positions of arguments that some replica keeps, which the program must not reuse.
fn borrowed_positions(args: &[Vec<Argument<'_>>]) -> Vec<i64> {
    let num_args = args.first().map_or(0, Vec::len);
    let is_borrowed =
        |position: &usize| args.iter().any(|replica| matches!(replica.get(*position), Some(Argument::Borrowed(_))));
    (0..num_args).filter(is_borrowed).filter_map(|position| i64::try_from(position).ok()).collect()
}

/// Options that point into `kept`.
fn execute_options(kept: &[i64]) -> ExecuteOptions {
    ExecuteOptions {
        struct_size: size_of::<ExecuteOptions>(),
        extension_start: ptr::null_mut(),
        send_callbacks: ptr::null_mut(),
        recv_callbacks: ptr::null_mut(),
        num_send_ops: 0,
        num_recv_ops: 0,
        launch_id: 0,
        non_donatable: kept.as_ptr(),
        num_non_donatable: kept.len(),
        context: ptr::null_mut(),
        call_location: ptr::null(),
        num_tasks: 0,
        task_ids: ptr::null_mut(),
        incarnation_ids: ptr::null_mut(),
        reserve: [0; 8],
    }
}
