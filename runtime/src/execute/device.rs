//! The session's devices: copies and program runs, each timed.

use super::account::Account;
use super::call::{Program, Returned};
use super::error::RunError;
use super::report::{Activity, Clock, program_name};
use crate::columns::AlignedBytes;
use crate::pjrt::{self, Argument, Buffer, Client, Element, HostData, HostScalar, as_bytes};
use std::rc::Rc;

/// The devices of a session, one for each replica.
pub(super) struct Device {
    pub(super) client: Client,
    pub(super) replicas: usize,
    pub(super) account: Rc<Account>,
    pub(super) clock: Clock,
    /// Whether every chunk is folded into a state of its own and merged.
    pub(super) merge_chunks: bool,
}

/// One list of buffers per replica.
pub(super) type PerReplica<T> = Vec<Vec<T>>;

impl Device {
    /// A scalar on one replica.
    pub(super) fn scalar<T: HostScalar>(&self, value: T, replica: usize) -> Result<Buffer, RunError> {
        self.copy(as_bytes(&[value]), T::ELEMENT, &[], replica)
    }

    /// A small tensor on one replica.
    pub(super) fn copy(
        &self,
        bytes: &[u8],
        element: Element,
        dims: &[usize],
        replica: usize,
    ) -> Result<Buffer, RunError> {
        self.to_device(HostData::Copied(bytes), element, dims, replica)
    }

    /// A tensor on one replica; on CPU it shares the memory.
    pub(super) fn share(
        &self,
        bytes: AlignedBytes,
        element: Element,
        dims: &[usize],
        replica: usize,
    ) -> Result<Buffer, RunError> {
        self.to_device(HostData::Arrow(bytes.into_buffer()), element, dims, replica)
    }

    /// A tensor on one replica that a program will change; on CPU it takes the memory over.
    pub(super) fn own(
        &self,
        bytes: pjrt::AlignedBytes,
        element: Element,
        dims: &[usize],
        replica: usize,
    ) -> Result<Buffer, RunError> {
        self.to_device(HostData::Owned(bytes), element, dims, replica)
    }

    fn to_device(
        &self,
        data: HostData<'_>,
        element: Element,
        dims: &[usize],
        replica: usize,
    ) -> Result<Buffer, RunError> {
        let dims = dims.iter().map(|&dim| i64::try_from(dim)).collect::<Result<Vec<i64>, _>>();
        let dims = dims.map_err(|_| RunError::bug("a tensor has more than 2^63 elements"))?;
        let name = || "copy to device".to_owned();
        let copy = || self.client.buffer_from_host(data, element, &dims, replica);
        Ok(self.clock.time(Activity::ToDevice, name, copy)?)
    }

    /// How many bytes a buffer has.
    pub(super) fn bytes_of(&self, buffer: &Buffer) -> Result<usize, RunError> {
        buffer.shape().bytes().ok_or_else(|| RunError::bug(format!("{} has no size", buffer.shape())))
    }

    /// The contents of a buffer, once it has them.
    pub(super) fn to_host(&self, buffer: &Buffer) -> Result<AlignedBytes, RunError> {
        self.to_host_first(buffer, usize::MAX)
    }

    /// The first `length` elements of a vector, or as many as it has, once it has them.
    pub(super) fn to_host_first(&self, buffer: &Buffer, length: usize) -> Result<AlignedBytes, RunError> {
        self.wait(buffer)?;
        let size = self.bytes_of(buffer)?;
        let wanted = size.min(length.saturating_mul(buffer.element().bytes()));
        let copy = || {
            if let Some(bytes) = buffer.on_host() {
                return Ok(AlignedBytes::from_slice(&bytes[..wanted]));
            }
            let mut bytes = AlignedBytes::zeroed(size);
            buffer.to_host_into(&mut bytes)?;
            bytes.resize(wanted);
            Ok(bytes)
        };
        self.clock.time(Activity::ToHost, || "copy to host".to_owned(), copy)
    }

    /// The contents of a one-element integer buffer.
    pub(super) fn integer(&self, buffer: &Buffer) -> Result<i64, RunError> {
        let bytes = self.to_host(buffer)?;
        let value = match buffer.element() {
            _ if bytes.len() != buffer.element().bytes() => None,
            Element::S32 => bytes.as_slice::<i32>().first().map(|&value| value.into()),
            Element::S64 => bytes.as_slice::<i64>().first().copied(),
            Element::U32 => bytes.as_slice::<u32>().first().map(|&value| value.into()),
            Element::Pred
            | Element::S8
            | Element::S16
            | Element::U8
            | Element::U16
            | Element::U64
            | Element::F32
            | Element::F64 => None,
        };
        value.ok_or_else(|| RunError::bug(format!("a program returned {} for a count", buffer.shape())))
    }

    /// The contents of a one-element integer buffer that counts something.
    pub(super) fn count(&self, buffer: &Buffer) -> Result<u64, RunError> {
        let value = self.integer(buffer)?;
        u64::try_from(value).map_err(|_| RunError::bug(format!("a program returned {value} for a count")))
    }

    /// The contents of a one-element integer buffer that counts rows of a tensor.
    pub(super) fn rows(&self, buffer: &Buffer) -> Result<usize, RunError> {
        let count = self.count(buffer)?;
        usize::try_from(count).map_err(|_| RunError::bug(format!("a program returned {count} for a count")))
    }

    /// Waits until a buffer has its contents.
    pub(super) fn wait(&self, buffer: &Buffer) -> Result<(), RunError> {
        // Waiting shows in a profile as the programs' own time.
        if self.clock.is_tracing() {
            return Ok(buffer.wait()?);
        }
        Ok(self.clock.time(Activity::Execute, String::new, || buffer.wait())?)
    }

    /// Starts a program; with a profile, also waits for it.
    pub(super) fn run(
        &self,
        label: &str,
        program: &Program,
        arguments: PerReplica<Argument<'_>>,
    ) -> Result<Vec<Returned>, RunError> {
        let run = || {
            let outputs = if self.replicas > 1 && program.id.kind.communicates() {
                program.executable.execute_collective(arguments)?
            } else {
                program.executable.execute(arguments)?
            };
            if self.clock.is_tracing() {
                outputs.iter().flatten().try_for_each(Buffer::wait)?;
            }
            program.returned(outputs)
        };
        self.clock.time(Activity::Execute, || program_name(label, program.id), run)
    }
}
